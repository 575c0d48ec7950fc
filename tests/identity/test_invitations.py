"""Invitations: to one place, by a link that works once and for 30 minutes; a new login or one that exists takes it (AN3, AN4, R1)."""

from __future__ import annotations

import os
import re
import threading
from itertools import count

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.core import clock
from portal.core.db import db
from portal.core.errors import NotFound, Refused
from portal.core.permissions import Actor
from portal.core.settings import Settings
from portal.identity import actions, queries
from portal.identity.models import Invitation, Member
from portal.identity.roles import Role
from portal.notices import mail
from tests.factories.world import World, at, make_world
from tests.identity.people import (
    PASSWORD,
    acts_of,
    by_force,
    code_at,
    give_place,
    in_use,
    inside,
    mails,
    new_login,
    person,
    post,
    sign_in,
    token_of,
)

AT = at("2026-10-05 10:00")
NEW = "三月 的 雨 下了 a whole week"
_number = count(1)


def address() -> str:
    return f"new{next(_number)}.{os.getpid()}@mail.example"


def invited(
    world: World, actor: Actor, *roles: Role, to: str, dealer_id: int | None = None, name: str = "赵新"
) -> Invitation:
    with world.as_(actor) as session:
        return actions.invite(
            session,
            actor,
            name=name,
            email=to,
            roles=[role.value for role in roles],
            dealer_id=dealer_id,
            link=lambda token: f"http://localhost/invitations/{token}",
            locale="zh_Hans_CN",
            at=AT,
        )


def link_to(world: World, to: str) -> str:
    """The path of the newest mailed link."""
    secret = mails(world, to)[-1].secret
    assert secret is not None
    return secret.removeprefix("http://localhost")


def accept(browser: FlaskClient, link: str, login: str, password: str = NEW):
    return post(browser, link, login=login, password=password, again=password)


def brand_of(world: World) -> str:
    with world.as_(world.hq.system) as session:
        return queries.brand_name_of(session, english=False)


def new_name() -> str:
    return f"zhao{next(_number)}.{os.getpid()}"


def members_of(world: World, login: str) -> list[Member]:
    with world.as_(world.hq.auditor) as session:
        return [member for member in queries.members(session) if member.login == login]


# -- inviting --


def test_headquarters_invites_by_name_address_and_roles_and_the_person_chooses_login_and_password(
    client_as, home: World
) -> None:
    admin, to, login = client_as(home.hq.admin), address(), new_name()
    answer = post(admin, "/members/invite", name="赵新", email=to.upper(), roles=["hq-clerk", "hq-warehouse"])
    assert (answer.status_code, answer.headers["Location"]) == (303, "/members")
    page = admin.get("/members").get_data(as_text=True)
    assert to in page
    assert "有效" in page
    (message,) = mails(home, to)
    assert (message.template, message.facts) == (
        "invitation",
        {"name": "赵新", "by": home.hq.admin.name, "dealer": None, "minutes": 30},
    )
    assert re.fullmatch(r"http://localhost/invitations/[A-Za-z0-9_-]{43}", str(message.secret))
    assert str(message.secret) in mail.words(message, brand={"zh_Hans_CN": "某牌", "en": "Some brand"}).body
    browser, link = client_as(None), link_to(home, to)
    for _look in range(2):  # looking uses nothing up
        shown = browser.get(link).get_data(as_text=True)
        assert f"赵新，您好：{home.hq.admin.name} 邀请您加入 {brand_of(home)} 总部。" in shown
    assert members_of(home, login) == []
    done = accept(browser, link, login.upper())
    assert (done.status_code, done.headers["Location"]) == (303, "/")
    assert inside(browser)
    (member,) = members_of(home, login)
    assert (member.name, member.roles, member.dealer_id, member.email) == (
        "赵新",
        ["hq-clerk", "hq-warehouse"],
        None,
        to,
    )
    assert queries.login(db.engine, member.login_id).email == to
    assert browser.get(link).status_code == 410
    assert to not in admin.get("/members").get_data(as_text=True)
    assert sign_in(client_as(None), login, NEW).status_code == 303
    assert [(act, who) for act, who, facts in acts_of(home, kind="invitation") if facts["email"] == to] == [
        ("invitation:send", home.hq.admin.name)
    ]
    assert acts_of(home, kind="member")[-1][:2] == ("member:join", "赵新")


