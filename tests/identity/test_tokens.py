"""One's own API tokens: the page and the commands (AP2)."""

from __future__ import annotations

import re
import threading

import pytest
from flask import Flask
from markupsafe import escape
from sqlalchemy import select, text

from portal.core import clock
from portal.core.audit import AuditEvent
from portal.core.errors import NotFound, Refused
from portal.core.permissions import Actor
from portal.core.permissions import Permission as P
from portal.core.settings import Settings
from portal.identity import actions as identity
from portal.identity import rules
from portal.identity.actions.tokens import make_token, revoke_token
from portal.identity.labels import API_GROUPS
from portal.identity.models import ApiToken
from portal.identity.roles import Role
from portal.identity.rules import Limit
from portal.web.api.document import document
from tests.api.calling import Program, token_of, told
from tests.factories.world import World, at, make_world
from tests.identity.people import PASSWORD, asks, code_at, in_use, person
from tests.identity.test_cli import answer, run

__all__ = ["run"]


def clerk_of(world: World) -> Actor:
    """A clerk of the first dealer's who has a password."""
    actor, _login = person(world, Role.DEALER_CLERK, dealer_id=world.d1.id)
    return actor


def form(**typed: object) -> dict[str, object]:
    return {"name": "a program", "may": "reads", "days": "30", "password": PASSWORD, **typed}


def made_by(page: str) -> list[str]:
    return sorted(set(re.findall(r"pt_[A-Za-z0-9_-]{43}", page)))


def test_AP2_a_token_is_made_on_the_page_and_shown_once(app: Flask, world: World, client_as) -> None:
    browser = client_as(clerk_of(world))
    assert browser.get("/tokens").status_code == 200
    shown = browser.post("/tokens", data=form(name="stock robot", days="90"))
    assert shown.status_code == 200
    (token,) = set(re.findall(r"pt_[A-Za-z0-9_-]{43}", shown.get_data(as_text=True)))
    again = browser.get("/tokens").get_data(as_text=True)
    assert token not in again
    assert token[:10] in again
    assert "stock robot" in again
    caller = Program(app, token)
    assert caller.get("/orders").status_code == 200
    told(caller.act("/orders", {"lines": [{"part": "P1", "quantity": 1}]}), 403, "scope-missing")
    assert "127.0.0.1" in browser.get("/tokens").get_data(as_text=True)  # the last call
    assert browser.post(f"/tokens/{token[:10]}/revoke").status_code == 303
    told(caller.get("/orders"), 401, "token-unknown")
    with world.as_(world.hq.auditor) as session:
        acts = session.scalars(select(AuditEvent.act).where(AuditEvent.subject_kind == "token").order_by(AuditEvent.id))
        assert list(acts) == ["token:make", "token:revoke"]


def test_the_page_gives_what_is_ticked_or_everything_and_keeps_what_was_typed(world: World, client_as) -> None:
    clerk = clerk_of(world)
    browser = client_as(clerk)
    browser.post("/tokens", data=form(name="all", may="all", days=""))
    browser.post("/tokens", data=form(name="some", may="chosen", scopes=["orders.read", "claims.read"]))
    with world.as_(clerk) as session:
        made = {one.name: one for one in session.scalars(select(ApiToken))}
        assert set(made["all"].scopes) == {p.value for p in clerk.permissions}
        assert made["all"].ends_at is None
        assert made["some"].scopes == ["orders.read", "claims.read"]
        assert (made["some"].ends_at - made["some"].created_at).days == 30
    nothing = browser.post("/tokens", data=form(name="kept name", may="chosen"))
    assert (nothing.status_code, "kept name" in nothing.get_data(as_text=True)) == (422, True)
    more = browser.post("/tokens", data=form(name="x", may="chosen", scopes=["settlement.post"]))
    assert more.status_code == 422
    assert browser.post("/tokens", data=form(name="", may="all")).status_code == 422


def test_a_token_outlasts_the_session_so_it_asks_the_password_again(world: World, client_as, monkeypatch) -> None:
    monkeypatch.setattr("portal.identity.actions.logins.CONFIRM", Limit(rules.CONFIRM.free, 2000, 2000))
    clerk = clerk_of(world)
    browser = client_as(clerk)
    assert "verification" not in browser.get("/tokens").get_data(as_text=True)
    for wrong in ("", "not the password"):
        refused = browser.post("/tokens", data=form(password=wrong))
        assert (refused.status_code, made_by(refused.get_data(as_text=True))) == (422, [])
        assert "not the password" not in refused.get_data(as_text=True)
    answers = [browser.post("/tokens", data=form(password="wrong")).status_code for _try in range(6)]
    assert answers == [422] * 5 + [429]
    late = browser.post("/tokens", data=form())
    assert (late.status_code, int(late.headers["Retry-After"]) > 1000) == (429, True)
    with world.as_(clerk) as session:
        assert session.scalars(select(ApiToken)).all() == []


