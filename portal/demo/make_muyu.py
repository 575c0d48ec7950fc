"""木语家居, the demo's second brand: makes the workbooks that its price list needs beside it, in its own manner.

``python -m portal.demo.make_muyu`` writes them into ``data/``, where they are committed. All people, shops and numbers are
invented. Other headings, orders, encodings and separators than the first brand's, on purpose: readers must cope.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

import xlsxwriter

DATA = Path(__file__).parent / "data"
SEED = 20260701
PRODUCTS = 300

# code, city, shop, manager, opening balance, credit limit
DEALERS = (
    ("M001", "杭州", "杭州木语家居生活馆", "沈先生", "¥12,000.00", 5000),
    ("M002", "苏州", "苏州木语家居旗舰店", "顾女士", "9,500.00元", 3000),
    ("M003", "南京", "南京栖霞木语专卖店", "许先生", 8000, 3000),
    ("M004", "武汉", "武汉光谷木语体验店", "程女士", "１５０００", 8000),
    ("M005", "长沙", "长沙雨花木语专卖店", "谭先生", 2600, 0),
    ("M006", "成都", "成都高新木语生活馆", "龙女士", " 10,800.50 ", 5000),
    ("M007", "西安", "西安雁塔木语专卖店", "秦先生", 1800, "/"),
    ("M008", "青岛", "青岛市南木语体验店", "姜女士", "¥6,400.00", 2000),
)
# series 适用系列 (the price list's), its category 品类, its letters in a warranty card's number
SERIES = (("云栖", "软体家具", "YX"), ("松间", "板式家具", "SJ"), ("砚山", "功能家具", "YS"))
POLICY = (
    ("软体家具", "整件", "5年", "24个月", ""),
    ("软体家具", "包覆件", "24个月", "12个月", "自然褪色除外"),
    ("软体家具", "五金件", "60个月", "24个月", ""),
    ("板式家具", "整件", "5年", "24个月", ""),
    ("板式家具", "板件", "60个月", "24个月", "受潮变形除外"),
    ("板式家具", "五金件", "36个月", "12个月", ""),
    ("板式家具", "玻璃件", "12个月", "6个月", ""),
    ("功能家具", "整件", "3年", "12个月", ""),
    ("功能家具", "电动件", "24个月", "12个月", "含电机与手柄"),
    ("功能家具", "五金件", "36个月", "12个月", ""),
)
FAULTS = (
    ("RT01", "面料开线", "软体家具"),
    ("RT02", "软包脱胶", "软体家具"),
    ("RT03", "抽屉卡滞", "软体家具"),
    ("RT04", "移门滑轮脱轨", "软体家具"),
    ("BS01", "柜门下垂", "板式家具"),
    ("BS02", "气动杆不支撑", "板式家具"),
    ("BS03", "板件开裂", "板式家具"),
    ("BS04", "玻璃自爆", "板式家具"),
    ("GN01", "电机不启动", "功能家具"),
    ("GN02", "手柄按键失灵", "功能家具"),
    ("GN03", "运行异响", "功能家具"),
    ("GN04", "拉篮脱轨", "功能家具"),
    ("QT99", "其他", ""),
)
PRODUCT_HEADINGS = (
    "质保卡号", "客户姓名", "联系方式", "安装地址", "产品分类", "产品系列", "成交日期", "送装日期", "出厂日期",
    "使用性质", "客户代码",
)  # fmt: skip
SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀华慧"
STREETS = ("滨江区", "高新区", "城北区", "湖东区", "新城区")


def dealers() -> bytes:
    """muyu-dealers.xlsx: a title, a line of small print, headings in another order, a footer."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True})
    book.set_properties({"title": "木语家居门店名册", "created": datetime(2026, 7, 1)})  # noqa: DTZ001 - a file's property
    sheet = book.add_worksheet("门店名册")
    head = book.add_format({"bold": True, "align": "center", "border": 1})
    sheet.merge_range("A1:H1", "木语家居门店名册", book.add_format({"bold": True, "font_size": 16, "align": "center"}))
    sheet.merge_range("A2:I2", "金额单位:元    编制部门:渠道管理部", book.add_format({"align": "right"}))
    headings = (
        "序号",
        "门店名称",
        "客户代码",
        "负责人",
        "所在城市",
        "期初余额(元)",
        "授信额度(元)",
        "联系方式",
        "送货地址",
    )
    sheet.write_row(2, 0, headings, head)
    chance = random.Random(SEED)  # noqa: S311 - invented data
    for at, (code, city, name, contact, opening, credit) in enumerate(DEALERS):
        phone = f"0{chance.randint(310, 999)}-{chance.randint(2000000, 8999999)}"
        address = f"{city}市家居大道{chance.randint(1, 400)}号"
        sheet.write_row(3 + at, 0, (at + 1, name, code, contact, city, opening, credit, phone, address))
    sheet.write_row(4 + len(DEALERS), 1, ("制表:渠道管理部", "", "审核:"))
    sheet.set_column("B:B", 24)
    sheet.set_column("C:I", 16)
    book.close()
    return target.getvalue()


