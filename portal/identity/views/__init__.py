"""The pages of identity: the door, one's own login, invitations, members, roles."""

from flask import Blueprint

bp = Blueprint("identity", __name__)

from portal.identity.views import account, door, factor, inviting, joining, members, recovery, sheets, tokens  # noqa: E402

__all__ = ["account", "bp", "door", "factor", "inviting", "joining", "members", "recovery", "sheets", "tokens"]
