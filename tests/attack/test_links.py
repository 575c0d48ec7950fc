"""Links that end at a closed door tell more than they should."""

from __future__ import annotations

from portal.claims import actions as claims
from portal.claims import queries
from tests.factories.world import at


def test_headquarters_sees_that_an_old_part_is_on_a_draft_but_not_its_address(client_as, world):
    shop = world.d1
    world.received_order(shop, {"P1": 2})
    number = world.reviewed_old_part(shop)
    now = at("2026-10-25 10:00")
    with world.as_(shop.clerk) as session:
        ref = claims.draft(session, shop.clerk, month=at("2026-10-01 00:00").date(), at=now).public_id
    with world.as_(shop.clerk) as session:
        claims.add_lines(session, shop.clerk, ref, old_parts=[number], at=now)
        assert queries.claim(session, ref).number is None
    assert f"/claims/{ref}" in client_as(shop.clerk).get(f"/old-parts/{number}").get_data(as_text=True)
    assert ref not in client_as(world.hq.clerk).get(f"/old-parts/{number}").get_data(as_text=True)
