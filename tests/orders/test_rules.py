"""How orders are reckoned: values in, values out."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from portal.core.errors import Refused
from portal.orders import rules
from portal.orders.models import Purpose
from portal.orders.rules import Asked, Confirmed, Frozen, FrozenLine, LineWish, QuoteWish, Standing

D = Decimal


def code(act: object) -> str:
    with pytest.raises(Refused) as caught:
        act()
    return caught.value.code


def wish(quantity: int = 1, purpose: Purpose = Purpose.STOCK, serial: str | None = None) -> LineWish:
    return LineWish("P1", quantity, purpose, serial)


@pytest.mark.parametrize(
    ("wishes", "refused"),
    [
        ([], "order-empty"),
        ([wish()] * 201, "order-too-many-lines"),
        ([wish(0)], "order-line-quantity"),
        ([wish(10_000)], "order-line-quantity"),
        ([wish(purpose=Purpose.WARRANTY)], "order-serial-missing"),
    ],
)
def test_an_application_that_cannot_be_is_refused(wishes: list[LineWish], refused: str) -> None:
    assert code(lambda: rules.check_wishes(wishes)) == refused


def test_an_application_at_the_limits_is_fine() -> None:
    rules.check_wishes([wish(1)] * 198 + [wish(9999), wish(purpose=Purpose.WARRANTY, serial="SN1")])


ASKED = [Asked(1, "P1", 4, D("12.50")), Asked(2, "P2", 1, D("100.00"))]


def test_R21_a_line_without_a_wish_is_confirmed_as_asked_at_the_lists_price() -> None:
    lines = rules.confirm(ASKED, [QuoteWish(2, 1, D("99.90"), " sample ")])
    assert [(line.quantity, line.price, line.reason, line.amount) for line in lines] == [
        (4, D("12.50"), "", D("50.00")),
        (1, D("99.90"), "sample", D("99.90")),
    ]
    assert rules.goods(lines) == D("149.90")


@pytest.mark.parametrize(
    ("wishes", "refused"),
    [
        ([QuoteWish(3, 1)], "order-line-gone"),
        ([QuoteWish(1, 1), QuoteWish(1, 2)], "order-line-gone"),
        ([QuoteWish(1, 5)], "confirmed-more"),
        ([QuoteWish(1, -1)], "confirmed-more"),
        ([QuoteWish(1, 4, D("12.51"), "dear")], "price-raised"),
        ([QuoteWish(1, 4, D("12.49"))], "lowered-without-reason"),
        ([QuoteWish(1, 4, D("12.49"), "  ")], "lowered-without-reason"),
        ([QuoteWish(1, 4, D("0.00"), "gift")], "price-zero"),
        ([QuoteWish(1, 4, D("-1.00"), "gift")], "price-zero"),
        ([QuoteWish(1, 4, D("1.001"), "odd")], "order-amount-odd"),
        ([QuoteWish(1, 0), QuoteWish(2, 0)], "quote-empty"),
    ],
)
def test_R21_what_cannot_be_quoted(wishes: list[QuoteWish], refused: str) -> None:
    assert code(lambda: rules.confirm(ASKED, wishes)) == refused


def test_a_part_without_a_price_can_only_be_left_out() -> None:
    asked = [*ASKED, Asked(3, "P9", 2, None)]
    assert code(lambda: rules.confirm(asked, [])) == "line-no-price"
    lines = rules.confirm(asked, [QuoteWish(3, 0, None, "discontinued")])
    assert (lines[2].quantity, lines[2].list_price, lines[2].price, lines[2].reason) == (
        0,
        D("0.00"),
        D("0.00"),
        "discontinued",
    )


def test_a_quote_of_parts_that_cost_nothing_is_no_quote() -> None:
    assert code(lambda: rules.confirm([Asked(1, "P0", 3, D("0.00"))], [])) == "quote-empty"


@pytest.mark.parametrize(
    ("freight", "refused"), [("-0.01", "freight-odd"), ("100000.01", "freight-odd"), ("1.005", "order-amount-odd")]
)
def test_freight_is_a_sane_amount(freight: str, refused: str) -> None:
    assert code(lambda: rules.check_freight(D(freight))) == refused


def test_freight_may_be_nothing() -> None:
    assert rules.check_freight(D("0")) == D("0.00")
    assert rules.check_freight(D("100000")) == D("100000.00")


def test_R21_any_other_content_has_another_fingerprint() -> None:
    lines = [Confirmed(1, "P1", 4, 4, D("12.50"), D("12.50"), "")]
    days = {"ship_on": date(2026, 10, 8), "lapses_on": date(2026, 10, 12)}
    one = rules.fingerprint("PO2610-0001", 1, lines, freight=D("10.00"), **days)
    assert one == rules.fingerprint("PO2610-0001", 1, lines, freight=D("10.00"), **days)
    others = {
        rules.fingerprint("PO2610-0002", 1, lines, freight=D("10.00"), **days),
        rules.fingerprint("PO2610-0001", 2, lines, freight=D("10.00"), **days),
        rules.fingerprint("PO2610-0001", 1, lines, freight=D("10.01"), **days),
        rules.fingerprint(
            "PO2610-0001", 1, [Confirmed(1, "P1", 4, 3, D("12.50"), D("12.50"), "")], freight=D("10.00"), **days
        ),
        rules.fingerprint(
            "PO2610-0001", 1, [Confirmed(1, "P1", 4, 4, D("12.50"), D("12.49"), "x")], freight=D("10.00"), **days
        ),
        rules.fingerprint(
            "PO2610-0001", 1, lines, freight=D("10.00"), ship_on=date(2026, 10, 9), lapses_on=date(2026, 10, 12)
        ),
    }
    assert len(others | {one}) == 7
    assert len(one) == 16


@pytest.mark.parametrize(
    ("quoted", "days", "last"),
    [
        (date(2026, 10, 5), 7, date(2026, 10, 12)),
        (date(2026, 12, 28), 7, date(2027, 1, 4)),
        (date(2028, 2, 25), 7, date(2028, 3, 3)),
        (date(2026, 2, 25), 7, date(2026, 3, 4)),
    ],
)
def test_R22_a_quote_lapses_after_its_last_day(quoted: date, days: int, last: date) -> None:
    assert rules.lapses_on(quoted, days) == last
    assert not rules.lapsed(last, last)
    assert rules.lapsed(last, date.fromordinal(last.toordinal() + 1))
    assert not rules.lapsed(None, last)


def test_R67_the_credit_limit_stands_beside_what_is_available_never_inside() -> None:
    assert Standing(D("1000.00"), D("1500.00"), D("2000.00")).available == D("-500.00")


def test_a_shipment_carries_what_is_named_and_no_more_than_is_left() -> None:
    left = {1: 4, 2: 0, 3: 2}
    assert rules.check_pieces(left, {1: 3, 2: 0, 3: 0}) == {1: 3}
    assert rules.leaves_some(left, {1: 4})
    assert not rules.leaves_some(left, {1: 4, 3: 2})
    assert code(lambda: rules.check_pieces(left, {2: 1})) == "shipped-more"
    assert code(lambda: rules.check_pieces(left, {1: -1})) == "shipped-more"
    assert code(lambda: rules.check_pieces(left, {9: 1})) == "order-line-gone"
    assert code(lambda: rules.check_pieces(left, {1: 0})) == "nothing-shipped"


def test_R26_what_arrived_is_counted_and_damaged_is_among_it() -> None:
    sent = {1: 4, 2: 2}
    assert rules.check_counts(sent, {1: (3, 1)}) == {1: (3, 1), 2: (2, 0)}
    assert code(lambda: rules.check_counts(sent, {1: (5, 0)})) == "counted-more"
    assert code(lambda: rules.check_counts(sent, {1: (3, 4)})) == "damaged-more"
    assert code(lambda: rules.check_counts(sent, {1: (3, -1)})) == "damaged-more"
    assert code(lambda: rules.check_counts(sent, {3: (1, 0)})) == "order-line-gone"


def test_R21_two_versions_differ_by_line_freight_ship_date_and_total() -> None:
    before = Frozen(
        (FrozenLine(1, 11, 6, D("22.50")), FrozenLine(2, 12, 1, D("121.00")), FrozenLine(3, 13, 1, D("1.00"))),
        D("35.00"),
        date(2026, 11, 4),
    )
    after = Frozen(
        (FrozenLine(1, 11, 4, D("22.50")), FrozenLine(2, 12, 1, D("108.90")), FrozenLine(3, 14, 2, D("1.00"))),
        D("28.00"),
        date(2026, 11, 6),
    )
    assert [(one.what, one.before, one.after, one.position) for one in rules.differences(before, after)] == [
        ("quantity", 6, 4, 1),
        ("price", D("121.00"), D("108.90"), 2),
        ("added", 0, 2, 3),
        ("removed", 1, 0, 3),
        ("freight", D("35.00"), D("28.00"), None),
        ("ship_on", date(2026, 11, 4), date(2026, 11, 6), None),
        ("total", D("292.00"), D("228.90"), None),
    ]
    assert rules.differences(before, before) == []
