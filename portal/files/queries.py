"""What can be seen of photos; row-level security decides who sees which (R1)."""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from portal.core.errors import NotFound
from portal.files import rules, store
from portal.files.models import Photo

_SEEN = text("SELECT photo_seen(:content_hash, :except_kind, :except_subject)")


@dataclass(frozen=True, slots=True)
class Shown:
    """A photo as a page shows it."""

    public_id: str
    slot: str
    subject_id: int


def photo(session: Session, public_id: str) -> Photo:
    """One photo by its public id; NotFound for one of somebody else."""
    plain = public_id if len(public_id) <= 64 and public_id.isascii() and public_id.isalnum() else ""
    found = session.scalar(select(Photo).where(Photo.public_id == plain))
    if found is None:
        raise NotFound
    return found


def content(photo: Photo, *, small: bool = False) -> bytes:
    """The JPEG, or its thumbnail, which is made when first asked for and kept beside. NotFound when the file is gone.

    Raises StoreError when the store does not answer.
    """
    name = store.variant(photo.stored_name, rules.THUMB_SIDE)
    if small and (kept := store.get(photo.brand_id, name)) is not None:
        return kept
    whole = store.get(photo.brand_id, photo.stored_name)
    if whole is None:
        raise NotFound
    if not small:
        return whole
    made = rules.thumbnail(whole)
    with contextlib.suppress(store.StoreError):  # a cache: the same bytes whoever writes first, and none on a full disk
        store.put(photo.brand_id, name, made)
    return made


def photos_of(session: Session, kind: str, subject_ids: Collection[int]) -> dict[int, list[Shown]]:
    """The photos of several subjects, oldest first, in one statement."""
    shown: dict[int, list[Shown]] = {subject: [] for subject in subject_ids}
    rows = session.execute(
        select(Photo.public_id, Photo.slot, Photo.subject_id)
        .where(Photo.subject_kind == kind, Photo.subject_id.in_(subject_ids))
        .order_by(Photo.id)
    )
    for row in rows:
        shown[row.subject_id].append(Shown(*row))
    return shown


def seen_elsewhere(session: Session, photo: Photo) -> bool:
    """Whether the same picture hangs on another subject, at any dealer of the brand: yes or no only (domain.md section 13)."""
    facts = {"content_hash": photo.content_hash, "except_kind": photo.subject_kind, "except_subject": photo.subject_id}
    return bool(session.scalar(_SEEN, facts))