def products(*, count: int = PRODUCTS) -> bytes:
    """muyu-registered-products.csv, GBK: warranty-card numbers, days written in three ways, some of them unknown."""
    chance = random.Random(SEED + 1)  # noqa: S311 - invented data
    rows: list[tuple[str, ...]] = [PRODUCT_HEADINGS]
    for at in range(count):
        series, category, letters = SERIES[chance.choices((0, 1, 2), (4, 4, 3))[0]]
        made = date(2022, 1, 5) + timedelta(days=chance.randint(0, 1570))
        bought = made + timedelta(days=chance.randint(20, 120))
        installed = bought + timedelta(days=chance.randint(3, 45))
        dealer = chance.choice(DEALERS)
        name = chance.choice(SURNAMES) + "".join(chance.sample(GIVEN, chance.randint(1, 2)))
        phone = f"1{chance.choice('3578')}{chance.randint(0, 9)}0000{chance.randint(0, 9999):04d}"
        address = (
            f"{dealer[1]}市{chance.choice(STREETS)}{chance.randint(1, 300)}号{chance.randint(1, 30)}栋"
            f"{chance.randint(1, 28)}{chance.randint(1, 4):02d}"
        )
        written = chance.choice((_dashes, _slashes, _chinese))
        days = (
            "" if chance.random() < 0.08 else written(bought),
            "" if chance.random() < 0.15 else written(installed),
            written(made),
        )
        use = "商用" if chance.random() < 0.1 else "家用"
        card = f"MY{letters}{made:%y%m}{at:04d}"
        rows.append((card, name, phone, address, category, series, *days, use, dealer[0]))
    return _csv(rows).encode("gbk")


def policy() -> bytes:
    """muyu-warranty-policy.csv, GBK: a title row with the first day of force, years and months, 整件 for the whole unit."""
    rows = [
        ("木语家居保修政策", "", "", "", "", ""),
        ("版本:MY2026-1  执行日期:2026年7月1日起", "", "", "", "", ""),
        ("产品分类", "保修部位", "起算方式", "家用质保", "商用质保", "说明"),
        *(
            (category, group, "送装日期,无则购买日期,再无则出厂日期+3个月", home, commercial, remark)
            for category, group, home, commercial, remark in POLICY
        ),
    ]
    return _csv(rows).encode("gbk")


def faults() -> bytes:
    """muyu-fault-codes.csv: what Excel calls Unicode text (UTF-16, tabs), the category first."""
    rows = [
        ("适用品类", "故障编号", "故障描述"),
        *((category, code, name) for code, name, category in FAULTS),
    ]
    return b"\xff\xfe" + _csv(rows, "\t").encode("utf-16-le")


FILES = {
    "muyu-dealers.xlsx": dealers,
    "muyu-registered-products.csv": products,
    "muyu-warranty-policy.csv": policy,
    "muyu-fault-codes.csv": faults,
}


def main() -> None:
    """Write the four files."""
    for name, make in FILES.items():
        (DATA / name).write_bytes(make())


def _csv(rows: Sequence[tuple[str, ...]], separator: str = ",") -> str:
    target = io.StringIO(newline="")
    csv.writer(target, delimiter=separator).writerows(rows)
    return target.getvalue()


def _dashes(day: date) -> str:
    return day.isoformat()


def _slashes(day: date) -> str:
    return f"{day.year}/{day.month}/{day.day}"


def _chinese(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


if __name__ == "__main__":
    main()
