"""``portal demo``: two brands' months, played through the same actions that pages use, the same each time for the same now."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from sqlalchemy import text

from portal.core import clock, months
from portal.core.db import db, unit_of_work
from portal.core.settings import Settings
from portal.demo import names, script, setup
from portal.demo.names import Cast
from portal.demo.player import Player
from portal.demo.script import Size
from portal.demo.world import ZONE, Play
from portal.identity import passwords, queries as identity
from portal.identity.roles import Role

MONTHS = 3  # whole months before the one of now
SIZES = {"lanquan": Size(orders=36, repairs=96), "muyu": Size(orders=10, repairs=27)}
COUNTED = {
    "orders": "SELECT state, count(*) FROM orders GROUP BY state",
    "shipments": "SELECT state, count(*) FROM shipments GROUP BY state",
    "old_parts": "SELECT CASE state WHEN 'reported' THEN review ELSE state END, count(*) FROM old_parts GROUP BY 1",
    "photos": "SELECT 'all', count(*) FROM photos",
    "claims": "SELECT state, count(*) FROM claims GROUP BY state",
    "claim_lines": "SELECT state, count(*) FROM claim_lines GROUP BY state",
    "settlements": "SELECT state, count(*) FROM settlements GROUP BY state",
    "topups": "SELECT state, count(*) FROM topups GROUP BY state",
    "fee_schedules": "SELECT state, count(*) FROM fee_schedules GROUP BY state",
    "journals": "SELECT 'all', count(*) FROM journals",
}
Seen = Callable[[datetime], None]


def play(settings: Settings, *, from_month: str | None = None, quiet: bool = False) -> dict[str, Any]:
    """Play both brands up to the portal's now, or say that it has been done; see :func:`said` for the answer in words.

    Answers "played" (whether anything happened just now), "complete" (False: an earlier run was interrupted), "now",
    "from", "counts" (by brand, kind and state) and "logins". Raises click.UsageError for a month that is none or too late.
    """
    now = clock.now().replace(microsecond=0)
    first = first_day(now, from_month)
    there = set(identity.brand_codes(db.engine)) & {cast.code for cast in names.CASTS}
    if not there:
        with progress(Times(first, now), quiet=quiet) as seen:
            perform(names.CASTS, first=first, now=now, sizes=SIZES, seen=seen)
    complete = identity.login_by_name(db.engine, names.LAST_TO_ARRIVE) is not None
    return {
        "played": not there,
        "complete": complete,
        "now": now.astimezone(ZONE).isoformat(),
        "from": f"{first:%Y-%m}" if not there else None,
        "counts": {code: counts(code) for code in identity.brand_codes(db.engine) if code in {c.code for c in names.CASTS}},
        "password": names.PASSWORD,
        "logins": logins(),
    }


def first_day(now: datetime, from_month: str | None) -> date:
    """The first day played: that of ``from_month`` ("2026-08"), else three whole months before now's."""
    this = months.first_of(clock.day(now, ZONE))
    if from_month is None:
        return months.add_months(this, -MONTHS)
    try:
        first = months.parse(from_month)
    except ValueError:
        raise click.UsageError(f"--from {from_month} is no month; write it like {this:%Y-%m}") from None
    if not months.add_months(this, -12) <= first <= this:
        raise click.UsageError(f"--from {from_month}: at most twelve months before {this:%Y-%m}, and not after it")
    return first


def perform(casts: Sequence[Cast], *, first: date, now: datetime, sizes: dict[str, Size], seen: Seen) -> list[Play]:
    """Set the brands up, then let all their stories take turns in the order of time."""
    password_hash = passwords.hashed(names.PASSWORD)
    player = Player(clock.start_of(first, ZONE), now)
    plays = [setup.brand(cast, player, first=first, now=now, password_hash=password_hash) for cast in casts]
    for one in plays:
        with clock.frozen(player.at):
            setup.load(one)
            setup.open_shops(one, password_hash)
        for story in script.stories(one, sizes[one.cast.seed or one.cast.code]):
            player.add(story)
    player.play(seen)
    if {cast.code for cast in casts} == {cast.code for cast in names.CASTS}:
        setup.many_places(plays, password_hash, now)
    return plays


