"""The warranty verdict, pure (R13, R14)."""

import calendar
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.core.months import add_months
from portal.warranty import rules
from portal.warranty.models import Basis, Use
from portal.warranty.rules import Days, Line, Reason, Verdict

UNIT = Line(1, None, 36, 12, Basis.INSTALLED)
VALVE = Line(13, "阀芯", 72, 12, Basis.INSTALLED)
WEARS = Line(3, "易耗件", 0, 0, Basis.INSTALLED)
LINES = (UNIT, VALVE, WEARS)
INSTALLED = Days(made_on=date(2020, 12, 1), bought_on=date(2021, 2, 1), installed_on=date(2021, 3, 2))

patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # other tests run beside
days = st.dates(date(1990, 1, 1), date(2150, 12, 31))
months = st.integers(0, 600)


def judge(
    *, group="阀芯", on=date(2026, 10, 21), days=INSTALLED, use=Use.HOME, cause="quality", lines=LINES, version="202608"
):
    return rules.verdict(policy_version=version, lines=lines, part_group=group, days=days, use=use, cause=cause, on=on)


def test_R13_the_line_of_the_parts_group_decides():
    verdict = judge()
    assert verdict == Verdict(
        covered=True, reason=Reason.COVERED, day=date(2026, 10, 21), cause="quality", use=Use.HOME, policy_version="202608",
        line_no=13, part_group="阀芯", months=72, basis=Basis.INSTALLED, counts_from=date(2021, 3, 2), last_day=date(2027, 3, 2),
    )  # fmt: skip


@pytest.mark.parametrize("group", ["", "塑料件"])
def test_R13_without_a_group_or_without_its_line_the_whole_unit_line_decides(group):
    verdict = judge(group=group)
    assert (verdict.covered, verdict.reason) == (False, Reason.EXPIRED)
    assert (verdict.line_no, verdict.part_group, verdict.months, verdict.last_day) == (1, None, 36, date(2024, 3, 2))


def test_R13_zero_months_means_never_covered():
    verdict = judge(group="易耗件", on=date(2021, 3, 2))
    assert (verdict.covered, verdict.reason, verdict.line_no, verdict.last_day) == (
        False,
        Reason.NEVER_COVERED,
        3,
        None,
    )


def test_R13_commercial_use_has_months_of_its_own():
    assert judge(use=Use.COMMERCIAL, on=date(2022, 3, 2)).covered
    verdict = judge(use=Use.COMMERCIAL, on=date(2022, 3, 3))
    assert (verdict.covered, verdict.reason, verdict.months, verdict.last_day) == (
        False,
        Reason.EXPIRED,
        12,
        date(2022, 3, 2),
    )


@pytest.mark.parametrize(
    ("known", "basis", "first"),
    [
        (Days(date(2020, 11, 30), date(2021, 2, 1), date(2021, 3, 2)), Basis.INSTALLED, date(2021, 3, 2)),
        (Days(date(2020, 11, 30), date(2021, 2, 1), None), Basis.BOUGHT, date(2021, 2, 1)),
        (Days(date(2020, 11, 30), None, None), Basis.MADE, date(2021, 2, 28)),
    ],
)
def test_R13_counts_from_installation_else_purchase_else_production_plus_3_months(known, basis, first):
    verdict = judge(days=known)
    assert (verdict.basis, verdict.counts_from, verdict.last_day) == (basis, first, add_months(first, 72))


def test_R13_a_line_that_counts_from_purchase_does_not_ask_for_installation():
    bought = Line(2, None, 12, 12, Basis.BOUGHT)
    assert judge(group="", lines=[bought]).counts_from == date(2021, 2, 1)
    made = Line(2, None, 12, 12, Basis.MADE)
    assert judge(group="", lines=[made]).counts_from == date(2021, 3, 1)
    assert judge(group="", lines=[bought], days=Days(installed_on=date(2021, 3, 2))).reason is Reason.NO_DATE


