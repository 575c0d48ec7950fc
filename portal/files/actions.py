"""What happens to photos: they are stored, and removed again while what they hang on still stands open."""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.core.permissions import Actor
from portal.files import rules, store
from portal.files.models import Photo


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

    Refuses what :func:`portal.files.rules.checked` refuses, changing nothing. The file is safe on disk before the row is
    written; a rolled-back act leaves a file that nobody can reach. Never commits.
    """
    picture = rules.checked(data)
    name = store.new_name()
    store.put(actor.scope.brand_id, name, picture.jpeg)
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
    session.add(photo)
    session.flush()
    return photo


def drop_photos(
    session: Session, *, subject_kind: str, subject_id: int, slot: str | None = None, public_id: str | None = None
) -> int:
    """Take a subject's photos away (those of one slot, or one of them); returns how many. The bytes stay on disk unreachable."""
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
