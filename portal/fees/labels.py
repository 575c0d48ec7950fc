"""What fee schedules are called: states, changes against the last one, steps, acts, refusals."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _l

from portal.fees.models import FeeState
from portal.fees.rules import Kind, in_force

STATES = {
    FeeState.DRAFT: (_l("Draft"), "draft"),
    FeeState.SUBMITTED: (_l("Waiting for approval"), "wait"),
    FeeState.APPROVED: (_l("Approved by headquarters"), "done"),
    FeeState.REFUSED: (_l("Refused by headquarters"), "stop"),
}

IN_FORCE = (_l("In force"), "done")
AHEAD = (_l("Approved, not in force yet"), "move")
ENDED = (_l("No longer in force"), "idle")

TABS = {
    "": _l("All"),
    "draft": _l("Draft"),
    "submitted": _l("Waiting for approval"),
    "in-force": _l("In force"),
    "refused": _l("Refused by headquarters"),
}

KINDS = {
    Kind.NEW: (_l("new"), "turn"),
    Kind.SAME: (_l("unchanged"), "idle"),
    Kind.UP: (_l("dearer"), "turn"),
    Kind.DOWN: (_l("cheaper"), "done"),
    Kind.GONE: (_l("gone"), "stop"),
}

STEPS = {
    "amend": _l("Change the draft"),
    "submit": _l("Submit to headquarters"),
    "approve": _l("Approve the fees"),
    "send_back": _l("Send back for changes"),
    "refuse": _l("Do not approve"),
}

LOOKS = {
    "amend": ("", "pencil"),
    "submit": ("primary", "check"),
    "approve": ("primary", "check"),
    "send_back": ("", "arrow-back-up"),
    "refuse": ("bad", "x"),
}

ASKS = {
    "send_back": _l("What should the dealer change?"),
    "refuse": _l("Why is it not approved?"),
}

# What a schedule waits for, said to whoever has no button.
WAITS = {
    FeeState.DRAFT: _l("The dealer manager submits it to headquarters."),
    FeeState.SUBMITTED: _l("The after-sales manager at headquarters decides."),
}

ACTS = {
    "fee:draft": _l("began a draft for %(region)s, in force from %(from_day)s"),
    "fee:amend": _l("changed the draft, now %(count)s items, in force from %(from_day)s"),
    "fee:submit": _l("submitted it: %(count)s items, in force from %(from_day)s"),
    "fee:approve": _l("approved it, in force from %(from_day)s"),
    "fee:send_back": _l("sent it back for changes"),
    "fee:refuse": _l("did not approve it"),
    "fee:end": _l("approved %(by)s, which takes its place; its last day is %(last_day)s"),
}

REFUSALS: dict[str, Any] = {
    "fee-region-missing": _l("Say for which region the fees are, for example the districts of the city you serve."),
    "fee-region-long": _l("The region may have at most %(most)s characters."),
    "fee-note-long": _l("The note may have at most %(most)s characters."),
    "fee-too-many-items": _l("A schedule takes at most %(most)s items."),
    "fee-item-missing": _l("Item %(position)s: say what is done for the fee."),
    "fee-unit-missing": _l("Item %(position)s: say what one fee is for: a visit, a piece, an hour."),
    "fee-text-long": _l("Item %(position)s: this text is too long."),
    "fee-amount-bounds": _l("Item %(position)s: the amount lies between 0 and 99,999.99 yuan."),
    "fee-item-twice": _l("Item %(position)s: the same item with the same unit stands further up already."),
    "fee-no-items": _l("There are no items yet. Add what you charge for, then submit it."),
    "fee-day-past": _l("The first day of force, %(first)s, has passed. It may be today, %(today)s, at the earliest: choose another day and submit it again."),
    "fee-first-day-past": _l("The first day of force, %(first)s, has passed; it may be at the earliest the day of approval, %(today)s. Send it back so that the dealer chooses another day."),
    "fee-same-day": _l("Another schedule for %(region)s is approved from the same day, %(first)s. Send this one back so that the dealer chooses another day."),
}  # fmt: skip


def standing(state: FeeState, first: date, end: date | None, today: date) -> tuple[Any, str]:
    """The word and tone of a schedule on a day: an approved one is in force, ahead, or over."""
    if state is not FeeState.APPROVED:
        return STATES[state]
    if in_force(first, end, today):
        return IN_FORCE
    return AHEAD if today < first else ENDED
