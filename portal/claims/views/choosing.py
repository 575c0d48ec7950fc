"""The old parts of a month that may go on a claim, by pages, each with what its checks say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import request
from sqlalchemy.orm import Session

from portal.claims import queries
from portal.claims.checks import level
from portal.claims.labels import check_said
from portal.claims.views import spread
from portal.core import months
from portal.core.permissions import Actor
from portal.web.formats import money
from portal.web.pages import address


@dataclass(frozen=True, slots=True)
class Candidates:
    """A page of the old parts that may go on a claim: how many there are in all, and where the pages beside it are."""

    rows: list[dict[str, Any]]
    count: int
    first: str
    later: str


def candidates_of(
    session: Session, actor: Actor, dealer_id: int, month: date, today: date, *, chosen: Any
) -> Candidates:
    """The page of them that the address asks for (``?more=``); ``chosen`` None chooses all that no check blocks."""
    after = _asked_after()
    found = queries.claimable(session, dealer_id, month, after=after, limit=spread.PAGE + 1)
    more, found = found[spread.PAGE :], found[: spread.PAGE]
    checked = queries.check_old_parts(
        session, actor, [one.id for one in found], month=months.first_of(month), today=today
    )
    rows = []
    for one in found:
        worst = level(checked[one.id])
        rows.append(
            {
                "row": one,
                "level": worst,
                "speaks": [check_said(check, money) for check in checked[one.id] if check.level != "pass"],
                "chosen": worst != "block" if chosen is None else one.number in chosen,
            }
        )
    return Candidates(
        rows=rows,
        count=queries.claimable_count(session, dealer_id, month) if more or after else len(rows),
        first=address(more=None) if after else "",
        later=address(more=f"{found[-1].replaced_on}.{found[-1].id}") if more else "",
    )


def _asked_after() -> tuple[date, int] | None:
    """The service day and id after which the page of old parts begins; None for the first page, or for what is no key."""
    day, _dot, key = request.args.get("more", "").partition(".")
    try:
        return (date.fromisoformat(day), int(key)) if key.isascii() and key.isdecimal() and len(key) < 19 else None
    except ValueError:
        return None
