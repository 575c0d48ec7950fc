"""Every route as a stranger, a rival dealer and a rival brand: the sign-in page or 404, and never a byte of another's (T1, T2).

A route that is missing here fails the test: whoever adds one says which document it shows.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest
from flask import Flask, Response
from werkzeug.routing import Rule

from portal.core.permissions import Actor
from portal.identity.roles import Role
from tests.factories.world import World, at, make_world, yuan

OPEN = {
    "static",
    "identity.sign_in",
    "identity.sign_out",
    "identity.language",
    "identity.second_step",  # what these show needs a one-time token: tests/identity
    "identity.forgotten",
    "identity.reset",
    "identity.invitation",
    "identity.join",
    "identity.add_place",
    "health.alive",
    "health.ready",
    "styleguide.show",
    "styleguide.parts",
}
CANARY = "CANARY-Ж-7731"


@pytest.fixture(scope="module")
def victim(app: Flask) -> tuple[World, dict[str, str]]:
    """A world with one of every document at D001, and what to put into addresses."""
    from sqlalchemy import text

    from portal.claims import actions as claims
    from portal.claims.matching import Form, FormRow
    from portal.fees import actions as fees
    from portal.fees.rules import FeeWish
    from portal.identity import actions as identity
    from portal.identity.actions.tokens import make_token
    from portal.orders import actions as orders
    from portal.orders.models import Purpose
    from portal.orders.rules import LineWish
    from portal.settlement import actions as settlement
    from portal.settlement.queries import statements  # noqa: F401 - the module must exist

    world = make_world()
    shop = world.d1
    received = world.received_order(shop, {"P1": 6})
    _, shipment = world.shipped_order(shop, {"P2": 1}, when="2026-10-08 09:00")
    first = world.reviewed_old_part(shop)
    open_part = world.registered_old_part(shop, replaced="2026-10-12")
    claim = world.approved_claim(shop, [first])
    with world.as_(shop.clerk) as session:
        draft = orders.draft(
            session,
            shop.clerk,
            lines=[LineWish("P1", 1, Purpose.STOCK, None, CANARY)],
            note=CANARY,
            ship_to=CANARY,
            at=at("2026-10-20 09:00"),
        )
        fee = fees.draft(session, shop.clerk, region=CANARY, from_day=at("2026-12-01 00:00").date(),
                         items=[FeeWish(CANARY, "次", yuan("50.00"), CANARY)], note=CANARY, at=at("2026-10-20 09:00"))  # fmt: skip
        form = claims.draft_from_form(
            session, shop.clerk, form=Form("", "", None, (), (), (FormRow(4, {"remark": CANARY, "serial": "S-1"}, serial="S-1"),)),
            filename=f"{CANARY}.xlsx", file_hash="0" * 64, month=at("2026-10-01 00:00").date(), at=at("2026-10-20 09:00"),
        )  # fmt: skip
    with world.as_(shop.manager) as session:
        fee_number = fees.submit(session, shop.manager, fee.public_id, at=at("2026-10-20 10:00")).number
    with world.as_(world.hq.system) as session:
        settlement.prepare(session, world.hq.system, at("2026-10-01 00:00").date(), at=at("2026-11-03 02:00"))
    with world.as_(world.hq.finance) as session:
        settlement.check(session, world.hq.finance, at("2026-10-01 00:00").date(), at=at("2026-11-03 09:00"))
    with world.as_(world.hq.finance_manager) as session:
        settlement.post(session, world.hq.finance_manager, at("2026-10-01 00:00").date(), at=at("2026-11-03 10:00"))
    world.topup(shop, "77.31")
    with world.as_(shop.clerk) as session:
        token, _secret = make_token(session, shop.clerk, name=CANARY, scopes=["orders.read"], at=at("2026-10-20 09:00"))
    with world.as_(shop.manager) as session:
        identity.invite(session, shop.manager, name=CANARY, email="canary@mail.example", roles=["dealer-clerk"], dealer_id=shop.id,
                        link=str, locale="en", at=at("2026-10-20 09:00"))  # fmt: skip
    with world.as_(world.hq.auditor) as session:
        one = lambda sql: str(session.scalar(text(sql)))  # noqa: E731
        found = {
            "order": received, "draft": draft.public_id, "shipment": shipment, "old_part": first, "open_part": open_part, "claim": claim, "form": form.public_id,
            "fee": str(fee_number), "statement": one(f"SELECT number FROM statements WHERE dealer_id = {shop.id} AND number IS NOT NULL"),
            "topup": one("SELECT number FROM topups"), "journal": one("SELECT number FROM journals ORDER BY id LIMIT 1"),
            "photo": one("SELECT public_id FROM photos LIMIT 1"), "serial": one("SELECT serial FROM products LIMIT 1"),
            "invitation": one("SELECT id FROM invitations LIMIT 1"), "session": signed_in(shop.clerk),
            "member": str(world.d1.clerk.scope.member_id), "brand": world.code, "dealer": "D001", "token": token.prefix,
            "message": one("SELECT max(id) FROM outbox"), "job": one("SELECT max(id) FROM jobs_list(NULL, NULL, 100)"),
        }  # fmt: skip
    return world, found


def signed_in(actor: Actor) -> str:
    """The number of a session that this actor has open."""
    from portal.core.db import db
    from portal.identity import queries
    from tests.conftest import open_session

    open_session(actor)
    return str(queries.sessions(db.engine, int(actor.login_id or 0), own_hash="", idle_seconds=3600)[0].id)


def whole_side(actor: Actor, world: World) -> Actor:
    """The same member holding every role of its side, so that only tenancy stands in its way."""
    from portal.core.db import unit_of_work
    from portal.identity.models import Member

    roles = [role.value for role in Role if role.side == actor.side]
    with unit_of_work(world.hq.system.scope) as session:
        session.get(Member, (actor.scope.brand_id, actor.scope.member_id)).roles = roles  # type: ignore[union-attr]
    return replace(actor, roles=tuple(roles))


@cache
def rivals() -> list[tuple[str, Actor]]:
    other = make_world()
    return [
        ("rival brand, headquarters", whole_side(other.hq.auditor, other)),
        ("rival brand, dealer", whole_side(other.d1.manager, other)),
    ]


# How an address is filled in: by endpoint, else by argument name.
BY_ENDPOINT: dict[str, dict[str, str]] = {
    "orders.edit": {"ref": "draft"}, "orders.amend": {"ref": "draft"}, "orders.submit": {"ref": "draft"},
    "claims.form_sheet": {"ref": "form"}, "claims.look_again": {"ref": "form"}, "files.photo": {"public_id": "photo"}, "qr": {"code": "brand", "number": "order"},
}  # fmt: skip
BY_BLUEPRINT: dict[str, dict[str, str]] = {
    "orders": {"ref": "order", "number": "shipment"}, "claims": {"ref": "claim", "number": "claim"}, "old_parts": {"number": "old_part", "photo": "photo"},
    "fees": {"ref": "fee", "number": "fee"}, "settlement": {"number": "statement", "code": "dealer", "dealer": "dealer"},
    "notices": {"message_id": "message", "job_id": "job"}, "identity": {"member_id": "member", "prefix": "token", "invitation_id": "invitation", "session_id": "session"}, "warranty": {"serial": "serial"},
}  # fmt: skip
# Addresses that name nothing of one brand only (a month, a dealer's code, a part number that every brand may use):
# a rival gets its own page or 404, and the canary test reads it.
SHARED = {
    "settlement.detail", "settlement.share", "settlement.left_out", "settlement.check", "settlement.post", "settlement.prepare", "settlement.send_back",
    "settlement.exclude", "settlement.dealer_account", "settlement.close_month", "ledger.set_limit", "ledger.journal", "ledger.topup",
    "ledger.reverse_topup", "orders.holding", "warranty.policy", "settlement.shares_sheet", "settlement.left_out_sheet", "settlement.share_sheet",
    "settlement.dealer_account_sheet", "warranty.policy_sheet", "warranty.withdraw_policy", "identity.confirm_email",
}  # fmt: skip
_LITERALS = {
    "month": "2026-10",
    "position": "1",
    "step": "approve",
    "quote_no": "1",
    "kind": "prices",
    "version": "202607",
}


def words_of(answer: Response) -> str:
    """All that an answer says; a workbook's parts unpacked."""
    if not answer.data.startswith(b"PK"):
        return answer.get_data(as_text=True)
    with zipfile.ZipFile(io.BytesIO(answer.data)) as book:
        return "".join(book.read(name).decode() for name in book.namelist())


