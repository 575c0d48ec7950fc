"""Photos, served only to who may see what they hang on (R1): others get 404."""

from __future__ import annotations

from flask import Blueprint, Response, abort, request

from portal.core.db import unit_of_work
from portal.core.permissions import Permission as P
from portal.files import queries, rules
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
        content = queries.content(queries.photo(session, public_id), small=bool(size))
    response = Response(content, mimetype="image/jpeg")
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Disposition"] = "inline"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
