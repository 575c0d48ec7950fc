"""What happens to claims: every write, one function per act. ``drafting`` is the dealer's side, ``deciding`` HQ's."""

from portal.claims.actions.deciding import approve, decide, reduce, refuse, review, want
from portal.claims.actions.drafting import add_lines, answer, draft, remove_blocked, remove_line, submit

__all__ = [
    "add_lines",
    "answer",
    "approve",
    "decide",
    "draft",
    "reduce",
    "refuse",
    "remove_blocked",
    "remove_line",
    "review",
    "submit",
    "want",
]
