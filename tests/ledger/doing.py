"""What the tests of the ledger do again and again, and how they look at what is left."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from portal.core.errors import Refused
from portal.core.permissions import Actor
from portal.core.provision import admin_engine
from portal.core.settings import Settings
from portal.ledger import actions
from portal.ledger.prove import prove
from portal.ledger.rules import Entry
from tests.factories.world import Shop, World, at, yuan

WHEN, LATER = at("2026-10-05 10:00"), at("2026-11-05 10:00")
JUNE, OCTOBER, NOVEMBER = date(2026, 6, 1), date(2026, 10, 1), date(2026, 11, 1)


def moved(shop: Shop, amount: str, *, other: str = "bank", out: bool = True) -> list[Entry]:
    """``amount`` out of the dealer's account (or into it)."""
    side, against = ("debit", "credit") if out else ("credit", "debit")
    return [Entry("prepayments", yuan(amount), side, dealer_id=shop.id), Entry(other, yuan(amount), against)]  # type: ignore[arg-type]


def post(world: World, entries: list[Entry], *, source: str = "order:X", purpose: str = "order", when=WHEN) -> str:
    with world.as_(world.hq.finance) as session:
        return actions.post(
            session, world.hq.finance, at=when, source=source, purpose=purpose, memo="m", entries=entries
        ).number


def enter(
    session: Session,
    actor: Actor,
    *,
    amount: str = "50.00",
    reference: str = "BK-1",
    dealer: str = "D001",
    day: date = date(2026, 10, 4),
):
    return actions.enter_topup(
        session,
        actor,
        dealer_code=dealer,
        amount=yuan(amount),
        received_on=day,
        bank_reference=reference,
        note="n",
        at=WHEN,
    )


def refused(world: World, who: Actor, act: Callable[[Session], object]) -> Refused:
    with pytest.raises(Refused) as error, world.as_(who) as session:
        act(session)
    return error.value


def journals(world: World) -> int:
    with world.as_(world.hq.auditor) as session:
        return session.scalar(text("SELECT count(*) FROM journals")) or 0


def at_once(app: Flask, *works: Callable[[], object]) -> list[object]:
    """Each in a thread of its own, all starting together: what they gave back, or the exception that ended them."""
    barrier, results = threading.Barrier(len(works)), [None] * len(works)

    def run(index: int, work: Callable[[], object]) -> None:
        with app.app_context():
            barrier.wait()
            try:
                results[index] = work()
            except Exception as error:  # noqa: BLE001 - looked at by the test
                results[index] = error

    threads = [threading.Thread(target=run, args=(index, work)) for index, work in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def said(result: object) -> object:
    return result.code if isinstance(result, Refused) else result


def nothing_disagrees(settings: Settings, world: World) -> None:
    with admin_engine(str(settings.proof_url)).connect() as connection:
        assert {(f.proof, f.what) for f in prove(connection, world.brand_id)} <= {
            ("journal-has-document", w) for w in _documentless(world)
        }


def _documentless(world: World) -> list[str]:
    """Journals that these tests post without a document: the proof names them, and rightly."""
    with world.as_(world.hq.auditor) as session:
        return list(
            session.scalars(text("SELECT number || ' ' || source FROM journals WHERE source !~ '^(topup|dealer):'"))
        )


def reverse(world: World, *, source: str = "order:X", purpose: str = "order", when=WHEN, document: str = ""):
    with world.as_(world.hq.finance) as session:
        return actions.reverse(
            session, world.hq.finance, at=when, source=source, purpose=purpose, memo="why", document=document
        )


def close(world: World, month: date, *, who: Actor | None = None, when=LATER):
    actor = who or world.hq.finance
    with world.as_(actor) as session:
        return actions.close_month(session, actor, month, at=when)
