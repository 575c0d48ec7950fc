"""保修期内配件费用报销单."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar

from portal.web.papers.common import ZERO, BrandHead, Carried, DealerHead, PrintInfo, carry


@dataclass(frozen=True, kw_only=True, slots=True)
class ClaimPaperLine:
    """One part replaced in warranty; `customer` masked (R90), `approved` None until decided (R43).

    `covered_until` is the last day of cover, `policy` the version and line that said so (R13), short.
    `decision` is the state's word (通过, 核减, 驳回, 补充资料; "" for a line not decided), `decision_code` its code.
    """

    service_day: date
    model: str
    serial: str
    verdict: str
    in_cover: bool
    fault: str
    cause: str
    part_number: str
    part_name: str
    quantity: int
    claimed: Decimal
    customer: str = ""
    phone_tail: str = ""
    covered_until: date | None = None
    policy: str = ""
    fault_code: str = ""
    spec: str = ""
    old_part: str = ""
    old_part_state: str = ""
    approved: Decimal | None = None
    decision: str = ""
    decision_code: str = ""
    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ClaimPaper:
    """保修期内配件费用报销单, A4 across (R40-R44). `month` is any day of the service month."""

    template: ClassVar[str] = "claim"
    brand: BrandHead
    print: PrintInfo
    dealer: DealerHead
    month: date
    lines: tuple[ClaimPaperLine, ...]
    submitted_by: str = ""
    submitted_at: datetime | None = None
    reviewed_by: str = ""
    reviewer_role: str = ""
    decided_at: datetime | None = None
    photos: int | None = None
    pays_in: str = ""

    @property
    def rows(self) -> tuple[Carried[ClaimPaperLine], ...]:
        """The lines with their sums carried: claimed, approved (an undecided line adds nothing to approved)."""
        return carry(self.lines, lambda line: line.claimed, lambda line: line.approved or ZERO)

    @property
    def quantity(self) -> int:
        """Pieces on all lines."""
        return sum(line.quantity for line in self.lines)

    @property
    def old_parts(self) -> int:
        """Registrations named by the lines."""
        return len({line.old_part for line in self.lines if line.old_part})

    @property
    def claimed(self) -> Decimal:
        """Yuan claimed."""
        return sum((line.claimed for line in self.lines), ZERO)

    @property
    def approved(self) -> Decimal | None:
        """Yuan approved so far; None while no line is decided."""
        decided = [line.approved for line in self.lines if line.approved is not None]
        return sum(decided, ZERO) if decided else None

    @property
    def tally(self) -> Mapping[str, int]:
        """How many lines got which decision, in the order they first come."""
        return Counter(line.decision for line in self.lines if line.decision)
