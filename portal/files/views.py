"""Photos, served only to who may see what they hang on (R1): others get 404."""

from __future__ import annotations

from flask import Blueprint, Response, abort, current_app, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session
from werkzeug.exceptions import ServiceUnavailable

from portal.core import clock
from portal.core.db import unit_of_work
from portal.core.permissions import Actor
from portal.core.permissions import Permission as P
from portal.files import queries, rules
from portal.files.store import StoreError
from portal.organizations import views as organizations
from portal.web.auth import current_actor, requires

blueprint = Blueprint("files", __name__, url_prefix="/photos")


@blueprint.get("/<string:public_id>.jpg")
@requires(P.OLD_PART_READ)
def photo(public_id: str) -> Response:
    """The stored JPEG; ``?size=240`` its thumbnail, any other size is not there."""
    size = request.args.get("size", "")
    if size not in {"", str(rules.THUMB_SIDE)}:
        abort(404)
    with unit_of_work(current_actor().scope) as session:
        found = queries.photo(session, public_id)
    content = queries.content(found, small=bool(size))  # after the transaction: a slow store holds no connection
    response = Response(content, mimetype="image/jpeg")
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Disposition"] = "inline"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@blueprint.app_errorhandler(StoreError)
def store_is_away(_error: StoreError) -> ResponseReturnValue:
    """A file that cannot be read now is no missing one, whichever page asked for it: 503, try again. The store logged why."""
    return current_app.handle_http_exception(ServiceUnavailable())


def space(session: Session, actor: Actor, dealer_id: int) -> list[tuple[str, str]]:
    """What the page of a dealer says of its photos: how many, and how much of the quota they take."""
    used = queries.used(session, dealer_id, on=clock.today(actor.zone))
    photos = ngettext("%(num)d photo", "%(num)d photos", used.photos)
    return [
        (_("Photos"), _("%(photos)s, %(used)s of %(quota)s MB", photos=photos, used=used.megabytes, quota=used.quota))
    ]


# The register of dealers stands below this package and is given it here.
organizations.facts_from(space)
