"""One act, however often it is asked for (reliability.md CO2, CO6)."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from flask import Flask
from sqlalchemy import text

from portal.core import clock, replies
from portal.core.db import unit_of_work
from portal.core.errors import Refused
from portal.core.permissions import Actor
from portal.core.replies import Reply, fingerprint, first_reply, forget_old, keep
from tests.factories.world import World

ASKED = fingerprint("POST", "/api/v1/orders", b"{}")


def act(actor: Actor, kind: replies.Kind, key: str, asked: str = ASKED, body: str = "made") -> Reply:
    """One effect (a dealer's contact counts it) unless the key was answered before."""
    with unit_of_work(actor.scope) as session:
        if (known := first_reply(session, kind, key, asked)) is not None:
            return known
        session.execute(text("UPDATE dealers SET contact = contact || '+' WHERE code = 'D001'"))
        reply = Reply(201, {"Location": "/here"}, body)
        keep(session, kind, key, reply)
    return reply


def effects(world: World) -> int:
    with world.as_(world.hq.admin) as session:
        return str(session.scalar(text("SELECT contact FROM dealers WHERE code = 'D001'"))).count("+")


@pytest.mark.parametrize("kind", ["page", "api"])
def test_CO2_the_same_key_is_answered_as_the_first_time(world: World, kind: replies.Kind) -> None:
    first = act(world.hq.admin, kind, "k1")
    assert act(world.hq.admin, kind, "k1", body="never") == first == Reply(201, {"Location": "/here"}, "made")
    assert effects(world) == 1
    act(world.hq.admin, kind, "k2")
    assert effects(world) == 2


def test_CO2_the_same_key_with_another_body_is_refused_and_does_nothing(world: World) -> None:
    act(world.hq.admin, "api", "k1")
    with pytest.raises(Refused, match="key-reused"):
        act(world.hq.admin, "api", "k1", fingerprint("POST", "/api/v1/orders", b"[]"))
    assert effects(world) == 1


def test_CO2_a_key_is_a_members_own(world: World) -> None:
    act(world.hq.admin, "api", "k1")
    act(world.hq.manager, "api", "k1")
    assert effects(world) == 2


def test_CO6_an_act_that_was_rolled_back_keeps_no_reply(world: World) -> None:
    with pytest.raises(RuntimeError), unit_of_work(world.hq.admin.scope) as session:
        assert first_reply(session, "api", "k1", ASKED) is None
        keep(session, "api", "k1", Reply(201, {}, ""))
        raise RuntimeError
    act(world.hq.admin, "api", "k1")
    assert effects(world) == 1


def test_CO2_after_seven_days_the_key_is_new(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    act(world.hq.admin, "api", "k1")
    now = clock.machine_now()
    monkeypatch.setattr(clock, "machine_now", lambda: now + replies.KEPT - timedelta(minutes=1))
    with world.as_(world.hq.admin) as session:
        assert first_reply(session, "api", "k1", ASKED) is not None
        assert forget_old(session) == 0
    monkeypatch.setattr(clock, "machine_now", lambda: now + replies.KEPT + timedelta(minutes=1))
    with world.as_(world.hq.admin) as session:
        assert first_reply(session, "api", "k1", fingerprint("other")) is None


def test_CO2_old_replies_are_forgotten_and_young_ones_kept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    act(world.hq.admin, "api", "old")
    now = clock.machine_now()
    monkeypatch.setattr(clock, "machine_now", lambda: now + replies.KEPT + timedelta(minutes=1))
    act(world.hq.admin, "api", "young")
    with world.as_(world.hq.admin) as session:
        assert forget_old(session) == 1
        assert session.scalar(text("SELECT string_agg(key, ' ') FROM kept_replies")) == "young"


def test_CO2_a_call_that_still_runs_is_said_to_be_running(world: World) -> None:
    with unit_of_work(world.hq.admin.scope) as running:
        assert first_reply(running, "api", "k1", ASKED) is None
        with pytest.raises(Refused, match="still-running"):
            act(world.hq.admin, "api", "k1")


def test_CO1_of_eight_presses_at_once_one_acts_and_all_see_its_result(app: Flask, world: World) -> None:
    barrier, seen = Barrier(8), []

    def press(number: int) -> None:
        with app.app_context():
            barrier.wait(10)
            seen.append(act(world.hq.admin, "page", "k1", "", body=str(number)).body)

    threads = [Thread(target=press, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(seen) == 8
    assert len(set(seen)) == 1
    assert effects(world) == 1


def test_CO1_without_the_key_all_eight_act(world: World) -> None:
    """The control: what the key is there for."""
    for number in range(8):
        act(world.hq.admin, "page", f"k{number}")
    assert effects(world) == 8


def test_T2_a_dealer_never_reads_another_dealers_reply(world: World) -> None:
    with world.as_(world.d1.manager) as session:
        assert first_reply(session, "page", "k1", "") is None
        keep(session, "page", "k1", Reply(303, {"Location": "/orders/secret"}, ""))
    with world.as_(world.d2.manager) as session:
        assert session.scalar(text("SELECT count(*) FROM kept_replies")) == 0


def test_fingerprints_tell_where_one_part_ends() -> None:
    assert fingerprint("ab", "c") != fingerprint("a", "bc") != fingerprint("abc")
    assert fingerprint("\ud800") == fingerprint("\ud800")