def test_with_a_second_factor_a_token_asks_its_code_too_and_the_same_press_asks_none_again(
    world: World, client_as
) -> None:
    clerk = clerk_of(world)
    secret, codes = in_use(clerk)
    browser = client_as(clerk)
    (field,) = re.findall(r'<input[^>]*name="code"[^>]*>', browser.get("/tokens").get_data(as_text=True))
    assert " required" in field
    for wrong in ("", "000000", "AAAA-AAAA-AAAA"):
        refused = browser.post("/tokens", data=form(code=wrong))
        assert (refused.status_code, made_by(refused.get_data(as_text=True))) == (422, [])
    now = code_at(secret, clock.machine_now())
    press = form(code=now, form_key="1" * 22)
    first, again = browser.post("/tokens", data=press), browser.post("/tokens", data=press)
    assert (first.status_code, len(made_by(first.get_data(as_text=True))), again.status_code) == (200, 1, 303)
    assert browser.post("/tokens", data=form(code=now)).status_code == 422  # a code works once
    assert browser.post("/tokens", data=form(code=codes[0])).status_code == 200
    assert browser.post("/tokens", data=form(code=codes[0])).status_code == 422
    with world.as_(clerk) as session:
        assert len(session.scalars(select(ApiToken)).all()) == 2


def test_AN6_a_token_made_before_its_brand_asked_for_a_second_factor_waits_until_there_is_one(
    app: Flask, world: World, settings: Settings
) -> None:
    finance, _login = person(world, Role.HQ_FINANCE)
    clerk, _login = person(world, Role.HQ_CLERK)
    other = make_world()
    elsewhere, _login = person(other, Role.HQ_FINANCE)
    programs = {
        actor.login_id: Program(app, token_of(where, actor))
        for where, actor in ((world, finance), (world, clerk), (other, elsewhere))
    }
    assert [one.get("/orders").status_code for one in programs.values()] == [200] * 3
    asks(settings, world)
    refused = programs[finance.login_id].get("/orders")
    told(refused, 401, "second-factor-missing")
    assert refused.headers["WWW-Authenticate"] == 'Bearer realm="portal", error="insufficient_user_authentication"'
    assert "My login" in refused.get_json()["detail"]
    chinese = Program(app, programs[finance.login_id].token, language="zh").get("/orders").get_json()
    assert "我的登录" in chinese["detail"]
    told(programs[finance.login_id].act("/orders", {}), 401, "second-factor-missing")
    assert [programs[one.login_id].get("/orders").status_code for one in (clerk, elsewhere)] == [200] * 2
    in_use(finance)
    assert programs[finance.login_id].get("/orders").status_code == 200
    with world.as_(finance) as session:
        identity.remove_second_factor(session, finance, at=at("2026-10-06 10:00"))
    told(programs[finance.login_id].get("/orders"), 401, "second-factor-missing")


def test_CO6_a_form_sent_twice_makes_one_token_and_keeps_it_nowhere_in_the_clear(world: World, client_as) -> None:
    browser = client_as(clerk_of(world))
    press = form(name="twice", form_key="0" * 22)
    first, again = browser.post("/tokens", data=press), browser.post("/tokens", data=press)
    (token,) = set(re.findall(r"pt_[A-Za-z0-9_-]{43}", first.get_data(as_text=True)))
    assert (first.status_code, again.status_code) == (200, 303)
    with world.as_(world.hq.system) as session:
        assert session.scalars(select(ApiToken.name)).all() == ["twice"]
        kept = session.execute(text("SELECT coalesce(string_agg(k::text, ' '), '') FROM kept_replies k")).scalar_one()
    assert token not in kept
    assert "twice" in kept


def test_nobody_sees_or_revokes_anothers_token(world: World, client_as) -> None:
    with world.as_(world.d1.clerk) as session:
        made, _secret = make_token(
            session, world.d1.clerk, name="mine", scopes=["orders.read"], at=at("2026-10-06 10:00")
        )
    for other in (world.d1.manager, world.d2.clerk, world.hq.admin):
        browser = client_as(other)
        assert made.prefix not in browser.get("/tokens").get_data(as_text=True)
        assert browser.post(f"/tokens/{made.prefix}/revoke").status_code == 404
        with pytest.raises(NotFound), world.as_(other) as session:
            revoke_token(session, other, made.prefix, at=at("2026-10-06 10:00"))
    with world.as_(world.d1.clerk) as session:
        assert session.scalars(select(ApiToken.revoked_at)).one() is None


