"""R70 on a real database: draft, submit, approve, send back, refuse; one in force per dealer, region and day."""

from __future__ import annotations

import threading
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from portal.core.errors import NotFound, Refused
from portal.fees import actions, queries
from portal.fees.models import FeeState
from portal.fees.rules import FeeWish
from tests.factories.world import World, at

ITEMS = (FeeWish("上门费", "次", Decimal("50.00"), "市区"), FeeWish("清洗水路", "次", Decimal("80.00")))
REGION = "福州市区"


def drafted(
    world: World,
    *,
    first: str = "2026-11-20",
    region: str = REGION,
    items=ITEMS,
    when: str = "2026-11-10 09:00",
    shop=None,
) -> str:
    shop = shop or world.d1
    with world.as_(shop.clerk) as session:
        schedule = actions.draft(
            session, shop.clerk, region=region, from_day=date.fromisoformat(first), items=items, note="", at=at(when)
        )
        return schedule.public_id


def submitted(world: World, *, when: str = "2026-11-10 10:00", **how) -> str:
    ref = drafted(world, **how)
    shop = how.get("shop") or world.d1
    with world.as_(shop.manager) as session:
        return str(actions.submit(session, shop.manager, ref, at=at(when)).number)


def approved(world: World, *, when: str = "2026-11-11 09:00", **how) -> str:
    number = submitted(world, **how)
    approve(world, number, when)
    return number


def approve(world: World, number: str, when: str = "2026-11-11 09:00", seen: int | None = None) -> None:
    with world.as_(world.hq.manager) as session:
        actions.approve(session, world.hq.manager, number, seen=seen, at=at(when))


def look(world: World, ref: str):
    with world.as_(world.hq.auditor) as session:
        return queries.schedule(session, ref)


def refused(code: str):
    return pytest.raises(Refused, match=f"^{code}")


def test_a_draft_has_items_and_no_number(world):
    schedule = look(world, drafted(world))
    assert (schedule.state, schedule.number, schedule.region, schedule.from_day) == (
        FeeState.DRAFT,
        None,
        REGION,
        date(2026, 11, 20),
    )
    assert [(one.position, one.item, one.unit, one.amount, one.remark) for one in schedule.items] == [
        (1, "上门费", "次", Decimal("50.00"), "市区"),
        (2, "清洗水路", "次", Decimal("80.00"), ""),
    ]


def test_it_gets_its_number_at_the_first_submission_and_keeps_it(world):
    ref = drafted(world)
    with world.as_(world.d1.manager) as session:
        assert actions.submit(session, world.d1.manager, ref, at=at("2026-11-10 10:00")).number == "FS2611-0001"
    with world.as_(world.hq.manager) as session:
        back = actions.send_back(
            session, world.hq.manager, "FS2611-0001", reason="上门费偏高", at=at("2026-11-11 10:00")
        )
        assert (back.state, back.decision_reason) == (FeeState.DRAFT, "上门费偏高")
    with world.as_(world.d1.clerk) as session:
        actions.amend(
            session,
            world.d1.clerk,
            "FS2611-0001",
            region=REGION,
            from_day=date(2026, 12, 1),
            items=ITEMS[:1],
            at=at("2026-12-01 09:00"),
        )
    with world.as_(world.d1.manager) as session:
        again = actions.submit(session, world.d1.manager, "FS2611-0001", at=at("2026-12-01 10:00"))
        assert (again.number, again.decided_at, again.decision_reason) == ("FS2611-0001", None, None)
        assert [one.item for one in again.items] == ["上门费"]


def test_the_service_clerk_drafts_but_does_not_submit_and_the_clerk_at_headquarters_does_not_approve(world):
    ref = drafted(world)
    with world.as_(world.d1.clerk) as session, refused("permission-missing"):
        actions.submit(session, world.d1.clerk, ref, at=at("2026-11-10 10:00"))
    number = submitted(world, region="闽侯县")
    with world.as_(world.hq.clerk) as session, refused("permission-missing"):
        actions.approve(session, world.hq.clerk, number, at=at("2026-11-11 10:00"))
    with world.as_(world.d1.technician) as session, refused("permission-missing"):
        actions.draft(
            session, world.d1.technician, region="x", from_day=date(2026, 12, 1), items=ITEMS, at=at("2026-11-11 10:00")
        )
    with world.as_(world.hq.manager) as session, refused("permission-missing"):
        actions.draft(
            session, world.hq.manager, region="x", from_day=date(2026, 12, 1), items=ITEMS, at=at("2026-11-11 10:00")
        )
    assert look(world, number).state is FeeState.SUBMITTED
    assert look(world, ref).state is FeeState.DRAFT


