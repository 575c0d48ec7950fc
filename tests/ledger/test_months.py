"""Months are closed once, in order, and whatever is posted meanwhile was before or is refused (R64, R66; CO4)."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from portal.core.audit import AuditEvent
from portal.core.errors import Refused
from portal.core.settings import Settings
from portal.ledger import actions, queries
from tests.factories.world import World, at, yuan
from tests.ledger.doing import (
    JUNE,
    LATER,
    NOVEMBER,
    OCTOBER,
    WHEN,
    at_once,
    close,
    moved,
    nothing_disagrees,
    post,
    said,
)


def test_R64_R66_months_close_in_order_and_the_event_keeps_the_chains_head(world: World) -> None:
    world.topup(world.d1, "5.00")
    row = close(world, JUNE)
    assert (row.month, row.closed_at, row.closed_by) == (JUNE, LATER, "何敏")
    close(world, OCTOBER)
    with world.as_(world.hq.auditor) as session:
        head = queries.chain_head(session)
        event = session.scalars(
            select(AuditEvent).where(AuditEvent.act == "month:close").order_by(AuditEvent.id.desc()).limit(1)
        ).one()
    assert event.facts == {"month": "2026-10", "chain_seq": 3, "chain_hash": head.hash}
    assert (head.seq, len(head.hash), event.public) == (3, 64, False)


def test_R64_a_month_that_cannot_be_closed_says_why(world: World) -> None:
    world.topup(world.d1, "5.00")
    for month, when, code, facts in (
        (NOVEMBER, LATER, "month-not-over", {"month": "2026-11"}),
        (OCTOBER, at("2026-10-31 23:59"), "month-not-over", {"month": "2026-10"}),
        (date(2026, 8, 1), LATER, "month-unknown", {"month": "2026-08"}),
        (OCTOBER, LATER, "earlier-month-open", {"month": "2026-06"}),
    ):
        with pytest.raises(Refused) as error:
            close(world, month, when=when)
        assert (error.value.code, error.value.facts) == (code, facts)
    close(world, JUNE)
    with pytest.raises(Refused, match="month-closed"):
        close(world, JUNE)
    for actor in (world.hq.finance_manager, world.d1.manager):
        with pytest.raises(Refused, match="permission-missing"):
            close(world, OCTOBER, who=actor)


def test_R64_a_month_over_in_the_brands_zone_can_be_closed_though_utc_is_behind(world: World) -> None:
    close(world, JUNE)
    world.topup(world.d1, "5.00")
    assert close(world, OCTOBER, when=at("2026-11-01 00:00")).closed_at is not None


def test_CO4_while_a_month_is_closed_what_is_posted_was_before_or_is_refused(
    app: Flask, world: World, settings: Settings
) -> None:
    close(world, JUNE)
    rounds = [date(2025, month, 1) for month in range(1, 7)]
    for month in rounds:
        when = at(f"{month:%Y-%m}-15 10:00")
        post(world, moved(world.d1, "1.00", out=False), source=f"first:{month}", purpose="topup", when=when)

        def poster(name: str, month: date = month, when=when) -> str:
            return post(world, moved(world.d1, "1.00", out=False), source=f"{name}:{month}", purpose="topup", when=when)

        results = at_once(
            app, lambda: poster("a"), lambda: poster("b"), lambda: poster("c"), lambda month=month: close(world, month)
        )
        posted = [r for r in results[:3] if isinstance(r, str)]
        assert all(isinstance(r, str) or said(r) == "month-closed" for r in results[:3])
        assert not isinstance(results[3], Exception)
        with world.as_(world.hq.auditor) as session:
            row = next(m for m in queries.months(session) if m.month == month)
            closed = session.scalars(
                select(AuditEvent).where(AuditEvent.act == "month:close").order_by(AuditEvent.id.desc()).limit(1)
            ).one()
            last = session.scalar(
                text(
                    "SELECT max(c.seq) FROM chain_entries c JOIN journals j ON j.brand_id = c.brand_id AND j.id = c.journal_id WHERE j.month = :m"
                ),
                {"m": month},
            )
        assert (row.journals, row.closed_at is not None) == (1 + len(posted), True)
        assert last <= closed.facts["chain_seq"]  # not one after the head that the closing names
    nothing_disagrees(settings, world)


def test_what_the_database_refuses_otherwise_is_no_refusal_of_the_portals(world: World) -> None:
    with pytest.raises(DBAPIError, match="NUL"), world.as_(world.hq.finance) as session:
        actions.post(
            session,
            world.hq.finance,
            at=WHEN,
            source="order:X",
            purpose="order",
            memo="\0",
            entries=moved(world.d1, "1.00"),
        )
    assert world.balance(world.d1) == yuan("1000.00")
