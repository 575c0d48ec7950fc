"""A dealer's home: the account as a runway, what is to be done one by one, what it waits for, its newest documents."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from portal.claims import queries as claims
from portal.claims.labels import STATES as CLAIM_STATES
from portal.claims.models import ClaimState
from portal.claims.terms import LATE_DAYS
from portal.core import terms
from portal.core.money import ZERO
from portal.core.permissions import Actor
from portal.core.permissions import Permission as P
from portal.ledger.rules import missing
from portal.old_parts import labels as old_parts
from portal.old_parts.models import OldPartState, Review
from portal.old_parts.queries import awaiting_registration
from portal.orders.labels import STATES as ORDER_STATES
from portal.orders.labels import TURN
from portal.orders.models import OrderState
from portal.orders.queries import standing
from portal.reports import queries, rules
from portal.reports.labels import FROM_HQ, MORE
from portal.reports.queries import Task, Waiting
from portal.reports.rules import Cycle, Tone
from portal.settlement.queries import expected
from portal.web.formats import ago, day, moment, money, month

# Which permission a task asks for, and the page that shows all of its kind.
NEEDS = {
    "wanted-line": P.CLAIM_SUBMIT, "wanted-old-part": P.OLD_PART_REGISTER, "report": P.OLD_PART_REGISTER, "agree": P.ORDER_AGREE,
    "receive": P.ORDER_RECEIVE, "order-back": P.ORDER_DRAFT, "fee-draft": P.FEE_DRAFT, "claim": P.CLAIM_DRAFT, "register": P.OLD_PART_REGISTER,
    "funds": P.ORDER_AGREE, "statement": P.STATEMENT_CONFIRM,
}  # fmt: skip
_LISTS: dict[str, tuple[str, dict[str, Any]]] = {
    "wanted-line": ("claims.index", {"tab": "wanted"}),
    "wanted-old-part": ("old_parts.index", {"tab": "wanted"}),
    "report": ("old_parts.index", {"tab": "registered"}),
    "agree": ("orders.index", {"tab": "quoted"}),
    "receive": ("orders.receiving", {}),
    "order-back": ("orders.index", {"tab": "draft"}),
    "fee-draft": ("fees.index", {"tab": "draft"}),
    "register": ("old_parts.index", {"tab": "awaiting"}),
    "claim": ("claims.index", {}),
    "statement": ("settlement.statements", {"reply": "waiting"}),
    "submitted-orders": ("orders.index", {"tab": "submitted"}),
    "debits": ("orders.index", {"tab": "agreed"}),
    "shipping": ("orders.index", {"tab": "debited"}),
    "old-parts": ("old_parts.index", {"tab": "pending"}),
    "claim-lines": ("claims.index", {"tab": "submitted"}),
    "fees": ("fees.index", {"tab": "submitted"}),
}
SHOWN = 3  # registrations that are still to be made, one by one; the list shows all


@dataclass(frozen=True, slots=True)
class TodoRow:
    """A row of the to-do list as its macro draws it; ``since`` orders it."""

    title: str
    url: str
    action: str
    sub: str = ""
    due: str = ""
    tone: Tone = ""
    extra: str = ""
    picture: str = ""
    primary: bool = False
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """The runway's cells, and what the next debits lack (yuan)."""

    cells: list[dict[str, Any]]
    lacks: Decimal
    agreed: int


def account(session: Session, actor: Actor, found: Mapping[str, Waiting], next_paid: Cycle, now: datetime) -> Account:
    """Balance − agreed, not yet debited + the reimbursement expected, and the credit limit beside it (R65, R67)."""
    dealer_id = actor.scope.dealer_id or 0
    money_now = standing(session, dealer_id)
    coming = expected(session, dealer_id)
    agreed = found.get("debits")
    paid_on = (
        next_paid.settles_on
        if coming is None or coming.month == next_paid.month
        else claims.settles_on(session, coming.month)
    )
    begun = actor.day(now) >= paid_on
    amount = ZERO if coming is None else coming.amount
    cells = [
        {"label": _("Balance"), "amount": money_now.balance, "sub": _("as of %(at)s", at=moment(now))},
        {
            "label": _("Agreed, not yet debited"), "amount": money_now.reserved, "op": "−",
            "url": "" if agreed is None else url_for("orders.index", tab="agreed"),
            "sub": _("nothing") if agreed is None else agreed.first if agreed.count == 1 else ngettext("%(num)d order", "%(num)d orders", agreed.count),
        },
        {
            "label": _("Reimbursement being settled") if begun else _("Reimbursement expected on %(day)s", day=f"{paid_on:%m-%d}"),
            "amount": amount, "op": "+", "url": url_for("claims.index", tab="decided") if coming else "",
            "sub": _("nothing approved yet") if coming is None else ngettext("%(num)d line approved", "%(num)d lines approved", coming.lines),
        },
        {
            "label": _("Available after that") if begun else _("Available after %(day)s", day=f"{paid_on:%m-%d}"),
            "amount": money_now.available + amount, "op": "=", "end": True,
            "sub": _("%(amount)s today, and beside it a credit limit of %(limit)s", amount=money(money_now.available), limit=money(money_now.credit_limit)),
        },
    ]  # fmt: skip
    return Account(
        cells,
        missing(money_now.balance, money_now.credit_limit, money_now.reserved),
        0 if agreed is None else agreed.count,
    )


