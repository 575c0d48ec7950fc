"""Every operation as a stranger, a rival dealer, a rival brand: 401 or 404, and never a byte of another's (T1, T2, T11).

An operation that is missing here fails the test: whoever adds one says which document it names.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from flask import Flask

from portal.core.permissions import Actor
from portal.identity.roles import HOLDS, Role, permissions_of
from portal.web.api.document import document
from tests.api.calling import Program, program, told
from tests.architecture.test_routes import CANARY, rivals, victim, whole_side
from tests.factories.world import World

__all__ = ["victim"]

# Which of the victim's documents an address names, by its beginning; None: nobody's own (a list, a part, a month).
NAMES: dict[str, dict[str, str] | None] = {
    "/parts": None,
    "/fault-codes": None,
    "/products/{serial}": {"serial": "serial"},
    "/orders/{ref}/amend": {"ref": "draft"},
    "/orders/{ref}/submit": {"ref": "draft"},
    "/orders/{ref}": {"ref": "order"},
    "/shipments/{number}": {"number": "shipment"},
    "/top-ups/{number}": {"number": "topup"},
    "/old-parts/{number}": {"number": "open_part", "photo": "photo"},
    "/photos/{photo}": {"photo": "photo"},
    "/claims/{ref}": {"ref": "claim", "position": "one"},
    "/fee-schedules/{ref}": {"ref": "fee"},
    "/statements/{number}": {"number": "statement"},
    "/settlements/{month}": None,
    "/accounts/{code}": None,
    "/account": None,
}
LISTS = {
    "/orders", "/shipments", "/top-ups", "/old-parts", "/claims", "/fee-schedules", "/statements", "/settlements", "/accounts",
    "/audit-events",
}  # fmt: skip
LITERALS = {"month": "2026-10", "code": "D001", "part": "P1", "position": "1"}
# A body that each act takes, so that tenancy alone stands in its way.
BODIES: dict[str, Any] = {
    "orders": {"amend": {"lines": [{"part": "P1", "quantity": 1}]}, "quote": {"freight": "1.00", "ship_on": "2026-12-08"},
               "agree": {"quote_no": 1}, "ship": {"carrier": "x", "tracking": "x"}},
    "shipments": {"receive": {}},
    "top-ups": {},
    "old-parts": {"answer": {"note": "x"}, "review": {"decision": "accepted"}},
    "claims": {"lines": {"old_parts": ["OP2610-0001"]}, "approve": {"positions": [1]}, "want": {"positions": [1], "reason": "x"},
               "refuse": {"positions": [1], "code": "CDR", "reason": "x"}, "reduce": {"positions": [1], "amount": "1.00", "reason": "x"},
               "answer": {"answer": "x"}},
    "fee-schedules": {"amend": {"region": "x", "from_day": "2026-12-01", "items": [{"item": "x", "unit": "x", "amount": "1.00"}]}},
    "statements": {"dispute": {"reason": "x"}, "answer": {"answer": "x"}},
    "settlements": {"exclude": {"claim": "RC2610-0001", "position": 1, "reason": "x"}},
}  # fmt: skip
BARE = {"submit", "agree", "debit", "confirm", "prepare", "check", "post", "approve", "report", "remove", "discard"}


@cache
def operations(app: Flask) -> list[tuple[str, str, dict[str, Any]]]:
    with app.test_request_context():
        whole = document()
    return [
        (method.upper(), path.removeprefix("/api/v1"), operation)
        for path, item in whole["paths"].items()
        for method, operation in item.items()
    ]


def address(path: str, found: dict[str, str]) -> tuple[str, bool]:
    """The address with the victim's documents in it, and whether one of them is the victim's alone."""
    names = next((names for start, names in NAMES.items() if path.startswith(start)), "?")
    assert names != "?" or path in LISTS, f"{path}: say in this test which document it names"
    words = {
        **LITERALS,
        **{key: found.get(value, value) for key, value in (names if isinstance(names, dict) else {}).items()},
    }
    words["position"] = "1"
    return re.sub(r"\{(\w+)\}", lambda m: words[m[1]], path), isinstance(names, dict)


def body_of(path: str) -> Any:
    kind, step = path.split("/")[1], path.rsplit("/", 1)[-1]
    known = BODIES.get(kind, {})
    return known.get(step, None if step in BARE else {"reason": "x"})


def call(caller: Program, method: str, path: str, where: str, operation: dict[str, Any]) -> Any:
    if method == "GET":
        return caller.get(where)
    if "multipart/form-data" in operation.get("requestBody", {}).get("content", {}):
        from io import BytesIO

        return caller.act(where, data={"photo": (BytesIO(b"x"), "x.jpg")}, content_type="multipart/form-data")
    return caller.act(where, body_of(path), seen="*")


def test_T1_a_stranger_gets_nothing_from_any_operation(app: Flask, victim: tuple[World, dict[str, str]]) -> None:
    stranger, wrong = Program(app, None), {}
    for method, path, operation in operations(app):
        answer = call(stranger, method, path, address(path, victim[1])[0], operation)
        if answer.status_code != 401:
            wrong[method, path] = answer.status_code
    assert wrong == {}


def test_T1_T2_a_rivals_document_is_not_there_and_nobody_can_act_on_it(
    app: Flask, victim: tuple[World, dict[str, str]]
) -> None:
    world, found = victim
    for who, actor, where_from in [("rival dealer", whole(world.d2.manager, world), world), *_rivals()]:
        caller, wrong = program(app, where_from, actor), {}
        for method, path, operation in operations(app):
            where, own = address(path, found)
            if own and path != "/products/{serial}":
                answer = call(caller, method, path, where, operation)
                if answer.status_code != 404:
                    wrong[method, path] = (answer.status_code, answer.get_data(as_text=True))
        assert wrong == {}, who


def whole(actor: Actor, world: World) -> Actor:
    """The same member holding every role of its side, and all that they may."""
    return _may_all(whole_side(actor, world))


def _may_all(actor: Actor) -> Actor:
    return replace(actor, permissions=permissions_of(actor.roles))


def _rivals() -> list[tuple[str, Any, Any]]:
    """The rivals of the pages' matrix, with a world-like thing to make their tokens in."""
    from contextlib import contextmanager
    from types import SimpleNamespace

    from portal.core.db import unit_of_work

    @contextmanager
    def as_(actor: Any) -> Any:
        with unit_of_work(actor.scope) as session:
            yield session

    return [(who, _may_all(actor), SimpleNamespace(as_=as_)) for who, actor in rivals()]


