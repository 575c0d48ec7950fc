"""Old parts with their photos, and claims, through the API (R30, R33, R35, R36, R40–R43)."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from flask import Flask
from werkzeug.datastructures import MultiDict

from portal.core import clock
from tests.api.calling import Program, new_key, program, told
from tests.factories.world import World, at, picture


def photo(data: bytes, **fields: str | list[str]) -> dict[str, Any]:
    return {"data": {"photo": (BytesIO(data), "photo.jpg"), **fields}, "content_type": "multipart/form-data"}


def registered(counter: Program, serial: str, **changes: Any) -> dict[str, Any]:
    said = {"serial": serial, "part": "P1", "fault": "F01", "cause": "quality", "replaced_on": "2026-10-10", **changes}
    made = counter.act("/old-parts", said)
    assert made.status_code == 201, made.get_json(force=True)
    return made.get_json()


def test_an_old_part_is_registered_photographed_reported_and_reviewed(app: Flask, world: World) -> None:
    world.received_order(world.d1, {"P1": 4})
    counter, clerk = program(app, world, world.d1.technician), program(app, world, world.hq.clerk)
    with clock.frozen(at("2026-10-12 10:00")):
        part = registered(counter, world.product(world.d1), quantity=2)
        number = part["number"]
        assert (number, part["amount"], part["report_by"], part["must_return"]) == (
            "OP2610-0001",
            "25.00",
            "2026-10-17",
            True,
        )
        assert part["verdict"]["covered"] is True
        assert [(one["pieces"], one["price"]) for one in part["pieces"]] == [(2, "12.50")]
        told(counter.on(f"/old-parts/{number}", "report"), 409, "no-photos")
        shown = counter.act(f"/old-parts/{number}/photos", **photo(picture(41), slot="fault"))
        assert (shown.status_code, [one["slot"] for one in shown.get_json()["photos"]]) == (201, ["fault"])
        kept = counter.get(f"/photos/{shown.get_json()['photos'][0]['photo']}")
        assert (kept.status_code, kept.content_type, kept.data[:3]) == (200, "image/jpeg", b"\xff\xd8\xff")
        small = counter.get(f"/photos/{shown.get_json()['photos'][0]['photo']}?size=240")
        assert small.data[:3] == b"\xff\xd8\xff"
        assert counter.on(f"/old-parts/{number}", "report").get_json()["state"] == "reported"
        wanted = clerk.on(f"/old-parts/{number}", "review", {"decision": "wanted", "reason": "no nameplate"}).get_json()
        assert (wanted["review"], wanted["review_reason"]) == ("wanted", "no nameplate")
        counter.act(f"/old-parts/{number}/photos", **photo(picture(42), slot="nameplate"))
        assert counter.on(f"/old-parts/{number}", "answer", {"note": "here it is"}).get_json()["review"] == "pending"
        assert clerk.on(f"/old-parts/{number}", "review", {"decision": "accepted"}).get_json()["review"] == "accepted"
    rows = clerk.get("/old-parts?state=accepted").get_json()["items"]
    assert [(row["number"], row["photos"], row["claimed"]) for row in rows] == [(number, 2, False)]


def test_a_photo_is_taken_once_however_often_it_is_sent_and_what_is_none_is_refused(app: Flask, world: World) -> None:
    world.received_order(world.d1, {"P1": 4})
    counter = program(app, world, world.d1.technician)
    with clock.frozen(at("2026-10-12 10:00")):
        number = registered(counter, world.product(world.d1))["number"]
        key, data = new_key(), picture(43)
        first = counter.act(f"/old-parts/{number}/photos", key=key, **photo(data))
        again = counter.act(
            f"/old-parts/{number}/photos", key=key, **photo(data)
        )  # another multipart boundary, the same photo
        assert (again.status_code, again.data) == (201, first.data)
        assert again.headers["Idempotency-Replayed"] == "true"
        told(counter.act(f"/old-parts/{number}/photos", key=key, **photo(picture(44))), 422, "key-reused")
        told(counter.act(f"/old-parts/{number}/photos", **photo(b"GIF89a nothing")), 422, "photo-kind")
        told(counter.act(f"/old-parts/{number}/photos", **photo(b"")), 422, "photo-missing")
        told(counter.act(f"/old-parts/{number}/photos", **photo(data, slot="roof")), 422, "invalid")
        told(counter.act(f"/old-parts/{number}/photos", **photo(data, dealer_id="1")), 422, "invalid")
        for files in ([("photo", data), ("photo", data)], [("photo", data), ("other", data)], [("other", data)]):
            many = MultiDict((name, (BytesIO(sent), "x.jpg")) for name, sent in files)
            sent = {"data": many, "content_type": "multipart/form-data"}
            told(counter.act(f"/old-parts/{number}/photos", **sent), 422, "photo-missing")
        (twice,) = told(
            counter.act(f"/old-parts/{number}/photos", **photo(data, slot=["fault", "nameplate"])), 422, "invalid"
        )["errors"]
        assert twice["field"] == "slot"
        told(counter.act(f"/old-parts/{number}/photos", {}), 415, "media-type")
        heavy = {"data": b"x" * 25 * 1024 * 1024, "content_type": "multipart/form-data; boundary=x"}
        told(counter.act(f"/old-parts/{number}/photos", **heavy), 413, "too-large")
        (shown,) = counter.get(f"/old-parts/{number}").get_json()["photos"]
        gone = counter.act(f"/old-parts/{number}/photos/{shown['photo']}/remove")
        assert gone.get_json()["photos"] == []
        told(counter.get(f"/photos/{shown['photo']}"), 404, "not-found")
        withdrawn = counter.on(f"/old-parts/{number}", "withdraw", {"reason": "mistake"}).get_json()
    assert (withdrawn["state"], withdrawn["pieces"][0]["returned"]) == ("withdrawn", 1)


def test_R36_more_than_is_held_is_refused_with_the_pages_code(app: Flask, world: World) -> None:
    counter = program(app, world, world.d1.technician)
    with clock.frozen(at("2026-10-12 10:00")):
        said = {
            "serial": world.product(world.d1),
            "part": "P1",
            "fault": "F01",
            "cause": "quality",
            "replaced_on": "2026-10-10",
        }
        wrong = told(counter.act("/old-parts", said), 422, "not-enough-held")
        assert [one["field"] for one in wrong["errors"]] == ["quantity"]
        elsewhere = {**said, "serial": world.product(world.d2)}
        told(counter.act("/old-parts", elsewhere), 422, "product-elsewhere")


def test_a_claim_is_drafted_submitted_and_decided_line_by_line(app: Flask, world: World) -> None:
    world.received_order(world.d1, {"P1": 6})
    numbers = [world.reviewed_old_part(world.d1, quantity=2) for _ in range(3)]
    counter, clerk = program(app, world, world.d1.clerk), program(app, world, world.hq.clerk)
    with clock.frozen(at("2026-10-20 09:00")):
        made = counter.act("/claims", {"month": "2026-10", "old_parts": numbers[:2]})
        assert made.status_code == 201, made.get_json(force=True)
        draft = made.get_json()
        assert (draft["number"], draft["month"], draft["claimed"]) == (None, "2026-10", "50.00")
        assert {check["level"] for line in draft["lines"] for check in line["checks"]} == {"pass"}
        told(clerk.get(f"/claims/{draft['ref']}"), 404, "not-found")
        ref = f"/claims/{draft['ref']}"
        assert len(counter.on(ref, "lines", {"old_parts": [numbers[2]]}).get_json()["lines"]) == 3
        told(counter.on(ref, "lines", {"old_parts": [numbers[2]]}), 422, "already-on-draft")
        assert len(counter.on(ref, "lines/3/remove").get_json()["lines"]) == 2
        counter.on(ref, "lines", {"old_parts": [numbers[2]]})
        number = counter.on(ref, "submit").get_json()["number"]
    claim = f"/claims/{number}"
    with clock.frozen(at("2026-10-21 09:00")):
        approved = clerk.on(claim, "approve", {"positions": [1]}).get_json()
        assert next((line["state"], line["pays_in"]) for line in approved["lines"]) == ("approved", "2026-10")
        told(clerk.on(claim, "approve", {"positions": [1]}), 409, "decided-meanwhile")
        told(clerk.on(claim, "reduce", {"positions": [2], "reason": "x"}), 422, "reduce-how")
        cut = clerk.on(claim, "reduce", {"positions": [2], "quantity": 1, "reason": "one was enough"}).get_json()
        assert [(line["approved_quantity"], line["approved"]) for line in cut["lines"]][1] == (1, "12.50")
        told(clerk.on(claim, "refuse", {"positions": [3], "code": "NO", "reason": "x"}), 422, "code-unknown")
        asked = clerk.on(claim, "want", {"positions": [3], "reason": "which room?"}).get_json()
        assert (asked["state"], asked["lines"][2]["state"]) == ("in-review", "wanted")
        told(
            clerk.on(claim, "refuse", {"positions": [3], "code": "CDR", "reason": "dropped"}), 409, "decided-meanwhile"
        )
        counter.on(claim, "lines/3/answer", {"answer": "the bath"})
        done = clerk.on(claim, "refuse", {"positions": [3], "code": "CDR", "reason": "dropped"}).get_json()
    assert (done["state"], done["claimed"], done["approved"]) == ("decided", "75.00", "37.50")
    assert [line["decision_code"] for line in done["lines"]] == ["FWC", "PWA", "CDR"]
    (row,) = clerk.get("/claims?month=2026-10").get_json()["items"]
    assert (row["number"], row["lines"], row["claimed"], row["approved"]) == (number, 3, "75.00", "37.50")


def test_R41_a_blocked_line_refuses_the_whole_and_says_why_in_words(app: Flask, world: World) -> None:
    world.received_order(world.d1, {"P1": 2})
    number = world.registered_old_part(world.d1)  # registered, never reported
    counter = program(app, world, world.d1.clerk)
    with clock.frozen(at("2026-10-20 09:00")):
        draft = counter.act("/claims", {"month": "2026-10", "old_parts": [number]}).get_json()
        blocked = [check for check in draft["lines"][0]["checks"] if check["level"] == "block"]
        assert blocked
        assert all(check["sentence"] for check in blocked)
        told(counter.on(f"/claims/{draft['ref']}", "submit"), 409, "lines-blocked")
        told(counter.act("/claims", {"month": "2026-12"}), 422, "month-ahead")
