"""R3: every act leaves who, when, what, before and after, from which address; nobody edits or deletes it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from portal.core import audit
from portal.core.audit import AuditEvent
from portal.organizations.models import Dealer
from tests.factories.world import World, at, make_world

WHEN = at("2026-10-05 10:00")


class Colour(StrEnum):
    RED = "red"


def newest(world: World) -> AuditEvent:
    with world.as_(world.hq.auditor) as session:
        return session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc()).limit(1)).one()


def test_R3_an_event_says_who_when_what_on_which_document_and_from_where(world: World) -> None:
    actor = world.hq.finance
    with world.as_(actor) as session:
        dealer = session.scalars(select(Dealer).where(Dealer.code == "D001")).one()
        audit.record(
            session,
            actor,
            "account:set-limit",
            dealer,
            at=WHEN,
            dealer_id=dealer.id,
            before="a",
            after="b",
            limit=Decimal("5.10"),
        )
    event = newest(world)
    assert (event.at, event.act, event.subject_kind, event.subject_id, event.dealer_id) == (
        WHEN,
        "account:set-limit",
        "account",
        world.d1.id,
        world.d1.id,
    )
    assert (event.actor_name, event.actor_roles, event.side, event.via) == ("何敏", "hq-finance", "hq", "page")
    assert (event.member_id, event.login_id, event.address) == (actor.scope.member_id, actor.login_id, "127.0.0.1")
    assert (event.before, event.after, event.facts, event.public) == ("a", "b", {"limit": "5.10"}, True)


def test_R3_the_system_is_named_as_such(world: World) -> None:
    with world.as_(world.hq.system) as session:
        audit.record(session, world.hq.system, "month:close", at=WHEN, kind="ledger", public=False)
    event = newest(world)
    assert (event.side, event.login_id, event.actor_name, event.subject_kind, event.subject_id) == (
        "system",
        None,
        "system",
        "ledger",
        None,
    )
    assert event.public is False


def test_facts_are_kept_as_plain_values(world: World) -> None:
    with world.as_(world.hq.clerk) as session:
        audit.record(
            session, world.hq.clerk, "x:y", at=WHEN, amount=Decimal("1.50"), day=date(2026, 10, 5), lines=[(1, Decimal("2.00"))],
            nested={1: Colour.RED}, other=Colour.RED, none=None, yes=True, share=0.5, odd=complex(1, 2),
        )  # fmt: skip
    assert newest(world).facts == {
        "amount": "1.50", "day": "2026-10-05", "lines": [[1, "2.00"]], "nested": {"1": "red"}, "other": "red", "none": None, "yes": True,
        "share": 0.5, "odd": "(1+2j)",
    }  # fmt: skip


def test_R3_an_act_that_fails_leaves_no_event(world: World) -> None:
    before = newest(world).id
    with pytest.raises(RuntimeError), world.as_(world.hq.clerk) as session:
        audit.record(session, world.hq.clerk, "x:y", at=WHEN)
        raise RuntimeError
    assert newest(world).id == before


@pytest.mark.parametrize("statement", ["UPDATE audit_events SET actor_name = 'nobody'", "DELETE FROM audit_events"])
def test_R3_nobody_edits_or_deletes_an_event(world: World, settings, statement: str) -> None:
    from portal.core.provision import admin_engine

    for actor in (world.hq.admin, world.hq.auditor, world.d1.manager):
        with pytest.raises(DBAPIError, match="permission denied"), world.as_(actor) as session:
            session.execute(text(statement))
    with admin_engine(settings.admin_url).connect() as connection, pytest.raises(DBAPIError, match="append-only"):
        connection.execute(text(statement.replace("audit_events", "app.audit_events")))


def test_R1_a_dealer_reads_the_public_events_of_its_own_rows_only_and_writes_for_nobody_else(world: World) -> None:
    with world.as_(world.hq.clerk) as session:
        for dealer, public in ((world.d1.id, True), (world.d1.id, False), (world.d2.id, True), (None, True)):
            audit.record(
                session, world.hq.clerk, f"x:{dealer == world.d1.id}-{public}", at=WHEN, dealer_id=dealer, public=public
            )
    with world.as_(world.d1.manager) as session:
        acts = list(session.scalars(text("SELECT act FROM audit_events WHERE act LIKE 'x:%'")))
    assert acts == ["x:True-True"]
    with pytest.raises(DBAPIError, match="row-level security"), world.as_(world.d1.manager) as session:
        audit.record(session, world.d1.manager, "x:y", at=WHEN, dealer_id=world.d2.id)
    with pytest.raises(DBAPIError, match="permission denied"), world.as_(world.d1.manager) as session:
        session.execute(select(AuditEvent.address))


def test_R1_headquarters_reads_no_other_brands_events(world: World) -> None:
    other = make_world()
    with other.as_(other.hq.auditor) as session:
        assert set(session.scalars(select(AuditEvent.brand_id))) == {other.brand_id}


def test_R3_an_event_cannot_be_written_into_another_brand(world: World) -> None:
    other = make_world()
    with pytest.raises(DBAPIError, match="row-level security"), world.as_(world.hq.clerk) as session:
        audit.record(session, other.hq.clerk, "x:y", at=WHEN)