class Counter:
    """The counter of one dealer: what its member may do about what waits."""

    def __init__(self, session: Session, actor: Actor, next_paid: Cycle, now: datetime) -> None:
        self.session, self.actor, self.next_paid, self.now = session, actor, next_paid, now
        self.today = actor.day(now)
        self.tally: Tally[str] = Tally()

    @property
    def total(self) -> int:
        """How many things there are to do."""
        return sum(self.tally.values())

    def todo(self, money_now: Account) -> list[TodoRow]:
        """What this member may do, the most urgent first; the first one's button is the main one."""
        found = [
            task
            for task in queries.tasks(self.session, today=self.today)
            if self.actor.may(NEEDS[task.kind]) and self._mine(task)
        ]
        rows = [self._row(task) for task in found]
        shown = Tally(task.kind for task in found)
        for task in {task.kind: task for task in found}.values():
            self.tally[task.kind] = (
                sum(one.all for one in found if one.kind == "claim") if task.kind == "claim" else task.all
            )
            if task.kind != "claim" and task.all > shown[task.kind]:
                rows.append(_more(task.kind, task.all - shown[task.kind]))
        if self.actor.may(NEEDS["register"]):
            rows += self._to_register()
        if self.actor.may(NEEDS["funds"]) and money_now.lacks > 0:
            rows.append(self._funds(money_now))
        ordered = rules.ranked(rows)
        return [replace(row, primary=place == 0) for place, row in enumerate(ordered)]

    def counts(self) -> dict[str, int]:
        """The numbers of the navigation, by page."""
        pages = {
            "orders.index": ("agree", "order-back"), "orders.receiving": ("receive",), "claims.index": ("wanted-line", "claim"),
            "old_parts.index": ("report", "wanted-old-part", "register"), "fees.index": ("fee-draft",),
            "settlement.statements": ("statement",),
        }  # fmt: skip
        return {page: total for page, kinds in pages.items() if (total := sum(self.tally[kind] for kind in kinds))}

    def _mine(self, task: Task) -> bool:
        """A draft of fees is for whoever submits it, and for whoever has to change it."""
        return task.kind != "fee-draft" or bool(task.about) or self.actor.may(P.FEE_SUBMIT)

    def _row(self, task: Task) -> TodoRow:
        return {
            "wanted-line": self._wanted_line, "wanted-old-part": self._wanted_old_part, "report": self._report, "agree": self._agree,
            "receive": self._receive, "order-back": self._order_back, "fee-draft": self._fee_draft, "claim": self._claim,
            "statement": self._statement,
        }[task.kind](task)  # fmt: skip

    def _wanted_line(self, task: Task) -> TodoRow:
        last_day = self.next_paid.last_day
        left = (last_day - self.today).days
        in_time = task.due is not None and task.due < self.next_paid.before
        return TodoRow(
            title=_("Answer headquarters: %(part)s", part=task.what), sub=_("claim %(number)s, line %(line)s", number=task.ref, line=task.about),
            url=url_for("claims.detail", ref=task.ref, line=task.about, _anchor=f"line-{task.about}"), action=_("Answer now"), picture="message-question",
            due=_(
                "by %(day)s 24:00, else %(amount)s is paid a month later", day=f"{last_day:%m-%d}", amount=money(task.amount)
            ) if in_time else _("waiting for %(age)s, %(amount)s", age=ago(task.since, self.now), amount=money(task.amount)),
            tone=rules.by_deadline(left) if in_time else "amber", since=task.since,
        )  # fmt: skip

    def _wanted_old_part(self, task: Task) -> TodoRow:
        return TodoRow(
            title=_("Add to old part %(number)s: %(part)s", number=task.ref, part=task.what), sub=task.about,
            url=url_for("old_parts.detail", number=task.ref), action=_("Add what is missing"), picture="photo-plus", tone="amber", since=task.since,
            due=_("waiting for %(age)s; it cannot be reimbursed before", age=ago(task.since, self.now)),
        )  # fmt: skip

    def _report(self, task: Task) -> TodoRow:
        last_day = task.due or self.today
        return TodoRow(
            title=_("Old part to report: %(part)s", part=task.what), sub=_("%(number)s, registered by %(name)s", number=task.ref, name=task.about),
            url=url_for("old_parts.photos", number=task.ref), action=_("Report it"), picture="camera", since=task.since,
            due=old_parts.countdown(self.today, last_day), tone=rules.by_deadline((last_day - self.today).days),
            extra=_("%(amount)s to be claimed", amount=money(task.amount)),
        )  # fmt: skip

    def _agree(self, task: Task) -> TodoRow:
        left = ((task.due or self.today) - self.today).days
        lapses = f"{task.due:%m-%d}" if task.due else ""
        if left < 0:
            due, tone = (
                _("Lapsed on %(day)s; disagree, and headquarters quotes anew", day=lapses),
                rules.by_deadline(left),
            )
        else:
            due = (
                ngettext(
                    "lapses on %(day)s at 24:00, %(num)d day left",
                    "lapses on %(day)s at 24:00, %(num)d days left",
                    left,
                    day=lapses,
                )
                if left
                else _("lapses today at 24:00")
            )
            tone = rules.by_deadline(left)
        return TodoRow(
            # agreeing to a lapsed quote is refused (R22): the row does not offer it
            title=_("Quote lapsed: %(number)s, version %(version)s", number=task.ref, version=task.what)
            if left < 0
            else _("Quote to agree to: %(number)s, version %(version)s", number=task.ref, version=task.what),
            sub=_("%(total)s in all, to be shipped on %(day)s", total=money(task.amount), day=task.about),
            url=url_for("orders.detail", ref=task.ref), action=_("View") if left < 0 else _("View and agree"), picture="eye" if left < 0 else "check", due=due,
            tone=tone, since=task.since,
        )  # fmt: skip

    def _receive(self, task: Task) -> TodoRow:
        return TodoRow(
            title=_("Parcel to receive: %(number)s", number=task.ref), sub=_("%(order)s, %(carrier)s", order=task.what, carrier=task.about),
            url=url_for("orders.receive", number=task.ref), action=_("Receive"), picture="package-import", since=task.since,
            due=_("shipped %(age)s ago", age=ago(task.since, self.now)),
        )  # fmt: skip

    def _order_back(self, task: Task) -> TodoRow:
        return TodoRow(
            title=_("Order sent back: %(number)s", number=task.ref), sub=task.what, url=url_for("orders.edit", ref=task.ref), action=_("Change it"),
            picture="pencil", since=task.since, due=_("waiting for %(age)s", age=ago(task.since, self.now)), tone="amber",
        )  # fmt: skip

    def _fee_draft(self, task: Task) -> TodoRow:
        back = bool(task.about)
        left = ((task.due or self.today) - self.today).days
        return TodoRow(
            title=_("Fee schedule sent back: %(region)s", region=task.what) if back else _("Fee schedule to submit: %(region)s", region=task.what),
            sub=task.about, url=url_for("fees.detail", ref=task.ref), action=_("Change it") if back else _("View and submit"), picture="receipt-yuan",
            due=_("to be in force from %(day)s", day=day(task.due)), tone=rules.by_deadline(left), since=task.since,
        )  # fmt: skip

    def _statement(self, task: Task) -> TodoRow:
        last_day = task.due or self.today
        left = (last_day - self.today).days
        return TodoRow(
            title=_("Statement to confirm: %(number)s", number=task.ref), sub=_("closing balance %(amount)s", amount=money(task.amount)),
            url=url_for("settlement.statement", number=task.ref), action=_("Check it"), picture="file-invoice", since=task.since,
            due=_("by %(day)s 24:00, then it counts as accepted", day=f"{last_day:%m-%d}") if left else _("today until 24:00, then it counts as accepted"),
            tone=rules.by_deadline(left),
        )  # fmt: skip

    def _claim(self, task: Task) -> TodoRow:
        late = terms.value(self.session, LATE_DAYS, on=self.today)
        last_day = (task.due or self.today) + timedelta(days=late)
        words = ngettext(
            "%(num)d old part of %(month)s is on no claim yet",
            "%(num)d old parts of %(month)s are on no claim yet",
            task.all,
            month=month(task.ref),
        )
        return TodoRow(
            title=words, sub=_("%(amount)s paid for them", amount=money(task.amount)), url=url_for("claims.new", month=task.ref), action=_("Claim them"),
            picture="receipt", due=_("the oldest can be claimed until %(day)s", day=day(last_day)), since=task.since,
            tone=rules.by_deadline((last_day - self.today).days),
        )  # fmt: skip

    def _to_register(self) -> list[TodoRow]:
        """R36: parts received for products in warranty whose old part is not registered yet; no deadline runs."""
        waiting = awaiting_registration(self.session, limit=100)
        if not waiting:
            return []
        self.tally["register"] = len(waiting)
        rows = [
            TodoRow(
                title=_("Old part to register: %(part)s", part=one.part_name), sub=_("%(order)s, product %(serial)s", order=one.order_number, serial=one.serial),
                url=url_for("old_parts.new", serial=one.serial, part_number=one.part_number, quantity=one.pieces), action=_("Register"), picture="recycle",
                due=_("received on %(day)s; register it once it is fitted", day=day(one.received_on)),
            )
            for one in waiting[:SHOWN]
        ]  # fmt: skip
        return [*rows, _more("register", len(waiting) - SHOWN)] if len(waiting) > SHOWN else rows

    def _funds(self, money_now: Account) -> TodoRow:
        return TodoRow(
            title=_("Top up: %(amount)s are missing for what you agreed to", amount=money(money_now.lacks)),
            sub=ngettext("%(num)d order waits for its debit", "%(num)d orders wait for their debits", money_now.agreed),
            url=url_for("orders.index", tab="agreed"), action=_("See the orders"), picture="wallet", tone="amber",
        )  # fmt: skip