def test_T1_control_the_owner_or_headquarters_reads_every_one_of_them(
    app: Flask, victim: tuple[World, dict[str, str]]
) -> None:
    world, found = victim
    callers = [program(app, world, whole(actor, world)) for actor in (world.d1.manager, world.hq.auditor)]
    wrong = {}
    for method, path, _operation in operations(app):
        if method == "GET":
            codes = [caller.get(address(path, found)[0]).status_code for caller in callers]
            if 200 not in codes:
                wrong[path] = codes
    assert wrong == {}


def test_T11_no_operation_gives_a_rival_a_byte_of_it(app: Flask, victim: tuple[World, dict[str, str]]) -> None:
    world, found = victim
    marks = [CANARY, found["photo"], found["serial"], "77.31"]
    for who, actor, where_from in [("rival dealer", whole(world.d2.manager, world), world), *_rivals()]:
        caller = program(app, where_from, actor)
        mine = marks if who == "rival dealer" else [*marks, world.code]  # dealers of one brand share its name
        for method, path, operation in operations(app):
            where, _own = address(path, found)
            if who == "rival dealer" and path == "/products/{serial}":
                continue  # what everybody of a brand may know of a product (domain.md section 13): tests/api/test_registers.py
            answers = [call(caller, method, path, where, operation)]
            if method == "GET":
                answers += [caller.get(f"{where}?q={text}") for text in (CANARY, found["order"])]
            for answer in answers:
                body = answer.get_data(as_text=True).replace(where, "")
                assert [mark for mark in mine if mark in body] == [], f"{who} on {method} {path}"


def test_T11_control_the_owner_reads_the_canary(app: Flask, victim: tuple[World, dict[str, str]]) -> None:
    world, found = victim
    owner = program(app, world, whole(world.d1.manager, world))
    for path in (f"/orders/{found['draft']}", f"/fee-schedules/{found['fee']}"):
        assert CANARY in str(owner.get(path).get_json())
    assert "77.31" in str(owner.get("/top-ups").get_json())


def test_AZ2_no_column_of_any_table_can_be_written_past_the_schema(
    app: Flask, victim: tuple[World, dict[str, str]]
) -> None:
    """Every column's name in every act's body: refused by name, before anything is looked up."""
    from portal.core.db import Base

    world, found = victim
    columns = sorted({column.name for table in Base.metadata.tables.values() for column in table.columns})
    callers = {
        "dealer": program(app, world, whole(world.d1.manager, world)),
        "hq": program(app, world, whole(world.hq.finance2, world)),
    }
    tried = 0
    for method, path, operation in operations(app):
        if method != "POST" or "application/json" not in operation.get("requestBody", {}).get("content", {}):
            continue
        schema = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        with app.test_request_context():
            known = set(document()["components"]["schemas"][schema]["properties"])
        side = "dealer" if "at a dealer" in operation["description"] else "hq"
        strange = [name for name in columns if name not in known]
        for start in range(0, len(strange), 40):
            some = dict.fromkeys(strange[start : start + 40], 1)
            answer = callers[side].act(address(path, found)[0], {**(body_of(path) or {}), **some}, seen="*")
            wrong = told(answer, 422, "invalid")
            assert set(some) <= {one["field"] for one in wrong["errors"]}, path
            tried += 1
    assert tried > 60


