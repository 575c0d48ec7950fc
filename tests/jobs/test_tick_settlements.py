"""Settlements by the clock: prepared at two on their day, caught up, posted by term, printed (R50-R53)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import select, text

from portal import worker
from portal.core import clock, queue
from portal.core.audit import AuditEvent
from portal.core.errors import Refused
from portal.core.months import add_months, first_of
from portal.core.provision import admin_engine
from portal.core.settings import Settings
from portal.settlement import actions as settling
from portal.settlement import rules
from portal.settlement.models import KeptPaper, Settlement
from portal.settlement.terms import POST_ALONE
from tests.factories.world import SHANGHAI, World, at, make_world, yuan
from tests.jobs.clock_terms import set_term
from tests.jobs.ticking import KIRITIMATI, NEW_YORK, did, give_addresses, login_of, mails, ticked


def third(month: date) -> date:
    return add_months(month, 1).replace(day=3)


@pytest.mark.parametrize("zone", [SHANGHAI, KIRITIMATI, NEW_YORK, ZoneInfo("Europe/Berlin")], ids=str)
def test_R50_BA3_on_every_day_from_2024_to_2032_exactly_the_months_whose_hour_has_come_are_due(zone: ZoneInfo) -> None:
    """Two o'clock of the 3rd in the brand's zone, leap days and the nights of summer time among them."""
    first, day = date(2023, 12, 1), date(2024, 1, 1)
    while day < date(2033, 1, 1):
        over = add_months(first_of(day), -1)  # last month
        before = add_months(over, -1)
        for hour, minute, newest in (
            (1, 59, over if day.day > 3 else before),
            (2, 0, over if day.day >= 3 else before),
            (23, 59, over if day.day >= 3 else before),
        ):
            now = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone).astimezone(UTC)
            come = rules.months_come(first, now, zone, third)
            expected = [add_months(first, n) for n in range((newest.year - 2023) * 12 + newest.month - 11)]
            assert come == expected, (day, hour, minute)
        day += timedelta(days=1)


def test_R50_a_brand_in_another_zone_has_its_own_second_oclock() -> None:
    month = date(2026, 10, 1)
    on_the_line = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)  # 02:00 of the 3rd on Kiritimati
    assert rules.months_come(month, on_the_line, KIRITIMATI, third) == [month]
    assert rules.months_come(month, on_the_line - timedelta(seconds=1), KIRITIMATI, third) == []
    assert rules.months_come(month, on_the_line, NEW_YORK, third) == []
    assert rules.months_come(month, datetime(2026, 11, 3, 7, 0, tzinfo=UTC), NEW_YORK, third) == [month]


def test_R50_a_term_that_moves_the_day_moves_the_month_from_then_on() -> None:
    def day(month: date) -> date:
        return add_months(month, 1).replace(day=3 if month < date(2026, 10, 1) else 10)

    now = datetime(2026, 11, 9, 12, 0, tzinfo=SHANGHAI)
    assert rules.months_come(date(2026, 8, 1), now, SHANGHAI, day) == [date(2026, 8, 1), date(2026, 9, 1)]


def to_be_paid(
    world: World, *, month: str = "2026-10", replaced: str = "2026-10-10", when: str = "2026-10-20 09:00"
) -> None:
    """One approved line of 12.50 yuan."""
    part = world.reviewed_old_part(world.d1, replaced=replaced)
    world.approved_claim(world.d1, [part], month=month, when=when)


def settlements(world: World) -> list[tuple[date, str, str, Decimal]]:
    with world.as_(world.hq.auditor) as session:
        rows = session.scalars(select(Settlement).order_by(Settlement.month)).all()
        return [(row.month, str(row.state), row.prepared_by, row.amount) for row in rows]


OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)


def test_R50_BA3_a_settlement_is_prepared_at_two_on_the_3rd_of_each_brands_zone_once(app: Flask) -> None:
    here, there = make_world(), make_world(zone="America/New_York")
    for world in (here, there):
        world.received_order(world.d1, {"P1": 4})
        to_be_paid(world)
    assert did(here, "settlement.prepare", when="2026-11-03 01:59") == []
    two = [
        (brand, o.what, o.facts["month"])
        for brand, name, o in ticked(here, there, when="2026-11-03 02:00")
        if name == "settlement.prepare"
    ]
    assert two == [(here.code, "prepared", "2026-10")]
    assert settlements(here) == [(OCTOBER, "prepared", "system", yuan("12.50"))]
    assert settlements(there) == []
    assert did(here, "settlement.prepare", when="2026-11-03 02:01") == []
    assert did(there, "settlement.prepare", when=datetime(2026, 11, 3, 1, 59, tzinfo=NEW_YORK)) == []
    assert did(there, "settlement.prepare", when=datetime(2026, 11, 3, 2, 0, tzinfo=NEW_YORK)) == [
        ("prepared", {"month": "2026-10", "amount": "12.50"})
    ]


def test_R50_BA3_after_an_outage_over_the_3rd_it_is_prepared_at_the_next_start(app: Flask, world: World) -> None:
    world.received_order(world.d1, {"P1": 4})
    to_be_paid(world)
    assert did(world, "settlement.prepare", when="2026-11-19 15:30") == [
        ("prepared", {"month": "2026-10", "amount": "12.50"})
    ]
    assert did(world, "settlement.prepare", when="2026-11-19 15:31") == []


def test_R51_BA3_two_missed_months_come_in_their_order_and_the_second_waits_for_the_first_and_says_so(
    app: Flask, world: World
) -> None:
    give_addresses(world)
    world.received_order(world.d1, {"P1": 4})
    to_be_paid(world)
    to_be_paid(world, month="2026-11", replaced="2026-11-05", when="2026-11-10 09:00")
    waits = ("refused", {"month": "2026-11", "code": "earlier-month-unsettled", "earlier": "2026-10"})
    assert did(world, "settlement.prepare", when="2026-12-20 09:00") == [
        ("prepared", {"month": "2026-10", "amount": "12.50"}),
        waits,
    ]
    outcomes = [o for _brand, name, o in ticked(world, when="2026-12-20 09:01") if name == "settlement.prepare"]
    assert [(o.what, o.well, o.again) for o in outcomes] == [("refused", False, True)]
    assert settlements(world) == [(OCTOBER, "prepared", "system", yuan("12.50"))]
    told = [(template, facts) for template, _to, facts in mails(world) if template.startswith("settlement")]
    assert told == [
        ("settlement-prepared", {"number": "ST2610", "month": "2026-10", "lines": 1, "dealers": 1, "amount": "12.50"}),
        ("settlement-prepared", {"number": "ST2610", "month": "2026-10", "lines": 1, "dealers": 1, "amount": "12.50"}),
        ("settlement-waits", {"month": "2026-11", "earlier": "2026-10"}),
        ("settlement-waits", {"month": "2026-11", "earlier": "2026-10"}),
    ]  # both of finance, once
    post_by_people(world, OCTOBER)
    assert did(world, "settlement.prepare", when="2026-12-20 10:00") == [
        ("prepared", {"month": "2026-11", "amount": "12.50"})
    ]


def post_by_people(world: World, month: date) -> None:
    with world.as_(world.hq.finance) as session:
        settling.check(session, world.hq.finance, month, at=at("2026-12-20 09:10"))
    with world.as_(world.hq.finance_manager) as session:
        settling.post(session, world.hq.finance_manager, month, at=at("2026-12-20 09:20"))


def test_R51_one_brands_refusal_and_one_brands_failure_hold_back_no_other(app: Flask, settings: Settings) -> None:
    waiting, broken, well = make_world(), make_world(), make_world()
    for world in (waiting, broken, well):
        world.received_order(world.d1, {"P1": 4})
        to_be_paid(world)
    with waiting.as_(waiting.hq.system) as session:
        settling.prepare(session, waiting.hq.system, OCTOBER, at=at("2026-11-03 02:00"))
    to_be_paid(waiting, month="2026-11", replaced="2026-11-05", when="2026-11-10 09:00")
    with admin_engine(str(settings.admin_url)).begin() as connection:  # a zone that nobody knows
        connection.execute(text("UPDATE app.brands SET zone = 'Nowhere/Never' WHERE id = :id"), {"id": broken.brand_id})
    try:
        with clock.frozen(at("2026-12-03 02:00")):
            done = worker.tick()
    finally:
        with admin_engine(str(settings.admin_url)).begin() as connection:
            connection.execute(
                text("UPDATE app.brands SET zone = 'Asia/Shanghai' WHERE id = :id"), {"id": broken.brand_id}
            )
    assert done is not None
    seen = {(one.brand, one.outcome.what) for one in done if one.clockwork in {"settlement.prepare", "brand"}}
    assert {(waiting.code, "refused"), (broken.code, "failed"), (well.code, "prepared")} <= seen
    assert settlements(well) == [(OCTOBER, "prepared", "system", yuan("12.50"))]


def test_R50_an_empty_month_is_passed_over_unless_it_is_the_newest(app: Flask, world: World) -> None:
    world.received_order(world.d1, {"P1": 4})
    to_be_paid(world)
    ticked(world, when="2026-11-03 02:00")
    post_by_people(world, OCTOBER)
    to_be_paid(world, month="2026-12", replaced="2026-12-21", when="2026-12-22 09:00")
    # November pays nothing, December 12.50, and so far it is the 2nd
    assert did(world, "settlement.prepare", when="2027-01-02 12:00") == [
        ("prepared", {"month": "2026-11", "amount": "0.00"})
    ]


def test_R50_a_brand_that_never_approved_a_line_has_nothing_due(app: Flask, world: World) -> None:
    assert did(world, "settlement.prepare", when="2026-12-20 09:00") == []
    assert settlements(world) == []


def test_R51_by_term_missed_months_are_posted_by_themselves_one_after_the_other(app: Flask, world: World) -> None:
    set_term(world, POST_ALONE.name, 1)
    world.received_order(world.d1, {"P1": 4})
    to_be_paid(world)
    to_be_paid(world, month="2026-11", replaced="2026-11-05", when="2026-11-10 09:00")
    before = world.balance(world.d1)
    assert did(world, "settlement.prepare", when="2026-12-20 09:00") == [
        ("posted", {"month": "2026-10", "amount": "12.50"}), ("posted", {"month": "2026-11", "amount": "12.50"}),
    ]  # fmt: skip
    assert world.balance(world.d1) - before == yuan("25.00")
    assert [(month, state) for month, state, _by, _amount in settlements(world)] == [
        (OCTOBER, "posted"),
        (NOVEMBER, "posted"),
    ]
    assert did(world, "settlement.prepare", when="2026-12-20 09:01") == []
    with world.as_(world.hq.auditor) as session:
        events = session.scalars(select(AuditEvent).where(AuditEvent.act == "settlement:post_alone")).all()
    assert [(event.side, event.before, event.after) for event in events] == [("system", "prepared", "posted")] * 2


def test_R51_without_the_term_the_system_posts_nothing_and_a_person_never_posts_alone(app: Flask, world: World) -> None:
    world.received_order(world.d1, {"P1": 4})
    to_be_paid(world)
    ticked(world, when="2026-11-03 02:00")
    with pytest.raises(Refused, match="posting-needs-people"), world.as_(world.hq.system) as session:
        settling.post_alone(session, world.hq.system, OCTOBER, at=at("2026-11-03 02:01"))
    with pytest.raises(Refused, match="system-only"), world.as_(world.hq.finance_manager) as session:
        settling.post_alone(session, world.hq.finance_manager, OCTOBER, at=at("2026-11-03 02:01"))
    assert settlements(world) == [(OCTOBER, "prepared", "system", yuan("12.50"))]


def test_R2_what_a_person_prepared_is_not_posted_by_itself(app: Flask, world: World) -> None:
    set_term(world, POST_ALONE.name, 1)
    world.received_order(world.d1, {"P1": 4})
    to_be_paid(world)
    with world.as_(world.hq.finance) as session:
        settling.prepare(session, world.hq.finance, OCTOBER, at=at("2026-11-03 01:00"))
    assert did(world, "settlement.prepare", when="2026-11-03 02:00") == []
    with pytest.raises(Refused, match="you-prepared-it"), world.as_(world.hq.system) as session:
        settling.post_alone(session, world.hq.system, OCTOBER, at=at("2026-11-03 02:01"))


def test_R53_after_posting_every_statement_is_printed_before_anybody_asks_and_its_dealer_told_once(
    app: Flask, settings: Settings, world: World
) -> None:
    give_addresses(world)
    world.received_order(world.d1, {"P1": 4})
    to_be_paid(world)
    ticked(world, when="2026-11-03 02:00")
    post_by_people(world, OCTOBER)
    with clock.frozen(at("2026-12-20 09:21")):
        worker.run_waiting(app, settings)
    told = [(to, facts) for template, to, facts in mails(world) if template == "statement-ready"]
    assert [facts for _to, facts in told] == [
        {"number": "ST2610-D001", "month": "2026-10", "amount": "12.50", "lines": 1, "opening": "0.00", "closing": str(world.balance(world.d1)), "confirm_by": "2026-12-25"},
        {"number": "ST2610-D002", "month": "2026-10", "amount": "0.00", "lines": 0, "opening": "0.00", "closing": "1000.00", "confirm_by": "2026-12-25"},
    ]  # fmt: skip
    assert [to for to, _facts in told] == [
        f"{login_of(world, shop.manager)}@example.com" for shop in (world.d1, world.d2)
    ]
    with world.as_(world.hq.auditor) as session:
        kept = session.execute(select(KeptPaper.kind, KeptPaper.sha256).order_by(KeptPaper.id)).all()
        assert sorted(str(row.kind) for row in kept) == ["pdf", "pdf", "xlsx", "xlsx"]
    with world.as_(world.hq.system) as session:  # the whole once more, as after a kill between commit and sign-off
        queue.defer(session, "settlement.statements", month="2026-10")
    with clock.frozen(at("2026-12-20 09:30")):
        worker.run_waiting(app, settings)
    assert len([1 for template, _to, _facts in mails(world) if template == "statement-ready"]) == 2
    with world.as_(world.hq.auditor) as session:
        assert session.execute(select(KeptPaper.kind, KeptPaper.sha256).order_by(KeptPaper.id)).all() == kept
