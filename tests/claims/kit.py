"""What the tests of claims share: reading lines back, and proving that a refusal changed nothing."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select, text

from portal.claims import queries
from portal.claims.models import Claim, ClaimLine
from portal.core.errors import Refused
from portal.orders.models import Layer
from tests.factories.world import at, yuan

OCTOBER = date(2026, 10, 1)
TEN = at("2026-10-20 10:00")


def claim(world, ref) -> Claim:
    with world.as_(world.hq.auditor) as session:
        return queries.claim(session, ref)


def lines(world, ref) -> list[ClaimLine]:
    with world.as_(world.hq.auditor) as session:
        found = queries.claim(session, ref)
        return list(
            session.scalars(select(ClaimLine).where(ClaimLine.claim_id == found.id).order_by(ClaimLine.position))
        )


def states(world, ref) -> list[str]:
    return [line.state.value for line in lines(world, ref)]


def used(world, shop) -> list[int]:
    """Used pieces of the dealer's layers, oldest first."""
    with world.as_(world.hq.auditor) as session:
        return list(session.scalars(select(Layer.used).where(Layer.dealer_id == shop.id).order_by(Layer.id)))


TABLES = (
    "claims",
    "claim_lines",
    "old_parts",
    "allocations",
    "layers",
    "postings",
    "journals",
    "audit_events",
    "term_values",
)


def snapshot(world) -> dict[str, str]:
    """Every row of the brand that a claim could touch, as one hash per table."""
    with world.as_(world.hq.auditor) as session:
        return {
            table: session.scalar(
                text(f"SELECT coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') FROM {table} t")
            )
            for table in TABLES
        }


def refused(world, act, code: str) -> Refused:
    """``act`` is refused with ``code`` and leaves no trace."""
    before = snapshot(world)
    with pytest.raises(Refused) as caught:
        act()
    assert caught.value.code == code
    assert snapshot(world) == before
    return caught.value


def checks(line: ClaimLine) -> dict[str, str]:
    """What of the stored checks does not simply pass."""
    return {check["code"]: check["level"] for check in line.checks if check["level"] != "pass"}


__all__ = ["OCTOBER", "TEN", "at", "checks", "claim", "lines", "refused", "snapshot", "states", "used", "yuan"]
