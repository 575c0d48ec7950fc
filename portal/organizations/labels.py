"""What dealers' pages and terms are called: terms and their units, refusals, acts."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.core.terms import Term

# Every registered term: what it is called, and what it decides. A test finds one that is missing here.
TERMS: dict[str, tuple[Any, Any]] = {
    "settlement.day": (
        _l("Settlement day"),
        _l("Approved claim lines of a month are reimbursed on this day of the month after."),
    ),
    "statement.confirm-days": (
        _l("Days to check a statement"),
        _l("So long a dealer may check its monthly statement, counted from the settlement day."),
    ),
    "claims.late-days": (
        _l("Late claims"),
        _l("A replacement may be claimed up to so many days after the service day."),
    ),
    "claims.repeat-days": (
        _l("Repeated replacement"),
        _l("The same part on the same serial number within so many days warns the reviewer."),
    ),
    "claims.unusual-factor": (
        _l("Unusual amount"),
        _l("An amount over so many times the part's twelve-month average warns the reviewer."),
    ),
    "old_parts.report-days": (
        _l("Days to report an old part"),
        _l("An old part is reported within so many days of its replacement, to the end of the last one."),
    ),
    "files.quota": (
        _l("Space for photos"),
        _l("The photos of one dealer may take so many megabytes; a photo beyond that is refused."),
    ),
    "identity.second-factor": (
        _l("Second factor for finance"),
        _l(
            "Who holds a finance role at headquarters signs in with a second factor; who has none is led to set it up first."
        ),
    ),
    "settlement.on-working-day": (
        _l("Settlement on a working day"),
        _l("A settlement day on a weekend or public holiday moves to the next working day."),
    ),
    "settlement.post-by-itself": (
        _l("Settlements post themselves"),
        _l(
            "What the portal prepared is posted in the same minute, without anybody checking it. What a person prepared is not."
        ),
    ),
    "orders.debit-at-once": (
        _l("Orders are debited at once"),
        _l(
            "An agreed order is debited as soon as the account holds enough, oldest first, without finance pressing a button."
        ),
    ),
    "orders.quote-validity": (
        _l("Days a quote holds"),
        _l("A confirmed version can be agreed to until the end of so many days after the day it was made."),
    ),
}

UNITS = {
    "days": _l("%(value)s days"),
    "megabytes": _l("%(value)s MB"),
    "day of month": _l("day %(value)s of the month"),
    "times": _l("%(value)s times"),
}

REFUSALS = {
    "term-out-of-limits": _l("The value must lie between %(low)s and %(high)s."),
    "term-day-past": _l("%(day)s is over; what was decided then keeps its number. Choose today or later."),
    "term-unchanged": _l("That is what it is on %(day)s already."),
}

ACTS = {"term:set": _l("set the term %(name)s from %(value_before)s to %(value)s, from %(from_day)s")}


def term_title(term: Term) -> str:
    """What a term is called; its name where nobody has given it words."""
    return str(TERMS[term.name][0]) if term.name in TERMS else term.name


def term_words(term: Term) -> str:
    """What a term decides."""
    return str(TERMS[term.name][1]) if term.name in TERMS else term.why


def said(term: Term, value: int) -> str:
    """A term's value with its unit."""
    if term.unit == "switch":
        return _("on") if value else _("off")
    return str(UNITS.get(term.unit, "%(value)s")) % {"value": value}
