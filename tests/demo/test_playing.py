"""The demo is played, not inserted: the same each time, through the actions, with every state and nothing that disagrees."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import datetime

import pytest
from sqlalchemy import text

from portal.core import clock, provision
from portal.core.db import db, unit_of_work
from portal.demo import names, play
from portal.demo.script import Size
from portal.identity import queries as identity
from portal.ledger import prove
from portal.orders.models import OrderState

NOW = datetime.fromisoformat("2026-09-10T10:00:00+08:00")
SIZES = {"muyu": Size(orders=3, repairs=12)}
FIRST, SECOND = (
    replace(names.MUYU, code=f"demo{mark}{os.getpid()}", seed="muyu", stem=f"{mark}{os.getpid()}-") for mark in "ab"
)
WRITTEN = {
    "orders": "SELECT number, state, total, quote_no, ship_on, reason, submitted_at, note FROM orders ORDER BY id",
    "shipments": "SELECT number, state, tracking, shipped_at FROM shipments ORDER BY id",
    "old parts": "SELECT number, state, review, amount, quantity, replaced_on, reported_late, verdict FROM old_parts ORDER BY id",
    "photos": "SELECT content_hash, size FROM photos ORDER BY id",
    "claims": "SELECT number, state, month, submitted_at FROM claims ORDER BY id",
    "claim lines": "SELECT position, state, claimed, approved, pays_in, decision_reason FROM claim_lines ORDER BY id",
    "settlements": "SELECT number, state, lines, amount, posted_at FROM settlements ORDER BY id",
    "statements": "SELECT number, opening, closing, amount FROM statements ORDER BY number",
    "top-ups": "SELECT number, state, amount, bank_reference FROM topups ORDER BY id",
    "fee schedules": "SELECT number, state, region, from_day FROM fee_schedules ORDER BY id",
    "postings": "SELECT line, debit_fen, credit_fen, balance_after_fen, at, document FROM postings ORDER BY journal_id, line",
}


@pytest.fixture(scope="module")
def told(app, settings):
    """What the command answers for a small brand, played from August to 10 September 2026."""
    with clock.frozen(NOW):
        return play.play(settings, from_month="2026-08", quiet=True, casts=[FIRST], sizes=SIZES)


def read(cast, sql):
    brand = identity.brand_by_code(db.engine, cast.code)
    with unit_of_work(identity.system_actor(brand).scope) as session:
        return [tuple(row) for row in session.execute(text(sql))]


def test_the_same_documents_numbers_states_and_amounts_come_out_each_time(told, settings):
    with clock.frozen(NOW):
        again = play.play(settings, from_month="2026-08", quiet=True, casts=[SECOND], sizes=SIZES)
    assert again["counts"][SECOND.code] == told["counts"][FIRST.code]
    for kind, sql in WRITTEN.items():
        first = read(FIRST, sql)
        assert first, kind
        assert read(SECOND, sql) == first, kind


def test_a_second_run_changes_nothing_and_says_so(told, settings):
    with clock.frozen(NOW):
        again = play.play(settings, from_month="2026-08", quiet=True, casts=[FIRST], sizes=SIZES)
    assert (told["played"], again["played"], again["complete"]) == (True, False, True)
    assert again["counts"] == told["counts"]
    assert "nothing was changed" in play.said(again)


def test_what_was_played_agrees_with_its_postings_r62(told, settings):
    brand = identity.brand_by_code(db.engine, FIRST.code)
    with provision.admin_engine(settings.proof_url).connect() as connection:
        assert prove.prove(connection, brand.id) == []


def test_orders_stand_in_every_state_and_some_are_short_of_funds_r23(told):
    states = told["counts"][FIRST.code]["orders"]
    assert set(states) == {state.value for state in OrderState}
    short = read(
        FIRST,
        "SELECT o.number FROM orders o JOIN accounts a ON a.brand_id = o.brand_id AND a.dealer_id = o.dealer_id"
        " WHERE o.state = 'agreed' AND o.total > a.balance + a.credit_limit",
    )
    assert short
    assert read(FIRST, "SELECT 1 FROM orders WHERE state = 'quoted' AND lapses_on < '2026-09-10'"), (
        "R22: a lapsed quote"
    )
    assert read(FIRST, "SELECT 1 FROM shipment_lines WHERE counted < quantity OR damaged > 0"), "R26: short or damaged"


def test_old_parts_and_claims_stand_in_every_state(told):
    counts = told["counts"][FIRST.code]
    assert set(counts["old_parts"]) == {"accepted", "pending", "refused", "registered", "wanted", "withdrawn"}
    assert set(counts["claims"]) == {"draft", "submitted", "in-review", "decided"}
    assert {"draft", "submitted", "wanted", "approved"} <= set(counts["claim_lines"])
    assert set(counts["fee_schedules"]) == {"draft", "submitted", "approved", "refused"}
    assert set(counts["topups"]) == {"posted", "reversed"}


def test_august_is_settled_on_the_3rd_of_september_by_three_pairs_of_eyes_r50_r51(told):
    month = read(
        FIRST,
        "SELECT number, state, prepared_at AT TIME ZONE 'Asia/Shanghai', prepared_by, checked_by, posted_by FROM settlements",
    )
    assert month == [("ST2608", "posted", datetime(2026, 9, 3, 2), "system", "孙倩", "唐志远")]  # noqa: DTZ001 - local time
    assert read(FIRST, "SELECT count(*) FROM ledger_months WHERE closed_at IS NOT NULL") == [(0,)], (
        "the newest stays open"
    )


def test_every_photo_is_another_and_640_by_480(told):
    (count, different, sizes) = read(
        FIRST, "SELECT count(*), count(DISTINCT content_hash), max(width * height) FROM photos"
    )[0]
    assert count == different > 0
    assert sizes == 640 * 480


def test_numbers_follow_the_order_of_time(told):
    submitted = read(FIRST, "SELECT number FROM orders WHERE number IS NOT NULL AND quote_no < 2 ORDER BY number")
    assert submitted == sorted(submitted)
    entered = read(FIRST, "SELECT entered_at FROM topups ORDER BY number")
    assert entered == sorted(entered)


def test_people_of_every_role_can_log_in_with_the_one_password(told):
    by_login = {login["login"]: login for login in told["logins"]}
    for name in ("clerk", "manager", "warehouse", "finance", "finance2", "finance-manager", "admin", "auditor"):
        assert f"{FIRST.code}-{name}" in by_login
    for name in ("m001-clerk", "m001-boss", "m001-tech"):
        assert FIRST.stem + name in by_login
    hashes = {identity.login_by_name(db.engine, login)[1] for login in by_login}
    assert len(hashes) == 1
    assert names.PASSWORD in play.said(told)


def test_a_dealers_own_workbook_is_a_draft_that_says_row_by_row_what_it_makes_of_it(told):
    rows = read(FIRST, "SELECT outcome, count(*) FROM claim_form_rows GROUP BY outcome ORDER BY outcome")
    assert {outcome for outcome, _ in rows} >= {"line", "product-unknown"}
    assert read(
        FIRST, "SELECT c.state FROM claim_forms f JOIN claims c ON c.brand_id = f.brand_id AND c.id = f.claim_id"
    ) == [("draft",)]
    assert read(SECOND, "SELECT row_no, seen, outcome, remarks FROM claim_form_rows ORDER BY row_no") == read(
        FIRST, "SELECT row_no, seen, outcome, remarks FROM claim_form_rows ORDER BY row_no"
    )
