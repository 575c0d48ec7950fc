"""Papers and workbooks through the API: the pages' own printing, the bytes with their hash (R53, T1, PD1)."""

from __future__ import annotations

import hashlib
from io import BytesIO

import openpyxl
import pytest
from flask import Flask
from pypdf import PdfReader
from sqlalchemy import text

from portal.core import clock
from portal.core.db import db
from portal.settlement.printing import keeping
from portal.web import pdf
from portal.web.responses import XLSX
from tests.api.calling import Program, program, told
from tests.factories.world import World, at
from tests.settlement.months import claimed, posted

STATEMENT = "/statements/ST2610-D001"


@pytest.fixture
def settled(world: World) -> World:
    claimed(world, world.d1, {"P1": 4})
    posted(world)
    return world


def words(content: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(BytesIO(content)).pages)


def paper(caller: Program, path: str) -> bytes:
    answer = caller.get(path)
    assert (answer.status_code, answer.content_type) == (200, "application/pdf"), answer.get_data(as_text=True)
    digest = hashlib.sha256(answer.data).hexdigest()
    assert (answer.headers["ETag"], answer.headers["X-Content-SHA256"]) == (f'"{digest}"', digest)
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert "Authorization" in answer.headers["Vary"]
    return answer.data


def test_an_orders_paper_is_the_pages_own_for_both_sides_and_a_drafts_for_its_dealer(app: Flask, world: World) -> None:
    number = world.agreed_order(world.d1, {"P1": 2})
    for who in (world.d1.clerk, world.hq.clerk):
        said = words(paper(program(app, world, who), f"/orders/{number}/paper"))
        assert number in said
        assert "P1" in said
    assert program(app, world, world.d1.clerk).get(f"/orders/{number}/paper").headers["Content-Disposition"] == (
        f"inline; filename=\"{number}.pdf\"; filename*=UTF-8''{number}.pdf"
    )
    boss = program(app, world, world.d1.manager)
    draft = boss.act("/orders", {"lines": [{"part": "P1", "quantity": 1}]}).get_json()["ref"]
    assert paper(boss, f"/orders/{draft}/paper")
    told(program(app, world, world.hq.clerk).get(f"/orders/{draft}/paper"), 404, "not-found")


def test_a_claim_has_a_paper_once_it_is_submitted_and_an_old_part_has_a_label(app: Flask, world: World) -> None:
    world.received_order(world.d1, {"P1": 4})
    part = world.reviewed_old_part(world.d1)
    boss = program(app, world, world.d1.manager)
    assert part in words(paper(boss, f"/old-parts/{part}/label"))
    with clock.frozen(at("2026-10-12 10:00")):
        ref = boss.act("/claims", {"month": "2026-10", "old_parts": [part]}).get_json()["ref"]
        told(boss.get(f"/claims/{ref}/paper"), 404, "not-found")
        number = boss.on(f"/claims/{ref}", "submit").get_json()["number"]
        for who in (world.d1.clerk, world.hq.clerk):
            assert number in words(paper(program(app, world, who), f"/claims/{number}/paper"))


def test_a_fee_schedules_paper_is_there_for_its_dealer_and_for_headquarters_once_it_was_sent(
    app: Flask, world: World
) -> None:
    boss, hq = program(app, world, world.d1.manager), program(app, world, world.hq.manager)
    said = {
        "region": "Fuzhou", "from_day": "2026-12-01", "items": [{"item": "Visit", "unit": "time", "amount": "1.00"}],
    }  # fmt: skip
    ref = boss.act("/fee-schedules", said).get_json()["ref"]
    assert "Visit" in words(paper(boss, f"/fee-schedules/{ref}/paper"))
    told(hq.get(f"/fee-schedules/{ref}/paper"), 404, "not-found")
    number = boss.on(f"/fee-schedules/{ref}", "submit").get_json()["number"]
    assert number in words(paper(hq, f"/fee-schedules/{number}/paper"))


def test_R53_a_statements_bytes_are_those_that_were_kept_and_the_pages_are_the_same(
    app: Flask, settled: World, client_as
) -> None:
    boss, finance = program(app, settled, settled.d1.manager), program(app, settled, settled.hq.finance)
    with clock.frozen(at("2026-11-04 09:00")):
        first = paper(boss, f"{STATEMENT}/paper")  # made now and kept
    with clock.frozen(at("2027-02-01 09:00")):
        assert paper(finance, f"{STATEMENT}/paper") == first
        assert client_as(settled.d1.clerk).get(f"{STATEMENT}.pdf").data == first
        book = boss.get(f"{STATEMENT}/workbook")
        assert (book.status_code, book.content_type) == (200, XLSX)
        assert len(openpyxl.load_workbook(BytesIO(book.data)).sheetnames) == 4
        assert client_as(settled.d1.clerk).get(f"{STATEMENT}.xlsx").data == book.data
        for path, tag in (("paper", hashlib.sha256(first).hexdigest()), ("workbook", book.headers["X-Content-SHA256"])):
            again = boss.get(f"{STATEMENT}/{path}", etag=f'"{tag}"')
            assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", f'"{tag}"')
            assert boss.call("GET", f"{STATEMENT}/{path}", headers={"If-Match": '"x"'}).status_code == 200  # acts only


def test_R53_a_long_statement_is_left_to_a_job_and_asked_for_again(
    app: Flask, settled: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    boss = program(app, settled, settled.d1.manager)
    with clock.frozen(at("2026-11-04 09:00")):
        monkeypatch.setattr(keeping, "SMALL", 0)
        waits = boss.get(f"{STATEMENT}/paper")
        assert (waits.status_code, waits.data, waits.headers["Retry-After"]) == (202, b"", "5")
        with app.test_request_context():
            keeping.make(settled.hq.system, "ST2610-D001", at=clock.now())  # as the job does
        assert paper(boss, f"{STATEMENT}/paper")


@pytest.mark.parametrize("path", ["orders", "statements"])
def test_no_connection_is_held_while_a_paper_is_printed(
    app: Flask, settled: World, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    where = f"{STATEMENT}/paper" if path == "statements" else f"/orders/{settled.agreed_order(settled.d1)}/paper"
    boss, held = program(app, settled, settled.d1.manager), []
    printed = pdf.render

    def watched(template: str, said: object) -> bytes:
        held.append(db.engine.pool.checkedout())  # type: ignore[attr-defined]
        return printed(template, said)  # type: ignore[arg-type]

    with settled.as_(settled.d1.clerk) as session:
        session.execute(text("SELECT 1"))
        assert db.engine.pool.checkedout() == 1  # type: ignore[attr-defined]  # the control: a unit of work is seen
    monkeypatch.setattr(pdf, "render", watched)
    with clock.frozen(at("2026-11-04 09:00")):
        assert paper(boss, where)
    assert held == [0]


def test_T1_a_rival_has_no_paper_and_a_token_without_the_permission_none_either(app: Flask, settled: World) -> None:
    number = settled.agreed_order(settled.d1)
    for path in (f"/orders/{number}/paper", f"{STATEMENT}/paper", f"{STATEMENT}/workbook"):
        told(program(app, settled, settled.d2.manager).get(path), 404, "not-found")
        told(Program(app, None).get(path), 401, "token-needed")
        told(program(app, settled, settled.d1.manager, "claims.read").get(path), 403, "scope-missing")