def test_approving_ends_the_one_in_force_the_day_before_r70(world):
    first = approved(world, first="2026-11-12")
    second = approved(world, first="2026-12-01")
    assert (look(world, first).from_day, look(world, first).to_day) == (date(2026, 11, 12), date(2026, 12, 1))
    assert look(world, second).to_day is None
    with world.as_(world.d1.clerk) as session:
        found = [
            queries.in_force(session, world.d1.id, REGION, date.fromisoformat(day))
            for day in ("2026-11-11", "2026-11-12", "2026-11-30", "2026-12-01")
        ]
    assert [one and one.number for one in found] == [None, first, first, second]


def test_one_between_two_others_keeps_one_in_force_on_every_day_r70(world):
    first, last = approved(world, first="2026-11-12"), approved(world, first="2027-01-01")
    middle = approved(world, first="2026-12-01")
    spans = [(look(world, one).from_day, look(world, one).to_day) for one in (first, middle, last)]
    assert spans == [
        (date(2026, 11, 12), date(2026, 12, 1)),
        (date(2026, 12, 1), date(2027, 1, 1)),
        (date(2027, 1, 1), None),
    ]


def test_other_regions_and_other_dealers_are_not_touched_r70(world):
    here = approved(world, first="2026-11-12")
    there = approved(world, first="2026-11-20", region="闽侯县")
    theirs = approved(world, first="2026-11-20", shop=world.d2)
    assert [look(world, one).to_day for one in (here, there, theirs)] == [None, None, None]
    with world.as_(world.hq.auditor) as session:
        assert queries.in_force(session, world.d2.id, REGION, date(2026, 11, 25)).number == theirs


def test_the_first_day_is_at_the_earliest_the_day_of_approval_r70(world):
    number = submitted(world, first="2026-11-20")
    with refused("fee-first-day-past"):
        approve(world, number, "2026-11-21 00:00")
    assert look(world, number).state is FeeState.SUBMITTED
    approve(world, number, "2026-11-20 23:59")
    assert look(world, number).state is FeeState.APPROVED


def test_a_first_day_in_the_past_is_not_submitted(world):
    ref = drafted(world, first="2026-11-09")
    with world.as_(world.d1.manager) as session, refused("fee-day-past"):
        actions.submit(session, world.d1.manager, ref, at=at("2026-11-10 00:00"))
    assert look(world, ref).number is None


def test_two_from_the_same_day_are_not_both_approved_r70(world):
    one, two = submitted(world), submitted(world)
    approve(world, one)
    with refused("fee-same-day"):
        approve(world, two)
    assert look(world, two).state is FeeState.SUBMITTED


def test_nothing_is_submitted_without_items(world):
    ref = drafted(world, items=())
    with world.as_(world.d1.manager) as session, refused("fee-no-items"):
        actions.submit(session, world.d1.manager, ref, at=at("2026-11-10 10:00"))


@pytest.mark.parametrize("step", ["send_back", "refuse"])
def test_a_decision_against_it_needs_a_reason(world, step):
    number = submitted(world)
    with world.as_(world.hq.manager) as session, refused("reason-needed"):
        getattr(actions, step)(session, world.hq.manager, number, reason="  ", at=at("2026-11-11 10:00"))
    assert look(world, number).state is FeeState.SUBMITTED


def test_a_refused_one_is_never_charged_by(world):
    number = submitted(world, first="2026-11-12")
    with world.as_(world.hq.manager) as session:
        actions.refuse(session, world.hq.manager, number, reason="项目与总部规定不符", at=at("2026-11-11 10:00"))
    with world.as_(world.d1.clerk) as session:
        assert queries.in_force(session, world.d1.id, REGION, date(2026, 11, 20)) is None
        with refused("wrong-state"):
            actions.amend(
                session,
                world.d1.clerk,
                number,
                region=REGION,
                from_day=date(2026, 12, 1),
                items=ITEMS,
                at=at("2026-11-12 10:00"),
            )


def test_what_is_wrong_with_an_item_names_its_place(world):
    with world.as_(world.d1.clerk) as session, pytest.raises(Refused) as why:
        actions.draft(
            session,
            world.d1.clerk,
            region=REGION,
            from_day=date(2026, 12, 1),
            items=[*ITEMS, ITEMS[0]],
            at=at("2026-11-10 10:00"),
        )
    assert (why.value.code, why.value.field, why.value.facts["position"]) == ("fee-item-twice", "item", 3)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"region": " "}, "fee-region-missing"),
        ({"region": "x" * 61}, "fee-region-long"),
        ({"note": "x" * 501}, "fee-note-long"),
        ({"items": [FeeWish(f"项目{i}", "次", Decimal(1)) for i in range(201)]}, "fee-too-many-items"),
    ],
)
def test_a_schedule_stays_within_bounds(world, change, code):
    given = {"region": REGION, "from_day": date(2026, 12, 1), "items": ITEMS, "note": "", **change}
    with world.as_(world.d1.clerk) as session, refused(code):
        actions.draft(session, world.d1.clerk, at=at("2026-11-10 10:00"), **given)


