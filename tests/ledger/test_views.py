"""Headquarters' pages of the ledger: top-ups, limits, journals; what was typed stays, what is another's is not there."""

from __future__ import annotations

import pytest

from portal.ledger import queries
from portal.ledger.views import document_url, source_url
from tests.factories.world import World, at, make_world, yuan

TYPED = {"dealer": "D001", "amount": "￥1,234.50", "received_on": "2026/10/4", "bank_reference": "BK-77", "note": ""}


@pytest.fixture(scope="module")
def home(app) -> World:
    return make_world()


def balance(world: World) -> str:
    return str(world.balance(world.d1))


def test_R63_a_topup_is_entered_as_people_type_and_only_once(client_as, home: World) -> None:
    browser = client_as(home.hq.finance)
    before = home.balance(home.d1)
    assert browser.post("/topups", data=TYPED).status_code == 303
    assert home.balance(home.d1) == before + yuan("1234.50")
    again = browser.post("/topups", data={**TYPED, "amount": "5"})
    page = again.get_data(as_text=True)
    assert (again.status_code, "TU" in page, 'value="BK-77"' in page, 'value="5"' in page) == (422, True, True, True)
    assert home.balance(home.d1) == before + yuan("1234.50")


@pytest.mark.parametrize(
    "change",
    [
        {"amount": "0.005"}, {"amount": "12,50"}, {"amount": "-5"}, {"amount": ""}, {"amount": "1e3"}, {"amount": "9" * 300}, {"amount": "\0"}, {"amount": "0"},
        {"received_on": "2999-01-01"}, {"received_on": "yesterday"}, {"received_on": ""}, {"bank_reference": ""}, {"bank_reference": "B\0"}, {"bank_reference": "x" * 101},
        {"bank_reference": "\x1b"}, {"dealer": "D999"}, {"dealer": ""}, {"dealer": "D001\0"}, {"note": "x" * 201}, {"note": "\x07"},
    ],
)  # fmt: skip
def test_IE5_MO8_what_cannot_be_read_is_said_at_its_field_and_nothing_is_posted(
    client_as, home: World, change: dict[str, str]
) -> None:
    before = balance(home)
    answer = client_as(home.hq.finance).post("/topups", data={**TYPED, "bank_reference": "BK-78", **change})
    assert answer.status_code == (
        400 if change == {"dealer": "D001\0"} else 422
    )  # a list offers no NUL: nobody typed that
    assert balance(home) == before


def test_the_list_of_topups_is_narrowed_to_a_dealer_and_its_form_is_finances(client_as) -> None:
    world = make_world()
    world.topup(world.d1, "50.00")
    browser = client_as(world.hq.finance)
    page = browser.get("/topups").get_data(as_text=True)
    assert "TU2610-0001" in page
    assert 'name="bank_reference"' in page
    assert 'name="bank_reference"' not in client_as(world.hq.auditor).get("/topups").get_data(as_text=True)
    assert "TU2610-0001" in browser.get("/topups?dealer=D001").get_data(as_text=True)
    assert "TU2610-0001" not in browser.get("/topups?dealer=D002").get_data(as_text=True)
    assert "TU2610-0001" not in browser.get("/topups?before=1").get_data(as_text=True)


def test_AZ2_what_the_form_does_not_ask_is_not_taken(client_as, home: World) -> None:
    extra = {
        **TYPED,
        "bank_reference": "BK-AZ2",
        "number": "TU0000-0001",
        "state": "reversed",
        "brand_id": "1",
        "dealer_id": str(home.d2.id),
        "entered_by": "nobody",
    }
    assert client_as(home.hq.finance).post("/topups", data=extra).status_code == 303
    with home.as_(home.hq.auditor) as session:
        row = next(r for r in queries.topups(session) if r.bank_reference == "BK-AZ2")
    assert (row.state, row.dealer_code, row.entered_by, row.number[:2]) == ("posted", "D001", "何敏", "TU")
    assert row.number != "TU0000-0001"


