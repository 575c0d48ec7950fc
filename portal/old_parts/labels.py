"""What old parts are called: states, reviews, steps, photos, refusals, acts, and the sentences with their deadlines."""

from __future__ import annotations

from datetime import date

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from portal.old_parts.models import Cause, OldPartState, Review
from portal.old_parts.rules import days_left
from portal.warranty import labels as warranty

STATES = {
    OldPartState.REGISTERED: (_l("Registered"), "wait"),
    OldPartState.REPORTED: (_l("Reported"), "move"),
    OldPartState.WITHDRAWN: (_l("Withdrawn"), "idle"),
}

REVIEWS = {
    Review.PENDING: (_l("To be reviewed"), "wait"),
    Review.WANTED: (_l("More is wanted"), "wait"),
    Review.ACCEPTED: (_l("Reimbursable"), "done"),
    Review.REFUSED: (_l("Not reimbursable"), "stop"),
}

CAUSES = {cause: warranty.CAUSES[cause.value] for cause in Cause}

TABS = {
    "awaiting": _l("To be registered"),
    "registered": _l("To be reported"),
    "pending": _l("To be reviewed"),
    "wanted": _l("More is wanted"),
    "accepted": _l("Reimbursable"),
    "refused": _l("Not reimbursable"),
    "withdrawn": _l("Withdrawn"),
    "all": _l("All"),
}

STEPS = {
    "report": _l("Report to headquarters"),
    "withdraw": _l("Withdraw"),
    "accept": _l("Reimbursable"),
    "want": _l("Ask for more"),
    "refuse": _l("Not reimbursable"),
    "answer": _l("Answer headquarters"),
}

ASKS = {
    "withdraw": _l("Why is it withdrawn?"),
    "want": _l("What is missing? The dealer reads this."),
    "refuse": _l("Why is it not reimbursable? The dealer reads this."),
}

SLOTS = {
    "nameplate": (_l("Nameplate"), _l("Model and serial number can be read")),
    "fault": (_l("The fault"), _l("Show the place that failed")),
    "old-part": (_l("Old part with its number"), ""),
    "after": (_l("After the repair"), _l("The new part fitted in its place")),
    "more": (_l("Another photo"), ""),
}

REFUSALS = {
    "old-part-part-unknown": _l("There is no part %(part)s. Choose one of the parts you hold."),
    "old-part-fault-unknown": _l("There is no fault code %(fault)s. Choose one from the list."),
    "old-part-cause-unknown": _l("Choose what caused the fault."),
    "old-part-quantity": _l("The quantity is a whole number from 1 to %(most)s."),
    "old-part-text-too-long": _l("At most %(most)s characters fit here."),
    "replaced-in-future": _l("The day of replacement lies in the future; today is %(today)s."),
    "not-enough-held": _l(
        "Of %(part)s you have %(left)s received and not used yet; %(asked)s are asked for. Receive a shipment first, or register fewer."
    ),
    "replaced-before-received": _l(
        "The oldest of these pieces was received on %(received_on)s; the replacement cannot be earlier."
    ),
    "no-photos": _l("Take at least one photo before reporting."),
    "on-claim": _l("A claim line rests on this old part. Remove it from the claim first; a submitted one stays."),
    "photos-closed": _l("It has been reported: photos can be added again when headquarters asks for more."),
    "too-many-photos": _l("At most %(most)s photos fit on one old part."),
    "photo-slot": _l("This place for a photo does not exist. Reload the page and take the photo again."),
    "not-reported": _l("The dealer has not reported it yet."),
    "own-dealer": _l("You also belong to this dealer; somebody else must decide."),
    "claim-decided": _l("The claim line that rests on it is decided; the review stays as it is."),
    "answer-missing": _l("Write what headquarters asked for."),
    "none-chosen": _l("Nothing is chosen yet. Tick the rows first."),
    "one-not-accepted": _l(
        "%(number)s cannot be accepted now, so none of the chosen ones was. Take it out and try again."
    ),
    "pieces-used-meanwhile": _l("The pieces of %(number)s that went back have been used for something else."),
}

ACTS = {
    "old-part:register": _l("registered %(quantity)s × %(part)s, paid %(amount)s"),
    "old-part:add-photo": _l("added a photo"),
    "old-part:remove-photo": _l("removed a photo"),
    "old-part:report": _l("reported it to headquarters"),
    "old-part:withdraw": _l("withdrew the registration"),
    "old-part:accept": _l("found it reimbursable"),
    "old-part:want": _l("asked for more"),
    "old-part:refuse": _l("found it not reimbursable"),
    "old-part:answer": _l("answered headquarters"),
}


def standing(state: OldPartState, review: Review) -> tuple[object, str]:
    """Where it stands, in words and tone: the state, and once it is reported its review."""
    return REVIEWS[review] if state == OldPartState.REPORTED else STATES[state]


def mine(state: OldPartState, review: Review, side: str) -> bool:
    """Whether it waits for this side."""
    if state == OldPartState.REGISTERED or (state == OldPartState.REPORTED and review == Review.WANTED):
        return side == "dealer"
    return state == OldPartState.REPORTED and review == Review.PENDING and side == "hq"


def countdown(today: date, last_day: date) -> str:
    """R30: until when it is to be reported: "7 days left, until 11-09 24:00"; late reports are accepted and marked."""
    left = days_left(today, last_day)
    if left > 0:
        return ngettext(
            "%(num)d day left to report, until %(day)s 24:00", "%(num)d days left to report, until %(day)s 24:00", left,
            day=f"{last_day:%m-%d}",
        )  # fmt: skip
    if left == 0:
        return _("To be reported today, until 24:00")
    return ngettext(
        "Not reported; %(num)d day over, it will be marked late",
        "Not reported; %(num)d days over, it will be marked late",
        -left,
    )


def return_rule(must_return: bool) -> str:  # noqa: FBT001
    """R34: the answer on the label."""
    return _("Must be returned") if must_return else _("Keep until reimbursed")


def slot_hint(slot: str, number: str) -> str:
    """What a photo has to show; the old part's tells which digits to write on it."""
    if slot == "old-part":
        digits = number.rpartition("-")[2]
        return _("Write %(digits)s on the old part, or stick the label on, then take it", digits=digits)
    return str(SLOTS[slot][1])