def address(app: Flask, rule: Rule, found: dict[str, str]) -> str | None:
    values = {}
    for argument in rule.arguments:
        key = BY_ENDPOINT.get(rule.endpoint, {}).get(argument) or BY_BLUEPRINT.get(
            rule.endpoint.partition(".")[0], {}
        ).get(argument)
        if key is not None:
            values[argument] = found[key]
        elif argument in _LITERALS:
            values[argument] = _LITERALS[argument]
        else:
            return None
    with app.test_request_context():
        from flask import url_for

        return url_for(rule.endpoint, **values)


def rules(app: Flask, method: str) -> list[Rule]:
    """All of them but the API's, which tests/api/test_rivals.py tries with tokens."""
    return [
        rule
        for rule in app.url_map.iter_rules()
        if method in (rule.methods or ()) and rule.endpoint not in OPEN and not rule.endpoint.startswith("api_")
    ]


def named(app: Flask, method: str, found: dict[str, str]) -> list[tuple[Rule, str]]:
    """Routes that name a document of the victim's alone, with their addresses."""
    result = []
    for rule in rules(app, method):
        if (
            not rule.arguments
            or rule.endpoint in SHARED
            or rule.endpoint.partition(".")[0] in {"catalog", "organizations", "ledger"}
        ):
            continue
        where = address(app, rule, found)
        assert where is not None, f"{rule.endpoint}: say in this test which document {sorted(rule.arguments)} name"
        result.append((rule, where))
    return result


