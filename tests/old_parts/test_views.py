"""The pages of old parts, on the dealer's phone and at headquarters."""

import io
import json
from datetime import date

import pytest

from portal.core import clock
from portal.core.errors import NotFound
from portal.old_parts import actions, queries
from portal.old_parts.models import OldPartState, Review
from tests.factories.world import at, make_world, picture

NOON = at("2026-10-11 12:00")


@pytest.fixture(autouse=True)
def _noon():
    with clock.frozen(NOON):
        yield


@pytest.fixture
def shelf(world):
    """D001 holds five P1, D002 two."""
    world.received_order(world.d1, {"P1": 5})
    world.received_order(world.d2, {"P1": 2})
    return world


def old_part(world, number):
    with world.as_(world.hq.auditor) as session:
        return queries.old_part(session, number)


def form(world, **changes):
    asked = {
        "serial": changes.pop("serial", None) or world.product(world.d1), "part_number": "P1", "fault_code": "F01", "cause": "quality",
        "quantity": "1", "replaced_on": "2026-10-10", "note": "厨房间",
    }  # fmt: skip
    return {**asked, **changes}


def test_a_dealer_registers_photographs_and_reports_on_the_phone(shelf, client_as):
    phone = client_as(shelf.d1.technician)
    assert phone.get("/old-parts/new").status_code == 200
    answer = phone.post("/old-parts/new", data=form(shelf))
    assert (answer.status_code, answer.headers["Location"]) == (303, "/old-parts/OP2610-0001/photos")
    page = phone.get("/old-parts/OP2610-0001/photos").get_data(as_text=True)
    assert "OP2610-0001" in page
    assert "这件必须寄回。" in page
    assert "还有 6 天" in page
    assert "保外价 ¥30.00" in page
    assert "扣款" not in page  # overdue charges come with a later issue: none is threatened
    assert 'aria-disabled="true" aria-describedby="why-report"' in page
    for slot in ("nameplate", "fault", "old-part", "after"):
        sent = {"photo": (io.BytesIO(picture(len(slot))), "../../x.php.jpg"), "kind": slot}
        stored = phone.post(
            "/old-parts/OP2610-0001/photos",
            data=sent,
            headers={"X-CSRFToken": phone._read_token(), "X-Requested-With": "fetch"},
        )
        assert (stored.status_code, stored.json) == (201, {"stored": True})
    page = phone.get("/old-parts/OP2610-0001/photos").get_data(as_text=True)
    assert "4 / 4" in page
    answer = phone.post("/old-parts/OP2610-0001/report")
    assert answer.headers["Location"] == "/old-parts/OP2610-0001"
    found = old_part(shelf, "OP2610-0001")
    assert (found.state, found.review, found.reported_late, found.note) == (
        OldPartState.REPORTED,
        Review.PENDING,
        False,
        "厨房间",
    )
    page = phone.get("/old-parts/OP2610-0001").get_data(as_text=True)
    assert "阀类 60 个月，自 2025-03-02 安装起，至 2030-03-02，家用：保内。依据保修政策 v202607 第 2 行" in page
    assert "等待总部审核照片和原因。" in page


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"serial": "NO-SUCH"}, "没有序列号为 NO-SUCH 的产品档案。请对照铭牌核对。"),
        ({"quantity": "9"}, "P1 已收货未使用的只剩 5 件，本次登记 9 件。请先收货，或减少数量。"),
        ({"replaced_on": "2026-10-12"}, "更换日期在将来；今天是 2026-10-11。"),
        ({"replaced_on": "2026-13-40"}, "2026-13-40"),
        ({"cause": "weather"}, "请选择故障原因。"),
        ({"fault_code": "NO"}, "没有故障代码 NO。请从列表中选择。"),
    ],
)
def test_a_refused_registration_keeps_what_was_typed(shelf, client_as, changes, sentence):
    phone = client_as(shelf.d1.technician)
    typed = form(shelf, **changes)
    answer = phone.post("/old-parts/new", data=typed)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert sentence in page
    for name in ("serial", "part_number", "fault_code", "note"):
        assert typed[name] in page
    with shelf.as_(shelf.hq.auditor) as session:
        assert queries.listed(session, queries.Filters(tab="all")) == []


