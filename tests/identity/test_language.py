"""The language a person reads: chosen by the switch or by who invites, kept with the login, used for pages and every mail."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text

from portal.core.db import db
from portal.core.errors import Refused
from portal.core.settings import Settings
from portal.identity import actions, queries
from portal.identity.models import Member
from portal.identity.roles import Role
from tests.factories.world import World, make_world
from tests.identity.inviting import AT, accept, address, invited, link_to, members_of, new_name
from tests.identity.people import (
    by_force,
    give_place,
    mails,
    new_login,
    person,
    post,
    sign_in,
    token_of,
)


def language_of(login_id: int | None) -> str:
    return queries.login(db.engine, int(login_id or 0)).locale


def kept_in(world: World, login_id: int) -> list[str]:
    """The language as that brand's own rows have it."""
    with world.as_(world.hq.auditor) as session:
        return list(session.scalars(select(Member.locale).where(Member.login_id == login_id)))


def switch(browser, language: str):
    return browser.post(
        "/language", data={"csrf_token": token_of(browser, "/members"), "language": language}, headers={}
    )


def test_the_switch_is_kept_with_the_login_in_every_brand_and_recorded_once(client_as, home: World) -> None:
    other = make_world()
    actor, login = person(home, Role.HQ_CLERK)
    give_place(other, int(actor.login_id or 0), login, Role.DEALER_CLERK, dealer_id=other.d1.id)
    browser = client_as(actor)
    assert (language_of(actor.login_id), kept_in(home, actor.login_id or 0)) == ("zh_Hans_CN", ["zh_Hans_CN"])
    for _press in range(3):
        assert switch(browser, "en").status_code == 303
    assert language_of(actor.login_id) == "en"
    assert (kept_in(home, actor.login_id or 0), kept_in(other, actor.login_id or 0)) == (["en"], ["en"])
    with home.as_(home.hq.auditor) as session:
        found = session.execute(
            text("SELECT facts FROM audit_events WHERE act = 'login:choose-language' AND member_id = :member"),
            {"member": actor.scope.member_id},
        ).all()
    assert [row.facts for row in found] == [{"language": "en"}]
    switch(browser, "xx")  # what is no language is Chinese, as the page then is
    assert language_of(actor.login_id) == "zh_Hans_CN"


def test_a_stranger_who_turns_the_page_changes_no_login(client_as, home: World) -> None:
    actor, _login = person(home, Role.HQ_CLERK)
    stranger = client_as(None)
    token = token_of(stranger, "/sign-in")
    assert stranger.post("/language", data={"csrf_token": token, "language": "en"}, headers={}).status_code == 303
    assert language_of(actor.login_id) == "zh_Hans_CN"


def test_another_sites_form_changes_no_language(client_as, home: World) -> None:
    actor, _login = person(home, Role.HQ_CLERK)
    assert client_as(actor).post("/language", data={"language": "en"}, headers={}).status_code == 400
    assert language_of(actor.login_id) == "zh_Hans_CN"


def test_signing_in_elsewhere_finds_the_language_and_a_browser_that_chose_keeps_its_own(client_as, home: World) -> None:
    actor, login = person(home, Role.HQ_CLERK)
    switch(client_as(actor), "en")
    fresh = client_as(None)
    assert 'lang="zh' in fresh.get("/sign-in").get_data(as_text=True)
    sign_in(fresh, login)
    assert ">Members<" in fresh.get("/members").get_data(as_text=True)
    assert fresh.get_cookie("portal_lang") is None  # the next person at this browser reads its own
    chosen = client_as(None)
    chosen.post("/language", data={"csrf_token": token_of(chosen, "/sign-in"), "language": "zh_Hans_CN"}, headers={})
    sign_in(chosen, login)
    assert "成员" in chosen.get("/members").get_data(as_text=True)
    assert language_of(actor.login_id) == "en"


