"""Every text of another brand is marked, and no page, file, export or API answer of this brand shows a mark (T1, T11, AZ3, PD3).

Brand B's rows are rewritten by force, column by column: CANARY-B-<n>. Headquarters-only columns of brand A carry CANARY-HQ-<n>.
Then everything that A's people can reach by links is read, after B's people warmed whatever might be kept between requests, twice.
"""

from __future__ import annotations

import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import BytesIO
from urllib.parse import urlsplit

import psycopg
import pypdf
import pytest
from flask import Flask
from sqlalchemy import select

from portal.core import clock
from portal.core.permissions import Actor
from portal.core.settings import Settings
from portal.organizations.models import Dealer
from tests.api.calling import program
from tests.architecture.test_routes import whole_side
from tests.browser.lived import NOW, lived_in
from tests.factories.world import World, at, yuan

MARK = re.compile(r"CANARY-(?:B|HQ)-\d+")
B, HQ = "CANARY-B-", "CANARY-HQ-"
# Rows that the database lets nobody change, and those that no page reads or that make a tenant what it is.
SEALED = {"journals", "postings", "chain_entries", "chain_heads", "audit_events"}
APART = {"brands", "counters", "login_sessions", "logins", "kept_replies", "api_tokens", "done_once"}
# Columns whose text is a code that decides, an address of a file, a hash: words that people wrote are everywhere else.
CODES = {"stored_name", "content_hash", "public_id", "sha256", "token_hash", "fingerprint", "currency", "kind", "subject_kind", "slot"}  # fmt: skip
KEYS = {"accounts.code", "term_values.name"}
_KEPT_APART = re.compile(r"CHECK|violates|constraint|invalid", re.IGNORECASE)
EACH = 3  # pages of one kind that a reader looks at; each list leads to its first rows


@pytest.fixture(scope="module")
def planted(app: Flask, settings: Settings) -> tuple[World, World, set[str]]:
    """Brand A and brand B with everything in them; which columns of B were marked."""
    with clock.frozen(at(NOW)):
        ours, theirs = lived_in(), lived_in()
        for world in (ours, theirs):
            _told_to_nobody(world)
        _marked_acts(theirs)
        marked = _mark(settings, theirs, B, lambda _table: True)
        hidden = _hidden_tables(settings)
        marked_hq = _mark(settings, ours, HQ, lambda table: table in hidden)
    assert len(marked) > 80, sorted(marked)
    assert {"settlements", "imports"} & {column.split(".")[0] for column in marked_hq}
    return ours, theirs, marked


def _told_to_nobody(world: World) -> None:
    """Events that dealers must not read, and an address that only headquarters sees."""
    from portal.core import audit

    somebody = replace(world.hq.finance, address=f"{HQ}1")
    with world.as_(somebody) as session:
        audit.record(
            session, somebody, "order:quote", None, at=at(NOW), dealer_id=world.d1.id, public=False, reason=f"{HQ}2"
        )
        audit.record(session, somebody, "account:limit", None, at=at(NOW), dealer_id=world.d1.id, limit="1.00")


def _marked_acts(world: World) -> None:
    """What cannot be rewritten is written anew with marks: journals, postings, events."""
    from portal.ledger import actions as ledger

    teller = replace(world.hq.finance, name=f"{B}900001")
    with world.as_(teller) as session:
        dealer = session.scalar(select(Dealer.code).where(Dealer.id == world.d1.id))
        ledger.enter_topup(
            session, teller, dealer_code=str(dealer), amount=yuan("12.34"), received_on=at(NOW).date(),
            bank_reference=f"{B}900002", note=f"{B}900003", at=at(NOW),
        )  # fmt: skip


def _connect(settings: Settings) -> psycopg.Connection:
    return psycopg.connect(str(settings.admin_url).replace("+psycopg", ""))


def _hidden_tables(settings: Settings) -> set[str]:
    """Tenant tables that no policy opens to a dealer."""
    with _connect(settings) as admin:
        rows = admin.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'brand_id' "
            "WHERE c.relnamespace = 'app'::regnamespace AND c.relkind = 'r' AND NOT EXISTS (SELECT 1 FROM pg_policy p "
            "WHERE p.polrelid = c.oid AND 'scope_dealer'::regrole = ANY (p.polroles))"
        )
        return {name for (name,) in rows}


def _mark(settings: Settings, world: World, mark: str, wanted: Callable[[str], bool]) -> set[str]:
    """Write a mark of its own into every text of the brand's rows; which columns took it."""
    done: set[str] = set()
    with _connect(settings) as admin:
        admin.execute("SET session_replication_role = replica")  # keys between texts do not hold it up
        columns = admin.execute(
            "SELECT c.table_name, c.column_name FROM information_schema.columns c JOIN information_schema.columns b "
            "ON b.table_schema = c.table_schema AND b.table_name = c.table_name AND b.column_name = 'brand_id' "
            "WHERE c.table_schema = 'app' AND c.data_type = 'text' AND c.is_generated = 'NEVER' ORDER BY 1, 2"
        ).fetchall()
        for count, (table, column) in enumerate(columns):
            if table in SEALED | APART or column in CODES or f"{table}.{column}" in KEYS or not wanted(table):
                continue
            try:
                with admin.transaction():
                    changed = admin.execute(
                        f'UPDATE app."{table}" SET "{column}" = CASE WHEN "{column}" ~ \'^[[{{]\' THEN "{column}" ELSE %s || row_number END FROM (SELECT id AS i, row_number() OVER (ORDER BY id) '
                        f'FROM app."{table}" WHERE brand_id = %s) n WHERE brand_id = %s AND id = n.i AND "{column}" IS NOT NULL',
                        [f"{mark}{count * 1000}", world.brand_id, world.brand_id],
                    ).rowcount
                if changed:
                    done.add(f"{table}.{column}")
            except psycopg.Error as error:  # a code that a CHECK knows, a table without an id
                assert _KEPT_APART.search(str(error)) or "does not exist" in str(error), (table, column, error)
    return done


