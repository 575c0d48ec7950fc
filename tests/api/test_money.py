"""Top-ups, accounts, the settlement and statements through the API (R50–R54, R62, R65, R67)."""

from __future__ import annotations

from datetime import date

from flask import Flask
from sqlalchemy import event, text

from portal.core import clock
from portal.core.db import db
from portal.ledger.prove import prove
from tests.api.calling import program, told
from tests.factories.world import World, at, yuan


def test_a_top_up_is_entered_once_and_reversed_once(app: Flask, world: World) -> None:
    finance, boss = program(app, world, world.hq.finance), program(app, world, world.d1.manager)
    said = {"dealer": "D001", "amount": "250.00", "received_on": "2026-10-05", "bank_reference": "BK-API-1"}
    made = finance.act("/top-ups", said)
    assert made.status_code == 201
    number = made.get_json()["number"]
    assert made.headers["Location"] == f"/api/v1/top-ups/{number}"
    assert world.balance(world.d1) == yuan("1250.00")
    told(finance.act("/top-ups", said), 422, "bank-reference-known")
    told(finance.act("/top-ups", {**said, "bank_reference": "B2", "amount": "0.00"}), 422, "amount-not-positive")
    told(finance.act("/top-ups", {**said, "bank_reference": "B2", "received_on": "2026-10-07"}), 422, "day-in-future")
    assert [row["number"] for row in boss.get("/top-ups").get_json()["items"]] == [number]
    assert program(app, world, world.d2.manager).get("/top-ups").get_json()["items"] == []
    told(program(app, world, world.d2.manager).get(f"/top-ups/{number}"), 404, "not-found")
    back = finance.act(f"/top-ups/{number}/reverse", {"reason": "another dealer's"})
    assert back.get_json()["state"] == "reversed"
    told(finance.act(f"/top-ups/{number}/reverse", {"reason": "again"}), 409, "already-reversed")
    assert world.balance(world.d1) == yuan("1000.00")


def test_R65_R67_the_account_says_balance_reserved_available_and_every_entry(app: Flask, world: World) -> None:
    debited = world.debited_order(world.d1, {"P1": 4}, freight="10.00")
    world.agreed_order(world.d1, {"P2": 1}, freight="0.00")
    boss, finance = program(app, world, world.d1.manager), program(app, world, world.hq.finance)
    held = boss.get("/account").get_json()
    assert [held[name] for name in ("dealer", "balance", "reserved", "available", "credit_limit", "expected")] == [
        "D001", "940.00", "100.00", "840.00", "0.00", None,
    ]  # fmt: skip
    assert boss.get("/account?day=2026-09-30").get_json()["balance_on_day"] == "1000.00"
    newest, opening = boss.get("/account/entries").get_json()["items"]
    assert (newest["document"], newest["debit"], newest["credit"], newest["balance_after"]) == (
        debited,
        "60.00",
        None,
        "940.00",
    )
    assert (opening["credit"], opening["balance_after"], opening["seq"]) == ("1000.00", "1000.00", 1)
    first = boss.get("/account/entries?limit=1").get_json()
    assert boss.get(f"/account/entries?cursor={first['next']}").get_json()["items"] == [opening]
    rows = finance.get("/accounts").get_json()["items"]
    assert [(row["dealer"], row["balance"], row["reserved"]) for row in rows] == [
        ("D001", "940.00", "100.00"),
        ("D002", "1000.00", "0.00"),
    ]
    one = finance.get("/accounts?limit=1").get_json()
    assert [row["dealer"] for row in finance.get(f"/accounts?cursor={one['next']}").get_json()["items"]] == ["D002"]
    assert finance.get("/accounts/D001").get_json()["available"] == "840.00"
    assert finance.get("/accounts/D001/entries").get_json()["items"][0]["document"] == debited
    told(finance.get("/accounts/D009"), 404, "not-found")
    told(finance.get("/account"), 404, "not-found")


