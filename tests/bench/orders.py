"""Debits and submissions over HTTP beside plain psycopg."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

import psycopg

from tests.bench import plain, processes
from tests.bench.clients import Browser, attack
from tests.bench.figures import Figure
from tests.bench.generator import BIG, Plan
from tests.bench.places import Place

WAITING = """
    SELECT o.brand_id, o.dealer_id, o.id, o.number, o.total, q.goods, q.freight, a.id, s.id, f.id,
        (SELECT array_agg(ARRAY[l.part_id, l.line_id, l.quantity, l.price] ORDER BY l.position) FROM quote_lines l WHERE l.brand_id = o.brand_id AND l.quote_id = q.id)
    FROM orders o JOIN quotes q ON q.brand_id = o.brand_id AND q.order_id = o.id
    JOIN accounts a ON a.brand_id = o.brand_id AND a.dealer_id = o.dealer_id
    JOIN accounts s ON s.brand_id = o.brand_id AND s.code = 'parts-sales' JOIN accounts f ON f.brand_id = o.brand_id AND f.code = 'freight'
    WHERE o.brand_id <> %s AND o.state = 'agreed' ORDER BY o.id"""
WARM_UP = 80


def per_brand(rounds: int, many: int, brands: int) -> int:
    """How many agreed orders each small brand needs, for the three sides of every round and their warming up."""
    return -(-3 * (rounds * many + WARM_UP) // brands)


def debits(place: Place, plan: Plan, *, rounds: int, many: int) -> Figure:
    """Finance's debit of an agreed 4-line order: requests of eight signed-in clients, and the same writes bare."""
    with psycopg.connect(place.admin_url) as connection:
        connection.execute("SET search_path = app, public")
        orders = [plain.Waiting(*row) for row in connection.execute(WAITING, [BIG]).fetchall()]
    portal, alone, bare = orders[0::3], orders[1::3], orders[2::3]
    with processes.deployed(place) as ports:
        people = _people(ports[0], plan, "finance", "/orders/debits")

        def requests(some: Sequence[plain.Waiting]) -> list[bytes]:
            return [
                people[order.brand].post(f"/orders/{order.number}/debit", {"form_key": secrets.token_urlsafe(16)})
                for order in some
            ]

        for some in (portal, alone):
            attack(ports, requests(some[:WARM_UP]), 303)
        plain.attack(place, plain.debit, bare[:WARM_UP])
        speeds = [
            (
                attack(ports, requests(portal[begin : begin + many]), 303),
                attack(ports[:1], requests(alone[begin : begin + many]), 303),
                plain.attack(place, plain.debit, bare[begin : begin + many]),
            )
            for begin in range(WARM_UP, WARM_UP + rounds * many, many)
        ]
    done = WARM_UP + rounds * many
    _count(place, "state = 'debited' AND brand_id <> 1", 3 * done)
    return _compared("debit of an agreed 4-line order, 8 clients, 20 brands", "debits/s", speeds, 0.25)


def submissions(place: Place, plan: Plan, *, rounds: int, many: int) -> Figure:
    """A dealer's submitting of a 4-line order, from the filled-in form: drafted and submitted in one request."""
    with psycopg.connect(place.admin_url) as connection:
        connection.execute("SET search_path = app, public")
        shops = connection.execute(
            "SELECT brand_id, min(id) FROM dealers WHERE brand_id <> %s GROUP BY 1 ORDER BY 1", [BIG]
        ).fetchall()
        (before,) = connection.execute("SELECT count(*) FROM orders WHERE state = 'submitted'").fetchone() or (0,)
    lines = [(1 + 31 * n, 1 + n) for n in range(4)]
    wanted = [
        plain.Wanted(brand, dealer, [((brand - 1) * 200 + part, pieces) for part, pieces in lines])
        for _ in range(-(-(rounds * many + WARM_UP) // len(shops)))
        for brand, dealer in shops
    ]
    typed: dict[str, str] = {"act": "submit", "ship_to": "建材大道 1 号", "note": "", "seen": ""}
    for index, (part, pieces) in enumerate(lines):
        typed |= {f"lines-{index}-part": f"P{part:04d}", f"lines-{index}-quantity": str(pieces), f"lines-{index}-purpose": "stock",
                  f"lines-{index}-serial": ""}  # fmt: skip
    with processes.deployed(place) as ports:
        people = _people(ports[0], plan, "shop", "/orders/new")

        def requests(some: Sequence[plain.Wanted]) -> list[bytes]:
            return [
                people[order.brand].post("/orders/new", {**typed, "form_key": secrets.token_urlsafe(16)})
                for order in some
            ]

        attack(ports, requests(wanted[:WARM_UP]), 303)
        plain.attack(place, plain.submit, wanted[:WARM_UP])
        speeds = [
            (
                attack(ports, requests(wanted[:many]), 303),
                attack(ports[:1], requests(wanted[:many]), 303),
                plain.attack(place, plain.submit, wanted[:many]),
            )
            for _ in range(rounds)
        ]
    _count(place, "state = 'submitted'", before + 2 * WARM_UP + 3 * rounds * many)
    return _compared("submitting a 4-line order, 8 clients, 20 brands", "orders/s", speeds, 0.25)


def _people(port: int, plan: Plan, name: str, page: str) -> dict[int, Browser]:
    """A signed-in browser a small brand that has looked at ``page``."""
    found = {}
    for brand in range(BIG + 1, BIG + plan.brands + 1):
        found[brand] = Browser(port, f"{name}-small{brand}")
        found[brand].look(page)
    return found


def _count(place: Place, condition: str, expected: int) -> None:
    """What was measured has happened: so many orders stand where they should."""
    with psycopg.connect(place.admin_url) as connection:
        (found,) = connection.execute(f"SELECT count(*) FROM app.orders WHERE {condition}").fetchone() or (0,)
    if found != expected:
        raise RuntimeError(f"{found} orders where {condition}, not {expected}: the figure would be false")


def _compared(what: str, unit: str, speeds: Sequence[tuple[float, float, float]], goal: float) -> Figure:
    """The best of each side: the portal as it is deployed, one process of it alone (said beside), the yardstick."""
    portal, alone, bare = (max(side) for side in zip(*speeds, strict=True))
    said = f"{portal:.0f} {unit} by two processes, {alone:.0f} by one ({alone / bare:.3g}×)"
    return Figure(what, said, f"{bare:.0f} {unit}", portal / bare, goal, at_least=True)
