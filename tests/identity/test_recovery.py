"""Forgotten passwords: the same answer to everybody, a link that works once, for 30 minutes, and ends all that was (AN3, AN4)."""

from __future__ import annotations

import re
import threading

import pytest
from flask import Flask
from sqlalchemy import event

from portal.core.db import db
from portal.core.errors import Refused
from portal.core.outbox import OutboxState
from portal.core.settings import Settings
from portal.identity import actions, passwords, queries
from portal.identity.roles import Role
from portal.identity.views import recovery
from portal.notices import mail
from tests.factories.world import World, at
from tests.identity.people import (
    PASSWORD,
    acts_of,
    by_force,
    in_use,
    inside,
    line_of,
    mails,
    person,
    post,
    sign_in,
    token_of,
)

NEW = "三月 的 雨 下了 a whole week"
_TOKENS = r'(?:name="(?:csrf_token|form_key)" value=|nonce=|"inlineScriptNonce": |"X-CSRFToken": )"[^"]*"'


def address(name: str) -> str:
    import os

    return f"{name}.{os.getpid()}@mail.example"


def ask(browser, typed: str):
    """What the page sends; the mail is written once the answer has left, which closing it stands for."""
    answer = post(browser, "/forgotten", login=typed)
    answer.close()
    return answer


def link_to(world: World, to: str) -> str:
    """The path of the newest mailed link."""
    secret = mails(world, to)[-1].secret
    assert secret is not None
    return secret.removeprefix("http://localhost")


def reset(browser, link: str, password: str = NEW, again: str | None = None):
    return post(browser, link, password=password, again=password if again is None else again)


# -- asking --


def test_AN4_the_mail_carries_a_whole_address_from_the_settings_whatever_host_was_asked(client_as, home: World) -> None:
    to = address("host")
    _actor, login = person(home, Role.HQ_CLERK, email=to)
    browser = client_as(None)
    answer = browser.post(
        "/forgotten",
        data={"csrf_token": token_of(browser, "/forgotten"), "login": login.upper()},
        headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"},
    )
    answer.close()
    # the form's cookie is another host's, so the forged one does not even get past the forgery check: asked again rightly
    assert (answer.status_code, mails(home, to)) == (400, [])
    assert ask(browser, login.upper()).status_code == 200
    (message,) = mails(home, to)
    assert re.fullmatch(r"http://localhost/reset/[A-Za-z0-9_-]{43}", str(message.secret))
    assert (message.template, message.facts, message.state, message.dealer_id) == (
        "password-reset",
        {"login": login, "minutes": 30},
        OutboxState.WAITING,
        None,
    )
    with browser.application.test_request_context(headers={"Host": "evil.example"}):
        from portal.identity.edge import one_time_address

        assert one_time_address("identity.reset", "x") == "http://localhost/reset/x"


def test_the_mail_reads_well_in_both_languages_and_is_in_the_persons_own_whatever_the_asking_browser_reads(
    app: Flask, client_as, home: World
) -> None:
    to = address("words")
    actor, _login = person(home, Role.HQ_CLERK, email=to)
    browser = client_as(None)
    for language, other, subject in (
        ("zh_Hans_CN", "en", "重设您在 某牌 的密码"),
        ("en", "zh_Hans_CN", "A new password for your login at Some brand"),
    ):
        with home.as_(actor) as session:
            actions.choose_language(session, actor, language, at=at("2026-10-05 10:00"))
        browser.set_cookie("portal_lang", other)
        ask(browser, to.upper())
        message = mails(home, to)[-1]
        assert message.locale == language
        said = mail.words(message, brand={"zh_Hans_CN": "某牌", "en": "Some brand"})
        assert said.subject == subject
        assert str(message.secret) in said.body
        assert "30" in said.body


def test_a_dealers_person_is_mailed_through_its_own_place(client_as, home: World) -> None:
    to = address("shop")
    person(home, Role.DEALER_CLERK, dealer_id=home.d1.id, email=to)
    ask(client_as(None), to)
    (message,) = mails(home, to)
    assert message.dealer_id == home.d1.id


