"""A dealer's monthly statement 月结对账单 as its paper (R53): a Chinese paper whatever the reader's language."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from portal.core.money import ZERO
from portal.core.permissions import Actor
from portal.ledger import labels as ledger_labels
from portal.ledger import queries as ledger
from portal.organizations.models import Brand, Dealer
from portal.settlement import labels, queries
from portal.settlement.models import Statement
from portal.settlement.queries.statements import PaidLine
from portal.web import qr
from portal.web.papers import (
    BrandHead,
    DealerHead,
    LeftOut,
    PrintInfo,
    ReimbursedClaim,
    ReimbursedLine,
    StatementEntry,
    StatementPaper,
)


def paper(session: Session, actor: Actor, found: Statement, dealer: Dealer, *, at: datetime) -> StatementPaper:
    """The statement as it was posted; what it says never changes, only when and by whom it is printed."""
    with force_locale("zh_Hans_CN"):
        return _paper(session, actor, found, dealer, at)


def _paper(session: Session, actor: Actor, found: Statement, dealer: Dealer, at: datetime) -> StatementPaper:
    brand = session.get_one(Brand, actor.scope.brand_id)
    previous = queries.statement_before(session, found)
    posted_at = found.posted_at or at
    entries = entries_of(session, found)
    return StatementPaper(
        brand=BrandHead(
            name=brand.name, english=brand.name_en, legal=brand.name, logo=brand.logo, hotline=brand.hotline
        ),
        print=PrintInfo(
            number=found.number or "",
            state=_("Posted to accounts"),
            printed_at=at.astimezone(actor.zone),
            printed_by=_("System") if actor.is_system else actor.name,
            url=qr.address(actor, found.number),
        ),
        dealer=DealerHead(code=dealer.code, name=dealer.name, contact=dealer.contact, phone=dealer.phone),
        month=found.month,
        opens_on=_opens_on(previous, entries, actor, posted_at),
        closes_on=actor.day(posted_at),
        opening=found.opening or ZERO,
        entries=tuple(_entry(row) for row in entries),
        reimbursed=_reimbursed(queries.lines_paid(session, found.dealer_id, found.month), found.month),
        left_out=tuple(
            LeftOut(
                claim=line.claim,
                line=line.position,
                service_day=line.service_day,
                part=f"{line.part_number} {line.part_name}",
                amount=line.amount,
                reason=_because(line.because, line.reason),
                goes_to=labels.goes_to(line),
            )
            for line in queries.left_out_kept(found, dealer)
        ),
        confirm_by=found.confirm_by,
        previous=(previous.number or "") if previous else "",
        chain_head=found.chain_hash or "",
    )


def entries_of(session: Session, found: Statement) -> list[Any]:
    """The account's entries that a statement covers, in ledger order (R53)."""
    if found.first_seq is None or found.last_seq is None or found.last_seq < found.first_seq:
        return []
    account = ledger.prepayment(session, found.dealer_id)
    return list(ledger.entries_between(session, account.id, found.first_seq, found.last_seq))


def _opens_on(previous: Statement | None, entries: list[Any], actor: Actor, posted_at: datetime) -> date:
    """The day on which the statement before was cut; for a dealer's first, the day of its first entry."""
    if previous is not None and previous.posted_at is not None:
        return actor.day(previous.posted_at)
    return entries[0].booked_on if entries else actor.day(posted_at)


def _entry(row: Any) -> StatementEntry:
    nothing = Decimal("0.00")
    return StatementEntry(
        day=row.booked_on,
        kind=ledger_labels.purpose_label(row.purpose),
        source=row.document,
        text=ledger_labels.entry_words(row.purpose, row.memo, row.document),
        credit=nothing if row.credit is None else row.credit,
        debit=nothing if row.debit is None else row.debit,
    )


def _reimbursed(lines: list[PaidLine], month: date) -> tuple[ReimbursedClaim, ...]:
    return tuple(
        ReimbursedClaim(
            number=number,
            month=service_month,
            late=service_month < month,
            lines=tuple(
                ReimbursedLine(
                    service_day=line.service_day,
                    model=line.model,
                    serial=line.serial,
                    part_number=line.part_number,
                    part_name=line.part_name,
                    quantity=line.quantity,
                    claimed=line.claimed,
                    approved=line.approved,
                    old_part=line.old_part,
                )
                for line in group
            ),
        )
        for (number, service_month), group in groupby(lines, key=lambda line: (line.claim, line.claim_month))
    )


def _because(because: Any, reason: str) -> str:
    words = str(labels.LEFT_OUT[because])
    return _("%(why)s: %(reason)s", why=words, reason=reason) if reason else words
