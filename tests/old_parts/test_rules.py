"""Pieces, amounts and deadlines of old parts, pure (R30, R36, R40, R43)."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.core.money import yuan
from portal.old_parts import rules
from portal.old_parts.rules import Held, Taken

OLD = Held(7, 1, Decimal("13.80"), date(2026, 5, 18))
NEW = Held(9, 8, Decimal("14.20"), date(2026, 8, 14))

patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # other tests run beside
prices = st.integers(0, 1_000_000).map(yuan)
layers = st.lists(st.tuples(st.integers(1, 20), prices), min_size=1, max_size=6).map(
    lambda many: [Held(number, left, price, date(2026, 1, 1)) for number, (left, price) in enumerate(many, start=1)]
)


def test_R36_the_oldest_layers_go_first():
    taken = rules.take_oldest([OLD, NEW], 2)
    assert taken == [Taken(7, 1, Decimal("13.80")), Taken(9, 1, Decimal("14.20"))]
    assert rules.amount(taken) == Decimal("28.00")


def test_R36_more_than_is_held_is_not_taken():
    assert rules.held([OLD, NEW]) == 9
    assert rules.take_oldest([OLD, NEW], 10) is None
    assert rules.take_oldest([], 1) is None
    assert rules.take_oldest([Held(3, 0, Decimal("1.00"), date(2026, 1, 1)), OLD], 1) == [Taken(7, 1, Decimal("13.80"))]


def test_R43_cutting_the_quantity_returns_the_newest_bought_first():
    taken = [Taken(7, 1, Decimal("13.80")), Taken(9, 3, Decimal("14.20"))]
    assert rules.give_back(taken, 2) == {9: 2}
    assert rules.give_back(taken, 4) == {9: 3, 7: 1}
    assert rules.amount_of_oldest(taken, 2) == Decimal("28.00")
    assert rules.amount_of_oldest(taken, 4) == Decimal("56.40")


def test_R43_taking_again_undoes_giving_back_the_other_way_round():
    taken = [Taken(7, 1, Decimal("13.80"), returned=1), Taken(9, 3, Decimal("14.20"), returned=3)]
    assert rules.take_again(taken, 2) == {7: 1, 9: 1}
    assert rules.amount(taken) == Decimal("0.00")


@pytest.mark.parametrize("pieces", [-1, 5])
def test_no_more_goes_back_or_is_taken_again_than_there_is(pieces):
    taken = [Taken(7, 4, Decimal("1.00"), returned=0)]
    back = [Taken(7, 4, Decimal("1.00"), returned=4)]
    for act in (
        lambda: rules.give_back(taken, pieces),
        lambda: rules.take_again(back, pieces),
        lambda: rules.amount_of_oldest(taken, pieces),
    ):
        with pytest.raises(ValueError):  # noqa: PT011
            act()


@patient
@given(held=layers, share=st.floats(0, 1))
def test_R36_R40_what_is_taken_adds_up_and_stays_within_each_layer(held, share):
    quantity = max(1, round(share * rules.held(held)))
    taken = rules.take_oldest(held, quantity)
    assert sum(part.pieces for part in taken) == quantity
    left = {layer.layer_id: layer.left for layer in held}
    assert all(0 < part.pieces <= left[part.layer_id] for part in taken)
    assert rules.amount(taken) == sum((part.pieces * part.price for part in taken), Decimal(0))
    full = [part for part in taken[:-1] if part.pieces != left[part.layer_id]]
    assert full == []


@patient
@given(held=layers, share=st.floats(0, 1))
def test_R43_what_stays_is_worth_its_oldest_pieces(held, share):
    taken = rules.take_oldest(held, rules.held(held))
    kept = round(share * rules.held(held))
    back = rules.give_back(taken, rules.held(held) - kept)
    after = [Taken(part.layer_id, part.pieces, part.price, back.get(part.layer_id, 0)) for part in taken]
    assert rules.amount(after) == rules.amount_of_oldest(taken, kept)
    assert rules.take_again(after, rules.held(held) - kept) == back


def test_R30_seven_days_end_with_the_seventh_day():
    last = rules.report_by(date(2026, 11, 2), 7)
    assert last == date(2026, 11, 9)
    assert not rules.is_late(date(2026, 11, 9), last)
    assert rules.is_late(date(2026, 11, 10), last)


@pytest.mark.parametrize(
    ("today", "left", "urgency"),
    [
        (date(2026, 11, 5), 4, ""),
        (date(2026, 11, 6), 3, "amber"),
        (date(2026, 11, 8), 1, "amber"),
        (date(2026, 11, 9), 0, "red"),
        (date(2026, 11, 11), -2, "red"),
    ],
)
def test_R30_the_countdown_turns_amber_three_days_before_and_red_on_the_last(today, left, urgency):
    assert rules.days_left(today, date(2026, 11, 9)) == left
    assert rules.urgency(today, date(2026, 11, 9)) == urgency
