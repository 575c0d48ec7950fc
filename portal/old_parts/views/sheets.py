"""The list of old parts as Excel: as its page is filtered, all rows."""

from __future__ import annotations

from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.core.permissions import Permission as P
from portal.old_parts import labels, queries, sheets
from portal.old_parts.views import base
from portal.old_parts.views.base import blueprint
from portal.old_parts.views.lists import chosen_tab
from portal.web.auth import current_actor, requires
from portal.web.exports import MOST_ROWS, answer, by_key


@blueprint.get("/list.xlsx")
@requires(P.OLD_PART_READ)
def sheet() -> ResponseReturnValue:
    """Old parts of one tab; a dealer's received parts that wait for their registration under the tab of that name."""
    actor = current_actor()
    asked = {name: base.typed(name) for name in ("tab", "q", "dealer", "late")}
    tab = chosen_tab(actor.side, asked["tab"])
    if tab == "awaiting":
        return answer(
            sheets.AWAITING,
            lambda session: queries.awaiting_registration(session, limit=MOST_ROWS + 1),
            back="old_parts.index",
        )
    filters = queries.Filters(tab=tab, dealer=asked["dealer"], text=asked["q"], late=asked["late"] == "1")
    return answer(
        sheets.OLD_PARTS,
        lambda session: by_key(lambda before, limit: queries.listed(session, filters, before_id=before, limit=limit)),
        filters=[
            (_("State"), labels.TABS[tab] if tab != "all" else ""),
            (_("Dealer"), filters.dealer),
            (_("Text"), filters.text),
            (_("Reported late"), _("yes") if filters.late else ""),
        ],
        back="old_parts.index",
    )