def test_T1_a_stranger_is_sent_to_the_sign_in_page_from_everywhere(
    app: Flask, victim: tuple[World, dict[str, str]], client_as: Callable
) -> None:  # type: ignore[type-arg]
    browser = client_as(None)
    wrong = {}
    for rule, where in [*named(app, "GET", victim[1]), *((r, r.rule) for r in rules(app, "GET") if not r.arguments)]:
        answer = browser.get(where)
        if answer.status_code != 303 or "/sign-in" not in answer.headers["Location"]:
            wrong[rule.endpoint] = answer.status_code
    assert wrong == {}


def test_T1_AN8_a_stranger_changes_nothing_and_neither_does_a_missing_token(
    app: Flask, victim: tuple[World, dict[str, str]], client_as: Callable
) -> None:  # type: ignore[type-arg]
    for browser in (client_as(None), client_as(victim[0].d1.manager)):
        wrong = {}
        for rule, where in [
            *named(app, "POST", victim[1]),
            *((r, r.rule) for r in rules(app, "POST") if not r.arguments),
        ]:
            answer = browser.post(where, data={}, headers={"X-Nothing": "1"})
            if answer.status_code != 400:
                wrong[rule.endpoint] = answer.status_code
        assert wrong == {}


def test_T1_T2_a_rivals_document_is_not_there(
    app: Flask, victim: tuple[World, dict[str, str]], client_as: Callable
) -> None:  # type: ignore[type-arg]
    world, found = victim
    for who, actor in [("rival dealer", whole_side(world.d2.manager, world)), *rivals()]:
        browser = client_as(actor)
        wrong = {
            rule.endpoint: code
            for rule, where in named(app, "GET", found)
            if (code := browser.get(where).status_code) != 404
        }
        assert wrong == {}, who


def test_T1_T2_a_rival_cannot_act_on_it_either(
    app: Flask, victim: tuple[World, dict[str, str]], client_as: Callable
) -> None:  # type: ignore[type-arg]
    world, found = victim
    data = {
        "reason": "x",
        "note": "x",
        "seen": "1",
        "roles": "dealer-clerk",
        "answer": "x",
        "quote_no": "1",
        "act": "approve",
    }
    for who, actor in [("rival dealer", whole_side(world.d2.manager, world)), *rivals()]:
        browser = client_as(actor)
        wrong = {}
        for rule, where in named(app, "POST", found):
            code = browser.post(where, data=data).status_code
            if code not in {
                404,
                422,
            }:  # 422: the form is looked at before the document; the same for a number that nobody has
                wrong[rule.endpoint] = code
            if code == 422:
                unknown = browser.post(
                    where.replace(next(v for v in found.values() if v in where), "XX0000-0000"), data=data
                ).status_code
                assert unknown in {404, 422}
        assert wrong == {}, who


