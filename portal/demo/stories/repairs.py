"""A replacement in the field and the old part it leaves: registered, photographed, reported, reviewed (domain.md section 4)."""

from __future__ import annotations

from collections.abc import Generator
from datetime import date, datetime, timedelta
from random import Random

from portal.demo import names, photos
from portal.demo.known import Pair
from portal.demo.world import Old, Play, Shop
from portal.old_parts import actions
from portal.old_parts.models import Cause, OldPart, Review
from portal.old_parts.rules import SLOTS
from portal.warranty import actions as warranty
from portal.warranty.rules import Verdict

Told = Generator[datetime, None, None]


def repair(
    play: Play,
    shop: Shop,
    start: datetime,
    chance: Random,
    *,
    pair: Pair | None = None,
    fate: str = "",
    days_ago: int = 0,
    kept: bool = False,
) -> Told:
    """One replacement. ``fate``: unreported, late, withdrawn, pending, wanted, answered, refused, uncovered, pieces; "" leaves it to chance.

    ``days_ago`` registers it so many days after the replacement, where the parts were there by then.
    """
    yield start
    chosen = choose(play, shop, chance, pair, uncovered=fate == "uncovered")
    if chosen is None:
        return
    quantity = 1
    if (
        pair is None
        and shop.held[chosen.part] > 2
        and chosen.price < 60
        and (fate == "pieces" or chance.random() < 0.22)
    ):
        quantity = 2 if shop.held[chosen.part] == 3 or chance.random() < 0.7 else 3
    shop.held[chosen.part] -= quantity
    shop.repaired.add((chosen.serial, chosen.part))
    day = max(shop.received_on[chosen.part], play.today - timedelta(days=days_ago))
    if not chosen.covered(day) and fate != "uncovered":
        day = play.today
    old = register(play, shop, chosen, quantity, day, chance)
    old.kept = kept
    fate = fate or ("" if days_ago else usual_fate(chance))
    if fate == "withdrawn":
        yield play.wait(chance, 30, 300)
        if not old.claimed:
            withdraw(play, shop, old, chance)
        return
    if fate == "unreported":
        return
    yield when_reported(play, old, chance, late=fate == "late")
    report(play, shop, old)
    if fate != "pending":
        yield from reviewing(play, shop, old, chance, fate)


def usual_fate(chance: Random) -> str:
    """What becomes of most."""
    return chance.choices(
        ("", "late", "answered", "wanted", "refused", "withdrawn", "unreported"), (80, 6, 4, 0.5, 3.5, 2, 1)
    )[0]


def choose(play: Play, shop: Shop, chance: Random, pair: Pair | None, *, uncovered: bool) -> Pair | None:
    """A part that the dealer holds for a product of its own; hardly ever the same one twice."""
    if pair is not None:
        return pair if shop.held[pair.part] > 0 else None
    on = play.today
    fit = [
        one for one in play.known.pairs.get(shop.id, ())
        if shop.held[one.part] > 0 and one.first <= on and one.covered(on) != uncovered and (one.serial, one.part) not in shop.repaired
    ]  # fmt: skip
    if fit and shop.repaired and not uncovered and chance.random() < 0.03:  # broken again within weeks: the checks warn
        again = [
            one for one in play.known.pairs[shop.id]
            if (one.serial, one.part) in shop.repaired and shop.held[one.part] > 0 and one.covered(on)
        ]  # fmt: skip
        fit = again or fit
    return chance.choice(fit) if fit else None


