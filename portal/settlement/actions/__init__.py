"""What happens to a month's settlement and its statements: every write, one function an act (R50-R54, R64)."""

from portal.settlement.actions.posting import close_month, post, post_alone
from portal.settlement.actions.preparing import check, exclude, prepare, send_back
from portal.settlement.actions.statements import Figures, LineRef, answer, confirm, dispute, keep_papers
from portal.settlement.actions.taking import alone, unposted

__all__ = [
    "Figures",
    "LineRef",
    "alone",
    "answer",
    "check",
    "close_month",
    "confirm",
    "dispute",
    "exclude",
    "keep_papers",
    "post",
    "post_alone",
    "prepare",
    "send_back",
    "unposted",
]
