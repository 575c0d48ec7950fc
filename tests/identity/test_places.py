"""Changing between one's places, the language, what a paper's QR code opens (domain.md section 12)."""

from __future__ import annotations

from portal.identity.roles import Role
from tests.factories.world import World, make_world
from tests.identity.people import (
    EVIL,
    give_place,
    new_login,
    place_of,
    sign_in,
    token_of,
)


def test_one_changes_between_ones_own_places_only(client_as, home: World) -> None:
    login_id, login = new_login()
    give_place(home, login_id, login, Role.HQ_CLERK)
    shop = give_place(home, login_id, login, Role.DEALER_CLERK, dealer_id=home.d1.id, name="在店里")
    browser = client_as(None)
    sign_in(browser, login)
    form = token_of(browser, "/members")
    other = make_world()
    foreign = [
        f"{home.brand_id}:{home.d1.clerk.scope.member_id}",
        f"{other.brand_id}:{other.hq.clerk.scope.member_id}",
        f"{other.brand_id}:{shop.id}",
    ]
    nonsense = [
        "",
        ":",
        "1",
        "a:b",
        "1:²",
        "-1:1",
        f"{home.brand_id}:{'9' * 30}",
        "1:1\0",
        f"{home.brand_id}:{shop.id}:1",
    ]
    for place in foreign + nonsense:
        assert browser.post("/place", data={"csrf_token": form, "place": place}, headers={}).status_code == 404
        assert browser.get("/roles").status_code == 200  # still at headquarters
    answer = browser.post("/place", data={"csrf_token": form, "place": f"{home.brand_id}:{shop.id}"}, headers={})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert browser.get("/roles").status_code == 404
    assert home.d2.clerk.name not in browser.get("/members").get_data(as_text=True)


def test_the_language_switch_turns_the_page_and_comes_back_to_it(client_as, home: World) -> None:
    browser = client_as(home.hq.clerk)
    assert "成员" in browser.get("/members").get_data(as_text=True)
    answer = browser.post("/language", data={"language": "en", "next": "/members?x=1"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/members?x=1")
    assert ">Members<" in browser.get("/members").get_data(as_text=True)
    for language in ("zh_Hans_CN", "xx", "\0", ""):
        browser.post("/language", data={"language": "en"})
        browser.post("/language", data={"language": language})
        assert "成员" in browser.get("/members").get_data(as_text=True)
    for evil in EVIL:
        assert browser.post("/language", data={"language": "en", "next": evil}).headers["Location"] == "/"


def test_section_12_a_papers_code_opens_the_document_from_whichever_place_may_see_it(client_as, home: World) -> None:
    home.topup(home.d1, "5.00")
    with home.as_(home.hq.finance) as session:
        from portal.ledger import queries as ledger

        number = ledger.topups(session)[0].number
    where = f"/q/{home.code}/{number}"
    login_id, login = new_login()
    give_place(home, login_id, login, Role.DEALER_CLERK, dealer_id=home.d2.id)
    give_place(home, login_id, login, Role.DEALER_CLERK, dealer_id=home.d1.id)
    browser = client_as(None)
    stranger = browser.get(where)
    assert stranger.headers["Location"] == f"/sign-in?next={where}"
    answer = sign_in(browser, login, next=where)
    assert answer.headers["Location"] == where
    browser.post(
        "/place",
        data={"csrf_token": token_of(browser, "/members"), "place": place_of(home, login_id, home.d2.id)},
        headers={},
    )
    assert browser.get(f"/topups/{number}").status_code == 404
    asked = browser.get(where, headers={"Sec-Fetch-Site": "cross-site"})
    page = asked.get_data(as_text=True)
    assert (asked.status_code, f'action="{where}"' in page, "换到" in page) == (200, True, True)
    assert browser.get(f"/topups/{number}").status_code == 404  # a link alone has changed nobody's place
    assert browser.post(where, headers={}).status_code == 400  # nor has another site's form
    assert browser.get(f"/topups/{number}").status_code == 404
    form = token_of(browser, where)
    for _press in range(2):  # a double click goes the same way
        answer = browser.post(where, data={"csrf_token": form}, headers={})
        assert (answer.status_code, answer.headers["Location"]) == (303, f"/topups/{number}")
    assert browser.get(f"/topups/{number}").status_code == 200
    again = browser.get(where)  # from the place that may see it the code opens at once
    assert (again.status_code, again.headers["Location"]) == (303, f"/topups/{number}")


def test_section_12_a_code_of_another_brand_dealer_or_of_nothing_is_not_there(client_as, home: World) -> None:
    home.topup(home.d2, "5.00", when="2026-10-02 09:00")
    other = make_world()
    with home.as_(home.d2.clerk) as session:
        from portal.ledger import queries as ledger

        number = ledger.topups(session)[0].number
    for actor in (home.d1.manager, other.hq.auditor):
        rival = client_as(actor)
        assert rival.get(f"/q/{home.code}/{number}").status_code == 404
        assert rival.post(f"/q/{home.code}/{number}").status_code == 404
    browser = client_as(home.hq.clerk)
    assert browser.get(f"/q/{home.code}/{number}").status_code == 303
    for where in (
        f"/q/{other.code}/{number}",
        f"/q/{home.code}/TU9999-0001",
        f"/q/{home.code}/XX",
        f"/q/{home.code}/TU'; DROP TABLE topups--",
        "/q/a/b/c",
    ):
        assert browser.get(where).status_code == 404
    assert browser.get(f"/q/{home.code}/TU%00").status_code in {400, 404}
