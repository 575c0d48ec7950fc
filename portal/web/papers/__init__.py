"""What the five printed papers say, as plain values: a domain package fills them, `pdf.render` prints them.

Amounts are yuan as `Decimal`, days are `date`, instants are `datetime` already in the brand's zone (they are
printed as they stand). Every word (states, purposes, verdicts, reasons) arrives decided, as the Chinese text
to print. What has no value is left out of the paper, never shown as an empty place: give None or "".
Sums are worked out here, from the lines printed, so that a paper always adds up in itself.
"""

from portal.web.papers.claims import ClaimPaper, ClaimPaperLine
from portal.web.papers.codes import content_code, content_digest
from portal.web.papers.common import ZERO, BrandHead, Carried, DealerHead, PrintInfo, carry, money, yuan
from portal.web.papers.fees import FeeItem, FeeSchedulePaper
from portal.web.papers.old_parts import OldPartLabel, OldPartLabels
from portal.web.papers.orders import Confirmation, Debit, PartsOrderLine, PartsOrderPaper, ShipTo
from portal.web.papers.statements import (
    LeftOut,
    Movement,
    ReimbursedClaim,
    ReimbursedGroup,
    ReimbursedLine,
    Standing,
    StatementEntry,
    StatementPaper,
)

__all__ = [
    "ZERO",
    "BrandHead",
    "Carried",
    "ClaimPaper",
    "ClaimPaperLine",
    "Confirmation",
    "DealerHead",
    "Debit",
    "FeeItem",
    "FeeSchedulePaper",
    "LeftOut",
    "Movement",
    "OldPartLabel",
    "OldPartLabels",
    "Paper",
    "PartsOrderLine",
    "PartsOrderPaper",
    "PrintInfo",
    "ReimbursedClaim",
    "ReimbursedGroup",
    "ReimbursedLine",
    "ShipTo",
    "Standing",
    "StatementEntry",
    "StatementPaper",
    "carry",
    "content_code",
    "content_digest",
    "money",
    "yuan",
]

Paper = PartsOrderPaper | ClaimPaper | StatementPaper | FeeSchedulePaper | OldPartLabels
