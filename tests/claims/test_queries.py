"""What is seen of claims: lists by key, tab counts, what may be claimed, when a month settles."""

from datetime import date

import pytest

from portal.claims import actions, queries
from portal.claims.queries import Filters
from portal.core.terms import TermValue
from tests.claims.kit import OCTOBER, TEN, at, yuan


@pytest.fixture
def claims(world):
    """D001: RC2610-0001 in review (one line approved, one wanted), RC2610-0002 submitted, one draft; D002: RC2609-0001 decided."""
    world.received_order(world.d1, {"P1": 6})
    world.received_order(world.d2, {"P1": 2}, when="2026-09-10 09:00")
    one, two, three = (world.reviewed_old_part(world.d1, replaced=f"2026-10-{day}") for day in (10, 11, 12))
    world.submitted_claim(world.d1, [one, two])
    with world.as_(world.hq.clerk) as session:
        actions.approve(session, world.hq.clerk, "RC2610-0001", positions=[1], at=TEN)
        actions.want(session, world.hq.clerk, "RC2610-0001", positions=[2], reason="请补拍", at=TEN)
    world.submitted_claim(world.d1, [three], when="2026-10-21 09:00")
    with world.as_(world.d1.clerk) as session:
        actions.draft(session, world.d1.clerk, month=OCTOBER, at=TEN)
    world.approved_claim(
        world.d2, [world.reviewed_old_part(world.d2, replaced="2026-09-20")], month="2026-09", when="2026-10-01 09:00"
    )
    return world


def numbers(world, who, **asked):
    with world.as_(who) as session:
        return [row.number for row in queries.rows(session, Filters(**asked))]


def test_r1_a_dealer_sees_its_own_claims_and_hq_all_but_drafts(claims):
    assert numbers(claims, claims.d1.clerk) == [None, "RC2610-0002", "RC2610-0001"]
    assert numbers(claims, claims.d2.clerk) == ["RC2609-0001"]
    assert numbers(claims, claims.hq.clerk, drafts=False) == ["RC2609-0001", "RC2610-0002", "RC2610-0001"]


def test_tabs_count_open_claims_and_those_with_a_wanted_line(claims):
    with claims.as_(claims.hq.clerk) as session:
        assert queries.counts(session, drafts=False) == {"submitted": 1, "in-review": 1, "wanted": 1}
    with claims.as_(claims.d1.clerk) as session:
        assert queries.counts(session, drafts=True) == {"draft": 1, "submitted": 1, "in-review": 1, "wanted": 1}
    with claims.as_(claims.d2.clerk) as session:
        assert queries.counts(session, drafts=True) == {"draft": 0, "submitted": 0, "in-review": 0, "wanted": 0}


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"tab": "submitted"}, ["RC2610-0002"]),
        ({"tab": "in-review"}, ["RC2610-0001"]),
        ({"tab": "wanted"}, ["RC2610-0001"]),
        ({"tab": "decided"}, ["RC2609-0001"]),
        ({"month": date(2026, 9, 1)}, ["RC2609-0001"]),
        ({"dealer": "D002"}, ["RC2609-0001"]),
        ({"dealer": "D999"}, []),
        ({"text": "rc2610"}, ["RC2610-0002", "RC2610-0001"]),
        ({"text": " D002 "}, ["RC2609-0001"]),
        ({"text": "厦门"}, ["RC2609-0001"]),
        ({"text": "op2610-0002"}, ["RC2610-0001"]),
        ({"text": "100%"}, []),
        ({"text": "'; DROP TABLE claims"}, []),
    ],
)
def test_filters_find_by_state_month_dealer_number_and_old_part(claims, asked, found):
    assert numbers(claims, claims.hq.clerk, drafts=False, **asked) == found


def test_a_claim_is_found_by_the_serial_number_of_a_line(claims):
    with claims.as_(claims.hq.clerk) as session:
        serial = queries.line_rows(session, queries.claim(session, "RC2610-0002").id)[0].serial
    assert numbers(claims, claims.hq.clerk, drafts=False, text=serial.lower()) == ["RC2610-0002"]


