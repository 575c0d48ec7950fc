"""What is found in the catalogue, and what two price lists differ in (R10)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import event

from portal.catalog import queries, rules
from portal.catalog.rules import Span
from portal.core.db import db
from portal.core.errors import NotFound
from portal.core.permissions import Actor
from tests.factories.brands import in_brand, lanquan, load

NOVEMBER = date(2026, 11, 3)


@pytest.fixture(scope="module")
def brand(app) -> Actor:
    actor = lanquan()
    load(actor, "prices", "price-list-2027H1.xlsx", when="2026-11-01 09:00")
    return actor


@pytest.fixture
def statements(app):
    """The SELECTs that a test makes the database run."""
    seen: list[str] = []

    def note(_connection, _cursor, statement, *_rest):
        if statement.lstrip().upper().startswith("SELECT") and "set_config" not in statement:
            seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    yield seen
    event.remove(db.engine, "before_cursor_execute", note)


@pytest.mark.parametrize(
    ("typed", "first", "how_many"),
    [
        ("ST01", "ST01", 1),
        ("st01", "ST01", 1),
        ("ＳＴ０１", "ST01", 1),
        ("主控", "ST01", 1),
        ("zkb", "ST01", 1),
        ("zhukongban", "ST01", 1),
        ("LQ-Y15", "BT01-GM", 4),
        ("nothing of that name", None, 0),
        ("100%", None, 0),
    ],
)
def test_a_part_is_found_by_number_name_pinyin_and_model(brand, typed, first, how_many):
    with in_brand(brand) as session:
        found = queries.find_parts(session, typed, day=NOVEMBER, limit=20)
    assert (found[0].number if found else None) == first
    assert len(found) == how_many


def test_what_is_found_has_its_price_of_the_day_and_the_models_it_fits(brand):
    with in_brand(brand) as session:
        (found,) = queries.find_parts(session, "ST03", day=NOVEMBER)
        assert found.models == ("LQ-S7", "LQ-S9", "LQ-S9 Pro", "LQ-X3")
        assert (found.dealer_price, found.out_price) == (Decimal("262.00"), Decimal("486.00"))
        assert found.category == "智能马桶"
        (later,) = queries.find_parts(session, "ST03", day=date(2027, 1, 1))
        assert later.dealer_price > found.dealer_price
        (before,) = queries.find_parts(session, "ST03", day=date(2026, 6, 30))
        assert before.dealer_price is None


def test_a_search_takes_two_statements_however_much_it_finds(brand, statements):
    with in_brand(brand) as session:
        assert len(queries.find_parts(session, "LQ", day=NOVEMBER, limit=20)) == 20
    assert len(statements) == 2


def test_the_list_pages_by_number_and_misses_nothing(brand):
    seen: list[str] = []
    with in_brand(brand) as session:
        while page := queries.parts_page(session, day=NOVEMBER, after=seen[-1] if seen else "", limit=50):
            seen += [part.number for part in page]
    assert len(seen) == len(set(seen)) == 119
    assert seen == sorted(seen)


def test_the_list_can_be_narrowed_to_a_model_and_to_what_is_priced(brand):
    with in_brand(brand) as session:
        assert len(queries.parts_page(session, day=NOVEMBER, model="LQ-Y15")) == 4
        assert len(queries.parts_page(session, day=date(2027, 1, 1), priced=True, limit=500)) == 118
        assert queries.parts_page(session, day=date(2026, 6, 30), priced=True) == []


def test_parts_are_keyed_by_what_was_asked(brand):
    with in_brand(brand) as session:
        found = queries.parts_by_number(session, ["st01", "ＳＴ０２", "NOPE", ""])
        assert {asked: part.number for asked, part in found.items()} == {"st01": "ST01", "ＳＴ０２": "ST02"}
        with pytest.raises(NotFound):
            queries.part(session, "NOPE")


def test_R15_faults_are_offered_for_their_category_and_those_for_all(brand):
    with in_brand(brand) as session:
        category = queries.category_ids(session)["坐便器"]
        codes = [fault.code for fault in queries.find_faults(session, "", category)]
        assert len(codes) == 4
        assert [fault.name for fault in queries.find_faults(session, "漏电")] == ["漏电/跳闸"]
        with pytest.raises(NotFound):
            queries.fault(session, "NOPE")


def test_R10_two_lists_are_compared_part_by_part(brand):
    with in_brand(brand) as session:
        old = queries.list_prices(session, queries.price_list(session, "202607").id)
        new = queries.list_prices(session, queries.price_list(session, "202701").id)
    changes = rules.compare(old, new)
    assert rules.tally(changes) == {"rises": 118, "falls": 0, "new": 0, "gone": 1, "same": 0}
    board = next(change for change in changes if change.number == "ST01")
    assert (board.dealer_before, board.dealer_after, board.percent) == (
        Decimal("382.00"),
        Decimal("397.28"),
        Decimal("4.0"),
    )
    gone = next(change for change in changes if change.move == "gone")
    assert gone.dealer_after is None
    assert gone.percent is None


def test_R10_the_dealer_price_says_whether_a_part_rises_then_the_other():
    one, two = Decimal("1.00"), Decimal("2.00")
    moves = {
        change.number: change.move
        for change in rules.compare(
            {
                "A": ("a", one, two),
                "B": ("b", two, two),
                "C": ("c", one, one),
                "D": ("d", one, one),
                "E": ("e", one, one),
            },
            {
                "A": ("a", two, one),
                "B": ("b", one, two),
                "C": ("c", one, two),
                "D": ("d", one, one),
                "F": ("f", one, one),
            },
        )
    }
    assert moves == {"A": "rises", "B": "falls", "C": "rises", "D": "same", "E": "gone", "F": "new"}


def test_R10_a_version_before_all_others_ends_where_the_first_begins():
    begun = Span(1, "v1", date(2026, 8, 1), None)
    placed = rules.place(date(2026, 7, 1), today=date(2026, 9, 1), spans=[begun])
    assert (placed.to_day, placed.ends, placed.replaces) == (date(2026, 8, 1), None, None)
    assert rules.place(date(2026, 8, 15), today=date(2026, 9, 1), spans=[begun]) == begun
    assert rules.place(date(2026, 9, 2), today=date(2026, 9, 1), spans=[begun]).ends == begun


def test_a_version_is_named_once():
    day = date(2026, 7, 1)
    assert rules.version_name(None, day, []) == "20260701"
    assert rules.version_name("V 2026/07", day, []) == "V-2026-07"
    assert rules.version_name("202607", day, ["202607", "202607-2"]) == "202607-3"
    assert rules.version_name("价格", day, []) == "20260701"


def test_pinyin_is_letters_and_digits_only():
    assert rules.pinyin("陶瓷阀芯") == ("tcfx", "taocifaxin")
    assert rules.pinyin("LED镜前灯 (12W)") == ("ledjqd12w", "ledjingqiandeng12w")
