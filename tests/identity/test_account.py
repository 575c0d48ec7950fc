"""One's own login: password, address, where it is signed in; members signed out and logins disabled (AN2, AN5)."""

from __future__ import annotations

import os
import re
from itertools import count

import pytest

from portal.core.db import db
from portal.core.errors import NotFound, Refused
from portal.core.settings import Settings
from portal.identity import actions, queries
from portal.identity.actions.tokens import make_token, token_digest
from portal.identity.roles import Role
from portal.notices import mail
from tests.factories.world import World, at, make_world
from tests.identity.people import (
    PASSWORD,
    acts_of,
    by_force,
    give_place,
    inside,
    mails,
    new_login,
    person,
    post,
    session_of,
    sign_in,
)

AT = at("2026-10-05 10:00")
NEW = "三月 的 雨 下了 a whole week"
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)
_number = count(1)


def address() -> str:
    return f"own{next(_number)}.{os.getpid()}@mail.example"


def entered(client_as, login: str, password: str = PASSWORD):
    """A browser that signed in with its password."""
    browser = client_as(None)
    assert sign_in(browser, login, password).status_code == 303
    return browser


# -- the password --


def test_AN5_a_new_password_signs_out_every_other_browser_and_says_so_by_mail(client_as, home: World) -> None:
    to = address()
    actor, login = person(home, Role.HQ_CLERK, email=to)
    mine, other = entered(client_as, login), entered(client_as, login)
    with home.as_(actor) as session:
        link = actions.new_reset(session, actor, int(actor.login_id or 0), login, dealer_id=None, at=AT)
        _made, token = make_token(session, actor, name="x", scopes=["orders.read"], at=AT)
    by_token, known = "SELECT token_id FROM token_load(:hash, NULL)", token_digest(token)
    assert _scalar(by_token, hash=known) is not None  # control
    answer = post(mine, "/me/password", old=PASSWORD, password=NEW, again=NEW)
    assert _scalar(by_token, hash=known) is None
    assert (answer.status_code, answer.headers["Location"]) == (303, "/me")
    assert (inside(mine), inside(other)) == (True, False)
    assert mine.get(f"/reset/{link}").status_code == 410
    assert sign_in(client_as(None), login).status_code == 422
    assert inside(entered(client_as, login, NEW))
    (message,) = mails(home, to)
    said = mail.words(message, brand={"zh_Hans_CN": "某牌", "en": "Some brand"})
    assert (message.template, said.subject) == ("password-changed", "您在 某牌 的密码已修改")
    assert "http://localhost/forgotten" in said.body
    assert ("login:change-password", actor.name, {}) in acts_of(home, kind="login")


@pytest.mark.parametrize(
    ("old", "new", "again", "said"),
    [
        ("wrong", NEW, NEW, "密码不对"),
        (PASSWORD, "short", "short", "至少要有 10 个字符"),
        (PASSWORD, "1234567890", "1234567890", "太容易猜到"),
        (PASSWORD, NEW, "another one entirely", "不一致"),
        ("", NEW, NEW, "请填写"),
        (PASSWORD, "x" * 201, "x" * 201, ""),
    ],
)
def test_a_password_is_not_changed_without_the_old_one_or_to_a_bad_one(
    client_as, home: World, old: str, new: str, again: str, said: str
) -> None:
    _actor, login = person(home, Role.HQ_CLERK)
    browser = entered(client_as, login)
    answer = post(browser, "/me/password", old=old, password=new, again=again)
    assert answer.status_code == 422
    assert said in answer.get_data(as_text=True)
    assert not re.search(
        r'type="password"[^>]*value="[^"]', answer.get_data(as_text=True)
    )  # what was typed is not sent back
    assert inside(entered(client_as, login))


def test_another_persons_login_cannot_be_given_to_the_action(home: World) -> None:
    actor, _login = person(home, Role.HQ_CLERK)
    other, _ = person(home, Role.HQ_CLERK)
    theirs = queries.login(db.engine, int(other.login_id or 0))
    for act in (
        lambda session: actions.change_password(session, actor, theirs, password_hash="x", keep="", at=AT),
        lambda session: actions.change_email(session, actor, theirs, email="x@y.cn", link=str, at=AT),
        lambda session: actions.confirm_email(session, actor, theirs, "x", at=AT),
    ):
        with pytest.raises(Refused, match="permission-missing"), home.as_(actor) as session:
            act(session)