def test_r43_a_row_says_lines_open_ones_and_both_sums_apart(claims):
    with claims.as_(claims.hq.clerk) as session:
        row = next(row for row in queries.rows(session, Filters(drafts=False)) if row.number == "RC2610-0001")
        decided = next(row for row in queries.rows(session, Filters(drafts=False)) if row.number == "RC2609-0001")
    assert (row.lines, row.open_lines, row.wanted, row.claimed, row.approved) == (2, 1, 1, yuan("25.00"), yuan("12.50"))
    assert (decided.open_lines, decided.claimed, decided.approved) == (0, yuan("12.50"), yuan("12.50"))
    with claims.as_(claims.d1.clerk) as session:
        empty = queries.rows(session, Filters(tab="draft"))[0]
    assert (empty.lines, empty.claimed, empty.approved) == (0, yuan("0.00"), None)


def test_the_list_goes_on_by_key_to_older_claims(claims):
    with claims.as_(claims.d1.clerk) as session:
        first = queries.rows(session, Filters(), limit=2)
        rest = queries.rows(session, Filters(), before_id=first[-1].id, limit=2)
    assert [row.number for row in (*first, *rest)] == [None, "RC2610-0002", "RC2610-0001"]


def test_r36_what_may_be_claimed_is_of_the_month_not_withdrawn_and_on_no_line(world):
    from portal.old_parts import actions as old_parts

    world.received_order(world.d1, {"P1": 6}, when="2026-09-10 09:00")
    september = world.registered_old_part(world.d1, replaced="2026-09-30")
    first, reported, gone = (
        world.registered_old_part(world.d1, replaced="2026-10-01"), world.reported_old_part(world.d1, replaced="2026-10-31"),
        world.registered_old_part(world.d1, replaced="2026-10-05"),
    )  # fmt: skip
    claimed = world.reviewed_old_part(world.d1, replaced="2026-10-07")
    world.submitted_claim(world.d1, [claimed])
    with world.as_(world.d1.technician) as session:
        old_parts.withdraw(session, world.d1.technician, gone, reason="错", at=at("2026-10-06 09:00"))
    with world.as_(world.d1.clerk) as session:
        assert [one.number for one in queries.claimable(session, world.d1.id, OCTOBER, limit=9)] == [first, reported]
        assert [one.number for one in queries.claimable(session, world.d1.id, date(2026, 9, 15), limit=9)] == [
            september
        ]
        assert queries.claimable_months(session, world.d1.id) == [
            (date(2026, 10, 1), 2, yuan("25.00")),
            (date(2026, 9, 1), 1, yuan("12.50")),
        ]
        checked = queries.check_old_parts(
            session,
            world.d1.clerk,
            [one.id for one in queries.claimable(session, world.d1.id, OCTOBER, limit=9)],
            month=OCTOBER,
            today=date(2026, 11, 1),
        )
    said = [{check.code for check in checks if check.level != "pass"} for checks in checked.values()]
    assert said == [{"not-reported", "old-part-pending"}, {"old-part-pending"}]


def test_r50_a_month_settles_on_the_day_that_is_the_term_on_the_first_of_the_next(world):
    with world.as_(world.hq.manager) as session:
        session.add(TermValue(name="settlement.day", from_day=date(2026, 11, 2), value=10, set_at=TEN, set_by="x"))
    with world.as_(world.hq.clerk) as session:
        assert queries.settles_on(session, OCTOBER) == date(
            2026, 11, 3
        )  # the new day holds from 2 November: too late for this one
        assert queries.settles_on(session, date(2026, 11, 17)) == date(2026, 12, 10)


def test_a_claim_is_found_by_its_number_and_still_by_the_address_of_its_draft(claims):
    with claims.as_(claims.d1.clerk) as session:
        found = queries.claim(session, "RC2610-0002")
        assert queries.claim(session, found.public_id).number == "RC2610-0002"


def test_a_list_takes_two_statements_for_a_dealer_and_three_for_hq(claims):
    from sqlalchemy import event

    from portal.core.db import db

    seen = []

    def note(*given):
        seen.append(given[2])

    with claims.as_(claims.hq.clerk) as session:
        session.connection()
        event.listen(db.engine, "before_cursor_execute", note)
        queries.counts(session, drafts=False)
        queries.rows(session, Filters(drafts=False))
        event.remove(db.engine, "before_cursor_execute", note)
    assert len(seen) == 2
