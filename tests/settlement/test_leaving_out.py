"""Only a person with a reason moves a line on (R50)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlalchemy import select, text

from portal.claims.models import ClaimLine
from portal.core.errors import NotFound
from portal.settlement import actions
from portal.settlement.models import Exclusion, SettlementState
from tests.factories.world import at
from tests.settlement.looking import found, refused
from tests.settlement.months import NOVEMBER, OCTOBER, THE_THIRD, checked, claimed, prepared


def test_R50_only_a_person_with_a_reason_moves_a_line_on(world):
    claim = claimed(world, world.d1, {"P1": 4, "P2": 1})
    checked(world)
    with world.as_(world.hq.finance) as session:
        actions.exclude(
            session, world.hq.finance, OCTOBER, claim=claim, position=2, reason="发票待补", at=at("2026-11-03 09:00")
        )
    assert found(world).state == SettlementState.PREPARED
    assert refused(world, world.hq.finance2, actions.check, OCTOBER).code == "prepare-again"
    prepared(world, when=at("2026-11-03 10:00"))
    assert (found(world).lines, found(world).amount) == (1, Decimal("50.00"))
    with world.as_(world.hq.auditor) as session:
        row = session.scalar(select(Exclusion))
        assert (row.from_month, row.to_month, row.reason, row.excluded_by) == (OCTOBER, NOVEMBER, "发票待补", "何敏")
        assert session.scalar(select(ClaimLine.pays_in).where(ClaimLine.position == 2)) == NOVEMBER
    with world.as_(world.d1.clerk) as session:  # the dealer reads why
        event = session.execute(text("SELECT facts FROM audit_events WHERE act = 'settlement:exclude'")).scalar_one()
        assert (event["reason"], event["to_month"], event["line"]) == ("发票待补", "2026-11", 2)


def test_R50_a_line_is_left_out_before_anything_is_prepared_too(world):
    claim = claimed(world, world.d1, {"P1": 4})
    with world.as_(world.hq.finance) as session:
        actions.exclude(
            session, world.hq.finance, OCTOBER, claim=claim, position=1, reason="x", at=at("2026-11-02 20:00")
        )
    prepared(world)
    assert found(world).amount == Decimal("0.00")


def test_R50_leaving_out_is_refused_without_reason_permission_or_such_a_line(world):
    claim = claimed(world, world.d1, {"P1": 4})
    leave = {"claim": claim, "position": 1, "reason": "x"}
    assert (
        refused(world, world.hq.finance, actions.exclude, OCTOBER, **{**leave, "reason": " "}).code == "reason-needed"
    )
    assert refused(world, world.hq.clerk, actions.exclude, OCTOBER, **leave).code == "permission-missing"
    assert refused(world, world.hq.finance, actions.exclude, NOVEMBER, **leave).code == "line-not-in-month"
    with pytest.raises(NotFound), world.as_(world.hq.finance) as session:
        actions.exclude(session, world.hq.finance, OCTOBER, claim=claim, position=7, reason="x", at=THE_THIRD)
    with world.as_(world.hq.auditor) as session:
        assert session.scalar(select(Exclusion)) is None
        assert session.scalar(select(ClaimLine.pays_in)) == OCTOBER
