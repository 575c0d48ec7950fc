"""Words that cannot be stored, or that nobody could read, in fields that are not the big forms' (IE5)."""

from __future__ import annotations

import pytest

from portal.core import clock
from portal.old_parts import queries as old_parts
from portal.old_parts.models import Review
from portal.settlement import actions as settlement
from portal.settlement import queries as settlements
from portal.settlement.models import SettlementState
from tests.factories.world import at


def review(client_as, world, number: str, reason: str) -> int:
    with clock.frozen(at("2026-10-20 10:00")):
        form = {"decision": "wanted", "reason": reason}
        return client_as(world.hq.clerk).post(f"/old-parts/{number}/review", data=form).status_code


def test_a_review_with_nothing_but_control_characters_has_no_reason(client_as, world):
    world.received_order(world.d1, {"P1": 2})
    number = world.reported_old_part(world.d1)
    assert review(client_as, world, number, "\x08\x00") == 422
    with world.as_(world.hq.clerk) as session:
        assert old_parts.old_part(session, number).review is Review.PENDING


def test_control_characters_are_left_out_of_a_reviews_reason(client_as, world):
    world.received_order(world.d1, {"P1": 2})
    number = world.reported_old_part(world.d1)
    assert review(client_as, world, number, "铭牌\x00看不清\x07") == 303
    with world.as_(world.hq.clerk) as session:
        assert old_parts.old_part(session, number).review_reason == "铭牌看不清"


@pytest.mark.parametrize("reason", ["\x00", "看\x00不清", "字" * 501, ""])
def test_a_checked_month_does_not_go_back_for_a_reason_that_cannot_be_kept(client_as, world, reason):
    month, now = at("2026-10-01 00:00").date(), at("2026-11-03 09:00")
    world.received_order(world.d1, {"P1": 2})
    world.approved_claim(world.d1, [world.reviewed_old_part(world.d1)])
    with world.as_(world.hq.system) as session:
        settlement.prepare(session, world.hq.system, month, at=now)
    with world.as_(world.hq.finance) as session:
        settlement.check(session, world.hq.finance, month, at=now)
    with clock.frozen(now):
        answer = client_as(world.hq.finance_manager).post("/settlement/2026-10/send-back", data={"reason": reason})
    assert answer.status_code == 303
    with world.as_(world.hq.finance) as session:
        assert settlements.settlement(session, month).state == SettlementState.CHECKED
