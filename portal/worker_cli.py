"""``portal worker`` and ``portal tick``: what runs by itself, and once by hand. ``app`` is the command line's own (portal/cli.py)."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from portal.core import provision
from portal.core.db import db as database


@click.command()
@click.option("--concurrency", type=click.IntRange(1, 16), default=2, help="How many jobs at once.")
@click.option(
    "--stalled-after",
    type=click.FloatRange(1, 3600),
    default=30,
    help="Seconds without a sign of life after which another worker takes up a job.",
)
@click.option(
    "--tick-every",
    type=click.FloatRange(0.2, 3600),
    default=60,
    help="Seconds from one look at what is due to the next.",
)
@click.option(
    "--beside", is_flag=True, help="Stop when standard input is closed, too: how a server runs one beside it."
)
@click.pass_obj
def worker(app: Any, concurrency: int, stalled_after: float, tick_every: float, beside: bool) -> None:  # noqa: FBT001
    """Run jobs, send mail, and do what the clock makes due, until it is interrupted."""
    from portal import worker as working  # the whole application: not for the command line's help

    settings, flask = app.settings(), app.flask()
    with flask.app_context():
        provision.refuse_powerful(database.engine)
        working.check_mail()
    working.run(
        flask, settings, concurrency=concurrency, stalled_after=stalled_after, tick_seconds=tick_every, beside=beside
    )


@click.command()
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def tick(app: Any, as_json: bool) -> None:  # noqa: FBT001
    """Do once what is due by each brand's clock: what the worker does every minute. Exit 1 when something could not be done."""
    from portal import worker as working

    with app.flask().app_context():
        done = working.tick()
        database.engine.dispose()
    if done is None:
        click.echo(json.dumps({"ok": True, "running": True}) if as_json else "A worker is at it just now.")
        return
    rows = [
        {"brand": one.brand, "clockwork": one.clockwork, "what": one.outcome.what, **one.outcome.facts} for one in done
    ]
    well = all(one.outcome.well for one in done)
    if as_json:
        click.echo(json.dumps({"ok": well, "done": rows}, ensure_ascii=False))
    else:
        for row in rows:
            click.echo(" ".join(str(value) for name, value in row.items() if value and name != "trace"))
        click.echo(f"{len(done)} things done or refused." if done else "Nothing is due.")
    if not well:
        sys.exit(1)


def register(group: click.Group) -> None:
    """Hang the commands on ``portal``."""
    group.add_command(worker)
    group.add_command(tick)
