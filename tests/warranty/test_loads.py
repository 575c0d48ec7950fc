"""Registered products and warranty policies come in whole or not at all (R11, R13, R15)."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest
from sqlalchemy import select

from portal.catalog.models import Category, ProductModel
from portal.core.errors import Refused
from portal.core.permissions import Actor
from portal.warranty import actions, queries
from portal.warranty.models import PolicyLine, Product, Use, WarrantyPolicy
from portal.warranty.sheets import read_policy, read_products
from tests.factories.brands import AUGUST, JULY, count, empty_brand, in_brand, lanquan, load, muyu
from tests.factories.world import at

HEAD = "产品序列号,产品型号,品类,经销商编号,用户姓名,购买日期"
POLICY = "品类,配件类别,家用保修月数,商用保修月数"
WHEN = at("2026-08-20 09:00")


@pytest.fixture(scope="module")
def bathroom(app) -> Actor:
    return lanquan()


@pytest.fixture
def small(app) -> Actor:
    """A brand with its dealers and nothing else."""
    actor = empty_brand()
    load(actor, "dealers", "dealers.xlsx")
    return actor


def products(*rows: str, head: str = HEAD):
    return read_products("\n".join([head, *rows]).encode(), "p.csv")


def policy(*rows: str, first_day: date):
    return read_policy("\n".join([POLICY, *rows]).encode(), "w.csv", first_day=first_day)


def load_products(actor: Actor, sheet):
    with in_brand(actor) as session:
        return actions.load_products(session, actor, sheet, at=WHEN)


def load_policy(actor: Actor, sheet, when: str = "2026-06-20 09:00"):
    with in_brand(actor) as session:
        return actions.load_policy(session, actor, sheet, at=at(when))


# ------------------------------------------------------------------------------------------------ the real files


def test_R11_fifteen_hundred_products_come_in_with_their_days(bathroom):
    with in_brand(bathroom) as session:
        assert count(session, Product) == 1500
        found = queries.product(session, "LQB60220200000")
        assert (found.made_on, found.bought_on, found.installed_on) == (date(2022, 2, 22), None, date(2022, 6, 6))
        assert (found.use, found.customer_name, found.model.name) == (Use.COMMERCIAL, "何艳", "LQ-B60")


def test_R13_the_policy_comes_in_line_by_line(bathroom):
    with in_brand(bathroom) as session:
        found = queries.policy_on(session, date(2026, 11, 3))
        assert (found.version, found.from_day, found.to_day) == ("20260701", JULY, None)
        lines = queries.whole_policy(session, found.id)
        assert [line.line_no for line in lines] == list(range(1, 54))
        assert Counter(line.category for line in lines)["智能马桶"] == 6
        assert (lines[0].part_group, lines[0].home_months, lines[0].commercial_months) == (None, 36, 12)
        assert queries.policy_on(session, date(2026, 6, 30)) is None


def test_R11_the_furniture_brand_comes_in_from_its_own_files(app):
    actor = muyu()
    with in_brand(actor) as session:
        assert count(session, Product) == 300
        assert count(session, PolicyLine) == 10
        assert queries.policy_on(session, AUGUST).version == "MY2026-1"
        assert queries.product(session, "MYSJ25100000").customer_name == "周敏"


# ------------------------------------------------------------------------------------------------ products


def test_R11_unknown_dealers_and_models_are_named_by_row_and_nothing_comes_in(small):
    sheet = products("S1,M-1,坐便器,D001,张三,2026-01-01", "S2,M-2,,D001,李四,", "S3,M-1,,D999,王五,")
    with in_brand(small) as session:
        examined = actions.examine_products(session, small, sheet, at=WHEN)
    assert [(p.row_no, p.heading, p.code) for p in examined.sheet.problems] == [
        (3, "产品型号", "model-unknown-row"),
        (4, "经销商编号", "dealer-unknown-row"),
    ]
    with pytest.raises(Refused) as refused:
        load_products(small, sheet)
    assert (refused.value.code, refused.value.facts["rows"]) == ("load-bad-rows", (3, 4))
    with in_brand(small) as session:
        assert [count(session, table) for table in (Product, ProductModel, Category)] == [0, 0, 0]


def test_a_model_that_no_list_names_is_made_when_a_row_gives_its_category(small):
    done = load_products(small, products("S1,M-1,,D001,张三,", "S2,m-1,坐便器,D002,李四,"))
    assert (done.new, done.more["models"]) == (2, 1)
    with in_brand(small) as session:
        (model,) = session.scalars(select(ProductModel)).all()
        assert model.name == "M-1"
        assert model.category_id == session.scalar(select(Category.id).where(Category.name == "坐便器"))


def test_a_known_serial_number_is_brought_up_to_date(small):
    load_products(small, products("S1,M-1,坐便器,D001,张三,2026-01-01", "S2,M-1,坐便器,D001,李四,2026-01-01"))
    done = load_products(small, products("s1,M-1,坐便器,D001,张三丰,2026-01-02", "S2,M-1,坐便器,D001,李四,2026-01-01"))
    assert (done.new, done.changed, done.same) == (0, 1, 1)
    with in_brand(small) as session:
        found = queries.product(session, "S1")
        assert (found.customer_name, found.bought_on) == ("张三丰", date(2026, 1, 2))
        assert count(session, Product) == 2


def test_a_serial_number_that_another_dealer_serves_is_a_bad_row(small):
    load_products(small, products("S1,M-1,坐便器,D001,张三,"))
    sheet = products("S1,M-1,坐便器,D002,张三,")
    with in_brand(small) as session:
        (problem,) = actions.examine_products(session, small, sheet, at=WHEN).sheet.problems
    assert (problem.row_no, problem.code, problem.facts["dealer"]) == (2, "product-of-another-dealer", "D001")


def test_another_category_for_a_known_model_is_worth_a_look_and_the_model_keeps_its_own(small):
    load_products(small, products("S1,M-1,坐便器,D001,张三,"))
    sheet = products("S2,M-1,浴缸,D001,李四,2026-01-01")
    with in_brand(small) as session:
        (warning,) = actions.examine_products(session, small, sheet, at=WHEN).sheet.warnings
    assert (warning.row_no, warning.code) == (2, "model-of-other-category")
    load_products(small, sheet)
    with in_brand(small) as session:
        assert queries.category_name(session, queries.product(session, "S2").model.category_id) == "坐便器"


def test_R15_a_day_in_the_future_is_no_bad_row(small):
    assert load_products(small, products("S1,M-1,坐便器,D001,张三,2030-01-01")).new == 1


def test_R1_the_same_serial_number_lives_in_two_brands(small):
    other = empty_brand()
    load(other, "dealers", "dealers.xlsx")
    for actor, name in ((small, "张三"), (other, "李四")):
        load_products(actor, products(f"S1,M-1,坐便器,D001,{name},"))
    with in_brand(other) as session:
        assert queries.product(session, "S1").customer_name == "李四"
        assert count(session, Product) == 1


# ------------------------------------------------------------------------------------------------ policies


def test_R13_a_new_version_ends_the_one_before_on_its_first_day(app):
    actor = empty_brand()
    load_policy(actor, policy("坐便器,整机,36,12", first_day=JULY))
    done = load_policy(actor, policy("坐便器,整机,24,12", first_day=date(2027, 1, 1)), "2026-11-01 09:00")
    assert (done.version, done.more["ends"]) == ("20270101", "20260701")
    with in_brand(actor) as session:
        assert queries.policy_on(session, date(2026, 12, 31)).version == "20260701"
        assert queries.policy_on(session, date(2027, 1, 1)).version == "20270101"


@pytest.mark.parametrize("first_day", [JULY, date(2026, 10, 1), date(2026, 11, 1), date(2027, 1, 1)])
def test_a_first_day_that_is_taken_is_refused_and_nothing_changes(app, first_day):
    actor = empty_brand()
    load_policy(actor, policy("坐便器,整机,36,12", first_day=JULY))
    load_policy(actor, policy("坐便器,整机,24,12", first_day=date(2027, 1, 1)), "2026-10-01 09:00")
    with pytest.raises(Refused) as refused:
        load_policy(actor, policy("坐便器,整机,12,6", first_day=first_day), "2026-11-01 00:00")
    assert refused.value.code == "load-bad-file"
    with in_brand(actor) as session:
        assert count(session, WarrantyPolicy) == 2


def test_the_same_policy_again_changes_nothing(app):
    actor = empty_brand()
    load_policy(actor, policy("坐便器,整机,36,12", first_day=JULY))
    assert load_policy(actor, policy("坐便器,整机,36,12", first_day=JULY), "2026-11-01 09:00").nothing
    with in_brand(actor) as session:
        assert [count(session, table) for table in (WarrantyPolicy, PolicyLine)] == [1, 1]


def test_R15_a_policy_without_a_day_is_refused(app):
    actor = empty_brand()
    sheet = read_policy(f"{POLICY}\n坐便器,整机,36,12".encode(), "w.csv")
    with pytest.raises(Refused) as refused:
        load_policy(actor, sheet)
    assert refused.value.code == "load-bad-file"
