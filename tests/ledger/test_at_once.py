"""Several at once: the limit holds, nobody locks the other out, one event is posted once (R63; CO3, MO7)."""

from __future__ import annotations

from flask import Flask

from portal.core.errors import Refused
from portal.core.settings import Settings
from portal.ledger import queries
from portal.ledger.rules import Entry
from tests.factories.world import Shop, World, at, yuan
from tests.ledger.doing import (
    at_once,
    moved,
    nothing_disagrees,
    post,
    said,
)


def test_MO7_eight_debits_at_once_never_pass_the_limit(app: Flask, world: World, settings: Settings) -> None:
    def one(index: int) -> str:
        return post(world, moved(world.d1, "300.00", other="parts-sales"), source=f"order:X{index}")

    results = at_once(app, *[lambda index=index: one(index) for index in range(8)])
    lost = [r for r in results if isinstance(r, Refused)]
    assert [(r.code, r.facts["missing"]) for r in lost] == [("short-of-funds", yuan("200.00"))] * 5
    assert world.balance(world.d1) == yuan("100.00")
    nothing_disagrees(settings, world)


def test_CO3_opposite_postings_at_once_do_not_lock_each_other_out(app: Flask, world: World, settings: Settings) -> None:
    def swap(first: Shop, second: Shop, name: str) -> str:
        for turn in range(10):
            entries = [
                Entry("prepayments", yuan("1.00"), "debit", dealer_id=first.id),
                Entry("prepayments", yuan("1.00"), "credit", dealer_id=second.id),
            ]
            month = (
                f"2026-{10 + turn % 2}-05 10:00"  # two months: the numbers' counter alone must not keep them in line
            )
            post(world, entries, source=f"swap:{name}{turn}", purpose="swap", when=at(month))
        return "done"

    results = at_once(
        app,
        lambda: swap(world.d1, world.d2, "a"),
        lambda: swap(world.d2, world.d1, "b"),
        lambda: swap(world.d1, world.d2, "c"),
        lambda: swap(world.d2, world.d1, "d"),
    )
    assert results == ["done"] * 4
    assert (world.balance(world.d1), world.balance(world.d2)) == (yuan("1000.00"), yuan("1000.00"))
    nothing_disagrees(settings, world)


def test_two_who_open_the_same_account_of_the_brand_at_once_open_one(app: Flask, world: World) -> None:
    def one(index: int) -> str:
        return post(
            world, [Entry("bank", yuan("1.00"), "debit"), Entry("freight", yuan("1.00"), "credit")], source=f"x:{index}"
        )

    assert all(isinstance(r, str) for r in at_once(app, *[lambda index=index: one(index) for index in range(4)]))
    with world.as_(world.hq.auditor) as session:
        assert {a.code: a.balance for a in queries.brand_accounts(session)}["freight"] == yuan("4.00")


def test_R63_the_same_event_posted_by_four_at_once_is_posted_once(app: Flask, world: World) -> None:
    results = at_once(app, *[lambda: post(world, moved(world.d1, "5.00"))] * 4)
    assert sorted(str(said(r)) for r in results) == [
        "JV2610-000001",
        "already-posted",
        "already-posted",
        "already-posted",
    ]
    assert world.balance(world.d1) == yuan("995.00")