def test_a_bad_photo_is_said_in_a_sentence(shelf, client_as):
    number = shelf.registered_old_part(shelf.d1, photos=0)
    phone = client_as(shelf.d1.technician)
    token = phone._read_token()
    sent = {"photo": (io.BytesIO(b"<svg/>"), "x.svg"), "kind": "fault"}
    answer = phone.post(
        f"/old-parts/{number}/photos", data=sent, headers={"X-CSRFToken": token, "X-Requested-With": "fetch"}
    )
    assert (answer.status_code, answer.json) == (
        422,
        {"error": "只能保存 JPEG、PNG、WebP 和 HEIC 格式的照片。请拍照或另选文件。"},
    )
    plain = phone.post(f"/old-parts/{number}/photos", data={"photo": (io.BytesIO(b"<svg/>"), "x.svg")})
    assert (plain.status_code, plain.headers["Location"]) == (303, f"/old-parts/{number}/photos")
    assert "只能保存 JPEG、PNG、WebP 和 HEIC 格式的照片。请拍照或另选文件。" in phone.get(
        f"/old-parts/{number}/photos"
    ).get_data(as_text=True)
    assert old_part(shelf, number).photo_count == 0


def test_CO1_a_photo_taken_again_from_the_same_page_is_stored_and_one_sent_twice_is_not(shelf, client_as):
    """The page gives every photo the same name, and the form has one key: what differs is the picture."""
    number = shelf.registered_old_part(shelf.d1, photos=0)
    phone = client_as(shelf.d1.technician)
    headers = {"X-CSRFToken": phone._read_token(), "X-Requested-With": "fetch"}
    stored = []
    for shot in (1, 2, 2):
        sent = {"photo": (io.BytesIO(picture(shot)), "photo.jpg"), "kind": "fault", "form_key": "a-page's-key"}
        assert phone.post(f"/old-parts/{number}/photos", data=sent, headers=headers).status_code == 201
        with shelf.as_(shelf.d1.clerk) as session:
            stored.append([one.public_id for one in queries.photos(session, queries.old_part(session, number))])
    assert stored[0] != stored[1] == stored[2]


def test_a_photo_is_removed_before_the_report(shelf, client_as):
    number = shelf.registered_old_part(shelf.d1, photos=1)
    with shelf.as_(shelf.d1.clerk) as session:
        [photo] = queries.photos(session, queries.old_part(session, number))
    client_as(shelf.d1.technician).post(f"/old-parts/{number}/photos/{photo.public_id}/remove")
    assert old_part(shelf, number).photo_count == 0


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, ["保内。依据保修政策 v202607 第 2 行", "这件必须寄回。", "报备并审核后可报销 ¥12.50。", "M-100 · 张*"]),
        ({"cause": "use"}, ["故障原因“使用不当”不在保修范围内"]),
        ({"quantity": "9"}, ["P1 已收货未使用的只剩 5 件"]),
        ({"replaced_on": "2026-10-06"}, ["其中最早的一件 2026-10-07 才收货"]),
        ({"replaced_on": "2026-10-12"}, ["更换日期在将来"]),
        ({"part_number": "NO\0"}, ["没有配件 NO"]),
        ({"serial": "NO"}, ["没有序列号为 NO 的产品档案"]),
    ],
)
def test_what_is_said_while_the_form_is_filled_in(shelf, client_as, changes, said):
    page = (
        client_as(shelf.d1.technician)
        .get("/old-parts/outlook", query_string=form(shelf, **changes))
        .get_data(as_text=True)
    )
    for words in said:
        assert words in page