def test_a_dealers_manager_invites_to_its_own_shop_and_nowhere_else(client_as, home: World) -> None:
    manager, to = client_as(home.d1.manager), address()
    page = manager.get("/members/invite").get_data(as_text=True)
    assert set(re.findall(r'name="roles" value="([^"]+)"', page)) == {
        "dealer-clerk",
        "dealer-technician",
        "dealer-manager",
    }
    answer = post(manager, "/members/invite", name="钱二", email=to, roles=["dealer-clerk"], dealer=home.d2.code)
    assert answer.status_code == 303
    with home.as_(home.d1.manager) as session:
        (row,) = (one for one in queries.pending_invitations(session) if one.email == to)
    assert row.dealer_id == home.d1.id
    assert mails(home, to)[0].facts["dealer"] is not None
    assert post(manager, "/members/invite", name="钱二", email=address(), roles=["hq-admin"]).status_code == 422
    for dealer_id in (home.d2.id, None):
        with pytest.raises(Refused, match="permission-missing"):
            invited(home, home.d1.manager, Role.DEALER_CLERK, to=address(), dealer_id=dealer_id)
    login = new_name()
    browser = client_as(None)
    accept(browser, link_to(home, to), login)
    assert [member.dealer_id for member in members_of(home, login)] == [home.d1.id]
    assert home.d2.clerk.name not in browser.get("/members").get_data(as_text=True)


def test_headquarters_invites_to_a_dealer_by_its_code(client_as, home: World) -> None:
    admin, to = client_as(home.hq.admin), address()
    for dealer, roles, status in (
        ("D999", ["dealer-clerk"], 422),
        (home.d2.code, ["hq-clerk"], 422),
        ("", ["dealer-clerk"], 422),
        (home.d2.code, [], 422),
        (home.d2.code, ["dealer-clerk"], 303),
    ):
        answer = post(admin, "/members/invite", name="钱二", email=to, roles=roles, dealer=dealer)
        assert answer.status_code == status, (dealer, roles)
    assert len(mails(home, to)) == 1


@pytest.mark.parametrize(
    "typed",
    ["", "a", "a@", "@b.cn", "a b@c.cn", "a@b", "a@b.cn\nBcc: x@y.cn", "<a@b.cn>", "a@b..cn", "x" * 200 + "@b.cn"],
)
def test_IE5_what_is_no_address_is_refused(client_as, home: World, typed: str) -> None:
    answer = post(client_as(home.hq.admin), "/members/invite", name="钱二", email=typed, roles=["hq-clerk"])
    assert answer.status_code == 422


def test_one_living_invitation_per_address_and_place(home: World, settings: Settings) -> None:
    to = address()
    row = invited(home, home.hq.admin, Role.HQ_CLERK, to=to)
    with pytest.raises(Refused, match="invited-already"):
        invited(home, home.hq.admin, Role.HQ_AUDITOR, to=to)
    invited(home, home.hq.admin, Role.DEALER_CLERK, to=to, dealer_id=home.d1.id)  # another place
    by_force(settings, "UPDATE invitations SET ends_at = clock_timestamp() WHERE id = :id", id=row.id)
    invited(home, home.hq.admin, Role.HQ_AUDITOR, to=to)  # the first is over