def test_a_token_of_more_than_one_holds_of_too_long_a_life_or_without_a_name_is_refused(world: World) -> None:
    actor = world.d1.technician
    for code, how in (
        ("token-scopes", {"name": "x", "scopes": [P.ORDER_AGREE.value]}),
        ("token-scopes", {"name": "x", "scopes": []}),
        ("token-name", {"name": " ", "scopes": ["orders.read"]}),
        ("token-name", {"name": "x" * 61, "scopes": ["orders.read"]}),
        ("token-days", {"name": "x", "scopes": ["orders.read"], "days": 731}),
    ):
        with pytest.raises(Refused) as caught, world.as_(actor) as session:
            make_token(session, actor, at=at("2026-10-06 10:00"), **how)  # type: ignore[arg-type]
        assert caught.value.code == code
    with pytest.raises(Refused, match="permission-missing"), world.as_(world.hq.system) as session:
        make_token(session, world.hq.system, name="x", scopes=["orders.read"], at=at("2026-10-06 10:00"))
    with world.as_(actor) as session:
        for number in range(50):
            make_token(session, actor, name=str(number), scopes=["orders.read"], at=at("2026-10-06 10:00"))
        with pytest.raises(Refused) as caught:
            make_token(session, actor, name="one more", scopes=["orders.read"], at=at("2026-10-06 10:00"))
        assert caught.value.code == "token-too-many"


def test_tokens_that_have_ended_take_no_place(world: World) -> None:
    actor, planted = world.d1.technician, (
        "INSERT INTO api_tokens (dealer_id, member_id, name, prefix, token_hash, scopes, created_at, created_by, ends_at) "
        "SELECT :dealer, :member, 'x', 'pt_' || n, 'h' || n, ARRAY['orders.read'], now() - interval '9 days', 'x', "
        "now() - interval '1 day' FROM generate_series(1, 50) n"
    )  # fmt: skip
    with world.as_(actor) as session:
        session.execute(text(planted), {"dealer": world.d1.id, "member": actor.scope.member_id})
        made, _secret = make_token(session, actor, name="new", scopes=["orders.read"], at=at("2026-10-06 10:00"))
        assert made.name == "new"


def test_the_operations_are_listed_for_people_too(world: World, client_as) -> None:
    page = client_as(world.d1.clerk).get("/tokens/api").get_data(as_text=True)
    assert "/api/v1/orders/{ref}/quote" in page
    assert "/api/v1/openapi.json" in page


def test_every_operation_says_in_chinese_what_it_does_and_who_may(app: Flask, world: World, client_as) -> None:
    """AP2: also what else its docstring says; without the numbers of rules, with the permission's name and the side."""
    with app.test_request_context():
        rows = [(path, one) for path, item in document()["paths"].items() for one in item.values()]
        assert {operation["tags"][0] for _path, operation in rows} == set(API_GROUPS)
    said = client_as(world.d1.clerk).get("/tokens/api").get_data(as_text=True)
    assert said.count("<tr>") - said.count("<thead><tr>") == len(rows) >= 80
    english = [one["summary"] for _path, one in rows if str(escape(one["summary"])) in said]
    assert english == []
    assert "(R" not in said
    assert "（R" not in said
    quote = said.partition("/api/v1/orders/{ref}/quote</code>")[2].partition("</tr>")[0]
    assert all(words in quote for words in ("确认内容、费用和发货日", "报价", "仅限总部"))
    assert "orders.quote" not in quote
    assert "`" not in quote


def test_AP2_tokens_are_made_listed_and_revoked_by_commands(app: Flask, world: World, run) -> None:
    login = f"{world.d1.clerk.name}-{world.code}"
    who = ("--login", login, "--place", f"{world.code}/D001", "--json")
    made = answer(run("token", "create", *who, "--name", "nightly", "--scope", "orders.read", "--days", "30"))
    caller = Program(app, str(made["token"]))
    assert caller.get("/orders").status_code == 200
    (listed,) = answer(run("token", "list", *who))["tokens"]  # type: ignore[misc]
    assert (listed["prefix"], listed["name"], listed["scopes"]) == (made["prefix"], "nightly", ["orders.read"])
    assert listed["last_used_at"] is not None
    assert str(made["token"]) not in run("token", "list", *who).output
    answer(run("token", "revoke", str(made["prefix"]), *who))
    told(caller.get("/orders"), 401, "token-unknown")
    elsewhere = run("token", "create", "--login", login, "--place", f"{world.code}/D002")
    assert (elsewhere.exit_code, "D002" in elsewhere.output) == (1, True)
    everything = answer(
        run("token", "create", "--login", f"{world.hq.clerk.name}-{world.code}", "--place", world.code, "--json")
    )
    assert set(everything["scopes"]) == {p.value for p in world.hq.clerk.permissions}  # type: ignore[arg-type]


def test_CO6_eight_presses_at_once_make_one_token_and_take_one_code(world: World, client_as) -> None:
    """Each press asks password and code by a second connection of the pool: they neither wait for ever nor act twice."""
    clerk = clerk_of(world)
    secret, _codes = in_use(clerk)
    browsers = [client_as(clerk) for _browser in range(8)]
    for browser in browsers:
        browser.csrf = browser._read_token()
    press, gate, answers = form(code=code_at(secret, clock.machine_now()), form_key="9" * 22), threading.Barrier(8), []

    def send(browser) -> None:
        gate.wait()
        answers.append(browser.post("/tokens", data=press).status_code)

    threads = [threading.Thread(target=send, args=(browser,)) for browser in browsers]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(answers) == [200] + [303] * 7
    with world.as_(clerk) as session:
        assert len(session.scalars(select(ApiToken)).all()) == 1
