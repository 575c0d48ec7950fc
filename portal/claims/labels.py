"""What claims are called: states, decision codes, what each check says, refusals, acts, steps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.claims.checks import Check
from portal.claims.matching import Outcome
from portal.claims.models import ClaimState, LineState
from portal.claims.rules import Code
from portal.core.money import parse
from portal.warranty.labels import CAUSES, verdict_sentence
from portal.warranty.rules import Verdict
from portal.web import sheet_labels

STATES = {
    ClaimState.DRAFT: (_l("Draft"), "draft"),
    ClaimState.SUBMITTED: (_l("Waiting for review"), "wait"),
    ClaimState.IN_REVIEW: (_l("In review"), "wait"),
    ClaimState.DECIDED: (_l("All lines decided"), "done"),
}

LINE_STATES = {
    LineState.DRAFT: (_l("Draft"), "draft"),
    LineState.SUBMITTED: (_l("Not decided"), "wait"),
    LineState.WANTED: (_l("More is wanted"), "wait"),
    LineState.APPROVED: (_l("Passed"), "done"),
    LineState.REDUCED: (_l("Reduced"), "done"),
    LineState.REFUSED: (_l("Denied"), "stop"),
}

TABS = {
    "": _l("All"),
    "draft": _l("Draft"),
    "submitted": _l("Waiting for review"),
    "in-review": _l("In review"),
    "wanted": _l("More is wanted"),
    "decided": _l("All lines decided"),
}

STEPS = {
    "submit": _l("Submit the claim"),
    "approve": _l("Pass"),
    "reduce": _l("Reduce"),
    "refuse": _l("Deny"),
    "want": _l("Ask for more"),
    "answer": _l("Answer headquarters"),
}

CODES = {
    Code.FWC: _l("Approved in full"),
    Code.PWA: _l("Approved in part"),
    Code.PNP: _l("The part does not belong to this repair"),
    Code.IIS: _l("Not enough information"),
    Code.CDR: _l("Damaged by the customer"),
    Code.DC: _l("Claimed twice"),
    Code.EW: _l("Beyond the warranty period"),
    Code.PNR: _l("Old part or papers not returned in time"),
    Code.NEW: _l("Warranty conditions not met"),
    Code.NDF: _l("No fault found on inspection"),
    Code.NWR: _l("No product registration or warranty record"),
    Code.NOP: _l("Not our company's product"),
    Code.A4: _l("Part number missing"),
    Code.A5: _l("Serial number of the main unit missing"),
    Code.A2: _l("Date differs from the voucher"),
    Code.RDP: _l("Repair description does not fit the product"),
    Code.EPC: _l("Part price over the limit"),
    Code.ELH: _l("Labour hours over the limit"),
    Code.ELR: _l("Labour rate differs"),
    Code.EFX: _l("Freight over the limit"),
    Code.PRD: _l("Old part damaged by bad packing"),
    Code.UPR: _l("Not related to the earlier repair"),
    Code.UR: _l("Repair not authorized"),
    Code.URF: _l("Service centre not authorized"),
    Code.SUB: _l("Submitted too late"),
    Code.AC: _l("Amount over what was agreed"),
    Code.RDR: _l("The service centre is responsible"),
    Code.CP: _l("To be confirmed by the supplier"),
    Code.CC: _l("Withdrawn by the applicant"),
    Code.NCR: _l("Free repair, not paid"),
}

REFUSALS: dict[str, Any] = {
    "own-dealer": _l("You also belong to this dealer; somebody else must decide."),
    "none-chosen": _l("Nothing is chosen yet. Tick the rows first."),
    "answer-missing": _l("Write what headquarters asked for."),
    "month-ahead": _l("%(month)s has not begun yet. A claim is made for this month or an earlier one."),
    "old-part-unknown": _l("There is no old part %(number)s. Choose from the list."),
    "old-part-withdrawn": _l("%(number)s was withdrawn, so it cannot be claimed."),
    "already-claimed": _l("Old part %(number)s was already used on claim %(claim)s. Nothing was added."),
    "already-on-draft": _l("Old part %(number)s already stands on a draft. Nothing was added."),
    "line-unknown": _l("There is no line %(line)s on this claim any more. Load the page again; nothing was changed."),
    "nothing-blocked": _l("No line is blocked any more."),
    "claim-without-lines": _l("A claim needs at least one line. Put old parts on it first."),
    "lines-blocked": _l("Not submitted, because checks block these lines: %(lines)s. Remove them or settle what they say; nothing was changed."),
    "decided-meanwhile": _l("Line %(line)s was decided meanwhile by %(by)s. Nothing of yours was saved; look at it again."),
    "decisions-stand": _l("The claim is decided; its decisions stand."),
    "settlement-begun": _l("The settlement day that pays line %(line)s has begun; its decision stands."),
    "line-old-part-not-accepted": _l("Line %(line)s: the old part has not been found reimbursable yet. Review it first."),
    "line-blocked": _l("Line %(line)s: a check blocks it, so nothing can be approved. Refuse it, or ask the dealer for more."),
    "reduce-how": _l("Give either fewer pieces or a smaller amount."),
    "reduce-quantity": _l("Line %(line)s has %(pieces)s pieces: approve fewer, but at least one. To approve none, refuse the line."),
    "reduce-amount": _l("Line %(line)s: the amount must be more than nothing and less than the %(claimed)s claimed."),
    "code-unknown": _l("Choose a decision code from the list."),
    "form-taken-in": _l("This very file was taken in already, on %(day)s by %(by)s. Nothing was made anew; go on with what stands there."),
    "form-other-dealer": _l("The form is dealer %(said)s's, and you are %(own)s. Nothing was taken in."),
    "form-without-month": _l("Neither the form nor its rows say a month. Give the service month."),
    "form-none": _l("This claim was not made from a form."),
}  # fmt: skip

ACTS = {
    "claim:draft": _l("began a claim for %(month)s"),
    "claim:take-in": _l("took in the form %(filename)s: %(lines)s of %(rows)s rows became lines"),
    "claim:look-again": _l("compared %(rows)s rows of the form anew: %(lines)s became lines"),
    "claim:add": _l("put old parts on it: %(count)s, %(amount)s"),
    "claim:discard": _l("threw the draft for %(month)s away: %(count)s lines, %(amount)s"),
    "claim:remove": _l("took line %(lines)s off the claim"),
    "claim:submit": _l("submitted the claim, lines: %(count)s, %(amount)s"),
    "claim:answer": _l("answered about line %(lines)s"),
    "claim:approve": _l("approved line %(lines)s: %(approved)s"),
    "claim:reduce": _l("reduced line %(lines)s from %(claimed)s to %(approved)s"),
    "claim:refuse": _l("refused line %(lines)s: %(claimed)s"),
    "claim:want": _l("wanted to know more about line %(lines)s"),
    "claim:decide": _l("with that every line is decided: %(approved)s of %(claimed)s"),
}

# What became of a row of a dealer's form: words, tone, what was found, what to do next. Facts are those of matching.py.
_OUTCOMES: dict[Outcome, tuple[Any, str, Any, Any]] = {
    Outcome.LINE: (_l("On the claim"), "done", _l("It is old part %(number)s."), ""),
    Outcome.TAKEN_OFF: (_l("Taken off"), "idle", _l("Old part %(number)s was taken off the claim."), ""),
    Outcome.BLOCKED: (_l("Blocked"), "stop", _l("It is old part %(number)s, and it cannot be claimed as it stands."), _l("Settle what the checks say, then look again.")),
    Outcome.UNREADABLE: (_l("Not readable"), "stop", _l("A cell of this row cannot be read."), _l("Put its old part on the claim below.")),
    Outcome.TWICE: (_l("Twice"), "stop", _l("Old part %(number)s stands in row %(first)s already."), _l("If the part was replaced twice, register the second one too, then look again.")),
    Outcome.NUMBER_UNKNOWN: (_l("Old part unknown"), "stop", _l("You have no old part %(number)s."), _l("Check the number on its label, and put the right one on the claim below.")),
    Outcome.NUMBER_DIFFERS: (_l("Old part differs"), "stop", _l("Old part %(number)s is another replacement: product %(serial)s, part %(part)s."), _l("Check which old part belongs to this row, and put it on the claim below.")),
    Outcome.SERIAL_MISSING: (_l("Incomplete"), "stop", _l("There is neither a serial number nor an old part number."), _l("Put its old part on the claim below.")),
    Outcome.PART_MISSING: (_l("Incomplete"), "stop", _l("There is neither a part number nor an old part number."), _l("Put its old part on the claim below.")),
    Outcome.DAY_MISSING: (_l("Incomplete"), "stop", _l("There is neither a service day nor an old part number."), _l("Put its old part on the claim below.")),
    Outcome.DAY_AHEAD: (_l("Wrong day"), "stop", _l("The service day %(day)s lies in the future."), _l("Correct the day, and put its old part on the claim below.")),
    Outcome.OTHER_MONTH: (_l("Another month"), "idle", _l("The service day %(day)s belongs to another month than this claim's."), _l("Put it on a claim of its own month.")),
    Outcome.OTHER_DAY: (_l("Another day"), "stop", _l("Old part %(number)s of this product and part is registered for %(registered)s; the form says %(day)s."), _l("If it is the same replacement, put it on the claim below.")),
    Outcome.PRODUCT_UNKNOWN: (_l("Product unknown"), "stop", _l("%(serial)s is not among the products registered with you."), _l("Check it against the nameplate, or ask headquarters to register it.")),
    Outcome.PART_UNKNOWN: (_l("Part unknown"), "stop", _l("There is no part %(number)s."), _l("Check the part number in the price list.")),
    Outcome.NOT_COVERED: (_l("Out of warranty"), "stop", "", _l("It cannot be reimbursed.")),
    Outcome.TOO_LATE: (_l("Too late"), "stop", _l("It could be claimed until %(last_day)s, %(days)s days after the service day."), _l("It cannot be reimbursed.")),
    Outcome.NO_OLD_PART: (_l("No old part"), "stop", _l("No old part is registered for it."), _l("Register and report the old part, then look again; it can be claimed until %(until)s.")),
}  # fmt: skip

# What a row says otherwise than the register, which is what counts.
_REMARKS: dict[str, Any] = {
    "model-differs": _l("The form says model %(said)s; the product is a %(known)s."),
    "fault-unknown": _l("There is no fault code %(said)s."),
    "day-differs": _l("The form says %(said)s; the old part was replaced on %(known)s."),
    "quantity-differs": _l("The form says %(said)s pieces; %(known)s are registered."),
    "fault-differs": _l("The form says fault %(said)s; registered is %(known)s."),
    "amount-differs": _l("The form says %(said)s; what you paid for these pieces is %(known)s, and that is claimed."),
    "price-differs": _l("The form says %(said)s a piece; what you paid for %(pieces)s is %(known)s, and that is claimed."),
}  # fmt: skip

# The sentence of each check, and the dim words under it (or ""). Facts are those of checks.py.
_SENTENCES: dict[str, tuple[Any, Any]] = {
    "cause-covered": (_l("The cause “%(cause)s” is covered"), ""),
    "cause-excluded": (_l("The cause “%(cause)s” is not covered by the warranty"), ""),
    "reported": (_l("Old part %(number)s is reported"), _l("On %(reported_on)s")),
    "not-reported": (_l("Old part %(number)s is not reported yet"), _l("Report it with photos; to be reported by %(report_by)s")),
    "withdrawn": (_l("Old part %(number)s was withdrawn"), ""),
    "only-here": (_l("Old part %(number)s is used on no other line"), ""),
    "on-a-draft": (_l("Old part %(number)s stands on another draft"), ""),
    "claimed-elsewhere": (_l("Old part %(number)s was already used on claim %(claim)s"), ""),
    "allocated": (_l("Pieces taken from parts that the dealer received: %(pieces)s"), ""),
    "allocation-missing": (_l("Only %(have)s of %(need)s pieces are taken from received parts"), ""),
    "in-month": (_l("The service day %(day)s lies in the month of the claim"), ""),
    "outside-month": (_l("The service day %(day)s does not lie in the month of the claim"), _l("Put it on a claim of its own month")),
    "day-ahead": (_l("The service day %(day)s lies in the future"), ""),
    "in-time": (_l("Claimed in time"), _l("Until %(last_day)s, %(days)s days after the service day")),
    "too-late": (_l("Too late to claim"), _l("It could be claimed until %(last_day)s, %(days)s days after the service day")),
    "photos": (_l("Photos: %(photos)s"), ""),
    "no-photos": (_l("There are no photos of old part %(number)s"), ""),
    "old-part-accepted": (_l("Headquarters found old part %(number)s reimbursable"), ""),
    "old-part-pending": (_l("Headquarters has not reviewed old part %(number)s yet"), _l("The line can be approved only after that")),
    "old-part-wanted": (_l("Headquarters wants to know more about old part %(number)s"), "%(reason)s"),
    "old-part-refused": (_l("Headquarters found old part %(number)s not reimbursable"), "%(reason)s"),
    "reported-in-time": (_l("Reported in time"), _l("On %(reported_on)s, due by %(report_by)s")),
    "reported-late": (_l("Reported late"), _l("On %(reported_on)s, due by %(report_by)s")),
    "fault-fits": (_l("Fault %(fault)s fits this part"), ""),
    "fault-category": (_l("Fault %(fault)s belongs to another category"), _l("The fault is for %(fault_category)s, the part for %(part_category)s")),
    "no-repeat": (_l("The same part was not replaced on this product within %(days)s days"), ""),
    "repeat": (_l("The same part was replaced on this product %(days)s days apart"), _l("%(number)s on %(day)s")),
    "photos-new": (_l("The photos have not been used before"), ""),
    "photo-seen": (_l("A photo has been used before"), _l("It hangs on another old part of the brand")),
    "sample-small": (_l("Too few lines to judge the amount"), _l("%(lines)s comparable lines in twelve months; at least %(sample)s are needed")),
    "amount-usual": (_l("The amount is usual"), _l("Average of %(lines)s lines in twelve months: %(average)s")),
    "amount-unusual": (_l("The amount is over %(factor)s times the usual"), _l("Average of %(lines)s lines in twelve months: %(average)s")),
}  # fmt: skip


def check_said(check: Check, money: Callable[[Any], str]) -> tuple[str, str, str]:
    """One check for the ``checks`` macro: (level, sentence, why). ``money`` writes yuan."""
    if check.code in {"covered", "not-covered"}:
        return check.level, verdict_sentence(Verdict.from_json(check.facts["verdict"])), ""
    facts = _facts(check.facts, money)
    sentence, why = _SENTENCES[check.code]
    if check.code == "cause-excluded" and "verdict" in check.facts:
        return check.level, str(sentence) % facts, verdict_sentence(Verdict.from_json(check.facts["verdict"]))
    return check.level, str(sentence) % facts, str(why) % facts


@dataclass(frozen=True, slots=True)
class RowSaid:
    """A row of a form in words: ``word`` and ``tone`` for its badge, what was found, what to do next, what differs."""

    word: Any
    tone: str
    found: tuple[str, ...]
    next: str
    remarks: tuple[str, ...]


def row_said(
    outcome: Outcome,
    facts: Mapping[str, Any],
    remarks: Iterable[Mapping[str, Any]],
    number: str | None,
    money: Callable[[Any], str],
) -> RowSaid:
    """What became of a row of a form. ``number`` is the registration that it is, if it is one; ``money`` writes yuan."""
    word, tone, sentence, following = _OUTCOMES[outcome]
    known = {"number": number or "", **facts}
    found = [str(sentence) % known] if sentence else []
    if "verdict" in facts:
        found.insert(0, verdict_sentence(Verdict.from_json(facts["verdict"])))
    for stored in facts.get("checks", ()):
        _level, said, why = check_said(Check.from_json(stored), money)
        found.append(_(": ").join((said, why)) if why else said)
    return RowSaid(word, tone, tuple(found), str(following) % known, tuple(_remark(one, money) for one in remarks))


def _remark(one: Mapping[str, Any], money: Callable[[Any], str]) -> str:
    code, facts = one["code"], one["facts"]
    if code == "cell":
        said = sheet_labels.sentence(facts["problem"], facts["facts"])
        return f"{sheet_labels.FIELDS[facts['field']]}{_(': ')}{said}"
    if code in {"amount-differs", "price-differs"}:
        facts = {**facts, "said": money(parse(facts["said"])), "known": money(parse(facts["known"]))}
    return str(_REMARKS[code]) % facts


def check_codes() -> frozenset[str]:
    """Every check that has words (a test compares them with checks.py)."""
    return frozenset(_SENTENCES) | {"covered", "not-covered"}


def _facts(facts: Mapping[str, Any], money: Callable[[Any], str]) -> dict[str, Any]:
    said = dict(facts)
    if "cause" in said:
        said["cause"] = CAUSES.get(said["cause"], said["cause"])
    if "average" in said:
        said["average"] = money(parse(said["average"]))
    return said