def test_R51_R52_a_month_is_prepared_checked_and_posted_by_three_people(app: Flask, world: World) -> None:
    world.received_order(world.d1, {"P1": 6})
    first, second = world.reviewed_old_part(world.d1), world.reviewed_old_part(world.d1, quantity=2)
    claim = world.approved_claim(world.d1, [first, second])
    finance, other, head = (
        program(app, world, who) for who in (world.hq.finance, world.hq.finance2, world.hq.finance_manager)
    )
    month = "/settlements/2026-10"
    with clock.frozen(at("2026-10-25 09:00")):
        preview = finance.get("/settlements/2026-10").get_json()
        assert (preview["lines"], preview["amount"], preview["settles_on"], preview["settlement"]) == (
            2,
            "37.50",
            "2026-11-03",
            None,
        )
        told(finance.act(f"{month}/prepare", seen=0), 409, "too-early")
        assert finance.get("/accounts/D001").get_json()["expected"]["amount"] == "37.50"
    with clock.frozen(at("2026-11-03 09:00")):
        told(finance.act(f"{month}/prepare"), 428, "version-needed")
        before = finance.get(month).headers["ETag"]
        prepared = finance.act(f"{month}/prepare", seen=before).get_json()
        assert (prepared["settlement"]["state"], prepared["stale"]) == ("prepared", False)
        assert [
            (row["dealer"], row["amount"]) for row in finance.get("/settlements/2026-10/shares").get_json()["items"]
        ] == [("D001", "37.50")]
        told(other.act(f"{month}/prepare", seen=before), 412, "version-stale")  # a colleague has prepared it meanwhile
        apart = {"claim": claim, "position": 1, "reason": "under dispute"}
        told(finance.act(f"{month}/exclude", apart), 428, "version-needed")
        told(finance.act(f"{month}/exclude", apart, seen=before), 412, "version-stale")
        moved = finance.on(month, "exclude", apart)
        assert (moved.get_json()["amount"], moved.get_json()["stale"]) == ("25.00", True)
        left = finance.get("/settlements/2026-10/left-out").get_json()["items"]
        assert [(row["because"], row["position"], row["reason"], row["goes_to"]) for row in left] == [
            ("excluded", 1, "under dispute", "2026-11")
        ]
        assert finance.on(month, "prepare").status_code == 200
        told(other.act("/settlements/2026-10/check", seen='"999"'), 412, "version-stale")
        told(other.act("/settlements/2026-10/check"), 428, "version-needed")
        told(finance.on(month, "check"), 409, "you-prepared-it")
        assert other.on(month, "check").get_json()["settlement"]["state"] == "checked"
        back = head.on(month, "send-back", {"reason": "look again"})
        assert back.get_json()["settlement"]["state"] == "prepared"
        other.on(month, "check")
        posted = head.on(month, "post").get_json()
        assert posted["settlement"]["state"] == "posted"
        told(head.on(month, "post"), 409, "already-posted")
        told(finance.act(f"{month}/prepare", seen=before), 409, "already-posted")  # R54: before anything else
    assert world.balance(world.d1) == yuan("1000.00") - yuan("85.00") + yuan("25.00")
    with world.as_(world.hq.auditor) as session:
        assert session.execute(text("SELECT count(*) FROM journals WHERE source = 'settlement:ST2610'")).scalar() == 1
        assert prove(session.connection(), world.brand_id) == []
    assert [row["month"] for row in finance.get("/settlements").get_json()["items"]] == ["2026-10"]
    for wrong in ("2026-13", "x", "2026-1o"):
        told(finance.get(f"/settlements/{wrong}"), 404, "not-found")


def test_BA2_while_another_act_on_the_brands_months_runs_the_second_is_told_so_and_does_not_wait(
    app: Flask, world: World
) -> None:
    from portal.settlement import actions

    finance, month = program(app, world, world.hq.finance), "/settlements/2026-10"
    with clock.frozen(at("2026-11-03 09:00")):
        with world.as_(world.hq.finance2) as session:
            actions.alone(session, world.hq.finance2)
            told(finance.act(f"{month}/prepare", seen=0), 409, "settlement-running")
        assert finance.act(f"{month}/prepare", seen=0).status_code == 200


def test_a_month_that_a_colleague_prepares_between_our_look_and_our_act_is_stale(app: Flask, world: World) -> None:
    """The brand's turn is taken before the version is looked at: a month without a row has nothing else to lock."""
    from portal.settlement import actions

    finance, month, meanwhile = program(app, world, world.hq.finance), "/settlements/2026-10", list[str]()

    def colleague(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if "7301" in statement and not meanwhile:
            meanwhile.append(statement)
            with world.as_(world.hq.finance2) as session:
                actions.prepare(session, world.hq.finance2, date(2026, 10, 1), at=at("2026-11-03 08:59"))

    with clock.frozen(at("2026-11-03 09:00")):
        event.listen(db.engine, "before_cursor_execute", colleague)
        try:
            told(finance.act(f"{month}/prepare", seen=0), 412, "version-stale")
        finally:
            event.remove(db.engine, "before_cursor_execute", colleague)
        assert finance.get(month).get_json()["settlement"]["prepared_by"] == world.hq.finance2.name


def test_R53_a_statement_is_read_disputed_answered_and_confirmed(app: Flask, world: World) -> None:
    from portal.settlement import actions

    world.received_order(world.d1, {"P1": 4})
    world.approved_claim(world.d1, [world.reviewed_old_part(world.d1, quantity=2)])
    month = date(2026, 10, 1)
    for who, act in ((world.hq.system, "prepare"), (world.hq.finance, "check"), (world.hq.finance_manager, "post")):
        with world.as_(who) as session:
            getattr(actions, act)(session, who, month, at=at("2026-11-03 09:00"))
    boss, finance = program(app, world, world.d1.manager), program(app, world, world.hq.finance)
    with clock.frozen(at("2026-11-04 09:00")):
        (row,) = boss.get("/statements").get_json()["items"]
        number = row["number"]
        assert (number, row["amount"], row["opening"]) == ("ST2610-D001", "25.00", "0.00")
        whole = boss.get(f"/statements/{number}").get_json()
        assert (whole["reply"], whole["closing"]) == ("waiting", f"{world.balance(world.d1)}")
        assert [entry["balance_after"] for entry in whole["entries"]][-1] == whole["closing"]
        assert [(line["approved"], line["quantity"]) for line in whole["paid"]] == [("25.00", 2)]
        path = f"/statements/{number}"
        wrong = told(
            boss.on(path, "dispute", {"reason": "x", "lines": [{"claim": "RC2610-0009", "position": 1}]}),
            422,
            "line-not-on-statement",
        )
        assert wrong["errors"]
        assert boss.on(path, "dispute", {"reason": "one more was claimed"}).get_json()["reply"] == "disputed"
        assert finance.on(path, "answer", {"answer": "it is in November"}).get_json()["reply"] == "waiting"
        assert boss.on(path, "confirm").get_json()["reply"] == "confirmed"
    told(program(app, world, world.d2.manager).get(path), 404, "not-found")
    assert len(finance.get("/statements?reply=confirmed").get_json()["items"]) == 1
