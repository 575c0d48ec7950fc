"""The pages of members and roles (AZ2, AZ6)."""

from __future__ import annotations

import re
from io import BytesIO

from openpyxl import load_workbook
from sqlalchemy import select, text

from portal.identity import actions, queries
from portal.identity.models import Member
from portal.identity.roles import Role
from tests.factories.world import World, at, make_world
from tests.identity.people import (
    give_place,
    new_login,
    roles_of,
)


def test_nobody_changes_their_own_roles(client_as, home: World) -> None:
    for actor in (home.hq.admin, home.d1.manager):
        browser, mine = client_as(actor), actor.scope.member_id
        page = browser.get(f"/members/{mine}").get_data(as_text=True)
        assert "disabled" in page
        before = roles_of(home, mine)
        for where in (f"/members/{mine}", f"/members/{mine}/end"):
            answer = browser.post(where, data={"roles": [f"{actor.side}-manager", f"{actor.side}-clerk"]})
            assert answer.headers["Location"] == f"/members/{mine}"
        assert roles_of(home, mine) == before
        assert browser.get("/members").status_code == 200


def test_AZ2_a_dealers_manager_gives_roles_of_its_own_side_and_nothing_else(client_as, home: World) -> None:
    browser, clerk_id = client_as(home.d1.manager), home.d1.clerk.scope.member_id
    page = browser.get(f"/members/{clerk_id}").get_data(as_text=True)
    assert set(re.findall(r'name="roles" value="([^"]+)"', page)) == {
        "dealer-clerk",
        "dealer-technician",
        "dealer-manager",
    }
    for roles in (["hq-admin"], ["dealer-clerk", "hq-finance"], ["emperor"], ["dealer-clerk\0"], []):
        answer = browser.post(
            f"/members/{clerk_id}", data={"roles": roles, "dealer_id": home.d2.id, "brand_id": 1, "login_id": 1}
        )
        assert answer.headers["Location"] == f"/members/{clerk_id}"
        assert roles_of(home, clerk_id) == ["dealer-clerk"]
    extra = {
        "roles": ["dealer-clerk", "dealer-technician"],
        "dealer_id": home.d2.id,
        "left_at": "2026-01-01",
        "login": "evil",
        "name": "evil",
        "brand_id": 1,
    }
    assert browser.post(f"/members/{clerk_id}", data=extra).headers["Location"] == "/members"
    with home.as_(home.hq.auditor) as session:
        stored = session.scalars(select(Member).where(Member.id == clerk_id)).one()
    assert (stored.roles, stored.dealer_id, stored.left_at) == (["dealer-clerk", "dealer-technician"], home.d1.id, None)
    assert "evil" not in {stored.login, stored.name}
    with home.as_(home.hq.admin) as session:
        actions.change_roles(session, home.hq.admin, clerk_id, roles=["dealer-clerk"], at=at("2026-10-05 10:00"))


def test_R1_another_dealers_or_headquarters_member_is_not_there(client_as, home: World) -> None:
    browser = client_as(home.d1.manager)
    other = make_world()
    for member in (home.d2.clerk, home.hq.clerk, other.d1.clerk):
        where = f"/members/{member.scope.member_id}"
        if member.scope.brand_id == home.brand_id:
            assert browser.get(where).status_code == 404
            assert browser.post(where, data={"roles": ["dealer-manager"]}).status_code == 404
            assert browser.post(f"{where}/end").status_code == 404
        assert roles_of(other if member is other.d1.clerk else home, member.scope.member_id) in (
            ["dealer-clerk"],
            ["hq-clerk"],
        )
    for nonsense in ("/members/0", "/members/-1", f"/members/{'9' * 30}", "/members/x", "/members/1%00"):
        assert browser.get(nonsense).status_code == 404
        assert browser.post(nonsense, data={"roles": ["dealer-clerk"]}).status_code in {
            400,
            404,
        }  # 400: no column holds it


def test_members_are_listed_to_all_and_managed_by_who_may(client_as) -> None:
    home = make_world()
    for actor, status in ((home.hq.admin, 200), (home.hq.finance, 403), (home.d1.clerk, 403), (home.d1.manager, 200)):
        browser = client_as(actor)
        page = browser.get("/members").get_data(as_text=True)
        assert home.d1.clerk.name in page
        assert (home.d2.clerk.name in page) is (actor.side == "hq")
        assert browser.get(f"/members/{home.d1.technician.scope.member_id}").status_code == status


def test_a_member_who_left_is_shown_as_such_and_cannot_be_changed(client_as, home: World) -> None:
    login_id, login = new_login()
    member = give_place(home, login_id, login, Role.DEALER_CLERK, dealer_id=home.d1.id, name="走了的人")
    browser = client_as(home.d1.manager)
    assert browser.post(f"/members/{member.id}/end").status_code == 303
    assert "走了的人" in browser.get("/members").get_data(as_text=True)
    assert "/end" not in browser.get(f"/members/{member.id}").get_data(as_text=True)
    assert browser.post(f"/members/{member.id}", data={"roles": ["dealer-clerk"]}).status_code == 404


