"""Words that every package shows: roles."""

from __future__ import annotations

from collections.abc import Iterable

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

ROLES = {
    "hq-clerk": _l("After-sales clerk"),
    "hq-manager": _l("After-sales manager"),
    "hq-warehouse": _l("Warehouse"),
    "hq-finance": _l("Finance"),
    "hq-finance-manager": _l("Finance manager"),
    "hq-admin": _l("Brand administrator"),
    "hq-auditor": _l("Auditor"),
    "dealer-clerk": _l("Service clerk"),
    "dealer-technician": _l("Technician"),
    "dealer-manager": _l("Dealer manager"),
}


def roles_said(roles: Iterable[str]) -> str:
    """Roles in words, joined."""
    return _(", ").join(str(ROLES.get(role, role)) for role in roles if role)
