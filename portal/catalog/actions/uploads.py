"""A file between "what I understood" and "confirm", and the record of it afterwards (R11)."""

from __future__ import annotations

import secrets
from datetime import date, datetime

from sqlalchemy.orm import Session

from portal.catalog import queries, rules
from portal.catalog.models import Import
from portal.catalog.rules import Loaded
from portal.core.errors import Refused
from portal.core.permissions import Actor, Permission

_NAME_LIMIT = 120


def store_upload(
    session: Session, actor: Actor, kind: str, *, filename: str, data: bytes, first_day: date | None, at: datetime
) -> Import:
    """Keep the file until it is confirmed or discarded. The very same file that still waits is taken up again."""
    _require(actor)
    sha256 = rules.fingerprint(data)
    waiting = queries.same_file(session, kind, sha256, done=False)
    if waiting is not None:
        upload = queries.upload_for_update(session, waiting.public_id)
        if first_day is not None:
            upload.first_day = first_day
        session.flush()
        return upload
    upload = Import(
        public_id=secrets.token_urlsafe(9), kind=kind, filename=filename[-_NAME_LIMIT:], content=data, sha256=sha256,
        first_day=first_day, summary={}, uploaded_at=at, uploaded_by=actor.name, done_at=None,
    )  # fmt: skip
    session.add(upload)
    session.flush()
    return upload


def change_first_day(session: Session, actor: Actor, public_id: str, *, first_day: date) -> Import:
    """Give the waiting file its first day of force (R15). Refuses "upload-over"."""
    upload = _waiting(session, actor, public_id)
    upload.first_day = first_day
    session.flush()
    return upload


def discard_upload(session: Session, actor: Actor, public_id: str) -> Import:
    """Let a waiting file go: its content is dropped, that it came is kept. Refuses "upload-over"."""
    upload = _waiting(session, actor, public_id)
    upload.content = None
    session.flush()
    return upload


def finish_upload(session: Session, actor: Actor, public_id: str, done: Loaded, *, at: datetime) -> Import:
    """The file was loaded: its content is dropped, what it did is kept. Refuses "upload-over" (somebody was faster)."""
    upload = _waiting(session, actor, public_id)
    upload.content, upload.done_at, upload.summary, upload.first_day = None, at, done.facts(), done.first_day
    session.flush()
    return upload


def record_load(
    session: Session, actor: Actor, kind: str, done: Loaded, *, filename: str, data: bytes, at: datetime
) -> Import:
    """What the command line loaded stands in the same list as what pages loaded."""
    _require(actor)
    upload = Import(
        public_id=secrets.token_urlsafe(9), kind=kind, filename=filename[-_NAME_LIMIT:], content=None,
        sha256=rules.fingerprint(data), first_day=done.first_day, summary=done.facts(), uploaded_at=at,
        uploaded_by=actor.name, done_at=at,
    )  # fmt: skip
    session.add(upload)
    session.flush()
    return upload


def _waiting(session: Session, actor: Actor, public_id: str) -> Import:
    _require(actor)
    upload = queries.upload_for_update(session, public_id)
    if upload.content is None:
        raise Refused("upload-over")
    return upload


def _require(actor: Actor) -> None:
    if not actor.may(Permission.CATALOG_LOAD):
        raise Refused("permission-missing", step="load")
