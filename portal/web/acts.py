"""One press of a button: open the unit of work, act, commit, say what happened, go on (303).

Every form carries a one-time key (:func:`portal.web.forms.form_key`): the same form sent twice, by a double click or a reload, acts once
and shows the first result again.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from portal.core import clock, replies
from portal.core.db import act_whole
from portal.core.errors import Refused
from portal.core.permissions import Actor
from portal.web.auth import current_actor
from portal.web.errors import sentence

Result = TypeVar("Result")
_NOT_SAID = {"form_key", "csrf_token"}


def at() -> datetime:
    """The portal's instant of this request."""
    return clock.now()


def perform(
    act: Callable[[Session, Actor, datetime], Result],
    *,
    done: Any = "",
    to: str | Callable[[Result], str],
    back: str | None = None,
    refused: Callable[[Refused], ResponseReturnValue] | None = None,
) -> ResponseReturnValue:
    """Run ``act`` as one business act and redirect ``to`` (an address, or made from the result). DB4: it may be run again, see ``act_whole``.

    A refusal leaves no trace: it is handed to ``refused`` (which shows the form again with what was typed), or said
    as a message on ``back``, the page the button stands on. ``done`` may be words or a function of the result.
    """
    actor, key, instant = current_actor(), _key_of_form(), at()

    def once(session: Session) -> tuple[str, str]:
        first = replies.first_reply(session, "page", key, "") if key else None
        if first is not None:
            return first.headers["Location"], first.body
        result = act(session, actor, instant)
        target = to(result) if callable(to) else to
        words = str(done(result) if callable(done) else done)
        if key:
            replies.keep(session, "page", key, replies.Reply(303, {"Location": target}, words))
        return target, words

    try:
        target, words = act_whole(actor.scope, once)
    except (Refused, StaleDataError, IntegrityError) as error:
        if isinstance(error, IntegrityError) and not somebody_was_faster(error):
            raise
        why = error if isinstance(error, Refused) else Refused("changed-meanwhile")
        if refused is not None:
            return refused(why)
        flash(sentence(why), "bad")
        return redirect(back or came_from(), 303)
    if words:
        flash(words, "good")
    return redirect(target, 303)


def _key_of_form() -> str | None:
    """The key of what was sent: the form's own and what it says, so that the same page sent with other words acts anew."""
    given = request.form.get("form_key", "")
    if not given:
        return None
    said = sorted((name, value) for name, value in request.form.items(multi=True) if name not in _NOT_SAID)
    parts: list[bytes | str] = [given, request.path, *(part for pair in said for part in pair)]
    for name, sent in request.files.items(multi=True):
        sent.stream.seek(0)  # the view may have read it: another file of that name is another act
        parts += [name, sent.filename or "", sent.stream.read()]
        sent.stream.seek(0)
    return replies.fingerprint(*parts)


def somebody_was_faster(error: IntegrityError) -> bool:
    """Whether another act took the place (a unique key, days that may not overlap) between our look and our writing."""
    return getattr(error.orig, "sqlstate", None) in {"23505", "23P01"}


def came_from() -> str:
    """The page of ours that this request came from, else home."""
    try:
        parts = urlsplit(request.referrer or "")
    except ValueError:  # "http://[": no address at all
        return url_for("reports.home")
    here = local(parts.path + (f"?{parts.query}" if parts.query else ""))
    return here if here and parts.netloc == request.host else url_for("reports.home")


def local(address: str | None) -> str | None:
    """An address only if it stays in the portal: no other host can be smuggled into a redirect."""
    if not address or not address.startswith("/") or address.startswith(("//", "/\\")):
        return None
    return address if not any(ord(character) < 32 or ord(character) == 127 for character in address) else None
