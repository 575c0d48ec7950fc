"""The ledger against a model of its own: plain dictionaries that know nothing of the portal (R23, R60–R64; MO1, MO6, AZ5).

After every step the balances, the order of entries, the running balances, the numbers, the months and the trail equal the
model's; a refused step gives one of the model's reasons and changes nothing. The control: ledgers with one rule left out.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial

import pytest
from hypothesis import Phase, strategies
from hypothesis import settings as plan
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import Connection, text

from portal.core.errors import NotFound, Refused
from portal.core.provision import admin_engine
from portal.ledger import actions
from portal.ledger.models import TopUpState
from portal.ledger.rules import Entry
from tests.factories.world import SHANGHAI, make_world, yuan
from tests.ledger.doing import nothing_disagrees

START = date(2026, 11, 20)
FENS = strategies.sampled_from([1, 5_000, 60_000, 100_000, 99_999_999])
SHOPS = strategies.sampled_from(["D001", "D002"])
HEADS = strategies.sampled_from(["bank", "freight", "parts-sales"])
SOURCES = strategies.sampled_from([f"thing:{n}" for n in range(1, 9)])
PURPOSES = strategies.sampled_from(["order", "adjustment"])
ACTS = {"topup:enter", "topup:reverse", "account:set-limit", "month:close"}
ANSWERS = {  # all but two at most came: the model would be empty talk otherwise
    "already-posted", "already-reversed", "amount-negative", "amount-not-positive", "bank-reference-known", "day-in-future",
    "dealer-unknown", "earlier-month-open", "month-closed", "month-not-over", "not-found", "permission-missing", "reason-needed",
    "short-of-funds", "unbalanced",
}  # fmt: skip


class Model:
    """What should be there. Amounts in fen, credit positive; an account is (code, dealer or None)."""

    def __init__(self) -> None:
        self.day = START
        self.entries: dict[tuple[str, str | None], list[int]] = defaultdict(list)
        self.limits = {"D001": 0, "D002": 0}
        self.journals: dict[tuple[str, str], list[tuple[tuple[str, str | None], int]]] = {}
        self.order: list[tuple[str, str, str, str | None]] = []  # number, source, purpose, what it reverses
        self.numbers: Counter[str] = Counter()
        self.closed: dict[date, bool] = {}
        self.topups: dict[str, tuple[str, str, int, str]] = {}  # number: dealer, bank's reference, fen, state
        self.acts: Counter[str] = Counter()
        for shop in ("D001", "D002"):
            self._book((f"dealer:{shop}", "opening"), [(("opening", None), -100_000), (("prepayments", shop), 100_000)],
                       date(2026, 6, 1))  # fmt: skip
            self.acts["account:opening"] += 1

    def _book(self, event, sides, day: date, reverses: str | None = None) -> None:
        self.closed.setdefault(day.replace(day=1), False)
        self.journals[event] = sides
        self.order.append((self.number("JV", day, 6), *event, reverses))
        for account, fen in sides:
            self.entries[account].append(fen)

    def number(self, kind: str, day: date, width: int) -> str:
        self.numbers[f"{kind}{day:%y%m}"] += 1
        return f"{kind}{day:%y%m}-{self.numbers[f'{kind}{day:%y%m}']:0{width}d}"

    def why_not_post(self, event, sides, day: date) -> set[str]:
        reasons = set()
        if not sides or sum(fen for _, fen in sides) != 0:
            reasons.add("unbalanced")
        if any(fen == 0 for _, fen in sides):
            reasons.add("amount-not-positive")
        if event in self.journals:
            reasons.add("already-posted")
        if any(account == ("prepayments", None) for account, _ in sides):
            reasons.add("not-found")
        if self.closed.get(day.replace(day=1)):
            reasons.add("month-closed")
        if event[1] == "order":
            held = {shop: sum(self.entries["prepayments", shop]) for shop in self.limits}
            for (_, shop), fen in sides:
                if shop is not None:
                    held[shop] += fen
                    if fen < 0 and held[shop] + self.limits[shop] < 0:
                        reasons.add("short-of-funds")
        return reasons

    def why_not_reverse(self, event, day: date) -> set[str]:
        reasons = set()
        if event not in self.journals:
            reasons.add("not-found")
        if (event[0], event[1] + "-reversal") in self.journals:
            reasons.add("already-reversed")
        if self.closed.get(day.replace(day=1)):
            reasons.add("month-closed")
        return reasons

    def reverse(self, event, day: date) -> None:
        named = next(number for number, *of, _ in self.order if tuple(of) == event)
        mirrored = [(account, -fen) for account, fen in self.journals[event]]
        self._book((event[0], event[1] + "-reversal"), mirrored, day, named)


class LedgerMachine(RuleBasedStateMachine):
    """Finance and others at work in one brand. A subclass or a patched action with a fault is found out."""

    def __init__(self, proof: Connection) -> None:
        super().__init__()
        self.world, self.proof, self.model = make_world(), proof, Model()
        self.shops = {"D001": self.world.d1, "D002": self.world.d2}
        self.said: Counter[str] = Counter()  # how often each answer came

    # -- what people do --

    def instant(self, day: date) -> datetime:
        return datetime(day.year, day.month, day.day, 10, tzinfo=SHANGHAI)

    def attempt(self, who, reasons: set[str], act) -> object:
        """The act happens exactly when the model knows no reason against it; otherwise it gives one of the reasons."""
        try:
            with self.world.as_(who) as session:
                done = act(session)
        except Refused as refused:
            said = refused.code
        except NotFound:
            said = "not-found"
        else:
            assert not reasons, f"done, though {reasons}"
            self.said["done"] += 1
            return done
        self.said[said] += 1
        assert said in reasons, f"refused with {said}, but {reasons or 'nothing stands against it'}"
        return None

    def days(self, back: int) -> date:
        """A day of this month or of an earlier one."""
        return max(self.model.day - timedelta(days=back), date(2026, 6, 1))

    @rule(source=SOURCES, purpose=PURPOSES, shop=SHOPS, head=HEADS, fen=FENS, inward=strategies.sampled_from([False, False, True]), back=strategies.sampled_from([0, 0, 35]),
          odd=strategies.sampled_from(["", "", "", "", "unequal", "nothing", "nobody", "empty"]))  # fmt: skip
    def post(
        self, source: str, purpose: str, shop: str, head: str, fen: int, inward: bool, back: int, odd: str
    ) -> None:
        day, signed = self.days(back), fen if inward else -fen
        sides = [(("prepayments", shop), signed), ((head, None), -signed)]
        if odd == "unequal":
            sides[1] = (sides[1][0], -signed + 1 if signed != 1 else -2)
        elif odd == "nothing":
            sides = [(account, 0) for account, _ in sides]
        elif odd == "nobody":
            sides[0] = (("prepayments", None), signed)
        elif odd == "empty":
            sides = []
        self._post((source, purpose), sides, day)

    @rule(source=SOURCES, fen=FENS, more=FENS)
    def post_three_sides(self, source: str, fen: int, more: int) -> None:
        sides = [(("prepayments", "D001"), fen), (("prepayments", "D002"), more), (("bank", None), -fen - more)]
        self._post((source, "adjustment"), sides, self.model.day)

    @rule(source=SOURCES, shop=SHOPS, fen=strategies.sampled_from([60_000, 110_000, 200_000]))
    def debit_an_order(self, source: str, shop: str, fen: int) -> None:
        """R23: the limit binds this kind of journal, and no other."""
        self._post((source, "order"), [(("prepayments", shop), -fen), (("parts-sales", None), fen)], self.model.day)

    def _post(self, event, sides, day: date) -> None:
        entries = [
            Entry(code, yuan(abs(fen)) / 100, "credit" if fen > 0 else "debit", dealer_id=self.shops[shop].id if shop else None)
            for (code, shop), fen in sides
        ]  # fmt: skip
        reasons = self.model.why_not_post(event, sides, day)
        self.attempt(
            self.world.hq.finance, reasons,
            lambda session: actions.post(session, self.world.hq.finance, at=self.instant(day), source=event[0], purpose=event[1], memo="", entries=entries),
        )  # fmt: skip
        if not reasons:
            self.model._book(event, sides, day)

    @rule(place=strategies.integers(0, 9))
    def reverse(self, place: int) -> None:
        known = [event for event in self.model.journals if event[0].startswith("thing:")]
        event = [("thing:0", "order"), *known][place % (len(known) + 1)]
        day, reasons = self.model.day, self.model.why_not_reverse(event, self.model.day)
        self.attempt(
            self.world.hq.finance, reasons,
            lambda session: actions.reverse(session, self.world.hq.finance, at=self.instant(day), source=event[0], purpose=event[1], memo="why"),
        )  # fmt: skip
        if not reasons:
            self.model.reverse(event, day)

    @rule(shop=SHOPS, fen=FENS, reference=strategies.sampled_from([f"BK{n}" for n in range(6)]),
          odd=strategies.sampled_from(["", "", "", "", "nothing", "ahead", "nobody", "clerk"]))  # fmt: skip
    def top_up(self, shop: str, fen: int, reference: str, odd: str) -> None:
        model, day, reasons = self.model, self.model.day, set()
        fen, received = 0 if odd == "nothing" else fen, day + timedelta(days=1 if odd == "ahead" else -2)
        code = "D999" if odd == "nobody" else shop
        wrong = {
            "nothing": "amount-not-positive",
            "ahead": "day-in-future",
            "nobody": "dealer-unknown",
            "clerk": "permission-missing",
        }
        if odd:
            reasons.add(wrong[odd])
        if any(reference == known for _, known, _, _ in model.topups.values()):
            reasons.add("bank-reference-known")
        if model.closed.get(day.replace(day=1)):
            reasons.add("month-closed")
        actor = self.world.hq.clerk if odd == "clerk" else self.world.hq.finance
        done = self.attempt(
            actor, reasons,
            lambda session: actions.enter_topup(session, actor, dealer_code=code, amount=Decimal(fen).scaleb(-2), received_on=received,
                                                bank_reference=reference, note="", at=self.instant(day)).number,
        )  # fmt: skip
        if not reasons:
            number = model.number("TU", day, 4)
            assert done == number
            model._book((f"topup:{number}", "topup"), [(("bank", None), -fen), (("prepayments", shop), fen)], day)
            model.topups[number] = (shop, reference, fen, "posted")
            model.acts["topup:enter"] += 1

    @rule(
        place=strategies.integers(0, 5),
        reason=strategies.sampled_from(["wrong dealer", "wrong dealer", "wrong dealer", " "]),
    )
    def take_topup_back(self, place: int, reason: str) -> None:
        model, day = self.model, self.model.day
        number = ["TU2610-9999", *model.topups][place % (len(model.topups) + 1)]
        shop, reference, fen, state = model.topups.get(number, ("", "", 0, "none"))
        reasons = model.why_not_reverse((f"topup:{number}", "topup"), day)
        if not reason.strip():
            reasons.add("reason-needed")
        self.attempt(
            self.world.hq.finance, reasons,
            lambda session: actions.reverse_topup(session, self.world.hq.finance, number, reason=reason, at=self.instant(day)),
        )  # fmt: skip
        if not reasons:
            assert state == "posted"
            model.reverse((f"topup:{number}", "topup"), day)
            model.topups[number] = (shop, reference, fen, "reversed")
            model.acts["topup:reverse"] += 1

    @rule(
        shop=SHOPS,
        fen=strategies.sampled_from([-1, 0, 50_000, 10_000_000]),
        who=strategies.sampled_from(["finance_manager", "finance_manager", "finance_manager", "finance"]),
    )
    def set_limit(self, shop: str, fen: int, who: str) -> None:
        reasons = {"permission-missing"} if who == "finance" else set()
        if fen < 0:
            reasons.add("amount-negative")
        actor = getattr(self.world.hq, who)
        self.attempt(
            actor, reasons,
            lambda session: actions.set_credit_limit(session, actor, shop, limit=Decimal(fen).scaleb(-2), at=self.instant(self.model.day)),
        )  # fmt: skip
        if not reasons:
            self.model.limits[shop] = fen
            self.model.acts["account:set-limit"] += 1

    @rule(
        month=strategies.sampled_from(
            [date(2026, 10, 1), date(2026, 10, 1), date(2026, 6, 1), date(2026, 9, 1), date(2026, 11, 1)]
        )
    )
    def close_month(self, month: date) -> None:
        model, reasons = self.model, set()
        if month >= model.day.replace(day=1):
            reasons.add("month-not-over")
        if month not in model.closed:
            reasons.add("month-unknown")
        if model.closed.get(month):
            reasons.add("month-closed")
        if any(other < month and not closed for other, closed in model.closed.items()):
            reasons.add("earlier-month-open")
        self.attempt(
            self.world.hq.finance, reasons,
            lambda session: actions.close_month(session, self.world.hq.finance, month, at=self.instant(model.day)).month,
        )  # fmt: skip
        if not reasons:
            model.closed[month] = True
            model.acts["month:close"] += 1

    @precondition(lambda self: self.model.day < date(2026, 12, 20))
    @rule(days=strategies.sampled_from([1, 12]))
    def days_pass(self, days: int) -> None:
        self.model.day += timedelta(days=days)

    # -- what must be there after each of it --

    def rows(self, query: str) -> list[tuple]:
        return [tuple(row) for row in self.proof.execute(text(query), {"brand": self.world.brand_id})]

    @invariant()
    def it_equals_the_model(self) -> None:
        model, entries, accounts = self.model, defaultdict(list), {}
        for code, dealer, fen, after in self.rows(
            "SELECT a.code, d.code, coalesce(p.credit_fen, 0) - coalesce(p.debit_fen, 0), p.balance_after_fen FROM postings p"
            " JOIN accounts a ON a.brand_id = p.brand_id AND a.id = p.account_id LEFT JOIN dealers d ON d.brand_id = a.brand_id AND d.id = a.dealer_id"
            " WHERE p.brand_id = :brand ORDER BY p.account_id, p.seq"
        ):
            entries[code, dealer].append(fen)
            assert sum(entries[code, dealer]) == after  # the running balance
        for code, dealer, balance, count, limit in self.rows(
            "SELECT a.code, d.code, a.balance, a.entries, a.credit_limit FROM accounts a"
            " LEFT JOIN dealers d ON d.brand_id = a.brand_id AND d.id = a.dealer_id WHERE a.brand_id = :brand"
        ):
            accounts[code, dealer] = (balance, count)
            assert limit == model.limits.get(dealer, 0)
        booked = {account: fens for account, fens in model.entries.items() if fens}
        assert dict(entries) == booked
        assert {key: value for key, value in accounts.items() if value != (0, 0)} == {
            account: (sum(fens), len(fens)) for account, fens in booked.items()
        }
        assert sum(balance for balance, _ in accounts.values()) == 0  # the trial balance
        assert model.order == self.rows(
            "SELECT j.number, j.source, j.purpose, r.number FROM chain_entries c JOIN journals j ON j.brand_id = c.brand_id AND j.id = c.journal_id"
            " LEFT JOIN journals r ON r.brand_id = j.brand_id AND r.id = j.reverses WHERE c.brand_id = :brand ORDER BY c.seq"
        )
        assert model.closed == dict(
            self.rows("SELECT month, closed_at IS NOT NULL FROM ledger_months WHERE brand_id = :brand")
        )
        assert model.topups == {
            number: rest
            for number, *rest_ in self.rows(
                "SELECT t.number, d.code, t.bank_reference, t.amount, t.state FROM topups t JOIN dealers d ON d.brand_id = t.brand_id AND d.id = t.dealer_id"
                " WHERE t.brand_id = :brand"
            )
            for rest in [tuple(rest_)]
        }
        assert model.acts == dict(
            self.rows("SELECT act, count(*) FROM audit_events WHERE brand_id = :brand AND act ~ '^(account|topup|month):' GROUP BY act")
        )  # fmt: skip


@pytest.fixture(scope="module")
def proof(app, settings):
    with admin_engine(str(settings.proof_url)).connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield connection


def test_R60_R62_R63_R64_AZ5_the_ledger_does_what_the_model_does(settings, proof) -> None:
    """MO1, MO6: random work of finance, step by step beside plain dictionaries; at the end `portal prove` finds nothing."""
    machines = []

    def machine() -> LedgerMachine:
        machines.append(LedgerMachine(proof))
        return machines[-1]

    run_state_machine_as_test(machine, settings=plan(max_examples=18, stateful_step_count=40))
    for made in machines[-3:]:
        nothing_disagrees(settings, made.world)
    said = sum((made.said for made in machines), Counter())
    acts = sum((made.model.acts for made in machines), Counter())
    assert said["done"] > 100
    assert len(ANSWERS - set(said)) <= 2
    assert min(acts[act] for act in ACTS) > 3


def _one_fen_more(real, session, actor, **how):
    return real(session, actor, **{**how, "amount": how["amount"] + Decimal("0.01")})


def _state_forgotten(real, session, actor, number, **how):
    topup = real(session, actor, number, **how)
    topup.state = TopUpState.POSTED
    session.flush()
    return topup


def _second_of_the_month_dropped(real, session, actor, month, **how):
    return real(session, actor, month.replace(month=6), **how)


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("enter_topup", _one_fen_more),
        ("reverse_topup", _state_forgotten),
        ("close_month", _second_of_the_month_dropped),
    ],
)
def test_the_control_a_ledger_with_a_fault_is_told_from_the_model(monkeypatch, proof, name, fault) -> None:
    monkeypatch.setattr(actions, name, partial(fault, getattr(actions, name)))
    with pytest.raises(AssertionError):
        run_state_machine_as_test(
            partial(LedgerMachine, proof),
            settings=plan(max_examples=30, stateful_step_count=30, phases=[Phase.generate], print_blob=False),
        )