class Times:
    """How far playing has come, as a share of the time that is played."""

    def __init__(self, first: date, now: datetime) -> None:
        self.start = clock.start_of(first, ZONE)
        self.seconds = max((now - self.start).total_seconds(), 1.0)

    def share(self, at: datetime) -> float:
        """0 to 100."""
        return min(100.0, max(0.0, (at - self.start).total_seconds() / self.seconds * 100))


@contextmanager
def progress(times: Times, *, quiet: bool) -> Iterator[Seen]:
    """A bar on the terminal's stderr that moves with the days played; nothing when ``quiet``."""
    if quiet:
        yield lambda _at: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("Setting up two brands", total=100)
        shown: list[date] = []

        def seen(at: datetime) -> None:
            if (day := clock.day(at, ZONE)) not in shown[-1:]:
                shown.append(day)
                bar.update(task, completed=times.share(at), description=f"Playing {day:%Y-%m-%d}")

        yield seen
        bar.update(task, completed=100, description="Played")


def counts(code: str) -> dict[str, dict[str, int]]:
    """How many documents of each kind stand in which state."""
    system = identity.system_actor(identity.brand_by_code(db.engine, code))
    with unit_of_work(system.scope) as session:
        return {kind: {str(state): int(n) for state, n in sorted(session.execute(text(sql)))} for kind, sql in COUNTED.items()}


def logins() -> list[dict[str, str]]:
    """Who can log in as what, headquarters first: login, name, role, where."""
    found = []
    for code in identity.brand_codes(db.engine):
        if code not in {cast.code for cast in names.CASTS}:
            continue
        brand = identity.brand_by_code(db.engine, code)
        with unit_of_work(identity.system_actor(brand).scope) as session:
            rows = session.execute(
                text("SELECT m.login, m.name, m.roles, d.code, d.name FROM members m LEFT JOIN dealers d ON d.brand_id = m.brand_id"
                     " AND d.id = m.dealer_id WHERE m.left_at IS NULL ORDER BY m.dealer_id NULLS FIRST, m.id")
            )  # fmt: skip
            for login, name, roles, dealer_code, dealer_name in rows:
                where = f"{brand.name} {dealer_code} {dealer_name}" if dealer_code else f"{brand.name} 总部"
                role = "、".join(ROLES[Role(role)] for role in roles)
                found.append({"login": login, "name": name, "role": role, "where": where})
    return found


ROLES = {
    Role.HQ_CLERK: "售后专员 after-sales clerk",
    Role.HQ_MANAGER: "售后主管 after-sales manager",
    Role.HQ_WAREHOUSE: "配件仓 warehouse",
    Role.HQ_FINANCE: "财务 finance",
    Role.HQ_FINANCE_MANAGER: "财务主管 finance manager",
    Role.HQ_ADMIN: "管理员 brand administrator",
    Role.HQ_AUDITOR: "稽核 auditor",
    Role.DEALER_CLERK: "客服文员 service clerk",
    Role.DEALER_TECHNICIAN: "服务工程师 technician",
    Role.DEALER_MANAGER: "经销商负责人 dealer manager",
}


def said(result: dict[str, Any]) -> str:
    """The answer for a terminal: what was played, and who can log in as what."""
    lines = [_headline(result), ""]
    for code, kinds in result["counts"].items():
        for kind in ("orders", "old_parts", "claims", "claim_lines", "settlements", "fee_schedules"):
            states = ", ".join(f"{state} {n}" for state, n in kinds[kind].items())
            lines.append(f"{code:8} {kind.replace('_', ' '):14} {sum(kinds[kind].values()):4}  {states}")
    lines += ["", f"Password of every login 所有账号的密码: {result['password']}", ""]
    shown = [row for row in result["logins"] if _shown(row["login"])]
    wide = max((len(row["login"]) for row in shown), default=0)
    lines += [f"{row['login']:{wide}}  {row['name']}  {row['where']}  {row['role']}" for row in shown]
    lines += ["", "Every dealer has three logins, for example d002-clerk, d002-boss, d002-tech or m002-clerk."]
    return "\n".join(lines)


def _headline(result: dict[str, Any]) -> str:
    if not result["complete"]:
        return "An earlier run was interrupted, so the demo is not whole. Start over with: portal demo --fresh"
    if not result["played"]:
        return "The demo is there already; nothing was changed. To play it again: portal demo --fresh"
    return f"Played {result['from']} up to {result['now'][:16].replace('T', ' ')} (Asia/Shanghai)."


def _shown(login: str) -> bool:
    return not login[1:4].isdecimal() or login[1:4] == "001"
