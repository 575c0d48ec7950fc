"""Everything that goes wrong under /api as a problem (RFC 9457), with the same codes and sentences as the pages."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, get_args, get_origin

import structlog
from flask import Response, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy.exc import DataError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException

from portal.core.errors import NotFound, PortalError, Refused
from portal.web.pdf_pool import PrintingBusy, PrintingFailed

log = structlog.get_logger()
PROBLEM = "application/problem+json"
SHOWN = 50  # wrong fields that one answer names

WORDS: dict[str, Any] = {
    "token-needed": _l("Say who calls: Authorization: Bearer and a token, made on the page “API tokens”."),
    "token-unknown": _l("This token is not known, has ended or was revoked."),
    "second-factor-missing": _l(
        "The brand asks this token's member for a second factor, and the login has none. Sign in on the pages and set it up under “My login”; then the token works again."
    ),
    "scope-missing": _l("The token's member may not do this, or the token was not given it."),
    "not-found": _l("There is nothing here, or nothing that this place may see."),
    "method-unknown": _l("This address does not take that method."),
    "too-large": _l("That is more than is taken at once."),
    "media-type": _l("Send application/json; photos as multipart/form-data."),
    "not-json": _l("The body is no JSON."),
    "invalid": _l("Something in the request cannot be used; errors says what."),
    "key-missing": _l("An act needs an Idempotency-Key of 1 to 200 plain characters, a new one for each act."),
    "version-needed": _l("Say with If-Match which version you saw: the ETag of its last reading."),
    "version-stale": _l("The document has changed since that version. Read it again and repeat what still fits."),
    "too-many-calls": _l("This token has made its calls of this minute. Go on in %(seconds)s seconds."),
    "unreadable": _l("The request could not be understood. Nothing was changed."),
    "unavailable": _l("Busy just now. Try again in a moment."),
    "failed": _l("Something went wrong on our side. Nothing was changed."),
}
REFUSALS = {
    "still-running": _l("The first request with this key is still at work. Ask again in a moment."),
    "key-reused": _l("This key was used for another request. Take a new key for each act."),
    "cursor-unknown": _l("This cursor does not belong to this list."),
}
_WHOLE = _l("This is no whole number.")
_DATE = _l("This is no date. Write it like 2026-11-03.")
_SIZE = _l("This is too small or too large.")
_FAULTS: dict[str, Any] = {
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "int_parsing_size": _WHOLE,
    "date_type": _DATE,
    "date_parsing": _DATE,
    "date_from_datetime_parsing": _DATE,
    "date_from_datetime_inexact": _DATE,
    "day": _DATE,
    "month": _l("This is no month. Write it like 2026-11."),
    "greater_than_equal": _SIZE,
    "less_than_equal": _SIZE,
    "literal_error": _l("This is none of the values that are known."),
    "string_type": _l("This is no text."),
    "string_too_short": _l("Please fill this in."),
    "missing": _l("Please fill this in."),
    "extra_forbidden": _l("There is no such field."),
    "string_too_long": _l("This is too long."),
    "too_long": _l("These are too many."),
    "too_short": _l("These are too few."),
    "amount": _l("This is no amount. Write it like 1234.50, with two decimals at most."),
    "control character": _l("There is a character in it that cannot be stored. Please type it again."),
}
BY_STATUS = {
    400: "unreadable", 401: "token-needed", 403: "scope-missing", 404: "not-found", 405: "method-unknown",
    413: "too-large", 415: "media-type", 503: "unavailable",
}  # fmt: skip


class Wrong(BaseModel):
    """One field that cannot be used: where it stands ("lines.0.quantity"), and why."""

    model_config = ConfigDict(extra="forbid")
    field: str
    detail: str


class Problem(BaseModel):
    """What went wrong (RFC 9457). ``code`` is for programs, ``detail`` a sentence in the reader's language."""

    model_config = ConfigDict(extra="forbid", title="Problem")
    type: str
    title: str
    status: int
    code: str
    detail: str
    instance: str
    errors: list[Wrong] | None = None


class ProblemError(Exception):
    """A request that is answered with a problem of the API's own."""

    def __init__(self, status: int, code: str, *, headers: Mapping[str, str] | None = None, **facts: Any) -> None:
        super().__init__(code)
        self.status, self.code, self.headers, self.facts = status, code, headers, facts


class RepeatedError(Exception):
    """Fields that stand in the request more than once: which of them counts would be anybody's guess."""

    def __init__(self, fields: Sequence[str]) -> None:
        super().__init__(*fields)
        self.fields = fields


