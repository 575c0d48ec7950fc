"""The pages of signing in, places and members, as a browser and as an attacker (AN1–AN8, AZ2, IE5, section 12)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from portal.app import create_app
from portal.core.db import db
from portal.core.settings import Settings
from portal.identity import actions, queries
from portal.identity.edge import COOKIE
from portal.identity.models import Member
from portal.identity.roles import Role
from tests.factories.world import World, at, make_world
from tests.identity.people import PASSWORD, by_force, give_place, new_login, sign_in, token_of


@pytest.fixture(scope="module")
def home(app: Flask) -> World:
    return make_world()


@pytest.fixture
def clerk(home: World) -> str:
    """A login of headquarters' with a password."""
    login_id, login = new_login()
    give_place(home, login_id, login, Role.HQ_CLERK)
    return login


def inside(browser: FlaskClient) -> bool:
    """Whether this browser is signed in."""
    return browser.get("/members").status_code == 200


def token(browser: FlaskClient) -> str:
    cookie = browser.get_cookie(COOKIE)
    return cookie.value if cookie else ""


# -- the way in --


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
    planted = token(attacker)
    victim = client_as(None)
    for cookie in (planted, "planted by hand"):
        victim.set_cookie(COOKIE, cookie)
        victim.get_cookie(COOKIE)
        if cookie == planted:  # the victim sees that it is signed in as somebody else, and signs out first
            victim.post("/sign-out", data={"csrf_token": token_of(victim, "/members")}, headers={})
            assert not inside(attacker)
            victim.set_cookie(COOKIE, planted)
        assert sign_in(victim, clerk).status_code == 303
        assert token(victim) not in {planted, "planted by hand", ""}
    assert not inside(attacker)


def test_AN1_the_session_that_a_browser_had_ends_when_another_begins(client_as, clerk: str, settings: Settings) -> None:
    browser, old = client_as(None), client_as(None)
    sign_in(browser, clerk)
    before = token(browser)
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
    assert token(browser) != before


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
        body = re.sub(r'(?:name="csrf_token" value=|nonce=|"inlineScriptNonce": |"X-CSRFToken": )"[^"]*"', "", body)
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


EVIL = [
    "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example", "javascript:alert(1)", "evil", "/\t/evil.example",
    "/\n//evil.example", "/orders\r\nSet-Cookie: a=b", "\t//evil.example", " //evil.example", "/\0", "", "http:/evil.example", "//", "/\x7f/evil.example",
]  # fmt: skip


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


# -- the way out --


def test_AN5_the_cookie_is_dead_at_once_after_signing_out(client_as, clerk: str) -> None:
    browser, thief = client_as(None), client_as(None)
    sign_in(browser, clerk)
    thief.set_cookie(COOKIE, token(browser))
    assert inside(thief)
    answer = browser.post("/sign-out", data={"csrf_token": token_of(browser, "/members")}, headers={})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in")
    assert token(browser) == ""
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
    by_force(settings, change, hash=actions.token_hash(token(browser)))
    answer = browser.get("/members")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in?next=/members")


