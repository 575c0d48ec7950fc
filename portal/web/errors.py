"""Refusals in words, and what a person sees when something may not, cannot or did not happen."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import structlog
from flask import Flask, g, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import AnonymousUserMixin
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException

from portal.core.errors import NotFound, Refused
from portal.web.api import problems
from portal.web.auth import to_sign_in
from portal.web.formats import money
from portal.web.pdf_pool import PrintingBusy

log = structlog.get_logger()

REFUSALS: dict[str, Any] = {
    "permission-missing": _l("Your role may not do this. Ask someone who holds the permission."),
    "wrong-state": _l(
        "Somebody was faster, or it was already done: the state has changed meanwhile. Look at the page again."
    ),
    "changed-meanwhile": _l(
        "Somebody changed this while you were typing. Nothing of yours was saved; look at the new state and repeat what still fits."
    ),
    "short-of-funds": _l(
        "The account is short of %(missing)s for this. Nothing was debited; it can be done after a top-up."
    ),
    "reason-needed": _l("Please give a reason."),
    **problems.REFUSALS,
}
ACTS: dict[str, Any] = {}
FIELDS: dict[str, Any] = {}


def register_words(*, refusals: Mapping[str, Any] | None = None, acts: Mapping[str, Any] | None = None) -> None:
    """Take over a package's sentences (its labels.py). Two packages may share a code only with the same words."""
    for book, new in ((REFUSALS, refusals), (ACTS, acts)):
        for code, words in (new or {}).items():
            if code in book and str(getattr(book[code], "_args", book[code])) != str(getattr(words, "_args", words)):
                raise ValueError(f"two sentences for {code}")
            book[code] = words


def sentence(refused: Refused) -> str:
    """What happened and what to do, in the reader's language."""
    words = REFUSALS.get(refused.code)
    if words is None:
        log.error("refusal-without-words", code=refused.code)
        return _("This cannot be done now (%(code)s). Nothing was changed.", code=refused.code)
    facts = {name: _said(value) for name, value in refused.facts.items()}
    return str(words) % _Facts(facts)


class _Facts(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return ""


def _said(value: object) -> str:
    if isinstance(value, Decimal):
        return money(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple | set | frozenset):
        return _(", ").join(_said(item) for item in value)
    return str(value)


def init_errors(app: Flask) -> None:
    """Pages for refusals and failures; under /api problems of the same codes."""
    _refusals(app)
    _failures(app)


def _refusals(app: Flask) -> None:
    @app.errorhandler(NotFound)
    def not_found(_error: NotFound) -> ResponseReturnValue:
        return to_sign_in() if g.get("actor") is None else page("404", 404)

    @app.errorhandler(Refused)
    def refused(error: Refused) -> ResponseReturnValue:
        return page("409", 409, sentence=sentence(error))

    @app.errorhandler(StaleDataError)
    def stale(_error: StaleDataError) -> ResponseReturnValue:
        return page("409", 409, sentence=sentence(Refused("changed-meanwhile")))

    @app.errorhandler(CSRFError)
    def csrf(error: CSRFError) -> ResponseReturnValue:
        words = _(
            "This page was open for too long, so it was not sent. What you typed is still there: go back, reload and send it again."
        )
        return page("409", 400, sentence=words)

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> ResponseReturnValue:
        if _is_api():  # an address or a method that no operation has
            return problems.answer(error)
        if error.code == 404 and g.get("actor") is None and request.blueprint is not None:
            return to_sign_in()
        known = {403: "403", 404: "404", 413: "413", 503: "503"}
        if error.code is not None and 300 <= error.code < 400:
            return error
        return page(known.get(error.code or 500, "409" if (error.code or 500) < 500 else "500"), error.code or 500,
                    sentence=_("The request could not be understood. Nothing was changed."))  # fmt: skip


def _failures(app: Flask) -> None:
    @app.errorhandler(DataError)
    def not_storable(error: DataError) -> ResponseReturnValue:
        # what no form looked at: NUL in an address, a number that no column holds (IE5)
        if _is_api():
            return problems.answer(error)
        log.warning("not-storable", path=request.path, reason=str(error.orig))
        return page("409", 400, sentence=_("The request could not be understood. Nothing was changed."))

    @app.errorhandler(OperationalError)
    @app.errorhandler(PoolTimeout)
    @app.errorhandler(PrintingBusy)  # many papers at once: later, rather than nobody's pages now
    def come_back(error: Exception) -> ResponseReturnValue:
        if _is_api():
            return problems.answer(error)
        log.error("printing" if isinstance(error, PrintingBusy) else "database", exc_info=error)
        # Or the page's frame would ask the database, which is away, who is reading (DB2).
        g.setdefault("_login_user", AnonymousUserMixin())
        return page("503", 503, headers={"Retry-After": "5"})

    @app.errorhandler(Exception)
    def failed(error: Exception) -> ResponseReturnValue:
        reference = secrets.token_hex(4)  # what the page asks the person to pass on, and the log is searched for
        log.error("failed", path=request.path, reference=reference, exc_info=error)
        if app.testing:
            raise error
        return problems.answer(error) if _is_api() else page("500", 500, reference=reference)


def _is_api() -> bool:
    return request.path.startswith("/api/")


def page(name: str, status: int, *, headers: Mapping[str, str] | None = None, **values: Any) -> ResponseReturnValue:
    """An error page of templates/errors/."""
    values.setdefault("sentence", "")
    return render_template(f"errors/{name}.html", **values), status, dict(headers or {})
