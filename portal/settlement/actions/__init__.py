"""What happens to a month's settlement and its statements: every write, one function an act (R50-R54, R64)."""

from portal.settlement.actions.posting import close_month, post
from portal.settlement.actions.preparing import check, exclude, prepare, send_back

__all__ = ["check", "close_month", "exclude", "post", "prepare", "send_back"]
