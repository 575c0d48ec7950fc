"""Who calls and how: tokens, scopes, keys, versions, problems — whatever the operation."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, text, update

from portal.core import clock
from portal.core.permissions import Permission as P
from portal.core.replies import KeptReply
from portal.identity.actions import remove_member
from portal.identity.actions.tokens import revoke_token, token_digest
from portal.identity.models import ApiToken
from portal.orders.models import Order
from tests.api.calling import PROBLEM, Program, new_key, program, token_of, told
from tests.factories.world import World, at, yuan

LINES = {"lines": [{"part": "P1", "quantity": 1}]}


# ---------------------------------------------------------------- who (AP2)


def test_AP2_without_a_token_and_with_a_wrong_one_nobody_is_let_in(app: Flask, world: World) -> None:
    stranger = Program(app, None).get("/orders")
    told(stranger, 401, "token-needed")
    assert stranger.headers["WWW-Authenticate"] == 'Bearer realm="portal"'
    wrong = Program(app, "pt_" + "x" * 43).get("/orders")
    told(wrong, 401, "token-unknown")
    assert wrong.headers["WWW-Authenticate"] == 'Bearer realm="portal", error="invalid_token"'
    token = token_of(world, world.d1.clerk)
    for header in (
        f"Basic {token}",
        token,
        f"Bearer {token}x",
        "Bearer",
        "Bearer \ud800".encode("utf-8", "replace").decode("latin-1"),
    ):
        told(Program(app, None).call("GET", "/orders", headers={"Authorization": header}), 401, "token-unknown")
    assert Program(app, token).get("/orders").status_code == 200  # the control


def test_AP2_a_token_in_the_address_or_a_browsers_session_is_nobody(app: Flask, world: World, client_as) -> None:
    token = token_of(world, world.d1.clerk)
    told(Program(app, None).get(f"/orders?access_token={token}"), 401, "token-needed")
    browser = client_as(world.d1.clerk)
    assert browser.get("/orders").status_code == 200
    told(browser.get("/api/v1/orders"), 401, "token-needed")
    told(browser.post("/api/v1/orders", json=LINES, headers={"Idempotency-Key": "k"}), 401, "token-needed")


def test_AP2_a_token_is_kept_as_a_hash_and_known_by_its_first_characters(app: Flask, world: World) -> None:
    token = token_of(world, world.d1.clerk)
    with world.as_(world.d1.clerk) as session:
        kept = session.scalars(select(ApiToken)).one()
        assert (kept.token_hash, kept.prefix) == (token_digest(token), token[:10])
        row = session.execute(text("SELECT t::text FROM api_tokens t")).scalar_one()
    assert token[10:] not in row


def test_AP2_a_revoked_token_is_dead_on_the_next_request(app: Flask, world: World) -> None:
    caller = program(app, world, world.d1.clerk)
    assert caller.get("/orders").status_code == 200
    with world.as_(world.d1.clerk) as session:
        revoke_token(session, world.d1.clerk, str(caller.token)[:10], at=at("2026-10-06 10:00"))
    told(caller.get("/orders"), 401, "token-unknown")


def test_AP2_a_token_past_its_end_of_a_disabled_login_or_of_a_left_place_is_dead(app: Flask, world: World) -> None:
    ended = Program(app, token_of(world, world.d1.clerk, days=1))
    assert ended.get("/orders").status_code == 200
    with world.as_(world.d1.clerk) as session, pytest.raises(Exception, match="permission denied"):
        session.execute(update(ApiToken).values(ends_at=clock.machine_now() + timedelta(days=9)))  # nobody prolongs one
    with world.as_(world.hq.system) as session:
        past = clock.machine_now() - timedelta(days=2)
        made = token_of(world, world.d1.technician)
        session.execute(
            text("INSERT INTO api_tokens (dealer_id, member_id, name, prefix, token_hash, scopes, created_at, created_by, ends_at) "
                 "SELECT dealer_id, member_id, name, prefix, :hash, scopes, created_at, created_by, :past FROM api_tokens WHERE token_hash = :made"),
            {"hash": token_digest("pt_ended-long-ago"), "past": past, "made": token_digest(made)},
        )  # fmt: skip
    told(Program(app, "pt_ended-long-ago").get("/orders"), 401, "token-unknown")

    left = program(app, world, world.d2.clerk)
    assert left.get("/orders").status_code == 200
    with world.as_(world.d2.manager) as session:
        remove_member(session, world.d2.manager, world.d2.clerk.scope.member_id, at=at("2026-10-06 10:00"))
    told(left.get("/orders"), 401, "token-unknown")


def test_AP2_who_comes_back_to_a_place_does_not_wake_the_tokens_it_left(app: Flask, world: World) -> None:
    left = program(app, world, world.d2.clerk)
    assert left.get("/orders").status_code == 200
    with world.as_(world.d2.manager) as session:
        member = remove_member(session, world.d2.manager, world.d2.clerk.scope.member_id, at=at("2026-10-06 10:00"))
        member.left_at = None
    told(left.get("/orders"), 401, "token-unknown")
    assert program(app, world, world.d2.clerk).get("/orders").status_code == 200  # the control: it is a member again


@pytest.mark.parametrize(("whose", "status"), [("own", 200), ("headquarters", 401), ("rival", 401)])
def test_R1_a_token_that_a_dealers_sql_writes_for_another_place_opens_nothing(
    app: Flask, world: World, whose: str, status: int
) -> None:
    of = {"own": world.d1.clerk, "headquarters": world.hq.finance, "rival": world.d2.clerk}[whose]
    with world.as_(world.d1.clerk) as session:
        session.execute(
            text("INSERT INTO api_tokens (dealer_id, member_id, name, prefix, token_hash, scopes, created_at, created_by) "
                 "VALUES (:dealer, :member, 'x', 'pt_planted', :hash, ARRAY['orders.read'], now(), 'x')"),
            {"dealer": world.d1.id, "member": of.scope.member_id, "hash": token_digest(f"pt_planted-{whose}-{world.d1.id}")},
        )  # fmt: skip
    assert Program(app, f"pt_planted-{whose}-{world.d1.id}").get("/orders").status_code == status


def test_AP2_a_disabled_logins_token_is_dead(app: Flask, world: World, settings) -> None:
    from sqlalchemy import create_engine

    caller = program(app, world, world.d1.manager)
    assert caller.get("/orders").status_code == 200
    owner = create_engine(settings.admin_url)
    with owner.begin() as connection:
        connection.execute(
            text("UPDATE app.logins SET disabled_at = clock_timestamp() WHERE id = :id"),
            {"id": world.d1.manager.login_id},
        )
    owner.dispose()
    told(caller.get("/orders"), 401, "token-unknown")


def test_a_token_does_what_its_scopes_and_its_members_roles_both_allow(app: Flask, world: World) -> None:
    reads = program(app, world, world.d1.clerk, P.ORDER_READ.value)
    assert reads.get("/orders").status_code == 200
    told(reads.act("/orders", LINES), 403, "scope-missing")
    told(reads.get("/claims"), 403, "scope-missing")
    technician = program(app, world, world.d1.technician)
    told(technician.act("/orders", LINES), 403, "scope-missing")
    told(technician.get("/settlements"), 404, "not-found")  # no dealer could: for them there is no such thing
    clerk = program(app, world, world.hq.clerk)
    told(clerk.act("/orders", LINES), 404, "not-found")  # the other side's


def test_a_members_lost_role_is_lost_to_its_token_at_once(app: Flask, world: World) -> None:
    from portal.identity.actions import change_roles

    caller = program(app, world, world.d1.clerk)
    assert caller.act("/orders", LINES).status_code == 201
    with world.as_(world.d1.manager) as session:
        change_roles(
            session,
            world.d1.manager,
            world.d1.clerk.scope.member_id,
            roles=["dealer-technician"],
            at=at("2026-10-06 10:00"),
        )
    told(caller.act("/orders", LINES), 403, "scope-missing")


def test_AP3_more_calls_than_a_minute_allows_are_told_to_wait(app: Flask, world: World, monkeypatch) -> None:
    from portal.web.api import operations

    caller, other = program(app, world, world.d1.clerk), program(app, world, world.d1.clerk)
    monkeypatch.setattr(operations, "CALLS_MOST", 3)
    codes = [caller.get("/orders").status_code for _ in range(5)]
    if codes.count(429) < 2:  # the minute turned over meanwhile
        codes = [caller.get("/orders").status_code for _ in range(5)]
    assert codes[-2:] == [429, 429]
    late = caller.get("/orders")
    told(late, 429, "too-many-calls")
    assert 0 < int(late.headers["Retry-After"]) <= 60
    assert other.get("/orders").status_code == 200  # each token counts for itself


# ---------------------------------------------------------------- one act once (CO2)


def test_CO2_an_act_without_a_key_is_refused_and_does_nothing(app: Flask, world: World) -> None:
    caller = program(app, world, world.d1.clerk)
    told(caller.act("/orders", LINES, key=None), 400, "key-missing")
    for wrong in ("x" * 201, "schlüssel", "a\tb"):
        told(caller.act("/orders", LINES, key=wrong), 400, "key-missing")
    assert caller.get("/orders").get_json()["items"] == []


def test_CO2_the_same_key_shows_the_first_reply_again(app: Flask, world: World) -> None:
    caller, key = program(app, world, world.d1.clerk), new_key()
    first, again = caller.act("/orders", LINES, key=key), caller.act("/orders", LINES, key=key)
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    same = ("Content-Type", "ETag", "Location")
    assert (again.status_code, again.data) == (first.status_code, first.data)
    assert [again.headers[name] for name in same] == [first.headers[name] for name in same]
    assert len(caller.get("/orders").get_json()["items"]) == 1
    assert caller.act("/orders", LINES).status_code == 201  # another key, another act
    assert len(caller.get("/orders").get_json()["items"]) == 2


def test_CO2_the_same_key_for_something_else_is_refused(app: Flask, world: World) -> None:
    caller, key = program(app, world, world.d1.clerk), new_key()
    ref = caller.act("/orders", LINES, key=key).get_json()["ref"]
    told(caller.act("/orders", {"lines": [{"part": "P1", "quantity": 2}]}, key=key), 422, "key-reused")
    told(caller.act(f"/orders/{ref}/submit", key=key, seen=1), 422, "key-reused")
    other = program(app, world, world.d2.clerk)
    assert other.act("/orders", LINES, key=key).status_code == 201  # keys are a member's own


def test_CO2_a_token_that_was_given_less_is_not_shown_the_reply_to_one_that_was_given_more(
    app: Flask, world: World
) -> None:
    more = program(app, world, world.d1.clerk, P.ORDER_DRAFT.value, P.ORDER_READ.value)
    less, key = program(app, world, world.d1.clerk, P.ORDER_DRAFT.value), new_key()
    assert more.act("/orders", LINES, key=key).status_code == 201
    told(less.act("/orders", LINES, key=key), 422, "key-reused")
    same = program(app, world, world.d1.clerk, P.ORDER_DRAFT.value, P.ORDER_READ.value)
    assert same.act("/orders", LINES, key=key).headers["Idempotency-Replayed"] == "true"  # the control


def test_CO2_a_refused_act_keeps_nothing_and_may_be_tried_again_with_its_key(app: Flask, world: World) -> None:
    number = world.agreed_order(world.d1, {"P2": 11}, freight="0.00", when="2026-10-05 08:00")
    finance, key = program(app, world, world.hq.finance), new_key()
    tag = finance.get(f"/orders/{number}").headers["ETag"]
    told(finance.act(f"/orders/{number}/debit", key=key, seen=tag), 409, "short-of-funds")
    world.topup(world.d1, "200.00", "2026-10-06 09:30")
    assert finance.act(f"/orders/{number}/debit", key=key, seen=tag).status_code == 200
    assert finance.act(f"/orders/{number}/debit", key=key, seen=tag).headers["Idempotency-Replayed"] == "true"
    assert world.balance(world.d1) == yuan("100.00")


def test_CO2_a_key_is_forgotten_after_seven_days(app: Flask, world: World) -> None:
    caller, key = program(app, world, world.d1.clerk), new_key()
    caller.act("/orders", LINES, key=key)
    with world.as_(world.d1.clerk) as session:
        session.execute(update(KeptReply).values(kept_at=clock.machine_now() - timedelta(days=7, seconds=1)))
    assert "Idempotency-Replayed" not in caller.act("/orders", LINES, key=key).headers
    assert len(caller.get("/orders").get_json()["items"]) == 2


def test_CO2_eight_clients_at_once_on_one_key_have_one_effect_and_one_reply(app: Flask, world: World) -> None:
    number = world.agreed_order(world.d1, {"P1": 4}, when="2026-10-05 08:00")
    finance, key = program(app, world, world.hq.finance), new_key()
    tag, start = finance.get(f"/orders/{number}").headers["ETag"], threading.Barrier(8)
    replies: list[tuple[int, bytes]] = []

    def client() -> None:
        with clock.frozen(at("2026-10-06 10:00")):
            start.wait()
            while True:
                answer = finance.act(f"/orders/{number}/debit", key=key, seen=tag)
                if answer.status_code != 409:
                    break
                assert answer.get_json(force=True)["code"] == "still-running"
                assert answer.headers["Retry-After"] == "1"
            replies.append((answer.status_code, answer.data))

    threads = [threading.Thread(target=client) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(replies) == 8
    assert set(replies) == {(200, replies[0][1])}
    with world.as_(world.hq.auditor) as session:
        assert (
            session.execute(text("SELECT count(*) FROM journals WHERE source = :s"), {"s": f"order:{number}"}).scalar()
            == 1
        )
    assert world.balance(world.d1) == yuan("940.00")


# ---------------------------------------------------------------- versions


def test_a_document_that_has_not_changed_is_not_sent_again(app: Flask, world: World) -> None:
    number = world.submitted_order(world.d1)
    caller = program(app, world, world.d1.clerk)
    first = caller.get(f"/orders/{number}")
    again = caller.get(f"/orders/{number}", etag=first.headers["ETag"])
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    world_clerk = program(app, world, world.hq.clerk)
    world_clerk.on(f"/orders/{number}", "send-back", {"reason": "one more P1"})
    changed = caller.get(f"/orders/{number}", etag=first.headers["ETag"])
    assert changed.status_code == 200
    assert changed.headers["ETag"] != first.headers["ETag"]


def test_an_act_on_a_document_needs_the_version_that_was_seen(app: Flask, world: World) -> None:
    number = world.submitted_order(world.d1)
    clerk = program(app, world, world.hq.clerk)
    tag = clerk.get(f"/orders/{number}").headers["ETag"]
    told(clerk.act(f"/orders/{number}/send-back", {"reason": "x"}), 428, "version-needed")
    told(clerk.act(f"/orders/{number}/send-back", {"reason": "x"}, seen=77), 412, "version-stale")
    told(clerk.act(f"/orders/{number}/send-back", {"reason": "x"}, seen=f"W/{tag}"), 412, "version-stale")
    assert clerk.get(f"/orders/{number}").get_json()["state"] == "submitted"
    assert clerk.act(f"/orders/{number}/send-back", {"reason": "x"}, seen=tag).status_code == 200


# ---------------------------------------------------------------- problems (RFC 9457)


def test_whatever_goes_wrong_under_api_is_a_problem(app: Flask, world: World) -> None:
    caller = program(app, world, world.d1.clerk)
    told(caller.get("/nowhere"), 404, "not-found")
    told(Program(app, None).get("/nowhere"), 404, "not-found")
    wrong = caller.call("DELETE", "/orders")
    told(wrong, 405, "method-unknown")
    assert set(wrong.headers["Allow"].replace(" ", "").split(",")) == {"GET", "HEAD", "POST"}
    told(caller.act("/orders", data=b"{", content_type="application/json"), 400, "not-json")
    told(caller.act("/orders", data=b"\xff\xfe", content_type="application/json"), 400, "not-json")
    told(caller.act("/orders", data=b'{"lines": []}', content_type="text/plain"), 415, "media-type")
    told(caller.act("/orders", data=b"a=1", content_type="application/x-www-form-urlencoded"), 415, "media-type")
    told(
        caller.act("/orders", data=b'"' + b"x" * 1024 * 1024 + b'"', content_type="application/json"), 413, "too-large"
    )
    told(caller.get("/orders/%00"), 404, "not-found")
    told(caller.get("/orders/" + "9" * 400), 404, "not-found")
    assert caller.get("/nowhere").content_type == PROBLEM


def test_AZ2_what_no_field_is_asked_for_is_refused_and_never_stored(app: Flask, world: World) -> None:
    caller = program(app, world, world.d1.clerk)
    for column in Order.__table__.columns:
        if column.name in {"lines", "note", "ship_to"}:
            continue
        wrong = told(caller.act("/orders", {**LINES, column.name: 1}), 422, "invalid")
        assert [one["field"] for one in wrong["errors"]] == [column.name]
    inside = told(caller.act("/orders", {"lines": [{"part": "P1", "quantity": 1, "price": "0.01"}]}), 422, "invalid")
    assert [one["field"] for one in inside["errors"]] == ["lines.0.price"]
    assert caller.get("/orders").get_json()["items"] == []


def test_what_is_wrong_with_a_field_is_said_in_words_in_both_languages(app: Flask, world: World) -> None:
    caller = program(app, world, world.hq.finance)
    said = {"dealer": 1, "amount": "x", "received_on": "soon", "bank_reference": "", "more": 1}
    english = told(caller.act("/top-ups", said), 422, "invalid")["errors"]
    assert {one["field"]: one["detail"] for one in english} == {
        "dealer": "This is no text.",
        "amount": "This is no amount. Write it like 1234.50, with two decimals at most.",
        "received_on": "This is no date. Write it like 2026-11-03.",
        "bank_reference": "Please fill this in.",
        "more": "There is no such field.",
    }
    caller.language = "zh"
    chinese = told(caller.act("/top-ups", said), 422, "invalid")["errors"]
    assert [one["field"] for one in chinese] == [one["field"] for one in english]
    assert not any(one["detail"].isascii() for one in chinese)
    (month,) = told(caller.get("/claims?month=soon"), 422, "invalid")["errors"]
    assert month["field"] == "month"


def test_the_sentences_come_in_the_language_asked_for_chinese_by_itself(app: Flask, world: World) -> None:
    caller = program(app, world, world.d1.clerk)
    english = told(caller.get("/orders/PO2610-9999"), 404, "not-found")["detail"]
    caller.language = "zh-CN,zh;q=0.9,en;q=0.1"
    chinese = told(caller.get("/orders/PO2610-9999"), 404, "not-found")["detail"]
    caller.language = "fr"
    assert told(caller.get("/orders/PO2610-9999"), 404, "not-found")["detail"] == chinese != english
    assert english.isascii()
    assert not chinese.isascii()
