"""``portal demo``: two brands' months, played through the same actions that pages use, the same each time for the same now."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from sqlalchemy import select, text

from portal.core import clock, months
from portal.core.db import db, unit_of_work
from portal.core.settings import Settings
from portal.demo import names, setup, side_by_side
from portal.demo.names import Cast
from portal.demo.player import Player
from portal.demo.script import Size
from portal.demo.world import ZONE
from portal.identity import passwords
from portal.identity import queries as identity
from portal.identity.queries import BrandInfo
from portal.identity.roles import Role
from portal.organizations.models import Dealer

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


def play(
    settings: Settings, *, from_month: str | None = None, quiet: bool = False,
    casts: Sequence[Cast] = names.CASTS, sizes: Mapping[str, Size] = SIZES,
) -> dict[str, Any]:  # fmt: skip
    """Play both brands up to the portal's now, or say that it has been done; see :func:`said` for the answer in words.

    Answers "played" (whether anything happened just now), "complete" (False: an earlier run was interrupted), "now",
    "from", "counts" (by brand, kind and state) and "logins". Raises click.UsageError for a month that is none or too late.
    """
    now = clock.now().replace(microsecond=0)
    first = first_day(now, from_month)
    there = set(identity.brand_codes(db.engine)) & {cast.code for cast in casts}
    if not there:
        with progress(Times(first, now), quiet=quiet) as seen:
            perform(casts, first=first, now=now, sizes=sizes, seen=seen)
    brands = [identity.brand_by_code(db.engine, cast.code) for cast in casts if not there or cast.code in there]
    return {
        "played": not there,
        "complete": identity.login_by_name(db.engine, casts[0].stem + names.LAST_TO_ARRIVE) is not None,
        "now": now.astimezone(ZONE).isoformat(),
        "from": f"{first:%Y-%m}" if not there else None,
        "counts": {brand.code: counts(brand) for brand in brands},
        "password": names.PASSWORD,
        "logins": [login for brand in brands for login in logins(brand)],
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


def perform(casts: Sequence[Cast], *, first: date, now: datetime, sizes: Mapping[str, Size], seen: Seen) -> None:
    """Set the brands up, then let all stories of each take turns in the order of time."""
    password_hash = passwords.hashed(names.PASSWORD)
    start, plays = clock.start_of(first, ZONE), []
    for cast in casts:
        with clock.frozen(start):
            one = setup.brand(cast, Player(start, now), first=first, now=now, password_hash=password_hash)
            setup.load(one)
            setup.open_shops(one, password_hash)
        plays.append(one)
    side_by_side.perform(plays, [sizes[cast.seed or cast.code] for cast in casts], seen)
    setup.many_places(plays, password_hash, now)


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
    with Progress(*columns, console=Console(stderr=True), auto_refresh=False) as bar:  # no thread: children are forked
        task = bar.add_task("Setting up two brands", total=100)
        shown: list[date] = []

        def seen(at: datetime) -> None:
            if (day := clock.day(at, ZONE)) not in shown[-1:]:
                shown.append(day)
                bar.update(task, completed=times.share(at), description=f"Playing {day:%Y-%m-%d}", refresh=True)

        yield seen
        bar.update(task, completed=100, description="Played", refresh=True)


def counts(brand: BrandInfo) -> dict[str, dict[str, int]]:
    """How many documents of each kind stand in which state."""
    with unit_of_work(identity.system_actor(brand).scope) as session:
        return {
            kind: {str(state): int(n) for state, n in sorted(session.execute(text(sql)))}
            for kind, sql in COUNTED.items()
        }


def logins(brand: BrandInfo) -> list[dict[str, str]]:
    """Who can log in as what, headquarters first: login, name, role, where."""
    with unit_of_work(identity.system_actor(brand).scope) as session:
        dealers = {dealer.id: f"{dealer.code} {dealer.name}" for dealer in session.scalars(select(Dealer))}
        return [
            {
                "login": member.login,
                "name": member.name,
                "role": "、".join(ROLES[Role(role)] for role in member.roles),
                "where": f"{brand.name} {dealers.get(member.dealer_id, '总部')}",
            }
            for member in identity.members(session)
        ]


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
