"""What the catalogue and the loading of files are called: kinds, counts, refusals, acts, what the register has against a row."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.catalog.rules import Loaded
from portal.core.money import ZERO
from portal.web import sheet_labels
from portal.web.formats import money

LIST_STATES = {
    "in-force": (_l("In force"), "done"),
    "future": (_l("In force later"), "wait"),
    "past": (_l("No longer in force"), "idle"),
    "withdrawn": (_l("Withdrawn"), "stop"),
}

UPLOAD_STATES = {
    "waiting": (_l("To be confirmed"), "wait"),
    "done": (_l("Loaded"), "done"),
    "dropped": (_l("Discarded"), "stop"),
}

MOVES = {
    "rises": (_l("Rises"), _l("Prices that rise")),
    "falls": (_l("Falls"), _l("Prices that fall")),
    "new": (_l("New"), _l("Parts that are new on the list")),
    "gone": (_l("Gone"), _l("Parts that are no longer on the list")),
    "same": (_l("As before"), _l("Prices that stay")),
}

# The counts of a load, in the order in which they are shown.
COUNTS = {
    "models": _l("Models to be made"),
    "categories": _l("Product categories to be made"),
    "openings": _l("Opening balances to be booked"),
    "opening_total": _l("Opening balances together"),
    "limits": _l("Credit limits that change"),
    "ends": _l("Version that ends there"),
    "replaces": _l("Version that is replaced"),
    "prices_rises": MOVES["rises"][1],
    "prices_falls": MOVES["falls"][1],
    "prices_new": MOVES["new"][1],
    "prices_gone": MOVES["gone"][1],
    "prices_same": MOVES["same"][1],
}

REFUSALS = {
    "load-bad-rows": _l("%(count)s rows are wrong (%(rows)s), so nothing was loaded. Correct them and choose the file again."),
    "load-bad-file": _l("The file as a whole cannot be loaded; look at what is wrong. Nothing was changed."),
    "upload-over": _l("This file was loaded or discarded meanwhile. Choose it again if you want to load it."),
    "price-list-begun": _l(
        "Version %(version)s has been in force since %(from_day)s. A version that has begun is never withdrawn; load a new one instead."
    ),
    "price-list-withdrawn": _l("Version %(version)s was withdrawn already."),
}  # fmt: skip

ACTS = {
    "price-list:load": _l("loaded price list %(version)s from %(first_day)s: %(rows)s parts, %(new)s new"),
    "price-list:withdraw": _l("withdrew price list %(version)s, which was to begin on %(from_day)s"),
    "faults:load": _l("loaded fault codes: %(rows)s rows, %(new)s new, %(changed)s changed"),
    "dealers:load": _l(
        "loaded dealers: %(rows)s rows, %(new)s new, %(changed)s changed, %(openings)s opening balances"
    ),
}

PROBLEMS = {
    "first-day-covered": _l(
        "%(day)s belongs to version %(version)s, in force since %(since)s, and a version that has begun is never edited. Give a later first day of force."
    ),
    "opening-differs-row": _l(
        "Dealer %(dealer)s began with %(booked)s yuan; the file says %(given)s. An opening balance is booked once."
    ),
}  # fmt: skip
sheet_labels.PROBLEMS.update(PROBLEMS)


def effect_rows(done: Loaded) -> list[tuple[str, str]]:
    """What a load does or did, as label and value; counts of nothing are left out."""
    rows: list[tuple[Any, Any]] = []
    if done.version:
        rows.append((_("Version"), done.version))
    if done.first_day:
        rows.append((_("In force from"), done.first_day))
    rows += [(_("Rows"), done.rows), (_("New"), done.new), (_("Changed"), done.changed), (_("Unchanged"), done.same)]
    for name, label in COUNTS.items():
        if (value := done.more.get(name)) and str(value) != str(ZERO):
            rows.append((label, money(_yuan(value)) if name == "opening_total" else value))
    return [(str(label), str(value)) for label, value in rows]


def _yuan(value: object) -> Any:
    return ZERO + type(ZERO)(str(value))


def effect_sentence(done: Loaded) -> str:
    """One sentence on what was loaded."""
    if done.nothing:
        return _("All of it stands already; nothing was changed.")
    return _(
        "Loaded: %(rows)s rows, %(new)s new, %(changed)s changed.", rows=done.rows, new=done.new, changed=done.changed
    )
