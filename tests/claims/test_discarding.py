"""A draft can be thrown away by its dealer: it is deleted, its old parts and its workbook are free again, the trail says it."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import text

from portal.claims import actions, queries
from portal.core import clock
from portal.core.errors import NotFound
from portal.orders import actions as orders
from portal.orders.models import Purpose
from portal.orders.rules import LineWish
from tests.api.calling import program, told
from tests.claims.forms import NOW, deep_shelf, form_of, row, take_in
from tests.claims.kit import OCTOBER, refused
from tests.factories.world import World


@pytest.fixture(autouse=True)
def _clock():
    with clock.frozen(NOW):
        yield


@pytest.fixture
def shelf(world):
    return deep_shelf(world)


def drafted(world, *old_parts: str) -> str:
    with world.as_(world.d1.clerk) as session:
        claim = actions.draft(session, world.d1.clerk, month=OCTOBER, at=NOW)
        if old_parts:
            actions.add_lines(session, world.d1.clerk, claim.public_id, old_parts=old_parts, at=NOW)
        return str(claim.public_id)


def discard(world, actor, ref):
    with world.as_(actor) as session:
        return actions.discard(session, actor, ref, at=NOW)


def rows(world) -> dict[str, int]:
    with world.as_(world.hq.auditor) as session:
        tables = ("claims", "claim_lines", "claim_forms", "claim_form_rows")
        return {table: session.scalar(text(f"SELECT count(*) FROM {table}")) for table in tables}


def trail(world) -> list[tuple]:
    with world.as_(world.hq.auditor) as session:
        found = session.execute(text("SELECT facts FROM audit_events WHERE act = 'claim:discard'"))
        return [(one.facts["month"], one.facts["count"], one.facts["amount"]) for one in found]


def test_an_empty_draft_goes_and_the_trail_says_so(shelf):
    ref = drafted(shelf)
    assert discard(shelf, shelf.d1.clerk, ref).public_id == ref
    assert set(rows(shelf).values()) == {0}
    assert trail(shelf) == [("2026-10", 0, "0.00")]
    with pytest.raises(NotFound):
        discard(shelf, shelf.d1.clerk, ref)


def test_R33_the_old_parts_of_a_draft_that_goes_can_be_claimed_again(shelf):
    part = shelf.reviewed_old_part(shelf.d1, quantity=2)
    discard(shelf, shelf.d1.clerk, drafted(shelf, part))
    assert trail(shelf) == [("2026-10", 1, "25.00")]
    drafted(shelf, part)
    assert rows(shelf)["claim_lines"] == 1


def test_IE4_the_workbook_of_a_draft_that_goes_can_be_taken_in_again(shelf):
    part = shelf.reviewed_old_part(shelf.d1)
    form = form_of(row(None, "", None, 1, part), row("2026-10-20", "SN-NOBODY"))
    discard(shelf, shelf.d1.clerk, take_in(shelf, form))
    assert set(rows(shelf).values()) == {0}
    take_in(shelf, form)
    assert rows(shelf) == {"claims": 1, "claim_lines": 1, "claim_forms": 1, "claim_form_rows": 2}


def test_what_headquarters_has_seen_is_never_thrown_away(shelf):
    number = shelf.submitted_claim(shelf.d1, [shelf.reviewed_old_part(shelf.d1)])
    refused(shelf, lambda: discard(shelf, shelf.d1.clerk, number), "wrong-state")


def test_R1_nobody_else_throws_it_away(shelf):
    ref = drafted(shelf)
    refused(shelf, lambda: discard(shelf, shelf.d1.technician, ref), "permission-missing")
    refused(shelf, lambda: discard(shelf, shelf.hq.clerk, ref), "permission-missing")
    with pytest.raises(NotFound):
        discard(shelf, shelf.d2.clerk, ref)
    with shelf.as_(shelf.d2.clerk) as session:  # the database keeps it from a rival, whatever the code forgot
        session.execute(text("DELETE FROM claims"))
    assert rows(shelf)["claims"] == 1


def test_the_button_asks_first_and_leads_to_the_list(shelf, client_as):
    ref = drafted(shelf, shelf.reviewed_old_part(shelf.d1))
    browser = client_as(shelf.d1.clerk)
    page = browser.get(f"/claims/{ref}").get_data(as_text=True)
    assert "作废草稿" in page
    assert "其中有 1 行" in page
    answer = browser.post(f"/claims/{ref}/discard", data={"form_key": "k9"})
    assert answer.headers["Location"] == "/claims"
    assert "草稿已作废" in browser.get("/claims").get_data(as_text=True)
    assert browser.get(f"/claims/{ref}").status_code == 404
    assert (
        browser.post(f"/claims/{ref}/discard", data={"form_key": "k9"}).status_code == 303
    )  # sent twice: the first answer
    empty = drafted(shelf)
    browser.set_cookie("portal_lang", "en")
    assert "Throw this empty draft for" in browser.get(f"/claims/{empty}").get_data(as_text=True)
    number = shelf.submitted_claim(shelf.d1, [shelf.reviewed_old_part(shelf.d1)])
    assert "Throw the draft away" not in browser.get(f"/claims/{number}").get_data(as_text=True)
    assert client_as(shelf.d1.technician).post(f"/claims/{empty}/discard").status_code == 403
    assert client_as(shelf.d2.clerk).post(f"/claims/{empty}/discard").status_code in {303, 404}
    with shelf.as_(shelf.d1.clerk) as session:
        assert queries.claim(session, empty).public_id == empty


def test_the_api_answers_with_what_it_was_and_asks_for_the_version(app: Flask, shelf: World):
    ref = drafted(shelf, shelf.reviewed_old_part(shelf.d1))
    counter = program(app, shelf, shelf.d1.clerk)
    told(counter.act(f"/claims/{ref}/discard", seen='"0"'), 412, "version-stale")
    gone = counter.on(f"/claims/{ref}", "discard")
    assert (gone.status_code, gone.get_json()["state"], len(gone.get_json()["lines"])) == (200, "draft", 1)
    told(counter.get(f"/claims/{ref}"), 404, "not-found")


def test_a_draft_of_an_order_is_cancelled_by_its_dealer_from_its_page(world, client_as):
    """domain.md section 3 names a state for it: cancelled, with a reason."""
    with world.as_(world.d1.clerk) as session:
        wishes = [LineWish("P1", 1, Purpose.STOCK, None)]
        order = orders.draft(session, world.d1.clerk, lines=wishes, note="", ship_to="福州", at=NOW)
        ref = order.public_id
    browser = client_as(world.d1.manager)
    assert f"/orders/{ref}/cancel" in browser.get(f"/orders/{ref}").get_data(as_text=True)
    assert browser.post(f"/orders/{ref}/cancel", data={"reason": "订错了"}).status_code == 303
    with world.as_(world.hq.auditor) as session:
        assert session.scalar(text("SELECT state FROM orders")) == "cancelled"


def test_T11_the_database_deletes_no_claim_that_was_submitted_whatever_it_is_told(shelf):
    part = shelf.reviewed_old_part(shelf.d1)
    number = shelf.submitted_claim(shelf.d1, [part])
    drafted(shelf)  # the control: a draft goes by the same statement
    with shelf.as_(shelf.d1.clerk) as session:
        session.execute(text("DELETE FROM claims"))
    with shelf.as_(shelf.hq.auditor) as session:
        assert session.scalars(text("SELECT number FROM claims")).all() == [number]
