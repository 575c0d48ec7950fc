"""A statement's PDF and workbook are made once and kept; one that disagrees with the ledger is held back (R53, BA6)."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from io import BytesIO

import openpyxl
import pytest
from flask import current_app

from portal.core import clock
from portal.core.errors import Refused
from portal.core.provision import admin_engine
from portal.files import queries as files
from portal.files import store
from portal.settlement import actions, printing, queries
from portal.settlement.models import PaperKind
from portal.settlement.rules import Fault
from tests.factories.world import World, at
from tests.settlement.months import OCTOBER, claimed, posted

NUMBER = "ST2610-D001"


@pytest.fixture
def settled(world: World) -> World:
    claimed(world, world.d1, {"P1": 4})
    claimed(world, world.d1, {"P2": 1}, day=20, approved="2026-11-03 08:00")
    posted(world)
    return world


@pytest.fixture
def the_fourth():
    with clock.frozen(at("2026-11-04 09:12")):
        yield


def made(world: World) -> None:
    with current_app.test_request_context():
        printing.make(world.hq.system, NUMBER, at=clock.now())


def kept(world: World) -> dict:
    with world.as_(world.hq.auditor) as session:
        return queries.papers(session, queries.statement(session, NUMBER)[0])


def planted(settings, sql: str) -> None:
    """By force, past the grants: as a hand in the database would."""
    with admin_engine(settings.admin_url).begin() as connection:
        connection.exec_driver_sql("SET search_path = app, public")
        connection.exec_driver_sql(sql)


def test_R53_the_bytes_are_kept_with_their_hash_and_served_ever_after(settled, client_as, the_fourth):
    made(settled)
    rows = kept(settled)
    assert set(rows) == {PaperKind.PDF, PaperKind.XLSX}
    for kind, begins in ((PaperKind.PDF, b"%PDF-"), (PaperKind.XLSX, b"PK")):
        content = store.get(settled.brand_id, rows[kind].name)
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (rows[kind].sha256, rows[kind].size)
        assert content.startswith(begins)
        with clock.frozen(at("2027-02-01 08:00")):
            for who in (settled.d1.clerk, settled.hq.auditor):
                answer = client_as(who).get(f"/statements/{NUMBER}.{kind.value}")
                assert answer.data == content
                assert answer.headers["X-Content-SHA256"] == rows[kind].sha256
                assert "no-store" in answer.headers["Cache-Control"]
                again = client_as(who).get(
                    f"/statements/{NUMBER}.{kind.value}", headers={"If-None-Match": answer.headers["ETag"]}
                )
                assert (again.status_code, again.data) == (304, b"")


def test_R53_made_twice_it_is_made_once(settled, the_fourth):
    made(settled)
    before = {kind: row.sha256 for kind, row in kept(settled).items()}
    with clock.frozen(at("2026-12-01 09:00")):
        made(settled)
    assert {kind: row.sha256 for kind, row in kept(settled).items()} == before


def test_R53_a_reader_who_comes_before_the_job_gets_a_small_paper_at_once_and_it_is_kept(
    settled, client_as, the_fourth
):
    assert kept(settled) == {}
    answer = client_as(settled.d1.manager).get(f"/statements/{NUMBER}.pdf")
    assert (answer.status_code, answer.data[:5]) == (200, b"%PDF-")
    assert kept(settled)[PaperKind.PDF].sha256 == hashlib.sha256(answer.data).hexdigest()


def test_R53_a_long_one_is_left_to_a_job_and_the_page_says_so(settled, client_as, the_fourth, monkeypatch):
    monkeypatch.setattr(printing.keeping, "SMALL", 0)
    answer = client_as(settled.d1.manager).get(f"/statements/{NUMBER}.pdf")
    assert (answer.status_code, answer.headers["Refresh"], kept(settled)) == (202, "5", {})


def test_R53_the_workbook_says_what_the_statement_says(settled, the_fourth):
    made(settled)
    book = openpyxl.load_workbook(BytesIO(store.get(settled.brand_id, kept(settled)[PaperKind.XLSX].name)))
    assert len(book.sheetnames) == 4
    with settled.as_(settled.hq.auditor) as session:
        found = queries.statement(session, NUMBER)[0]
        left_out = len(found.left_out)
    account, entries, lines, left = (list(book[name].values) for name in book.sheetnames)
    figures = {row[0]: row[1] for row in account if len(row) > 1}
    assert Decimal(str(figures["期初余额"])) == found.opening
    assert Decimal(str(figures["期末余额"])) == found.closing
    assert (len(lines) - 3, len(left) - 2) == (found.lines, left_out)  # heading and sums apart
    moved = sum(Decimal(str(row[5] or 0)) - Decimal(str(row[6] or 0)) for row in entries[1:-3])
    assert found.opening + moved == found.closing


FORCED = {
    Fault.CLOSING: "UPDATE statements SET closing = closing + 1 WHERE number = '{n}' AND brand_id = {b}",
    Fault.OPENING: "UPDATE statements SET opening = opening + 1 WHERE number = '{n}' AND brand_id = {b}",
    Fault.REIMBURSED: "UPDATE statements SET amount = amount + 1 WHERE number = '{n}' AND brand_id = {b}",
    Fault.LINES: "UPDATE statements SET lines = lines + 1 WHERE number = '{n}' AND brand_id = {b}",
    Fault.ENTRIES: "UPDATE statements SET first_seq = first_seq + 1 WHERE number = '{n}' AND brand_id = {b}",
}


@pytest.mark.parametrize("fault", FORCED)
def test_BA6_an_off_by_one_is_not_released_and_shown_in_red(settled, settings, client_as, the_fourth, fault):
    planted(settings, FORCED[fault].format(n=NUMBER, b=settled.brand_id))
    with settled.as_(settled.hq.auditor) as session:
        found = queries.statement(session, NUMBER)[0]
        assert fault in queries.faults(session, found)
        assert queries.statements_at_fault(session, found.settlement_id) == [NUMBER]
    with pytest.raises(Refused) as error:
        made(settled)
    assert (error.value.code, kept(settled)) == ("statement-at-fault", {})
    for who in (settled.d1.manager, settled.hq.finance):
        browser = client_as(who)
        browser.set_cookie("portal_lang", "en")
        assert browser.get(f"/statements/{NUMBER}.pdf").status_code == 409
        shown = browser.get(f"/statements/{NUMBER}").get_data(as_text=True)
        assert "Held back" in shown
        assert f"/statements/{NUMBER}.pdf" not in shown
    month = client_as(settled.hq.finance)
    month.set_cookie("portal_lang", "en")
    assert "1 statement is held back" in month.get(f"/settlement/{OCTOBER:%Y-%m}").get_data(as_text=True)


def test_BA6_control_a_right_one_has_no_fault_and_the_proof_is_green(settled, client_as, the_fourth):
    with settled.as_(settled.d1.manager) as session:
        assert queries.faults(session, queries.statement(session, NUMBER)[0]) == ()
    month = client_as(settled.hq.finance)
    month.set_cookie("portal_lang", "en")
    assert "Statements agree with the ledger" in month.get(f"/settlement/{OCTOBER:%Y-%m}").get_data(as_text=True)


def test_BA6_a_paper_that_says_other_figures_is_never_kept(settled, the_fourth):
    with settled.as_(settled.hq.auditor) as session:
        found = queries.statement(session, NUMBER)[0]
    wrong = actions.Figures(found.opening, found.closing + Decimal("0.01"), found.amount)
    with pytest.raises(Refused) as error, settled.as_(settled.hq.system) as session:
        actions.keep_papers(session, settled.hq.system, NUMBER, pdf=b"%PDF-1", xlsx=b"PK1", says=wrong, at=clock.now())
    assert (error.value.code, kept(settled)) == ("statement-at-fault", {})


def test_BA6_prove_finds_a_kept_paper_that_says_other_figures(settled, settings, the_fourth):
    from portal.ledger.prove import prove

    made(settled)
    proof = lambda: [  # noqa: E731
        finding.proof for finding in prove(connection, settled.brand_id) if finding.proof.startswith("statement")
    ]
    with admin_engine(settings.proof_url).connect() as connection:
        assert proof() == []
        connection.rollback()
        planted(
            settings,
            f"UPDATE statement_papers SET closing = closing + 1 WHERE kind = 'pdf' AND brand_id = {settled.brand_id}",
        )
        assert proof() == ["statement-paper"]


def test_R53_other_bytes_than_those_kept_are_not_shown(settled, client_as, the_fourth):
    made(settled)
    store.put(settled.brand_id, kept(settled)[PaperKind.PDF].name, b"%PDF-another")
    browser = client_as(settled.d1.manager)
    browser.set_cookie("portal_lang", "en")
    answer = browser.get(f"/statements/{NUMBER}.pdf")
    assert answer.status_code == 409
    assert "is not the one that was made" in answer.get_data(as_text=True)
    with settled.as_(settled.hq.auditor) as session:
        found = list(files.faults(session, settled.brand_id, read=True))
    assert [one.what for one in found] == ["size"]


def test_PD3_a_rival_gets_neither_paper_nor_workbook(settled, client_as, the_fourth):
    made(settled)
    for ending in ("pdf", "xlsx"):
        assert client_as(settled.d2.manager).get(f"/statements/{NUMBER}.{ending}").status_code == 404


def test_R53_only_the_system_keeps_papers(settled, the_fourth):
    with settled.as_(settled.hq.auditor) as session:
        found = queries.statement(session, NUMBER)[0]
    says = actions.Figures(found.opening, found.closing, found.amount)
    with pytest.raises(Refused, match="permission-missing"), settled.as_(settled.hq.finance) as session:
        actions.keep_papers(session, settled.hq.finance, NUMBER, pdf=b"%", xlsx=b"P", says=says, at=clock.now())


def test_the_share_of_a_dealer_comes_by_pages(settled, client_as, the_fourth, monkeypatch):
    from portal.settlement.views import lines

    monkeypatch.setattr(lines, "LINES", 1)
    claimed(settled, settled.d2, {"P1": 1, "P2": 1})
    browser = client_as(settled.hq.auditor)
    first = browser.get("/settlement/2026-10/D002").get_data(as_text=True)
    assert "after=" in first
    older = first.split('href="/settlement/2026-10/D002?after=')[1].split('"')[0]
    second = browser.get(f"/settlement/2026-10/D002?after={older}").get_data(as_text=True)
    assert tuple(f">{part}<" in text for text in (first, second) for part in ("P1", "P2")) == (True, False, False, True)
    assert browser.get("/settlement/2026-10/D002?after=x").status_code == 200
