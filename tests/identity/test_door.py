"""The pages of signing in and out, as a browser and as an attacker (AN1, AN3–AN5, IE5)."""

from __future__ import annotations

import re

import pytest

from portal.core.settings import Settings
from portal.identity import actions
from portal.identity.edge import COOKIE
from portal.identity.roles import Role
from tests.factories.world import World
from tests.identity.people import (
    EVIL,
    PASSWORD,
    by_force,
    give_place,
    inside,
    new_login,
    session_of,
    sign_in,
    token_of,
)


def test_the_way_in_leads_home_and_the_session_is_a_cookie_of_its_own(client_as, clerk: str) -> None:
    browser = client_as(None)
    assert not inside(browser)
    answer = sign_in(browser, f" {clerk.upper()} ")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert inside(browser)
    assert browser.get("/sign-in").headers["Location"] == "/"


def test_AN1_a_planted_cookie_is_dead_after_signing_in_and_nobody_knows_the_new_one(
    client_as, home: World, clerk: str
) -> None:
    attacker = client_as(home.hq.auditor)
    planted = session_of(attacker)
    victim = client_as(None)
    for cookie in (planted, "planted by hand"):
        victim.set_cookie(COOKIE, cookie)
        victim.get_cookie(COOKIE)
        if cookie == planted:  # the victim sees that it is signed in as somebody else, and signs out first
            victim.post("/sign-out", data={"csrf_token": token_of(victim, "/members")}, headers={})
            assert not inside(attacker)
            victim.set_cookie(COOKIE, planted)
        assert sign_in(victim, clerk).status_code == 303
        assert session_of(victim) not in {planted, "planted by hand", ""}
    assert not inside(attacker)


def test_AN1_the_session_that_a_browser_had_ends_when_another_begins(client_as, clerk: str, settings: Settings) -> None:
    browser, old = client_as(None), client_as(None)
    sign_in(browser, clerk)
    before = session_of(browser)
    old.set_cookie(COOKIE, before)
    by_force(
        settings,
        "UPDATE login_sessions SET seen_at = seen_at - interval '1 day' WHERE token_hash = :hash",
        hash=actions.token_hash(before),
    )
    assert sign_in(browser, clerk).status_code == 303
    by_force(
        settings,
        "UPDATE login_sessions SET seen_at = clock_timestamp() WHERE token_hash = :hash",
        hash=actions.token_hash(before),
    )
    assert not inside(old)  # idle only, it would be awake again
    assert session_of(browser) != before


def test_AN1_the_form_token_of_before_does_not_outlive_signing_in(client_as, clerk: str) -> None:
    browser = client_as(None)
    before = token_of(browser)
    sign_in(browser, clerk)
    assert browser.post("/language", data={"csrf_token": before, "language": "en"}, headers={}).status_code == 400


def test_AN3_the_answer_is_the_same_to_an_unknown_login_a_wrong_password_and_a_disabled_login(
    client_as, home: World, clerk: str, settings: Settings
) -> None:
    off_id, off = new_login(name="p")
    give_place(home, off_id, off, Role.HQ_CLERK)
    by_force(settings, "UPDATE logins SET disabled_at = clock_timestamp() WHERE id = :id", id=off_id)
    answers = set()
    for login, password in (("nobody@example.com", PASSWORD), (clerk, "wrong"), (off, PASSWORD)):
        browser = client_as(None)
        answer = sign_in(browser, login, password)
        body = answer.get_data(as_text=True).replace(login, "LOGIN")
        body = re.sub(
            r'(?:name="(?:csrf_token|form_key)" value=|nonce=|"inlineScriptNonce": |"X-CSRFToken": )"[^"]*"', "", body
        )
        answers.add((answer.status_code, body, tuple(name for name, _ in answer.headers)))
        assert PASSWORD not in body
        assert not inside(browser)
    assert len(answers) == 1
    assert next(iter(answers))[0] == 422


def test_a_login_without_any_place_is_told_whom_to_ask(client_as) -> None:
    _, login = new_login()
    browser = client_as(None)
    browser.set_cookie("portal_lang", "en")
    answer = sign_in(browser, login)
    assert answer.status_code == 422
    assert "belongs to no brand" in answer.get_data(as_text=True)


@pytest.mark.parametrize("wanted", EVIL)
def test_AN4_IE5_next_cannot_leave_the_portal(client_as, clerk: str, wanted: str) -> None:
    browser = client_as(None)
    answer = sign_in(browser, clerk, next=wanted)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert browser.get("/sign-in", query_string={"next": wanted}).headers["Location"] == "/"
    assert "Set-Cookie: a" not in str(answer.headers)


@pytest.mark.parametrize("wanted", ["/orders?state=quoted&q=%E5%93%81", "/q/lanquan/PO2611-0001", "/members", "/a//b"])
def test_a_stranger_comes_back_to_the_page_that_was_wanted(client_as, clerk: str, wanted: str) -> None:
    browser = client_as(None)
    assert sign_in(browser, clerk, next=wanted).headers["Location"] == wanted