# ---------------------------------------------------------------- reading


def everything(browser, start: list[str], *, forced: bool = False) -> Iterator[tuple[str, str]]:
    """(address, its text) of all that links lead to: pages, papers, workbooks, pictures' headers.

    ``forced``: of the brand whose rows were rewritten; a page that cannot read them any more is passed over.
    """
    waiting, seen, kinds = list(start), set(), Counter()
    while waiting:
        address = waiting.pop(0)
        path = urlsplit(address).path
        kind = re.sub(r"(?<=/)(?=[^/]*[\d.])[^/.]+", "*", path)
        if address in seen or path.startswith("/static") or kinds[kind] >= EACH:
            continue
        seen.add(address)
        kinds[kind] += 1
        try:
            answer = browser.get(address)
        except Exception:
            if not forced:
                raise
            continue
        body = words(answer)
        yield address, body + str(answer.headers)
        if answer.mimetype == "text/html":
            found = re.findall(r'(?:href|src|data-url)="(/[^"#]*)', body.replace("&amp;", "&"))
            waiting += [one for one in found if not one.startswith("//")]


def words(answer) -> str:
    """What a reader finds in an answer, whatever its kind."""
    data = answer.get_data()
    if answer.mimetype == "application/pdf":
        reader = pypdf.PdfReader(BytesIO(data))
        return "\n".join(page.extract_text() for page in reader.pages) + str(reader.metadata)
    if data[:2] == b"PK":
        with zipfile.ZipFile(BytesIO(data)) as parts:
            return "\n".join(parts.read(name).decode("utf-8", "replace") for name in parts.namelist())
    return data.decode("utf-8", "replace")


def _kind(address: str) -> str:
    path = urlsplit(address).path
    ending = path.rpartition(".")[2]
    return "api" if path.startswith("/api/") else ending if ending in {"pdf", "xlsx", "jpg"} else "page"


def people(world: World) -> list[tuple[str, Actor]]:
    return [("hq", whole_side(world.hq.auditor, world)), ("d1", whole_side(world.d1.manager, world)), ("d2", whole_side(world.d2.manager, world))]  # fmt: skip


def api_answers(app: Flask, world: World, actor: Actor) -> Iterator[tuple[str, str]]:
    """Every list of the API, and the first documents that they name."""
    from portal.web.api.document import document

    caller = program(app, world, actor)
    paths = [path.removeprefix("/api/v1") for path, verbs in document()["paths"].items() if "get" in verbs]
    for path in paths:
        if "{" in path:
            continue
        answer = caller.get(path)
        yield f"/api/v1{path}", answer.get_data(as_text=True) + str(answer.headers)
        listed = answer.get_json(silent=True)
        items = listed.get("items", []) if isinstance(listed, dict) else []
        for item in items[:2]:
            name = (
                item.get("number") or item.get("id") or item.get("ref") or item.get("code")
                if isinstance(item, dict)
                else None
            )
            if name:
                one = caller.get(f"{path}/{name}")
                yield f"/api/v1{path}/{name}", one.get_data(as_text=True) + str(one.headers)


def test_T11_AZ3_PD3_no_page_file_export_or_api_answer_shows_a_mark(app: Flask, planted, client_as) -> None:
    ours, theirs, _marked = planted
    with clock.frozen(at(NOW)):
        readers = [(who, actor, client_as(actor)) for who, actor in people(ours)]
        warmers = [client_as(actor) for _who, actor in people(theirs)[:2]]
        wrong: list[str] = []
        kinds: Counter[str] = Counter()
        for turn in range(2):
            for warmer in warmers:
                for address, _body in everything(warmer, ["/"], forced=True):
                    assert address
            for who, actor, browser in readers:
                start = ["/"] + [f"/{place}?q={B}" for place in ("orders", "claims", "old-parts", "search")]
                for address, body in [*everything(browser, start), *api_answers(app, ours, actor)]:
                    kinds[_kind(address)] += 1
                    seen = set(MARK.findall(body.replace(f"q={B}", "")))
                    bad = {mark for mark in seen if mark.startswith(B) or who != "hq"}
                    if bad:
                        wrong.append(f"turn {turn}, {who} on {address}: {sorted(bad)[:3]}")
        assert not wrong, "\n".join(wrong)
    assert all(kinds[kind] > 0 for kind in ("page", "pdf", "xlsx", "jpg", "api")), kinds
    assert kinds["page"] > 150, kinds


def test_control_the_owner_reads_its_marks_everywhere(planted, client_as) -> None:
    """Else the marks would be nowhere to be seen, and the test above would prove nothing."""
    _ours, theirs, marked = planted
    with clock.frozen(at(NOW)):
        seen: set[str] = set()
        for _who, actor in people(theirs):
            for _address, body in everything(client_as(actor), ["/"], forced=True):
                seen |= set(MARK.findall(body))
    assert len(seen) > 60
    assert len(marked) > 80


def test_AZ3_control_headquarters_reads_what_is_its_own(planted, client_as) -> None:
    ours, _theirs, _marked = planted
    with clock.frozen(at(NOW)):
        seen = {mark for _a, body in everything(client_as(people(ours)[0][1]), ["/"]) for mark in MARK.findall(body)}
    assert any(mark.startswith(HQ) for mark in seen)
