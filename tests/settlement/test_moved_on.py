"""R50: a line that a person moved on stays moved, whatever is decided about it afterwards, and its page says why it waits."""

from __future__ import annotations

import pytest

from portal.claims import actions as claims
from portal.claims import queries as claim_queries
from portal.settlement import actions
from portal.settlement.models import Exclusion
from tests.factories.world import World, at, yuan
from tests.settlement.months import NOVEMBER, OCTOBER

EARLY = at("2026-10-25 09:00")


@pytest.fixture
def claim(world: World) -> str:
    """Two lines of October: the first approved and moved on, the second still open, so that decisions may be changed."""
    world.topup(world.d1, "1000.00", when="2026-10-01 08:00")
    world.received_order(world.d1, {"P1": 4}, when="2026-10-02 09:00")
    number = world.submitted_claim(
        world.d1, [world.reviewed_old_part(world.d1, part="P1", replaced="2026-10-10") for _ in range(2)]
    )
    with world.as_(world.hq.clerk) as session:
        claims.approve(session, world.hq.clerk, number, positions=[1], at=EARLY)
    exclude(world, number, "发票待补")
    return number


def exclude(world: World, number: str, reason: str) -> None:
    with world.as_(world.hq.finance) as session:
        actions.exclude(session, world.hq.finance, OCTOBER, claim=number, position=1, reason=reason, at=EARLY)


def row(world: World, number: str) -> claim_queries.LineRow:
    with world.as_(world.hq.auditor) as session:
        return claim_queries.line_rows(session, claim_queries.claim(session, number).id)[0]


def decide(world: World, number: str, step: str, **how: object) -> None:
    with world.as_(world.hq.clerk) as session:
        act = getattr(claims, step)
        act(
            session,
            world.hq.clerk,
            number,
            positions=[1],
            seen=row(world, number).stamp,
            at=at("2026-10-26 09:00"),
            **how,
        )


def test_R50_another_decision_does_not_move_a_line_back(world: World, claim: str) -> None:
    decide(world, claim, "reduce", amount=yuan("10.00"), reason="按核准金额")
    assert (row(world, claim).approved, row(world, claim).pays_in) == (yuan("10.00"), NOVEMBER)


def test_R50_a_line_refused_and_approved_again_can_be_moved_on_again(world: World, claim: str) -> None:
    decide(world, claim, "refuse", code="PNP", reason="照片不清")
    decide(world, claim, "approve")
    assert row(world, claim).pays_in == OCTOBER
    exclude(world, claim, "再次待补")
    assert row(world, claim).pays_in == NOVEMBER
    with world.as_(world.hq.auditor) as session:
        assert [(one.from_month, one.to_month, one.reason) for one in session.query(Exclusion)] == [
            (OCTOBER, NOVEMBER, "再次待补")
        ]


def test_R50_the_claims_page_says_who_moved_the_line_and_why_not_that_it_was_late(
    world: World, claim: str, client_as
) -> None:
    for reader in (world.hq.clerk, world.d1.clerk):
        page = client_as(reader).get(f"/claims/{claim}").get_data(as_text=True)
        assert "总部移出：发票待补；转入 2026 年 11 月，2026-12-03 报销" in page
        assert "报销日已开始" not in page
