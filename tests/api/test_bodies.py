"""What may stand in a body or a query: every field once, of its own type and size (IE5, AZ2, AP1)."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.api.calling import program, told
from tests.factories.world import World


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"lines": [{"part": "P1", "quantity": "1"}]}, "lines.0.quantity"),
        ({"lines": [{"part": "P1", "quantity": 1.5}]}, "lines.0.quantity"),
        ({"lines": [{"part": "P1", "quantity": 10**30}]}, "lines.0.quantity"),
        ({"lines": [{"part": "P1", "quantity": 0}]}, "lines.0.quantity"),
        ({"lines": [{"part": "P1", "quantity": True}]}, "lines.0.quantity"),
        ({"lines": [{"part": "P1\0", "quantity": 1}]}, "lines.0.part"),
        ({"lines": [{"part": "P1", "quantity": 1}], "note": "a\u0007b"}, "note"),
        ({"lines": [{"part": "P1", "quantity": 1}], "note": "x" * 2001}, "note"),
        ({"lines": [{"part": "P1", "quantity": 1, "purpose": "gift"}]}, "lines.0.purpose"),
        ({"lines": []}, "lines"),
        ({"lines": [{"part": "P1", "quantity": 1}] * 201}, "lines"),
        ({}, "lines"),
    ],
)  # fmt: skip
def test_IE5_AP1_what_cannot_be_used_is_named_by_field(app: Flask, world: World, said: object, field: str) -> None:
    wrong = told(program(app, world, world.d1.clerk).act("/orders", said), 422, "invalid")
    assert field in [one["field"] for one in wrong["errors"]]
    assert all(one["detail"] for one in wrong["errors"])


def test_IE5_a_lone_surrogate_and_a_deep_nest_are_no_json(app: Flask, world: World) -> None:
    caller = program(app, world, world.d1.clerk)
    told(
        caller.act("/orders", data=rb'{"lines": [], "note": "\ud800"}', content_type="application/json"),
        400,
        "not-json",
    )
    told(caller.act("/orders", data=b"[" * 100_000, content_type="application/json"), 400, "not-json")


def test_IE5_a_field_that_stands_twice_is_refused_by_name_and_nothing_is_done(app: Flask, world: World) -> None:
    """JSON does not say which of the two counts, and a proxy before us might think otherwise."""
    caller = program(app, world, world.d1.clerk)
    for said, field in (
        (b'{"lines": [{"part": "P1", "quantity": 1}], "note": "a", "note": "b"}', "note"),
        (b'{"lines": [{"part": "P1", "quantity": 1}, {"part": "P1", "quantity": 1, "quantity": 9}]}', "lines.1.quantity"),
        (b'{"lines": [{"part": "P2", "quantity": 9}], "lines": [{"part": "P1", "quantity": 1}]}', "lines"),
        (b'{"lines": [{"part": "P1", "qu\\u0061ntity": 1, "quantity": 2}]}', "lines.0.quantity"),
    ):  # fmt: skip
        wrong = told(caller.act("/orders", data=said, content_type="application/json"), 422, "invalid")
        assert wrong["errors"] == [{"field": field, "detail": "This stands there more than once. Say it once."}]
    assert caller.get("/orders").get_json()["items"] == []
    once = b'{"lines": [{"part": "P1", "quantity": 1}, {"part": "P1", "quantity": 1}]}'
    assert caller.act("/orders", data=once, content_type="application/json").status_code == 201  # the control
    (query,) = told(caller.get("/orders?q=a&q=a"), 422, "invalid")["errors"]
    assert query["field"] == "q"


def test_money_is_a_string_of_yuan_with_two_decimals(app: Flask, world: World) -> None:
    finance = program(app, world, world.hq.finance)
    said = {"dealer": "D001", "received_on": "2026-10-06", "bank_reference": "BK-API"}
    for wrong in (12.5, "12.505", "1e3", "１２", "", "12.", "NaN", "999999999999.00", None):
        found = told(finance.act("/top-ups", {**said, "amount": wrong}), 422, "invalid")
        assert [one["field"] for one in found["errors"]] == ["amount"], wrong
    made = finance.act("/top-ups", {**said, "amount": "12.5"})
    assert (made.status_code, made.get_json()["amount"]) == (201, "12.50")


@pytest.mark.parametrize("day", ["1989-12-31", "2200-01-01", "0001-01-01", "2026-02-30", "2026-10-06T00:00:00"])
def test_a_day_that_no_page_would_take_is_none(app: Flask, world: World, day: str) -> None:
    finance = program(app, world, world.hq.finance)
    said = {"dealer": "D001", "amount": "1.00", "received_on": day, "bank_reference": "BK-API"}
    (wrong,) = told(finance.act("/top-ups", said), 422, "invalid")["errors"]
    assert wrong == {"field": "received_on", "detail": "This is no date. Write it like 2026-11-03."}
    (query,) = told(finance.get(f"/parts?day={day}"), 422, "invalid")["errors"]
    assert query["field"] == "day"
