"""One old part: found, locked, as its review sees it, its photos, the claim line that rests on it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import select, text
from sqlalchemy.orm import Session, joinedload, selectinload

from portal.catalog import queries as catalog
from portal.core.errors import NotFound
from portal.core.permissions import Actor
from portal.files import queries as files
from portal.files.queries import Shown
from portal.identity import queries as identity
from portal.old_parts.models import Allocation, OldPart
from portal.old_parts.rules import SLOTS, Taken
from portal.old_parts.workflow import Reviewing
from portal.warranty.models import Product

_CLAIM_OF = text(
    "SELECT coalesce(c.number, c.public_id) AS ref, c.number, l.position, l.state, l.pays_in"
    " FROM claim_lines l JOIN claims c ON c.brand_id = l.brand_id AND c.id = l.claim_id"
    " WHERE l.old_part_id = :old_part_id"
)

NUMBER = re.compile(r"OP\d{4}-\d{4,12}", re.ASCII)


def numbered(number: str) -> str:
    """A number as it is stored; NotFound for what cannot be one, before the database is asked."""
    plain = number.strip().upper()
    if not NUMBER.fullmatch(plain):
        raise NotFound
    return plain


def old_part(session: Session, number: str) -> OldPart:
    """The old part of that number with all that its page shows; NotFound for one of somebody else."""
    found = session.scalar(
        select(OldPart)
        .where(OldPart.number == numbered(number))
        .options(
            joinedload(OldPart.part),
            joinedload(OldPart.product).joinedload(Product.model),
            joinedload(OldPart.fault),
            joinedload(OldPart.dealer),
            selectinload(OldPart.allocations).joinedload(Allocation.layer),
        )
    )
    if found is None:
        raise NotFound
    return found


def several(session: Session, numbers: Sequence[str]) -> list[OldPart]:
    """Old parts by number in the order asked for, each once, with what a label says; those of somebody else are left out."""
    wanted = list(dict.fromkeys(number.upper() for number in numbers if NUMBER.fullmatch(number.upper())))
    found = session.scalars(
        select(OldPart)
        .where(OldPart.number.in_(wanted))
        .options(
            joinedload(OldPart.part),
            joinedload(OldPart.product).joinedload(Product.model),
            joinedload(OldPart.fault),
            joinedload(OldPart.dealer),
        )
    )
    by_number = {old_part.number: old_part for old_part in found}
    return [by_number[number] for number in wanted if number in by_number]


def out_price(session: Session, old_part: OldPart) -> Decimal | None:
    """The out-of-warranty price 保外价 of one piece on the list in force on the day of replacement, yuan; None without one."""
    price = catalog.price_on(session, old_part.part_id, old_part.replaced_on)
    return None if price is None else price.out_price


def lock(session: Session, number: str) -> OldPart:
    """The old part, locked and read anew; NotFound.

    Two statements on purpose: what the first waited for (a claim line, a photo of somebody else) is only seen by a
    statement that begins after it. Whoever puts an old part on a claim locks it here first.
    """
    locked = session.scalar(select(OldPart.id).where(OldPart.number == numbered(number)).with_for_update())
    if locked is None:
        raise NotFound
    return session.scalars(select(OldPart).where(OldPart.id == locked).execution_options(populate_existing=True)).one()


def lock_many(session: Session, numbers: Sequence[str]) -> list[OldPart]:
    """Several, locked in the order of their ids (so that two reviewers cannot lock each other out); NotFound if one is missing."""
    wanted = {numbered(number) for number in numbers}
    ids = session.scalars(
        select(OldPart.id).where(OldPart.number.in_(wanted)).order_by(OldPart.id).with_for_update()
    ).all()
    if len(ids) != len(wanted):
        raise NotFound
    fresh = select(OldPart).where(OldPart.id.in_(ids)).order_by(OldPart.id).execution_options(populate_existing=True)
    return list(session.scalars(fresh))


def reviewing(session: Session, actor: Actor, old_part: OldPart) -> Reviewing:
    """The old part as its review workflow asks for it."""
    serves = actor.side == "hq" and identity.serves(session, actor.login_id, old_part.dealer_id)
    return Reviewing(old_part, serves=serves)


def taken(old_part: OldPart) -> list[Taken]:
    """Its allocations as plain values."""
    return [Taken(part.layer_id, part.pieces, part.price, part.returned) for part in old_part.allocations]


def photos(session: Session, old_part: OldPart) -> list[Shown]:
    """Its photos in the order in which they are to be taken, then as they came."""
    order = {slot: place for place, slot in enumerate(SLOTS)}
    shown = files.photos_of(session, "old-part", [old_part.id])[old_part.id]
    return sorted(shown, key=lambda photo: order.get(photo.slot, len(SLOTS)))


@dataclass(frozen=True, slots=True)
class OnClaim:
    """The claim line that rests on an old part (R33). ``ref`` is the claim's number, or its public id as a draft."""

    ref: str
    number: str | None
    position: int
    state: str
    pays_in: date | None


def on_claim(session: Session, old_part: OldPart) -> OnClaim | None:
    """Which claim line rests on it. Claims stand above this package, so the tables are named, not imported."""
    row = session.execute(_CLAIM_OF, {"old_part_id": old_part.id}).one_or_none()
    return None if row is None else OnClaim(*row)