# -- sessions --


def rows_of(page: str) -> list[str]:
    return re.findall(r'<td class="c1"><b>([^<]+)</b>', page)


def ids_on(page: str) -> list[int]:
    return [int(found) for found in re.findall(r"/me/sessions/(\d+)/end\"", page)]


def test_sessions_are_listed_with_browser_address_and_place_and_this_one_is_marked(client_as, home: World) -> None:
    actor, login = person(home, Role.DEALER_CLERK, dealer_id=home.d1.id)
    mine = entered(client_as, login)
    actions.sign_in(db.engine, login, PASSWORD, address="203.0.113.77", agent=CHROME, seconds=600)
    page = mine.get("/me/sessions").get_data(as_text=True)
    assert len(rows_of(page)) == 2
    assert "Chrome · Windows" in page
    assert "203.0.113.77" in page
    assert page.count("本机</") == 1
    assert len(ids_on(page)) == 1
    other, _ = person(home, Role.HQ_CLERK)
    assert "203.0.113.77" not in client_as(other).get("/me/sessions").get_data(as_text=True)
    assert actor.login_id != other.login_id


def test_AN5_one_other_browser_is_signed_out_and_then_all_of_them(client_as, home: World) -> None:
    actor, login = person(home, Role.HQ_CLERK)
    browsers = [entered(client_as, login) for _browser in range(4)]
    mine = browsers[0]
    ids = ids_on(mine.get("/me/sessions").get_data(as_text=True))
    assert len(ids) == 3
    assert mine.post(f"/me/sessions/{ids[0]}/end").headers["Location"] == "/me/sessions"
    assert sorted(inside(browser) for browser in browsers) == [False, True, True, True]
    assert mine.post(f"/me/sessions/{ids[0]}/end").status_code == 404
    assert mine.post("/me/sessions/end-others").headers["Location"] == "/me/sessions"
    assert [inside(browser) for browser in browsers] == [True, False, False, False]
    assert "没有在其他地方登录" in mine.get("/me/sessions").get_data(as_text=True)
    assert [facts for act, who, facts in acts_of(home, kind="session") if act == "session:end" and who == actor.name][
        -2:
    ] == [
        {"sessions": 1},
        {"sessions": 2},
    ]


def test_R1_somebody_elses_session_is_not_there(client_as, home: World) -> None:
    _victim, login = person(home, Role.HQ_CLERK)
    theirs = entered(client_as, login)
    (other_id,) = (
        row.id for row in queries.sessions(db.engine, int(_victim.login_id or 0), own_hash="", idle_seconds=600)
    )
    for actor in (home.hq.admin, home.d1.manager):
        assert client_as(actor).post(f"/me/sessions/{other_id}/end").status_code == 404
    assert inside(theirs)
    for nonsense in ("0", "-1", "x", "9" * 30):
        assert client_as(home.hq.admin).post(f"/me/sessions/{nonsense}/end").status_code in {400, 404}


@pytest.mark.parametrize(
    ("change", "alive"),
    [
        ("seen_at = clock_timestamp() - interval '119 minutes 50 seconds'", True),
        ("seen_at = clock_timestamp() - interval '120 minutes'", False),
        ("ends_at = clock_timestamp() + interval '10 seconds'", True),
        ("ends_at = clock_timestamp()", False),
    ],
    ids=["idle, almost", "idle", "old, almost", "old"],
)
def test_AN5_idle_and_absolute_end_to_the_boundary_on_pages_and_in_the_list(
    client_as, home: World, settings: Settings, change: str, alive: bool
) -> None:
    actor, login = person(home, Role.HQ_CLERK)
    browser = entered(client_as, login)
    by_force(
        settings,
        f"UPDATE login_sessions SET {change} WHERE token_hash = :hash",
        hash=actions.token_hash(session_of(browser)),
    )
    seen = queries.sessions(
        db.engine, int(actor.login_id or 0), own_hash="", idle_seconds=settings.session_idle_minutes * 60
    )
    assert (len(seen), inside(browser)) == ((1, True) if alive else (0, False))


