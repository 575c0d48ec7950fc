"""Random work on registrations and claims beside a model of plain Python, compared after every step (R33, R35, R36, R40, R43, R50; AZ5)."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import settings as plan
from hypothesis import strategies
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import Connection

from portal.claims import actions, queries
from portal.core.provision import admin_engine
from portal.ledger.prove import prove
from portal.old_parts import actions as old_parts
from portal.old_parts.models import Review
from tests.claims.table import DECIDED, LAYERS, Form, Line, Registered, buy, may, pays_in
from tests.factories.people import Trying, rows
from tests.factories.world import SHANGHAI, make_world

NUMBERS = strategies.integers(0, 9)


class ClaimsMachine(Trying, RuleBasedStateMachine):
    """One dealer and headquarters; somebody of the other dealer tries too."""

    def __init__(self, proof: Connection) -> None:
        super().__init__()
        self.world, self.proof, self.day = make_world(), proof, date(2026, 10, 20)
        for pieces, price in LAYERS:
            buy(self.world, self.world.d1, pieces, Decimal(price).scaleb(-2), when="2026-10-02 09:00")
        self.balance = int(self.world.balance(self.world.d1) * 100)
        self.parts: dict[str, Registered] = {}
        self.forms: dict[str, Form] = {}
        self.said: Counter[str] = Counter()

    @property
    def now(self) -> datetime:
        return datetime(self.day.year, self.day.month, self.day.day, 10, tzinfo=SHANGHAI)

    def left(self) -> list[int]:
        """Pieces of each layer that are not used."""
        used = Counter[int]()
        for part in self.parts.values():
            if part.state != "withdrawn":
                used.update({layer: pieces - part.back.get(layer, 0) for layer, pieces in part.taken.items()})
        return [pieces - used[layer] for layer, (pieces, _) in enumerate(LAYERS)]

    @rule(
        what=strategies.integers(0, 19),
        one=NUMBERS,
        two=NUMBERS,
        odd=NUMBERS,
        person=strategies.sampled_from(["d1.clerk", "d1.technician", "d2.manager", "hq.finance", "hq.clerk"]),
    )
    def something(self, what: int, one: int, two: int, odd: int, person: str) -> None:
        """Mostly what moves a registration towards a decision; also other people, other figures, and days that pass."""
        waiting = [
            number
            for number, part in self.parts.items()
            if part.claim is None and part.review == "accepted" and part.state == "reported"
        ]
        if what == 0 or len(self.parts) < 4:
            self.register(one % 3 + 1, two)
        elif what <= 3:
            self.withdraw_or_review(one, two)
        elif what <= 6 and (waiting or not self.forms):
            self.hand_in(waiting[:3] if waiting else list(self.parts)[:1], odd)
        elif what in {7, 8} and any(line.state == "wanted" for form in self.forms.values() for line in form.lines):
            self.answer(one, "d1.clerk")
        elif what <= 16 and self.forms:
            self.decide(one, two, odd, "hq.clerk" if what <= 15 else person)
        elif what == 17 and self.forms:
            self.answer(one, person if odd > 6 else "d1.clerk")
        elif what == 18 and self.forms:
            self.change_a_draft(one, odd, person)
        elif self.day < date(2026, 11, 25):
            self.day += timedelta(days=7 if odd > 6 else 1)

    # -- registrations (R36) --

    def register(self, pieces: int, two: int) -> None:
        left, taken, wanted = self.left(), {}, pieces + (20 if two == 9 else 0)
        for layer, free in enumerate(left):
            if some := min(free, wanted - sum(taken.values())):
                taken[layer] = some
        reasons = {"not-enough-held"} if sum(left) < wanted else set()
        serial = self.world.product(self.world.d1)
        number = self.attempt(
            "d1.technician", reasons,
            lambda session, who: old_parts.register(session, who, serial=serial, part_number="P1", fault_code="F01", cause="quality", quantity=wanted,
                                                    replaced_on=date(2026, 10, 10), at=self.now).number,
        )  # fmt: skip
        if reasons:
            return
        self.said["register"] += 1
        part = self.parts[str(number)] = Registered(taken, date(2026, 10, 10))
        if two == 8:  # one that stays without photos, unreported
            return
        with self.world.as_(self.world.d1.technician) as session:
            old_parts.add_photo(session, self.world.d1.technician, str(number), data=self.world.photo(), at=self.now)
            old_parts.report(session, self.world.d1.technician, str(number), at=self.now)
        part.state = "reported"
        if two < 7:
            self.attempt(
                "hq.clerk", set(), lambda session, who: old_parts.accept(session, who, str(number), at=self.now)
            )
            part.review = "accepted"

    def withdraw_or_review(self, one: int, two: int) -> None:
        number, part = list(self.parts.items())[one % len(self.parts)]
        line = self.line_of(number)
        if two < 4:
            reasons = {"on-claim"} if part.claim else set()
            if part.state == "withdrawn":
                reasons.add("wrong-state")
            self.attempt(
                "d1.clerk",
                reasons,
                lambda session, who: old_parts.withdraw(session, who, number, reason="why", at=self.now),
            )
            if not reasons:
                self.said["withdraw"] += 1
                part.state = "withdrawn"
            return
        decision = {4: "refused", 5: "wanted"}.get(two, "accepted")
        reasons = {"claim-decided"} if line and line.state in DECIDED else set()
        if part.review == decision:
            reasons.add("wrong-state")
        if part.state != "reported":
            reasons |= {"not-reported", "wrong-state"}
        self.attempt(
            "hq.clerk",
            reasons,
            lambda session, who: old_parts.review(
                session, who, number, decision=Review(decision), reason="why", at=self.now
            ),
        )
        if not reasons:
            part.review = decision

    def line_of(self, number: str) -> Line | None:
        return next((line for form in self.forms.values() for line in form.lines if line.part == number), None)

    # -- the dealer's forms --

    def hand_in(self, numbers: list[str], odd: int) -> None:
        """R33, R41: all of the registrations go on a form and are handed in, or the form stays a draft."""
        reasons = (
            {"already-claimed", "already-on-draft"} if any(self.parts[number].claim for number in numbers) else set()
        )
        if any(self.parts[number].state == "withdrawn" for number in numbers):
            reasons.add("old-part-withdrawn")
        with self.world.as_(self.world.d1.clerk) as session:
            ref = actions.draft(session, self.world.d1.clerk, month=date(2026, 10, 1), at=self.now).public_id
        form = self.forms[ref] = Form()
        self.attempt(
            "d1.clerk",
            reasons,
            lambda session, who: actions.add_lines(session, who, ref, old_parts=numbers, at=self.now),
        )
        if not reasons:
            form.lines = [Line(number) for number in numbers]
            for number in numbers:
                self.parts[number].claim = ref
        if odd < 8:
            self.submit(ref, "d1.clerk")

    def submit(self, ref: str, person: str) -> None:
        form, reasons = self.forms[ref], set()
        if not may("submit", "draft", form.state, person):
            reasons = {"wrong-state", "permission-missing", "not-found"}
        if not form.lines:
            reasons.add("claim-without-lines")
        if any(self.blocked(line) for line in form.lines):
            reasons.add("lines-blocked")
        self.attempt(person, reasons, lambda session, who: actions.submit(session, who, ref, at=self.now))
        if not reasons:
            self.said["submit"] += 1
            form.state = "submitted"
            for line in form.lines:
                line.state = "submitted"

    def blocked(self, line: Line) -> bool:
        """R41, of what can happen here: not reported, or refused by its review."""
        part = self.parts[line.part]
        return part.state != "reported" or part.review == "refused"

    def change_a_draft(self, one: int, odd: int, person: str) -> None:
        ref, form = list(self.forms.items())[one % len(self.forms)]
        person = "d1.clerk" if odd < 6 else person
        if odd % 2:
            self.submit(ref, person)
            return
        reasons = (
            set()
            if may("remove_line", "draft", form.state, person)
            else {"wrong-state", "permission-missing", "not-found"}
        )
        if not form.lines:
            reasons.add("line-unknown")
        self.attempt(
            person, reasons, lambda session, who: actions.remove_line(session, who, ref, position=1, at=self.now)
        )
        if not reasons:
            self.parts[form.lines[0].part].claim = None
            for line in form.lines[1:]:
                self.attempt(
                    "d1.clerk",
                    set(),
                    lambda session, who: actions.remove_line(session, who, ref, position=2, at=self.now),
                )
                self.parts[line.part].claim = None
            form.lines = []

    def answer(self, one: int, person: str) -> None:
        wanted = [
            (ref, place)
            for ref, form in self.forms.items()
            for place, line in enumerate(form.lines, start=1)
            if line.state == "wanted"
        ]
        ref, place = wanted[one % len(wanted)] if wanted else (next(iter(self.forms)), 1)
        lines = self.forms[ref].lines
        allowed = lines and may("answer", lines[place - 1].state, self.forms[ref].state, person)
        reasons = set() if allowed else {"wrong-state", "permission-missing", "not-found", "line-unknown"}
        self.attempt(
            person,
            reasons,
            lambda session, who: actions.answer(session, who, ref, position=place, answer="this", at=self.now),
        )
        if allowed:
            self.said["answer"] += 1
            lines[place - 1].state, lines[place - 1].marked = "submitted", False

    # -- headquarters' decisions (R43) --

    def decide(self, one: int, two: int, odd: int, person: str) -> None:
        """One line or all of a form; ``two`` is what is decided, ``odd`` 9 a reviewer who saw something else."""
        undecided = [ref for ref, form in self.forms.items() if form.state in {"submitted", "in-review"}]
        ref = undecided[one % len(undecided)] if undecided and one else list(self.forms)[-1]
        form = self.forms[ref]
        step = ("approve", "approve", "approve", "reduce", "reduce", "reduce", "reduce", "refuse", "want", "want")[two]
        count = len(form.lines) or 1
        places = list(range(1, count + 1)) if one % 4 == 1 else [odd % count + 1]
        chosen = [form.lines[place - 1] for place in places] if form.lines else []
        with self.world.as_(self.world.hq.auditor) as session:
            shown = {row.position: row.stamp for row in queries.line_rows(session, queries.claim(session, ref).id)}
        stamps = [shown.get(place, "") for place in places]
        seen = "approved@1" if odd == 9 else stamps[0]
        pieces, amount = (odd % 3 + 1, None) if two < 5 else (None, 1000)
        figures = {
            "approve": {},
            "reduce": {"quantity": pieces, "amount": amount and Decimal("10.00"), "reason": "why"},
        }.get(step, {"reason": "why"})
        figures |= {"code": "EW"} if step == "refuse" else {}
        reasons = self.against(form, chosen, step, person, pieces, stale=odd == 9 or len(set(stamps)) > 1)
        self.attempt(
            person,
            reasons,
            lambda session, who: getattr(actions, step)(
                session, who, ref, positions=places, seen=seen, at=self.now, **figures
            ),
        )
        if reasons:
            return
        self.said[step] += 1
        for line in chosen:
            part, (_, _pieces, paid) = self.parts[line.part], line.figures
            part.back = {}
            month = max(pays_in(part.day, self.day), paid or date.min)
            line.state, line.marked = (
                {"approve": "approved", "reduce": "reduced", "refuse": "refused", "want": "wanted"}[step],
                True,
            )
            if step == "approve":
                line.figures = (part.worth(part.pieces), part.pieces, month)
            elif step == "reduce" and pieces:
                line.figures, cut = (part.worth(pieces), pieces, month), part.pieces - pieces
                for layer in sorted(part.taken, reverse=True):
                    if some := min(part.taken[layer], cut):
                        part.back[layer], cut = some, cut - some
            else:
                line.figures = (1000, part.pieces, month) if step == "reduce" else (None, None, None)
        still_open = any(line.state in {"submitted", "wanted"} for line in form.lines)
        form.state = "in-review" if still_open else "decided"

    def against(
        self, form: Form, chosen: list[Line], step: str, person: str, pieces: int | None, *, stale: bool
    ) -> set[str]:
        """Everything that stands against the decision."""
        reasons = {"none-chosen", "line-unknown", "permission-missing", "not-found"} if not chosen else set()
        for line in chosen:
            part = self.parts[line.part]
            if not may(step, line.state, form.state, person):
                reasons |= {"wrong-state", "permission-missing", "not-found", "decisions-stand"}
            if stale:
                reasons.add("decided-meanwhile")
            if step in {"approve", "reduce"} and part.review != "accepted":
                reasons.add("line-old-part-not-accepted")
            if step in {"approve", "reduce"} and self.blocked(line):
                reasons.add("line-blocked")
            if line.figures[2] and self.day >= date(2026, line.figures[2].month + 1, 3):
                reasons.add("settlement-begun")
            if step == "reduce" and pieces is not None and pieces >= part.pieces:
                reasons.add("reduce-quantity")
            if step == "reduce" and pieces is None and part.worth(part.pieces) <= 1000:
                reasons.add("reduce-amount")
        left = Counter(dict(enumerate(self.left())))
        for line in chosen:  # what an earlier cut gave back is taken again, or somebody has used it meanwhile
            left.subtract(self.parts[line.part].back)
        if any(pieces_left < 0 for pieces_left in left.values()):
            reasons.add("pieces-used-meanwhile")
        return reasons

    # -- what must be there after each of it --

    @invariant()
    def it_equals_the_model(self) -> None:
        world = self.world
        assert [pieces - free for (pieces, _), free in zip(LAYERS, self.left(), strict=True)] == [
            row[0] for row in rows(self.proof, world, "SELECT used FROM layers WHERE brand_id = :brand ORDER BY id")
        ]
        assert {number: (part.state, part.review, part.worth(part.pieces)) for number, part in self.parts.items()} == {
            number: tuple(rest)
            for number, *rest in rows(
                self.proof, world, "SELECT number, state, review, amount FROM old_parts WHERE brand_id = :brand"
            )
        }
        assert {ref: form.state for ref, form in self.forms.items()} == dict(
            rows(self.proof, world, "SELECT public_id, state FROM claims WHERE brand_id = :brand")
        )
        assert {
            line.part: (ref, line.state, self.parts[line.part].worth(self.parts[line.part].pieces), *line.figures) for ref, form in self.forms.items() for line in form.lines
        } == {
            number: tuple(rest) for number, *rest in rows(
                self.proof, world,
                "SELECT o.number, c.public_id, l.state, l.claimed, l.approved, l.approved_quantity, l.pays_in FROM claim_lines l"
                " JOIN claims c ON c.brand_id = l.brand_id AND c.id = l.claim_id JOIN old_parts o ON o.brand_id = l.brand_id AND o.id = l.old_part_id"
                " WHERE l.brand_id = :brand",
            )
        }  # fmt: skip
        (fen,) = rows(self.proof, world, "SELECT a.balance FROM accounts a JOIN dealers d ON d.brand_id = a.brand_id AND d.id = a.dealer_id"
                                         " WHERE a.brand_id = :brand AND d.code = 'D001'")  # fmt: skip
        assert fen == (self.balance,)  # no decision moves money


@pytest.fixture(scope="module")
def proof(app, settings):
    with admin_engine(str(settings.proof_url)).connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield connection


def test_R33_R36_R43_R50_AZ5_claims_do_what_the_model_does(proof) -> None:
    """Random work of the dealer and of reviewers; at the end `portal prove` finds nothing."""
    machines = []

    def machine() -> ClaimsMachine:
        machines.append(ClaimsMachine(proof))
        return machines[-1]

    run_state_machine_as_test(machine, settings=plan(max_examples=10, stateful_step_count=35))
    said = sum((made.said for made in machines), Counter())
    assert min(said[step] for step in ("register", "submit", "approve", "reduce", "refuse", "want", "answer")) >= 2, (
        said
    )
    assert {"wrong-state", "decided-meanwhile", "decisions-stand", "not-enough-held"} <= set(said), said
    for made in machines[-3:]:
        assert prove(proof, made.world.brand_id) == []
