"""What happens in the demo, and when: how many of which story, and the work left waiting at the portal's now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from portal.core.months import add_months, first_of, last_of
from portal.demo import setup
from portal.demo.player import Story
from portal.demo.stories import fees, forms, money, settling, terms
from portal.demo.stories.claims import ClaimStory
from portal.demo.stories.orders import OrderStory
from portal.demo.stories.repairs import repair
from portal.demo.world import Play, Shop
from portal.orders.models import Purpose


@dataclass(frozen=True, slots=True)
class Size:
    """Orders and replacements in a whole month, beside the first ones and those left open."""

    orders: int
    repairs: int


TWISTS = {
    "": 60, "split": 9, "short-damaged": 6, "lowered": 5, "fewer": 4, "sent-back": 3, "dispute": 4, "lapse": 1.5,
    "lapse-requote": 2, "reject": 1.5, "cancel-draft": 1, "cancel-submitted": 1, "cancel-quoted": 1, "cancel-agreed": 1,
    "cancel-debited": 1.5,
}  # fmt: skip
PURPOSES = {Purpose.STOCK: 60, Purpose.WARRANTY: 28, Purpose.PAID: 12}

# Orders left in every state: (dealer, twist, where it stops, days of office before now).
OPEN_ORDERS = (
    (1, "", "draft", 1), (1, "sent-back", "sent-back", 2), (2, "", "submitted", 1), (5, "", "submitted", 1), (1, "", "quoted", 1),
    (4, "", "quoted", 2), (6, "dispute", "disputed", 1), (21, "dispute", "requoted", 1), (1, "lapse", "", 11), (13, "lapse", "", 9),
    (7, "", "agreed", 1), (12, "short", "", 3), (16, "short", "", 2), (8, "", "debited", 1), (1, "", "debited", 2),
    (9, "split", "part-shipped", 2), (1, "split", "part-shipped", 3), (1, "", "shipped", 2), (10, "", "shipped", 1),
    (3, "short-damaged", "", 4), (14, "reject", "", 3), (18, "cancel-quoted", "", 4), (19, "cancel-agreed", "", 5),
    (11, "cancel-debited", "", 4), (20, "lapse-requote", "requoted", 12),
)  # fmt: skip
FORM_DEALER = 5  # whose own workbook is taken in
# Old parts left open: (dealer, fate, days of office before now).
OPEN_OLD_PARTS = (
    (1, "", 9), (1, "", 8), (1, "", 8), (1, "", 7), (2, "", 8), (2, "", 7), (3, "", 8), (3, "", 7), (4, "", 9), (4, "", 8), (6, "", 8),
    (1, "unreported", 4), (2, "unreported", 8), (5, "unreported", 5), (1, "wanted", 6), (4, "wanted", 6), (1, "pending", 2),
    (3, "pending", 1), (4, "pending", 1), (7, "pending", 2), (5, "refused", 6), (6, "withdrawn", 3), (7, "late", 12),
    (8, "uncovered", 6), (1, "uncovered", 7), (6, "uncovered", 4), (9, "pieces", 9),
    (FORM_DEALER, "", 6), (FORM_DEALER, "", 5),
)  # fmt: skip
# Claims left open: (dealer, where it stops, days of office before now).
OPEN_CLAIMS = (
    (1, "wanted", 4),
    (2, "submitted", 1),
    (3, "submitted", 2),
    (4, "wanted", 3),
    (6, "blocked", 1),
    (1, "blocked", 1),
    (8, "draft", 1),
)
# Fee schedules left open: (dealer, where it ends, days of office before now).
OPEN_FEES = ((2, "submitted", 1), (3, "submitted", 3), (1, "sent-back", 3), (7, "draft", 1), (8, "refused", 6))


def stories(play: Play, size: Size) -> Iterator[Story]:
    """Every story of a brand, in any order: the player finds the order of time."""
    yield setup.load_next_prices(play, _before(play, 14, hour=10))
    yield from _orders(play, size)
    yield from _repairs(play, size)
    yield from _money(play)
    yield from _claims(play)
    yield from _months(play)
    yield from _fees(play)
    yield from _open(play)


def _orders(play: Play, size: Size) -> Iterator[Story]:
    days = play.times.work_days(play.first, play.last)
    for at, shop in enumerate(play.shops if days else ()):
        chance = play.chance("first order", shop.code)
        start = _office(play, chance, days[min(at % 3, len(days) - 1)])
        yield OrderStory(play, shop, chance, start, quick=True, big=chance.randint(7, 11)).tell()
    for at, (on, chance) in enumerate(_spread(play, "order", size.orders, play.first + timedelta(days=4))):
        purpose = chance.choices(list(PURPOSES), list(PURPOSES.values()))[0]
        twist = chance.choices(list(TWISTS), list(TWISTS.values()))[0]
        yield OrderStory(play, _some(play, chance, at), chance, _office(play, chance, on), purpose, twist).tell()


def _repairs(play: Play, size: Size) -> Iterator[Story]:
    for at, (on, chance) in enumerate(_spread(play, "repair", size.repairs, play.first + timedelta(days=7))):
        days_ago = chance.choice((0, 0, 0, 1))
        fate = "uncovered" if chance.random() < 0.03 else ""
        yield repair(play, _some(play, chance, at), _office(play, chance, on), chance, fate=fate, days_ago=days_ago)


def _money(play: Play) -> Iterator[Story]:
    for on, chance in _spread(play, "top-up", max(2, len(play.shops) // 3), play.first + timedelta(days=5)):
        yield money.usual(play, chance.choice(play.shops), _office(play, chance, on), chance)
    yield money.mistaken(play, play.shop("D005"), _before(play, 6, hour=10), play.chance("mistaken"))
    yield money.more_credit(play, play.shop("D004"), _before(play, 16, hour=11))
    yield terms.longer(play, _before(play, 18, hour=14))


def _claims(play: Play) -> Iterator[Story]:
    for month in _all_months(play):
        for at, shop in enumerate(play.shops):
            chance = play.chance("claims", month, shop.code)
            for on, quick in _filings(month, at, chance):
                if on <= play.last:
                    start = _office(play, chance, play.times.work_day(on) if not quick else on)
                    yield ClaimStory(play, shop, start, play.chance("claim", on, shop.code), month, quick=quick).tell()


def _filings(month: date, at: int, chance: Random) -> list[tuple[date, bool]]:
    """When a dealer files for a month: some half-way, all towards its end, some just before the 3rd, and what is left later."""
    following = add_months(month, 1)
    filings = [(min(month + timedelta(days=chance.randint(23, 27)), last_of(month)), False)]
    if at % 3 == 0:
        filings.append((month + timedelta(days=chance.randint(10, 13)), False))
    if at % 3 == 1:
        filings.append((following, True))
    filings.append((following + timedelta(days=chance.randint(4, 12)), False))
    return filings


def _months(play: Play) -> Iterator[Story]:
    months = settling.months(play)
    for month in months:
        second = month == add_months(play.first, 1)
        lanquan = play.cast.code == "lanquan"
        yield settling.settle(
            play, month, play.chance("settle", month), newest=month == months[-1],
            leave_out=second and lanquan, send_back=second and not lanquan,
        )  # fmt: skip


def _fees(play: Play) -> Iterator[Story]:
    ends = {5: "refused", 6: "again", 9: "again"}
    for at, shop in enumerate(play.shops[:14], start=1):
        chance = play.chance("fees", shop.code)
        start = _office(play, chance, play.times.work_day(play.first + timedelta(days=2 + at)))
        yield fees.schedule(play, shop, start, chance, end=ends.get(at, "approved"))
    for shop in play.shops[:4]:
        chance = play.chance("dearer", shop.code)
        start = _office(
            play, chance, play.times.work_day(add_months(play.first, 2) + timedelta(days=chance.randint(3, 14)))
        )
        yield fees.schedule(play, shop, start, chance, dearer=8)


def _open(play: Play) -> Iterator[Story]:
    for at, (number, twist, stop, days) in enumerate(OPEN_ORDERS):
        chance = play.chance("open order", at)
        start = _before(play, days, minute=chance.randint(0, 40))
        purpose = Purpose.WARRANTY if at % 5 == 3 else Purpose.STOCK
        yield OrderStory(play, _shop(play, number), chance, start, purpose, twist, stop, quick=True).tell()
    for at, (number, fate, days) in enumerate(OPEN_OLD_PARTS):
        chance = play.chance("open old part", at)
        start = _before(play, days, hour=14, minute=chance.randint(0, 50))
        yield repair(play, _shop(play, number), start, chance, fate=fate, kept=True)
    for at, (number, stop, days) in enumerate(OPEN_CLAIMS):
        chance = play.chance("open claim", at)
        start = _before(play, days, hour=9, minute=chance.randint(0, 30))
        yield ClaimStory(play, _shop(play, number), start, chance, stop=stop, quick=True).tell()
    yield forms.taken_in(play, _shop(play, FORM_DEALER), _before(play, 1, hour=10, minute=20))
    for at, (number, end, days) in enumerate(OPEN_FEES):
        start = _before(play, days, hour=10)
        yield fees.schedule(play, _shop(play, number), start, play.chance("open fees", at), end=end, dearer=5)
    chance = play.chance("named part")
    start = _before(play, 4)
    yield OrderStory(play, _shop(play, 1), chance, start, Purpose.WARRANTY, "", "received", quick=True).tell()


# ---------------------------------------------------------------- who and when


def _shop(play: Play, number: int) -> Shop:
    return play.shops[(number - 1) % len(play.shops)]


def _before(play: Play, days: int, *, hour: int = 9, minute: int = 0) -> datetime:
    """That clock time so many days of office before now, and not before the dealers are there."""
    return max(play.times.days_before(play.now, days, hour=hour, minute=minute), play.times.at(play.first, 9, minute))


def _some(play: Play, chance: Random, at: int) -> Shop:
    """Every dealer in turn, some more often."""
    return play.shops[at % len(play.shops)] if at % 2 else chance.choice(play.shops)


def _office(play: Play, chance: Random, on: date) -> datetime:
    """Some time of that day's office hours."""
    return play.times.at(on, 8, 40) + timedelta(minutes=chance.randint(0, 480), seconds=chance.randint(0, 59))


def _all_months(play: Play) -> list[date]:
    found = [play.first]
    while found[-1] < first_of(play.last):
        found.append(add_months(found[-1], 1))
    return found


def _spread(play: Play, what: str, a_month: int, earliest: date) -> Iterator[tuple[date, Random]]:
    """Days of office, so many in a whole month, each with the dice of its story."""
    for month in _all_months(play):
        end = min(last_of(month), play.last)
        days = play.times.work_days(max(month, earliest), end)
        count = round(a_month * ((end - max(month, earliest)).days + 1) / last_of(month).day)
        for at in range(count if days else 0):
            chance = play.chance(what, month, at)
            yield chance.choice(days), chance
