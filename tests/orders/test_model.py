"""Random work on several orders beside a model of plain Python, compared after every step (R20–R24, R26, R67; AZ5, CO7)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial

import pytest
from hypothesis import Phase, strategies
from hypothesis import settings as plan
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import Connection, text

from portal.core.provision import admin_engine
from portal.ledger.prove import prove
from portal.orders import actions, queries
from portal.orders.models import Purpose
from portal.orders.rules import LineWish, QuoteWish
from tests.factories.people import PEOPLE, Trying, rows
from tests.factories.world import SHANGHAI, make_world
from tests.orders.table import PRICES, TABLE, may


@pytest.fixture(scope="module")
def proof(app, settings):
    with admin_engine(str(settings.proof_url)).connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield connection


# ---------------------------------------------------------------- random work on several orders


@dataclass
class Wanted:
    """An order as the model has it. Lines and shipments by position; amounts in fen."""

    shop: str
    lines: list[tuple[str, int]]
    state: str = "draft"
    version: int = 0
    quoted: list[tuple[int, int]] = field(default_factory=list)  # pieces, price
    freight: int = 0
    lapses: date = date(2026, 10, 1)
    parcels: dict[str, tuple[dict[int, int], bool]] = field(default_factory=dict)  # number: what it carries, received
    layers: dict[int, tuple[int, int, int]] = field(default_factory=dict)  # bought, received, price

    @property
    def total(self) -> int:
        return sum(pieces * price for pieces, price in self.quoted) + self.freight

    @property
    def left(self) -> dict[int, int]:
        sent = Counter[int]()
        for carried, _ in self.parcels.values():
            sent.update(carried)
        return {place: pieces - sent[place] for place, (pieces, _) in enumerate(self.quoted, start=1)}


ODD = strategies.integers(0, 9)
PLACE = strategies.integers(0, 7)
NATURAL = {
    "draft": ("submit", "clerk"), "submitted": ("quote", "hq.clerk"), "quoted": ("agree", "manager"), "agreed": ("debit", "hq.finance"),
    "debited": ("ship", "hq.warehouse"), "part-shipped": ("ship", "hq.warehouse"), "shipped": ("receive", "clerk"),
}  # fmt: skip


class OrdersMachine(Trying, RuleBasedStateMachine):
    """Two dealers and headquarters at work on up to eight orders."""

    def __init__(self, proof: Connection) -> None:
        super().__init__()
        self.world, self.proof, self.day = make_world(), proof, date(2026, 10, 5)
        self.orders: dict[str, Wanted] = {}
        self.balance = {"d1": 100_000, "d2": 100_000}
        self.said: Counter[str] = Counter()

    @property
    def now(self) -> datetime:
        return datetime(self.day.year, self.day.month, self.day.day, 10, tzinfo=SHANGHAI)

    @rule(
        what=strategies.integers(0, 19),
        place=PLACE,
        odd=ODD,
        step=strategies.sampled_from([*(step for step in TABLE if step != "lapse"), "ship"]),
        person=strategies.sampled_from([*PEOPLE, "d2.clerk"]),
    )
    def something(self, what: int, place: int, odd: int, step: str, person: str) -> None:
        """Mostly the next step of an order by the right person; also any step of anybody, ways back, money, and days that pass."""
        if not self.orders or (what == 0 and len(self.orders) < 8):
            self.draft("d2" if place == 0 else "d1", odd % 5 + 1, place)
        elif what <= 11:
            self.the_natural_step(place, odd)
        elif what <= 13:
            self._step(place, step, person, odd)
        elif what <= 15:
            self.a_way_back(place, odd)
        elif what == 16:
            shop = "d2" if place == 0 else "d1"
            self.world.topup(getattr(self.world, shop), "300.00", when=f"{self.day} 11:00")
            self.balance[shop] += 30_000
        elif self.day < date(2026, 10, 28):
            self.day += timedelta(days=8 if odd > 3 else 1)

    def draft(self, shop: str, one: int, two: int) -> None:
        lines = [("P1", one)] + ([("P2", two)] if two else [])
        wishes = [LineWish(part, pieces, Purpose.STOCK) for part, pieces in lines]
        made = self.attempt(
            f"{shop}.clerk",
            set(),
            lambda session, who: actions.draft(session, who, lines=wishes, at=self.now).public_id,
        )
        self.orders[str(made)] = Wanted(shop, lines)

    def the_natural_step(self, place: int, odd: int) -> None:
        alive = [number for number, order in enumerate(self.orders.values()) if order.state in NATURAL]
        place = alive[place % len(alive)] if alive else place
        order = self._chosen(place)[1]
        step, person = NATURAL.get(order.state, ("cancel", "clerk"))
        if order.state == "part-shipped" and odd % 2:
            step, person = "receive", "clerk"
        self._step(place, step, person if person.startswith("hq") else f"{order.shop}.{person}", odd)

    def a_way_back(self, place: int, odd: int) -> None:
        order = self._chosen(place)[1]
        step = {"submitted": ("send_back", "reject")[odd % 2], "quoted": ("dispute", "cancel")[odd % 2]}.get(
            order.state, "cancel"
        )
        person = "hq.manager" if order.state in {"submitted", "agreed", "debited"} else f"{order.shop}.manager"
        self._step(place, step, person, odd)

    def _chosen(self, place: int) -> tuple[str, Wanted]:
        return list(self.orders.items())[place % len(self.orders)]

    def _step(self, place: int, step: str, person: str, odd: int) -> None:
        """Take the step with figures that ``odd`` makes right (mostly) or wrong; the model learns what must come of it."""
        public_id, order = self._chosen(place)
        parcel = None
        if step == "receive":
            if not order.parcels:
                return
            parcel = list(order.parcels)[odd % len(order.parcels)]
        rule_of = {"ship": "ship_rest", "receive": "receive"}.get(step, step)
        reasons = set()
        if not may(rule_of, order.state, person, order.shop) and not (
            step == "receive" and self._may_receive(order, parcel, person)
        ):
            reasons = {"wrong-state", "permission-missing", "not-found", "cancel-by-hq-only", "cancel-by-dealer-only"}
        elif step == "receive" and not self._may_receive(order, parcel, person):
            reasons = {"wrong-state"}
        how, wrong, result = getattr(self, f"_{step}", self._plain)(order, step, odd, parcel)
        ref = parcel or public_id
        done = self.attempt(
            person, reasons | wrong, lambda session, who: getattr(actions, step)(session, who, ref, at=self.now, **how)
        )
        if not reasons | wrong:
            self.said[step] += 1
            result(done)

    def _may_receive(self, order: Wanted, parcel: str | None, person: str) -> bool:
        return person in {f"{order.shop}.clerk", f"{order.shop}.manager"} and not order.parcels[str(parcel)][1]

    def _plain(self, order: Wanted, step: str, odd: int, _parcel):
        """Submit, the ways back, and cancelling: a state, and money where it was taken."""
        needs_reason = step in {"send_back", "reject", "dispute", "cancel"}

        def result(_done: object) -> None:
            if step == "cancel" and order.state == "debited":
                self.balance[order.shop] += order.total
                order.layers = {}
            order.state = TABLE[step][2]

        words = " " if odd == 9 else "why"
        return (
            ({"reason": words} if needs_reason else {}),
            ({"reason-needed"} if needs_reason and odd == 9 else set()),
            result,
        )

    def _amend(self, order: Wanted, _step: str, odd: int, _parcel):
        lines = [("P3", odd)] if odd else []
        wishes = [LineWish(part, pieces, Purpose.STOCK) for part, pieces in lines]
        return {"lines": wishes}, set() if odd else {"order-empty"}, lambda _done: setattr(order, "lines", lines)

    def _quote(self, order: Wanted, _step: str, odd: int, _parcel):
        """R21: fewer pieces and, with a reason, a lower price; never more, never dearer."""
        part, asked = order.lines[0]
        pieces, price, reason, wrong = {
            5: (asked - 1, PRICES[part], "", set()), 6: (asked, PRICES[part] - 100, "old stock", set()), 7: (asked, PRICES[part] - 100, "", {"lowered-without-reason"}),
            8: (asked, PRICES[part] + 1, "dearer", {"price-raised"}), 9: (asked + 1, PRICES[part], "", {"confirmed-more"}),
        }.get(odd, (asked, PRICES[part], "", set()))  # fmt: skip
        quoted = [(pieces, price), *[(count, PRICES[name]) for name, count in order.lines[1:]]]
        if not sum(count for count, _ in quoted):
            wrong = {"quote-empty"}
        freight = 1000 * (odd % 2)

        def result(_done: object) -> None:
            order.state, order.version, order.quoted, order.freight = "quoted", order.version + 1, quoted, freight
            order.lapses = self.day + timedelta(days=7)

        wish = QuoteWish(1, pieces, Decimal(price).scaleb(-2), reason)
        return {"lines": [wish], "freight": Decimal(freight).scaleb(-2), "ship_on": self.day}, wrong, result

    def _agree(self, order: Wanted, _step: str, odd: int, _parcel):
        """R21, R22: the newest version, not after its seventh day."""
        stale = odd == 9
        wrong = {"quote-changed"} if stale else set()
        if order.state == "quoted" and self.day > order.lapses:
            wrong.add("quote-lapsed")
        return {"quote_no": order.version - stale}, wrong, lambda _done: setattr(order, "state", "agreed")

    def _debit(self, order: Wanted, _step: str, _odd: int, _parcel):
        """R23: balance (the limit is 0) against the amount, whatever else is reserved."""
        wrong = {"short-of-funds"} if order.state == "agreed" and self.balance[order.shop] < order.total else set()

        def result(_done: object) -> None:
            self.balance[order.shop] -= order.total
            order.state = "debited"
            order.layers = {
                place: (pieces, 0, price) for place, (pieces, price) in enumerate(order.quoted, start=1) if pieces
            }

        return {}, wrong, result

    def _ship(self, order: Wanted, step: str, odd: int, _parcel):
        """R20: what was confirmed and debited, in as many parcels as one likes."""
        left = order.left if order.quoted else {1: 1}
        some = min((place for place, pieces in left.items() if pieces), default=1)
        pieces = {
            0: {some: 1},
            1: {some: 1},
            2: {some: 1},
            8: {some: left.get(some, 0) + 1},
            9: dict.fromkeys(left, 0),
        }.get(odd, dict(left))
        if step == "ship_rest":
            pieces = dict(left)
        wrong = {8: {"shipped-more"}, 9: {"nothing-shipped"}}.get(odd, set()) if step != "ship_rest" else set()
        whole = all(pieces.get(place, 0) == count for place, count in left.items())
        if step == "ship_part" and whole:
            wrong = wrong | {"nothing-stays"}

        def result(done) -> None:
            order.state = "shipped" if whole else "part-shipped"
            order.parcels[done.number] = ({place: count for place, count in pieces.items() if count}, False)

        how = {"carrier": "德邦", "tracking": "1"} | ({} if step == "ship_rest" else {"pieces": pieces})
        return how, wrong, result

    _ship_part = _ship_rest = _ship

    def _receive(self, order: Wanted, _step: str, odd: int, parcel: str):
        """R26: counted less damaged is the dealer's to use; the order is received with its last parcel."""
        carried, received = order.parcels[parcel]
        place, sent = next(iter(carried.items()))
        counted, damaged, wrong = {6: (sent - 1, 0, set()), 7: (sent, 1, set()), 8: (sent + 1, 0, {"counted-more"}), 9: (sent, sent + 1, {"damaged-more"})}.get(
            odd, (sent, 0, set())
        )  # fmt: skip

        def result(_done: object) -> None:
            order.parcels[parcel] = (carried, True)
            for where, pieces in carried.items():
                bought, had, price = order.layers[where]
                order.layers[where] = (bought, had + (counted - damaged if where == place else pieces), price)
            if order.state == "shipped" and all(done for _, done in order.parcels.values()):
                order.state = "received"

        return {"counts": {place: (counted, damaged)}}, set() if received else wrong, result

    @invariant()
    def it_equals_the_model(self) -> None:
        world = self.world
        assert {ref: order.state for ref, order in self.orders.items()} == dict(
            rows(self.proof, world, "SELECT public_id, state FROM orders WHERE brand_id = :brand")
        )
        assert sorted(
            (ref, place, *layer[:2], 0, layer[2]) for ref, order in self.orders.items() for place, layer in order.layers.items()
        ) == sorted(rows(
            self.proof, world,
            "SELECT o.public_id, l.position, y.bought, y.received, y.used, y.price FROM layers y JOIN order_lines l ON l.brand_id = y.brand_id AND l.id = y.line_id"
            " JOIN orders o ON o.brand_id = l.brand_id AND o.id = l.order_id WHERE y.brand_id = :brand",
        ))  # fmt: skip
        with world.as_(world.hq.auditor) as session:
            for shop in ("d1", "d2"):
                found = queries.standing(session, getattr(world, shop).id)
                reserved = sum(o.total for o in self.orders.values() if o.shop == shop and o.state == "agreed")
                assert (int(found.balance * 100), int(found.reserved * 100)) == (self.balance[shop], reserved)


