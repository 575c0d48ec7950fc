"""One operation of the API: who may, what was sent, one unit of work, one act once, the answer (see the package's docstring)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any, Protocol, TypeVar, get_type_hints

from flask import Response, current_app, g, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel
from sqlalchemy.orm import Session

from portal.core import clock, replies
from portal.core.db import act_whole
from portal.core.errors import NotFound
from portal.core.permissions import Actor, Numbered, Permission
from portal.web import responses
from portal.web.api import cursors, problems, reading
from portal.web.api.describing import describe
from portal.web.api.fields import Asked, ListQuery, Page
from portal.web.api.problems import ProblemError
from portal.web.api.reading import JSON

PREFIX = "/api/v1"
CALLS_MOST = 10_000  # of one token in one minute (AP3)
KEPT_HEADERS = {"Content-Type", "ETag", "Location"}  # of a reply that is shown again
WAIT = 5  # seconds after which a file that a job is making is worth asking for again

Row = TypeVar("Row", bound=BaseModel)
Locks = Callable[["Call", str], "Document | None"]
Operation = TypeVar("Operation", bound=Callable[..., Any])


def is_api() -> bool:
    """Whether this request came to the API."""
    return request.path.startswith("/api/")


@dataclass(frozen=True, slots=True)
class File:
    """A file as the answer: its name, and its bytes or what makes them once the unit of work is over.

    Printing and a slow store hold no connection. None instead of bytes: a job is making it (202, ask again).
    """

    name: str
    content: bytes | Callable[[], bytes | None]


@dataclass(frozen=True, slots=True)
class Answer:
    """What an operation gives; ``ver`` is the document's version (its ETag), ``at`` its address below the prefix."""

    body: BaseModel
    ver: int | None = None
    at: str | None = None


class Document(Numbered, Protocol):
    """One that has a version."""

    @property
    def ver(self) -> int: ...


@dataclass(slots=True)
class Call:
    """One call: its unit of work, who calls, the portal's instant; of a photo's call its bytes."""

    session: Session
    actor: Actor
    at: datetime
    purpose: str
    file: bytes = b""

    def seen(self, document: Document | None) -> None:
        """Refuse what the caller may not see (404) or saw in another version (412); ``document`` is locked by now.

        An ETag is the version, a dash and a hash of what was read; acts ask for the version only. None: not made yet,
        which is version 0.
        """
        ver = 0 if document is None else self.actor.sees(document).ver
        asked = request.if_match
        if not asked.star_tag and str(ver) not in {tag.partition("-")[0] for tag in asked.as_set() if tag}:
            raise ProblemError(412, "version-stale")

    def afresh(self) -> None:
        """Write what the act did and forget what it had in its hands: what is read next is read as it is now."""
        self.session.flush()
        self.session.expire_all()

    @property
    def dealer_id(self) -> int:
        """The dealer that calls; NotFound at headquarters."""
        if self.actor.scope.dealer_id is None:
            raise NotFound
        return self.actor.scope.dealer_id

    def after(self, query: ListQuery) -> str | None:
        """The key of the last row of the page before; None for the first page."""
        return None if query.cursor is None else cursors.unseal(_secret(), self.purpose, query.cursor)

    def after_id(self, query: ListQuery) -> int | None:
        """The same for lists that are keyed by a number."""
        key = self.after(query)
        return None if key is None else int(key)

    def page(
        self,
        query: ListQuery,
        rows: Sequence[Any],
        make: Callable[[Any], Row],
        *,
        key: str | Callable[[Any], Any] = "id",
    ) -> Page[Row]:
        """A page out of ``query.limit + 1`` fetched rows: the extra one only says that there are more."""
        shown = rows[: query.limit]
        following = None
        if len(rows) > query.limit:
            last = shown[-1]
            value = key(last) if callable(key) else getattr(last, key)
            following = cursors.seal(_secret(), self.purpose, str(value))
        return Page[Row].model_construct(items=[make(row) for row in shown], next=following)


def _secret() -> str:
    return str(current_app.secret_key)


class Api(APIBlueprint):
    """A package's operations."""

    def __init__(self, name: str, *, tag: str, words: str) -> None:
        super().__init__(
            f"api_{name}", __name__, url_prefix=PREFIX, abp_tags=[Tag(name=tag, description=words)],
            abp_security=[{"bearer": []}],
        )  # fmt: skip

    def reads(
        self, rule: str, *needs: Permission, gives: Any, side: str | None = None, kind: str = JSON, waits: bool = False
    ) -> Callable[[Operation], Operation]:
        """A GET: nothing changes. ``gives`` is a model, or bytes of a ``kind``, for which one may have to wait (202)."""
        return self._operation("GET", rule, needs, side=side, gives=gives, kind=kind, waits=waits)

    def acts(
        self, rule: str, *needs: Permission, gives: Any, side: str | None = None, makes: bool = False,
        changes: Locks | None = None, file: str | None = None,
    ) -> Callable[[Operation], Operation]:  # fmt: skip
        """A POST that acts, once per Idempotency-Key. ``changes`` locks the document that the caller must have seen (If-Match).

        It gets the address' first word; without a document (None) the version is 0.
        """
        return self._operation("POST", rule, needs, side=side, gives=gives, makes=makes, changes=changes, file=file)

    def _operation(
        self, method: str, rule: str, needs: tuple[Permission, ...], *, gives: Any, side: str | None = None,
        kind: str = JSON, makes: bool = False, changes: Locks | None = None, file: str | None = None, waits: bool = False,
    ) -> Callable[[Operation], Operation]:  # fmt: skip
        def decorate(act: Operation) -> Operation:
            hints = get_type_hints(act)
            status = 201 if makes else 200
            takes = _Takes(
                method, needs, side, hints.get("query"), hints.get("body"), status, changes, file, kind, waits
            )

            @wraps(act)
            def view(**path: str) -> Response:
                try:
                    return _called(act, takes, path)
                except Exception as error:
                    answer = problems.answer(error, sent=takes.body)
                    if answer.status_code == 500 and current_app.testing:
                        raise
                    return answer

            view.required_permissions = needs  # type: ignore[attr-defined]
            view.__annotations__ = {}
            describe(self, method, rule, act, takes, gives=gives)
            self.add_url_rule(rule, act.__name__, view, methods=[method], provide_automatic_options=False)
            return act

        return decorate


