"""What is known of a stored photo; the bytes lie in the file store under ``stored_name``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import InstrumentedAttribute, Mapped

from portal.core.db import DealerOwned, Owned


@dataclass(frozen=True, slots=True)
class Keeper:
    """A table that keeps names of stored files: its columns of their name, size in bytes and SHA-256 in hex."""

    name: InstrumentedAttribute[str]
    size: InstrumentedAttribute[int]
    sha256: InstrumentedAttribute[str]


KEEPERS: dict[str, Keeper] = {}


def keeps(
    ending: str,
    *,
    name: InstrumentedAttribute[str],
    size: InstrumentedAttribute[int],
    sha256: InstrumentedAttribute[str],
) -> None:
    """Say which table names the files of an ending; one table each. Files whose ending no table names are never swept."""
    if ending in KEEPERS:
        raise ValueError(f"two tables keep .{ending} files")
    KEEPERS[ending] = Keeper(name, size, sha256)


class Photo(DealerOwned):
    """A re-encoded JPEG without EXIF. ``content_hash`` is SHA-256 (hex) of the stored bytes."""

    __tablename__ = "photos"
    public_id: Mapped[str]
    subject_kind: Mapped[str]
    subject_id: Mapped[int]
    slot: Mapped[str]  # what it shows, in the subject's own codes (an old part's: nameplate, fault, old-part, after)
    content_hash: Mapped[str]
    stored_name: Mapped[str]
    width: Mapped[int]
    height: Mapped[int]
    size: Mapped[int]
    uploaded_at: Mapped[datetime]
    uploaded_by: Mapped[str]

    @classmethod
    def constraints(cls) -> tuple[Any, ...]:
        return (
            UniqueConstraint("brand_id", "public_id"),
            UniqueConstraint("brand_id", "stored_name"),
            CheckConstraint("subject_kind IN ('old-part')", name="subject_known"),
            CheckConstraint("size > 0", name="size_positive"),
            Index(None, "brand_id", "subject_kind", "subject_id"),
            Index(None, "brand_id", "content_hash"),
        )


class Usage(DealerOwned):
    """How many photos a dealer has stored, and how many bytes they take; written by a trigger only."""

    __tablename__ = "file_usage"
    photos: Mapped[int]
    size: Mapped[int]

    @classmethod
    def constraints(cls) -> tuple[Any, ...]:
        return (
            UniqueConstraint("brand_id", "dealer_id"),
            CheckConstraint("photos >= 0 AND size >= 0", name="never_negative"),
        )


class Sweep(Owned):
    """What a day's sweeps (of the machine's day in the brand's zone) deleted: files that nothing names, and their bytes."""

    __tablename__ = "file_sweeps"
    on_day: Mapped[date]
    files: Mapped[int]
    size: Mapped[int]
    swept_at: Mapped[datetime]

    @classmethod
    def constraints(cls) -> tuple[Any, ...]:
        return (UniqueConstraint("brand_id", "on_day"),)


keeps("jpg", name=Photo.stored_name, size=Photo.size, sha256=Photo.content_hash)
