"""The yardstick of debits and submissions: the same inserts and updates by plain psycopg, under the same triggers.

Eight connections as portal_web within the same row-level security, one transaction an order, every value known before:
nothing is looked up, checked, parsed or drawn. What the portal writes beside the order — the audit event, the reply kept
under the form's key — is written here too.
"""

from __future__ import annotations

import json
import secrets
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from portal.core.scope import Scope, token
from tests.bench.clients import CLIENTS, together
from tests.bench.places import CLOCK, Place

AT = datetime.fromisoformat(CLOCK)
ENTER = "SELECT set_config('role', %s, true), set_config('app.ctx', %s, true)"
NUMBER = "SELECT next_number(%s, '2611')"
AUDIT = """INSERT INTO audit_events (brand_id, dealer_id, at, member_id, login_id, actor_name, actor_roles, side, via, act, subject_kind, subject_id, subject_number, before, after, facts, public, address)
    VALUES (%s, %s, %s, 1, 1, %s, %s, %s, 'page', %s, 'order', %s, %s, %s, %s, %s, true, '127.0.0.1')"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """An agreed order with all that its debit writes: accounts, fen, lines (part, line, pieces, price)."""

    brand: int
    dealer: int
    id: int
    number: str
    total: int
    goods: int
    freight: int
    prepayments: int
    sales: int
    carriage: int
    lines: Sequence[tuple[int, int, int, int]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """An application: whose, and its lines (part, pieces)."""

    brand: int
    dealer: int
    lines: Sequence[tuple[int, int]]


def debit(connection: psycopg.Connection[Any], order: Waiting) -> None:
    """Debit one agreed order."""
    with connection.transaction():
        run, scope = connection.execute, Scope(order.brand)
        key = _begin(connection, scope)
        run(
            "UPDATE orders SET state = 'debited', ver = ver + 1, debited_at = %s, updated_at = %s WHERE brand_id = %s AND id = %s",
            [AT, AT, order.brand, order.id],
        )
        number = f"JV2611-{_one(run(NUMBER, ['JV'])):06d}"
        journal = _one(
            run(
                "INSERT INTO journals (brand_id, number, source, purpose, month, booked_on, at, memo, actor_name, member_id) VALUES (%s, %s, %s, 'order', %s, %s, %s, %s, '何敏', 1) RETURNING id",
                [order.brand, number, f"order:{order.number}", AT.date().replace(day=1), AT.date(), AT, order.number],
            )
        )
        sides = [(order.prepayments, order.total, None), (order.sales, None, order.goods)]
        if order.freight:
            sides.append((order.carriage, None, order.freight))
        values: list[Any] = []
        for line, (account, owed, paid) in enumerate(sorted(sides), start=1):
            values += [order.brand, journal, line, account, owed, paid, AT.date(), AT, order.number, order.number]
        run(
            "INSERT INTO postings (brand_id, journal_id, line, account_id, debit_fen, credit_fen, seq, balance_after_fen, booked_on, at, purpose, document, memo) VALUES "
            + ", ".join(["(%s, %s, %s, %s, %s, %s, 0, 0, %s, %s, 'order', %s, %s)"] * len(sides)),
            values,
        )
        layers: list[Any] = []
        for part, line, pieces, price in order.lines:
            layers += [order.brand, order.dealer, part, line, order.number, pieces, price, AT]
        run(
            "INSERT INTO layers (brand_id, dealer_id, part_id, line_id, order_number, bought, received, used, price, bought_at) VALUES "
            + ", ".join(["(%s, %s, %s, %s, %s, %s, 0, 0, %s, %s)"] * len(order.lines)),
            layers,
        )
        facts = json.dumps({"quote": 1, "total": str(order.total), "journal": number})
        run(
            AUDIT,
            [order.brand, order.dealer, AT, "何敏", "hq-finance", "hq", "order:debit", order.id, order.number, "agreed", "debited", facts],
        )  # fmt: skip
        _end(connection, scope, key)


def submit(connection: psycopg.Connection[Any], order: Wanted) -> None:
    """Draft and submit one application, as one press of the button does."""
    with connection.transaction():
        run, scope = connection.execute, Scope(order.brand, order.dealer)
        key = _begin(connection, scope)
        number = f"PO2611-{_one(run(NUMBER, ['PO'])):04d}"
        made = _one(
            run(
                "INSERT INTO orders (brand_id, dealer_id, number, state, ver, note, ship_to, drafted_at, drafted_by, submitted_at, updated_at) VALUES (%s, %s, %s, 'submitted', 1, '', %s, %s, '周先生', %s, %s) RETURNING id",
                [order.brand, order.dealer, number, "建材大道 1 号", AT, AT, AT],
            )
        )
        lines: list[Any] = []
        for position, (part, pieces) in enumerate(order.lines, start=1):
            lines += [order.brand, order.dealer, made, position, part, pieces]
        run(
            "INSERT INTO order_lines (brand_id, dealer_id, order_id, position, part_id, quantity, purpose, note) VALUES "
            + ", ".join(["(%s, %s, %s, %s, %s, %s, 'stock', '')"] * len(order.lines)),
            lines,
        )
        who = [order.brand, order.dealer, AT, "周先生", "dealer-manager", "dealer"]
        run(AUDIT, [*who, "order:draft", made, None, None, "draft", '{"lines": 4}'])
        run(AUDIT, [*who, "order:submit", made, number, "draft", "submitted", '{"lines": 4}'])
        _end(connection, scope, key)


def _begin(connection: psycopg.Connection[Any], scope: Scope) -> str:
    """Enter the scope and take the form's one-time key, as the portal does; returns the key."""
    key = secrets.token_hex(32)
    connection.execute(ENTER, [scope.role, token(scope)])
    connection.execute(
        "INSERT INTO kept_replies (brand_id, dealer_id, member_id, kind, key, fingerprint, status, headers, body, kept_at) VALUES (%s, %s, 1, 'page', %s, '', 0, '{}', '', %s)",
        [scope.brand_id, scope.dealer_id, key, AT],
    )
    return key


def _end(connection: psycopg.Connection[Any], scope: Scope, key: str) -> None:
    """Keep what the key is answered."""
    connection.execute(
        "UPDATE kept_replies SET status = 303, headers = %s, body = 'done' WHERE brand_id = %s AND member_id = 1 AND kind = 'page' AND key = %s",
        ['{"Location": "/orders"}', scope.brand_id, key],
    )


def _one(cursor: psycopg.Cursor[Any]) -> Any:
    row = cursor.fetchone()
    assert row is not None
    return row[0]


def attack(place: Place, act: Any, orders: Sequence[Any], *, clients: int = CLIENTS) -> float:
    """Do ``act`` for all ``orders`` by ``clients`` connections at once; orders in a second."""
    place.settings()  # the key that signs contexts
    waiting = deque(orders)
    connections = [psycopg.connect(place.web_url, autocommit=True) for _ in range(clients)]
    idle = deque(connections)

    def client() -> None:
        connection = idle.popleft()
        while True:
            try:
                order = waiting.popleft()
            except IndexError:
                return
            act(connection, order)

    try:
        return len(orders) / together(client, clients)
    finally:
        for connection in connections:
            connection.close()