def register(play: Play, shop: Shop, pair: Pair, quantity: int, day: date, chance: Random) -> Old:
    """Register it with one or two photos."""
    tech = shop.tech if chance.random() < 0.8 else shop.clerk
    cause = (
        Cause.QUALITY
        if pair.covered(day) and chance.random() < 0.96
        else chance.choice((Cause.QUALITY, Cause.USE, Cause.INSTALLATION))
    )
    with play.as_(tech) as session:
        stored = actions.register(
            session, tech, serial=pair.serial, part_number=pair.part, fault_code=chance.choice(pair.faults), cause=cause,
            quantity=quantity, replaced_on=day, note=chance.choice(names.REPAIR_NOTES), at=play.at,
        )  # fmt: skip
        for slot in SLOTS[1:3] if chance.random() < 0.2 else SLOTS[2:3]:
            picture = photos.draw(stored.number, pair.part, f"{day:%Y-%m-%d}", slot, chance=chance)
            actions.add_photo(session, tech, stored.number, data=picture, slot=slot, at=play.at)
        old = fact(stored)
    shop.old_parts[old.number] = old
    return old


def fact(stored: OldPart) -> Old:
    """What later stories must know of it."""
    covered = Verdict.from_json(stored.verdict).covered
    return Old(stored.number, stored.replaced_on, covered, stored.quantity, stored.part.number)


def when_reported(play: Play, old: Old, chance: Random, *, late: bool) -> datetime:
    """Most at once, some days later, late ones after the last day."""
    if late:
        return play.times.later(
            play.times.at(old.day + timedelta(days=chance.randint(8, 12)), 9), chance.uniform(10, 300)
        )
    if chance.random() < 0.7:
        return play.wait(chance, 3, 25)
    wished = play.times.later(play.at + timedelta(days=chance.randint(1, 3)), chance.uniform(10, 300))
    last = play.times.at(old.day + timedelta(days=7), 17)
    return wished if wished <= last else play.at + timedelta(minutes=10)


def report(play: Play, shop: Shop, old: Old) -> None:
    """Hand it to headquarters' review."""
    with play.as_(shop.tech) as session:
        actions.report(session, shop.tech, old.number, at=play.at)
    old.review = Review.PENDING.value


def withdraw(play: Play, shop: Shop, old: Old, chance: Random) -> None:
    """Take it back; its pieces return."""
    with play.as_(shop.clerk) as session:
        actions.withdraw(session, shop.clerk, old.number, reason=chance.choice(names.WITHDRAW_REASONS), at=play.at)
    old.gone = True
    shop.held[old.part] += old.quantity


def reviewing(play: Play, shop: Shop, old: Old, chance: Random, fate: str) -> Told:
    """Headquarters looks within days; what it wants is answered, or not."""
    yield play.wait(chance, 200, 1300)
    if old.review != Review.PENDING.value:
        return  # whoever reviewed the claim has looked already
    if fate in {"wanted", "answered"}:
        judge(play, old, Review.WANTED, chance.choice(names.WANT_OLD_PART))
        if fate == "wanted":
            return
        yield play.wait(chance, 200, 900)
        answer(play, shop, old, chance)
        yield play.wait(chance, 100, 600)
        if old.review != Review.PENDING.value:
            return
    if fate == "refused" and not old.claimed:
        judge(play, old, Review.REFUSED, chance.choice(names.REFUSE_OLD_PART))
    else:
        judge(play, old, Review.ACCEPTED, "")


def judge(play: Play, old: Old, decision: Review, reason: str) -> None:
    """One review by the after-sales clerk, who opens the customer's data when something is odd."""
    clerk = play.hq["clerk"]
    with play.as_(clerk) as session:
        stored = actions.review(session, clerk, old.number, decision=decision, reason=reason, at=play.at)
        serial = stored.product.serial
    old.review = decision.value
    if decision is Review.REFUSED:
        with play.as_(clerk) as session:
            warranty.open_customer(session, clerk, serial, at=play.at)


def answer(play: Play, shop: Shop, old: Old, chance: Random) -> None:
    """The technician sends another photo and a sentence."""
    with play.as_(shop.tech) as session:
        picture = photos.draw(old.number, old.part, f"{play.today:%Y-%m-%d}", SLOTS[0], chance=chance)
        actions.add_photo(session, shop.tech, old.number, data=picture, slot=SLOTS[0], at=play.at)
        actions.answer(session, shop.tech, old.number, note=chance.choice(names.ANSWER_OLD_PART), at=play.at)
    old.review = Review.PENDING.value
