"""Every act on a document asks for the version that was seen, and none goes on with another (If-Match)."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import text

from portal.core import clock
from portal.orders import queries
from portal.web.api import Call
from tests.api.calling import program, told
from tests.api.test_rivals import address, body_of, operations, victim, whole
from tests.factories.world import World, at

__all__ = ["victim"]


def test_no_act_goes_on_without_a_version_or_with_another_than_the_documents(
    app: Flask, victim: tuple[World, dict[str, str]]
) -> None:
    world, found = victim
    hq, dealer = (program(app, world, whole(who, world)) for who in (world.hq.finance2, world.d1.manager))
    tried = 0
    with clock.frozen(at("2026-11-20 09:00")):
        for _method, path, operation in operations(app):
            if not any(one["name"] == "If-Match" for one in operation["parameters"]):
                continue
            where = address(path, found)[0].replace("2026-10", "2030-01")  # a month that nobody has posted
            caller = dealer if "at a dealer" in operation["description"] else hq
            told(caller.act(where, body_of(path)), 428, "version-needed")
            for other in ('"999"', '"999-0123456789ab"', "999", 'W/"1"', '""'):
                told(caller.act(where, body_of(path), seen=other), 412, "version-stale")
            tried += 1
    assert tried >= 37


def test_what_is_answered_after_an_act_is_read_as_it_is_now(world: World) -> None:
    """Statements change rows that the act's session holds already (a month's lines, an account's balance)."""
    number = world.submitted_order(world.d1)
    with world.as_(world.d1.clerk) as session:
        order = queries.order(session, number)
        session.execute(text("UPDATE orders SET note = 'changed below' WHERE number = :number"), {"number": number})
        assert order.note != "changed below"
        Call(session, world.d1.clerk, at("2026-10-06 10:00"), "").afresh()
        assert queries.order(session, number).note == "changed below"


def test_the_control_a_document_goes_on_from_the_version_that_was_seen(app: Flask, world: World) -> None:
    dealer = program(app, world, world.d1.manager)
    made = dealer.act("/orders", {"lines": [{"part": "P1", "quantity": 1}]})
    path, tag = f"/orders/{made.get_json()['ref']}", made.headers["ETag"]
    changed = dealer.act(f"{path}/amend", {"lines": [{"part": "P1", "quantity": 2}]}, seen=tag)
    assert changed.status_code == 200
    told(dealer.act(f"{path}/submit", seen=tag), 412, "version-stale")
    assert dealer.act(f"{path}/amend", {"lines": [{"part": "P1", "quantity": 3}]}, seen="*").status_code == 200
    now = dealer.get(path).headers["ETag"]
    assert dealer.act(f"{path}/submit", seen=f'"1", {now}').status_code == 200
