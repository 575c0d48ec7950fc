"""A month's reimbursement form: drafted, submitted, decided line by line (domain.md section 5)."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from random import Random

from portal.claims import actions, queries
from portal.claims.models import LineState
from portal.core.money import rounded
from portal.core.months import first_of
from portal.demo import names
from portal.demo.stories import repairs
from portal.demo.world import Old, Play, Shop
from portal.old_parts.models import Review

Told = Generator[datetime, None, None]
MOST_LINES = 12
JUDGED = {Review.ACCEPTED.value, Review.REFUSED.value}
UNABLE = {Review.REFUSED.value, ""}


@dataclass(slots=True)
class ClaimStory:
    """One form of ``month`` (None: the month with most to claim). ``stop``: draft, blocked, submitted, wanted; ``quick`` has it decided within the hour."""

    play: Play
    shop: Shop
    start: datetime
    chance: Random
    month: date | None = None
    stop: str = ""
    quick: bool = False
    ref: str = ""
    olds: list[Old] = field(default_factory=list)
    decided: dict[int, LineState] = field(default_factory=dict)

    def tell(self) -> Told:
        """The story; nothing happens when the dealer has nothing to claim."""
        play, shop = self.play, self.shop
        yield self.start
        self.month = month = self.month or self.fullest()
        self.olds = self.claimable(month)
        blocked = self.blocked(month) if self.stop in {"blocked", "draft"} or self.chance.random() < 0.12 else []
        if not self.olds and not (self.stop and blocked):
            return
        with play.as_(shop.clerk) as session:
            note = self.chance.choice(names.CLAIM_NOTES)
            self.ref = actions.draft(session, shop.clerk, month=month, note=note, at=play.at).public_id
        for old in [*self.olds, *blocked]:
            old.claimed = True
        yield play.wait(self.chance, 2, 10)
        with play.as_(shop.clerk) as session:
            wanted = [old.number for old in [*self.olds, *blocked]]
            actions.add_lines(session, shop.clerk, self.ref, old_parts=wanted, at=play.at)
        if self.stop in {"draft", "blocked"}:
            return
        yield play.wait(self.chance, 5, 60)
        if self.submit(blocked) and self.stop != "submitted":
            yield from self.reviewing()

    def fullest(self) -> date:
        """The month that has most to claim, the newer one of two."""
        months = sorted({first_of(old.day) for old in self.shop.old_parts.values()}, reverse=True)
        return max(months, key=lambda month: len(self.claimable(month)), default=first_of(self.play.today))

    def claimable(self, month: date) -> list[Old]:
        """Reported, covered, not refused, on no form yet; oldest first."""
        return [
            old for old in self.shop.old_parts.values()
            if (self.stop or not old.kept) and first_of(old.day) == month and old.covered and not old.claimed and not old.gone and old.review not in UNABLE
        ][:MOST_LINES]  # fmt: skip

    def blocked(self, month: date) -> list[Old]:
        """One that a check will block: out of warranty, or not reported yet."""
        return [
            old for old in self.shop.old_parts.values()
            if (self.stop or not old.kept) and first_of(old.day) == month and not old.claimed and not old.gone and (not old.covered or not old.review)
        ][:1]  # fmt: skip

    def submit(self, blocked: Sequence[Old]) -> bool:
        """Take off what is blocked, hand in the rest; False when nothing is left."""
        play, shop = self.play, self.shop
        self.olds += [old for old in blocked if old.covered and old.review]  # reported meanwhile
        blocked = [old for old in blocked if not old.covered or not old.review]
        if blocked:
            with play.as_(shop.clerk) as session:
                actions.remove_blocked(session, shop.clerk, self.ref, at=play.at)
            for old in blocked:
                old.claimed = False
        if not self.olds:
            return False
        with play.as_(shop.clerk) as session:
            self.ref = str(actions.submit(session, shop.clerk, self.ref, at=play.at).number)
        return True

    # ---------------------------------------------------------------- headquarters decides

    def reviewing(self) -> Told:
        """Decide whatever can be decided; come back for the rest once the dealer has answered."""
        play, chance = self.play, self.chance
        plan = {position: self.plan(old) for position, old in enumerate(self.olds, start=1)}
        yield play.wait(chance, 15, 50) if self.quick else play.wait(chance, 120, 1100)
        while len(self.decided) < len(self.olds):
            self.look_at_old_parts()
            wanted = self.decide(plan)
            if self.stop == "wanted":
                return
            if wanted:
                yield play.wait(chance, 200, 1200)
                self.answer(wanted)
            yield play.wait(chance, 120, 900)

    def plan(self, old: Old) -> str:
        """What this line will get."""
        if self.stop == "wanted":
            return "want" if old is self.olds[0] else "" if old is self.olds[-1] else "approve"
        if old.quantity > 1 and self.chance.random() < 0.25:
            return "pieces"
        return self.chance.choices(("approve", "refuse", "amount", "want"), (84, 6, 5, 5))[0]

    def look_at_old_parts(self) -> None:
        """R35: what was not reviewed yet is reviewed first."""
        for position, old in enumerate(self.olds, start=1):
            if position not in self.decided and old.review == Review.PENDING.value:
                repairs.judge(self.play, old, Review.ACCEPTED, "")

    def decide(self, plan: dict[int, str]) -> list[int]:
        """Many lines at once, then the odd ones; returns what is wanted."""
        ready = [
            position for position, old in enumerate(self.olds, start=1)
            if position not in self.decided and old.review in JUDGED
        ]  # fmt: skip
        for position in ready:
            if self.olds[position - 1].review == Review.REFUSED.value:
                plan[position] = "refuse"
        wanted = [position for position in ready if plan[position] == "want"]
        if approved := [position for position in ready if plan[position] == "approve"]:
            self.act(actions.approve, approved, LineState.APPROVED)
        for position in ready:
            self.odd(position, plan[position])
        if wanted:
            self.act(actions.want, wanted, None, reason=self.chance.choice(names.WANT_LINES))
            for position in wanted:
                plan[position] = "approve"
        return wanted

    def odd(self, position: int, what: str) -> None:
        """A line that is not paid in full."""
        chance = self.chance
        if what == "refuse":
            code, reason = chance.choice(names.REFUSE_LINES)
            self.act(actions.refuse, [position], LineState.REFUSED, code=code, reason=reason)
        elif what == "pieces":
            code, reason = names.CUT_PIECES
            self.act(actions.reduce, [position], LineState.REDUCED, quantity=1, code=code, reason=reason)
            old = self.olds[position - 1]
            self.shop.held[old.part] += old.quantity - 1
        elif what == "amount":
            code, reason = chance.choice(names.CUT_LINES)
            amount = rounded(self.claimed(position) * chance.choice((70, 80, 90)) / 100)
            self.act(actions.reduce, [position], LineState.REDUCED, amount=amount, code=code, reason=reason)

    def claimed(self, position: int) -> Decimal:
        """What the line claims, yuan."""
        with self.play.as_(self.play.hq["clerk"]) as session:
            claim = queries.claim(session, self.ref)
            return next(line.claimed for line in queries.line_rows(session, claim.id) if line.position == position)

    def act(
        self, action: Callable[..., object], positions: list[int], becomes: LineState | None, **how: object
    ) -> None:
        """One decision on these lines."""
        clerk = self.play.hq["clerk" if self.chance.random() < 0.7 else "clerk2"]
        with self.play.as_(clerk) as session:
            action(session, clerk, self.ref, positions=positions, at=self.play.at, **how)
        if becomes is not None:
            self.decided.update(dict.fromkeys(positions, becomes))

    def answer(self, positions: list[int]) -> None:
        """The dealer answers what headquarters wanted."""
        play, shop = self.play, self.shop
        for position in positions:
            with play.as_(shop.clerk) as session:
                words = self.chance.choice(names.ANSWER_LINES)
                actions.answer(session, shop.clerk, self.ref, position=position, answer=words, at=play.at)
