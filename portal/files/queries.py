"""What can be seen of photos; row-level security decides who sees which (R1)."""

from __future__ import annotations

import contextlib
import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from portal.core import terms
from portal.core.errors import NotFound
from portal.files import rules, store
from portal.files.models import KEEPERS, Photo, Sweep, Usage
from portal.files.terms import QUOTA

MEGABYTE: Final = 1024 * 1024

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


# ---------------------------------------------------------------- how much a dealer has stored (UP7)


@dataclass(frozen=True, slots=True)
class Used:
    """A dealer's stored photos: how many, their bytes, and the megabytes that they may take."""

    photos: int
    size: int
    quota: int

    @property
    def megabytes(self) -> int:
        """What they take, rounded up."""
        return megabytes(self.size)


def megabytes(size: int) -> int:
    """Bytes as whole megabytes, rounded up."""
    return -(-size // MEGABYTE)


def usage(session: Session, dealer_id: int) -> Usage:
    """What the dealer's photos take, as the database counts it; zero for one that never sent any."""
    found = session.scalar(select(Usage).where(Usage.dealer_id == dealer_id).execution_options(populate_existing=True))
    return found or Usage(dealer_id=dealer_id, photos=0, size=0)


def used(session: Session, dealer_id: int, *, on: date) -> Used:
    """The same beside the quota of that day."""
    counted = usage(session, dealer_id)
    return Used(counted.photos, counted.size, terms.value(session, QUOTA, on=on))


# ---------------------------------------------------------------- rows and files hold each other's hands


@dataclass(frozen=True, slots=True)
class Fault:
    """A row whose file is not as it was stored: "missing", "size", "content"; or a "usage" that is not the sum of its photos."""

    what: str
    name: str


def orphans(session: Session, brand_id: int, *, before: datetime) -> Iterator[list[store.Stored]]:
    """Stored files, last changed before that instant, that no row names; in portions. Ending without a keeper: never."""
    for portion in store.listed(brand_id):
        old = [file for file in portion if file.modified < before and _ending(file.name) in KEEPERS]
        known = _named(session, {store.original(file.name) for file in old})
        if left := [file for file in old if store.original(file.name) not in known]:
            yield left


def _ending(name: str) -> str:
    return name.rpartition(".")[2]


def _named(session: Session, names: Collection[str]) -> set[str]:
    """Those of the names that a row keeps: one statement an ending."""
    by_ending: dict[str, list[str]] = defaultdict(list)
    for name in names:
        by_ending[_ending(name)].append(name)
    known: set[str] = set()
    for ending, some in by_ending.items():
        keeper = KEEPERS[ending]
        known.update(session.scalars(select(keeper.name).where(keeper.name.in_(some))))
    return known


def swept_on(session: Session, day: date) -> bool:
    """Whether the brand's store was swept on that day."""
    return session.scalar(select(Sweep.id).where(Sweep.on_day == day)) is not None


def faults(session: Session, brand_id: int, *, read: bool = False) -> Iterator[Fault]:
    """Rows whose file is missing or of another size, and usage that is miscounted; ``read`` compares every hash too."""
    there = {file.name: file.size for portion in store.listed(brand_id) for file in portion}
    for keeper in dict.fromkeys(KEEPERS.values()):
        rows = session.execute(select(keeper.name, keeper.size, keeper.sha256).execution_options(yield_per=1000))
        for name, size, sha256 in rows:
            if name not in there:
                yield Fault("missing", name)
            elif there[name] != size:
                yield Fault("size", name)
            elif read and hashlib.sha256(store.get(brand_id, name) or b"").hexdigest() != sha256:
                yield Fault("content", name)
    counted = select(Photo.dealer_id, func.count().label("photos"), func.sum(Photo.size).label("size")).group_by(
        Photo.dealer_id
    )
    sums = {row.dealer_id: (row.photos, int(row.size)) for row in session.execute(counted)}
    for usage in session.scalars(select(Usage)):
        if sums.pop(usage.dealer_id, (0, 0)) != (usage.photos, usage.size):
            yield Fault("usage", str(usage.dealer_id))
    for dealer_id in sums:
        yield Fault("usage", str(dealer_id))
