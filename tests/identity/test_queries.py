"""Who somebody is: logins, places, sessions and brands, read through narrow functions before a brand is known."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from portal.core.db import db
from portal.core.errors import NotFound
from portal.core.settings import Settings
from portal.identity import actions, queries
from portal.identity.roles import HOLDS, Role
from tests.factories.world import World, make_world
from tests.identity.people import PASSWORD, by_force, give_place, new_login, password_hash

HOUR = 3600


@pytest.fixture(scope="module")
def home(app) -> World:
    return make_world()


def opened(login: str) -> str:
    token, _ = actions.sign_in(db.engine, login, PASSWORD, address="127.0.0.1", agent="pytest", seconds=HOUR)
    return actions.token_hash(token)


def test_a_login_is_found_whatever_its_case_and_nobody_else_is(home: World) -> None:
    login_id, login = new_login()
    assert queries.login_by_name(db.engine, login.upper()) == (login_id, password_hash(), False)
    assert queries.login_by_name(db.engine, "nobody@example.com") is None


def test_T4_nobody_lists_logins_sessions_or_brands(home: World) -> None:
    for table in ("logins", "login_sessions", "brands", "members"):
        with pytest.raises(DBAPIError, match="permission denied"), db.engine.connect() as connection:
            connection.execute(text(f"SELECT * FROM {table}"))
    for table in ("logins", "login_sessions"):
        with pytest.raises(DBAPIError, match="permission denied"), home.as_(home.hq.admin) as session:
            session.execute(text(f"SELECT * FROM {table}"))


def test_places_are_ones_own_that_were_not_ended_headquarters_first(home: World, settings: Settings) -> None:
    login_id, login = new_login()
    shop = give_place(
        home, login_id, login, Role.DEALER_CLERK, Role.DEALER_TECHNICIAN, dealer_id=home.d2.id, name="李雷"
    )
    head = give_place(home, login_id, login, Role.HQ_CLERK)
    gone = give_place(home, login_id, login, Role.DEALER_CLERK, dealer_id=home.d1.id)
    with home.as_(home.hq.admin) as session:
        actions.remove_member(session, home.hq.admin, gone.id, at=gone.joined_at)
    with db.engine.begin() as connection:
        found = queries.places(connection, login_id)
    assert [(p.member_id, p.dealer_code, p.dealer_id) for p in found] == [
        (head.id, None, None),
        (shop.id, "D002", home.d2.id),
    ]
    assert (found[1].name, found[1].roles, found[1].brand_code) == (
        "李雷",
        ("dealer-clerk", "dealer-technician"),
        home.code,
    )
    actor = found[1].actor(login_id, address="10.0.0.1", via="command")
    assert (actor.side, actor.scope.dealer_id, actor.dealer_code, actor.via, actor.address) == (
        "dealer",
        home.d2.id,
        "D002",
        "command",
        "10.0.0.1",
    )
    assert actor.permissions == HOLDS[Role.DEALER_CLERK] | HOLDS[Role.DEALER_TECHNICIAN]


def test_a_live_session_is_its_login_places_and_chosen_place(home: World) -> None:
    login_id, login = new_login()
    member = give_place(home, login_id, login, Role.HQ_CLERK)
    found = queries.signed_in(db.engine, opened(login), HOUR)
    assert found is not None
    assert (found.login_id, found.login, found.place) == (login_id, login, found.places[0])
    assert found.place is not None
    assert found.place.member_id == member.id
    assert queries.signed_in(db.engine, actions.token_hash("guessed"), HOUR) is None


def test_a_place_that_was_ended_is_chosen_no_longer_and_the_only_other_one_is(home: World, settings: Settings) -> None:
    login_id, login = new_login()
    head = give_place(home, login_id, login, Role.HQ_CLERK)
    shop = give_place(home, login_id, login, Role.DEALER_CLERK, dealer_id=home.d1.id)
    token_hash = opened(login)
    with home.as_(home.hq.admin) as session:
        actions.remove_member(session, home.hq.admin, head.id, at=head.joined_at)
    found = queries.signed_in(db.engine, token_hash, HOUR)
    assert found is not None
    assert found.place is not None
    assert found.place.member_id == shop.id


def test_with_two_others_left_one_must_choose(home: World) -> None:
    login_id, login = new_login()
    head = give_place(home, login_id, login, Role.HQ_CLERK)
    for dealer in (home.d1.id, home.d2.id):
        give_place(home, login_id, login, Role.DEALER_CLERK, dealer_id=dealer)
    token_hash = opened(login)
    with home.as_(home.hq.admin) as session:
        actions.remove_member(session, home.hq.admin, head.id, at=head.joined_at)
    found = queries.signed_in(db.engine, token_hash, HOUR)
    assert found is not None
    assert (found.place, len(found.places)) == (None, 2)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE login_sessions SET seen_at = seen_at - interval '61 minutes' WHERE token_hash = :hash",
        "UPDATE login_sessions SET ends_at = clock_timestamp() - interval '1 second' WHERE token_hash = :hash",
        "UPDATE login_sessions SET ended_at = clock_timestamp() WHERE token_hash = :hash",
        "UPDATE logins SET disabled_at = clock_timestamp() WHERE id = (SELECT login_id FROM login_sessions WHERE token_hash = :hash)",
    ],
    ids=["idle", "absolute end", "ended", "disabled"],
)
def test_AN5_a_session_that_is_over_is_nobodys(home: World, settings: Settings, change: str) -> None:
    login_id, login = new_login()
    give_place(home, login_id, login, Role.HQ_CLERK)
    token_hash = opened(login)
    by_force(settings, change, hash=token_hash)
    assert queries.signed_in(db.engine, token_hash, HOUR) is None


def test_AN5_a_session_in_use_is_kept_awake(home: World, settings: Settings) -> None:
    login_id, login = new_login()
    give_place(home, login_id, login, Role.HQ_CLERK)
    token_hash = opened(login)
    by_force(
        settings,
        "UPDATE login_sessions SET seen_at = seen_at - interval '59 minutes' WHERE token_hash = :hash",
        hash=token_hash,
    )
    assert queries.signed_in(db.engine, token_hash, HOUR) is not None
    ((seconds,),) = by_force(
        settings,
        "SELECT extract(epoch FROM clock_timestamp() - seen_at) FROM login_sessions WHERE token_hash = :hash",
        hash=token_hash,
    )  # type: ignore[misc]
    assert seconds < 30


def test_brands_are_known_by_code_alone(home: World) -> None:
    found = queries.brand_by_code(db.engine, home.code)
    assert (found.id, found.zone, found.name_en) == (home.brand_id, "Asia/Shanghai", f"Brand {home.code}")
    assert home.code in queries.brand_codes(db.engine)
    with pytest.raises(NotFound):
        queries.brand_by_code(db.engine, "no-such-brand")


def test_the_system_holds_all_of_headquarters_and_nothing_of_a_dealers(home: World) -> None:
    system = queries.system_actor(queries.brand_by_code(db.engine, home.code), via="command")
    assert system.permissions == frozenset().union(*(held for role, held in HOLDS.items() if role.side == "hq"))
    assert (system.is_system, system.via, system.scope.member_id, system.name) == (True, "command", 0, "system")


def test_R1_a_dealers_members_see_their_own_only_headquarters_all(home: World) -> None:
    with home.as_(home.d1.manager) as session:
        assert {member.dealer_id for member in queries.members(session)} == {home.d1.id}
    with home.as_(home.hq.auditor) as session:
        found = queries.members(session)
    assert {member.dealer_id for member in found} == {None, home.d1.id, home.d2.id}
    assert found[0].dealer_id is None


def test_R43_who_also_serves_a_dealer_is_known(home: World) -> None:
    login_id, login = new_login()
    give_place(home, login_id, login, Role.HQ_CLERK)
    member = give_place(home, login_id, login, Role.DEALER_CLERK, dealer_id=home.d1.id)
    with home.as_(home.hq.clerk) as session:
        assert queries.serves(session, login_id, home.d1.id) is True
        assert queries.serves(session, login_id, home.d2.id) is False
        assert queries.serves(session, None, home.d1.id) is False
    with home.as_(home.hq.admin) as session:
        actions.remove_member(session, home.hq.admin, member.id, at=member.joined_at)
        assert queries.serves(session, login_id, home.d1.id) is False


def test_R1_a_role_of_the_other_side_written_into_a_members_row_gives_nothing(world):
    with db.engine.begin() as connection:
        place = queries.places(connection, world.d1.clerk.login_id)[0]
    forged = replace(place, roles=("dealer-clerk", "hq-finance-manager")).actor(1, address=None)
    assert forged.roles == ("dealer-clerk",)
    assert forged.permissions == place.actor(1, address=None).permissions