def test_the_role_page_is_drawn_from_the_table_for_headquarters(client_as, home: World) -> None:
    page = client_as(home.hq.auditor).get("/roles").get_data(as_text=True)
    for word in ("orders.agree", "settlement.post", "members.manage"):
        assert word in page
    assert client_as(home.d1.manager).get("/roles").status_code == 404


def test_members_come_by_pages_headquarters_first_and_are_found_by_name_or_login(
    client_as, home: World, monkeypatch
) -> None:
    monkeypatch.setattr("portal.identity.views.members.SIZE", 4)
    browser, seen, where = client_as(home.hq.admin), [], "/members"
    while where:
        page = browser.get(where).get_data(as_text=True)
        seen.append(re.findall(r'<td class="r dim">([^<]+)</td>', page))
        where = (re.search(r'rel="next" href="([^"]+)"', page) or [None, ""])[1].replace("&amp;", "&")
    with home.as_(home.hq.admin) as session:
        everybody = [member.login for member in queries.members(session)]
    assert [login for page in seen for login in page] == everybody
    assert {len(page) for page in seen[:-1]} == {4}
    one = next(login for login in reversed(everybody) if everybody.count(login) == 1)  # others have several places
    assert re.findall(
        r'<td class="r dim">([^<]+)</td>',
        browser.get("/members", query_string={"q": one.upper()}).get_data(as_text=True),
    ) == [one]
    assert "没有符合条件的成员" in browser.get("/members?q=nobody-of-that-name").get_data(as_text=True)
    assert browser.get("/members?after=x.1").status_code == 200


def test_AZ6_tricks_with_verbs_and_spelling_change_no_decision(client_as, home: World) -> None:
    browser, clerk_id = client_as(home.d1.clerk), home.d1.technician.scope.member_id
    assert browser.head(f"/members/{clerk_id}").status_code == 403
    for where in (
        f"/members/{clerk_id}/",
        f"/Members/{clerk_id}",
        f"/members%2f{clerk_id}",
        f"/members/./{clerk_id}",
        f"//members/{clerk_id}",
    ):
        assert browser.get(where).status_code in {403, 404, 308}
    assert browser.get(f"/members/{clerk_id}?_method=POST&roles=dealer-manager").status_code == 403
    assert browser.post(f"/members/{clerk_id}", data={"_method": "GET", "roles": ["dealer-manager"]}).status_code == 403
    assert roles_of(home, clerk_id) == ["dealer-technician"]


# -- who belongs to which dealer --


def rows_on(page: str) -> list[list[str]]:
    """The cells of the members' table."""
    body = page.split("<tbody>", 1)[1].split("</tbody>", 1)[0]
    return [
        [" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)]
        for row in re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)
    ]


def test_headquarters_sees_at_which_dealer_somebody_is_who_is_at_two(client_as, world: World) -> None:
    login_id, login = new_login(name="two")
    for dealer in (None, world.d1.id, world.d2.id):
        give_place(
            world,
            login_id,
            login,
            Role.HQ_CLERK if dealer is None else Role.DEALER_CLERK,
            dealer_id=dealer,
            name="林双",
        )
    browser = client_as(world.hq.auditor)
    with world.as_(world.hq.auditor) as session:
        one, two = session.execute(text("SELECT code || ' ' || name FROM dealers ORDER BY code")).scalars()
    found = [row for row in rows_on(browser.get("/members").get_data(as_text=True)) if row[0] == "林双"]
    assert [row[2] for row in found] == ["总部", one, two]
    for typed in ("d001", "D001", one.partition(" ")[2][:4]):
        page = browser.get("/members", query_string={"dealer": typed, "q": "林双"}).get_data(as_text=True)
        assert [row[2] for row in rows_on(page)] == [one]
    assert "没有符合条件的成员" in browser.get("/members?dealer=D00").get_data(as_text=True)  # a code is typed whole
    for odd in ("%", "_", "D001'--", "\\", "D999"):
        assert "林双" not in browser.get("/members", query_string={"dealer": odd}).get_data(as_text=True)


def test_a_dealers_own_list_has_no_such_column_and_no_such_filter(client_as, world: World) -> None:
    browser = client_as(world.d1.manager)
    page = browser.get("/members?dealer=D002").get_data(as_text=True)
    assert 'name="dealer"' not in page
    assert world.d1.clerk.name in page
    assert world.d2.clerk.name not in page
    book = load_workbook(BytesIO(browser.get("/members.xlsx?dealer=D002").data))
    cells = {cell.value for row in book.worksheets[0].iter_rows() for cell in row}
    assert ("经销商编号" in cells, "登录名" in cells, world.d1.clerk.name in cells, world.d2.clerk.name in cells) == (
        False, True, True, False,
    )  # fmt: skip


def test_the_list_with_its_dealers_is_taken_to_excel_as_filtered(client_as, world: World) -> None:
    answer = client_as(world.hq.auditor).get("/members.xlsx?dealer=d002")
    book = load_workbook(BytesIO(answer.data))
    values = [[cell.value for cell in row] for row in book.worksheets[0].iter_rows()]
    head = next(row for row in values if "经销商编号" in row)
    code, login = head.index("经销商编号"), head.index("登录名")
    people = [row for row in values[values.index(head) + 1 :] if row[code]]
    assert {row[code] for row in people} == {"D002"}
    assert len({row[login] for row in people}) == len(people) >= 3
