"""What happens to fee schedules: every write, one function per act (R70)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from portal.core import audit
from portal.core.errors import NotFound, Refused
from portal.core.numbering import Kind, next_number
from portal.core.permissions import Actor, Permission
from portal.fees import queries, rules
from portal.fees.models import FeeItem, FeeSchedule
from portal.fees.rules import FeeWish
from portal.fees.workflow import FEE_SCHEDULE
from portal.notices import actions as notices

NOTE_MOST = 500


def draft(
    session: Session,
    actor: Actor,
    *,
    region: str,
    from_day: date,
    items: Sequence[FeeWish],
    note: str = "",
    at: datetime,
) -> FeeSchedule:
    """A schedule for one region; it has no number yet and nothing may be charged by it.

    Refuses "permission-missing" (also for HQ, which charges nobody), "fee-region-missing", "fee-region-long",
    "fee-note-long", "fee-too-many-items", and what :func:`rules.first_wrong` finds, with its position.
    """
    if not actor.may(Permission.FEE_DRAFT) or actor.scope.dealer_id is None:
        raise Refused("permission-missing", step="draft")
    schedule = FeeSchedule(
        dealer_id=actor.scope.dealer_id, state=FEE_SCHEDULE.starts, region=_region(region), from_day=from_day, note=_note(note),
        drafted_at=at, drafted_by=actor.name, items=_items(actor.scope.dealer_id, items),
    )  # fmt: skip
    session.add(schedule)
    session.flush()
    audit.record(
        session, actor, "fee:draft", schedule, at=at, after=schedule.state, region=schedule.region, from_day=from_day
    )
    return schedule


def amend(
    session: Session, actor: Actor, ref: str, *, region: str, from_day: date, items: Sequence[FeeWish], note: str = "",
    seen: int | None = None, at: datetime,
) -> FeeSchedule:  # fmt: skip
    """Write a draft anew, whole. ``seen`` is the version that the page showed.

    Locks the schedule. Refuses as :func:`draft` does, and "changed-meanwhile".
    """
    schedule = _own(session, actor, ref)
    _seen(schedule, seen)
    if why := FEE_SCHEDULE.refusal("amend", schedule, actor):
        raise Refused(why, step="amend", state=schedule.state.value)
    wanted = _items(schedule.dealer_id, items)
    schedule.region, schedule.from_day, schedule.note = _region(region), from_day, _note(note)
    FEE_SCHEDULE.take("amend", schedule, actor)
    flag_modified(schedule, "note")  # its version moves on even when only items changed
    schedule.items = []
    session.flush()  # away with the old positions before the new ones come
    schedule.items = wanted
    session.flush()
    audit.record(
        session, actor, "fee:amend", schedule, at=at, region=schedule.region, from_day=from_day, count=len(wanted)
    )
    return schedule


def submit(session: Session, actor: Actor, ref: str, *, at: datetime) -> FeeSchedule:
    """Hand it to HQ; at the first time it gets its number.

    Locks the schedule. Refuses "fee-no-items" and "fee-day-past" when its first day lies before today.
    """
    schedule = _own(session, actor, ref)
    if why := FEE_SCHEDULE.refusal("submit", schedule, actor):
        raise Refused(why, step="submit", state=schedule.state.value)
    today = actor.day(at)
    if schedule.from_day < today:
        raise Refused("fee-day-past", field="from_day", first=schedule.from_day, today=today)
    schedule.number = schedule.number or next_number(session, Kind.FEE_SCHEDULE, today)
    before, after = FEE_SCHEDULE.take("submit", schedule, actor)
    schedule.submitted_at, schedule.submitted_by = at, actor.name
    schedule.decided_at = schedule.decided_by = schedule.decision_reason = None
    session.flush()
    audit.record(
        session, actor, "fee:submit", schedule, at=at, before=before, after=after,
        region=schedule.region, from_day=schedule.from_day, count=len(schedule.items),
    )  # fmt: skip
    return schedule


def approve(session: Session, actor: Actor, ref: str, *, seen: int | None = None, at: datetime) -> FeeSchedule:
    """From its first day of force the dealer may charge by it; the one in force until then ends the day before (R70).

    Locks the schedule, then the region of its dealer, then the one that ends. Refuses "fee-first-day-past" (the first
    day is at the earliest the day of approval), "fee-same-day" when another approved one begins that day, and
    "changed-meanwhile" when it was sent back and submitted again since ``seen``.
    """
    schedule = _decidable(session, actor, ref, "approve", seen)
    today = actor.day(at)
    if schedule.from_day < today:
        raise Refused("fee-first-day-past", first=schedule.from_day, today=today)
    place = rules.place(schedule.from_day, queries.approved_spans(session, schedule))
    if place is None:
        raise Refused("fee-same-day", region=schedule.region, first=schedule.from_day)
    if place.ends is not None:
        _end(session, actor, place.ends, schedule, at=at)
    before, after = FEE_SCHEDULE.take("approve", schedule, actor)
    schedule.to_day, schedule.decided_at, schedule.decided_by = place.end, at, actor.name
    session.flush()
    audit.record(
        session,
        actor,
        "fee:approve",
        schedule,
        at=at,
        before=before,
        after=after,
        region=schedule.region,
        from_day=schedule.from_day,
    )
    _tell(session, "fee-approved", schedule, at=at, from_day=schedule.from_day)
    return schedule


def send_back(
    session: Session, actor: Actor, ref: str, *, reason: str, seen: int | None = None, at: datetime
) -> FeeSchedule:
    """Back to the dealer, who may change it and submit it again under the same number. Refuses "reason-needed"."""
    return _decline(session, actor, ref, "send_back", reason, seen, at)


def refuse(
    session: Session, actor: Actor, ref: str, *, reason: str, seen: int | None = None, at: datetime
) -> FeeSchedule:
    """Nothing may be charged by it, ever. Refuses "reason-needed"."""
    return _decline(session, actor, ref, "refuse", reason, seen, at)


def _decline(
    session: Session, actor: Actor, ref: str, step: str, reason: str, seen: int | None, at: datetime
) -> FeeSchedule:
    schedule = _decidable(session, actor, ref, step, seen)
    said = reason.strip()
    if not said:
        raise Refused("reason-needed", field="reason")
    before, after = FEE_SCHEDULE.take(step, schedule, actor)
    schedule.decided_at, schedule.decided_by, schedule.decision_reason = at, actor.name, said
    session.flush()
    audit.record(session, actor, f"fee:{step}", schedule, at=at, before=before, after=after, reason=said)
    _tell(session, "fee-sent-back" if step == "send_back" else "fee-refused", schedule, at=at, reason=said)
    return schedule


def _tell(session: Session, template: str, schedule: FeeSchedule, *, at: datetime, **facts: object) -> None:
    """The dealer hears of the decision."""
    known = {"number": schedule.number, "region": schedule.region, **facts}
    notices.tell(session, template, permission=Permission.FEE_SUBMIT, dealer_id=schedule.dealer_id, at=at, facts=known)


def _end(session: Session, actor: Actor, schedule_id: int, by: FeeSchedule, *, at: datetime) -> None:
    """The schedule in force until now gives way: its last day is the day before the new one's first."""
    old = queries.by_id_for_update(session, schedule_id)
    old.to_day = by.from_day
    session.flush()  # before the new one is approved: the two must never be in force together
    last_day = by.from_day - timedelta(days=1)
    audit.record(session, actor, "fee:end", old, at=at, last_day=last_day, by=by.number)


