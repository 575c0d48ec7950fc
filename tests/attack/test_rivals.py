"""Two people writing to one place at the same instant: one effect, the other is told so, nobody sees a failure."""

from __future__ import annotations

import threading
from datetime import date

import pytest
from sqlalchemy import text

from portal.core import clock
from portal.core.db import db, unit_of_work
from portal.core.errors import Refused
from portal.core.terms import TermValue
from portal.orders import actions as orders
from portal.orders.models import Purpose
from portal.orders.rules import LineWish
from tests.factories.world import at


def wait_until_somebody_waits_for(brand_id: int) -> None:
    """Until another transaction stands before ours (our lock holds it): asked of the server, not guessed by time."""
    with db.engine.connect() as watching:
        for _ in range(2000):
            if watching.scalar(text("SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted)")):
                return
            watching.rollback()
            threading.Event().wait(0.005)
    raise AssertionError(f"nobody waited in brand {brand_id}")


def test_a_term_set_twice_at_once_is_set_once_and_the_second_is_told(app, world, client_as):
    """Both found no value for the day; the unique key lets one in (CO1)."""
    clock.freeze_process(at("2026-11-16 10:00"))
    try:
        browser = client_as(world.hq.manager)
        browser.get("/terms/claims.late-days")
        said: list[int] = []
        day = date(2026, 12, 5)
        form = {"value": "31", "from_day": day.isoformat()}
        with unit_of_work(world.hq.admin.scope) as session:
            value = TermValue(
                name="claims.late-days", from_day=day, value=30, set_at=at("2026-11-16 10:00"), set_by="x"
            )
            session.add(value)
            session.flush()
            rival = threading.Thread(
                target=lambda: said.append(browser.post("/terms/claims.late-days", data=form).status_code)
            )
            rival.start()
            wait_until_somebody_waits_for(world.hq.admin.scope.brand_id)
        rival.join(30)
        assert said == [422]
        with unit_of_work(world.hq.admin.scope) as session:
            assert session.scalars(text("SELECT value FROM term_values WHERE name = 'claims.late-days'")).all() == [30]
    finally:
        clock.freeze_process(None)


def test_a_draft_saved_twice_from_one_page_keeps_the_first_even_when_the_clock_stands(world):
    """PORTAL_CLOCK gives both the same instant; the version moves on all the same."""
    shop, now = world.d1, at("2026-10-05 09:00")
    wish = lambda pieces: [LineWish("P1", pieces, Purpose.STOCK)]  # noqa: E731
    with world.as_(shop.clerk) as session:
        draft = orders.draft(session, shop.clerk, lines=wish(1), note="", ship_to="x", at=now)
        ref, seen = draft.public_id, draft.ver
    with world.as_(shop.clerk) as session:
        orders.amend(session, shop.clerk, ref, lines=wish(2), note="", ship_to="x", seen=seen, at=now)
    with world.as_(shop.manager) as session, pytest.raises(Refused) as why:
        orders.amend(session, shop.manager, ref, lines=wish(3), note="", ship_to="x", seen=seen, at=now)
    assert why.value.code == "changed-meanwhile"