def test_AN4_only_the_hash_of_the_link_is_kept(client_as, home: World, settings: Settings) -> None:
    to = address("hash")
    actor, _login = person(home, Role.HQ_CLERK, email=to)
    ask(client_as(None), to)
    token = link_to(home, to).rpartition("/")[2]
    rows = by_force(
        settings,
        "SELECT kind, token_hash, extract(epoch FROM ends_at - created_at) FROM login_links WHERE login_id = :id",
        id=actor.login_id,
    )
    assert rows == [("reset", actions.token_hash(token), 1800)]


def test_AN3_the_answer_is_the_same_to_everybody(client_as, home: World, settings: Settings) -> None:
    to = address("same")
    person(home, Role.HQ_CLERK, email=to)
    _, without = person(home, Role.HQ_CLERK)
    off, disabled = person(home, Role.HQ_CLERK, email=address("off"))
    by_force(settings, "UPDATE logins SET disabled_at = clock_timestamp() WHERE id = :id", id=off.login_id)
    answers = set()
    for typed in (to, "nobody@mail.example", without, disabled, "x\u4e0d"):
        answer = ask(client_as(None), typed)
        body = re.sub(_TOKENS, "", answer.get_data(as_text=True))
        answers.add((answer.status_code, body, tuple(name for name, _value in answer.headers)))
    assert len(answers) == 1
    assert next(iter(answers))[0] == 200
    assert len(mails(home, to)) == 1
    assert mails(home, address("off")) == []


