"""What is worked out for an old part: which pieces it takes, what they cost, by when it is reported. Pieces are whole, prices yuan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from portal.core.money import ZERO

QUANTITY_LIMIT = 9999
DUE_SOON_DAYS = 3
THUMB = 240  # pixels, the one small size that photos are served in

SLOTS = ("nameplate", "fault", "old-part", "after")  # the four photos in the order in which they are taken


@dataclass(frozen=True, slots=True)
class Held:
    """A layer's pieces that can still be used (received − used), oldest layer first by its id."""

    layer_id: int
    left: int
    price: Decimal
    first_received_on: date


@dataclass(frozen=True, slots=True)
class Taken:
    """Pieces of one layer at its price; ``returned`` of them went back."""

    layer_id: int
    pieces: int
    price: Decimal
    returned: int = 0

    @property
    def kept(self) -> int:
        """Pieces that are still taken."""
        return self.pieces - self.returned


def held(layers: Sequence[Held]) -> int:
    """How many pieces there are to take."""
    return sum(layer.left for layer in layers)


def take_oldest(layers: Sequence[Held], quantity: int) -> list[Taken] | None:
    """R36: ``quantity`` pieces from the oldest layers, whatever they were bought for; None when there are not that many."""
    if held(layers) < quantity:
        return None
    taken = []
    for layer in layers:
        pieces = min(layer.left, quantity)
        if pieces > 0:
            taken.append(Taken(layer.layer_id, pieces, layer.price))
            quantity -= pieces
    return taken


def amount(taken: Sequence[Taken]) -> Decimal:
    """R40: what the dealer paid for the pieces that are kept: Σ pieces × price, yuan."""
    return sum((part.kept * part.price for part in taken), ZERO)


def give_back(taken: Sequence[Taken], pieces: int) -> dict[int, int]:
    """R43: pieces to return per layer, the newest bought first. Raises ValueError for more than is kept."""
    if not 0 <= pieces <= sum(part.kept for part in taken):
        raise ValueError(pieces)
    back: dict[int, int] = {}
    for part in sorted(taken, key=lambda part: -part.layer_id):
        if some := min(part.kept, pieces):
            back[part.layer_id] = some
            pieces -= some
    return back


def take_again(taken: Sequence[Taken], pieces: int) -> dict[int, int]:
    """Undo :func:`give_back`: pieces to take again per layer, the oldest bought first. Raises ValueError for more than went back."""
    if not 0 <= pieces <= sum(part.returned for part in taken):
        raise ValueError(pieces)
    again: dict[int, int] = {}
    for part in sorted(taken, key=lambda part: part.layer_id):
        if some := min(part.returned, pieces):
            again[part.layer_id] = some
            pieces -= some
    return again


def amount_of_oldest(taken: Sequence[Taken], quantity: int) -> Decimal:
    """What ``quantity`` of the pieces cost when the newest are cut first (R43), yuan; returned pieces count as still there.

    Raises ValueError for more than were taken.
    """
    if not 0 <= quantity <= sum(part.pieces for part in taken):
        raise ValueError(quantity)
    total = ZERO
    for part in sorted(taken, key=lambda part: part.layer_id):
        some = min(part.pieces, quantity)
        total += some * part.price
        quantity -= some
    return total


def report_by(replaced_on: date, days: int) -> date:
    """R30: the last day to report, to its end at 24:00 in the brand's zone."""
    return replaced_on + timedelta(days=days)


def is_late(reported_on: date, last_day: date) -> bool:
    """R36: reported after the end of the last day: accepted, and marked 逾期报备."""
    return reported_on > last_day


def days_left(today: date, last_day: date) -> int:
    """Days until the last one; 0 on that day itself, negative once it is over."""
    return (last_day - today).days


def urgency(today: date, last_day: date) -> str:
    """How a countdown looks: "red" on the last day and after, "amber" from three days before, else plain."""
    left = days_left(today, last_day)
    if left <= 0:
        return "red"
    return "amber" if left <= DUE_SOON_DAYS else ""
