"""Document numbers: a counter per brand, kind and month of the brand's zone, never reused (domain.md section 12)."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from sqlalchemy import ForeignKeyConstraint, PrimaryKeyConstraint, text
from sqlalchemy.orm import Mapped, Session

from portal.core.db import Base

_NEXT = text("SELECT next_number(:kind, :month)")


class Counter(Base):
    """The last number given; written by the database's ``next_number`` alone, so that no dealer reads a brand's volume."""

    __tablename__ = "counters"
    brand_id: Mapped[int]
    kind: Mapped[str]
    month: Mapped[str]
    value: Mapped[int]
    __table_args__ = (
        PrimaryKeyConstraint("brand_id", "kind", "month"),
        ForeignKeyConstraint(["brand_id"], ["brands.id"]),
    )


class Kind(StrEnum):
    """The prefix of each kind of number."""

    ORDER = "PO"
    SHIPMENT = "SH"
    OLD_PART = "OP"
    CLAIM = "RC"
    TOPUP = "TU"
    FEE_SCHEDULE = "FS"
    JOURNAL = "JV"


_WIDTH = {Kind.JOURNAL: 6}


def next_number(session: Session, kind: Kind, month: date) -> str:
    """The next number of ``kind`` in ``month`` (any day of it), for example PO2611-0007; given back on rollback."""
    stem = f"{month:%y%m}"
    sequence = session.scalar(_NEXT, {"kind": kind.value, "month": stem})
    return f"{kind.value}{stem}-{sequence:0{_WIDTH.get(kind, 4)}d}"
