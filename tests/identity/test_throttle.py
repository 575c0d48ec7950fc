"""Guessing is slowed in the database, per pair, login and address, and nobody can be locked out by others (AN2)."""

from __future__ import annotations

import os
import threading
from itertools import count

import pytest
from sqlalchemy import text

from portal.core.db import db
from portal.core.errors import Refused
from portal.core.settings import Settings
from portal.identity import actions, passwords, queries, rules
from portal.identity.actions import throttle
from portal.identity.roles import Role
from portal.identity.rules import Limit, try_key
from tests.factories.world import World
from tests.identity.people import PASSWORD, by_force, give_place, new_login, person, sign_in, token_of

_number = count(1)
LIMIT = Limit(3, 2, 8)
LONG = Limit(3, 2000, 8000)  # longer than any test runs, however slow the machine


@pytest.fixture
def long_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same free tries, and waits that no slow machine outlasts."""
    for name in ("PAIR", "ADDRESS"):
        monkeypatch.setattr(rules, name, Limit(getattr(rules, name).free, 2000, 2000))


def new_key() -> str:
    return try_key("test", str(os.getpid()), str(next(_number)))


def new_address() -> str:
    number = next(_number)
    return f"10.77.{number // 250}.{number % 250 + 1}"


def enter(login: str, password: str, address: str) -> None:
    actions.sign_in(db.engine, login, password, address=address, agent=None, seconds=60)


def refusal(login: str, password: str, address: str) -> tuple[str, object]:
    with pytest.raises(Refused) as refused:
        enter(login, password, address)
    return refused.value.code, refused.value.facts.get("seconds")


def wait_over(settings: Settings, *keys: str) -> None:
    """Time goes by until the next try is free; what was counted stays."""
    by_force(settings, "UPDATE login_tries SET free_at = clock_timestamp() WHERE key = ANY (:keys)", keys=list(keys))


def test_AN2_after_the_free_tries_each_wait_is_twice_as_long_up_to_the_longest(app, settings: Settings) -> None:
    key, waits = new_key(), []
    for _try in range(8):
        throttle.take(db.engine, [(key, LIMIT)])
        ((left,),) = by_force(
            settings, "SELECT round(extract(epoch FROM free_at - last_at)) FROM login_tries WHERE key = :key", key=key
        )  # type: ignore[misc]
        waits.append(int(left))
        wait_over(settings, key)
    assert waits == [0, 0, 0, 2, 4, 8, 8, 8]


def test_AN2_a_try_during_the_wait_is_told_how_long_and_is_not_counted(app, settings: Settings) -> None:
    key = new_key()
    for _try in range(4):
        throttle.take(db.engine, [(key, LONG)])
    for _try in range(3):
        with pytest.raises(Refused) as refused:
            throttle.take(db.engine, [(key, LONG)])
        assert refused.value.code == "too-many-tries"
        assert 1990 < refused.value.facts["seconds"] <= 2000
    assert by_force(settings, "SELECT tries FROM login_tries WHERE key = :key", key=key) == [(4,)]


def test_after_an_hour_without_any_the_tries_are_counted_anew(app, settings: Settings) -> None:
    key = new_key()
    for _try in range(4):
        throttle.take(db.engine, [(key, LIMIT)])
    for age, tries in (("59 minutes", 5), ("61 minutes", 1)):
        by_force(
            settings,
            "UPDATE login_tries SET last_at = clock_timestamp() - CAST(:age AS interval), free_at = clock_timestamp() WHERE key = :key",
            key=key,
            age=age,
        )
        throttle.take(db.engine, [(key, LIMIT)])
        assert by_force(settings, "SELECT tries FROM login_tries WHERE key = :key", key=key) == [(tries,)]


def test_AN2_thirty_at_once_over_two_processes_connections_are_counted_one_by_one(app, settings: Settings) -> None:
    """Counted before it is looked at: requests that come together cannot all slip through while nothing is counted yet."""
    keys, through, start, engine = [new_key(), new_key()], [], threading.Barrier(6), db.engine

    def guess() -> None:
        start.wait()
        for _try in range(5):
            try:
                throttle.take(engine, [(key, LONG) for key in keys])
            except Refused:
                continue
            through.append(1)

    threads = [threading.Thread(target=guess) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(through) == LONG.free + 1
    assert by_force(settings, "SELECT DISTINCT tries FROM login_tries WHERE key = ANY (:keys)", keys=keys) == [(4,)]


def test_AN2_a_thousand_passwords_at_one_login_from_one_address_get_six_looks(
    home: World, long_waits, monkeypatch
) -> None:
    _actor, login = person(home, Role.HQ_CLERK)
    looked: list[str] = []
    monkeypatch.setattr(passwords, "matches", lambda password, stored: bool(looked.append(password)))
    address = new_address()
    answers = [refusal(login, f"guess {number}", address)[0] for number in range(1000)]
    assert answers[:6] == ["sign-in-failed"] * 6
    assert set(answers[6:]) == {"too-many-tries"}
    assert len(looked) == 6


def test_AN2_control_without_the_throttle_every_password_is_looked_at(home: World, monkeypatch) -> None:
    _actor, login = person(home, Role.HQ_CLERK)
    monkeypatch.setattr(passwords, "matches", lambda password, stored: False)
    monkeypatch.setattr(throttle, "take", lambda engine, counted: None)
    address = new_address()
    assert {refusal(login, f"guess {number}", address)[0] for number in range(50)} == {"sign-in-failed"}


def test_AN2_spraying_one_password_over_two_hundred_logins_gets_thirty_one_looks(
    home: World, long_waits, monkeypatch
) -> None:
    looked: list[str] = []
    monkeypatch.setattr(passwords, "matches", lambda password, stored: bool(looked.append(password)))
    address = new_address()
    answers = [refusal(f"somebody{number}@example.com", "Summer2026!", address)[0] for number in range(200)]
    assert (len(looked), answers.count("sign-in-failed"), answers.count("too-many-tries")) == (31, 31, 169)


def test_AN2_an_unknown_login_is_slowed_like_a_known_one(home: World, long_waits, monkeypatch) -> None:
    _actor, login = person(home, Role.HQ_CLERK)
    monkeypatch.setattr(passwords, "matches", lambda password, stored: False)
    told = []
    for name in (login, f"not-there-{login}"):
        address = new_address()
        told.append([refusal(name, "x", address)[0] for _try in range(8)])
    assert told[0] == told[1] == ["sign-in-failed"] * 6 + ["too-many-tries"] * 2


def test_AN2_a_login_spelt_otherwise_is_not_found_under_another_key(home: World) -> None:
    """To the database "İ" is a capital i: each spelling would have tries, and mails, of its own."""
    login_id, login = new_login(name="iris")
    give_place(home, login_id, login, Role.HQ_CLERK)
    mail = f"iris{login_id}@example.com"
    with db.engine.begin() as connection:
        connection.execute(text("SELECT login_set_email(:login, :mail)"), {"login": login_id, "mail": mail})
    assert refusal(login.replace("i", "İ", 1), PASSWORD, new_address()) == ("sign-in-failed", None)
    assert queries.logins_to_reset(db.engine, mail.replace("i", "İ", 1)) == []
    enter(login.upper(), PASSWORD, new_address())  # the control: capitals are the same letters
    assert [found.id for found in queries.logins_to_reset(db.engine, f" {mail.upper()} ")] == [login_id]


def test_AN2_guesses_from_elsewhere_lock_nobody_out(home: World, settings: Settings, monkeypatch) -> None:
    """The owner signs in at once from an address that was seen before, and within 15 seconds from any other."""
    _actor, login = person(home, Role.HQ_CLERK)
    own, new = new_address(), new_address()
    enter(login, PASSWORD, own)
    right = passwords.matches
    monkeypatch.setattr(passwords, "matches", lambda password, stored: False)
    account = try_key("account", login)
    for _guess in range(200):  # from 200 addresses, each wait on the account sat out
        wait_over(settings, account)
        assert refusal(login, "guess", new_address())[0] == "sign-in-failed"
    monkeypatch.setattr(passwords, "matches", right)
    code, seconds = refusal(login, PASSWORD, new)
    assert code == "too-many-tries"
    assert 1 <= int(str(seconds)) <= rules.ACCOUNT.most == 15
    enter(login, PASSWORD, own)
    enter(login, PASSWORD, new)  # the right password has forgotten the account's tries


def test_a_right_password_forgets_the_wrong_ones_before_it_and_the_audit_says_how_many(
    home: World, settings: Settings
) -> None:
    actor, login = person(home, Role.HQ_CLERK)
    address = new_address()
    for _try in range(4):
        assert refusal(login, "wrong", address) == ("sign-in-failed", None)
    enter(login, PASSWORD, address)
    for _try in range(5):
        assert refusal(login, "wrong", address) == ("sign-in-failed", None)
    ((facts,),) = by_force(
        settings, "SELECT facts FROM audit_events WHERE login_id = :id AND act = 'session:sign-in'", id=actor.login_id
    )  # type: ignore[misc]
    assert facts == {"tries": 4, "second_factor": ""}


def test_ones_own_login_between_the_guesses_does_not_reset_the_address(home: World, monkeypatch) -> None:
    """A guesser with a login of its own gains nothing by signing in after every guess."""
    _actor, own = person(home, Role.HQ_CLERK)
    monkeypatch.setattr(passwords, "matches", lambda password, stored: password == PASSWORD and stored is not None)
    address, answers = new_address(), []
    for number in range(60):
        try:
            enter(f"victim{number}@example.com", "guess", address)
        except Refused as error:
            answers.append(error.code)
        try:
            enter(own, PASSWORD, address)
        except Refused as error:
            assert error.code == "too-many-tries"
    assert answers.count("sign-in-failed") <= rules.ADDRESS.free + 1
    assert "too-many-tries" in answers


def test_the_page_says_how_long_to_wait_in_the_readers_language_and_in_the_head(
    client_as, home: World, long_waits
) -> None:
    _actor, login = person(home, Role.HQ_CLERK)
    browser = client_as(None)
    for _try in range(6):
        assert sign_in(browser, login, "wrong").status_code == 422
    answer = sign_in(browser, login)
    assert answer.status_code == 429
    wait = answer.headers["Retry-After"]
    assert 1900 < int(wait) <= 2000
    assert f"请等 {wait} 秒" in answer.get_data(as_text=True)
    browser.set_cookie("portal_lang", "en")
    english = sign_in(browser, login)
    assert f"wait {english.headers['Retry-After']} seconds" in english.get_data(as_text=True)
    assert sign_in(browser, f"{login}x", "wrong").status_code == 422  # others are let in from here


def test_a_flood_of_passwords_is_sent_away_with_503_before_it_takes_every_thread(
    client_as, home: World, monkeypatch
) -> None:
    _actor, login = person(home, Role.HQ_CLERK)
    browser = client_as(None)
    form = token_of(browser)
    full = threading.BoundedSemaphore(1)
    full.acquire()
    monkeypatch.setattr(passwords, "_waiting", full)
    answer = browser.post("/sign-in", data={"csrf_token": form, "login": login, "password": PASSWORD}, headers={})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    monkeypatch.undo()
    assert sign_in(browser, login).status_code == 303


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::ffff", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        (None, ""),
        ("no address", "no address"),
    ],
)
def test_AN2_a_lines_whole_ipv6_network_counts_as_one_address(address: str | None, network: str) -> None:
    assert rules.network(address) == network


def test_what_is_counted_is_kept_as_a_hash_for_people_type_passwords_into_the_wrong_field(
    home: World, settings: Settings
) -> None:
    secret = f"my-password-{os.getpid()}"
    refusal(secret, "x", new_address())
    assert by_force(settings, "SELECT 1 FROM login_tries WHERE key LIKE :like", like=f"%{secret}%") == []
    assert by_force(settings, "SELECT DISTINCT length(key) FROM login_tries") == [(64,)]


def test_old_tries_links_and_unconfirmed_factors_are_swept_and_young_ones_stay(home: World, settings: Settings) -> None:
    old, young = new_key(), new_key()
    for key in (old, young):
        throttle.take(db.engine, [(key, LIMIT)])
    actor, _login = person(home, Role.HQ_CLERK)
    with home.as_(actor) as session:
        kept = actions.new_reset(session, actor, actor.login_id, "x", dealer_id=None, at=actions_at())
        gone = actions.new_reset(session, actor, actor.login_id, "x", dealer_id=None, at=actions_at())
        actions.start_second_factor(session, actor, at=actions_at())
    by_force(settings, "UPDATE login_tries SET last_at = last_at - interval '25 hours' WHERE key = :key", key=old)
    by_force(
        settings,
        "UPDATE login_links SET ends_at = ends_at - interval '25 hours' WHERE token_hash = :hash",
        hash=actions.token_hash(gone),
    )
    by_force(
        settings,
        "UPDATE second_factors SET made_at = made_at - interval '25 hours' WHERE login_id = :id",
        id=actor.login_id,
    )
    assert actions.forget_old(db.engine) >= 2
    assert by_force(settings, "SELECT key FROM login_tries WHERE key IN (:a, :b)", a=old, b=young) == [(young,)]
    assert by_force(
        settings,
        "SELECT token_hash FROM login_links WHERE token_hash IN (:a, :b)",
        a=actions.token_hash(kept),
        b=actions.token_hash(gone),
    ) == [(actions.token_hash(kept),)]
    assert by_force(settings, "SELECT 1 FROM second_factors WHERE login_id = :id", id=actor.login_id) == []
    assert actions.forget_old(db.engine) == 0


def actions_at():
    from tests.factories.world import at

    return at("2026-10-05 10:00")
