"""Parts, fault codes, products with their verdict, fee schedules and the trail through the API."""

from __future__ import annotations

from datetime import date

from flask import Flask

from tests.api.calling import program, told
from tests.factories.world import World


def test_parts_come_by_number_with_the_prices_of_the_day(app: Flask, world: World) -> None:
    counter = program(app, world, world.d1.clerk)
    page = counter.get("/parts?limit=2").get_json()
    assert [(row["number"], row["dealer_price"], row["out_price"]) for row in page["items"]] == [
        ("P1", "12.50", "30.00"),
        ("P2", "100.00", "186.00"),
    ]
    assert [row["number"] for row in counter.get(f"/parts?cursor={page['next']}").get_json()["items"]] == ["P3"]
    assert [row["number"] for row in counter.get("/parts?q=psf").get_json()["items"]] == ["P2"]
    assert counter.get("/parts/p1").get_json()["models"] == ["M-100"]
    assert counter.get("/parts?day=2026-06-01").get_json()["items"] == []  # no list was in force
    told(counter.get("/parts/P99"), 404, "not-found")
    told(counter.get("/parts?day=2026-13-01"), 422, "invalid")
    clerk = program(app, world, world.hq.clerk)
    before = clerk.get("/parts/P1?day=2026-06-01").get_json()
    assert (before["dealer_price"], before["day"]) == (None, "2026-06-01")


def test_a_dealer_sees_no_price_of_a_day_to_come(app: Flask, world: World) -> None:
    counter, clerk = program(app, world, world.d1.clerk), program(app, world, world.hq.clerk)
    assert counter.get("/parts/P1?day=2027-01-01").get_json()["day"] == "2026-10-06"
    assert clerk.get("/parts/P1?day=2027-01-01").get_json()["day"] == "2027-01-01"


def test_fault_codes_of_a_category_come_with_those_for_all(app: Flask, world: World) -> None:
    counter = program(app, world, world.d1.clerk)
    assert [row["code"] for row in counter.get("/fault-codes").get_json()["items"]] == ["F01", "F02", "Z99"]
    category = counter.get("/fault-codes").get_json()["items"][0]["category"]
    assert [row["code"] for row in counter.get(f"/fault-codes?category={category}").get_json()["items"]] == [
        "F01",
        "Z99",
    ]
    first = counter.get("/fault-codes?limit=1").get_json()
    assert [row["code"] for row in counter.get(f"/fault-codes?cursor={first['next']}").get_json()["items"]] == [
        "F02",
        "Z99",
    ]
    told(counter.get("/fault-codes?category=none"), 404, "not-found")


def test_R13_a_product_says_whether_a_part_is_covered_on_a_day(app: Flask, world: World) -> None:
    serial = world.product(world.d1, installed=date(2025, 3, 2))
    counter, other = program(app, world, world.d1.clerk), program(app, world, world.d2.clerk)
    plain = counter.get(f"/products/{serial}").get_json()
    assert (plain["serial"], plain["own"], plain["verdict"], plain["customer"][1:]) == (serial, True, None, "*")
    verdict = counter.get(f"/products/{serial}?part=P1").get_json()["verdict"]
    assert (verdict["covered"], verdict["last_day"], verdict["day"]) == (True, "2030-03-02", "2026-10-06")
    assert "202607" in verdict["sentence"]
    assert counter.get(f"/products/{serial}?part=P1&day=2030-03-03").get_json()["verdict"]["reason"] == "expired"
    assert counter.get(f"/products/{serial}?part=P1&cause=use").get_json()["verdict"]["reason"] == "excluded-cause"
    seen = other.get(f"/products/{serial}?part=P1").get_json()
    assert (seen["own"], seen["verdict"]) == (False, None)
    whole = counter.get(f"/products/{serial}").get_data(as_text=True)
    assert "13812345678" not in whole  # R90
    told(counter.get("/products/SN-none"), 404, "not-found")
    told(counter.get(f"/products/{serial}?part=P99"), 404, "not-found")


def test_R70_a_fee_schedule_goes_its_road(app: Flask, world: World) -> None:
    counter, boss, head = (program(app, world, who) for who in (world.d1.clerk, world.d1.manager, world.hq.manager))
    said = {"region": "Fuzhou", "from_day": "2026-11-01", "items": [{"item": "Visit", "unit": "time", "amount": "50"}]}
    made = counter.act("/fee-schedules", said).get_json()
    told(head.get(f"/fee-schedules/{made['ref']}"), 404, "not-found")
    path = f"/fee-schedules/{made['ref']}"
    more = {**said, "items": [*said["items"], {"item": "Seal", "unit": "pc", "amount": "0.00", "remark": "free"}]}
    assert [one["amount"] for one in counter.on(path, "amend", more).get_json()["items"]] == ["50.00", "0.00"]
    wrong = {**said, "items": [{"item": "Visit", "unit": "", "amount": "1.00"}]}
    refused = counter.on(path, "amend", wrong)
    assert (refused.status_code, refused.get_json(force=True)["errors"][0]["field"]) == (422, "items.0.unit")
    told(counter.on(path, "submit"), 403, "scope-missing")  # the manager's
    number = boss.on(path, "submit").get_json()["number"]
    path = f"/fee-schedules/{number}"
    assert head.on(path, "send-back", {"reason": "dear"}).get_json()["decision_reason"] == "dear"
    boss.on(path, "submit")
    approved = head.on(path, "approve").get_json()
    assert (approved["state"], approved["from_day"], approved["to_day"]) == ("approved", "2026-11-01", None)
    second = counter.act("/fee-schedules", {**said, "from_day": "2026-12-01"}).get_json()["ref"]
    later = boss.on(f"/fee-schedules/{second}", "submit").get_json()["number"]
    told(head.on(f"/fee-schedules/{later}", "refuse", {"reason": " "}), 422, "reason-needed")
    assert head.on(f"/fee-schedules/{later}", "refuse", {"reason": "no"}).get_json()["state"] == "refused"
    assert [row["number"] for row in head.get("/fee-schedules?state=approved").get_json()["items"]] == [number]


def test_R3_the_trail_says_that_it_was_done_through_the_api_and_from_where(app: Flask, world: World) -> None:
    counter, auditor = program(app, world, world.d1.clerk), program(app, world, world.hq.auditor)
    counter.act("/orders", {"lines": [{"part": "P1", "quantity": 1}]})
    (event,) = auditor.get("/audit-events?kind=order").get_json()["items"]
    assert (event["act"], event["via"], event["by"], event["address"]) == (
        "order:draft",
        "api",
        world.d1.clerk.name,
        "127.0.0.1",
    )
    assert auditor.get("/audit-events?day=2026-10-05&kind=order").get_json()["items"] == []
    first = auditor.get("/audit-events?limit=1").get_json()
    assert len(first["items"]) == 1
    assert auditor.get(f"/audit-events?limit=1&cursor={first['next']}").get_json()["items"] != first["items"]
