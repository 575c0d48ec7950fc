"""What a dealer has not sent is not there for headquarters, on every operation that could name it (R20, R40, R60)."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.api.calling import program, told
from tests.api.test_rivals import body_of, operations, whole
from tests.factories.world import World

DRAFTS = {
    "/orders": {"lines": [{"part": "P1", "quantity": 1}]},
    "/claims": {"month": "2026-10"},
    "/fee-schedules": {
        "region": "Fuzhou", "from_day": "2026-12-01", "items": [{"item": "Visit", "unit": "time", "amount": "1.00"}],
    },
}  # fmt: skip


@pytest.mark.parametrize("kind", DRAFTS)
def test_a_dealers_draft_is_not_there_for_headquarters_to_read_or_to_act_on(
    app: Flask, world: World, kind: str
) -> None:
    boss, hq = program(app, world, world.d1.manager), program(app, world, whole(world.hq.finance2, world))
    made = boss.act(kind, DRAFTS[kind])
    assert made.status_code == 201, made.get_json(force=True)
    ref, tried = made.get_json()["ref"], 0
    for method, path, operation in operations(app):
        if path.startswith(f"{kind}/{{ref}}") and "at a dealer" not in operation["description"]:
            where = path.replace("{ref}", ref).replace("{position}", "1")
            answer = hq.get(where) if method == "GET" else hq.act(where, body_of(path), seen="*")
            told(answer, 404, "not-found")
            tried += 1
    assert tried >= 4
    assert hq.get(kind).get_json()["items"] == []
    assert boss.get(f"{kind}/{ref}").status_code == 200  # the control: it is there


def test_what_was_sent_is_there_for_headquarters(app: Flask, world: World) -> None:
    """The control of the above: the same order, once it has a number."""
    boss, hq = program(app, world, world.d1.manager), program(app, world, whole(world.hq.finance2, world))
    ref = boss.act("/orders", DRAFTS["/orders"]).get_json()["ref"]
    assert boss.on(f"/orders/{ref}", "submit").status_code == 200
    assert hq.get(f"/orders/{ref}").status_code == 200
    assert hq.on(f"/orders/{ref}", "reject", {"reason": "x"}).get_json()["state"] == "rejected"


@pytest.mark.parametrize("place", ["9" * 30, "１", "-1", "1.0", "x", "%20"])
def test_IE5_what_can_be_no_lines_place_is_not_there(app: Flask, world: World, place: str) -> None:
    boss = program(app, world, world.d1.manager)
    ref = boss.act("/claims", DRAFTS["/claims"]).get_json()["ref"]
    told(boss.act(f"/claims/{ref}/lines/{place}/remove", seen="*"), 404, "not-found")
