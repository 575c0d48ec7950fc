"""Members as Excel."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from portal.identity.queries import MemberRow
from portal.web.exports import Listing
from portal.web.labels import roles_said
from portal.web.sheets import Column

MEMBERS: Listing[MemberRow] = Listing(
    "members",
    _l("Members"),
    (
        Column(_l("Name"), "name"),
        Column(_l("Login"), "login", width=24),
        Column(_l("Dealer code"), "dealer_code", width=12, only="hq"),
        Column(_l("Dealer"), "dealer_name", width=28, only="hq"),
        Column(_l("Roles"), lambda row: roles_said(row.roles), width=40),
        Column(_l("Joined"), "joined_at", "moment"),
        Column(_l("Left"), "left_at", "moment"),
    ),
)