def test_an_administrator_signs_a_member_out_of_this_brand_and_of_no_other(client_as, home: World) -> None:
    login_id, login = new_login()
    other = make_world()
    here, there = give_place(home, login_id, login, Role.HQ_CLERK), give_place(other, login_id, login, Role.HQ_CLERK)
    browsers = [entered(client_as, login) for _browser in range(2)]
    assert post(browsers[1], "/place", page="/members", place=f"{other.brand_id}:{there.id}").status_code == 303
    assert post(browsers[0], "/place", page="/members", place=f"{home.brand_id}:{here.id}").status_code == 303
    admin = client_as(home.hq.admin)
    assert admin.post(f"/members/{here.id}/sessions/end").headers["Location"] == f"/members/{here.id}"
    assert [inside(browser) for browser in browsers] == [False, True]
    assert ("member:end-sessions", home.hq.admin.name, {"name": here.name, "sessions": 1}) in acts_of(
        home, kind="member"
    )


def test_a_dealers_manager_signs_out_its_own_people_only(client_as, home: World) -> None:
    actor, login = person(home, Role.DEALER_CLERK, dealer_id=home.d1.id)
    browser, where = entered(client_as, login), f"/members/{actor.scope.member_id}/sessions/end"
    assert client_as(home.d2.manager).post(where).status_code == 404
    assert client_as(home.d1.clerk).post(where).status_code == 403
    assert inside(browser)
    assert client_as(home.d1.manager).post(where).status_code == 303
    assert not inside(browser)


def test_AN5_a_disabled_login_is_out_on_the_next_request_with_its_tokens_and_links(client_as, home: World, app) -> None:
    actor, login = person(home, Role.HQ_CLERK)
    browser = entered(client_as, login)
    with home.as_(actor) as session:
        link = actions.new_reset(session, actor, int(actor.login_id or 0), login, dealer_id=None, at=AT)
    token_hash = actions.token_hash(f"of a program {os.getpid()} {actor.login_id}")
    by_token = "SELECT token_id FROM token_load(:hash, NULL)"
    with home.as_(home.hq.system) as session:
        session.execute(
            _text(
                "INSERT INTO api_tokens (member_id, name, prefix, token_hash, scopes, created_at, created_by) VALUES (:member, 'x', 'x', :hash, '{}', clock_timestamp(), 'x')"
            ),
            {"member": actor.scope.member_id, "hash": token_hash},
        )
    assert _scalar(by_token, hash=token_hash) is not None  # control
    actions.disable_login(db.engine, login.upper(), disabled=True, at=AT)
    assert not inside(browser)
    assert _scalar(by_token, hash=token_hash) is None
    assert browser.get(f"/reset/{link}").status_code == 410
    assert sign_in(client_as(None), login).status_code == 422
    actions.disable_login(db.engine, login, disabled=False, at=AT)
    assert not inside(browser)  # the session has ended, not paused
    assert inside(entered(client_as, login))
    with pytest.raises(NotFound):
        actions.disable_login(db.engine, "nobody at all", disabled=True, at=AT)


def _text(statement: str):
    from sqlalchemy import text

    return text(statement)


def _scalar(statement: str, **values: object) -> object:
    with db.engine.begin() as connection:
        return connection.scalar(_text(statement), values)


def test_the_persons_menu_leads_to_the_login_and_its_sessions_in_both_languages(client_as, home: World) -> None:
    actor, _login = person(home, Role.DEALER_CLERK, dealer_id=home.d1.id)
    browser = client_as(actor)
    for language, words in (("zh_Hans_CN", ("我的账号", "登录设备")), ("en", ("My login", "Where I am signed in"))):
        browser.set_cookie("portal_lang", language)
        page = browser.get("/members").get_data(as_text=True)
        assert 'href="/me"' in page
        assert 'href="/me/sessions"' in page
        for where in ("/me", "/me/sessions", "/me/password", "/me/email", "/me/second-factor"):
            assert browser.get(where).status_code == 200
        if language == "en":
            assert all(word in page for word in words)


def test_what_security_did_is_headquarters_to_read_with_its_address_and_in_words(client_as, home: World) -> None:
    actor, login = person(home, Role.DEALER_CLERK, dealer_id=home.d1.id)
    browser = entered(client_as, login)
    post(browser, "/me/password", old=PASSWORD, password=NEW, again=NEW)
    page = client_as(home.hq.auditor).get("/audit").get_data(as_text=True)
    assert "修改了本人密码" in page
    with home.as_(home.d1.manager) as session:
        seen = session.execute(
            _text("SELECT act FROM audit_events WHERE member_id = :id"), {"id": actor.scope.member_id}
        ).all()
    assert seen == []