def waits(found: Mapping[str, Waiting], next_paid: Cycle, today: date) -> list[tuple[str, str]]:
    """What this dealer waits for from headquarters: how many, and since when or until when."""
    lines = []
    for kind, words in FROM_HQ.items():
        if (one := found.get(kind)) is None:
            continue
        end = ago(one.oldest) if one.oldest else ""
        if kind == "shipping" and one.soonest:
            end = (
                _("promised for %(day)s", day=f"{one.soonest:%m-%d}")
                if one.soonest >= today
                else _("promised for %(day)s, late", day=f"{one.soonest:%m-%d}")
            )
        elif kind == "claim-lines" and one.within:
            end = _("by %(day)s", day=f"{next_paid.last_day:%m-%d}")
        lines.append((f"{words} {one.count}", end))
    return lines


def recent(session: Session) -> Sequence[dict[str, Any]]:
    """The newest documents with their state and contents in words."""
    return [_recent(one) for one in queries.recent(session)]


def _recent(one: queries.Recent) -> dict[str, Any]:
    if one.kind == "order":
        label, tone = ORDER_STATES[OrderState(one.state)]
        what = (
            one.what
            if one.more < 2
            else ngettext("%(part)s and %(num)d more", "%(part)s and %(num)d more", one.more - 1, part=one.what)
        )
        url, turn = url_for("orders.detail", ref=one.ref), TURN.get(OrderState(one.state)) == "dealer"
    elif one.kind == "claim":
        label, tone = CLAIM_STATES[ClaimState(one.state)]
        what = ngettext(
            "Claim of %(month)s, %(num)d line", "Claim of %(month)s, %(num)d lines", one.more, month=month(one.what)
        )
        url, turn = url_for("claims.detail", ref=one.ref), one.state == ClaimState.DRAFT
    else:
        state, review = OldPartState(one.state), Review(one.second)
        label, tone = old_parts.standing(state, review)
        what, url, turn = one.what, url_for("old_parts.detail", number=one.ref), old_parts.mine(state, review, "dealer")
    return {
        "number": one.number or _("Draft"),
        "url": url,
        "what": what,
        "label": label,
        "tone": tone,
        "turn": turn,
        "amount": one.amount,
        "at": one.at,
    }


def _more(kind: str, count: int) -> TodoRow:
    endpoint, values = _LISTS[kind]
    return TodoRow(
        title=str(MORE[kind]) % {"count": count}, url=url_for(endpoint, **values), action=_("See all"), picture="list"
    )