def problem(
    status: int,
    code: str,
    *,
    detail: str = "",
    errors: Sequence[Mapping[str, str]] | None = None,
    headers: Mapping[str, str] | None = None,
    **facts: object,
) -> Response:
    """The answer for a problem; its sentence stands in ``WORDS`` unless ``detail`` gives one."""
    said: dict[str, object] = {
        "type": f"urn:portal:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail or str(WORDS[code]) % facts,
        "instance": request.path,
    }
    if errors is not None:
        said["errors"] = list(errors)
    response = Response(json.dumps(said, ensure_ascii=False), status, content_type=PROBLEM)
    response.headers.update(dict(headers or {}))
    response.headers["Cache-Control"] = "no-store"
    return response


def answer(error: Exception, *, sent: type[BaseModel] | None = None) -> Response:
    """What ``error`` is answered with: a person's mistake never gives a 500. ``sent`` is the model of the body, if any."""
    from portal.web.acts import somebody_was_faster

    match error:
        case ProblemError():
            return problem(error.status, error.code, headers=error.headers, **error.facts)
        case NotFound():
            return problem(404, "not-found")
        case StaleDataError():
            return refusal(Refused("changed-meanwhile"))
        case IntegrityError() if somebody_was_faster(error):
            return refusal(Refused("changed-meanwhile"))
        case Refused():
            return refusal(error, sent=sent)
        case ValidationError():
            return invalid(error)
        case RepeatedError():
            words = _("This stands there more than once. Say it once.")
            errors = [{"field": field, "detail": words} for field in error.fields[:SHOWN]]
            return problem(422, "invalid", errors=errors)
        case HTTPException():
            return _http(error)
        case _:
            return _failed(error)


def _failed(error: Exception) -> Response:
    """What went wrong below the operation: 503 where another time may help."""
    match error:
        case DataError():  # what nothing looked at: a NUL in an address, a number that no column holds (IE5)
            log.warning("not-storable", path=request.path, reason=str(error.orig))
            return problem(400, "unreadable")
        case OperationalError() | PoolTimeout():
            log.error("database", exc_info=error)
            return problem(503, "unavailable", headers={"Retry-After": "5"})
        case PrintingFailed() if not isinstance(error, PrintingBusy):  # this paper fails again, as on its page
            log.error("printing", path=request.path, exc_info=error)
            return problem(500, "failed")
        case PortalError():  # a store of files that does not answer: worth trying again
            log.error("unavailable", path=request.path, exc_info=error)
            return problem(503, "unavailable", headers={"Retry-After": "5"})
        case _:
            log.error("failed", path=request.path, exc_info=error)
            return problem(500, "failed")


def refusal(error: Refused, *, sent: type[BaseModel] | None = None) -> Response:
    """The page's own code and sentence: 403 without the permission, 422 at a field, 409 otherwise."""
    from portal.web.errors import sentence

    words = sentence(error)
    if error.code == "permission-missing":
        return problem(403, error.code, detail=words)
    headers = {"Retry-After": "1"} if error.code == "still-running" else None
    if error.field is None:
        return problem(422 if error.code == "key-reused" else 409, error.code, detail=words, headers=headers)
    field = _placed(error.field, error.facts.get("position"), sent)
    return problem(422, error.code, detail=words, errors=[{"field": field, "detail": words}])


def _placed(field: str, position: object, sent: type[BaseModel] | None) -> str:
    """The field as it stands in the body: "lines.1.part", or "lines[position=2].price" where rows name their line themselves."""
    if sent is None or not isinstance(position, int):
        return field
    for name, asked in sent.model_fields.items():
        rows = [one for one in (asked.annotation, *get_args(asked.annotation)) if get_origin(one) is list]
        if rows:
            named = "position" in getattr(get_args(rows[0])[0], "model_fields", {})
            return f"{name}[position={position}].{field}" if named else f"{name}.{position - 1}.{field}"
    return field


def invalid(error: ValidationError) -> Response:
    """Which fields cannot be used and why; 400 where there is no JSON at all."""
    found = error.errors(include_url=False, include_input=False)
    if any(one["type"] == "json_invalid" for one in found):
        return problem(400, "not-json")
    errors = [{"field": ".".join(str(part) for part in one["loc"]), "detail": _fault(one)} for one in found[:SHOWN]]
    return problem(422, "invalid", errors=errors)


def _fault(one: Any) -> str:
    said = one.get("ctx", {}).get("error") if one["type"] == "value_error" else None
    words = _FAULTS.get(str(said) if said is not None else one["type"])
    return str(words) if words is not None else _("This cannot be used (%(kind)s).", kind=one["type"])


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    headers = {"Allow": error.get_response().headers.get("Allow", "")} if status == 405 else None
    code = BY_STATUS.get(status, "unreadable" if status < 500 else "failed")
    if status < 500:
        return problem(status, code, headers=headers)
    log.error("failed", path=request.path, exc_info=error)
    return problem(503 if status == 503 else 500, code)
