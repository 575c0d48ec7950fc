"""What a killed process was doing: real acts that post money and move parts, one after the other, told only after their commit.

A list of work that any number of processes may take up at any point: each looks into the database for what is not done.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm.exc import StaleDataError

from portal.core.errors import NotFound, Refused
from portal.ledger import actions as ledger
from portal.ledger.rules import FREIGHT, ORDER, PARTS_SALES, PREPAYMENTS, Entry
from portal.orders import actions as orders
from portal.orders import queries, workflow
from portal.orders.models import Purpose
from portal.orders.rules import LineWish
from portal.settlement import actions as settlement
from tests.factories.world import World, at, yuan

WHEN = at("2026-10-05 12:00")
ORDER_TOTAL, TOPUP = yuan("26.00"), yuan("40.00")  # two P1 and 1.00 freight; each top-up pays for an order and a half


@dataclass(frozen=True)
class Work:
    """How much there is to do: so many top-ups, so many orders through to their receipt, these months settled."""

    world: World
    topups: int
    orders: int
    months: tuple[date, ...]
    fault: str = ""  # what the control leaves out: "two" commits one act in two, "early" tells before the commit


Told = Callable[[str], None]
Act = Callable[[Work, random.Random, Told], bool]


def run(work: Work, seed: int, told: Told) -> None:
    """Do what is left, in random order, until nothing is; what another process did meanwhile is passed over."""
    chance = random.Random(seed)  # noqa: S311 - chance, no secret
    acts = dict.fromkeys((top_up, move_an_order, settle), True)
    while any(acts.values()):
        act = chance.choice([act for act, left in acts.items() if left])
        try:
            acts[act] = act(work, chance, told)
        except (Refused, NotFound, StaleDataError):
            continue
        except OperationalError as error:
            if (
                getattr(error.orig, "sqlstate", "") != "40P01"
            ):  # two processes in each other's way: one of them tries again
                raise


def top_up(work: Work, chance: random.Random, told: Told) -> bool:
    """Enter the next advice of the bank, or one of the last few again, which must be refused."""
    world, finance = work.world, work.world.hq.finance
    with world.as_(finance) as session:
        known = set(session.scalars(text("SELECT bank_reference FROM topups WHERE bank_reference LIKE 'CH-%'")))
    missing = [number for number in range(work.topups) if f"CH-{number}" not in known]
    if not missing:
        return False
    number = missing[0] if chance.random() < 0.8 else max(0, missing[0] - 1)
    with world.as_(finance) as session:
        ledger.enter_topup(
            session, finance, dealer_code="D001", amount=TOPUP, received_on=WHEN.date(), bank_reference=f"CH-{number}", note="", at=WHEN
        )  # fmt: skip
        _early(work, told, f"topup CH-{number}")
    told(f"topup CH-{number}")
    return True


def move_an_order(work: Work, chance: random.Random, told: Told) -> bool:
    """Take the next step of one of the two oldest orders that are not received, or begin one."""
    world, shop, hq = work.world, work.world.d1, work.world.hq
    with world.as_(hq.system) as session:
        rows = session.execute(
            text("SELECT public_id, number, state FROM orders WHERE note = 'chaos' ORDER BY id")
        ).all()
    alive = [row for row in rows if row.state != "received"]
    if not alive or (len(rows) < work.orders and chance.random() < 0.1):
        if len(rows) >= work.orders:
            return False
        with world.as_(shop.manager) as session:
            order = orders.draft(session, shop.manager, lines=[LineWish("P1", 2, Purpose.STOCK)], note="chaos", at=WHEN)
        told(f"order {order.public_id}")
        return True
    ref, number, state = chance.choice(alive[:2])
    if state == "agreed" and work.fault == "two":
        _debit_in_two(work, ref, number)
        told(f"debit {number}")
        return True
    who = shop.manager if state in {"draft", "quoted", "shipped"} else hq.system
    with world.as_(who) as session:
        what = _step(session, who, ref, state)
        _early(work, told, what)
    told(what)
    return True


def _step(session, who, ref: str, state: str) -> str:
    """The step that leaves ``state``; what is told of it."""
    if state == "draft":
        return f"submit {orders.submit(session, who, ref, at=WHEN).number}"
    if state == "submitted":
        made = orders.quote(session, who, ref, lines=[], freight=Decimal("1.00"), ship_on=WHEN.date(), at=WHEN)
        return f"quote {made.number}"
    if state == "quoted":
        return f"agree {orders.agree(session, who, ref, quote_no=1, at=WHEN).number}"
    if state == "agreed":
        return f"debit {orders.debit(session, who, ref, at=WHEN).number}"
    if state == "debited":
        return f"ship {orders.ship_rest(session, who, ref, carrier='德邦', tracking='1', at=WHEN).number}"
    parcel = queries.order(session, ref).shipments[0].number
    return f"receive {orders.receive(session, who, parcel, counts={}, at=WHEN).number}"


def settle(work: Work, chance: random.Random, told: Told) -> bool:
    """Prepare, check or post the first month that is not posted."""
    world, hq = work.world, work.world.hq
    with world.as_(hq.system) as session:
        states = {row.month: row.state for row in session.execute(text("SELECT month, state FROM settlements"))}
    month = next((month for month in work.months if states.get(month) != "posted"), None)
    if month is None:
        return False
    third = at(f"{(month + timedelta(days=31)).replace(day=3)} 02:00")
    state = states.get(month)
    step, who = {
        None: ("prepare", hq.system),
        "prepared": ("check", hq.finance),
        "checked": ("post", hq.finance_manager),
    }[state]
    with world.as_(who) as session:
        getattr(settlement, step)(session, who, month, at=third)
        _early(work, told, f"{step} {month}")
    told(f"{step} {month}")
    return True


# ---------------------------------------------------------------- what the control does wrong


def _early(work: Work, told: Told, what: str) -> None:
    if work.fault == "early":
        told(what)
        time.sleep(0.02)


def _debit_in_two(work: Work, ref: str, number: str) -> None:
    """The money in one transaction, the order's state and its layers in another."""
    world, system = work.world, work.world.hq.system
    with world.as_(system) as session:
        order = queries.order_for_update(session, ref)
        workflow.allowed("debit", order, system)
        version = queries.newest_quote(session, order)
        entries = [
            Entry(PREPAYMENTS, version.total, "debit", dealer_id=order.dealer_id), Entry(PARTS_SALES, version.goods, "credit"),
            Entry(FREIGHT, version.freight, "credit"),
        ]  # fmt: skip
        ledger.post(session, system, at=WHEN, source=order.source, purpose=ORDER, memo=number, entries=entries)
    time.sleep(0.05)
    with world.as_(system) as session:
        order = queries.order_for_update(session, ref)
        workflow.ORDER.take("debit", order, system)
        order.debited_at = WHEN
        session.flush()
        session.execute(
            text(
                "INSERT INTO layers (brand_id, dealer_id, part_id, line_id, order_number, bought, received, used, price, bought_at)"
                " SELECT brand_id, dealer_id, part_id, id, :number, quantity, 0, 0, 1250, :at FROM order_lines WHERE order_id = :id"
            ),
            {"number": number, "at": WHEN, "id": order.id},
        )


def told_to(path: str) -> Told:
    """Tell by a line at the end of a file: one write, which a kill cannot undo."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    return lambda what: os.write(file, f"{what}\n".encode()) and None
