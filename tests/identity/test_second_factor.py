"""The second factor: no session before its code, a code works once, five tries, recovery codes, and the term that asks for it (AN6)."""

from __future__ import annotations

import re
import threading
from datetime import timedelta

import pyotp
import pytest
from flask.testing import FlaskClient

from portal.core import clock
from portal.core.db import db
from portal.core.errors import Refused
from portal.core.settings import Settings
from portal.identity import actions, queries, rules, sealing
from portal.identity.roles import Role
from portal.identity.rules import Limit
from tests.factories.world import World, at
from tests.identity.people import (
    PASSWORD,
    acts_of,
    asks,
    by_force,
    code_at,
    in_use,
    inside,
    person,
    post,
    session_of,
    sign_in,
    token_of,
)

AT = at("2026-10-05 10:00")


def step(browser: FlaskClient, code: str):
    """What the page between password and session sends."""
    return post(browser, "/sign-in/code", code=code)


def fresh_code(secret: str) -> str:
    """The code of this very moment."""
    return code_at(secret, clock.machine_now())


def forget_tries(settings: Settings, login_id: int | None) -> None:
    by_force(settings, "DELETE FROM login_tries WHERE key = :key", key=rules.try_key("code", str(login_id)))


# -- signing in --


def test_AN6_with_the_password_alone_there_is_no_session(client_as, home: World, settings: Settings) -> None:
    actor, login = person(home, Role.HQ_CLERK)
    secret, _codes = in_use(actor)
    browser = client_as(None)
    answer = sign_in(browser, login, next="/orders?state=quoted")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in/code?next=/orders?state%3Dquoted")
    assert session_of(browser) == ""
    assert by_force(settings, "SELECT 1 FROM login_sessions WHERE login_id = :id", id=actor.login_id) == []
    assert not inside(browser)
    page = browser.get("/sign-in/code?next=/members").get_data(as_text=True)
    assert login in page
    answer = browser.post(
        "/sign-in/code",
        data={"csrf_token": token_of(browser, "/sign-in/code"), "code": fresh_code(secret), "next": "/members"},
        headers={},
    )
    assert (answer.status_code, answer.headers["Location"]) == (303, "/members")
    assert inside(browser)
    assert ("session:sign-in", actor.name, {"tries": 0, "second_factor": "app"}) in acts_of(home, kind="session")


def test_the_second_step_is_nothing_without_the_first(client_as, home: World) -> None:
    browser = client_as(None)
    assert browser.get("/sign-in/code").headers["Location"] == "/sign-in"
    answer = browser.post("/sign-in/code", data={"csrf_token": token_of(browser), "code": "000000"}, headers={})
    assert answer.headers["Location"] == "/sign-in"


def test_AN6_a_code_works_once(client_as, home: World) -> None:
    actor, _login = person(home, Role.HQ_CLERK)
    secret, _codes = in_use(actor)
    now = clock.machine_now()
    code = code_at(secret, now)
    assert actions.prove_code(db.engine, actor.login_id, code, now=now) == "app"
    for later in (0, 5, 29):
        with pytest.raises(Refused, match="code-wrong"):
            actions.prove_code(db.engine, actor.login_id, code, now=now + timedelta(seconds=later))


