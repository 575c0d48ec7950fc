"""Who is asking, and what a view needs. ``identity`` puts the actor there; every view names its permission."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from flask import abort, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from portal.core.errors import NotFound
from portal.core.permissions import Actor, Permission

View = TypeVar("View", bound=Callable[..., Any])


def current_actor() -> Actor:
    """The signed-in member acting now; only inside a view that :func:`requires` something."""
    return cast("Actor", g.actor)


def requires(*permissions: Permission, side: str | None = None) -> Callable[[View], View]:
    """Let in who holds any of ``permissions`` (and is of ``side``, if given); a stranger is sent to the sign-in page.

    Who lacks a colleague's permission is told 403 with the reason; the other side's pages are 404, and so is
    another's document, by row-level security.
    The mark left on the view lets a test prove that none was forgotten.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> ResponseReturnValue:
            actor: Actor | None = g.get("actor")
            if actor is None:
                return to_sign_in()
            if side is not None and actor.side != side:
                raise NotFound
            if not any(actor.may(permission) for permission in permissions):
                if not g.side_may & set(permissions):  # nobody of this side could: for them there is no such page
                    raise NotFound
                abort(403)
            return cast("ResponseReturnValue", view(*args, **kwargs))

        guarded.required_permissions = permissions  # type: ignore[attr-defined]
        return cast("View", guarded)

    return decorate


def public(view: View) -> View:
    """Mark a view that everybody may open (sign-in, language, health)."""
    view.required_permissions = ()  # type: ignore[attr-defined]
    return view


def to_sign_in() -> ResponseReturnValue:
    """Send a stranger to the sign-in page and back afterwards; an htmx request reloads the whole page."""
    wanted = request.full_path.rstrip("?") if request.method == "GET" else None
    address = url_for("identity.sign_in", next=wanted) if wanted and wanted != "/" else url_for("identity.sign_in")
    if request.headers.get("HX-Request"):
        return "", 401, {"HX-Redirect": address}
    return redirect(address, 303)
