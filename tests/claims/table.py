"""Who may take which step of a claim and its lines from where: written from domain.md section 5, and knowing nothing of the portal."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from portal.orders import actions, queries
from portal.orders.models import Purpose
from portal.orders.rules import LineWish, QuoteWish
from tests.factories.world import Shop, World, at

DEALERS, REVIEWERS = {"d1.clerk", "d1.manager"}, {"hq.clerk", "hq.manager", "hq.system"}
JUDGED = {"submitted", "wanted", "approved", "reduced", "refused"}
OPEN, WHATEVER = {"submitted", "in-review"}, {"draft", "submitted", "in-review", "decided"}
# step: from which states of the line, of the claim, by whom, to which state of the line
TABLE: dict[str, tuple[set[str], set[str], set[str], str]] = {
    "submit": ({"draft"}, {"draft"}, DEALERS, "submitted"),
    "approve": (JUDGED, OPEN, REVIEWERS, "approved"),
    "reduce": (JUDGED, OPEN, REVIEWERS, "reduced"),
    "refuse": (JUDGED, OPEN, REVIEWERS, "refused"),
    "want": (JUDGED, OPEN, REVIEWERS, "wanted"),
    "answer": ({"wanted"}, WHATEVER, DEALERS, "submitted"),
    "add_lines": ({"draft"}, {"draft"}, DEALERS, "draft"),
    "remove_line": ({"draft"}, {"draft"}, DEALERS, "gone"),
}


LAYERS = [(4, 1250), (5, 1100), (6, 1200)]  # pieces, fen: the dealer's own parts, oldest first
DECIDED = {"approved", "reduced", "refused"}


def may(step: str, line: str, claim: str, person: str) -> bool:
    """Whether domain.md lets this person of the world take the step on a line of D001 in these states."""
    lines, claims, people, _ = TABLE[step]
    return line in lines and claim in claims and person in people


def pays_in(day: date, decided: date) -> date:
    """R50 by counting: the first month that ends after ``day`` and whose 3rd of the next month lies after ``decided``."""
    month = day.replace(day=1)
    while True:
        after = (month.replace(day=28) + (date(2026, 1, 5) - date(2026, 1, 1))).replace(day=1)
        if decided < after.replace(day=3):
            return month
        month = after


def buy(world: World, shop: Shop, pieces: int, price: Decimal, *, when: str) -> None:
    """A layer of P1 at that price, received whole: the list says 12.50, headquarters lowers it."""
    hq, instant = world.hq, at(when)
    with world.as_(shop.manager) as session:
        order = actions.draft(session, shop.manager, lines=[LineWish("P1", pieces, Purpose.STOCK)], at=instant)
        number = str(actions.submit(session, shop.manager, order.public_id, at=instant).number)
    with world.as_(hq.system) as session:
        reason = "" if price == Decimal("12.50") else "old stock"
        wish = QuoteWish(1, pieces, price, reason)
        actions.quote(
            session, hq.system, number, lines=[wish], freight=Decimal("0.00"), ship_on=instant.date(), at=instant
        )
    with world.as_(shop.manager) as session:
        actions.agree(session, shop.manager, number, quote_no=1, at=instant)
    with world.as_(hq.system) as session:
        actions.debit(session, hq.system, number, at=instant)
        actions.ship_rest(session, hq.system, number, carrier="德邦", tracking="1", at=instant)
        parcel = queries.order(session, number).shipments[0].number
    with world.as_(shop.manager) as session:
        actions.receive(session, shop.manager, parcel, counts={}, at=instant)


# ---------------------------------------------------------------- what the model of claims is made of


@dataclass
class Registered:
    """An old part: pieces by layer, of which some went back."""

    taken: dict[int, int]
    day: date
    back: dict[int, int] = field(default_factory=dict)
    state: str = "registered"
    review: str = "pending"
    claim: str | None = None

    @property
    def pieces(self) -> int:
        return sum(self.taken.values())

    def worth(self, pieces: int) -> int:
        """What the oldest so many pieces cost, fen."""
        prices = [LAYERS[layer][1] for layer in sorted(self.taken) for _ in range(self.taken[layer])]
        return sum(prices[:pieces])


@dataclass
class Line:
    part: str
    state: str = "draft"
    figures: tuple[int | None, int | None, date | None] = (
        None,
        None,
        None,
    )  # approved fen, pieces, the month that pays
    marked: bool = False  # somebody has decided or asked: the page that a reviewer looks at carries a stamp


@dataclass
class Form:
    state: str = "draft"
    lines: list[Line] = field(default_factory=list)
