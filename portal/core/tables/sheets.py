"""A table understood: which heading is which field, where the rows begin, what is wrong with which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Generic, NamedTuple, TypeVar

RowT = TypeVar("RowT")


@dataclass(frozen=True, slots=True)
class Column:
    """A column that a sheet should have: ``names`` are the headings under which brands write it (any one will do)."""

    field: str
    names: tuple[str, ...]
    required: bool = True


class FoundColumn(NamedTuple):
    """The heading as the sheet words it, and the field that it was understood as."""

    heading: str
    field: str


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in one row (``row_no`` as the sheet counts), or with the whole file (None).

    ``heading`` is the column in the sheet's own words; ``facts`` are what the sentence of ``code`` needs.
    """

    row_no: int | None
    heading: str | None
    code: str
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Note:
    """Something that was passed over, and why: "row-blank", "row-heading", "row-footer" ..."""

    row_no: int | None
    code: str
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sheet(Generic[RowT]):
    """What a brand's workbook says (R11): shown before anything changes, taken whole or not at all.

    ``rows`` holds the good rows only; while there is a ``problems`` entry nothing may be loaded (``ok``). ``warnings``
    want a look and stop nothing. ``title``, ``version`` and ``first_day`` come from the title rows, or from the caller.
    """

    title: str
    version: str | None
    first_day: date | None
    header_row: int
    columns: tuple[FoundColumn, ...]
    ignored: tuple[str, ...]
    rows: tuple[RowT, ...]
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    notes: tuple[Note, ...]

    @property
    def ok(self) -> bool:
        return not self.problems

    @property
    def bad_rows(self) -> tuple[int, ...]:
        """The numbers of the rows with something wrong, each once, in their order."""
        return tuple(sorted({problem.row_no for problem in self.problems if problem.row_no is not None}))


def understand() -> None:
    raise NotImplementedError