@pytest.mark.parametrize(("seconds", "right"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_AN6_a_code_holds_for_its_step_and_its_neighbours(home: World, seconds: int, right: bool) -> None:
    actor, _login = person(home, Role.HQ_CLERK)
    secret, _codes = in_use(actor)
    now = clock.machine_now() + timedelta(hours=1)
    code = code_at(secret, now + timedelta(seconds=seconds))
    if right:
        assert actions.prove_code(db.engine, actor.login_id, code, now=now) == "app"
    else:
        with pytest.raises(Refused, match="code-wrong"):
            actions.prove_code(db.engine, actor.login_id, code, now=now)


def test_AN6_after_a_later_step_an_earlier_one_is_worth_nothing(home: World) -> None:
    actor, _login = person(home, Role.HQ_CLERK)
    secret, _codes = in_use(actor)
    now = clock.machine_now() + timedelta(hours=1)
    assert actions.prove_code(db.engine, actor.login_id, code_at(secret, now + timedelta(seconds=30)), now=now) == "app"
    for earlier in (0, -30):
        with pytest.raises(Refused, match="code-wrong"):
            actions.prove_code(db.engine, actor.login_id, code_at(secret, now + timedelta(seconds=earlier)), now=now)


def test_AN6_one_code_by_four_at_once_lets_one_in(home: World) -> None:
    actor, _login = person(home, Role.HQ_CLERK)
    secret, _codes = in_use(actor)
    now, engine, outcomes, start = clock.machine_now(), db.engine, [], threading.Barrier(4)

    def use() -> None:
        start.wait()
        try:
            outcomes.append(actions.prove_code(engine, int(actor.login_id or 0), code_at(secret, now), now=now))
        except Refused as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["app", "code-wrong", "code-wrong", "code-wrong"]


def test_AN6_six_digits_cannot_be_tried_out_from_wherever(
    client_as, home: World, settings: Settings, monkeypatch
) -> None:
    monkeypatch.setattr("portal.identity.actions.second_factor.CODE", Limit(rules.CODE.free, 2000, 2000))
    actor, login = person(home, Role.HQ_CLERK)
    secret, _codes = in_use(actor)
    answers = []
    for _line in range(8):  # each from an address of its own
        browser = client_as(None)
        sign_in(browser, login)
        answers.append(step(browser, "000000").status_code)
    assert answers == [422] * 6 + [429] * 2
    browser = client_as(None)
    sign_in(browser, login)
    refused = step(browser, fresh_code(secret))
    assert refused.status_code == 429
    assert 1900 < int(refused.headers["Retry-After"]) <= 2000
    assert not inside(browser)
    forget_tries(settings, actor.login_id)
    assert step(browser, fresh_code(secret)).status_code == 303


def test_the_step_between_lasts_five_minutes_and_is_used_once(client_as, home: World, settings: Settings) -> None:
    actor, login = person(home, Role.HQ_CLERK)
    secret, _codes = in_use(actor)
    browser = client_as(None)
    sign_in(browser, login)
    rows = by_force(
        settings,
        "SELECT kind, round(extract(epoch FROM ends_at - created_at)) FROM login_links WHERE login_id = :id",
        id=actor.login_id,
    )
    assert rows == [("code", 300)]
    form = token_of(browser, "/sign-in/code")
    by_force(settings, "UPDATE login_links SET ends_at = clock_timestamp() WHERE login_id = :id", id=actor.login_id)
    answer = browser.post("/sign-in/code", data={"csrf_token": form, "code": fresh_code(secret)}, headers={})
    assert answer.headers["Location"] == "/sign-in"
    assert not inside(browser)


@pytest.mark.parametrize("change", ["disabled", "password"])
def test_AN5_between_the_steps_a_disabled_login_or_a_new_password_ends_the_way(
    client_as, home: World, settings: Settings, change: str
) -> None:
    actor, login = person(home, Role.HQ_CLERK)
    secret, _codes = in_use(actor)
    browser = client_as(None)
    sign_in(browser, login)
    form = token_of(browser, "/sign-in/code")
    if change == "disabled":
        actions.disable_login(db.engine, login, disabled=True, at=AT)
    else:
        with home.as_(actor) as session:
            actions.change_password(
                session, actor, queries.login(db.engine, int(actor.login_id or 0)), password_hash="new", keep="", at=AT
            )
    answer = browser.post("/sign-in/code", data={"csrf_token": form, "code": fresh_code(secret)}, headers={})
    assert answer.headers["Location"] == "/sign-in"
    assert not inside(browser)


def test_a_recovery_code_signs_in_once_however_it_is_typed(client_as, home: World) -> None:
    actor, login = person(home, Role.HQ_CLERK)
    _secret, codes = in_use(actor)
    assert len(set(codes)) == 10
    assert all(re.fullmatch(r"([A-HJ-NP-Z2-9]{4}-){2}[A-HJ-NP-Z2-9]{4}", code) for code in codes)
    for typed, status in ((f" {codes[0].lower().replace('-', ' ')} ", 303), (codes[0], 422), (codes[1], 303)):
        browser = client_as(None)
        sign_in(browser, login)
        assert step(browser, typed).status_code == status
        assert inside(browser) is (status == 303)
    assert queries.login(db.engine, int(actor.login_id or 0)).codes_left == 8


def test_neither_secret_nor_codes_can_be_read_from_the_database(home: World, settings: Settings) -> None:
    actor, _login = person(home, Role.HQ_CLERK)
    other, _ = person(home, Role.HQ_CLERK)
    secret, codes = in_use(actor)
    ((sealed,),) = by_force(settings, "SELECT sealed FROM second_factors WHERE login_id = :id", id=actor.login_id)  # type: ignore[misc]
    hashes = by_force(settings, "SELECT code_hash FROM recovery_codes WHERE login_id = :id", id=actor.login_id)
    assert secret not in sealed
    assert not {row[0] for row in hashes} & set(codes)
    assert sealing.unseal(int(actor.login_id or 0), sealed) == secret
    with pytest.raises(sealing.Unreadable):  # moved into another login's row it opens nothing
        sealing.unseal(int(other.login_id or 0), sealed)
    with pytest.raises(sealing.Unreadable):
        sealing.unseal(int(actor.login_id or 0), sealed[:-4] + "AAA=")


def test_a_secret_of_another_server_is_refused_with_whom_to_ask(client_as, home: World, settings: Settings) -> None:
    actor, login = person(home, Role.HQ_CLERK)
    secret, codes = in_use(actor)
    by_force(settings, "UPDATE second_factors SET sealed = 'of another key' WHERE login_id = :id", id=actor.login_id)
    browser = client_as(None)
    sign_in(browser, login)
    answer = step(browser, fresh_code(secret))
    assert answer.status_code == 422
    assert "运维人员" in answer.get_data(as_text=True)
    assert step(browser, codes[0]).status_code == 303  # a recovery code still does


# -- setting up and removing --


def secret_on(page: str) -> str:
    return re.findall(r'<code class="code break">([A-Z2-7]{32})</code>', page)[0]


def test_it_is_set_up_by_scanning_and_a_code_and_the_codes_are_shown_once(client_as, home: World) -> None:
    actor, login = person(home, Role.HQ_CLERK)
    browser = client_as(actor)
    where = "/me/second-factor"
    assert post(browser, f"{where}/start", page=where, password="wrong").status_code == 422
    assert post(browser, f"{where}/start", page=where, password=PASSWORD).headers["Location"] == where
    page = browser.get(where).get_data(as_text=True)
    secret = secret_on(page)
    assert "<svg" in page
    assert f"otpauth://totp/localhost:{login.replace('@', '%40')}?secret={secret}&amp;issuer=localhost" in page
    assert sign_in(client_as(None), login).headers["Location"] == "/"  # not in use before it is confirmed
    wrong = post(browser, f"{where}/confirm", page=where, code="000000")
    assert wrong.status_code == 422
    assert secret in wrong.get_data(as_text=True)  # nothing is lost by a wrong code
    done = post(browser, f"{where}/confirm", page=where, code=fresh_code(secret)).get_data(as_text=True)
    codes = re.findall(r'<code class="code">([A-Z2-9-]{14})</code>', done)
    assert len(codes) == 10
    page = browser.get(where).get_data(as_text=True)
    assert secret not in page
    assert not any(code in page for code in codes)
    assert sign_in(client_as(None), login).headers["Location"] == "/sign-in/code"
    assert post(browser, f"{where}/confirm", page=where, code=fresh_code(secret)).status_code == 303  # a second press
    assert [act for act, who, _facts in acts_of(home, kind="login") if who == actor.name][
        -1
    ] == "login:set-second-factor"


def test_AN6_the_code_that_confirmed_it_signs_nobody_in(home: World) -> None:
    actor, _login = person(home, Role.HQ_CLERK)
    with home.as_(actor) as session:
        actions.start_second_factor(session, actor, at=AT)
    secret = str(queries.unconfirmed_factor(db.engine, int(actor.login_id or 0)))
    now = clock.machine_now()
    with home.as_(actor) as session:
        actions.confirm_second_factor(session, actor, code_at(secret, now), now=now, at=AT)
    with pytest.raises(Refused, match="code-wrong"):
        actions.prove_code(db.engine, int(actor.login_id or 0), code_at(secret, now), now=now)


def test_what_is_in_use_is_not_replaced_by_starting_again(client_as, home: World) -> None:
    actor, _login = person(home, Role.HQ_CLERK)
    secret, _codes = in_use(actor)
    browser, where = client_as(actor), "/me/second-factor"
    assert post(browser, f"{where}/start", page=where, password=PASSWORD).status_code == 422
    assert actions.prove_code(db.engine, int(actor.login_id or 0), fresh_code(secret), now=clock.machine_now()) == "app"


def test_removing_needs_the_password_and_a_code(client_as, home: World) -> None:
    actor, login = person(home, Role.HQ_CLERK)
    _secret, codes = in_use(actor)
    browser, where = client_as(actor), "/me/second-factor"

    def remove(password: str, code: str) -> int:
        data = {"remove-password": password, "remove-code": code}
        return post(browser, f"{where}/remove", page=where, **data).status_code

    assert [remove("wrong", codes[0]), remove(PASSWORD, "000000"), remove(PASSWORD, ""), remove("", codes[0])] == [
        422
    ] * 4
    assert sign_in(client_as(None), login).headers["Location"] == "/sign-in/code"
    assert remove(PASSWORD, codes[0]) == 303
    assert sign_in(client_as(None), login).headers["Location"] == "/"
    assert remove(PASSWORD, codes[1]) == 422
    assert ("login:remove-second-factor", actor.name, {}) in acts_of(home, kind="login")


def test_new_recovery_codes_void_the_old_ones(client_as, home: World) -> None:
    actor, login = person(home, Role.HQ_CLERK)
    _secret, old = in_use(actor)
    browser, where = client_as(actor), "/me/second-factor"
    for wrong in (
        {"password": "wrong", "code": old[1]},
        {"password": PASSWORD},
        {"password": PASSWORD, "code": ""},
        {"password": PASSWORD, "code": "000000"},
    ):
        refused = post(browser, f"{where}/codes", page=where, **wrong)
        assert (refused.status_code, "codes-list" in refused.get_data(as_text=True)) == (422, False)
    page = post(browser, f"{where}/codes", page=where, password=PASSWORD, code=old[1]).get_data(as_text=True)
    new = re.findall(r'<code class="code">([A-Z2-9-]{14})</code>', page)
    assert len(new) == 10
    for code, status in ((old[0], 422), (new[0], 303)):
        other = client_as(None)
        sign_in(other, login)
        assert step(other, code).status_code == status


def test_new_recovery_codes_take_the_apps_code_as_well_and_take_it_once(client_as, home: World) -> None:
    actor, _login = person(home, Role.HQ_CLERK)
    secret, _old = in_use(actor)
    browser, where = client_as(actor), "/me/second-factor"
    code = fresh_code(secret)
    assert post(browser, f"{where}/codes", page=where, password=PASSWORD, code=code).status_code == 200
    assert post(browser, f"{where}/codes", page=where, password=PASSWORD, code=code).status_code == 422
    assert [act for act, who, _facts in acts_of(home, kind="login") if who == actor.name].count("login:new-codes") >= 1


def test_an_old_page_that_would_set_up_what_is_in_use_is_told_and_shown_the_page(client_as, home: World) -> None:
    actor, _login = person(home, Role.HQ_CLERK)
    browser, where = client_as(actor), "/me/second-factor"
    form = token_of(browser, where)
    in_use(actor)
    answer = browser.post(f"{where}/start", data={"csrf_token": form, "password": PASSWORD}, headers={})
    assert answer.status_code == 422
    assert "二次验证已经启用" in answer.get_data(as_text=True)
    assert f'action="{where}/codes"' in answer.get_data(as_text=True)


def test_AN2_the_own_password_asked_again_is_throttled_too(client_as, home: World, monkeypatch) -> None:
    monkeypatch.setattr("portal.identity.actions.logins.CONFIRM", Limit(rules.CONFIRM.free, 2000, 2000))
    actor, _login = person(home, Role.HQ_CLERK)
    browser, where = client_as(actor), "/me/second-factor"
    answers = [post(browser, f"{where}/start", page=where, password="wrong").status_code for _try in range(7)]
    assert answers == [422] * 6 + [429]
    assert post(browser, f"{where}/start", page=where, password=PASSWORD).status_code == 429


def test_the_machines_clock_counts_not_the_frozen_one(client_as, home: World) -> None:
    actor, login = person(home, Role.HQ_CLERK)
    secret, _codes = in_use(actor)
    browser = client_as(None)
    with clock.frozen(at("2020-01-01 00:00")):
        sign_in(browser, login)
        assert step(browser, code_at(secret, clock.now())).status_code == 422
        assert step(browser, fresh_code(secret)).status_code == 303


# -- the term that asks for it --


def test_finance_without_one_is_led_to_set_it_up_and_nowhere_else(client_as, world: World, settings: Settings) -> None:
    actor, _login = person(world, Role.HQ_FINANCE)
    browser = client_as(actor)
    assert browser.get("/members").status_code == 200  # control: before the term asks
    asks(settings, world)
    where = "/me/second-factor"
    for page in ("/", "/members", "/orders", "/me/sessions"):
        answer = browser.get(page)
        assert (answer.status_code, answer.headers["Location"]) == (303, where)
    form = token_of(browser, where)
    for page in ("/orders/PO2611-0001/debit", "/me/password", "/members/invite"):
        assert browser.post(page, data={"csrf_token": form}, headers={}).headers["Location"] == where
    assert post(browser, f"{where}/start", page=where, password=PASSWORD).headers["Location"] == where
    secret = secret_on(browser.get(where).get_data(as_text=True))
    assert post(browser, f"{where}/confirm", page=where, code=fresh_code(secret)).status_code == 200
    assert browser.get("/members").status_code == 200


def test_others_and_other_brands_are_not_asked(client_as, world: World, home: World, settings: Settings) -> None:
    asks(settings, world)
    for whose, role, dealer in (
        (world, Role.HQ_CLERK, None),
        (world, Role.DEALER_MANAGER, world.d1.id),
        (home, Role.HQ_FINANCE, None),
    ):
        actor, _login = person(whose, role, dealer_id=dealer)
        assert client_as(actor).get("/members").status_code == 200
    asks(settings, home, value=0)
    actor, _login = person(home, Role.HQ_FINANCE_MANAGER)
    assert client_as(actor).get("/members").status_code == 200


def test_pyotp_is_given_what_rfc_6238_says() -> None:
    """RFC 6238, appendix B, the SHA-1 row at 59 s, cut to six digits."""
    assert pyotp.TOTP("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", interval=rules.STEP_SECONDS).at(for_time=59) == "287082"


def test_an_old_pages_form_leads_to_the_page_as_it_is_now(client_as, home: World) -> None:
    """An empty code for a factor that is not being set up: said by the page, not by a failure."""
    actor, _login = person(home, Role.HQ_CLERK)
    browser = client_as(actor)
    answer = browser.post("/me/second-factor/confirm", data={"code": ""})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/me/second-factor")
