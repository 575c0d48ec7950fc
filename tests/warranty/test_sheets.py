"""The brands' own registers of products and warranty policies, as they are (R13, R15)."""

from collections import Counter
from datetime import date
from pathlib import Path

import pytest

import portal.demo
from portal.catalog.sheets import read_faults, read_prices
from portal.demo import make_muyu
from portal.organizations.sheets import read_dealers
from portal.warranty.models import Basis
from portal.warranty.sheets import ProductRow, read_policy, read_products

DATA = Path(portal.demo.__file__).parent / "data"
FIRST = date(2026, 8, 1)


def bytes_of(name):
    return (DATA / name).read_bytes()


def products(name):
    return read_products(bytes_of(name), name)


def product_of(line):
    headings = "产品序列号,产品型号,生产日期,购买日期,安装日期,用途,经销商编号,用户姓名\n"
    return read_products((headings + line + "\n").encode(), "p.csv")


def policy_of(*lines, first_day=FIRST):
    text = "品类,配件类别,家用保修月数,商用保修月数,起算\n" + "\n".join(lines) + "\n"
    return read_policy(text.encode(), "w.csv", first_day=first_day)


def test_the_register_of_products_is_understood_whole():
    sheet = products("registered-products.csv")
    assert (len(sheet.rows), sheet.problems, sheet.warnings, sheet.ignored) == (1500, (), (), ())
    assert sheet.rows[0] == ProductRow(
        row_no=2,
        serial="LQB60220200000",
        model="LQ-B60",
        category="浴室柜",
        made_on=date(2022, 2, 22),
        bought_on=None,
        installed_on=date(2022, 6, 6),
        commercial=True,
        dealer_code="D002",
        customer_name="何艳",
        phone="18700000391",
        address="厦门市江北区158号25栋2586",
    )
    assert sum(row.commercial for row in sheet.rows) == 119
    assert sum(row.installed_on is None for row in sheet.rows) == 315
    assert sum(row.bought_on is None for row in sheet.rows) == 109
    assert {row.model for row in sheet.rows if "恒温" in row.serial} == {"LQ-H80 恒温"}


def test_the_furniture_brands_products_are_gbk_with_days_written_in_three_ways():
    sheet = products("muyu-registered-products.csv")
    assert (len(sheet.rows), sheet.problems, sheet.warnings) == (300, (), ())
    assert Counter((row.model, row.category) for row in sheet.rows) == {
        ("云栖", "软体家具"): 117,
        ("松间", "板式家具"): 109,
        ("砚山", "功能家具"): 74,
    }
    assert {row.dealer_code for row in sheet.rows} == {f"M00{n}" for n in range(1, 9)}
    assert all(row.made_on < row.bought_on for row in sheet.rows if row.bought_on)
    row = sheet.rows[0]
    assert (row.serial, row.made_on, row.bought_on, row.installed_on) == (
        "MYSJ25100000",
        date(2025, 10, 13),
        date(2026, 2, 10),
        date(2026, 2, 20),
    )


def test_the_furniture_brands_workbooks_fit_together():
    """Every part's series is a product's model, and every group that a model needs has a line of its category (R13)."""
    category = {row.model: row.category for row in products("muyu-registered-products.csv").rows}
    lines = {(row.category, row.group) for row in read_policy(bytes_of("muyu-warranty-policy.csv"), "w.csv").rows}
    parts = read_prices(bytes_of("muyu-price-list.csv"), "m.csv", first_day=FIRST).rows
    assert {model for part in parts for model in part.models} == set(category)
    assert {(category[model], part.group) for part in parts for model in part.models} <= lines
    assert {(name, None) for name in category.values()} <= lines
    faults = read_faults(bytes_of("muyu-fault-codes.csv"), "f.csv").rows
    assert {row.category for row in faults} == {*category.values(), None}
    shops = {row.code for row in read_dealers(bytes_of("muyu-dealers.xlsx"), "d.xlsx").rows}
    assert shops == {row.dealer_code for row in products("muyu-registered-products.csv").rows}


@pytest.mark.parametrize("name", ["muyu-registered-products.csv", "muyu-warranty-policy.csv", "muyu-fault-codes.csv"])
def test_the_committed_file_is_what_the_script_makes(name):
    assert make_muyu.FILES[name]() == bytes_of(name)


def test_a_day_in_the_future_is_no_bad_row():
    """R15."""
    sheet = product_of("S1,M1,2031-01-01,2031-02-01,2031-03-01,家用,D001,张三")
    assert (sheet.ok, sheet.warnings, sheet.rows[0].installed_on) == (True, (), date(2031, 3, 1))


def test_days_in_the_wrong_order_or_none_at_all_are_warnings():
    sheet = product_of("S1,M1,2025-03-01,2025-02-01,2025-01-01,家用,D001,张三\nS2,M1,,,,商用,D001,李四")
    assert sheet.ok
    assert [(warning.row_no, warning.heading, warning.code) for warning in sheet.warnings] == [
        (2, "购买日期", "days-in-disorder"),
        (2, "安装日期", "days-in-disorder"),
        (3, None, "product-without-days"),
    ]
    assert [row.commercial for row in sheet.rows] == [False, True]


