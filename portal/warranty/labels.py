"""What warranty is called: uses, bases, the verdict's sentence, refusals, acts."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.warranty.models import Basis, Use
from portal.warranty.rules import Reason, Verdict
from portal.web import sheet_labels

USES = {Use.HOME: _l("home use"), Use.COMMERCIAL: _l("commercial use")}

BASES = {Basis.INSTALLED: _l("installed on"), Basis.BOUGHT: _l("bought on"), Basis.MADE: _l("made on, plus 3 months")}

CAUSES = {
    "quality": _l("Quality"),
    "installation": _l("Installation"),
    "use": _l("Wrong use"),
    "man-made": _l("Man-made damage"),
    "transport": _l("Transport"),
}

POLICY_STATES = {
    "in-force": (_l("In force"), "done"),
    "future": (_l("In force later"), "wait"),
    "past": (_l("No longer in force"), "idle"),
    "withdrawn": (_l("Withdrawn"), "stop"),
}

REFUSALS = {
    "product-unknown": _l("No registered product has the serial number %(serial)s. Check it against the nameplate."),
    "product-elsewhere": _l("Product %(serial)s is registered with another dealer; only that dealer may serve it."),
    "policy-begun": _l(
        "Policy %(version)s has been in force since %(from_day)s. A version that has begun is never withdrawn; load a new one instead."
    ),
    "policy-withdrawn": _l("Policy %(version)s was withdrawn already."),
}

ACTS = {
    "product:open": _l("opened the customer's full data"),
    "products:load": _l("loaded registered products: %(rows)s rows, %(new)s new, %(changed)s changed"),
    "policy:load": _l("loaded warranty policy %(version)s from %(first_day)s: %(rows)s lines"),
    "policy:withdraw": _l("withdrew warranty policy %(version)s, which was to begin on %(from_day)s"),
}

# What the register has against a row of a file (portal/warranty/loads.py).
PROBLEMS = {
    "dealer-unknown-row": _l("There is no dealer %(dealer)s. Load the dealers first, or correct the code."),
    "model-unknown-row": _l(
        "No model %(model)s is known. Give its product category, or load the price list that names it."
    ),
    "product-of-another-dealer": _l("%(serial)s is registered with dealer %(dealer)s, whose documents hang on it."),
    "model-of-other-category": _l("%(model)s belongs to another product category than %(category)s; it keeps its own."),
}
sheet_labels.PROBLEMS.update(PROBLEMS)


def verdict_word(verdict: Verdict) -> str:
    """In or out, in two words."""
    return _("In warranty") if verdict.covered else _("Out of warranty")


def verdict_sentence(verdict: Verdict) -> str:
    """R13: one sentence that names what it counted from, the last day of cover, and the policy's version and line."""
    facts = {
        "group": verdict.part_group or _("Whole unit"),
        "months": verdict.months,
        "use": USES[verdict.use],
        "day": verdict.day,
        "since": _since(verdict),
        "last": verdict.last_day,
        "cause": CAUSES.get(verdict.cause, verdict.cause),
    }
    match verdict.reason:
        case Reason.NO_POLICY:
            return _("Out of warranty: no warranty policy was in force on %(day)s.", **facts)
        case Reason.NO_LINE:
            said = _("Out of warranty: the policy has no line for this category of product.")
        case Reason.NEVER_COVERED:
            said = _("%(group)s, %(use)s: never covered, out of warranty.", **facts)
        case Reason.NO_DATE:
            said = _("%(group)s %(months)d months, %(use)s: out of warranty, no day to count from is known.", **facts)
        case Reason.NOT_YET:
            said = _(
                "%(group)s %(months)d months, %(since)s until %(last)s, %(use)s: out of warranty, cover had not begun on %(day)s.",
                **facts,
            )
        case Reason.EXPIRED:
            said = _(
                "%(group)s %(months)d months, %(since)s until %(last)s, %(use)s: out of warranty, it had ended on %(day)s.",
                **facts,
            )
        case Reason.EXCLUDED_CAUSE:
            said = _(
                "%(group)s %(months)d months, %(since)s until %(last)s, %(use)s: out of warranty, the cause “%(cause)s” is not covered.",
                **facts,
            )
        case Reason.COVERED:
            said = _("%(group)s %(months)d months, %(since)s until %(last)s, %(use)s: in warranty.", **facts)
    return _by(said, verdict)


def _since(verdict: Verdict) -> str:
    match verdict.basis:
        case Basis.INSTALLED:
            return _("from installation on %(day)s", day=verdict.counts_from)
        case Basis.BOUGHT:
            return _("from purchase on %(day)s", day=verdict.counts_from)
        case Basis.MADE:
            return _("from %(day)s, three months after production,", day=verdict.counts_from)
        case _:
            return ""


def _by(said: str, verdict: Verdict) -> str:
    """Where it stands: the policy's version, and its line when one applied."""
    version = f"v{(verdict.policy_version or '').removeprefix('v')}"
    if verdict.line_no is None:
        return _("%(said)s By warranty policy %(version)s.", said=said, version=version)
    return _(
        "%(said)s By warranty policy %(version)s, line %(line)d.", said=said, version=version, line=verdict.line_no
    )