def test_who_invites_says_the_language_and_the_page_and_the_new_login_have_it(client_as, home: World) -> None:
    to, login = address(), new_name()
    page = client_as(home.hq.admin).get("/members/invite").get_data(as_text=True)
    assert '<option selected value="zh_Hans_CN">' in page
    answer = post(
        client_as(home.hq.admin), "/members/invite", name="Lee", email=to, roles=["hq-clerk"], language="en"
    )  # fmt: skip
    assert answer.status_code == 303
    (message,) = mails(home, to)
    assert (message.locale, message.template) == ("en", "invitation")
    browser, link = client_as(None), link_to(home, to)
    assert 'lang="en"' in browser.get(link).get_data(as_text=True)
    assert accept(browser, link, login).status_code == 303
    (member,) = members_of(home, login)
    assert (member.locale, language_of(member.login_id)) == ("en", "en")
    assert ">Members<" in browser.get("/members").get_data(as_text=True)


def test_the_form_begins_with_the_inviters_own_language_and_takes_no_other(client_as, home: World) -> None:
    browser = client_as(home.d1.manager)
    browser.set_cookie("portal_lang", "en")
    assert '<option selected value="en">' in browser.get("/members/invite").get_data(as_text=True)
    to = address()
    old_page = post(browser, "/members/invite", name="Lee", email=to, roles=["dealer-clerk"])
    assert (old_page.status_code, mails(home, to)[-1].locale) == (303, "en")
    wrong = post(browser, "/members/invite", name="Lee", email=address(), roles=["dealer-clerk"], language="fr")
    assert wrong.status_code == 422


def test_a_login_that_exists_keeps_its_language_with_one_more_place(client_as, home: World) -> None:
    login_id, login = new_login()
    give_place(home, login_id, login, Role.HQ_CLERK)
    to = address()
    with home.as_(home.hq.admin) as session:
        actions.invite(session, home.hq.admin, name="赵", email=to, roles=["dealer-clerk"], dealer_id=home.d1.id,
                       link=lambda token: f"http://localhost/invitations/{token}", locale="en", at=AT)  # fmt: skip
    from tests.identity.people import PASSWORD

    browser = client_as(None)
    answer = post(browser, link_to(home, to) + "/sign-in", login=login, password=PASSWORD, code="")
    assert answer.status_code == 303
    assert (language_of(login_id), kept_in(home, login_id)) == ("zh_Hans_CN", ["zh_Hans_CN"] * 2)


def test_mails_about_ones_own_login_are_in_its_language(client_as, home: World) -> None:
    to = address()
    actor, login = person(home, Role.HQ_CLERK, email=to)
    with home.as_(actor) as session:
        assert actions.choose_language(session, actor, "en", at=AT)
    with home.as_(actor) as session:
        actions.change_password(
            session, actor, queries.login(db.engine, int(actor.login_id or 0)), password_hash="x", keep="", at=AT
        )
    assert [(row.template, row.locale) for row in mails(home, to)] == [("password-changed", "en")]
    assert login


def test_only_a_person_has_a_language_and_only_one_that_the_portal_speaks(home: World) -> None:
    actor, _login = person(home, Role.HQ_CLERK)
    for who, language in ((home.hq.system, "en"), (actor, "fr"), (actor, "")):
        with pytest.raises(Refused) as caught, home.as_(who) as session:
            actions.choose_language(session, who, language, at=AT)
        assert caught.value.code == "permission-missing"


def test_the_database_keeps_no_other_language(home: World, settings: Settings) -> None:
    from sqlalchemy.exc import IntegrityError

    actor, _login = person(home, Role.HQ_CLERK)
    with pytest.raises(IntegrityError, match="ck_logins_locale_known"):
        by_force(settings, "UPDATE logins SET locale = 'fr' WHERE id = :id", id=actor.login_id)


def test_the_invitation_of_somebody_signed_in_stays_in_that_persons_language(client_as, home: World) -> None:
    actor, _login = person(home, Role.HQ_CLERK)
    switch(browser := client_as(actor), "en")
    browser.delete_cookie("portal_lang")
    to = address()
    invited(home, home.hq.admin, Role.DEALER_CLERK, to=to, dealer_id=home.d1.id)
    assert 'lang="en"' in browser.get(link_to(home, to)).get_data(as_text=True)