def test_typeaheads_find_own_products_held_parts_and_faults(shelf, client_as):
    serial, other = shelf.product(shelf.d1), shelf.product(shelf.d2)
    phone = client_as(shelf.d1.technician)

    def found(what, typed):
        return json.loads(phone.get(f"/old-parts/{what}.json", query_string={"q": typed}).data)["items"]

    assert [item["value"] for item in found("products", serial)] == [serial]
    assert found("products", other) == []
    assert found("products", serial)[0]["spec"] == "张*"
    assert [(item["value"], item["note"]) for item in found("parts", "jsf")] == [("P1", "剩 5 件")]
    assert found("parts", "P2") == []
    assert "F02" in [item["value"] for item in found("faults", "漏")]


def test_the_dealers_list_shows_what_is_due_and_what_headquarters_wants(shelf, client_as):
    registered, wanted = shelf.registered_old_part(shelf.d1), shelf.reported_old_part(shelf.d1)
    with shelf.as_(shelf.hq.clerk) as session:
        actions.want(session, shelf.hq.clerk, wanted, reason="铭牌看不清", at=NOON)
    desk = client_as(shelf.d1.clerk)
    page = desk.get("/old-parts").get_data(as_text=True)
    assert registered in page
    assert wanted not in page
    assert "旧件未报备：还有 6 天，到 10-17 24:00" in page
    page = desk.get("/old-parts?tab=wanted").get_data(as_text=True)
    assert wanted in page
    assert "铭牌看不清" in page
    page = desk.get(f"/old-parts/{wanted}").get_data(as_text=True)
    assert "总部要求：铭牌看不清" in page
    answer = desk.post(f"/old-parts/{wanted}/answer", data={"reason": "已重拍"})
    assert answer.headers["Location"] == f"/old-parts/{wanted}"
    assert old_part(shelf, wanted).answer == "已重拍"


def test_R36_what_awaits_its_registration_leads_to_a_filled_in_form(world, client_as):
    serial = world.product(world.d1)
    order = world.received_order(world.d1, {"P1": 2}, purpose="warranty", serial=serial)
    desk = client_as(world.d1.clerk)
    page = desk.get("/old-parts?tab=awaiting").get_data(as_text=True)
    assert order in page
    assert f"/old-parts/new?serial={serial}&amp;part_number=P1&amp;quantity=2" in page
    page = desk.get(f"/old-parts/new?serial={serial}&part_number=P1&quantity=2").get_data(as_text=True)
    assert f'value="{serial}"' in page


@pytest.mark.parametrize(
    "tab", ["awaiting", "registered", "pending", "wanted", "accepted", "refused", "withdrawn", "all", "nonsense\0"]
)
def test_an_empty_tab_says_what_to_do(world, client_as, tab):
    for actor in (world.d1.clerk, world.hq.clerk, world.hq.auditor):
        answer = client_as(actor).get("/old-parts", query_string={"tab": tab})
        assert answer.status_code == 200
        assert 'class="empty"' in answer.get_data(as_text=True)


def test_R35_headquarters_reviews_one_and_the_next_comes(shelf, client_as):
    first, second = shelf.reported_old_part(shelf.d1), shelf.reported_old_part(shelf.d2)
    desk = client_as(shelf.hq.clerk)
    page = desk.get("/old-parts").get_data(as_text=True)
    assert first in page
    assert second in page
    page = desk.get(f"/old-parts/{first}/review").get_data(as_text=True)
    assert "阀类 60 个月" in page
    answer = desk.post(f"/old-parts/{first}/review", data={"decision": "refused", "reason": "", "version": "2"})
    assert (answer.status_code, old_part(shelf, first).review) == (422, Review.PENDING)
    answer = desk.post(
        f"/old-parts/{first}/review", data={"decision": "wanted", "reason": "铭牌看不清", "version": "2"}
    )
    assert answer.headers["Location"] == f"/old-parts/{second}/review"
    assert old_part(shelf, first).review_reason == "铭牌看不清"
    answer = desk.post(f"/old-parts/{second}/review", data={"decision": "accepted", "reason": ""})
    assert answer.headers["Location"] == "/old-parts?tab=pending"
    stale = desk.post(
        f"/old-parts/{second}/review", data={"decision": "refused", "reason": "我写的理由", "version": "1"}
    )
    assert stale.status_code == 422
    assert "我写的理由" in stale.get_data(as_text=True)
    assert old_part(shelf, second).review is Review.ACCEPTED
    for nonsense in ("", "pending", "x\0"):
        assert desk.post(f"/old-parts/{second}/review", data={"decision": nonsense}).status_code == 404


