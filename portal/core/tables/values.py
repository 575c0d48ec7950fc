"""What a file holds before anybody understands it: tables, rows and raw cells."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta


class Formula(str):
    """A cell that holds a formula instead of a value; what it would come to is nobody's promise."""

    __slots__ = ()


class Broken(str):
    """A cell in which the spreadsheet program itself shows an error ('#N/A', '#REF!')."""

    __slots__ = ()


Cell = str | int | float | bool | datetime | date | time | timedelta | Formula | Broken | None


class TableRefused(Exception):
    """The file as a whole cannot be read: ``code`` says why, ``facts`` are what its sentence needs."""

    def __init__(self, code: str, **facts: object) -> None:
        super().__init__(code)
        self.code, self.facts = code, facts

    def __str__(self) -> str:
        facts = ", ".join(f"{name}={value}" for name, value in self.facts.items())
        return f"{self.code} ({facts})" if facts else self.code


@dataclass(frozen=True, slots=True)
class Row:
    """One row: ``no`` is the number that the spreadsheet program shows (from 1); texts are trimmed, '' is None.

    ``wide`` names the cells (index from 0) that are merged over three or more columns, as titles and sections are.
    """

    no: int
    cells: tuple[Cell, ...]
    wide: frozenset[int] = frozenset()

    @property
    def filled(self) -> tuple[int, ...]:
        """The indexes (from 0) of the cells that hold something."""
        return tuple(at for at, cell in enumerate(self.cells) if cell is not None)

    def cell(self, at: int) -> Cell:
        """The cell at that index, or None beyond the row's end."""
        return self.cells[at] if at < len(self.cells) else None


@dataclass(frozen=True, slots=True)
class Table:
    """The filled rows of one worksheet (or of the whole csv) in their order; ``last_row`` is the last one's number."""

    name: str
    rows: tuple[Row, ...]

    @property
    def last_row(self) -> int:
        return self.rows[-1].no if self.rows else 0
