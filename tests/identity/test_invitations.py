"""Inviting: to one place, by a link that works once and for 30 minutes; sent again, taken back (AN4, R1)."""

from __future__ import annotations

import re

import pytest

from portal.core.db import db
from portal.core.errors import NotFound, Refused
from portal.core.permissions import Actor
from portal.core.settings import Settings
from portal.identity import actions, queries
from portal.identity.roles import Role
from portal.notices import mail
from portal.reports import queries as reports
from tests.factories.world import World, make_world
from tests.identity.inviting import AT, NEW, accept, address, brand_of, invited, link_to, members_of, new_name
from tests.identity.people import (
    acts_of,
    by_force,
    inside,
    mails,
    post,
    sign_in,
    token_of,
)

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


def test_IE5_a_number_that_no_invitation_has_is_not_there(client_as, home: World) -> None:
    browser = client_as(home.hq.admin)
    for number in (0, 10**30):
        for act in ("send", "revoke"):
            assert browser.post(f"/members/invitations/{number}/{act}").status_code == 404


# -- who has not come yet, on the administrator's home --


def test_home_says_how_many_are_invited_and_not_here_to_who_can_invite(
    client_as, world: World, settings: Settings
) -> None:
    def said(actor: Actor) -> str:
        page = client_as(actor).get("/").get_data(as_text=True)
        return " ".join(re.sub(r"<[^>]+>", " ", page).split())

    title = "已邀请、尚未加入的人"
    assert title not in said(world.hq.admin)
    first = invited(world, world.hq.admin, Role.HQ_CLERK, to=address())
    invited(world, world.hq.admin, Role.DEALER_CLERK, to=address(), dealer_id=world.d1.id)
    assert title in said(world.hq.admin)
    assert 'href="/members"' in client_as(world.hq.admin).get("/").get_data(as_text=True)
    with world.as_(world.hq.admin) as session:
        found = reports.waiting(session, today=AT.date(), next_paid=reports.cycle(session, AT.date()))["invitations"]
    assert (found.count, found.marked) == (2, 0)
    for other in (world.hq.clerk, world.hq.finance, world.d1.manager, make_world().hq.admin):
        assert title not in said(other)
    by_force(
        settings,
        "UPDATE invitations SET ends_at = now() - interval '1 second' WHERE brand_id = :brand AND id = :id",
        brand=world.brand_id,
        id=first.id,
    )
    assert "其中 1 个链接已过期" in said(world.hq.admin)
    with world.as_(world.hq.admin) as session:
        for row in queries.pending_invitations(session):
            actions.revoke_invitation(session, world.hq.admin, row.id, at=AT)
    assert title not in said(world.hq.admin)


def test_headquarters_sees_to_which_dealer_somebody_is_invited_by_code_and_name(client_as, world: World) -> None:
    invited(world, world.hq.admin, Role.DEALER_CLERK, to=address(), dealer_id=world.d2.id, name="周待")
    page = client_as(world.hq.admin).get("/members").get_data(as_text=True)
    pending = page[page.index("周待") :]
    assert "D002 " in pending[: pending.index("</tr>")]
