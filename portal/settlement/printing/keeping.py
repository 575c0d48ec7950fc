"""A statement's papers: made once after posting, by a job or by whoever asks first; the kept bytes ever after (R53).

Rendering takes seconds and holds no transaction: one reads, one keeps.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from portal.core import queue
from portal.core.db import unit_of_work
from portal.core.errors import Refused
from portal.core.permissions import Actor
from portal.core.scope import Scope
from portal.files import store
from portal.identity.roles import Role, permissions_of
from portal.settlement import actions, queries
from portal.settlement.models import PaperKind, Statement
from portal.settlement.printing.book import book
from portal.settlement.printing.paper import paper
from portal.web import pdf

RENDER = "settlement.render_statement"  # the job that makes a statement's papers
SMALL = 150  # rows of a paper that is rendered while its reader waits: about a second; more is a job's work


@dataclass(frozen=True, slots=True)
class Kept:
    """The bytes as they were kept, with their SHA-256 (hex)."""

    content: bytes
    sha256: str


def make(reader: Actor, number: str, *, at: datetime) -> None:
    """Make and keep a posted statement's PDF and workbook, as the system; nothing when they are kept already.

    ``reader`` says which brand and zone; what is printed does not depend on who asks. Refuses "statement-at-fault" (BA6);
    PrintingFailed and StoreError come through, and leave no trace.
    """
    system = _system(reader)
    with unit_of_work(system.scope) as session:
        found, dealer = queries.statement(session, number)
        if queries.papers(session, found):
            return
        if queries.faults(session, found):
            raise Refused("statement-at-fault", number=number)
        said = paper(session, system, found, dealer, at=at)
    pages = pdf.render(said.template, said)
    sheets = book(said, at=at, zone=system.zone)
    says = actions.Figures(opening=said.opening, closing=said.closing, amount=said.approved)
    with unit_of_work(system.scope) as session:
        actions.keep_papers(session, system, number, pdf=pages, xlsx=sheets, says=says, at=at)


def kept(session: Session, found: Statement, kind: PaperKind) -> Kept | None:
    """The kept bytes of a statement, or None while they are not made.

    Refuses "statement-at-fault" while it does not agree with the ledger (BA6), and "paper-damaged" when the store's
    bytes are not those that were kept. Raises StoreError when the store does not answer.
    """
    if queries.faults(session, found):
        raise Refused("statement-at-fault", number=found.number)
    if (row := queries.papers(session, found).get(kind)) is None:
        return None
    content = store.get(found.brand_id, row.name)
    if content is None or hashlib.sha256(content).hexdigest() != row.sha256:
        raise Refused("paper-damaged", number=found.number)
    return Kept(content, row.sha256)


def fetch(reader: Actor, number: str, kind: PaperKind, *, at: datetime) -> Kept | None:
    """The kept bytes for ``reader``; a small paper that no job has made yet is made now, a large one asked for: None.

    Opens its own units of work, in the reader's scope. NotFound for a statement that is not the reader's; refuses as :func:`kept`.
    """
    with unit_of_work(reader.scope) as session:
        found, _dealer = queries.statement(session, number)
        have = kept(session, found, kind)
        small = queries.size_of(found) <= SMALL
        if have is None and not small:
            queue.defer(session, RENDER, once=number, number=number)
    if have is not None or not small:
        return have
    make(reader, number, at=at)
    with unit_of_work(reader.scope) as session:
        return kept(session, queries.statement(session, number)[0], kind)


def _system(reader: Actor) -> Actor:
    """The system at the reader's brand: what it makes is the same for everybody who asks."""
    return Actor(
        scope=Scope(reader.scope.brand_id),
        name="system",
        zone=reader.zone,
        permissions=permissions_of(role for role in Role if role.side == "hq"),
        via="system",
        brand_code=reader.brand_code,
    )