def _decidable(session: Session, actor: Actor, ref: str, step: str, seen: int | None) -> FeeSchedule:
    schedule = queries.schedule_for_update(session, ref)
    if why := FEE_SCHEDULE.refusal(step, schedule, actor):
        raise Refused(why, step=step, state=schedule.state.value)
    _seen(schedule, seen)
    return schedule


def _own(session: Session, actor: Actor, ref: str) -> FeeSchedule:
    """A dealer's own schedule, locked; HQ reads all of them and drafts none."""
    schedule = queries.schedule_for_update(session, ref)
    if actor.scope.dealer_id is None:
        raise Refused("permission-missing", step="draft")
    if actor.scope.dealer_id != schedule.dealer_id:
        raise NotFound
    return schedule


def _seen(schedule: FeeSchedule, seen: int | None) -> None:
    if seen is not None and seen != schedule.ver:
        raise Refused("changed-meanwhile")


def _region(region: str) -> str:
    said = rules.one_line(region)
    if not said:
        raise Refused("fee-region-missing", field="region")
    if len(said) > rules.REGION_MOST:
        raise Refused("fee-region-long", field="region", most=rules.REGION_MOST)
    return said


def _note(note: str) -> str:
    if len(note.strip()) > NOTE_MOST:
        raise Refused("fee-note-long", field="note", most=NOTE_MOST)
    return note.strip()


def _items(dealer_id: int, items: Sequence[FeeWish]) -> list[FeeItem]:
    tidy = rules.tidy(items)
    if len(tidy) > rules.ITEMS_MOST:
        raise Refused("fee-too-many-items", most=rules.ITEMS_MOST)
    if wrong := rules.first_wrong(tidy):
        raise Refused(wrong.code, field=wrong.field, position=wrong.position)
    return [
        FeeItem(
            dealer_id=dealer_id, position=position, item=one.item, unit=one.unit, amount=one.amount, remark=one.remark
        )
        for position, one in enumerate(tidy, start=1)
    ]
