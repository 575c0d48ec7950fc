"""R41: every check each way; pure, no database."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from portal.claims import checks
from portal.claims.checks import Asked, Check, Known, Limits
from portal.claims.labels import check_codes, check_said
from portal.old_parts.models import OldPartState, Review
from portal.warranty.models import Basis, Use
from portal.warranty.rules import Reason, Verdict

COVERED = Verdict(
    covered=True, reason=Reason.COVERED, day=date(2026, 10, 10), cause="quality", use=Use.HOME, policy_version="202607", line_no=2,
    part_group="阀类", months=60, basis=Basis.INSTALLED, counts_from=date(2025, 3, 2), last_day=date(2030, 3, 2),
)  # fmt: skip
GOOD = Known(
    number="OP2610-0001", state=OldPartState.REPORTED, review=Review.ACCEPTED, review_reason="", verdict=COVERED, cause="quality",
    service_day=date(2026, 10, 10), registered_on=date(2026, 10, 10), report_by=date(2026, 10, 17), reported_on=date(2026, 10, 12),
    reported_late=False, quantity=2, allocated=2, amount=Decimal("25.00"), photos=2, photo_seen=False, fault="F01 不停进水",
    fault_category="坐便器", part_category="坐便器", repeat=None, average_lines=5, average_total=Decimal("62.50"), elsewhere=None,
)  # fmt: skip
ASKED = Asked(month=date(2026, 10, 1), today=date(2026, 10, 20), claimed_on=date(2026, 10, 20), quantity=2)
LIMITS = Limits(late_days=60, repeat_days=90, factor=2)


def found(known: Known = GOOD, asked: Asked = ASKED) -> dict[str, str]:
    return {check.code: check.level for check in checks.run(known, asked, LIMITS)}


def only(known: Known = GOOD, asked: Asked = ASKED) -> dict[str, str]:
    """What does not simply pass."""
    return {code: level for code, level in found(known, asked).items() if level != "pass"}


def test_r41_a_good_line_passes_every_check_in_the_order_of_the_page():
    assert list(found()) == [
        "covered", "cause-covered", "reported", "only-here", "allocated", "in-month", "in-time", "photos", "old-part-accepted",
        "reported-in-time", "fault-fits", "no-repeat", "photos-new", "amount-usual",
    ]  # fmt: skip
    assert only() == {}


def test_r41_more_than_the_model_takes_is_left_out_while_nobody_knows_it():
    assert not [code for code in found() if "model" in code]


@pytest.mark.parametrize(
    "reason", [Reason.EXPIRED, Reason.NOT_YET, Reason.NEVER_COVERED, Reason.NO_POLICY, Reason.NO_LINE, Reason.NO_DATE]
)
def test_r41_out_of_warranty_on_the_service_day_blocks(reason: Reason):
    known = replace(GOOD, verdict=replace(COVERED, covered=False, reason=reason))
    assert only(known) == {"not-covered": "block"}


def test_r41_a_cause_that_excludes_cover_blocks_in_time_or_out_of_it():
    inside = replace(
        GOOD, cause="man-made", verdict=replace(COVERED, covered=False, reason=Reason.EXCLUDED_CAUSE, cause="man-made")
    )
    outside = replace(
        GOOD, cause="man-made", verdict=replace(COVERED, covered=False, reason=Reason.EXPIRED, cause="man-made")
    )
    assert only(inside) == {"cause-excluded": "block"}
    assert only(outside) == {"not-covered": "block", "cause-excluded": "block"}


def test_r30_a_part_not_reported_blocks_and_says_nothing_of_lateness():
    known = replace(GOOD, state=OldPartState.REGISTERED, reported_on=None, review=Review.PENDING)
    assert only(known) == {"not-reported": "block", "old-part-pending": "warn"}
    assert "reported-in-time" not in found(known)


def test_r36_a_withdrawn_registration_blocks():
    assert only(replace(GOOD, state=OldPartState.WITHDRAWN)) == {"withdrawn": "block"}


def test_r33_a_registration_on_another_line_blocks_and_names_the_claim():
    known = replace(GOOD, elsewhere="RC2610-0003")
    assert only(known) == {"claimed-elsewhere": "block"}
    facts = next(check.facts for check in checks.run(known, ASKED, LIMITS) if check.code == "claimed-elsewhere")
    assert facts == {"number": "OP2610-0001", "claim": "RC2610-0003"}
    assert only(replace(GOOD, elsewhere="")) == {"on-a-draft": "block"}


def test_r36_missing_allocation_blocks():
    assert only(replace(GOOD, allocated=1)) == {"allocation-missing": "block"}
    assert only(replace(GOOD, allocated=1), replace(ASKED, quantity=1)) == {}  # cut to one piece: one is enough


@pytest.mark.parametrize(
    ("service", "today", "expected"),
    [
        ("2026-10-01", "2026-10-20", {}),
        ("2026-10-31", "2026-11-05", {}),
        ("2026-09-30", "2026-10-20", {"outside-month": "block"}),
        ("2026-11-01", "2026-11-05", {"outside-month": "block"}),
        ("2026-10-21", "2026-10-20", {"day-ahead": "block"}),
        ("2026-10-20", "2026-10-20", {}),
    ],
)
def test_r41_the_day_lies_in_the_month_and_not_in_the_future(service: str, today: str, expected: dict[str, str]):
    asked = replace(ASKED, today=date.fromisoformat(today), claimed_on=date.fromisoformat(today))
    assert only(replace(GOOD, service_day=date.fromisoformat(service)), asked) == expected


@pytest.mark.parametrize(("claimed_on", "expected"), [("2026-12-09", {}), ("2026-12-10", {"too-late": "block"})])
def test_r44_a_line_may_be_claimed_up_to_60_days_after_the_service_day(claimed_on: str, expected: dict[str, str]):
    asked = replace(ASKED, today=date(2027, 3, 1), claimed_on=date.fromisoformat(claimed_on))
    assert only(GOOD, asked) == expected


def test_r41_no_photos_block_and_none_can_have_been_seen():
    known = replace(GOOD, photos=0)
    assert only(known) == {"no-photos": "block"}
    assert not {"photos-new", "photo-seen"} & set(found(known))


def test_r41_a_photo_seen_before_warns():
    assert only(replace(GOOD, photo_seen=True)) == {"photo-seen": "warn"}


@pytest.mark.parametrize(
    ("review", "expected"),
    [
        (Review.ACCEPTED, {}),
        (Review.PENDING, {"old-part-pending": "warn"}),
        (Review.WANTED, {"old-part-wanted": "warn"}),
        (Review.REFUSED, {"old-part-refused": "block"}),
    ],
)
def test_r35_the_review_of_the_old_part_warns_until_it_is_accepted_and_blocks_when_refused(
    review: Review, expected: dict[str, str]
):
    assert only(replace(GOOD, review=review, review_reason="照片看不清")) == expected


def test_r36_a_late_report_warns():
    assert only(replace(GOOD, reported_late=True, reported_on=date(2026, 10, 18))) == {"reported-late": "warn"}


@pytest.mark.parametrize(
    ("fault", "part", "expected"),
    [
        ("面盆龙头", "坐便器", {"fault-category": "warn"}),
        (None, "坐便器", {}),
        ("面盆龙头", None, {}),
        ("坐便器", "坐便器", {}),
    ],
)
def test_r15_a_fault_of_another_category_warns(fault: str | None, part: str | None, expected: dict[str, str]):
    assert only(replace(GOOD, fault_category=fault, part_category=part)) == expected


def test_r41_the_same_serial_and_part_within_90_days_warns_and_says_how_many_apart():
    known = replace(GOOD, repeat=("OP2608-0004", date(2026, 8, 1)))
    assert only(known) == {"repeat": "warn"}
    facts = next(check.facts for check in checks.run(known, ASKED, LIMITS) if check.code == "repeat")
    assert facts == {"number": "OP2608-0004", "day": "2026-08-01", "days": 70}


@pytest.mark.parametrize(
    ("amount", "lines", "total", "code", "level"),
    [
        ("25.00", 5, "62.50", "amount-usual", "pass"),  # exactly twice the average of 12.50
        ("25.01", 5, "62.50", "amount-unusual", "warn"),
        ("9999.00", 4, "50.00", "sample-small", "pass"),  # 样本不足
        ("0.00", 0, "0.00", "sample-small", "pass"),
        ("33.34", 6, "100.00", "amount-unusual", "warn"),  # 2 × 16.666…
        ("33.33", 6, "100.00", "amount-usual", "pass"),
    ],
)
def test_r41_over_twice_the_average_warns_and_under_five_lines_pass(
    amount: str, lines: int, total: str, code: str, level: str
):
    known = replace(GOOD, amount=Decimal(amount), average_lines=lines, average_total=Decimal(total))
    assert found(known)[code] == level


def test_r41_the_worst_check_is_the_level_of_the_line():
    warn, block, passed = Check("warn", "photo-seen", {}), Check("block", "withdrawn", {}), Check("pass", "photos", {})
    assert checks.level([]) == "pass"
    assert checks.level([passed, warn]) == "warn"
    assert checks.level([warn, block, passed]) == "block"


def test_r41_a_check_survives_its_storage():
    for check in checks.run(GOOD, ASKED, LIMITS):
        assert Check.from_json(check.to_json()) == check


EVERY_WAY = [
    GOOD,
    replace(GOOD, verdict=replace(COVERED, covered=False, reason=Reason.EXPIRED)),
    replace(GOOD, cause="use", verdict=replace(COVERED, covered=False, reason=Reason.EXCLUDED_CAUSE, cause="use")),
    replace(GOOD, state=OldPartState.REGISTERED, reported_on=None, review=Review.PENDING, photos=0),
    replace(GOOD, state=OldPartState.WITHDRAWN, elsewhere="", allocated=0, photo_seen=True),
    replace(GOOD, elsewhere="RC2610-0003", reported_late=True, review=Review.WANTED, fault_category="面盆龙头"),
    replace(GOOD, review=Review.REFUSED, repeat=("OP1", date(2026, 10, 1)), average_lines=0),
    replace(GOOD, service_day=date(2026, 12, 1)),
    replace(GOOD, service_day=date(2026, 8, 1), amount=Decimal(1000)),
]


def test_r41_every_check_that_can_be_said_has_words_and_no_words_are_left_over(app):
    asked = replace(ASKED, claimed_on=date(2026, 12, 25))
    said = {
        check.code: check for known in EVERY_WAY for one in (ASKED, asked) for check in checks.run(known, one, LIMITS)
    }
    assert set(said) == check_codes()
    for check in said.values():
        level, sentence, why = check_said(check, str)
        assert level == check.level
        assert sentence
        assert "%(" not in sentence + why
