"""Taking an invitation up: with a new login, one that exists, or the one that is signed in (AN1, AN4, AN6, R1)."""

from __future__ import annotations

import threading

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.core import clock
from portal.core.db import db
from portal.core.errors import Refused
from portal.core.settings import Settings
from portal.identity import actions, queries
from portal.identity.roles import Role
from tests.factories.world import World, make_world
from tests.identity.inviting import AT, NEW, accept, address, invited, link_to, members_of, new_name
from tests.identity.people import (
    PASSWORD,
    by_force,
    code_at,
    give_place,
    in_use,
    inside,
    new_login,
    person,
    post,
    sign_in,
    token_of,
)

# -- taking it up --


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ("ends_at = clock_timestamp() + interval '20 seconds'", 303),
        ("ends_at = clock_timestamp()", 410),
        ("revoked_at = clock_timestamp()", 410),
    ],
)
def test_AN4_between_opening_and_sending_it_may_be_over(
    client_as, home: World, settings: Settings, change: str, status: int
) -> None:
    to = address()
    row = invited(home, home.hq.admin, Role.HQ_CLERK, to=to)
    browser, link, login = client_as(None), link_to(home, to), new_name()
    form = token_of(browser, link)
    by_force(settings, f"UPDATE invitations SET {change} WHERE id = :id", id=row.id)
    data = {"csrf_token": form, "login": login, "password": NEW, "again": NEW}
    assert browser.post(link, data=data, headers={}).status_code == status
    assert len(members_of(home, login)) == (status == 303)
    assert (queries.login_by_name(db.engine, login) is not None) is (status == 303)