def test_who_does_not_manage_members_invites_nobody(client_as, home: World) -> None:
    for actor in (home.hq.clerk, home.hq.finance, home.d1.clerk):
        browser = client_as(actor)
        assert browser.get("/members/invite").status_code == 403
        assert browser.post("/members/invite", data={"name": "x"}).status_code == 403
        assert "/members/invite" not in browser.get("/members").get_data(as_text=True)
        with pytest.raises(Refused, match="permission-missing"):
            invited(home, actor, Role.DEALER_CLERK, to=address(), dealer_id=actor.scope.dealer_id)


# -- again, and back --


def test_AN4_sent_again_the_link_before_is_dead(client_as, home: World) -> None:
    to = address()
    row = invited(home, home.hq.admin, Role.HQ_CLERK, to=to)
    old, admin, browser = link_to(home, to), client_as(home.hq.admin), client_as(None)
    assert admin.post(f"/members/invitations/{row.id}/send").headers["Location"] == "/members"
    new = link_to(home, to)
    assert new != old
    assert (browser.get(old).status_code, browser.get(new).status_code) == (410, 200)


def test_an_invitation_that_is_over_is_shown_so_and_works_again_once_it_is_sent_again(
    client_as, home: World, settings: Settings
) -> None:
    to = address()
    row = invited(home, home.hq.admin, Role.HQ_CLERK, to=to)
    by_force(settings, "UPDATE invitations SET ends_at = clock_timestamp() WHERE id = :id", id=row.id)
    admin = client_as(home.hq.admin)
    assert "已失效" in admin.get("/members").get_data(as_text=True)
    admin.post(f"/members/invitations/{row.id}/send")
    assert client_as(None).get(link_to(home, to)).status_code == 200
    ((seconds,),) = by_force(
        settings,
        "SELECT round(extract(epoch FROM ends_at - clock_timestamp())) FROM invitations WHERE id = :id",
        id=row.id,
    )  # type: ignore[misc]
    assert 1700 < seconds <= 1800


def test_taken_back_it_opens_nothing_and_is_settled(client_as, home: World) -> None:
    to = address()
    row = invited(home, home.hq.admin, Role.HQ_CLERK, to=to)
    browser, link = client_as(None), link_to(home, to)
    form = token_of(browser, link)
    assert client_as(home.hq.admin).post(f"/members/invitations/{row.id}/revoke").headers["Location"] == "/members"
    assert browser.get(link).status_code == 410
    data = {"csrf_token": form, "login": new_name(), "password": NEW, "again": NEW}
    assert browser.post(link, data=data, headers={}).status_code == 410
    for act in (actions.revoke_invitation, lambda *a, **k: actions.invite_again(*a, link=str, **k)):
        with pytest.raises(Refused, match="invitation-settled"), home.as_(home.hq.admin) as session:
            act(session, home.hq.admin, row.id, at=AT)


def test_R1_another_places_invitation_is_not_there(home: World) -> None:
    rows = [
        invited(home, home.hq.admin, Role.HQ_CLERK, to=address()),
        invited(home, home.hq.admin, Role.DEALER_CLERK, to=address(), dealer_id=home.d2.id),
    ]
    other = make_world()
    for row in rows:
        for world, actor in ((home, home.d1.manager), (other, other.hq.admin)):
            with pytest.raises(NotFound), world.as_(actor) as session:
                actions.revoke_invitation(session, actor, row.id, at=AT)
    with home.as_(home.d2.manager) as session:  # control: its own dealer's manager may
        assert actions.revoke_invitation(session, home.d2.manager, rows[1].id, at=AT).revoked_by == home.d2.manager.name
    with home.as_(home.hq.admin) as session:
        actions.revoke_invitation(session, home.hq.admin, rows[0].id, at=AT)


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
    assert queries.login(db.engine, int(actor.login_id or 0)).email == to  # it had none before


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


def test_IE5_a_number_that_no_invitation_has_is_not_there(client_as, home: World) -> None:
    browser = client_as(home.hq.admin)
    for number in (0, 10**30):
        for act in ("send", "revoke"):
            assert browser.post(f"/members/invitations/{number}/{act}").status_code == 404
