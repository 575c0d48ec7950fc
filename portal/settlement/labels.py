"""What settlements are called: states, steps, reasons for leaving a line out, refusals, acts."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.settlement.models import SettlementState
from portal.settlement.rules import Fault, LeftOutBecause, LeftOutGroup, LeftOutLine, Reply

STATES = {
    SettlementState.PREPARED: (_l("To be checked"), "wait"),
    SettlementState.CHECKED: (_l("To be posted"), "wait"),
    SettlementState.POSTED: (_l("Posted to accounts"), "done"),
}

# How a statement stands with its dealer; its states' words are among them, and that silence counts as accepted.
REPLIES = {
    Reply.WAITING: (_l("To be confirmed"), "wait"),
    Reply.CONFIRMED: (_l("Has been confirmed"), "done"),
    Reply.DISPUTED: (_l("Disputed"), "stop"),
    Reply.ACCEPTED: (_l("Accepted by silence"), "done"),
}
STATEMENT_STATES = {
    "open": REPLIES[Reply.WAITING],
    "confirmed": REPLIES[Reply.CONFIRMED],
    "disputed": REPLIES[Reply.DISPUTED],
}

FAULTS = {
    Fault.OPENING: _l("It does not begin where the statement before ended."),
    Fault.ENTRIES: _l("Its opening balance and entries do not add up to its closing balance."),
    Fault.CLOSING: _l("Its closing balance is not the account's."),
    Fault.REIMBURSED: _l("What it reimburses is not what was posted."),
    Fault.LINES: _l("What it reimburses is not what the approved claim lines add up to."),
    Fault.PAPER: _l("The paper that is kept says other figures."),
}

STEPS = {
    "confirm": _l("Confirm the statement"),
    "dispute": _l("Something is wrong"),
    "answer": _l("Answer the dealer"),
    "prepare": _l("Prepare again"),
    "check": _l("Found right"),
    "post": _l("Post"),
    "post_alone": _l("Post by itself"),
    "send_back": _l("Send back to finance"),
    "exclude": _l("Leave a line out"),
}

LEFT_OUT = {
    LeftOutBecause.NOT_DECIDED: _l("Not decided yet"),
    LeftOutBecause.OLD_PART_NOT_REVIEWED: _l("Old part not reviewed yet"),
    LeftOutBecause.OLD_PART_NOT_ACCEPTED: _l("Old part not accepted"),
    LeftOutBecause.WANTED: _l("The dealer has to add something"),
    LeftOutBecause.APPROVED_LATE: _l("Approved after the settlement day began"),
    LeftOutBecause.EXCLUDED: _l("Left out by hand"),
    LeftOutBecause.LATER_SERVICE_DAY: _l("Service day lies in the next month"),
}

_NEXT = {
    LeftOutBecause.NOT_DECIDED: _l("In the settlement after the decision"),
    LeftOutBecause.OLD_PART_NOT_REVIEWED: _l("Decided once the old part is reviewed"),
    LeftOutBecause.OLD_PART_NOT_ACCEPTED: _l("Waits for the old part's review"),
    LeftOutBecause.WANTED: _l("Looked at again once it is added"),
    LeftOutBecause.APPROVED_LATE: _l("Moves to the next settlement"),
    LeftOutBecause.EXCLUDED: _l("Moves to the next settlement"),
    LeftOutBecause.LATER_SERVICE_DAY: _l("Belongs to the next month"),
}

REFUSALS = {
    "already-posted": _l("This is posted already; nothing was done a second time."),
    "too-early": _l(
        "%(month)s can be prepared from %(settles_on)s on, when its settlement day begins. Until then there is the preview."
    ),
    "later-month-posted": _l("%(later)s is posted already, so %(month)s can no longer be settled; months go in order."),
    "earlier-month-unsettled": _l("%(earlier)s comes first: months are settled in order, and it is not posted yet."),
    "not-prepared": _l("%(month)s is not prepared yet. Prepare it first."),
    "prepare-again": _l(
        "The claim lines no longer say what was prepared for %(month)s. Prepare it again; nothing was changed."
    ),
    "settlement-running": _l("Somebody is working on a settlement at this moment. Look again in a few seconds."),
    "as-missing": _l("Say with --as for whom: checking and posting need a person who may."),
    "needs-a-person": _l("Checking and posting need a person who may."),
    "system-only": _l("This happens by itself, when its day has come."),
    "posting-needs-people": _l("In this brand settlements are posted by people."),
    "you-prepared-it": _l("You prepared it yourself; another person has to do this."),
    "you-checked-it": _l("You checked it yourself; another person has to post it."),
    "line-not-in-month": _l("Line %(line)s of %(claim)s is not paid by this month, so there is nothing to leave out."),
    "answer-too-late": _l(
        "The time to answer this statement ended with %(until)s, so it counts as accepted. Call %(call)s; a mistake is still corrected."
    ),
    "line-not-on-statement": _l("Line %(line)s of %(claim)s is not on this statement. Write lines like RC2610-0003/2."),
    "statement-at-fault": _l(
        "Statement %(number)s does not agree with the ledger, so it is held back. Headquarters' finance sees it in red and looks into it."
    ),
    "paper-damaged": _l(
        "The kept file of %(number)s is not the one that was made, so it is not shown. The statement itself is unharmed; call headquarters."
    ),
    "settlement-not-posted": _l("The settlement of %(month)s is not posted yet; the month can be closed after that."),
}

ACTS = {
    "statement:confirm": _l("confirmed the statement"),
    "statement:dispute": _l("disputed the statement"),
    "statement:answer": _l("answered the dispute; to be confirmed by %(until)s"),
    "statement:keep_papers": _l("made the statement's PDF and Excel file, which are kept"),
    "settlement:prepare": _l("prepared the settlement: %(lines)s lines, %(amount)s"),
    "settlement:check": _l("found the settlement right"),
    "settlement:send_back": _l("sent the settlement back"),
    "settlement:post": _l("posted the settlement: %(amount)s to %(dealers)s dealers"),
    "settlement:post_alone": _l("posted by itself: %(amount)s to %(dealers)s dealers"),
    "settlement:leave_out": _l("left line %(line)s of %(claim)s out of the settlement"),
    "settlement:exclude": _l("moved line %(line)s on to the settlement of %(to_month)s"),
}


def goes_to(line: LeftOutLine) -> str:
    """What becomes of a line that was left out."""
    if line.goes_to is not None:
        return _("Paid with %(month)s", month=f"{line.goes_to:%Y-%m}")
    return str(_NEXT[line.because])


def comes_next(group: LeftOutGroup) -> str:
    """What becomes of the lines left out for one reason."""
    return str(_NEXT[group.because])