def test_bad_products_are_named_by_number_column_and_reason():
    """R11."""
    sheet = product_of(
        "S1,M1,2025-02-30,,,家用,D001,张三\nS2,,2025-01-01,,,家用,D001,张三\nS3,M1,2025-01-01,,,自用,D001,张三\n"
        "S4,M1,昨天,,,,,张三\nS5,M1,2025-01-01,,,,D001,张三\ns5,M1,2025-01-01,,,,D001,张三"
    )
    assert [(problem.row_no, problem.heading, problem.code) for problem in sheet.problems] == [
        (2, "生产日期", "day-impossible"),
        (3, "产品型号", "cell-empty"),
        (4, "用途", "choice-unknown"),
        (5, "生产日期", "day-unclear"),
        (5, "经销商编号", "cell-empty"),
        (7, "产品序列号", "row-twice"),
    ]
    assert sheet.problems[2].facts == {"value": "自用", "choices": ("家用", "商用")}


def test_the_policy_is_understood_whole():
    """R13."""
    sheet = read_policy(bytes_of("warranty-policy.csv"), "warranty-policy.csv", first_day=FIRST)
    assert (len(sheet.rows), sheet.first_day, sheet.problems, sheet.warnings) == (53, FIRST, (), ())
    whole = {row.category: row.home_months for row in sheet.rows if row.whole_unit}
    assert whole == {
        "智能马桶": 36, "坐便器": 60, "面盆龙头": 36, "厨房龙头": 36, "淋浴花洒": 36, "浴室柜": 12, "淋浴房": 12,
        "浴缸": 24, "小便器": 36, "五金挂件": 12,
    }  # fmt: skip
    lines = {(row.category, row.group): row for row in sheet.rows}
    ceramic, filters = lines["坐便器", "陶瓷件"], lines["智能马桶", "易耗件"]
    assert (ceramic.row_no, ceramic.home_months, ceramic.commercial_months, ceramic.basis) == (
        13,
        120,
        12,
        Basis.INSTALLED,
    )
    assert (filters.row_no, filters.home_months, filters.commercial_months, filters.remark) == (7, 0, 0, "不保")


def test_a_policy_without_a_first_day_needs_one_given():
    """R15."""
    sheet = read_policy(bytes_of("warranty-policy.csv"), "warranty-policy.csv")
    assert [problem.code for problem in sheet.problems] == ["first-day-missing"]


def test_the_furniture_brands_policy_counts_in_years_too_and_says_its_own_day():
    sheet = read_policy(bytes_of("muyu-warranty-policy.csv"), "muyu-warranty-policy.csv")
    assert (sheet.title, sheet.version, sheet.first_day, sheet.header_row, sheet.ok) == (
        "木语家居保修政策",
        "MY2026-1",
        date(2026, 7, 1),
        3,
        True,
    )
    assert [(row.category, row.group, row.home_months, row.commercial_months) for row in sheet.rows[:3]] == [
        ("软体家具", None, 60, 24),
        ("软体家具", "包覆件", 24, 12),
        ("软体家具", "五金件", 60, 24),
    ]


@pytest.mark.parametrize(
    ("said", "basis"),
    [
        ("安装日期;无则购买日期;再无则生产日期+3个月", Basis.INSTALLED),
        ("安装日期；无则购买日期", Basis.INSTALLED),
        ("购买日期；无则生产日期+3个月", Basis.BOUGHT),
        ("生产日期+3个月", Basis.MADE),
        ("", Basis.INSTALLED),
    ],
)
def test_where_the_count_begins_is_read_from_the_words(said, basis):
    """R13."""
    assert policy_of(f"坐便器,整机,36,12,{said}").rows[0].basis == basis


@pytest.mark.parametrize(
    "said", ["购买日期;无则安装日期", "生产日期+6个月", "安装日期+3个月", "看心情", "安装日期;无则保修卡"]
)
def test_another_way_of_counting_is_a_bad_row(said):
    """R13."""
    assert [(problem.row_no, problem.code) for problem in policy_of(f"坐便器,整机,36,12,{said}").problems] == [
        (2, "basis-unknown")
    ]


def test_bad_lines_are_named_and_a_category_without_a_whole_unit_line_is_a_warning():
    """R11, R13."""
    sheet = policy_of(
        "坐便器,整机,终身,12,",
        "坐便器,阀类,601,12,",
        ",阀类,36,12,",
        "坐便器,,36,12,",
        "浴缸,阀类,不保,2年,",
        "浴缸,阀类,1,1,",
    )
    assert [(problem.row_no, problem.heading, problem.code) for problem in sheet.problems] == [
        (2, "家用保修月数", "whole-unclear"),
        (3, "家用保修月数", "whole-out-of-range"),
        (4, "品类", "cell-empty"),
        (5, "配件类别", "cell-empty"),
        (7, "配件类别", "row-twice"),
    ]
    assert [(row.home_months, row.commercial_months) for row in sheet.rows] == [(0, 24)]
    assert [(warning.code, warning.facts) for warning in sheet.warnings] == [
        ("policy-no-whole-unit", {"category": "浴缸"})
    ]
