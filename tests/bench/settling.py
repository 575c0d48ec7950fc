"""Posting a month's settlement beside bare SQL that marks every line of it."""

from __future__ import annotations

import time
from datetime import date, datetime
from typing import Any

import psycopg
from sqlalchemy import Engine, text

from tests.bench import apart
from tests.bench.figures import Figure
from tests.bench.places import CLOCK, Place

OCTOBER = date(2026, 10, 1)
AT = datetime.fromisoformat(CLOCK)
# what a portal would do that keeps "settled" on each line; the column is in no index, which is the kindest case
MARK = "UPDATE claim_lines SET answer = 'settled in ST2610' WHERE pays_in = date '2026-10-01' AND state IN ('approved', 'reduced')"


def settling(small: Place, large: Place, *, rounds: int) -> list[Figure]:
    """Post October at both sizes. Every round is rolled back but the last, whose figures are in the rounds as well."""
    found = [apart.run(post, place, rounds) for place in (small, large)]
    figures = [
        Figure(f"settling {one['lines']:,} lines of {one['dealers']:,} dealers", f"{one['post']:.2f} s", f"{one['mark']:.2f} s",
               one["post"] / one["mark"], 0.15)
        for one in found
    ]  # fmt: skip
    few, lots = found
    return [
        *figures,
        Figure("settling ten times as many lines (time)" if lots["lines"] == 10 * few["lines"] else "settling more lines (time)",
               f"{lots['post']:.2f} s", f"{few['post']:.2f} s", lots["post"] / few["post"], 12),
        Figure("memory that settling takes in the portal's process", f"+{lots['memory']:.1f} MB", "—", lots["memory"], 50, unit=" MB"),
    ]  # fmt: skip


def post(place: Place, rounds: int) -> dict[str, Any]:
    """Prepare and check October, post it ``rounds`` times (seconds of the best), and mark its lines in between."""
    from portal.app import create_app
    from portal.core.db import db, unit_of_work
    from portal.settlement import actions

    app = create_app(place.settings())
    with app.app_context():
        people = _people(db.engine)
        with unit_of_work(people["system"].scope) as session:
            session.execute(text("SET LOCAL statement_timeout = 0"))
            prepared = actions.prepare(session, people["system"], OCTOBER, at=AT)
            lines, dealers = prepared.lines, prepared.dealers
        with unit_of_work(people["finance"].scope) as session:
            actions.check(session, people["finance"], OCTOBER, at=AT)
        posted, marked = [], []
        before = apart.begin_peak()
        for turn in range(rounds):
            last = turn == rounds - 1
            if not last or rounds == 1:
                marked.append(_mark(place, people["manager"].scope))
            begun = time.perf_counter()
            with unit_of_work(people["manager"].scope) as session:
                actions.post(session, people["manager"], OCTOBER, at=AT)
                if not last:
                    session.rollback()
            posted.append(time.perf_counter() - begun)
        memory = apart.peak() - before
        db.engine.dispose()
    return {"lines": lines, "dealers": dealers, "post": min(posted), "mark": min(marked), "memory": memory}


def _people(engine: Engine) -> dict[str, Any]:
    """The system, and two people of the big brand's headquarters who are not the same."""
    from portal.identity import queries

    found: dict[str, Any] = {"system": queries.system_actor(queries.brand_by_code(engine, "big"))}
    for name in ("finance", "manager"):
        login = queries.login_by_name(engine, f"{name}-big")
        assert login is not None
        with engine.begin() as connection:
            found[name] = queries.places(connection, login[0])[0].actor(login[0], address="127.0.0.1")
    return found


def _mark(place: Place, scope: Any) -> float:
    """Mark every line in one transaction of headquarters' scope, roll it back, and tidy up; seconds until it could be committed."""
    from portal.core.scope import token

    with psycopg.connect(place.web_url) as connection:
        connection.execute("SET LOCAL statement_timeout = 0")
        connection.execute(
            "SELECT set_config('role', %s, true) AS role, set_config('app.ctx', %s, true) AS context",
            [scope.role, token(scope)],
        )
        begun = time.perf_counter()
        connection.execute(MARK)
        took = time.perf_counter() - begun
        connection.rollback()
    with psycopg.connect(place.admin_url, autocommit=True) as tidy:
        tidy.execute("VACUUM ANALYZE app.claim_lines")
    return took
