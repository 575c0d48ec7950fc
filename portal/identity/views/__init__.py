"""The pages of identity: the door, one's own login, members, roles."""

from flask import Blueprint

bp = Blueprint("identity", __name__)

from portal.identity.views import door, members  # noqa: E402

__all__ = ["bp", "door", "members"]