def test_R20_R24_R67_AZ5_orders_do_what_the_model_does(proof) -> None:
    """CO7: random work of everybody on several orders; at the end `portal prove` finds nothing."""
    machines = []

    def machine() -> OrdersMachine:
        machines.append(OrdersMachine(proof))
        return machines[-1]

    run_state_machine_as_test(machine, settings=plan(max_examples=16, stateful_step_count=40))
    said = sum((made.said for made in machines), Counter())
    assert min(said[step] for step in ("submit", "quote", "agree", "debit", "ship", "receive", "cancel")) >= 3, said
    assert {"wrong-state", "permission-missing", "not-found", "short-of-funds", "quote-lapsed"} <= set(said)
    for made in machines[-5:]:
        assert prove(proof, made.world.brand_id) == []


def _one_piece_more(real, session, actor, number, **how):
    """A debit that makes one piece more than was bought."""
    order = real(session, actor, number, **how)
    session.execute(text("UPDATE layers SET bought = bought + 1 WHERE order_number = :n"), {"n": order.number})
    return order


def _whole_however_counted(real, session, actor, number, *, counts, **how):
    return real(session, actor, number, counts={}, **how)


def _as_asked_whatever_was_written(real, session, actor, number, *, lines, **how):
    return real(session, actor, number, lines=[], **how)


@pytest.mark.parametrize(
    ("step", "fault"),
    [("debit", _one_piece_more), ("receive", _whole_however_counted), ("quote", _as_asked_whatever_was_written)],
)
def test_the_control_an_act_with_a_fault_is_told_from_the_model(monkeypatch, proof, step, fault) -> None:
    monkeypatch.setattr(actions, step, partial(fault, getattr(actions, step)))
    with pytest.raises(AssertionError):
        run_state_machine_as_test(
            partial(OrdersMachine, proof),
            settings=plan(max_examples=40, stateful_step_count=40, phases=[Phase.generate], print_blob=False),
        )