def test_R61_a_topup_is_taken_back_with_a_reason_from_its_page(client_as) -> None:
    world = make_world()
    world.topup(world.d1, "50.00")
    browser = client_as(world.hq.finance)
    assert browser.get("/topups/TU2610-0001").status_code == 200
    for reason in ("", "  ", "x" * 501, "\0"):
        browser.post("/topups/TU2610-0001/reverse", data={"reason": reason})
        assert balance(world) == "1050.00"
    assert browser.post("/topups/TU2610-0001/reverse", data={"reason": "打错了"}).status_code == 303
    assert balance(world) == "1000.00"
    page = browser.get("/topups/TU2610-0001").get_data(as_text=True)
    assert "打错了" in page
    browser.post("/topups/TU2610-0001/reverse", data={"reason": "again"})
    assert balance(world) == "1000.00"
    assert browser.post("/topups/TU2610-0099/reverse", data={"reason": "x"}).status_code == 404


def test_R1_a_dealer_opens_its_own_topup_and_no_list_and_no_other(client_as) -> None:
    world = make_world()
    world.topup(world.d1, "50.00")
    assert client_as(world.d1.clerk).get("/topups/TU2610-0001").status_code == 200
    assert client_as(world.d2.clerk).get("/topups/TU2610-0001").status_code == 404
    for where in ("/topups", "/journals", "/journals/JV2610-000001", "/prove"):
        assert client_as(world.d1.manager).get(where).status_code == 404
    assert client_as(world.d1.manager).post("/topups", data=TYPED).status_code == 404
    assert client_as(world.hq.auditor).post("/topups", data=TYPED).status_code == 403
    assert balance(world) == "1050.00"


def test_a_credit_limit_is_set_by_the_finance_manager(client_as) -> None:
    world = make_world()
    browser = client_as(world.hq.finance_manager)
    for limit, expected in (
        ("2,000.00", "2000.00"),
        ("-1", "2000.00"),
        ("", "2000.00"),
        ("\0", "2000.00"),
        ("０", "0.00"),
    ):
        assert browser.post("/accounts/D001/limit", data={"limit": limit}).status_code == 303
        with world.as_(world.hq.auditor) as session:
            assert str(queries.prepayment(session, world.d1.id).credit_limit) == expected
    assert client_as(world.hq.finance).post("/accounts/D001/limit", data={"limit": "5"}).status_code == 403


def test_journals_are_listed_found_and_opened(client_as) -> None:
    world = make_world()
    world.topup(world.d1, "50.00")
    browser = client_as(world.hq.auditor)
    page = browser.get("/journals").get_data(as_text=True)
    assert "JV2610-000001" in page
    assert "JV2606-000001" in page
    page = browser.get("/journals?q=TU2610-0001").get_data(as_text=True)
    assert "JV2610-000001" in page
    assert "JV2606-000001" not in page
    page = browser.get("/journals/JV2610-000001").get_data(as_text=True)
    assert "TU2610-0001" in page
    with world.as_(world.hq.finance) as session:
        from portal.ledger import actions

        actions.reverse_topup(session, world.hq.finance, "TU2610-0001", reason="x", at=at("2026-10-02 09:00"))
    for one, other in (("JV2610-000001", "JV2610-000002"), ("JV2610-000002", "JV2610-000001")):
        assert other in browser.get(f"/journals/{one}").get_data(as_text=True)
    for nonsense in ("JV2610-000099", "%00", "x' OR 1=1--"):
        assert browser.get(f"/journals/{nonsense}").status_code in {400, 404}
    assert browser.get("/journals?q=%00&before=%00").status_code in {200, 400}
    assert browser.get("/journals?before=999999999999999999999999").status_code == 200


def test_an_entry_leads_to_its_document(app) -> None:
    with app.test_request_context():
        assert document_url("TU2610-0001") == "/topups/TU2610-0001"
        assert document_url("PO2610-0001") == "/orders/PO2610-0001"
        assert document_url("ST2610-D001").endswith("ST2610-D001")
        assert document_url("ST2610") == document_url("D001") == document_url("") == ""
        assert source_url("topup:TU2610-0001") == "/topups/TU2610-0001"
        assert "2026-10" in source_url("settlement:ST2610")
        assert source_url("dealer:D001").endswith("D001")
        assert source_url("gift:x") == ""