def test_R13_without_any_day_it_is_out():
    verdict = judge(days=Days())
    assert (verdict.covered, verdict.reason, verdict.counts_from) == (False, Reason.NO_DATE, None)


@pytest.mark.parametrize("cause", ["installation", "use", "man-made", "transport"])
def test_R13_only_the_cause_quality_is_covered(cause):
    verdict = judge(cause=cause)
    assert (verdict.covered, verdict.reason, verdict.last_day) == (False, Reason.EXCLUDED_CAUSE, date(2027, 3, 2))


def test_R15_before_the_first_day_of_cover_it_is_out():
    coming = Days(installed_on=date(2026, 12, 1))
    assert judge(days=coming, on=date(2026, 11, 30)).reason is Reason.NOT_YET
    assert judge(days=coming, on=date(2026, 12, 1)).covered


def test_R13_without_a_policy_in_force_or_a_line_it_is_out():
    assert judge(version=None, lines=()).reason is Reason.NO_POLICY
    assert judge(lines=()).reason is Reason.NO_LINE
    assert judge(lines=(VALVE,), group="塑料件").reason is Reason.NO_LINE


def test_R14_twelve_months_from_2025_03_02_last_until_the_end_of_2026_03_02():
    line = Line(1, None, 12, 12, Basis.INSTALLED)
    installed = Days(installed_on=date(2025, 3, 2))
    assert judge(group="", lines=[line], days=installed, on=date(2026, 3, 2)).covered
    assert judge(group="", lines=[line], days=installed, on=date(2026, 3, 3)).reason is Reason.EXPIRED


@pytest.mark.parametrize(
    ("first", "more", "last"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2025, 12, 31), 2, date(2026, 2, 28)),
        (date(2025, 3, 2), 12, date(2026, 3, 2)),
    ],
)
def test_R14_the_same_day_or_the_months_last(first, more, last):
    assert rules.last_day(first, more) == last


@patient
@given(first=days, more=months)
def test_R14_the_day_is_the_same_or_that_months_last(first, more):
    last = rules.last_day(first, more)
    end = calendar.monthrange(last.year, last.month)[1]
    assert (last.year * 12 + last.month) - (first.year * 12 + first.month) == more
    assert last.day == min(first.day, end)


@patient
@given(first=days, more=months)
def test_R14_a_longer_cover_never_ends_earlier(first, more):
    assert rules.last_day(first, more + 1) > rules.last_day(first, more)


@patient
@given(first=days, later=st.integers(0, 400), more=months)
def test_R14_what_begins_later_never_ends_earlier(first, later, more):
    assert rules.last_day(first + timedelta(days=later), more) >= rules.last_day(first, more)


@patient
@given(first=days, more=st.integers(1, 600), shift=st.integers(-40, 40))
def test_R14_cover_is_exactly_the_days_from_the_first_to_the_last(first, more, shift):
    line = Line(1, None, more, more, Basis.INSTALLED)
    last = rules.last_day(first, more)
    for border in (first, last):
        on = border + timedelta(days=shift)
        assert judge(group="", lines=[line], days=Days(installed_on=first), on=on).covered == (first <= on <= last)


@patient
@given(
    installed=st.none() | days, bought=st.none() | days, made=st.none() | days, on=days,
    use=st.sampled_from(Use), cause=st.sampled_from(["quality", "use"]), group=st.sampled_from(["", "阀芯", "易耗件", "别的"]),
)  # fmt: skip
def test_a_stored_verdict_reads_back_as_it_was(installed, bought, made, on, use, cause, group):
    verdict = judge(group=group, on=on, days=Days(made, bought, installed), use=use, cause=cause)
    assert Verdict.from_json(verdict.to_json()) == verdict
    assert Verdict.from_json(verdict.to_json()).to_json() == verdict.to_json()
    assert verdict.covered == (verdict.reason is Reason.COVERED)
