"""The pages of fee schedules, for dealers and for headquarters (R70)."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

import pytest

from portal.core import clock
from portal.fees import actions, queries
from portal.fees.rules import FeeWish
from tests.factories.world import at

ITEMS = (
    FeeWish("上门费", "次", Decimal("50.00"), "市区"),
    FeeWish("清洗水路", "次", Decimal("80.00")),
    FeeWish("拆旧", "件", Decimal("20.00")),
)


@pytest.fixture(autouse=True)
def _monday():
    with clock.frozen(at("2026-11-16 10:00")):
        yield


def submitted(world, *, first="2026-11-20", items=ITEMS, region="福州市区") -> str:
    with world.as_(world.d1.manager) as session:
        made = actions.draft(
            session,
            world.d1.manager,
            region=region,
            from_day=date.fromisoformat(first),
            items=items,
            at=at("2026-11-16 09:00"),
        )
        return str(actions.submit(session, world.d1.manager, made.public_id, at=at("2026-11-16 09:00")).number)


def approved(world, **how) -> str:
    number = submitted(world, **how)
    with world.as_(world.hq.manager) as session:
        actions.approve(session, world.hq.manager, number, at=at("2026-11-16 09:30"))
    return number


def typed(*rows: tuple[str, str, str, str], **more: str) -> dict[str, str]:
    data = {"region": "福州市区", "from_day": "2026-11-20", "note": "", "act": "save", **more}
    for index, row in enumerate(rows):
        data |= {
            f"lines-{index}-{name}": value
            for name, value in zip(("item", "unit", "amount", "remark"), row, strict=True)
        }
    return data


def test_the_empty_list_says_what_to_do_next(world, client_as):
    page = client_as(world.d1.clerk).get("/fees").text
    assert 'href="/fees/new"' in page
    assert "fees/new" not in client_as(world.hq.manager).get("/fees").text


def test_a_clerk_saves_a_draft_with_lines_as_people_type_them(world, client_as):
    browser = client_as(world.d1.clerk)
    answer = browser.post(
        "/fees/new",
        data=typed(("上门费", "次", "￥５０", ""), ("", "", "", ""), ("安装", "套", "1,200.50元", "含辅料")),
    )
    assert answer.status_code == 303
    with world.as_(world.d1.clerk) as session:
        row = queries.rows(session, queries.Filters(), today=date(2026, 11, 16))[0]
        assert queries.wishes(queries.schedule(session, row.ref)) == [
            FeeWish("上门费", "次", Decimal("50.00")),
            FeeWish("安装", "套", Decimal("1200.50"), "含辅料"),
        ]
    page = browser.get(answer.location).text
    assert "安装" in page
    assert "1,200.50" in page
    assert 'aria-disabled="true"' in page  # the clerk sees that submitting is the manager's


def test_what_was_typed_is_kept_when_a_line_is_wrong(world, client_as):
    answer = client_as(world.d1.clerk).post(
        "/fees/new", data=typed(("上门费", "次", "五十", "夜间"), ("清洗", "", "10", ""))
    )
    assert answer.status_code == 422
    assert all(
        words in answer.text for words in ("五十", "夜间", 'id="lines-0-amount-error"', 'id="lines-1-unit-error"')
    )


def test_an_item_named_twice_is_said_at_its_line(world, client_as):
    answer = client_as(world.d1.clerk).post(
        "/fees/new", data=typed(("上门费", "次", "50", ""), ("上门费", "次", "60", ""))
    )
    assert answer.status_code == 422
    assert 'id="lines-1-item-error"' in answer.text


def test_a_first_day_in_the_past_is_said_at_its_field(world, client_as):
    answer = client_as(world.d1.manager).post(
        "/fees/new", data=typed(("上门费", "次", "50", ""), from_day="2026-11-15", act="submit")
    )
    assert answer.status_code == 422
    assert 'id="from_day-error"' in answer.text


def test_the_dealer_manager_saves_and_submits_at_once(world, client_as):
    answer = client_as(world.d1.manager).post("/fees/new", data=typed(("上门费", "次", "50", ""), act="submit"))
    assert answer.location.endswith("/fees/FS2611-0001")


def test_a_draft_is_gone_on_with_and_submitted(world, client_as):
    browser = client_as(world.d1.manager)
    draft = browser.post("/fees/new", data=typed(("上门费", "次", "50", ""))).location
    edit = browser.get(f"{draft}/edit").text
    seen = re.search(r'name="seen" type="hidden" value="(\d+)"', edit).group(1)
    assert browser.post(f"{draft}/edit", data=typed(("上门费", "次", "55", ""), seen=seen)).status_code == 303
    stale = browser.post(f"{draft}/edit", data=typed(("上门费", "次", "66", ""), seen=seen))
    assert stale.status_code == 422
    assert browser.post(f"{draft}/submit").location.endswith("/fees/FS2611-0001")
    page = browser.get("/fees/FS2611-0001").text
    assert "55.00" in page
    assert "66.00" not in page
    assert browser.get("/fees/FS2611-0001/edit").status_code == 303


def test_a_new_version_begins_with_the_items_of_the_old_one(world, client_as):
    number = approved(world)
    page = client_as(world.d1.clerk).get(f"/fees/new?from={number}").text
    assert 'value="清洗水路"' in page
    assert 'value="福州市区"' in page


def test_the_review_shows_each_item_against_the_last_schedule(world, client_as):
    approved(world, first="2026-11-16")
    number = submitted(
        world,
        items=(
            FeeWish("上门费", "次", Decimal("60.00"), "市区"),
            FeeWish("清洗水路", "次", Decimal("72.00")),
            FeeWish("检测", "次", Decimal("30.00")),
        ),
    )
    page = client_as(world.hq.manager).get(f"/fees/{number}").text
    text = re.sub(r"<[^>]+>", " ", page)
    assert "(+20.0%)" in text
    assert "(-10.0%)" in text
    assert "<del>拆旧</del>" in page
    assert "FS2611-0001" in text


def test_headquarters_decides_on_the_page(world, client_as):
    browser, number = client_as(world.hq.manager), submitted(world)
    assert browser.post(f"/fees/{number}/send-back", data={"reason": "上门费偏高"}).status_code == 303
    assert "上门费偏高" in client_as(world.d1.clerk).get(f"/fees/{number}").text
    with world.as_(world.d1.manager) as session:
        actions.submit(session, world.d1.manager, number, at=at("2026-11-16 10:00"))
    assert browser.post(f"/fees/{number}/approve", data={}).status_code == 303
    with world.as_(world.d1.clerk) as session:
        assert queries.in_force(session, world.d1.id, "福州市区", date(2026, 11, 20)).number == number
    other = submitted(world, region="闽侯县")
    assert browser.post(f"/fees/{other}/refuse", data={"reason": "项目不符"}).status_code == 303
    assert "项目不符" in client_as(world.d1.clerk).get(f"/fees/{other}").text


def test_the_tabs_count_what_waits_and_what_is_in_force(world, client_as):
    approved(world, first="2026-11-16")
    submitted(world, region="闽侯县")
    page = client_as(world.hq.manager).get("/fees?tab=in-force").text
    assert "FS2611-0001" in page
    assert "FS2611-0002" not in page
    assert "FS2611-0002" in client_as(world.hq.auditor).get("/fees?q=闽侯").text
    assert "FS2611-0002" not in client_as(world.hq.auditor).get("/fees?dealer=D002").text


def test_a_draft_and_another_dealers_schedule_are_not_found_r1(world, client_as):
    draft = client_as(world.d1.clerk).post("/fees/new", data=typed(("上门费", "次", "50", ""))).location
    number = submitted(world)
    for browser, where in (
        (client_as(world.hq.manager), draft),
        (client_as(world.d2.manager), draft),
        (client_as(world.d2.manager), f"/fees/{number}"),
    ):
        assert browser.get(where).status_code == 404
        assert browser.get(f"{where}.pdf").status_code == 404
    assert client_as(world.d2.manager).post(f"/fees/{number}/submit").status_code == 404


def test_the_paper_is_a_pdf_with_what_may_be_charged(world, client_as):
    number = approved(world)
    answer = client_as(world.d1.technician).get(f"/fees/{number}.pdf")
    assert answer.data.startswith(b"%PDF")
    assert answer.headers["Content-Disposition"].startswith(f'inline; filename="{number}.pdf"')


def test_a_list_of_fifty_takes_two_statements(world, client_as, app):
    from sqlalchemy import event

    from portal.core.db import db

    for number in range(3):
        submitted(world, region=f"区域{number}")
    seen: list[str] = []
    with world.as_(world.d1.clerk) as session:
        event.listen(db.engine, "before_cursor_execute", lambda *given: seen.append(given[2]))
        queries.counts(session, hq=False, today=date(2026, 11, 16))
        assert len(queries.rows(session, queries.Filters(), today=date(2026, 11, 16))) == 3
    assert len([one for one in seen if "fee_schedules" in one]) == 2