def test_R35_many_are_accepted_on_the_list_or_none(shelf, client_as):
    numbers = [shelf.reported_old_part(shelf.d1), shelf.reported_old_part(shelf.d2)]
    registered = shelf.registered_old_part(shelf.d1)
    desk = client_as(shelf.hq.clerk)
    desk.post("/old-parts/accept", data={"chosen": [*numbers, registered]})
    page = desk.get("/old-parts").get_data(as_text=True)
    assert f"{registered} 现在不能审核通过，所选旧件都没有变动。请取消勾选后再试。 经销商还没有报备。" in page
    assert [old_part(shelf, number).review for number in numbers] == [Review.PENDING, Review.PENDING]
    desk.post("/old-parts/accept", data={"chosen": numbers})
    assert [old_part(shelf, number).review for number in numbers] == [Review.ACCEPTED, Review.ACCEPTED]


def test_R36_withdrawing_on_the_page(shelf, client_as):
    number = shelf.registered_old_part(shelf.d1)
    desk = client_as(shelf.d1.clerk)
    desk.post(f"/old-parts/{number}/withdraw", data={"reason": ""})
    assert old_part(shelf, number).state is OldPartState.REGISTERED
    desk.post(f"/old-parts/{number}/withdraw", data={"reason": "登记错了"})
    assert old_part(shelf, number).state is OldPartState.WITHDRAWN
    assert "已撤销" in desk.get(f"/old-parts/{number}").get_data(as_text=True)


def test_labels_are_PDFs_of_ones_own_parts_only(shelf, client_as):
    import pypdf

    numbers = [shelf.registered_old_part(shelf.d1), shelf.registered_old_part(shelf.d1)]
    theirs = shelf.registered_old_part(shelf.d2)
    desk = client_as(shelf.d1.clerk)
    one = desk.get(f"/old-parts/{numbers[0]}.pdf")
    assert (one.mimetype, one.headers["Cache-Control"]) == ("application/pdf", "private, no-store")
    text = pypdf.PdfReader(io.BytesIO(one.data)).pages[0].extract_text()
    assert numbers[0] in text.replace(" ", "")
    several = desk.get("/old-parts/labels.pdf", query_string={"numbers": ",".join([*numbers, theirs])})
    assert len(pypdf.PdfReader(io.BytesIO(several.data)).pages) == 2
    assert desk.get("/old-parts/labels.pdf", query_string={"numbers": theirs}).status_code == 404
    assert desk.get("/old-parts/labels.pdf").status_code == 303


def test_R1_every_address_is_404_for_another_dealer_and_another_brand(shelf, client_as):
    number = shelf.reported_old_part(shelf.d1)
    other = make_world()
    for actor in (shelf.d2.manager, other.hq.manager, other.d1.manager):
        browser = client_as(actor)
        hq = actor.side == "hq"
        for page in (
            f"/old-parts/{number}",
            f"/old-parts/{number}.pdf",
            f"/old-parts/{number}/photos",
            f"/old-parts/{number}/review",
        ):
            assert browser.get(page).status_code in (
                {404} if hq == page.endswith("review") or page[-4:] in {number[-4:], ".pdf"} else {403, 404}
            )
        for step in ("report", "withdraw", "answer", "photos"):
            if not hq:
                assert (
                    browser.post(
                        f"/old-parts/{number}/{step}", data={"reason": "x", "photo": (io.BytesIO(picture(1)), "a.jpg")}
                    ).status_code
                    == 404
                )
        assert number not in browser.get("/old-parts?tab=all").get_data(as_text=True)
    assert client_as(None).get(f"/old-parts/{number}").status_code == 303
    assert old_part(shelf, number).ver == 2


