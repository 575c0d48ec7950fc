"""The list's yardstick: the same rows on a page of Flask, Jinja and psycopg, with nothing else, under the same server.

It reads what the portal's list shows of an order with one statement of plain SQL within the same row-level security, and
writes the same cells: no sessions, no languages, no navigation, no components.
"""

from __future__ import annotations

import sys

from flask import Flask, render_template_string
from psycopg.rows import namedtuple_row
from psycopg_pool import ConnectionPool

from portal import serving
from portal.core.scope import Scope, token
from portal.core.settings import read
from tests.bench.generator import BIG
from tests.bench.places import plain

ROWS = """
    SELECT o.id, coalesce(o.number, o.public_id) AS ref, o.number, o.state, d.code, d.name, a.purposes, a.lines, o.total, o.submitted_at, o.ship_on, o.updated_at
    FROM orders o JOIN dealers d ON d.id = o.dealer_id
    CROSS JOIN LATERAL (SELECT array_agg(DISTINCT l.purpose ORDER BY l.purpose) AS purposes, count(*) AS lines FROM order_lines l WHERE l.order_id = o.id) a
    WHERE o.state <> 'draft' ORDER BY o.id DESC LIMIT 50"""
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Parts orders</title></head><body><h1>Parts orders</h1><table>
<thead><tr><th>Number<th>Dealer<th>Purpose<th>State<th>Lines<th>Amount<th>Submitted<th>Ship date<th>Changed</tr></thead><tbody>
{% for o in rows %}<tr><td><a href="/orders/{{ o.ref }}">{{ o.number }}</a></td><td>{{ o.name }} {{ o.code }}</td><td>{{ o.purposes|join(', ') }}</td><td>{{ o.state }}</td>
<td>{{ o.lines }}</td><td>{{ '{:,.2f}'.format(o.total / 100) if o.total is not none else '—' }}</td><td>{{ o.submitted_at.strftime('%m-%d %H:%M') }}</td>
<td>{{ o.ship_on.strftime('%m-%d') if o.ship_on else '—' }}</td><td>{{ o.updated_at.strftime('%m-%d %H:%M') }}</td></tr>
{% endfor %}</tbody></table></body></html>"""


def main() -> None:
    """Serve until interrupted on the port given after --port."""
    settings = read()
    pool = ConnectionPool(
        plain(settings.database_url), min_size=8, max_size=8, open=True, kwargs={"row_factory": namedtuple_row}
    )
    from portal.core.scope import use_key

    use_key(settings.context_key)
    app = Flask("bare")

    @app.get("/orders")
    def orders() -> str:
        with pool.connection() as connection:
            connection.execute(
                "SELECT set_config('role', 'scope_hq', true) AS role, set_config('app.ctx', %s, true) AS context",
                [token(Scope(BIG))],
            )
            rows = connection.execute(ROWS).fetchall()
        return render_template_string(PAGE, rows=rows)

    @app.get("/healthz")
    def healthz() -> str:
        return "ok"

    serving.serve(app, settings, host="127.0.0.1", port=int(sys.argv[sys.argv.index("--port") + 1]))


if __name__ == "__main__":
    main()
