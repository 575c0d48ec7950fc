"""What happens to photos: they are stored, and removed again while what they hang on still stands open; orphans are swept."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from portal.core import audit, clock, terms
from portal.core.errors import Refused
from portal.core.permissions import Actor
from portal.files import queries, rules, store
from portal.files.models import Photo, Sweep
from portal.files.terms import QUOTA

ORPHAN_AFTER: Final = timedelta(days=1)  # longer than any act: its context ends after a quarter of an hour


@dataclass(frozen=True, slots=True)
class Swept:
    """How many files were deleted, and how many bytes that freed."""

    count: int
    bytes: int


def store_photo(
    session: Session,
    actor: Actor,
    *,
    data: bytes,
    subject_kind: str,
    subject_id: int,
    dealer_id: int,
    slot: str = "",
    at: datetime,
) -> Photo:
    """Check, redraw and keep a photo under a random name, hanging on a subject; the caller locks and audits the subject.

    Counting it locks the dealer's usage until the act ends. Refuses what :func:`portal.files.rules.checked` refuses,
    "quota-full" (UP7) and "store-unavailable", changing nothing. The file is whole and safe before the act can commit; a
    rolled-back act leaves a file that nobody can reach, and the sweep takes it. Never commits.
    """
    picture = rules.checked(data)
    name = store.new_name()
    photo = Photo(
        dealer_id=dealer_id,
        public_id=secrets.token_hex(16),
        subject_kind=subject_kind,
        subject_id=subject_id,
        slot=slot,
        content_hash=picture.sha256,
        stored_name=name,
        width=picture.width,
        height=picture.height,
        size=len(picture.jpeg),
        uploaded_at=at,
        uploaded_by=actor.name,
    )
    with session.begin_nested():  # a refusal leaves no row without its file, whatever the caller goes on to do
        session.add(photo)
        session.flush()
        _hold_to_quota(session, actor, photo, at=at)
        try:
            store.put(actor.scope.brand_id, name, picture.jpeg)
        except store.StoreError:
            raise Refused("store-unavailable", field="photo") from None
    return photo


def _hold_to_quota(session: Session, actor: Actor, photo: Photo, *, at: datetime) -> None:
    """The photo is counted already, under its dealer's lock: what is counted now is what all uploads before it left."""
    limit = terms.value(session, QUOTA, on=actor.day(at))
    used = queries.usage(session, photo.dealer_id).size
    if used > limit * queries.MEGABYTE:
        raise Refused("quota-full", field="photo", used=queries.megabytes(used - photo.size), quota=limit)


def drop_photos(
    session: Session, *, subject_kind: str, subject_id: int, slot: str | None = None, public_id: str | None = None
) -> int:
    """Take a subject's photos away (those of one slot, or one of them); returns how many.

    They count no more; their bytes stay, unreachable, until the sweep: the act may still be rolled back.
    """
    wanted = select(Photo).where(Photo.subject_kind == subject_kind, Photo.subject_id == subject_id)
    if slot is not None:
        wanted = wanted.where(Photo.slot == slot)
    if public_id is not None:
        wanted = wanted.where(Photo.public_id == public_id)
    found = session.scalars(wanted).all()
    for photo in found:
        session.delete(photo)
    session.flush()
    return len(found)


def sweep(session: Session, actor: Actor, *, at: datetime) -> Swept:
    """Delete the brand's stored files that no row names and that are older than a day by the machine's clock (UP7).

    For the system only. Such files are what rolled-back acts and dropped photos left, and what a killed process had half
    written. A file whose row is not committed yet is younger; one whose ending no table keeps is left alone. Locks the day's
    row of sweeps; audited when anything was deleted. Deleting is not undone by a rollback, and need not be. Never commits.
    """
    if not actor.is_system:
        raise Refused("permission-missing", step="sweep")
    brand, now = actor.scope.brand_id, clock.machine_now()
    day = insert(Sweep).values(on_day=clock.day(now, actor.zone), files=0, size=0, swept_at=now)
    locked = day.on_conflict_do_update(index_elements=[Sweep.brand_id, Sweep.on_day], set_={"swept_at": now})
    row = session.scalars(locked.returning(Sweep), execution_options={"populate_existing": True}).one()
    count, freed = store.clear_staging(brand, before=now - ORPHAN_AFTER)
    for portion in queries.orphans(session, brand, before=now - ORPHAN_AFTER):
        store.delete(brand, [file.name for file in portion])
        count, freed = count + len(portion), freed + sum(file.size for file in portion)
    row.files, row.size = row.files + count, row.size + freed
    if count:
        audit.record(
            session, actor, "files:sweep", at=at, public=False, files=count, megabytes=queries.megabytes(freed)
        )
    session.flush()
    return Swept(count, freed)