class Statements:
    """Every statement of the running request, in its order."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def __enter__(self) -> list[str]:
        event.listen(db.engine, "before_cursor_execute", self._note)
        return self.seen

    def __exit__(self, *_error: object) -> None:
        event.remove(db.engine, "before_cursor_execute", self._note)

    def _note(self, _connection, _cursor, statement: str, *_more: object) -> None:
        self.seen.append(statement)


def test_AN3_the_same_statements_run_before_the_answer_leaves(client_as, home: World) -> None:
    """Nothing of a reset is looked up before, so there is no time to tell a known address by."""
    to, before = address("time"), []
    person(home, Role.HQ_CLERK, email=to)
    for typed in (to, "not-there@mail.example"):
        browser = client_as(None)
        form = token_of(browser, "/forgotten")
        with Statements() as seen:
            answer = browser.post(
                "/forgotten", data={"csrf_token": form, "login": typed}, headers={}, environ_overrides=line_of(browser)
            )
            before.append(list(seen))
            answer.close()
            after = seen[len(before[-1]) :]
        assert any("logins_to_reset" in statement for statement in after)  # control: there it is looked up
    assert before[0] == before[1]
    assert not any("logins" in statement or "login_links" in statement for statement in before[0])


def test_AN3_the_connection_that_asked_does_not_wait_for_the_mail(
    app: Flask, client_as, home: World, monkeypatch
) -> None:
    """A second request on it would be late where there is somebody to write to: 10 ms after 2 ms, as was measured."""
    to, held = address("beside"), threading.Event()
    _actor, login = person(home, Role.HQ_CLERK, email=to)
    recovery._beside.submit(held.wait, 60)
    monkeypatch.setattr(app, "testing", False)  # as in production: nobody waits
    try:
        assert ask(client_as(None), login).status_code == 200
        assert mails(home, to) == []
    finally:
        held.set()
    recovery._beside.submit(int).result(60)
    assert len(mails(home, to)) == 1


def test_AN3_a_wrong_password_runs_the_same_statements_and_one_argon2_for_everybody(
    home: World, settings: Settings, monkeypatch
) -> None:
    _actor, login = person(home, Role.HQ_CLERK)
    off, disabled = person(home, Role.HQ_CLERK)
    by_force(settings, "UPDATE logins SET disabled_at = clock_timestamp() WHERE id = :id", id=off.login_id)
    verified: list[str] = []
    hasher = passwords._hasher

    class Counting:
        def verify(self, stored: str, typed: str) -> bool:
            verified.append(stored[:30])
            return hasher.verify(stored, typed)

    monkeypatch.setattr(passwords, "_hasher", Counting())
    ran = []
    for number, (name, password) in enumerate(((login, "wrong"), ("nobody at all", "wrong"), (disabled, PASSWORD))):
        with Statements() as seen, pytest.raises(Refused, match="sign-in-failed"):
            actions.sign_in(db.engine, name, password, address=f"10.66.0.{number}", agent=None, seconds=60)
        ran.append(list(seen))
    assert ran[0] == ran[1] == ran[2]
    assert len(ran[0]) == 2
    assert verified == [verified[0]] * 3  # the same parameters: the same work


def test_AN3_a_login_with_several_at_one_address_gets_a_link_for_each(client_as, home: World) -> None:
    to = address("two")
    logins = [person(home, Role.HQ_CLERK, email=to)[1] for _login in range(2)]
    ask(client_as(None), to)
    assert [message.facts["login"] for message in mails(home, to)] == logins


def test_AN2_asking_is_slowed_per_address_and_says_so_alike(client_as, home: World) -> None:
    to = address("often")
    person(home, Role.HQ_CLERK, email=to)
    for typed in (to, "never-there@mail.example"):
        browser = client_as(None)
        assert [ask(browser, typed).status_code for _ask in range(6)] == [200, 200, 200, 200, 429, 429]
    assert len(mails(home, to)) == 4
    assert ask(client_as(None), to).status_code == 200  # another line is not held up by it
    assert len(mails(home, to)) == 5


# -- setting it --


def test_AN4_a_link_works_once_and_ends_every_session_and_every_other_link(client_as, home: World) -> None:
    to = address("once")
    actor, login = person(home, Role.HQ_CLERK, email=to)
    signed_in, browser = client_as(None), client_as(None)
    sign_in(signed_in, login)
    ask(browser, to)
    first = link_to(home, to)
    ask(browser, to)
    second = link_to(home, to)
    for _look in range(2):  # opening it uses nothing up: mail programs look at links before people do
        assert browser.get(second).status_code == 200
    answer = reset(browser, second)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in")
    assert not inside(signed_in)
    assert not inside(browser)  # by a link alone nobody is let in
    for link in (first, second):
        assert browser.get(link).status_code == 410
    assert sign_in(client_as(None), login).status_code == 422
    assert sign_in(client_as(None), login, NEW).status_code == 303
    told = mails(home, to)[-1]
    assert (told.template, told.secret, told.facts) == ("password-changed", None, {"login": login})
    assert ("login:reset-password", actor.name, {}) in acts_of(home, kind="login")


def test_AN4_two_at_once_with_one_link_one_password_is_set(app: Flask, home: World) -> None:
    actor, _login = person(home, Role.HQ_CLERK, email=address("race"))
    with home.as_(home.hq.system) as session:
        token = actions.new_reset(
            session, home.hq.system, actor.login_id, "x", dealer_id=None, at=at("2026-10-05 10:00")
        )
    login, mine = queries.login_to_reset(db.engine, actions.token_hash(token))
    outcomes, start = [], threading.Barrier(4)

    def use(number: int) -> None:
        start.wait()
        with app.app_context():
            try:
                with home.as_(mine) as session:
                    actions.reset_password(
                        session, mine, login, token, password_hash=f"hash {number}", at=at("2026-10-05 10:00")
                    )
                outcomes.append(number)
            except Refused as error:
                outcomes.append(error.code)

    threads = [threading.Thread(target=use, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = (one for one in outcomes if one != "link-over")
    assert len(outcomes) == 4
    assert queries.login(db.engine, login.id).password_hash == f"hash {winner}"


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ("UPDATE login_links SET ends_at = clock_timestamp() + interval '20 seconds' WHERE token_hash = :hash", 200),
        ("UPDATE login_links SET ends_at = clock_timestamp() WHERE token_hash = :hash", 410),
        ("UPDATE login_links SET used_at = clock_timestamp() WHERE token_hash = :hash", 410),
        ("UPDATE login_links SET kind = 'code' WHERE token_hash = :hash", 410),
        (
            "UPDATE logins SET disabled_at = clock_timestamp() WHERE id = (SELECT login_id FROM login_links WHERE token_hash = :hash)",
            410,
        ),
        (
            "UPDATE members SET left_at = clock_timestamp() WHERE login_id = (SELECT login_id FROM login_links WHERE token_hash = :hash)",
            410,
        ),
    ],
    ids=[
        "control: its last seconds",
        "thirty minutes over",
        "used",
        "of another kind",
        "login disabled",
        "place ended",
    ],
)
def test_AN4_a_link_that_is_over_opens_nothing(
    client_as, home: World, settings: Settings, change: str, status: int
) -> None:
    to = address(f"over{abs(hash(change))}")
    person(home, Role.HQ_CLERK, email=to)
    browser = client_as(None)
    ask(browser, to)
    link = link_to(home, to)
    form = token_of(browser, link)
    by_force(settings, change, hash=actions.token_hash(link.rpartition("/")[2]))
    assert browser.get(link).status_code == status
    data = {"csrf_token": form, "password": NEW, "again": NEW}
    assert browser.post(link, data=data, headers={}).status_code == (303 if status == 200 else 410)


@pytest.mark.parametrize("token", ["x", "%00", "é", "a" * 5000, "..%2f..", "\ud800"])
def test_IE5_a_made_up_link_is_like_one_that_is_over(client_as, token: str) -> None:
    for where in (
        f"/reset/{token.encode('utf-8', 'surrogatepass').decode('latin-1')}",
        f"/invitations/{token.encode('utf-8', 'surrogatepass').decode('latin-1')}",
    ):
        assert client_as(None).get(where).status_code in {400, 404, 410, 303}


def test_AN4_a_changed_address_ends_the_links_that_went_to_the_old_one(client_as, home: World) -> None:
    old, new = address("old"), address("new")
    actor, login = person(home, Role.HQ_CLERK, email=old)
    browser = client_as(None)
    ask(browser, old)
    link = link_to(home, old)
    sign_in(browser, login)
    assert post(browser, "/me/email", email=new.upper(), password=PASSWORD).status_code == 303
    assert browser.get(link).status_code == 200  # until the new address is confirmed the old one counts
    assert post(browser, link_to(home, new)).status_code == 303
    assert browser.get(link).status_code == 410
    assert [message.template for message in mails(home, old)] == [
        "password-reset",
        "email-change-asked",
        "email-changed",
    ]
    assert queries.login(db.engine, actor.login_id).email == new
    with home.as_(home.hq.auditor) as session:
        assert queries.member(session, actor.scope.member_id).email == new
    ask(client_as(None), old)
    assert len(mails(home, old)) == 3


def test_AN4_the_pages_of_links_tell_no_other_page_where_one_came_from(client_as, home: World) -> None:
    to = address("referer")
    person(home, Role.HQ_CLERK, email=to)
    browser = client_as(None)
    ask(browser, to)
    link = link_to(home, to)
    for answer in (browser.get(link), reset(browser, link, "short"), browser.get("/reset/nothing")):
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "no-store" in answer.headers["Cache-Control"]


def test_what_is_no_good_password_is_said_and_the_link_stays_good(client_as, home: World) -> None:
    to = address("weak")
    _actor, login = person(home, Role.HQ_CLERK, email=to)
    browser = client_as(None)
    ask(browser, to)
    link = link_to(home, to)
    for password, again, said in (
        ("kurz", "kurz", "密码至少要有 10 个字符"),
        ("Password2026!", "Password2026!", "太容易猜到"),
        (f"{login} 123", f"{login} 123", "不能包含账号名"),
        (NEW, NEW + "x", "两次输入的新密码不一致"),
    ):
        answer = reset(browser, link, password, again)
        assert answer.status_code == 422
        assert said in answer.get_data(as_text=True)
    assert reset(browser, link).status_code == 303


def test_a_reset_does_not_take_the_second_factor_away(client_as, home: World) -> None:
    to = address("both")
    actor, login = person(home, Role.HQ_CLERK, email=to)
    in_use(actor)
    browser = client_as(None)
    ask(browser, to)
    reset(browser, link_to(home, to))
    answer = sign_in(browser, login, NEW)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in/code")
    assert not inside(browser)
