"""Rich papers for the tests of printing: made-up people and figures."""

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

from portal.web import papers

ZONE = timezone(timedelta(hours=8))
BRAND = papers.BrandHead(
    name="澜泉卫浴",
    english="LANQUAN SANITARY WARE",
    legal="澜泉卫浴股份有限公司",
    logo="waves",
    hotline="400-000-0000",
)
DEALER = papers.DealerHead(code="D002", name="厦门永兴卫浴经营部", contact="刘女士", phone="0498-7875705")
DIGEST = "9f3c71a804de55aa" * 4


def at(text: str) -> datetime:
    """An instant in Shanghai."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


def info(number: str, state: str, *, by: str = "李主管") -> papers.PrintInfo:
    """A print on 6 November."""
    url = f"http://127.0.0.1:8000/q/lanquan/{number}" if number else ""
    return papers.PrintInfo(number=number, state=state, url=url, printed_at=at("2026-11-06T09:30"), printed_by=by)


ORDER_LINES = tuple(
    papers.PartsOrderLine(
        part_number=number, part_name=name, spec=spec, unit=unit, purpose=purpose, model=model, serial=serial,
        asked=asked, confirmed=confirmed, price=Decimal(price), list_price=Decimal(was) if was else None, reason=reason,
    )
    for number, name, spec, unit, purpose, model, serial, asked, confirmed, price, was, reason in (
        ("ST03", "即热加热组件", "1600W", "套", "保内", "LQ-S9 Pro", "LQS9Pro210701121", 1, 1, "262.00", "", ""),
        ("TO01", "进水阀", '静音 1/2"', "只", "备货", "", "", 20, 20, "22.50", "", ""),
        ("TO02", "排水阀", "双档 3/6L", "只", "备货", "", "", 10, 10, "26.00", "", ""),
        ("SH03-CR", "花洒软管", "1.5m 不锈钢 铬", "根", "备货", "", "", 12, 10, "17.60", "", "缺 2 根，并入下单"),
        ("KF02-MB", "抽拉软管", "1.5m 尼龙 哑黑", "根", "保外", "LQ-K12", "LQK12230600060", 1, 1, "24.61", "", ""),
        ("ST17", "感应翻盖电机", "左", "只", "保内", "LQ-X3", "LQX3180601175", 1, 1, "131.10", "138.00", "批量件让价 5%(李主管)"),
    )
)  # fmt: skip


def order(**changes: object) -> papers.PartsOrderPaper:
    """An order of six lines, agreed and debited: goods 1,303.71 and freight 48.00."""
    values: dict[str, object] = {
        "brand": BRAND,
        "print": info("PO2611-0042", "待发货"),
        "dealer": DEALER,
        "ship_to": papers.ShipTo(address="福建省厦门市建材大道358号", name="刘女士", phone="0498-7875705"),
        "lines": ORDER_LINES,
        "ordered_on": date(2026, 11, 4),
        "price_list": "202607",
        "price_list_from": date(2026, 7, 1),
        "version": 2,
        "freight": Decimal("48.00"),
        "freight_note": "德邦物流 · 2 箱 · 约 14 kg · 发货方代垫",
        "ship_on": date(2026, 11, 9),
        "lapses_on": date(2026, 11, 12),
        "balance_after": Decimal("4812.36"),
        "hq_confirmed": papers.Confirmation(
            version=2, name="李建国", role="售后主管", at=at("2026-11-05T15:42:08"), digest=DIGEST
        ),
        "dealer_confirmed": papers.Confirmation(
            version=2, name="刘秀英", role="经销商负责人", at=at("2026-11-05T17:10:33"), digest=DIGEST
        ),
        "debit": papers.Debit(
            version=2, name="陈敏", role="财务", at=at("2026-11-06T09:12:47"), journal="JV2611-000318"
        ),
    }
    return papers.PartsOrderPaper(**(values | changes))  # type: ignore[arg-type]


PARTS = (
    ("FA06-CR", "进水软管", "60cm 304编织 铬", "LQ-F23", "8.80"),
    ("SH06-BG", "升降杆", "304 镀铬 拉丝金", "LQ-H50", "70.72"),
    ("TO03-GY", "双按按钮", "φ58 镀铬 灰", "LQ-T101", "14.38"),
    ("ST13", "进水电磁阀", "DC24V", "LQ-S9 Pro", "64.00"),
    ("SH02-GY", "手持花洒", "三功能 灰", "LQ-H80 恒温", "43.47"),
)


def claim(count: int = 26, **changes: object) -> papers.ClaimPaper:
    """A decided claim: every seventh line reduced by a fen, the sixth refused, the twelfth wanted."""
    lines = []
    for n in range(count):
        number, name, spec, model, price = PARTS[n % len(PARTS)]
        quantity = 2 if n % 5 == 1 else 1
        claimed = Decimal(price) * quantity
        decision, code, approved, reason = "通过", "FWC", claimed, ""
        if n % 7 == 2:
            decision, code, approved, reason = "核减", "PWA", claimed - Decimal("0.01"), "按该批实付核定"
        if n == 5:
            decision, code, approved, reason = "驳回", "EW", Decimal("0.00"), "见保修结论"
        if n == 11:
            decision, code, approved, reason = "补充资料", "IIS", None, "补铭牌照片后再审"
        lines.append(
            papers.ClaimPaperLine(
                service_day=date(2026, 10, 1) + timedelta(days=n % 31), customer="刘*", phone_tail=f"{5559 + n:04d}"[-4:], model=model,
                serial=f"{model.replace('-', '').replace(' ', '')}2107{n:05d}", verdict="保外" if n == 5 else "保内", in_cover=n != 5,
                covered_until=date(2021, 11, 2) if n == 5 else date(2028, 5, 30), policy=f"V4 第 {n % 9 + 3} 行 · 家用",
                fault_code="H01", fault="冷热不恒温", cause="质量原因", part_number=number, part_name=name, spec=spec,
                quantity=quantity, old_part=f"OP2610-{78 + n:04d}", old_part_state="已报备 · 可报销",
                claimed=claimed, approved=approved, decision=decision, decision_code=code, reason=reason,
            )
        )  # fmt: skip
    values: dict[str, object] = {
        "brand": BRAND,
        "print": info("RC2610-0002", "审核中", by="王会计"),
        "dealer": DEALER,
        "month": date(2026, 10, 1),
        "lines": tuple(lines),
        "submitted_by": "刘秀英",
        "submitted_at": at("2026-11-01T16:20"),
        "reviewed_by": "李建国",
        "reviewer_role": "售后主管",
        "decided_at": at("2026-11-02T17:36"),
        "photos": 103,
        "pays_in": "2026-10(11-03 入账)",
    }
    return papers.ClaimPaper(**(values | changes))  # type: ignore[arg-type]


def statement(count: int = 60, **changes: object) -> papers.StatementPaper:
    """A month with a top-up, seven orders and `count` reimbursed lines on two claims, the last five late."""
    lines = []
    for n in range(count):
        number, name, _spec, model, price = PARTS[n % len(PARTS)]
        claimed = Decimal(price)
        lines.append(
            papers.ReimbursedLine(
                service_day=date(2026, 9 if n >= count - 5 else 10, n % 28 + 1), model=model, serial=f"{model.replace('-', '')}2107{n:05d}",
                part_number=number, part_name=name, quantity=1, old_part=f"OP2610-{301 + n:04d}", claimed=claimed,
                approved=claimed - Decimal("1.38") if n == 2 else claimed,
            )
        )  # fmt: skip
    claims = [
        papers.ReimbursedClaim(number="RC2610-0002", month=date(2026, 10, 1), lines=tuple(lines[: max(count - 5, 1)]))
    ]
    if lines[max(count - 5, 1) :]:
        claims.append(
            papers.ReimbursedClaim(
                number="RC2609-0002",
                month=date(2026, 9, 1),
                late=True,
                lines=tuple(lines[max(count - 5, 1) :]),
            )
        )
    debits = ("71.01", "98.08", "289.63", "328.47", "294.16", "196.88")
    entries = [
        papers.StatementEntry(
            day=date(2026, 10, 8),
            kind="充值",
            source="TU2610-0117",
            text="银行转账 尾号 3021",
            credit=Decimal("3000.00"),
        )
    ]
    entries += [
        papers.StatementEntry(
            day=date(2026, 10, 9 + n),
            kind="配件订单扣款",
            source=f"PO2610-{120 + n:04d}",
            text=f"{n + 1} 行配件",
            debit=Decimal(debit),
        )
        for n, debit in enumerate(debits)
    ]
    paid = sum((claim.approved for claim in claims), Decimal("0.00"))
    entries.append(
        papers.StatementEntry(
            day=date(2026, 11, 3),
            kind="报销入账",
            source="ST2610-D002",
            text=f"保内配件报销 {count} 行",
            credit=paid,
        )
    )
    left_out = (
        papers.LeftOut(claim="RC2610-0002", line=12, service_day=date(2026, 10, 19), part="FA07-CR 固定螺杆", amount=Decimal("4.90"), reason="补充资料：铭牌照片不清", goes_to="补齐并通过后转下次"),
        papers.LeftOut(claim="RC2610-0002", line=31, service_day=date(2026, 10, 28), part="SH05 恒温阀芯", amount=Decimal("121.00"), reason="审定晚于结算日起点(11-03)", goes_to="转 2026-12-03 报销"),
    )  # fmt: skip
    values: dict[str, object] = {
        "brand": BRAND,
        "print": info("ST2610-D002", "已入账", by="系统"),
        "dealer": DEALER,
        "month": date(2026, 10, 1),
        "opens_on": date(2026, 10, 4),
        "closes_on": date(2026, 11, 3),
        "opening": Decimal("8463.47"),
        "entries": tuple(entries),
        "reimbursed": tuple(claims),
        "left_out": left_out,
        "confirm_by": date(2026, 11, 8),
        "previous": "ST2609-D002",
        "standing": papers.Standing(
            reserved=Decimal("1260.00"),
            credit_limit=Decimal("2000.00"),
            available=Decimal("11796.48"),
            at=at("2026-11-03T02:14"),
        ),
        "chain_head": "a41f09c27be3" + "0" * 52,
        "movement_notes": {
            "充值": "预存款到账",
            "配件订单扣款": "先购买后报销，明细见第二部分",
            "报销入账": "明细见第三部分",
        },
    }
    return papers.StatementPaper(**(values | changes))  # type: ignore[arg-type]


FEES = (
    ("基础", "上门费(市区 15 km 内)", "次", "30.00", "单次上门只收一次"),
    ("基础", "上门费(15–40 km)", "次", "50.00", "40 km 以上先书面报价"),
    ("基础", "检测费", "次", "20.00", "检测后维修的免收"),
    ("智能马桶", "主板 / 电源板更换", "次", "60.00", ""),
    ("智能马桶", "加热、清洗组件更换", "次", "50.00", "含通检"),
    ("智能马桶", "整机移机安装", "台", "180.00", "不含管路改造"),
    ("坐便器", "进排水阀更换", "次", "40.00", ""),
    ("坐便器", "盖板、合页更换", "次", "20.00", ""),
    ("坐便器", "坐便器拆装", "台", "150.00", "含法兰、打胶"),
    ("龙头花洒", "阀芯更换", "次", "30.00", ""),
    ("龙头花洒", "龙头 / 花洒拆装", "套", "60.00", ""),
    ("浴室柜", "铰链、导轨更换", "处", "20.00", ""),
    ("淋浴房", "玻璃更换(不含玻璃)", "块", "1120.00", "两人上门"),
)


def fees(**changes: object) -> papers.FeeSchedulePaper:
    """An approved schedule in groups."""
    values: dict[str, object] = {
        "brand": BRAND,
        "print": info("FS2611-0002", "已批准", by="刘秀英"),
        "dealer": DEALER,
        "region": "福建省厦门市",
        "from_day": date(2026, 11, 10),
        "version": 2,
        "replaces": date(2025, 12, 1),
        "items": tuple(papers.FeeItem(group=g, name=n, unit=u, amount=Decimal(a), remark=r) for g, n, u, a, r in FEES),
        "approved_by": "李建国",
        "approved_on": date(2026, 11, 5),
    }
    return papers.FeeSchedulePaper(**(values | changes))  # type: ignore[arg-type]


def label(n: int = 78, **changes: object) -> papers.OldPartLabel:
    """One label."""
    number = f"OP2610-{n:04d}"
    values: dict[str, object] = {
        "brand_name": "澜泉卫浴",
        "number": number,
        "url": f"http://127.0.0.1:8000/q/lanquan/{number}",
        "rule": "须回收",
        "part_number": "FA06-CR",
        "part_name": "进水软管",
        "spec": "60cm 304编织 铬",
        "serial": "LQF23180201471",
        "model": "LQ-F23",
        "fault": "H01 冷热不恒温",
        "dealer_code": "D002",
        "dealer_name": "厦门永兴卫浴经营部",
        "replaced_on": date(2026, 10, 2),
        "report_by": date(2026, 10, 9),
    }
    return papers.OldPartLabel(**(values | changes))  # type: ignore[arg-type]
