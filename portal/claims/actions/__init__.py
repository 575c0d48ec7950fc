"""What happens to claims: every write, one function per act. ``drafting`` and ``taking_in`` are the dealer's side, ``deciding`` HQ's."""

from portal.claims.actions.deciding import approve, decide, reduce, refuse, review, want
from portal.claims.actions.drafting import add_lines, answer, discard, draft, remove_blocked, remove_line, submit
from portal.claims.actions.taking_in import draft_from_form, look_again

__all__ = [
    "add_lines",
    "answer",
    "approve",
    "decide",
    "discard",
    "draft",
    "draft_from_form",
    "look_again",
    "reduce",
    "refuse",
    "remove_blocked",
    "remove_line",
    "review",
    "submit",
    "want",
]