def test_AN4_four_at_once_with_one_link_one_place_one_login(app: Flask, home: World) -> None:
    to = address()
    row = invited(home, home.hq.admin, Role.HQ_CLERK, to=to)
    token, names = link_to(home, to).rpartition("/")[2], [new_name() for _login in range(4)]
    outcomes, start = [], threading.Barrier(4)

    def take(login: str) -> None:
        start.wait()
        with app.app_context():
            try:
                with home.as_(home.hq.system) as session:
                    outcomes.append(
                        actions.accept_invitation(session, row.id, token, login=login, password_hash="x", at=AT).login
                    )
            except Refused as error:
                outcomes.append(error.code)

    threads = [threading.Thread(target=take, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = (one for one in outcomes if one != "link-over")
    assert len(outcomes) == 4
    assert [name for name in names if queries.login_by_name(db.engine, name)] == [winner]


def test_a_taken_or_wrong_login_and_a_weak_password_are_said_and_nothing_is_made(client_as, home: World) -> None:
    to = address()
    invited(home, home.hq.admin, Role.HQ_CLERK, to=to)
    _actor, taken = person(home, Role.HQ_CLERK)
    browser, link, name = client_as(None), link_to(home, to), new_name()
    for login, password, said in (
        (taken, NEW, "已有账号"),
        ("ab", NEW, "3 至 100"),
        ("赵新新", NEW, "3 至 100"),
        ("a b c", NEW, "3 至 100"),
        (name, "Password2026", "太容易猜到"),
        (name, f"{name}!!", "不能包含账号名"),
    ):
        answer = accept(browser, link, login, password)
        assert answer.status_code == 422
        assert said in answer.get_data(as_text=True)
    assert queries.login_by_name(db.engine, name) is None
    assert accept(browser, link, name).status_code == 303


def join(browser: FlaskClient, link: str, login: str, password: str = PASSWORD, code: str = ""):
    return post(browser, f"{link}/sign-in", login=login, password=password, code=code)


def test_a_login_that_exists_takes_one_more_place_with_its_own_password(client_as, home: World) -> None:
    other, to = make_world(), address()
    actor, login = person(home, Role.DEALER_CLERK, dealer_id=home.d1.id)
    invited(other, other.hq.admin, Role.HQ_AUDITOR, to=to)
    browser, link = client_as(None), link_to(other, to)
    assert join(browser, link, login, "wrong").status_code == 422
    assert members_of(other, login) == []
    assert join(browser, link, login).status_code == 303
    with db.engine.begin() as connection:
        held = queries.places(connection, int(actor.login_id or 0))
    assert {(place.brand_code, place.dealer_id) for place in held} == {(home.code, home.d1.id), (other.code, None)}
    assert browser.get("/roles").status_code == 200  # it acts from the new place
    assert (
        queries.login(db.engine, int(actor.login_id or 0)).email is None
    )  # an inviter's address resets nobody's password
    assert {member.email for member in members_of(other, login)} == {to}


def test_the_address_that_a_login_has_stays(client_as, home: World) -> None:
    to, own = address(), address()
    actor, login = person(home, Role.DEALER_CLERK, dealer_id=home.d1.id, email=own)
    invited(home, home.hq.admin, Role.DEALER_CLERK, to=to, dealer_id=home.d2.id)
    assert join(client_as(None), link_to(home, to), login).status_code == 303
    assert queries.login(db.engine, int(actor.login_id or 0)).email == own
    assert {member.email for member in members_of(home, login)} == {own}


def test_AN6_joining_asks_for_the_second_factor_too(client_as, home: World) -> None:
    to = address()
    actor, login = person(home, Role.DEALER_CLERK, dealer_id=home.d1.id)
    secret, _codes = in_use(actor)
    invited(home, home.hq.admin, Role.DEALER_CLERK, to=to, dealer_id=home.d2.id)
    browser, link = client_as(None), link_to(home, to)
    for code in ("", "000000"):
        assert join(browser, link, login, code=code).status_code == 422
        assert not inside(browser)
    assert join(browser, link, login, code=code_at(secret, clock.machine_now())).status_code == 303
    assert len(members_of(home, login)) == 2


def test_who_is_signed_in_takes_the_place_by_one_press(client_as, home: World) -> None:
    to = address()
    actor, login = person(home, Role.DEALER_CLERK, dealer_id=home.d1.id)
    invited(home, home.hq.admin, Role.DEALER_CLERK, to=to, dealer_id=home.d2.id)
    browser, link = client_as(actor), link_to(home, to)
    page = browser.get(link).get_data(as_text=True)
    assert login in page
    stranger = client_as(None)
    assert post(stranger, f"{link}/add", page=link).status_code == 410
    assert browser.post(f"{link}/add", data={}, headers={"X-Nothing": "1"}).status_code == 400  # AN8
    assert post(browser, f"{link}/add", page=link).status_code == 303
    assert len(members_of(home, login)) == 2
    assert browser.get(link).status_code == 410


def test_who_left_comes_back_to_the_same_place_and_who_is_there_is_told(client_as, home: World) -> None:
    login_id, login = new_login()
    member = give_place(home, login_id, login, Role.HQ_CLERK)
    to = address()
    invited(home, home.hq.admin, Role.HQ_AUDITOR, to=to, name="回来的人")
    there = join(client_as(None), link_to(home, to), login)
    assert there.status_code == 422
    assert "已有" in there.get_data(as_text=True)
    with home.as_(home.hq.admin) as session:
        actions.remove_member(session, home.hq.admin, member.id, at=AT)
    assert sign_in(client_as(None), login).status_code == 422
    assert join(client_as(None), link_to(home, to), login).status_code == 303
    (back,) = members_of(home, login)
    assert (back.id, back.left_at, back.name, back.roles) == (member.id, None, "回来的人", ["hq-auditor"])


def test_AN1_taking_a_place_ends_the_session_that_the_browser_had(client_as, home: World) -> None:
    to = address()
    invited(home, home.hq.admin, Role.HQ_CLERK, to=to)
    actor, _login = person(home, Role.HQ_CLERK)
    browser, thief = client_as(actor), client_as(None)
    cookie = browser.get_cookie("portal_session")
    thief.set_cookie("portal_session", cookie.value)
    assert accept(browser, link_to(home, to), new_name()).status_code == 303
    assert browser.get_cookie("portal_session").value != cookie.value
    assert not inside(thief)


def test_AN4_the_pages_of_an_invitation_tell_no_other_page_their_address(client_as, home: World) -> None:
    to = address()
    invited(home, home.hq.admin, Role.HQ_CLERK, to=to)
    browser, link = client_as(None), link_to(home, to)
    for answer in (
        browser.get(link),
        browser.get(f"{link}/sign-in"),
        accept(browser, link, "x", "y"),
        browser.get("/invitations/nothing"),
    ):
        assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_a_brands_invitation_is_nobody_elses_even_with_the_row_in_hand(home: World) -> None:
    """Accepting needs the token: the id alone, which people of the place can see, opens nothing."""
    to = address()
    row = invited(home, home.hq.admin, Role.HQ_ADMIN, to=to)
    for token in ("", row.token_hash, "x"):
        with pytest.raises(Refused, match="link-over"), home.as_(home.hq.system) as session:
            actions.accept_invitation(session, row.id, token, login=new_name(), password_hash="x", at=AT)
    other = make_world()
    token = link_to(home, to).rpartition("/")[2]
    with pytest.raises(Refused, match="link-over"), other.as_(other.hq.system) as session:
        actions.accept_invitation(session, row.id, token, login=new_name(), password_hash="x", at=AT)
    assert queries.invitation_by_token(db.engine, actions.token_hash(token)) == (home.brand_id, row.id)