@pytest.mark.parametrize("number", ["OP0000-0000", "nonsense", "%00", "OP2610-0001'--", "..%2f..", "\u202e"])
def test_an_address_that_is_no_old_part_is_404(world, client_as, number):
    browser = client_as(world.d1.manager)
    for page in ("", ".pdf", "/photos"):
        assert browser.get(f"/old-parts/{number}{page}").status_code == 404


def test_the_pages_speak_English(shelf, client_as):
    number = shelf.reported_old_part(shelf.d1)
    browser = client_as(shelf.d1.clerk)
    browser.set_cookie("portal_lang", "en")
    page = browser.get(f"/old-parts/{number}").get_data(as_text=True)
    assert (
        "阀类 60 months, from installation on 2025-03-02 until 2030-03-02, home use: in warranty. By warranty policy v202607, line 2."
        in page
    )
    assert "Headquarters reviews photos and cause." in page
    with shelf.as_(shelf.d1.clerk) as session, pytest.raises(NotFound):
        queries.old_part(session, "x")
    assert date(2026, 10, 17) == old_part(shelf, number).report_by


def test_every_state_has_its_page_for_both_sides(shelf, client_as):
    pages = {
        "registered": shelf.registered_old_part(shelf.d1, photos=0),
        "pending": shelf.reported_old_part(shelf.d1, fault="F02"),
        "late": shelf.reported_old_part(shelf.d1, when="2026-10-18 09:00"),
        "accepted": shelf.reviewed_old_part(shelf.d1),
        "withdrawn": shelf.registered_old_part(shelf.d1),
    }
    shelf.submitted_claim(shelf.d1, [pages["accepted"]])
    with shelf.as_(shelf.hq.clerk) as session:
        actions.refuse(session, shelf.hq.clerk, pages["late"], reason="照片不符", at=NOON)
    with shelf.as_(shelf.d1.clerk) as session:
        actions.withdraw(session, shelf.d1.clerk, pages["withdrawn"], reason="x", at=NOON)
    said = {
        "registered": ("请拍好照片并报备。", "等待经销商拍照并报备。"),
        "pending": ("故障代码与产品的品类不符，报销时会有提醒。",) * 2,
        "late": ("不予报销：照片不符",) * 2,
        "accepted": ("RC2610-0001",) * 2,
        "withdrawn": ("登记已撤销，编号不再使用。",) * 2,
    }
    for name, number in pages.items():
        for actor, words in zip((shelf.d1.clerk, shelf.hq.clerk), said[name], strict=True):
            page = client_as(actor).get(f"/old-parts/{number}").get_data(as_text=True)
            assert words in page
    assert "逾期报备" in client_as(shelf.hq.clerk).get(f"/old-parts/{pages['late']}").get_data(as_text=True)
    desk = client_as(shelf.hq.clerk)
    assert desk.get(f"/old-parts/{pages['withdrawn']}/review").status_code == 404
    assert f"/old-parts/{pages['pending']}/review" in desk.get(f"/old-parts/{pages['pending']}").get_data(as_text=True)
    auditor = client_as(shelf.hq.auditor)
    assert f"/old-parts/{pages['pending']}/review" not in auditor.get(f"/old-parts/{pages['pending']}").get_data(
        as_text=True
    )
    assert auditor.get(f"/old-parts/{pages['pending']}/review").status_code == 403


def test_who_also_belongs_to_the_dealer_sees_why_the_review_is_not_theirs(shelf, client_as):
    from portal.identity import actions as identity
    from portal.identity.roles import Role

    number, clerk = shelf.reported_old_part(shelf.d1), shelf.hq.clerk
    browser = client_as(clerk)
    with shelf.as_(shelf.hq.admin) as session:
        identity.add_member(
            session, shelf.hq.admin, login_id=clerk.login_id, login=f"twice-{shelf.code}", name=clerk.name,
            roles=[Role.DEALER_CLERK.value], dealer_id=shelf.d1.id, at=NOON,
        )  # fmt: skip
    for page in (f"/old-parts/{number}", f"/old-parts/{number}/review"):
        assert "您也是该经销商的成员，须由他人审核。" in browser.get(page).get_data(as_text=True)
