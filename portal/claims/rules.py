"""How claims are computed: which month pays a line (R50), what a cut leaves (R43), which codes a decision may carry."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from portal.core import calendar, months
from portal.old_parts.rules import Taken, amount_of_oldest, give_back


class Code(StrEnum):
    """Decision codes, adapted from X12 element 1172 (the design's checklist, section 2)."""

    FWC = "FWC"
    PWA = "PWA"
    PNP = "PNP"
    IIS = "IIS"
    CDR = "CDR"
    DC = "DC"
    EW = "EW"
    PNR = "PNR"
    NEW = "NEW"
    NDF = "NDF"
    NWR = "NWR"
    NOP = "NOP"
    A4 = "A4"
    A5 = "A5"
    A2 = "A2"
    RDP = "RDP"
    EPC = "EPC"
    ELH = "ELH"
    ELR = "ELR"
    EFX = "EFX"
    PRD = "PRD"
    UPR = "UPR"
    UR = "UR"
    URF = "URF"
    SUB = "SUB"
    AC = "AC"
    RDR = "RDR"
    CP = "CP"
    CC = "CC"
    NCR = "NCR"


# Labour and freight are not reimbursed yet (R40: a term, off by default), so their codes judge nothing here.
_NOT_FOR_PARTS = frozenset({Code.ELH, Code.ELR, Code.EFX})
CUT_CODES = tuple(code for code in Code if code is not Code.FWC and code not in _NOT_FOR_PARTS)
REFUSE_CODES = tuple(code for code in CUT_CODES if code is not Code.PWA)


def settlement_day(month: date, day_of_month: int, *, working: bool = False) -> date:
    """R50: S(M), the day on which the month ``month`` (any day of it) is reimbursed: that day of the month after it.

    ``working``: where that is no working day, the next one (by the term; by default that day all the same).
    """
    day = months.add_months(months.first_of(month), 1).replace(day=day_of_month)
    return calendar.working_day_from(day) if working else day


def pays_in(service_day: date, approved_on: date, day_of_month: int) -> date:
    """R50: the first month M (its first day) with service before the 1st of M+1 and approval before S(M) begins.

    ``approved_on`` is the day of the approval in the brand's zone: an instant lies before the day S(M)
    begins exactly when its own day does.
    """
    return first_month(service_day, approved_on, lambda month: settlement_day(month, day_of_month))


def first_month(service_day: date, approved_on: date, settles_on: Callable[[date], date]) -> date:
    """:func:`pays_in` for terms that change: ``settles_on(M)`` is S(M)."""
    # S(M) lies in M+1, or a holiday later: no month before the two before the approval's can be reimbursed after it.
    month = max(months.first_of(service_day), months.add_months(months.first_of(approved_on), -2))
    while approved_on >= settles_on(month):
        month = months.add_months(month, 1)
    return month


def amount_after_cut(taken: Sequence[Taken], pieces: int) -> Decimal:
    """R43: yuan to approve when the quantity is cut to ``pieces``: the newest-bought go first.

    Raises ValueError unless 0 <= pieces <= all that were taken.
    """
    return amount_of_oldest(taken, pieces)


def cut_pieces(taken: Sequence[Taken], pieces: int) -> dict[int, int]:
    """R43: how many pieces of each layer remain recognized (layer id → pieces) when the quantity is cut to ``pieces``."""
    back = give_back(
        [Taken(one.layer_id, one.pieces, one.price) for one in taken], sum(one.pieces for one in taken) - pieces
    )
    return {one.layer_id: one.pieces - back.get(one.layer_id, 0) for one in taken}


def stamp(state: str, decided_at: datetime | None) -> str:
    """What a reviewer saw of a line's decision; "" for a line that nobody has decided or asked about.

    Whoever decides says what they saw: of two reviewers at once one has an effect, the other is told.
    """
    return "" if decided_at is None else f"{state}@{decided_at.timestamp():.6f}"


def open_claim(states: Iterable[str]) -> bool:
    """R43: a claim is in review while any line is submitted or wanted, and decided when none is."""
    return any(state in {"submitted", "wanted"} for state in states)
