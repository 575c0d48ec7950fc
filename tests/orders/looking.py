"""What the tests of orders' pages type and read."""

from __future__ import annotations

from contextlib import AbstractContextManager

from portal.orders import queries
from portal.orders.models import Order
from tests.factories.statements import counted
from tests.factories.world import World


def statements() -> AbstractContextManager[list[str]]:
    """What the database was asked meanwhile, without what opens a scope or a session."""
    return counted("set_config", "session_load", "login_places")


def line(index: int, part: str, quantity: object, purpose: str = "stock", serial: str = "") -> dict[str, str]:
    stem = f"lines-{index}-"
    return {f"{stem}part": part, f"{stem}quantity": str(quantity), f"{stem}purpose": purpose, f"{stem}serial": serial}


def text_of(answer) -> str:
    return answer.get_data(as_text=True)


def find(world: World, number: str) -> Order:
    with world.as_(world.hq.auditor) as session:
        return queries.order(session, number)
