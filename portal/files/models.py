"""What is known of a stored photo; the bytes lie in the file store under ``stored_name``."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from portal.core.db import DealerOwned


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
