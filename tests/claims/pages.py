"""What the tests of the pages of claims start from, and how they read a page."""

import re

from tests.factories.world import World

URL = "/claims/RC2610-0001"


def shelf_of_nine(world: World) -> World:
    """D001 holds six P1 and three P2."""
    world.received_order(world.d1, {"P1": 6, "P2": 3})
    return world


def claim_of_three(shelf: World) -> World:
    """RC2610-0001: 1 = three P1 (37.50), 2 = one P2 (100.00), reviewed; 3 = one P1 (12.50), reported only."""
    numbers = [
        shelf.reviewed_old_part(shelf.d1, quantity=3),
        shelf.reviewed_old_part(shelf.d1, part="P2", replaced="2026-10-11"),
        shelf.reported_old_part(shelf.d1, replaced="2026-10-12"),
    ]
    shelf.submitted_claim(shelf.d1, numbers)
    return shelf


def text(answer) -> str:
    """What a reader sees, with single spaces."""
    page = answer.get_data(as_text=True)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page[page.find("<main") :]))
