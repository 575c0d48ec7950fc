"""Lists of the API: no statement a row, no cookie, no cache of others."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.api.calling import program
from tests.factories.statements import counted
from tests.factories.world import World

LISTS = {
    "/parts": 6, "/fault-codes": 6, "/orders": 6, "/shipments": 6, "/top-ups": 6, "/old-parts": 6, "/claims": 6, "/fee-schedules": 6,
    "/statements": 6, "/settlements": 6, "/accounts": 6, "/audit-events": 6,
}  # fmt: skip


@pytest.mark.parametrize("path", LISTS)
def test_a_list_asks_the_database_as_often_for_one_row_as_for_all(app: Flask, world: World, path: str) -> None:
    world.received_order(world.d1, {"P1": 4, "P2": 1})
    world.shipped_order(world.d2, {"P1": 2})
    world.agreed_order(world.d1, {"P2": 1})
    world.topup(world.d1, "10.00")
    world.submitted_claim(world.d1, [world.reviewed_old_part(world.d1), world.reviewed_old_part(world.d1)])
    caller = program(app, world, world.hq.auditor)
    with counted() as one:
        assert caller.get(f"{path}?limit=1").status_code == 200
    with counted() as all_of_them:
        answer = caller.get(f"{path}?limit=200")
    assert len(all_of_them) <= LISTS[path], all_of_them  # whose token, the scope, at most four of its own
    assert len(all_of_them) <= len(one) + 1, all_of_them  # one more where a row needs its dealer's account (R23)
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "Authorization" in answer.headers["Vary"]
