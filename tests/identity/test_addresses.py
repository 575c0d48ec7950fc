"""One's own mail address, confirmed by a link, and how many links a mailbox gets, whoever asks (AN2, AN4)."""

from __future__ import annotations

import os
import re
from itertools import count

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError

from portal.core.audit import AuditEvent
from portal.core.db import db
from portal.core.settings import Settings
from portal.identity import actions, queries, rules
from portal.identity.roles import Role
from portal.identity.rules import Limit
from portal.notices import mail
from tests.factories.world import World, at, make_world
from tests.identity.people import PASSWORD, by_force, give_place, mails, new_login, person, post, sign_in, token_of
from tests.identity.test_recovery import _TOKENS, NEW, ask, reset

AT = at("2026-10-05 10:00")
_number = count(1)


def address() -> str:
    return f"box{next(_number)}.{os.getpid()}@mail.example"


def entered(client_as, login: str):
    """A browser in which that login has signed in."""
    browser = client_as(None)
    assert sign_in(browser, login).status_code == 303
    return browser


def link_in(world: World, to: str) -> str:
    """The path of the newest mailed link."""
    return str(mails(world, to)[-1].secret).removeprefix("http://localhost")


def confirm(browser, link: str):
    return post(browser, link)


def test_AN4_a_new_address_counts_once_its_link_is_opened_for_all_places_and_may_be_cleared(
    client_as, home: World
) -> None:
    login_id, login = new_login()
    other, to = make_world(), address()
    give_place(home, login_id, login, Role.HQ_CLERK)
    there = give_place(other, login_id, login, Role.HQ_CLERK)
    browser = entered(client_as, login)
    for typed, password, status in ((to, "wrong", 422), ("no address", PASSWORD, 422), (to.upper(), PASSWORD, 303)):
        assert post(browser, "/me/email", email=typed, password=password).status_code == status
    assert f"{to} 待确认" in browser.get("/me").get_data(as_text=True)
    assert queries.login(db.engine, login_id).email is None
    assert queries.logins_to_reset(db.engine, to) == []  # control: until then nobody's password is reset by it
    world = home if mails(home, to) else other
    (message,) = mails(world, to)
    assert (message.template, message.facts, message.link_hash is not None) == (
        "email-confirm",
        {"login": login, "hours": 24},
        True,
    )
    link = link_in(world, to)
    assert re.fullmatch(r"/me/email/confirm/[A-Za-z0-9_-]{43}", link)
    for _look in range(2):
        page = browser.get(link)
        assert (page.status_code, to in page.get_data(as_text=True)) == (200, True)
        assert page.headers["Referrer-Policy"] == "no-referrer"
    assert queries.login(db.engine, login_id).email is None  # looking uses nothing up
    assert confirm(browser, link).headers["Location"] == "/me"
    assert queries.login(db.engine, login_id).email == to
    with other.as_(other.hq.auditor) as session:
        assert queries.member(session, there.id).email == to
    assert "待确认" not in browser.get("/me").get_data(as_text=True)
    assert browser.get(link).status_code == 410
    assert browser.post(link, data={"csrf_token": token_of(browser, "/me")}, headers={}).status_code == 410
    assert post(browser, "/me/email", email="", password=PASSWORD).status_code == 303
    assert queries.login(db.engine, login_id).email is None
    assert [one.template for one in mails(world, to)] == ["email-confirm", "email-changed"]


def test_AN4_the_old_address_is_told_twice_and_stays_until_the_new_one_is_confirmed(client_as, home: World) -> None:
    old, new = address(), address()
    actor, login = person(home, Role.HQ_CLERK, email=old)
    with home.as_(actor) as session:
        actions.choose_language(session, actor, "en", at=AT)
    browser = entered(client_as, login)
    post(browser, "/me/email", email=new, password=PASSWORD)
    assert queries.login(db.engine, int(actor.login_id or 0)).email == old
    press = {"csrf_token": token_of(browser, link := link_in(home, new)), "form_key": "2" * 22}
    answers = [browser.post(link, data=press, headers={}) for _press in range(2)]  # a double click
    assert [(one.status_code, one.headers["Location"]) for one in answers] == [(303, "/me")] * 2
    assert [(one.template, one.locale) for one in mails(home, old)] == [
        ("email-change-asked", "en"),
        ("email-changed", "en"),
    ]
    said = mail.words(mails(home, old)[0], brand={"zh_Hans_CN": "澜泉", "en": "Lanquan"})
    assert "http://localhost/me/password" in said.body
    assert new not in said.body
    with home.as_(home.hq.auditor) as session:
        acts = session.scalars(
            select(AuditEvent.act).where(AuditEvent.member_id == actor.scope.member_id).order_by(AuditEvent.id)
        ).all()
    assert [act for act in acts if "email" in act] == ["login:ask-email", "login:change-email"]