def test_AZ6_other_spellings_of_an_address_or_a_method_decide_nothing_else(
    app: Flask, victim: tuple[World, dict[str, str]]
) -> None:
    world, found = victim
    stranger, rival = Program(app, None), program(app, world, whole(world.d2.manager, world))
    for where in (f"/orders/{found['order']}", f"/claims/{found['claim']}"):
        for caller, code in ((stranger, 401), (rival, 404)):
            assert caller.call("HEAD", where).status_code == code
            for spelled in (
                where.lower(),
                where.replace("/orders/", "/orders/%2e/"),
                where + "/",
                where.replace("PO", "%50O"),
                "/." + where,
            ):
                assert caller.get(spelled).status_code in {code, 404}
            for header in ("X-HTTP-Method-Override", "X-Method-Override"):
                tried = caller.call("GET", where, headers={header: "POST"})
                assert tried.status_code == code
    assert rival.call("GET", "/orders?_method=POST").status_code == 422


def test_AZ3_a_dealer_reads_nothing_that_headquarters_keeps_to_itself(
    app: Flask, victim: tuple[World, dict[str, str]]
) -> None:
    """Addresses, the trail, months, other dealers' accounts: 404 to every dealer, whatever roles it holds."""
    world, found = victim
    dealer = program(app, world, whole(world.d1.manager, world))
    for path in (
        "/audit-events",
        "/settlements",
        "/settlements/2026-10",
        "/accounts",
        "/accounts/D001",
        "/accounts/D002/entries",
    ):
        told(dealer.get(path), 404, "not-found")
    for path in (
        "/orders",
        "/claims",
        f"/orders/{found['order']}",
        f"/claims/{found['claim']}",
        f"/statements/{found['statement']}",
    ):
        assert "127.0.0.1" not in dealer.get(path).get_data(as_text=True)


def test_every_operation_names_a_permission_and_has_an_example(app: Flask) -> None:
    views = {
        name: view
        for name, view in app.view_functions.items()
        if name.startswith("api_") and name != "api_document.openapi"
    }
    assert len(views) == len(operations(app))
    assert [name for name, view in views.items() if not view.required_permissions] == []
    bare = []
    for method, path, operation in operations(app):
        parts = [operation.get("requestBody", {}), *operation["responses"].values()]
        contents = [media for part in parts for media in part.get("content", {}).values()]
        if not contents or any(media.get("example") is None for media in contents):
            bare.append((method, path))
    assert bare == []


@pytest.mark.parametrize("role", list(Role))
def test_the_role_act_table_holds_on_the_api_too(app: Flask, victim: tuple[World, dict[str, str]], role: Role) -> None:
    """AZ1: a role without an operation's permission is told 403 (404 where nobody of its side has it), before anything is read."""
    from portal.core.db import unit_of_work
    from portal.identity.models import Member

    world, found = victim
    who = world.hq.finance2 if role.side == "hq" else world.d2.technician
    with unit_of_work(world.hq.system.scope) as session:
        session.get(Member, (who.scope.brand_id, who.scope.member_id)).roles = [role.value]  # type: ignore[union-attr]
    caller = program(app, world, replace(who, roles=(role.value,), permissions=HOLDS[role]))
    side = permissions_of(one for one in Role if one.side == role.side)
    wrong = {}
    for method, path, operation in operations(app):
        needs = set(app.view_functions[_endpoint(operation)].required_permissions)
        if needs & HOLDS[role]:
            continue
        answer = call(caller, method, path, address(path, found)[0], operation)
        expected = {403, 404} if needs & side else {404}
        if answer.status_code not in expected:
            wrong[method, path] = answer.status_code
    assert wrong == {}


def _endpoint(operation: dict[str, Any]) -> str:
    name = operation["operationId"]
    for blueprint in (
        "old_parts",
        "catalog",
        "warranty",
        "ledger",
        "files",
        "fees",
        "orders",
        "claims",
        "settlement",
        "reports",
    ):
        if name.startswith(blueprint + "_"):
            return f"api_{blueprint}.{name.removeprefix(blueprint + '_')}"
    raise AssertionError(name)
