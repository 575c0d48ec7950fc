"""Signing in and out, places, members: what is refused looks alike, what is changed holds at once (AN1, AN3, AN5)."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from portal.core.audit import AuditEvent
from portal.core.db import db
from portal.core.errors import NotFound, Refused
from portal.core.settings import Settings
from portal.identity import actions, queries
from portal.identity.models import Member
from portal.identity.roles import Role
from tests.factories.world import World, at, make_world
from tests.identity.people import BORN, PASSWORD, by_force, give_place, new_login, password_hash

WHEN = at("2026-10-05 10:00")


@pytest.fixture(scope="module")
def home(app) -> World:
    return make_world()


def enter(login: str, password: str = PASSWORD) -> tuple[str, queries.SignedIn]:
    return actions.sign_in(db.engine, login, password, address="10.0.0.1", agent="A" * 500, seconds=3600)


def session_row(settings: Settings, token: str):
    return by_force(
        settings,
        "SELECT *, extract(epoch FROM ends_at - created_at) AS seconds FROM login_sessions WHERE token_hash = :hash",
        hash=actions.token_hash(token),
    )


def test_signing_in_opens_a_session_at_the_first_place_and_stores_only_the_tokens_hash(
    home: World, settings: Settings
) -> None:
    login_id, login = new_login()
    member = give_place(home, login_id, login, Role.HQ_CLERK)
    token, found = enter(login.upper())
    (row,) = session_row(settings, token)
    assert (row.login_id, row.brand_id, row.member_id, row.address, len(row.agent)) == (
        login_id,
        home.brand_id,
        member.id,
        "10.0.0.1",
        300,
    )
    assert (len(token) >= 40, row.seconds == 3600, row.ended_at) == (True, True, None)
    assert by_force(settings, "SELECT 1 FROM login_sessions WHERE token_hash = :token", token=token) == []
    assert found.place == found.places[0]


def test_AN1_every_sign_in_makes_a_new_token(home: World) -> None:
    login_id, login = new_login()
    give_place(home, login_id, login, Role.HQ_CLERK)
    assert enter(login)[0] != enter(login)[0]


def test_AN3_an_unknown_login_a_wrong_password_and_a_disabled_login_are_refused_alike(
    home: World, settings: Settings
) -> None:
    login_id, login = new_login()
    give_place(home, login_id, login, Role.HQ_CLERK)
    off_id, off = new_login()
    give_place(home, off_id, off, Role.HQ_CLERK)
    by_force(settings, "UPDATE logins SET disabled_at = clock_timestamp() WHERE id = :id", id=off_id)
    errors = []
    for name, password in (("nobody@example.com", PASSWORD), (login, "wrong"), (off, PASSWORD), (off, "wrong")):
        with pytest.raises(Refused) as refused:
            enter(name, password)
        errors.append((refused.value.code, refused.value.facts, refused.value.field))
    assert errors == [("sign-in-failed", {}, None)] * 4
    assert by_force(settings, "SELECT 1 FROM login_sessions WHERE login_id IN (:a, :b)", a=login_id, b=off_id) == []


def test_a_login_that_belongs_nowhere_is_told_so(home: World) -> None:
    _, login = new_login()
    with pytest.raises(Refused, match="no-place"):
        enter(login)


def test_AN5_signing_out_ends_the_session_at_once_and_twice_does_no_harm(home: World, settings: Settings) -> None:
    login_id, login = new_login()
    give_place(home, login_id, login, Role.HQ_CLERK)
    token, _ = enter(login)
    other, _ = enter(login)
    actions.sign_out(db.engine, token)
    (first,) = session_row(settings, token)
    actions.sign_out(db.engine, token)
    assert session_row(settings, token)[0].ended_at == first.ended_at is not None
    assert queries.signed_in(db.engine, actions.token_hash(token), 3600) is None
    assert queries.signed_in(db.engine, actions.token_hash(other), 3600) is not None


def test_a_place_is_chosen_among_ones_own_only(home: World) -> None:
    login_id, login = new_login()
    give_place(home, login_id, login, Role.HQ_CLERK)
    shop = give_place(home, login_id, login, Role.DEALER_CLERK, dealer_id=home.d1.id)
    token, _ = enter(login)
    actions.choose_place(db.engine, token, home.brand_id, shop.id)
    found = queries.signed_in(db.engine, actions.token_hash(token), 3600)
    assert found is not None
    assert found.place is not None
    assert found.place.member_id == shop.id
    other = make_world()
    for brand, member in (
        (home.brand_id, home.d1.clerk.scope.member_id),
        (other.brand_id, shop.id),
        (other.brand_id, other.hq.clerk.scope.member_id),
        (0, 0),
    ):
        with pytest.raises(NotFound):
            actions.choose_place(db.engine, token, brand, member)
    with home.as_(home.hq.admin) as session:
        actions.remove_member(session, home.hq.admin, shop.id, at=WHEN)
    with pytest.raises(NotFound):
        actions.choose_place(db.engine, token, home.brand_id, shop.id)
    with pytest.raises(NotFound):
        actions.choose_place(db.engine, "guessed", home.brand_id, shop.id)


def test_a_logins_name_is_taken_once_whatever_its_case(home: World) -> None:
    _, login = new_login()
    with pytest.raises(IntegrityError):
        actions.create_login(db.engine, login.upper(), password_hash(), at=BORN)


def test_R3_a_place_is_given_changed_and_ended_with_an_event_each(home: World) -> None:
    login_id, login = new_login()
    with home.as_(home.hq.admin) as session:
        member = actions.add_member(
            session,
            home.hq.admin,
            login_id=login_id,
            login=login,
            name="王芳",
            roles=["dealer-clerk"],
            dealer_id=home.d1.id,
            at=WHEN,
        )
        actions.change_roles(
            session, home.hq.admin, member.id, roles=["dealer-manager", "dealer-clerk", "dealer-manager"], at=WHEN
        )
        actions.remove_member(session, home.hq.admin, member.id, at=WHEN)
    with home.as_(home.hq.auditor) as session:
        stored = session.scalars(select(Member).where(Member.id == member.id)).one()
        events = session.scalars(
            select(AuditEvent)
            .where(AuditEvent.subject_id == member.id, AuditEvent.subject_kind == "member")
            .order_by(AuditEvent.id)
        ).all()
    assert (stored.roles, stored.left_at, stored.name) == (["dealer-manager", "dealer-clerk"], WHEN, "王芳")
    assert [event.act for event in events] == ["member:add", "member:change-roles", "member:remove"]
    assert events[1].facts == {
        "name": "王芳",
        "roles_before": ["dealer-clerk"],
        "roles": ["dealer-manager", "dealer-clerk"],
    }
    assert {(event.dealer_id, event.public, event.actor_name) for event in events} == {(home.d1.id, True, "管理员")}


def test_only_who_manages_members_gives_a_place(home: World) -> None:
    login_id, login = new_login()
    with pytest.raises(Refused, match="permission-missing"), home.as_(home.hq.manager) as session:
        actions.add_member(
            session,
            home.hq.manager,
            login_id=login_id,
            login=login,
            name="王芳",
            roles=["dealer-clerk"],
            dealer_id=home.d1.id,
            at=WHEN,
        )
    with home.as_(home.hq.auditor) as session:
        assert session.scalars(select(Member).where(Member.login_id == login_id)).all() == []


def test_headquarters_own_members_are_no_dealers_business(home: World) -> None:
    login_id, login = new_login()
    member = give_place(home, login_id, login, Role.HQ_CLERK)
    with home.as_(home.hq.auditor) as session:
        event = session.scalars(
            select(AuditEvent).where(AuditEvent.subject_id == member.id, AuditEvent.act == "member:add")
        ).one()
    assert (event.public, event.dealer_id) == (False, None)


@pytest.mark.parametrize("change", [actions.change_roles, actions.remove_member])
def test_nobody_changes_their_own_place_not_even_through_another(home: World, change) -> None:
    admin = home.hq.admin
    also = give_place(
        home,
        admin.login_id,
        "x",
        Role.DEALER_CLERK,
        dealer_id=[home.d1.id, home.d2.id][change is actions.remove_member],
    )
    how = {"roles": ["hq-finance"]} if change is actions.change_roles else {}
    for member_id in (admin.scope.member_id, also.id):
        with pytest.raises(Refused, match="own-member"), home.as_(admin) as session:
            change(session, admin, member_id, at=WHEN, **how)


@pytest.mark.parametrize(
    ("roles", "code"),
    [
        (["hq-clerk"], "role-of-other-side"),
        (["dealer-clerk", "hq-auditor"], "role-of-other-side"),
        (["emperor"], "role-of-other-side"),
        ([], "role-needed"),
    ],
)
def test_AZ2_roles_of_the_other_side_unknown_ones_and_none_are_refused(
    home: World, roles: list[str], code: str
) -> None:
    manager = home.d1.manager
    with pytest.raises(Refused) as refused, home.as_(manager) as session:
        actions.change_roles(session, manager, home.d1.clerk.scope.member_id, roles=roles, at=WHEN)
    assert (refused.value.code, refused.value.field) == (code, "roles")
    with home.as_(manager) as session:
        assert session.scalars(select(Member.roles).where(Member.id == home.d1.clerk.scope.member_id)).one() == [
            "dealer-clerk"
        ]


def test_a_dealers_role_is_no_place_at_headquarters(home: World) -> None:
    login_id, login = new_login()
    with pytest.raises(Refused, match="role-of-other-side"):
        give_place(home, login_id, login, Role.DEALER_MANAGER)


def test_R1_another_dealers_member_and_one_who_left_are_not_there(home: World) -> None:
    login_id, login = new_login()
    gone = give_place(home, login_id, login, Role.DEALER_CLERK, dealer_id=home.d1.id)
    manager = home.d1.manager
    with home.as_(manager) as session:
        actions.remove_member(session, manager, gone.id, at=WHEN)
    for member_id in (home.d2.clerk.scope.member_id, home.hq.clerk.scope.member_id, gone.id, 999_999_999):
        with pytest.raises(NotFound), home.as_(manager) as session:
            actions.change_roles(session, manager, member_id, roles=["dealer-clerk"], at=WHEN)


def test_members_are_managed_by_who_may(home: World) -> None:
    for actor in (home.hq.manager, home.d1.clerk):
        with pytest.raises(Refused, match="permission-missing"), home.as_(actor) as session:
            actions.change_roles(session, actor, home.d1.technician.scope.member_id, roles=["dealer-manager"], at=WHEN)