def test_AN4_a_link_confirms_for_its_own_login_only_and_not_after_a_newer_wish_or_a_new_password(
    client_as, home: World
) -> None:
    wanted, newer = address(), address()
    actor, login = person(home, Role.HQ_CLERK)
    stranger, _login = person(home, Role.HQ_CLERK)
    browser = entered(client_as, login)
    post(browser, "/me/email", email=wanted, password=PASSWORD)
    link = link_in(home, wanted)
    assert client_as(None).get(link).headers["Location"] == f"/sign-in?next={link}"
    theirs = client_as(stranger)
    assert theirs.get(link).status_code == 410
    assert theirs.post(link).status_code == 410
    assert browser.post(link, headers={}).status_code == 400  # another site's form
    assert queries.login(db.engine, int(stranger.login_id or 0)).email is None
    post(browser, "/me/email", email=newer, password=PASSWORD)
    assert browser.get(link).status_code == 410
    link = link_in(home, newer)
    assert browser.get(link).status_code == 200
    post(browser, "/me/password", old=PASSWORD, password=NEW, again=NEW)
    assert browser.get(link).status_code == 410
    assert queries.login(db.engine, int(actor.login_id or 0)).email is None


def test_AN4_a_link_to_confirm_by_works_for_a_day_of_the_machines_time(
    client_as, home: World, settings: Settings
) -> None:
    to = address()
    actor, login = person(home, Role.HQ_CLERK)
    browser = entered(client_as, login)
    post(browser, "/me/email", email=to, password=PASSWORD)
    ((left,),) = by_force(
        settings,
        "SELECT extract(epoch FROM ends_at - clock_timestamp()) FROM login_links WHERE kind = 'email' AND login_id = :id",
        id=actor.login_id,
    )  # type: ignore[misc]
    assert 24 * 3600 - 60 < left <= 24 * 3600
    by_force(settings, "UPDATE login_links SET ends_at = now() WHERE login_id = :id", id=actor.login_id)
    assert browser.get(link_in(home, to)).status_code == 410
    assert "待确认" not in browser.get("/me").get_data(as_text=True)


def test_AN2_a_mailbox_is_asked_a_few_times_whoever_claims_it_and_its_own_reset_is_not_held_up(
    client_as, home: World, monkeypatch
) -> None:
    monkeypatch.setattr("portal.identity.actions.addresses.MAILBOX", Limit(rules.MAILBOX.free, 2000, 2000))
    to = address()
    person(home, Role.HQ_CLERK, email=to)  # whose it is
    answers = []
    for _login in range(8):
        _actor, login = person(home, Role.HQ_CLERK)
        answers.append(post(entered(client_as, login), "/me/email", email=to, password=PASSWORD).status_code)
    assert answers == [303] * 6 + [429] * 2
    assert len(mails(home, to)) == 6
    assert actions.may_mail(db.engine, to)


def test_the_same_address_again_changes_nothing_and_takes_an_open_wish_back(client_as, home: World) -> None:
    old, new = address(), address()
    actor, login = person(home, Role.HQ_CLERK, email=old)
    browser = entered(client_as, login)
    post(browser, "/me/email", email=new, password=PASSWORD)
    assert post(browser, "/me/email", email=old.upper(), password=PASSWORD).status_code == 303
    assert browser.get(link_in(home, new)).status_code == 410
    assert queries.login(db.engine, int(actor.login_id or 0)).email == old
    assert [one.template for one in mails(home, old)] == ["email-change-asked"]


# -- how many links a mailbox gets --


def test_AN2_a_mailbox_gets_a_few_links_however_many_addresses_and_logins_ask_and_the_answer_tells_nobody(
    client_as, home: World, monkeypatch
) -> None:
    monkeypatch.setattr("portal.identity.actions.logins.MAILBOX", Limit(rules.MAILBOX.free, 2000, 2000))
    to, other = address(), address()
    _actor, one = person(home, Role.HQ_CLERK, email=to)
    _actor, two = person(home, Role.HQ_CLERK, email=to)
    person(home, Role.HQ_CLERK, email=other)

    def said(typed: str) -> tuple[int, str]:
        answer = ask(client_as(None), typed)  # each browser has an address of its own
        return answer.status_code, re.sub(_TOKENS, "", answer.get_data(as_text=True))

    answers = {said(typed) for typed in (one, two, to.upper(), one, two, f" {to} ", one, two, to)}
    assert answers == {said("nobody-at-all@mail.example")}
    # six requests went through (five free, and the one after which the wait begins): four named a login, two the address of both
    assert len(mails(home, to)) == 8
    ask(client_as(None), other)
    assert len(mails(home, other)) == 1


def test_AN4_whoever_floods_a_mailbox_leaves_its_owner_a_link_that_works(client_as, home: World) -> None:
    """The longest wait between two mails is shorter than a link's life."""
    assert rules.MAILBOX.most < rules.LINK_SECONDS
    to = address()
    _actor, login = person(home, Role.HQ_CLERK, email=to)
    for _time in range(9):
        ask(client_as(None), login)
    browser = client_as(None)
    assert reset(browser, link_in(home, to)).status_code == 303
    assert sign_in(browser, login, NEW).status_code == 303


def test_AN4_no_place_can_reach_the_windows_on_addresses_and_languages(world: World) -> None:
    """They are portal_web's alone; a dealer cannot even ask whether a link lives."""
    asked = ["login_set_locale(1, 'en')", "email_confirm(1, 'x')", "email_find(1, 'x')", "login_own(1)"]
    for actor, calls in ((world.hq.admin, asked), (world.d1.manager, [*asked, "link_lives('x')"])):
        for call in calls:
            with pytest.raises(ProgrammingError, match="permission denied"), world.as_(actor) as session:
                session.execute(text(f"SELECT {call}"))
    with world.as_(world.hq.admin) as session:  # control: the worker, as headquarters, may ask
        assert session.scalar(text("SELECT link_lives('x')")) is False
