"""R43, R50: which month pays a line, to the instant; what a cut leaves, to the fen."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from portal.claims import rules
from portal.claims.rules import Code, pays_in, settlement_day
from portal.core import clock
from portal.old_parts.rules import Taken

SHANGHAI = ZoneInfo("Asia/Shanghai")


def day(text: str) -> date:
    return date.fromisoformat(text)


@pytest.mark.parametrize(
    ("service", "approved", "month"),
    [
        ("2026-10-20", "2026-11-02", "2026-10-01"),  # domain.md: paid on 3 Nov
        ("2026-10-20", "2026-11-05", "2026-11-01"),  # domain.md: paid on 3 Dec
        ("2026-11-01", "2026-11-02", "2026-11-01"),  # domain.md: service not before 1 Nov
        ("2026-10-20", "2026-11-03", "2026-11-01"),  # the settlement day has begun
        ("2026-10-31", "2026-11-02", "2026-10-01"),
        ("2026-10-31", "2026-10-31", "2026-10-01"),
        ("2026-10-01", "2026-10-01", "2026-10-01"),
        ("2026-09-30", "2026-10-02", "2026-09-01"),  # approved before September's settlement day
        ("2026-09-30", "2026-10-03", "2026-10-01"),
        ("2026-08-15", "2026-10-20", "2026-10-01"),  # a late line (R44) never pays in a month already settled
        ("2026-12-31", "2027-01-02", "2026-12-01"),  # year's end
        ("2026-12-31", "2027-01-03", "2027-01-01"),
        ("2027-12-31", "2028-01-02", "2027-12-01"),
        ("2028-02-29", "2028-03-02", "2028-02-01"),  # leap day
        ("2028-02-29", "2028-03-03", "2028-03-01"),
        ("2027-02-28", "2027-03-02", "2027-02-01"),
        ("2028-01-31", "2028-02-29", "2028-02-01"),
    ],
)
def test_r50_a_line_is_paid_in_the_first_month_that_may(service: str, approved: str, month: str):
    assert pays_in(day(service), day(approved), 3) == day(month)


def test_r50_agrees_with_its_definition_on_every_pair_of_days_around_a_leap_year():
    days = [day("2027-11-20") + timedelta(days=step) for step in range(0, 160, 1)]
    for day_of_month in (1, 3, 28):
        for service in days[::3]:
            for approved in days[::2]:
                month = date(service.year, service.month, 1)
                while approved >= settlement_day(month, day_of_month):
                    month = (month.replace(day=28) + timedelta(days=4)).replace(day=1)
                assert pays_in(service, approved, day_of_month) == month


@pytest.mark.parametrize(
    ("instant", "month"),
    [
        ("2026-11-02T15:59:59.999999+00:00", "2026-10-01"),  # 2 Nov 23:59:59.999999 in Shanghai
        ("2026-11-02T16:00:00+00:00", "2026-11-01"),  # 3 Nov 00:00 in Shanghai, still the 2nd in UTC
        ("2026-11-02T23:59:59+08:00", "2026-10-01"),
        ("2026-11-03T00:00:00+08:00", "2026-11-01"),
        ("2026-12-31T16:00:00+00:00", "2026-12-01"),  # 1 Jan 2027 in Shanghai
        ("2027-01-02T16:00:00+00:00", "2027-01-01"),  # 3 Jan 2027 in Shanghai
    ],
)
def test_r50_the_settlement_day_begins_at_midnight_in_the_brands_zone(instant: str, month: str):
    approved_on = clock.day(datetime.fromisoformat(instant), SHANGHAI)
    assert pays_in(day("2026-10-20"), approved_on, 3) == day(month)


def test_r50_a_day_comparison_says_the_same_as_comparing_the_instant_with_midnight():
    begins = clock.start_of(settlement_day(day("2026-10-01"), 3), SHANGHAI)
    assert begins == datetime(2026, 11, 2, 16, tzinfo=UTC)
    for seconds in (-86400, -1, 0, 1, 86400):
        instant = begins + timedelta(seconds=seconds)
        before = clock.day(instant, SHANGHAI) < settlement_day(day("2026-10-01"), 3)
        assert before == (instant < begins)


@pytest.mark.parametrize(
    ("month", "day_of_month", "settles"),
    [
        ("2026-10-01", 3, "2026-11-03"),
        ("2026-10-31", 3, "2026-11-03"),
        ("2026-12-01", 3, "2027-01-03"),
        ("2028-01-01", 28, "2028-02-28"),
        ("2027-01-31", 28, "2027-02-28"),
        ("2026-12-01", 1, "2027-01-01"),
    ],
)
def test_r50_a_month_settles_on_its_day_of_the_next_month(month: str, day_of_month: int, settles: str):
    assert settlement_day(day(month), day_of_month) == day(settles)


def test_r50_with_a_term_that_changes_each_month_has_its_own_day():
    def days(month: date) -> date:
        return settlement_day(month, 3 if month < day("2026-11-01") else 10)

    assert rules.first_month(day("2026-10-20"), day("2026-11-05"), days) == day("2026-11-01")
    assert rules.first_month(day("2026-11-20"), day("2026-12-09"), days) == day("2026-11-01")
    assert rules.first_month(day("2026-11-20"), day("2026-12-10"), days) == day("2026-12-01")


TAKEN = (Taken(7, 2, Decimal("13.80")), Taken(9, 3, Decimal("14.20")), Taken(12, 1, Decimal("0.00")))


@pytest.mark.parametrize(
    ("pieces", "amount", "left"),
    [
        (6, "70.20", {7: 2, 9: 3, 12: 1}),
        (5, "70.20", {7: 2, 9: 3, 12: 0}),
        (4, "56.00", {7: 2, 9: 2, 12: 0}),
        (2, "27.60", {7: 2, 9: 0, 12: 0}),
        (1, "13.80", {7: 1, 9: 0, 12: 0}),
        (0, "0.00", {7: 0, 9: 0, 12: 0}),
    ],
)
def test_r43_cutting_the_quantity_cuts_the_newest_bought_pieces_first(pieces: int, amount: str, left: dict[int, int]):
    assert rules.amount_after_cut(TAKEN, pieces) == Decimal(amount)
    assert rules.cut_pieces(TAKEN, pieces) == left


def test_r43_a_cut_counts_from_all_pieces_taken_even_when_some_went_back_before():
    earlier = (Taken(7, 2, Decimal("13.80")), Taken(9, 3, Decimal("14.20"), returned=2))
    assert rules.amount_after_cut(earlier, 4) == Decimal("56.00")
    assert rules.cut_pieces(earlier, 4) == {7: 2, 9: 2}


@pytest.mark.parametrize("pieces", [-1, 7])
def test_r43_no_more_can_be_kept_than_was_taken(pieces: int):
    with pytest.raises(ValueError, match=str(pieces)):
        rules.amount_after_cut(TAKEN, pieces)


def test_r43_a_claim_is_open_while_a_line_is_submitted_or_wanted():
    assert rules.open_claim(["approved", "submitted"])
    assert rules.open_claim(["wanted"])
    assert not rules.open_claim(["approved", "reduced", "refused"])


def test_r43_a_stamp_tells_one_decision_from_another_and_from_none():
    first, later = datetime(2026, 10, 20, 1, tzinfo=UTC), datetime(2026, 10, 20, 1, 0, 0, 1, tzinfo=UTC)
    assert rules.stamp("submitted", None) == ""
    assert len({rules.stamp("approved", first), rules.stamp("refused", first), rules.stamp("approved", later)}) == 3


def test_r43_full_approval_is_no_reason_to_cut_and_part_approval_none_to_refuse():
    assert Code.FWC not in rules.CUT_CODES
    assert Code.PWA in rules.CUT_CODES
    assert Code.PWA not in rules.REFUSE_CODES
    assert {Code.EW, Code.CDR, Code.DC, Code.IIS, Code.PNP, Code.PNR} <= set(rules.REFUSE_CODES)