@dataclass(frozen=True, slots=True)
class _Takes:
    """What an operation asks for."""

    method: str
    needs: tuple[Permission, ...]
    side: str | None
    query: type[Asked] | None
    body: type[Asked] | None
    status: int
    changes: Locks | None
    file: str | None
    kind: str
    waits: bool

    @property
    def acts(self) -> bool:
        return self.method == "POST"


def _called(act: Callable[..., Any], takes: _Takes, path: dict[str, str]) -> Response:
    actor = _admitted(takes)
    if any(reading.odd(text) for text in path.values()):
        raise NotFound
    given: dict[str, Any] = dict(path)
    query = reading.query(takes.query)
    if query is not None:
        given["query"] = query
    sent = reading.body(takes.body, takes.file) if takes.acts else reading.NOTHING
    if takes.body is not None:
        given["body"] = sent.said
    key = reading.key() if takes.acts else ""
    if takes.changes is not None and not request.headers.get("If-Match"):
        raise ProblemError(428, "version-needed")
    instant = clock.now()

    def once(session: Session) -> Response | File:
        if takes.acts:
            # with what this caller may: a token that was given less is not shown another's reply
            may = ",".join(sorted(actor.permissions))
            asked = replies.fingerprint(request.method, request.path, may, sent.whole)
            first = replies.first_reply(session, "api", key, asked)
            if first is not None:
                return Response(first.body, first.status, {**first.headers, "Idempotency-Replayed": "true"})
        call = Call(session, actor, instant, _purpose(actor), sent.file)
        if takes.changes is not None:
            call.seen(takes.changes(call, next(iter(path.values()))))
        answer = act(call, **given)
        if isinstance(answer, File):
            return answer
        response = _said(answer, takes.status)
        if takes.acts:
            kept = {name: value for name, value in response.headers.items() if name in KEPT_HEADERS}
            reply = replies.Reply(response.status_code, kept, response.get_data(as_text=True))
            replies.keep(session, "api", key, reply)
        return response

    said = act_whole(actor.scope, once)
    return _filed(said, takes.kind) if isinstance(said, File) else said


def _admitted(takes: _Takes) -> Actor:
    """Who calls, if it may: 401 for nobody, 429 too often, 404 for the other side's, 403 without the permission."""
    actor: Actor | None = g.get("actor")
    if actor is None:
        if refused := g.get("api_refused"):  # known, and not let in as its login stands
            asks = 'Bearer realm="portal", error="insufficient_user_authentication"'
            raise ProblemError(401, refused, headers={"WWW-Authenticate": asks})
        known = "Authorization" in request.headers
        challenge = 'Bearer realm="portal"' + (', error="invalid_token"' if known else "")
        raise ProblemError(401, "token-unknown" if known else "token-needed", headers={"WWW-Authenticate": challenge})
    if g.api_calls > CALLS_MOST:
        rest = 60 - clock.machine_now().second
        raise ProblemError(429, "too-many-calls", headers={"Retry-After": str(rest)}, seconds=rest)
    if takes.side is not None and actor.side != takes.side:
        raise NotFound
    if not any(actor.may(permission) for permission in takes.needs):
        if not g.side_may & set(takes.needs):
            raise NotFound
        raise ProblemError(403, "scope-missing")
    return actor


def _purpose(actor: Actor) -> str:
    """What a cursor belongs to: this list, of this place."""
    return f"{request.path} {actor.scope.brand_id}.{actor.scope.dealer_id or 0}"


def _said(answer: Any, status: int) -> Response:
    body, ver, at = (answer.body, answer.ver, answer.at) if isinstance(answer, Answer) else (answer, None, None)
    said = body.model_dump_json()
    tag = None if ver is None else f"{ver}-{hashlib.sha256(said.encode()).hexdigest()[:12]}"
    if request.method == "GET" and tag is not None and request.if_none_match.contains_weak(tag):
        response = Response(status=304)
    else:
        response = Response(said, status, content_type=JSON)
    response.headers["Vary"] = "Accept-Language, Authorization"
    if tag is not None:
        response.set_etag(tag)
    if at is not None:
        response.headers["Location"] = PREFIX + at
    response.headers["Cache-Control"] = "private, no-cache" if tag is not None else "private, no-store"
    return response


def _filed(file: File, kind: str) -> Response:
    """The bytes with their hash as ETag; 202 while a job makes them."""
    content = file.content() if callable(file.content) else file.content
    if content is None:
        response = Response(status=202, headers={"Retry-After": str(WAIT)})
        response.headers["Cache-Control"] = "private, no-store"
        return response
    response = (responses.download if kind == responses.XLSX else responses.shown)(content, file.name, kind)
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Vary"] = "Accept-Language, Authorization"
    return responses.with_hash(response, hashlib.sha256(content).hexdigest())