def test_a_stranger_is_sent_to_the_sign_in_page_which_remembers_the_address(client_as, clerk: str) -> None:
    browser = client_as(None)
    answer = browser.get("/members?x=1&y=%2F%2Fevil")
    assert answer.status_code == 303
    page = browser.get(answer.headers["Location"]).get_data(as_text=True)
    assert (
        'name="next" value="/members?x=1&amp;y=%2F%2Fevil"' in page
        or 'name="next" value="/members?x=1&amp;y=//evil"' in page
    )
    assert (
        browser.post("/members/1", data={"csrf_token": token_of(browser)}, headers={}).headers["Location"] == "/sign-in"
    )


def test_an_htmx_request_of_a_stranger_reloads_the_whole_page(client_as) -> None:
    answer = client_as(None).get("/members", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/sign-in?next=/members")
    assert answer.get_data() == b""


@pytest.mark.parametrize(
    ("login", "password"),
    [
        ("a\0b", PASSWORD),
        ("a", "p\0"),
        ("a\x1b[31m", "x"),
        ("\ud800", "x"),
        ("x" * 121, "x"),
        ("a", "x" * 201),
        ("", ""),
        ("a", ""),
        ("\u202e" * 20, "x"),
    ],
)
def test_IE5_whatever_is_typed_at_the_door_is_refused_never_a_failure(client_as, login: str, password: str) -> None:
    browser = client_as(None)
    data = {
        "csrf_token": token_of(browser),
        "login": login.encode("utf-8", "surrogatepass"),
        "password": password.encode("utf-8", "surrogatepass"),
    }
    assert browser.post("/sign-in", data=data, headers={}).status_code == 422


@pytest.mark.parametrize("cookie", ["", "x", "\\000", '"', "é" * 10, "a" * 6000, "%00", "\\377\\376"])
def test_IE5_a_made_up_session_is_nobodys(client_as, cookie: str) -> None:
    answer = client_as(None).get(
        "/members", headers={"Cookie": f"{COOKIE}={cookie}; portal_form={cookie}; portal_lang={cookie}"}
    )
    assert answer.status_code == 303


def test_AN5_the_cookie_is_dead_at_once_after_signing_out(client_as, clerk: str) -> None:
    browser, thief = client_as(None), client_as(None)
    sign_in(browser, clerk)
    thief.set_cookie(COOKIE, session_of(browser))
    assert inside(thief)
    answer = browser.post("/sign-out", data={"csrf_token": token_of(browser, "/members")}, headers={})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in")
    assert session_of(browser) == ""
    assert not inside(thief)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE login_sessions SET seen_at = seen_at - interval '121 minutes' WHERE token_hash = :hash",
        "UPDATE login_sessions SET ends_at = clock_timestamp() WHERE token_hash = :hash",
        "UPDATE logins SET disabled_at = clock_timestamp() WHERE id = (SELECT login_id FROM login_sessions WHERE token_hash = :hash)",
        "UPDATE members SET left_at = clock_timestamp() WHERE login_id = (SELECT login_id FROM login_sessions WHERE token_hash = :hash)",
    ],
    ids=["idle for two hours", "after twelve hours", "login disabled", "place ended"],
)
def test_AN5_who_is_over_is_out_on_the_next_click(client_as, clerk: str, settings: Settings, change: str) -> None:
    browser = client_as(None)
    sign_in(browser, clerk)
    assert inside(browser)
    by_force(settings, change, hash=actions.token_hash(session_of(browser)))
    answer = browser.get("/members")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in?next=/members")


def test_AN5_the_sessions_absolute_end_is_as_set(client_as, clerk: str, settings: Settings) -> None:
    browser = client_as(None)
    answer = sign_in(browser, clerk)
    ((hours,),) = by_force(
        settings,
        "SELECT round(extract(epoch FROM ends_at - created_at) / 3600) FROM login_sessions WHERE token_hash = :hash",
        hash=actions.token_hash(session_of(browser)),
    )  # type: ignore[misc]
    assert hours == settings.session_hours == 12
    assert any(
        cookie.startswith(COOKIE) and "Max-Age=43200" in cookie for cookie in answer.headers.getlist("Set-Cookie")
    )


def test_AN5_changed_roles_hold_from_the_next_click(client_as, home: World) -> None:
    login_id, login = new_login()
    member = give_place(home, login_id, login, Role.HQ_ADMIN)
    browser = client_as(None)
    sign_in(browser, login)
    where = f"/members/{home.d1.clerk.scope.member_id}"
    assert browser.get(where).status_code == 200
    admin = client_as(home.hq.admin)
    assert (
        admin.post(f"/members/{member.id}", data={"roles": ["hq-clerk", "hq-auditor"]}).headers["Location"]
        == "/members"
    )
    assert browser.get(where).status_code == 403
    assert admin.post(f"/members/{member.id}/end").headers["Location"] == "/members"
    assert not inside(browser)