def test_T1_control_the_owner_sees_every_one_of_them(
    app: Flask, victim: tuple[World, dict[str, str]], client_as: Callable
) -> None:  # type: ignore[type-arg]
    world, found = victim
    actors = [whole_side(world.d1.manager, world), whole_side(world.hq.auditor, world)]
    browsers = [client_as(actor) for actor in actors]
    wrong = {}
    for rule, where in named(app, "GET", found):
        codes = [browser.get(where).status_code for browser in browsers]
        if not any(code in {200, 303} for code in codes):
            wrong[rule.endpoint] = codes
    assert wrong == {}


def test_T11_no_list_or_page_shows_a_rival_a_byte_of_it(
    app: Flask, victim: tuple[World, dict[str, str]], client_as: Callable
) -> None:  # type: ignore[type-arg]
    world, found = victim
    marks = [CANARY, world.code, found["photo"], found["serial"], "77.31"]
    for who, actor in rivals():
        browser = client_as(actor)
        for rule in rules(app, "GET"):
            where = rule.rule if not rule.arguments else address(app, rule, found)
            if where is None:
                continue
            for query in ("", f"?q={found['order']}", f"?q={CANARY}"):
                body = words_of(browser.get(where + query)).replace(query[3:], "")
                seen = [mark for mark in marks if mark in body and mark not in query and mark not in where]
                assert seen == [], f"{who} reads {seen} on {where}{query}"


def test_T11_control_the_owners_workbooks_do_hold_it(
    app: Flask, victim: tuple[World, dict[str, str]], client_as: Callable
) -> None:  # type: ignore[type-arg]
    world, found = victim
    owner = client_as(whole_side(world.d1.manager, world))
    said = {
        rule.endpoint: words_of(owner.get(where))
        for rule in rules(app, "GET")
        if rule.rule.endswith(".xlsx")
        and (where := rule.rule if not rule.arguments else address(app, rule, found)) is not None
    }
    assert found["serial"] in said["warranty.products_sheet"]
    assert found["order"] in said["orders.sheet"]
    assert found["claim"] in said["claims.sheet"]
    assert CANARY in said["claims.form_sheet"]
    assert CANARY in said["fees.sheet"]
    assert "77.31" in said["settlement.account_sheet"]
    assert found["old_part"] in said["claims.lines_sheet"]


def test_AN7_every_answer_carries_the_secure_headers(
    app: Flask, victim: tuple[World, dict[str, str]], client_as: Callable
) -> None:  # type: ignore[type-arg]
    browser = client_as(victim[0].d1.manager)
    for where in ("/", "/sign-in", "/nowhere", "/orders", "/static/portal.css", f"/photos/{victim[1]['photo']}.jpg"):
        with browser.get(where) as answer:
            headers = answer.headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert "unsafe" not in headers["Content-Security-Policy"]
        if not where.startswith("/static"):
            assert "no-store" in headers["Cache-Control"]


def test_AN7_every_page_answers_with_the_secure_headers_whoever_asks_and_whatever_the_answer(
    app: Flask, victim: tuple[World, dict[str, str]], client_as: Callable
) -> None:  # type: ignore[type-arg]
    world, found = victim
    wanted = {
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Cross-Origin-Opener-Policy": "same-origin",
    }
    pages = [
        (rule.endpoint, rule.rule if not rule.arguments else address(app, rule, found)) for rule in rules(app, "GET")
    ]
    for browser in (
        client_as(None),
        client_as(whole_side(world.d1.manager, world)),
        client_as(whole_side(world.hq.auditor, world)),
    ):
        wrong = {}
        for endpoint, where in [
            *pages,
            ("sign-in", "/sign-in"),
            ("forgotten", "/forgotten"),
            ("link", "/reset/x"),
            ("none", "/no/such"),
        ]:
            if where is None:
                continue
            with browser.get(where) as answer:
                headers = answer.headers
            missing = {name for name, value in wanted.items() if headers.get(name) != value}
            missing |= set() if headers.get("Content-Security-Policy", "").startswith("default-src 'none'") else {"CSP"}
            missing |= (
                set() if headers.get("Referrer-Policy") in {"same-origin", "no-referrer"} else {"Referrer-Policy"}
            )
            missing |= set() if "no-store" in headers.get("Cache-Control", "") else {"Cache-Control"}
            if missing:
                wrong[endpoint] = missing
        assert wrong == {}