def test_AN5_the_sessions_absolute_end_is_as_set(client_as, clerk: str, settings: Settings) -> None:
    browser = client_as(None)
    answer = sign_in(browser, clerk)
    ((hours,),) = by_force(
        settings,
        "SELECT round(extract(epoch FROM ends_at - created_at) / 3600) FROM login_sessions WHERE token_hash = :hash",
        hash=actions.token_hash(token(browser)),
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


# -- cookies --


@pytest.fixture
def secure(app: Flask, settings: Settings) -> Iterator[Flask]:
    """The portal as production has it, behind HTTPS."""
    other = create_app(replace(settings, secure_cookies=True, base_url="https://portal.example", behind_proxy=True))
    yield other
    with other.app_context():
        db.engine.dispose()


@pytest.mark.parametrize("over_https", [True, False])
def test_AN7_every_cookie_is_closed_to_scripts_and_other_sites_and_over_https_only(
    app: Flask, secure: Flask, clerk: str, over_https: bool
) -> None:
    portal = secure if over_https else app
    proxy = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"} if over_https else {}
    base = "https://localhost" if over_https else "http://localhost"
    with portal.app_context():
        browser = portal.test_client()
        page = browser.get("/sign-in", base_url=base, headers=proxy)
        form = re.search(r'name="csrf_token" value="([^"]+)"', page.get_data(as_text=True))
        assert form
    with portal.app_context():
        typed = {"csrf_token": form[1], "login": clerk, "password": PASSWORD, "next": "/members"}
        answer = browser.post("/sign-in", base_url=base, data=typed, headers={**proxy, "Referer": f"{base}/sign-in"})
        turned = browser.post("/language", base_url=base, data=typed, headers=proxy)
    assert (answer.status_code, answer.headers["Location"], turned.status_code) == (
        303,
        "/members",
        400,
    )  # its token is over
    cookies = [*page.headers.getlist("Set-Cookie"), *answer.headers.getlist("Set-Cookie")]
    cookies = [cookie for cookie in cookies if "Max-Age=0" not in cookie]
    assert {cookie.partition("=")[0] for cookie in cookies} == {"portal_form", COOKIE}
    for cookie in cookies:
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert ("Secure" in cookie) is over_https
    assert ("Strict-Transport-Security" in answer.headers) is over_https


# -- places --


def test_one_changes_between_ones_own_places_only(client_as, home: World) -> None:
    login_id, login = new_login()
    give_place(home, login_id, login, Role.HQ_CLERK)
    shop = give_place(home, login_id, login, Role.DEALER_CLERK, dealer_id=home.d1.id, name="在店里")
    browser = client_as(None)
    sign_in(browser, login)
    form = token_of(browser, "/members")
    other = make_world()
    foreign = [
        f"{home.brand_id}:{home.d1.clerk.scope.member_id}",
        f"{other.brand_id}:{other.hq.clerk.scope.member_id}",
        f"{other.brand_id}:{shop.id}",
    ]
    nonsense = [
        "",
        ":",
        "1",
        "a:b",
        "1:²",
        "-1:1",
        f"{home.brand_id}:{'9' * 30}",
        "1:1\0",
        f"{home.brand_id}:{shop.id}:1",
    ]
    for place in foreign + nonsense:
        assert browser.post("/place", data={"csrf_token": form, "place": place}, headers={}).status_code == 404
        assert browser.get("/roles").status_code == 200  # still at headquarters
    answer = browser.post("/place", data={"csrf_token": form, "place": f"{home.brand_id}:{shop.id}"}, headers={})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert browser.get("/roles").status_code == 404
    assert home.d2.clerk.name not in browser.get("/members").get_data(as_text=True)


# -- language --


def test_the_language_switch_turns_the_page_and_comes_back_to_it(client_as, home: World) -> None:
    browser = client_as(home.hq.clerk)
    assert "成员" in browser.get("/members").get_data(as_text=True)
    answer = browser.post("/language", data={"language": "en", "next": "/members?x=1"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/members?x=1")
    assert ">Members<" in browser.get("/members").get_data(as_text=True)
    for language in ("zh_Hans_CN", "xx", "\0", ""):
        browser.post("/language", data={"language": "en"})
        browser.post("/language", data={"language": language})
        assert "成员" in browser.get("/members").get_data(as_text=True)
    for evil in EVIL:
        assert browser.post("/language", data={"language": "en", "next": evil}).headers["Location"] == "/"


# -- members --


def roles_of(world: World, member_id: int) -> list[str]:
    with world.as_(world.hq.auditor) as session:
        return session.scalars(select(Member.roles).where(Member.id == member_id)).one()


def test_nobody_changes_their_own_roles(client_as, home: World) -> None:
    for actor in (home.hq.admin, home.d1.manager):
        browser, mine = client_as(actor), actor.scope.member_id
        page = browser.get(f"/members/{mine}").get_data(as_text=True)
        assert "disabled" in page
        before = roles_of(home, mine)
        for where in (f"/members/{mine}", f"/members/{mine}/end"):
            answer = browser.post(where, data={"roles": [f"{actor.side}-manager", f"{actor.side}-clerk"]})
            assert answer.headers["Location"] == f"/members/{mine}"
        assert roles_of(home, mine) == before
        assert browser.get("/members").status_code == 200


def test_AZ2_a_dealers_manager_gives_roles_of_its_own_side_and_nothing_else(client_as, home: World) -> None:
    browser, clerk_id = client_as(home.d1.manager), home.d1.clerk.scope.member_id
    page = browser.get(f"/members/{clerk_id}").get_data(as_text=True)
    assert set(re.findall(r'name="roles" value="([^"]+)"', page)) == {
        "dealer-clerk",
        "dealer-technician",
        "dealer-manager",
    }
    for roles in (["hq-admin"], ["dealer-clerk", "hq-finance"], ["emperor"], ["dealer-clerk\0"], []):
        answer = browser.post(
            f"/members/{clerk_id}", data={"roles": roles, "dealer_id": home.d2.id, "brand_id": 1, "login_id": 1}
        )
        assert answer.headers["Location"] == f"/members/{clerk_id}"
        assert roles_of(home, clerk_id) == ["dealer-clerk"]
    extra = {
        "roles": ["dealer-clerk", "dealer-technician"],
        "dealer_id": home.d2.id,
        "left_at": "2026-01-01",
        "login": "evil",
        "name": "evil",
        "brand_id": 1,
    }
    assert browser.post(f"/members/{clerk_id}", data=extra).headers["Location"] == "/members"
    with home.as_(home.hq.auditor) as session:
        stored = session.scalars(select(Member).where(Member.id == clerk_id)).one()
    assert (stored.roles, stored.dealer_id, stored.left_at) == (["dealer-clerk", "dealer-technician"], home.d1.id, None)
    assert "evil" not in {stored.login, stored.name}
    with home.as_(home.hq.admin) as session:
        actions.change_roles(session, home.hq.admin, clerk_id, roles=["dealer-clerk"], at=at("2026-10-05 10:00"))


def test_R1_another_dealers_or_headquarters_member_is_not_there(client_as, home: World) -> None:
    browser = client_as(home.d1.manager)
    other = make_world()
    for member in (home.d2.clerk, home.hq.clerk, other.d1.clerk):
        where = f"/members/{member.scope.member_id}"
        if member.scope.brand_id == home.brand_id:
            assert browser.get(where).status_code == 404
            assert browser.post(where, data={"roles": ["dealer-manager"]}).status_code == 404
            assert browser.post(f"{where}/end").status_code == 404
        assert roles_of(other if member is other.d1.clerk else home, member.scope.member_id) in (
            ["dealer-clerk"],
            ["hq-clerk"],
        )
    for nonsense in ("/members/0", "/members/-1", f"/members/{'9' * 30}", "/members/x", "/members/1%00"):
        assert browser.get(nonsense).status_code == 404
        assert browser.post(nonsense, data={"roles": ["dealer-clerk"]}).status_code in {
            400,
            404,
        }  # 400: no column holds it


def test_members_are_listed_to_all_and_managed_by_who_may(client_as) -> None:
    home = make_world()
    for actor, status in ((home.hq.admin, 200), (home.hq.finance, 403), (home.d1.clerk, 403), (home.d1.manager, 200)):
        browser = client_as(actor)
        page = browser.get("/members").get_data(as_text=True)
        assert home.d1.clerk.name in page
        assert (home.d2.clerk.name in page) is (actor.side == "hq")
        assert browser.get(f"/members/{home.d1.technician.scope.member_id}").status_code == status


def test_a_member_who_left_is_shown_as_such_and_cannot_be_changed(client_as, home: World) -> None:
    login_id, login = new_login()
    member = give_place(home, login_id, login, Role.DEALER_CLERK, dealer_id=home.d1.id, name="走了的人")
    browser = client_as(home.d1.manager)
    assert browser.post(f"/members/{member.id}/end").status_code == 303
    assert "走了的人" in browser.get("/members").get_data(as_text=True)
    assert "/end" not in browser.get(f"/members/{member.id}").get_data(as_text=True)
    assert browser.post(f"/members/{member.id}", data={"roles": ["dealer-clerk"]}).status_code == 404


def test_the_role_page_is_drawn_from_the_table_for_headquarters(client_as, home: World) -> None:
    page = client_as(home.hq.auditor).get("/roles").get_data(as_text=True)
    for word in ("orders.agree", "settlement.post", "members.manage"):
        assert word in page
    assert client_as(home.d1.manager).get("/roles").status_code == 404


# -- CSRF --


def test_AN8_every_change_needs_this_sessions_own_token(client_as, home: World, clerk: str) -> None:
    mine, other = client_as(home.d1.manager), client_as(home.d1.manager)
    foreign, clerk_id = token_of(other, "/members"), home.d1.clerk.scope.member_id
    before = roles_of(home, clerk_id)
    token_of(mine, "/members")
    for where in ("/sign-in", "/sign-out", "/language", "/place", f"/members/{clerk_id}", f"/members/{clerk_id}/end"):
        for data, headers in (
            ({}, {"X-Nothing": "1"}),
            ({"csrf_token": foreign}, {"X-Nothing": "1"}),
            ({"csrf_token": ""}, {"X-CSRFToken": foreign}),
            ({"csrf_token": "a\0b"}, {"X-Nothing": "1"}),
        ):
            assert mine.post(where, data={"roles": "dealer-manager", **data}, headers=headers).status_code == 400, where
        assert (
            mine.post(
                where, data='{"roles": "dealer-manager"}', content_type="text/plain", headers={"X-Nothing": "1"}
            ).status_code
            == 400
        )
        for method in ("PUT", "DELETE", "PATCH"):
            assert mine.open(where, method=method).status_code in {400, 405}
    assert roles_of(home, clerk_id) == before
    assert inside(mine)


def test_AN8_signing_somebody_in_from_another_site_is_refused(client_as, clerk: str) -> None:
    browser = client_as(None)
    answer = browser.post(
        "/sign-in", data={"login": clerk, "password": PASSWORD}, headers={"Origin": "https://evil.example"}
    )
    assert answer.status_code == 400
    assert not inside(browser)


def test_AZ6_tricks_with_verbs_and_spelling_change_no_decision(client_as, home: World) -> None:
    browser, clerk_id = client_as(home.d1.clerk), home.d1.technician.scope.member_id
    assert browser.head(f"/members/{clerk_id}").status_code == 403
    for where in (
        f"/members/{clerk_id}/",
        f"/Members/{clerk_id}",
        f"/members%2f{clerk_id}",
        f"/members/./{clerk_id}",
        f"//members/{clerk_id}",
    ):
        assert browser.get(where).status_code in {403, 404, 308}
    assert browser.get(f"/members/{clerk_id}?_method=POST&roles=dealer-manager").status_code == 403
    assert browser.post(f"/members/{clerk_id}", data={"_method": "GET", "roles": ["dealer-manager"]}).status_code == 403
    assert roles_of(home, clerk_id) == ["dealer-technician"]


# -- papers' QR codes --


def test_section_12_a_papers_code_opens_the_document_from_whichever_place_may_see_it(client_as, home: World) -> None:
    home.topup(home.d1, "5.00")
    with home.as_(home.hq.finance) as session:
        from portal.ledger import queries as ledger

        number = ledger.topups(session)[0].number
    where = f"/q/{home.code}/{number}"
    login_id, login = new_login()
    give_place(home, login_id, login, Role.DEALER_CLERK, dealer_id=home.d2.id)
    give_place(home, login_id, login, Role.DEALER_CLERK, dealer_id=home.d1.id)
    browser = client_as(None)
    stranger = browser.get(where)
    assert stranger.headers["Location"] == f"/sign-in?next={where}"
    answer = sign_in(browser, login, next=where)
    assert answer.headers["Location"] == where
    browser.post(
        "/place",
        data={"csrf_token": token_of(browser, "/members"), "place": place_of(home, login_id, home.d2.id)},
        headers={},
    )
    assert browser.get(f"/topups/{number}").status_code == 404
    answer = browser.get(where)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/topups/{number}")
    assert browser.get(f"/topups/{number}").status_code == 200


def place_of(world: World, login_id: int, dealer_id: int) -> str:
    with world.as_(world.hq.auditor) as session:
        return f"{world.brand_id}:{session.scalars(select(Member.id).where(Member.login_id == login_id, Member.dealer_id == dealer_id)).one()}"


def test_section_12_a_code_of_another_brand_dealer_or_of_nothing_is_not_there(client_as, home: World) -> None:
    home.topup(home.d2, "5.00", when="2026-10-02 09:00")
    other = make_world()
    with home.as_(home.d2.clerk) as session:
        from portal.ledger import queries as ledger

        number = ledger.topups(session)[0].number
    for actor in (home.d1.manager, other.hq.auditor):
        assert client_as(actor).get(f"/q/{home.code}/{number}").status_code == 404
    browser = client_as(home.hq.clerk)
    assert browser.get(f"/q/{home.code}/{number}").status_code == 303
    for where in (
        f"/q/{other.code}/{number}",
        f"/q/{home.code}/TU9999-0001",
        f"/q/{home.code}/XX",
        f"/q/{home.code}/TU'; DROP TABLE topups--",
        "/q/a/b/c",
    ):
        assert browser.get(where).status_code == 404
    assert browser.get(f"/q/{home.code}/TU%00").status_code in {400, 404}


def test_members_come_by_pages_headquarters_first_and_are_found_by_name_or_login(
    client_as, home: World, monkeypatch
) -> None:
    monkeypatch.setattr("portal.identity.views.SIZE", 4)
    browser, seen, where = client_as(home.hq.admin), [], "/members"
    while where:
        page = browser.get(where).get_data(as_text=True)
        seen.append(re.findall(r'<td class="r dim">([^<]+)</td>', page))
        where = (re.search(r'rel="next" href="([^"]+)"', page) or [None, ""])[1].replace("&amp;", "&")
    with home.as_(home.hq.admin) as session:
        everybody = [member.login for member in queries.members(session)]
    assert [login for page in seen for login in page] == everybody
    assert {len(page) for page in seen[:-1]} == {4}
    one = next(login for login in reversed(everybody) if everybody.count(login) == 1)  # others have several places
    assert re.findall(
        r'<td class="r dim">([^<]+)</td>',
        browser.get("/members", query_string={"q": one.upper()}).get_data(as_text=True),
    ) == [one]
    assert "没有符合条件的成员" in browser.get("/members?q=nobody-of-that-name").get_data(as_text=True)
    assert browser.get("/members?after=x.1").status_code == 200