def test_whoever_decides_says_which_version_they_saw(world):
    number = submitted(world)
    seen = look(world, number).ver
    with world.as_(world.hq.manager) as session:
        actions.send_back(session, world.hq.manager, number, reason="重填", at=at("2026-11-11 10:00"))
    with world.as_(world.d1.clerk) as session:
        dearer = [FeeWish("上门费", "次", Decimal("500.00"))]
        ver = queries.schedule(session, number).ver
        actions.amend(
            session,
            world.d1.clerk,
            number,
            region=REGION,
            from_day=date(2026, 11, 20),
            items=dearer,
            seen=ver,
            at=at("2026-11-11 11:00"),
        )
    with world.as_(world.d1.clerk) as session, refused("changed-meanwhile"):
        actions.amend(
            session,
            world.d1.clerk,
            number,
            region=REGION,
            from_day=date(2026, 11, 20),
            items=ITEMS,
            seen=ver,
            at=at("2026-11-11 11:05"),
        )
    with world.as_(world.d1.manager) as session:
        actions.submit(session, world.d1.manager, number, at=at("2026-11-11 12:00"))
    with refused("changed-meanwhile"):
        approve(world, number, "2026-11-11 13:00", seen=seen)
    approve(world, number, "2026-11-11 13:00", seen=look(world, number).ver)


def test_of_two_managers_at_once_one_approves_and_the_other_is_told(world):
    number, outcomes = submitted(world), []
    barrier = threading.Barrier(2)

    def press() -> None:
        from portal.core.db import db, unit_of_work

        with application.app_context():
            barrier.wait()
            try:
                with unit_of_work(world.hq.manager.scope) as session:
                    actions.approve(session, world.hq.manager, number, at=at("2026-11-11 09:00"))
                outcomes.append("approved")
            except Refused as why:
                outcomes.append(why.code)
            finally:
                db.session.remove()

    from flask import current_app

    application = current_app._get_current_object()
    presses = [threading.Thread(target=press) for _ in range(2)]
    for one in presses:
        one.start()
    for one in presses:
        one.join()
    assert sorted(outcomes) == ["approved", "wrong-state"]


def test_the_database_itself_refuses_two_in_force_on_one_day_r70(world):
    """MO10: an exclusion constraint, whatever the code forgot."""
    approved(world, first="2026-11-12")
    with pytest.raises(IntegrityError, match="ex_fee_schedules_one_in_force"), world.as_(world.hq.manager) as session:
        session.execute(
            text(
                "INSERT INTO fee_schedules (dealer_id, number, state, ver, region, from_day, note, drafted_at, drafted_by)"
                " VALUES (:dealer, 'FS2611-9999', 'approved', 1, :region, '2026-12-01', '', :at, 'x')"
            ),
            {"dealer": world.d1.id, "region": REGION, "at": at("2026-11-10 10:00")},
        )


def test_another_dealer_sees_and_touches_nothing_of_it_r1(world):
    ref, number = drafted(world), submitted(world)
    for wanted in (ref, number):
        with world.as_(world.d2.manager) as session, pytest.raises(NotFound):
            queries.schedule(session, wanted)
        with world.as_(world.d2.manager) as session, pytest.raises(NotFound):
            actions.submit(session, world.d2.manager, wanted, at=at("2026-11-10 10:00"))
    with world.as_(world.d2.manager) as session:
        assert queries.rows(session, queries.Filters(), today=date(2026, 11, 16)) == []
        assert queries.in_force(session, world.d1.id, REGION, date(2026, 11, 20)) is None


def test_every_change_leaves_an_event_that_the_dealer_reads_r3(world):
    first, second = approved(world, first="2026-11-12"), approved(world, first="2026-12-01")
    with world.as_(world.d1.clerk) as session:
        rows = session.execute(
            text(
                "SELECT act, before, after FROM audit_events WHERE subject_kind = 'fee' AND subject_number = :number ORDER BY id"
            ),
            {"number": first},
        ).all()
    assert [tuple(row) for row in rows] == [
        ("fee:submit", "draft", "submitted"),
        ("fee:approve", "submitted", "approved"),
        ("fee:end", None, None),
    ]
    assert second == "FS2611-0002"
