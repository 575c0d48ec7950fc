"""A term: a dated, audited number or switch that a brand may change, with its default and limits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Index, UniqueConstraint, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Mapped, Session

from portal.core.db import Owned

_registry: dict[str, Term] = {}


@dataclass(frozen=True, slots=True)
class Term:
    """``default`` holds until a brand sets another value between ``low`` and ``high``; ``unit`` names what it counts.

    A switch is a term from 0 to 1 with unit "switch".
    """

    name: str
    default: int
    low: int
    high: int
    unit: str
    why: str

    def __post_init__(self) -> None:
        if not self.low <= self.default <= self.high:
            raise ValueError(self.name)
        if self.name in _registry and _registry[self.name] != self:
            raise ValueError(f"two terms are called {self.name}")
        _registry[self.name] = self


class TermValue(Owned):
    """What a brand set, from which day of its zone."""

    __tablename__ = "term_values"

    name: Mapped[str]
    from_day: Mapped[date]
    value: Mapped[int]
    set_at: Mapped[datetime]
    set_by: Mapped[str]

    @classmethod
    def constraints(cls) -> tuple[object, ...]:
        return (UniqueConstraint("brand_id", "name", "from_day"), Index(None, "brand_id", "name", "from_day"))


def all_terms() -> Iterator[Term]:
    """Every term, by name."""
    return iter(sorted(_registry.values(), key=lambda term: term.name))


def find(name: str) -> Term | None:
    """The term of that name."""
    return _registry.get(name)


def value(session: Session, term: Term, *, on: date) -> int:
    """What ``term`` is on the day ``on`` for the session's brand."""
    found = session.scalar(
        select(TermValue.value)
        .where(TermValue.name == term.name, TermValue.from_day <= on)
        .order_by(TermValue.from_day.desc())
        .limit(1)
    )
    return term.default if found is None else found


def values(session: Session, *wanted: Term, on: date) -> tuple[int, ...]:
    """What these terms are on the day ``on``, in their order; one statement."""
    found = session.execute(
        select(TermValue.name, TermValue.value)
        .where(TermValue.name.in_([term.name for term in wanted]), TermValue.from_day <= on)
        .ext(distinct_on(TermValue.name))
        .order_by(TermValue.name, TermValue.from_day.desc())
    )
    known = {row.name: row.value for row in found}
    return tuple(known.get(term.name, term.default) for term in wanted)
