"""What the tests of decisions start from and do."""

from portal.claims import actions, queries
from tests.claims.kit import TEN, lines
from tests.factories.world import World


def layered_shelf(world: World) -> World:
    """D001 holds P1: two bought on 5 Oct, then four bought on 8 Oct; and three P2."""
    world.received_order(world.d1, {"P1": 2, "P2": 3})
    world.received_order(world.d1, {"P1": 4}, when="2026-10-08 09:00")
    return world


def claim_of_five(shelf: World) -> World:
    """RC2610-0001: 1 = five P1 (62.50), 2 = one P2 (100.00), 3 = one P2 (100.00), all reviewed."""
    numbers = [
        shelf.reviewed_old_part(shelf.d1, part="P1", quantity=5, replaced="2026-10-10"),
        shelf.reviewed_old_part(shelf.d1, part="P2", replaced="2026-10-11"),
        shelf.reviewed_old_part(shelf.d1, part="P2", replaced="2026-10-12"),
    ]
    assert shelf.submitted_claim(shelf.d1, numbers) == "RC2610-0001"
    return shelf


def decide(world, name, positions, *, number="RC2610-0001", who=None, when=TEN, **how):
    actor = who or world.hq.clerk
    with world.as_(actor) as session:
        return getattr(actions, name)(session, actor, number, positions=positions, at=when, **how)


def stamp(world, position, number="RC2610-0001"):
    with world.as_(world.hq.clerk) as session:
        return next(
            row.stamp
            for row in queries.line_rows(session, queries.claim(session, number).id)
            if row.position == position
        )


def figures(world, position, number="RC2610-0001"):
    line = lines(world, number)[position - 1]
    return line.state.value, line.approved, line.approved_quantity, line.pays_in
