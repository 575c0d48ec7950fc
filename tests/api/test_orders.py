"""Orders and shipments through the API: the whole road, and the same refusals as the pages."""

from __future__ import annotations

from flask import Flask

from tests.api.calling import program, told
from tests.factories.world import World, yuan


def test_an_order_goes_its_whole_road_through_the_api(app: Flask, world: World) -> None:
    counter, boss = program(app, world, world.d1.clerk), program(app, world, world.d1.manager)
    clerk, finance, store = (program(app, world, who) for who in (world.hq.clerk, world.hq.finance, world.hq.warehouse))
    made = counter.act(
        "/orders", {"lines": [{"part": "P1", "quantity": 4}, {"part": "P2", "quantity": 1}], "ship_to": "Fuzhou"}
    )
    assert made.status_code == 201
    draft = made.get_json()
    assert (draft["number"], draft["state"], draft["total"], made.headers["ETag"][:3]) == (None, "draft", None, '"1-')
    assert made.headers["Location"] == f"/api/v1/orders/{draft['ref']}"
    assert clerk.get(f"/orders/{draft['ref']}").status_code == 404  # headquarters does not see what was not sent

    sent = counter.on(f"/orders/{draft['ref']}", "submit")
    number = sent.get_json()["number"]
    assert (sent.status_code, number) == (200, "PO2610-0001")
    quoted = clerk.on(
        f"/orders/{number}",
        "quote",
        {
            "lines": [{"position": 2, "quantity": 1, "price": "90.00", "reason": "sample"}],
            "freight": "10.00",
            "ship_on": "2026-10-08",
        },
    )
    assert quoted.status_code == 200, quoted.get_json(force=True)
    version = quoted.get_json()["quotes"][0]
    assert (version["goods"], version["freight"], version["total"]) == ("140.00", "10.00", "150.00")
    assert [line["price"] for line in version["lines"]] == ["12.50", "90.00"]
    assert version["quoted_at"] == "2026-10-06T10:00:00+08:00"
    assert boss.on(f"/orders/{number}", "agree", {"quote_no": 1}).get_json()["state"] == "agreed"
    assert finance.on(f"/orders/{number}", "debit").get_json()["state"] == "debited"
    assert world.balance(world.d1) == yuan("850.00")
    first = store.on(
        f"/orders/{number}", "ship", {"lines": [{"position": 1, "quantity": 4}], "carrier": "Deppon", "tracking": "D1"}
    )
    assert first.status_code == 201
    parcel = first.get_json()["number"]
    assert first.headers["Location"] == f"/api/v1/shipments/{parcel}"
    assert clerk.get(f"/orders/{number}").get_json()["state"] == "part-shipped"
    rest = store.on(f"/orders/{number}", "ship", {"carrier": "Deppon", "tracking": "D2"}).get_json()["number"]
    waiting = counter.get("/shipments").get_json()
    assert [(row["number"], row["pieces"]) for row in waiting["items"]] == [(rest, 1), (parcel, 4)]
    count = {"lines": [{"position": 1, "counted": 3, "damaged": 1}], "note": "one is missing"}
    assert counter.on(f"/shipments/{parcel}", "receive", count).get_json()["lines"][0]["damaged"] == 1
    assert counter.on(f"/shipments/{rest}", "receive", {}).status_code == 200
    assert counter.get(f"/orders/{number}").get_json()["state"] == "received"


def test_R23_a_debit_without_funds_is_refused_with_the_pages_code_and_sentence(app: Flask, world: World) -> None:
    number = world.agreed_order(world.d1, {"P2": 11}, freight="0.00", when="2026-10-05 08:00")
    finance = program(app, world, world.hq.finance)
    refused = told(finance.on(f"/orders/{number}", "debit"), 409, "short-of-funds")
    assert "¥100.00" in refused["detail"]
    assert world.balance(world.d1) == yuan("1000.00")
    finance.language = "zh"
    assert "100.00" in told(finance.on(f"/orders/{number}", "debit"), 409, "short-of-funds")["detail"]
    assert finance.get(f"/orders/{number}").get_json()["state"] == "agreed"


def test_a_refusal_at_a_line_says_which_field_it_is(app: Flask, world: World) -> None:
    counter = program(app, world, world.d1.clerk)
    lines = [{"part": "P1", "quantity": 1}, {"part": "NONE", "quantity": 1}]
    refused = told(counter.act("/orders", {"lines": lines}), 422, "line-part-unknown")
    assert [one["field"] for one in refused["errors"]] == ["lines.1.part"]
    assert counter.get("/orders").get_json()["items"] == []


def test_a_list_is_read_page_by_page_and_a_cursor_belongs_to_its_list(app: Flask, world: World) -> None:
    numbers = [world.submitted_order(world.d1) for _ in range(5)]
    counter, rival = program(app, world, world.d1.clerk), program(app, world, world.d2.clerk)
    seen, address, pages = [], "/orders?limit=2", 0
    while address:
        page = counter.get(address).get_json()
        seen += [row["number"] for row in page["items"]]
        pages += 1
        address = f"/orders?limit=2&cursor={page['next']}" if page["next"] else ""
    assert (seen, pages) == (numbers[::-1], 3)
    cursor = counter.get("/orders?limit=2").get_json()["next"]
    told(counter.get(f"/shipments?cursor={cursor}"), 422, "cursor-unknown")
    told(rival.get(f"/orders?cursor={cursor}"), 422, "cursor-unknown")
    for wrong in ("x", "AAAA", cursor[:-2], "%E4%B8%AD"):
        told(counter.get(f"/orders?cursor={wrong}"), 422, "cursor-unknown")


def test_filters_of_the_list(app: Flask, world: World) -> None:
    first, second = world.submitted_order(world.d1), world.quoted_order(world.d2)
    clerk = program(app, world, world.hq.clerk)
    numbers = lambda where: [row["number"] for row in clerk.get(where).get_json()["items"]]  # noqa: E731
    assert numbers("/orders") == [second, first]
    assert numbers("/orders?state=quoted") == [second]
    assert numbers("/orders?dealer=D001") == [first]
    assert numbers("/orders?month=2026-09") == []
    told(clerk.get("/orders?state=unknown"), 422, "invalid")
    told(clerk.get("/orders?month=2026-13"), 422, "invalid")
    told(clerk.get("/orders?limit=201"), 422, "invalid")
    told(clerk.get("/orders?nonsense=1"), 422, "invalid")
    told(clerk.get("/orders?q=a&q=b"), 422, "invalid")
