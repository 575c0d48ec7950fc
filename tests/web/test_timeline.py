"""R3: a document's audit events as its timeline, newest first, in the reader's language."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from flask import Flask

from portal.core import audit
from portal.core.permissions import Actor
from portal.organizations.models import Dealer
from portal.web.i18n import COOKIE
from portal.web.timeline import LIMIT, said, timeline
from tests.factories.world import World, at, make_world


@pytest.fixture(scope="module")
def told(app) -> World:
    world = make_world()
    finance = world.hq.finance
    with world.as_(finance) as session:
        dealer = session.query(Dealer).where(Dealer.code == "D001").one()

        def note(actor: Actor, act: str, when: str, **how: object) -> None:
            audit.record(session, actor, act, dealer, at=at(when), kind="thing", dealer_id=dealer.id, **how)  # type: ignore[arg-type]

        note(finance, "topup:enter", "2026-10-05 10:00", amount=Decimal("1234.50"))
        note(world.hq.system, "month:close", "2026-10-06 10:00", month="2026-09", public=False)
        note(replace(world.hq.system, via="command"), "month:close", "2026-10-07 10:00", month="2026-10")
        note(
            replace(finance, via="command"),
            "topup:reverse",
            "2026-10-08 10:00",
            amount=Decimal("7.00"),
            reason="打错 <b>了</b>",
        )
        note(finance, "thing:never-written", "2026-10-09 10:00", note="备注")
    return world


def shown(app: Flask, world: World, who: Actor, *, language: str = "en") -> list[dict]:
    with (
        app.app_context(),
        app.test_request_context(headers={"Cookie": f"{COOKIE}={language}"}),
        world.as_(who) as session,
    ):
        return timeline(session, "thing", world.d1.id)


def test_R3_who_did_what_when_and_why_newest_first(app: Flask, told: World) -> None:
    events = shown(app, told, told.hq.auditor)
    assert [(e["who"], e["what"], e["role"], e["quote"], e["tone"]) for e in events] == [
        ("何敏", "thing:never-written", "Finance", "备注", ""),
        ("Command line, for 何敏", "reversed a top-up of ¥7.00", "Finance", "打错 <b>了</b>", "bad"),
        ("Command line", "closed the month 2026-10", "", "", ""),
        ("System", "closed the month 2026-09", "", "", ""),
        ("何敏", "entered a top-up of ¥1,234.50", "Finance", "", ""),
    ]
    assert "2026" in events[0]["when"] or "Oct" in events[0]["when"] or "10-09" in events[0]["when"]


def test_R3_the_reader_reads_it_in_chinese(app: Flask, told: World) -> None:
    events = shown(app, told, told.hq.auditor, language="zh_Hans_CN")
    assert (events[-1]["role"], events[2]["who"]) == ("财务", "命令行")
    assert "¥1,234.50" in events[-1]["what"]


def test_R1_a_dealer_reads_what_is_public_of_its_own_and_another_dealer_nothing(app: Flask, told: World) -> None:
    assert len(shown(app, told, told.d1.manager)) == 4
    assert shown(app, told, told.d2.manager) == []
    assert "127.0.0.1" not in str(shown(app, told, told.d1.manager))


def test_a_long_history_is_cut_at_its_newest_events(app: Flask) -> None:
    world = make_world()
    with world.as_(world.hq.finance) as session:
        dealer = session.query(Dealer).where(Dealer.code == "D001").one()
        for n in range(LIMIT + 5):
            audit.record(session, world.hq.finance, "thing:x", dealer, at=at("2026-10-05 10:00"), note=str(n))
    events = shown(app, world, world.hq.auditor)
    assert (len(events), events[0]["quote"]) == (LIMIT, str(LIMIT + 4))


def test_a_fact_that_is_no_amount_or_missing_breaks_no_timeline(app: Flask) -> None:
    with app.app_context(), app.test_request_context(headers={"Cookie": f"{COOKIE}=en"}):
        assert said("topup:enter", {"amount": "not a number"}) == "entered a top-up of not a number"
        assert said("topup:enter", {}) == "entered a top-up of "
        assert said("topup:enter", {"amount": None}) == "entered a top-up of None"
        assert said("nothing:known", {"amount": "1"}) == "nothing:known"
