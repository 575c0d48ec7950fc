"""An order's life, from the dealer's wish to the parts on its shelf (domain.md section 3)."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random

from portal.core.money import rounded
from portal.core.permissions import Actor
from portal.demo import names
from portal.demo.known import Pair
from portal.demo.stories import money
from portal.demo.stories.repairs import repair
from portal.demo.world import ZERO, Play, Shop
from portal.orders import actions, queries
from portal.orders.models import Purpose
from portal.orders.rules import LineWish, QuoteWish

Steps = Generator[datetime, None, bool]


@dataclass(slots=True)
class OrderStory:
    """One order. ``twist`` names what goes otherwise than usual; ``stop`` the state it is left in; ``quick`` hurries it there."""

    play: Play
    shop: Shop
    chance: Random
    start: datetime
    purpose: Purpose = Purpose.STOCK
    twist: str = ""
    stop: str = ""
    quick: bool = False
    big: int = 0  # so many lines instead of a few
    pairs: list[Pair] = field(default_factory=list)
    ref: str = ""
    total: Decimal = ZERO
    ship_on: date = date.max
    version: int = 0

    def tell(self) -> Generator[datetime, None, None]:
        """The story."""
        yield self.start
        for chapter in (self.asking, self.quoting, self.agreeing, self.paying, self.moving):
            if not (yield from chapter()):
                return

    def wait(self, low: float, high: float) -> datetime:
        """A while of office time, in minutes; much less in a hurry."""
        return self.play.wait(self.chance, 12, 35) if self.quick else self.play.wait(self.chance, low, high)

    # ---------------------------------------------------------------- the dealer asks

    def asking(self) -> Steps:
        """Draft and submit; perhaps sent back, rejected or cancelled."""
        play, shop, chance = self.play, self.shop, self.chance
        wishes = self.wishes()
        if not wishes:
            return False
        note = chance.choice(names.ORDER_NOTES)
        with play.as_(shop.clerk) as session:
            order = actions.draft(session, shop.clerk, lines=wishes, note=note, ship_to=shop.address, at=play.at)
            self.ref = order.public_id
        if self.stop == "draft":
            return False
        yield self.wait(4, 60)
        if self.twist == "cancel-draft":
            return self.cancel(shop.clerk)
        self.submit()
        if self.twist == "cancel-submitted":
            yield self.wait(60, 300)
            return self.cancel(shop.clerk)
        if self.twist in {"reject", "sent-back"}:
            yield self.wait(40, 400)
            back = self.twist == "sent-back"
            by = play.hq["clerk" if back else "manager"]
            act = actions.send_back if back else actions.reject
            reason = chance.choice(names.SEND_BACK_REASONS if back else names.REJECT_REASONS)
            with play.as_(by) as session:
                act(session, by, self.ref, reason=reason, at=play.at)
            if not back or self.stop == "sent-back":
                return False
            yield self.wait(60, 500)
            with play.as_(shop.clerk) as session:
                actions.amend(
                    session, shop.clerk, self.ref, lines=halved(wishes), note=note, ship_to=shop.address, at=play.at
                )
            yield self.wait(2, 20)
            self.submit()
        return self.stop != "submitted"

    def submit(self) -> None:
        """Hand it to headquarters."""
        play, shop = self.play, self.shop
        with play.as_(shop.clerk) as session:
            self.ref = str(actions.submit(session, shop.clerk, self.ref, at=play.at).number)

    def wishes(self) -> list[LineWish]:
        """What it is about: parts that this dealer's customers need."""
        play, shop, chance = self.play, self.shop, self.chance
        if self.purpose is Purpose.WARRANTY:
            self.pairs = [
                pair for pair in play.known.worn(shop.id, play.today, chance, chance.choice((1, 1, 2)))
                if (pair.serial, pair.part) not in shop.repaired and (pair.last - play.today).days > 45
            ]  # fmt: skip
            self.pairs = list({(pair.serial, pair.part): pair for pair in self.pairs}.values())
            shop.repaired.update((pair.serial, pair.part) for pair in self.pairs)
            return [LineWish(pair.part, 1, Purpose.WARRANTY, pair.serial) for pair in self.pairs]
        if self.twist == "short":
            return self.beyond_means()
        worn = play.known.worn(shop.id, play.today, chance, self.big or chance.randint(2, 5))
        wanted = {pair.part: pair.price for pair in worn}
        if chance.random() < 0.15 or not wanted:
            other = chance.choice(play.known.parts)
            wanted[other.number] = other.price
        return [LineWish(part, pieces(price, chance), self.purpose) for part, price in wanted.items()]

    def beyond_means(self) -> list[LineWish]:
        """More than balance and credit allow: it will wait in finance's queue."""
        dear = max(self.play.known.parts, key=lambda part: (part.price, part.number))
        short_by = money.missing(self.play, self.shop, Decimal(10**7))
        funds = max(Decimal(10**7) - short_by, ZERO)
        return [LineWish(dear.number, min(int(funds // dear.price) + self.chance.randint(2, 4), 999), Purpose.STOCK)]

    def cancel(self, by: Actor) -> bool:
        """End it, as the dealer or, once it has agreed, as headquarters."""
        play = self.play
        reasons = names.HQ_CANCEL_REASONS if by.side == "hq" else names.CANCEL_REASONS
        with play.as_(by) as session:
            actions.cancel(session, by, self.ref, reason=self.chance.choice(reasons), at=play.at)
        return False

    # ---------------------------------------------------------------- headquarters quotes, the dealer agrees

    def quoting(self) -> Steps:
        """Confirm contents, freight and ship date as a frozen version."""
        play, chance = self.play, self.chance
        clerk = play.hq[chance.choice(("clerk", "clerk", "clerk2"))]
        yield self.wait(30, 420)
        with play.as_(clerk) as session:
            order = queries.order(session, self.ref)
            lines = [self.confirmed(line.position, line.quantity) for line in order.lines]
            freight = Decimal(chance.choice((0, 12, 15, 18, 25, 30, 45))) + Decimal(chance.choice(("0.00", "0.50")))
            self.ship_on = play.times.work_day(play.today + timedelta(days=chance.randint(1, 4)))
            order = actions.quote(
                session, clerk, self.ref, lines=lines, freight=freight, ship_on=self.ship_on,
                note=chance.choice(names.QUOTE_NOTES), at=play.at,
            )  # fmt: skip
            self.total, self.version = order.total or ZERO, order.quote_no
        return self.stop != "quoted"

    def confirmed(self, position: int, quantity: int) -> QuoteWish:
        """As asked, or with fewer pieces, or cheaper with a reason."""
        if position == 1 and self.twist == "lowered":
            with self.play.as_(self.play.hq["clerk"]) as session:
                order = queries.order(session, self.ref)
            number = order.lines[0].part.number
            price = next(part.price for part in self.play.known.parts if part.number == number)
            return QuoteWish(1, quantity, rounded(price * Decimal("0.95")), self.chance.choice(names.LOWERED_REASONS))
        if position == 1 and self.twist == "fewer" and quantity > 2:
            return QuoteWish(1, quantity - 1, None, "")
        return QuoteWish(position, quantity)

    def agreeing(self) -> Steps:
        """The dealer agrees, disputes, cancels, or lets it lapse."""
        play, shop, chance = self.play, self.shop, self.chance
        if self.twist == "lapse":
            return False
        if self.twist == "cancel-quoted":
            yield self.wait(200, 900)
            return self.cancel(shop.clerk)
        if self.twist in {"dispute", "lapse-requote"}:
            lapsed = self.twist == "lapse-requote"
            yield (
                self.wait(60, 600)
                if not lapsed
                else play.times.later(play.at + timedelta(days=9), chance.uniform(10, 200))
            )
            reason = names.LAPSED_REASON if lapsed else chance.choice(names.DISPUTE_REASONS)
            with play.as_(shop.boss) as session:
                actions.dispute(session, shop.boss, self.ref, reason=reason, at=play.at)
            if self.stop == "disputed":
                return False
            if not (yield from self.quoting()) or self.stop == "requoted":
                return False
        yield self.wait(30, 600)
        with play.as_(shop.boss) as session:
            actions.agree(session, shop.boss, self.ref, quote_no=self.version, at=play.at)
        if self.twist == "cancel-agreed":
            yield self.wait(60, 300)
            return self.cancel(play.hq["clerk"])
        return self.stop != "agreed"

    # ---------------------------------------------------------------- finance debits

    def paying(self) -> Steps:
        """Debit when there are funds; else wait for a top-up, or wait on."""
        play, shop, chance = self.play, self.shop, self.chance
        yield self.wait(25, 360)
        missing = money.missing(play, shop, self.total)
        if missing and self.twist == "short":
            return False
        while missing:
            yield self.wait(60, 700)
            money.top_up(play, shop, missing, chance)
            yield self.wait(10, 90)
            missing = money.missing(play, shop, self.total)
        finance = play.hq[chance.choice(("finance", "finance2"))]
        with play.as_(finance) as session:
            actions.debit(session, finance, self.ref, at=play.at)
        if self.twist == "cancel-debited":
            yield self.wait(60, 500)
            return self.cancel(play.hq["clerk"])
        return self.stop != "debited"

    # ---------------------------------------------------------------- the store ships, the dealer receives

    def moving(self) -> Steps:
        """Ship in one or two parcels and receive them."""
        play, chance = self.play, self.chance
        promised = play.times.at(self.ship_on, 9)
        late = chance.choice((0, 0, 0, 0, 60 * 8, 60 * 18))
        yield (
            self.wait(30, 200)
            if self.quick
            else play.times.later(max(promised, play.at), chance.uniform(10, 400) + late)
        )
        with play.as_(play.hq["warehouse"]) as session:
            left = queries.left_to_ship(session, queries.order(session, self.ref))
        first = {position: count for position, count in left.items() if count}
        if self.twist == "split":
            first = half(first)
        parcel = self.ship(first)
        if self.stop in {"part-shipped", "shipped"}:
            return False
        if first != {position: count for position, count in left.items() if count}:
            play.player.add(
                self.following({p: count - first.get(p, 0) for p, count in left.items() if count > first.get(p, 0)})
            )
        yield from self.receiving(parcel, first)
        return True

    def following(self, rest: dict[int, int]) -> Generator[datetime, None, None]:
        """The second parcel, some days later."""
        yield self.play.wait(self.chance, 500, 1500)
        parcel = self.ship(rest)
        yield from self.receiving(parcel, rest)

    def ship(self, pieces: dict[int, int]) -> str:
        """One parcel; returns its number."""
        play, chance = self.play, self.chance
        carrier, letters = chance.choice(names.CARRIERS)
        store = play.hq["warehouse"]
        with play.as_(store) as session:
            tracking = f"{letters}{chance.randint(10**9, 10**10 - 1)}"
            return actions.ship(
                session, store, self.ref, pieces=pieces, carrier=carrier, tracking=tracking, at=play.at
            ).number

    def receiving(self, parcel: str, sent: dict[int, int]) -> Generator[datetime, None, None]:
        """Count it in; what is whole is the dealer's to use."""
        play, shop, chance = self.play, self.shop, self.chance
        yield (
            self.wait(20, 60)
            if self.quick
            else play.times.later(play.at + timedelta(days=chance.choice((1, 2, 2, 3))), chance.uniform(20, 300))
        )
        counts = {position: (count, 0) for position, count in sent.items()}
        note = ""
        if self.twist == "short-damaged":
            position, count = max(sent.items(), key=lambda item: (item[1], -item[0]))
            counts[position] = (count - 1, 1) if count > 2 else (count, 1) if chance.random() < 0.5 else (count - 1, 0)
            note = chance.choice(names.SHORT_NOTES)
        with play.as_(shop.clerk) as session:
            actions.receive(session, shop.clerk, parcel, counts=counts, note=note, at=play.at)
            parts = {line.position: line.part.number for line in queries.order(session, self.ref).lines}
        for position, (counted, damaged) in sorted(counts.items()):
            if usable := counted - damaged:
                shop.held[parts[position]] += usable
                shop.received_on[parts[position]] = play.today
        self.repairs_named(parts, counts)

    def repairs_named(self, parts: dict[int, str], counts: dict[int, tuple[int, int]]) -> None:
        """What was ordered for a named product is fitted within days; now and then it is forgotten (待登记)."""
        whole = {parts[position] for position, (counted, damaged) in counts.items() if counted > damaged}
        for pair in self.pairs:
            if pair.part in whole and self.stop != "received" and self.chance.random() < 0.9:
                start = self.play.wait(self.chance, 60, 1500)
                self.play.player.add(repair(self.play, self.shop, start, self.chance, pair=pair))


def pieces(price: Decimal, chance: Random) -> int:
    """How many pieces of a part a dealer lays in."""
    return chance.randint(3, 8) if price < 20 else chance.randint(2, 5) if price < 90 else chance.randint(1, 3)


def half(whole: dict[int, int]) -> dict[int, int]:
    """The first half of the lines; of a single line the first half of its pieces."""
    if len(whole) > 1:
        return dict(sorted(whole.items())[: (len(whole) + 1) // 2])
    return {position: max(1, count // 2) for position, count in whole.items()}


def halved(wishes: Sequence[LineWish]) -> list[LineWish]:
    """The same wishes, the first one with fewer pieces."""
    first = wishes[0]
    return [
        LineWish(first.part_number, max(1, first.quantity // 2), first.purpose, first.serial, "已核对"),
        *wishes[1:],
    ]
