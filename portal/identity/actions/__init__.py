"""What happens to logins, sessions and members: every write, one function per act."""

from portal.identity.actions.members import add_member, change_roles, create_brand, create_login, remove_member
from portal.identity.actions.sessions import choose_place, sign_in, sign_out, token_hash

__all__ = [
    "add_member",
    "change_roles",
    "choose_place",
    "create_brand",
    "create_login",
    "remove_member",
    "sign_in",
    "sign_out",
    "token_hash",
]
