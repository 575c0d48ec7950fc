"""What can be seen of dealers."""

from __future__ import annotations

from portal.organizations.queries import dealer_options
from tests.factories.world import World


def test_R1_a_lists_filter_offers_the_dealers_that_its_reader_sees(world: World) -> None:
    with world.as_(world.hq.clerk) as session:
        assert [code for code, _words in dealer_options(session)] == ["D001", "D002"]
    with world.as_(world.d2.clerk) as session:
        ((code, words),) = dealer_options(session)
    assert code == "D002"
    assert words.startswith("D002 ")
