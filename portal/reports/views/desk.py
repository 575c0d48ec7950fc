"""Headquarters' home: rows of the queue, what others have in hand, the dates ahead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from portal.core.permissions import Actor
from portal.core.permissions import Permission as P
from portal.orders.queries import debit_queue
from portal.reports import rules
from portal.reports.labels import IN_HAND, QUEUE, SETTLEMENT
from portal.reports.queries import Waiting
from portal.reports.rules import Cycle, Tone
from portal.settlement import queries as settlement
from portal.settlement.workflow import SETTLEMENT as STEPS
from portal.web.formats import ago, day, money, month
from portal.web.labels import ROLES

NEEDS = {
    "claim-lines": P.CLAIM_REVIEW, "old-parts": P.OLD_PART_REVIEW, "submitted-orders": P.ORDER_QUOTE, "fees": P.FEE_APPROVE,
    "debits": P.ORDER_DEBIT, "shipping": P.ORDER_SHIP, "disputes": P.STATEMENT_ANSWER,
    "invitations": P.MEMBER_MANAGE,
}  # fmt: skip
_LISTS: dict[str, tuple[str, dict[str, Any]]] = {
    "claim-lines": ("claims.index", {"tab": "submitted"}),
    "wanted-lines": ("claims.index", {"tab": "wanted"}),
    "old-parts": ("old_parts.index", {"tab": "pending"}),
    "wanted-old-parts": ("old_parts.index", {"tab": "wanted"}),
    "unreported": ("old_parts.index", {"tab": "registered"}),
    "submitted-orders": ("orders.index", {"tab": "submitted"}),
    "quotes": ("orders.index", {"tab": "quoted"}),
    "debits": ("orders.index", {"tab": "agreed"}),
    "shipping": ("orders.index", {"tab": "debited"}),
    "parcels": ("orders.index", {"tab": "shipped"}),
    "fees": ("fees.index", {"tab": "submitted"}),
    "disputes": ("settlement.statements", {"reply": "disputed"}),
    "invitations": ("identity.members", {}),
}
_MINE = {"debits": "orders.debits", "shipping": "orders.shipping"}  # a page made for the work


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A row of the queue as its macro draws it; ``since`` orders it."""

    count: int
    title: str
    url: str
    action: str
    sub: str = ""
    amount: Decimal | None = None
    amount_note: str = ""
    due: str = ""
    tone: Tone = ""
    age: str = ""
    primary: bool = False
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class HandRow:
    """What somebody else has in hand."""

    what: str
    who: str
    count: int
    amount: Decimal | None
    due: str
    tone: Tone
    url: str
    since: datetime | None


class Desk:
    """One member's desk at headquarters, from what waits in the brand."""

    def __init__(
        self, session: Session, actor: Actor, found: Mapping[str, Waiting], next_paid: Cycle, now: datetime
    ) -> None:
        self.session, self.actor, self.found, self.next_paid, self.now = session, actor, found, next_paid, now
        self.today = actor.day(now)
        self.settling = self._settling()

    def queue(self) -> list[QueueRow]:
        """What waits for this member, the most urgent first; the first one's button is the main one."""
        rows = [self._row(found) for kind, found in self.found.items() if kind in NEEDS and self.actor.may(NEEDS[kind])]
        if self.settling is not None and self.settling.mine:
            rows.append(self.settling.row)
        ordered = rules.ranked(rows)
        return [replace(row, primary=place == 0) for place, row in enumerate(ordered)]

    def in_hand(self) -> list[HandRow]:
        """What others have in hand, the most urgent first."""
        rows = [
            self._hand(found)
            for kind, found in self.found.items()
            if kind in IN_HAND and not (kind in NEEDS and self.actor.may(NEEDS[kind]))
        ]
        if self.settling is not None and not self.settling.mine:
            row = self.settling.row
            rows.append(HandRow(row.title, self.settling.who, 1, row.amount, row.due, row.tone, row.url, row.since))
        return rules.ranked(rows)

    def ahead(self) -> list[dict[str, str]]:
        """The dates of the next reimbursement, for the rail."""
        paid = self.next_paid
        return [
            {
                "what": _("%(day)s 24:00, reviews close for %(month)s", day=f"{paid.last_day:%m-%d}", month=month(paid.month)),
                "when": _("What is approved later is paid a month later."), "tone": "next",
            },
            {
                "what": _("%(day)s 02:00, the settlement of %(month)s is prepared", day=f"{paid.settles_on:%m-%d}", month=month(paid.month)),
                "when": _("Finance checks it, the finance manager posts it."), "tone": "next",
            },
        ]  # fmt: skip

    def _row(self, found: Waiting) -> QueueRow:
        title, action, note = QUEUE[found.kind]
        sub, due, tone = self._said(found)
        return QueueRow(
            count=found.count, title=str(title), url=self._work(found), action=str(action), sub=sub, amount=found.amount,
            amount_note=str(note), due=due, tone=tone, age=_("longest %(age)s", age=ago(found.oldest, self.now)) if found.oldest else "",
            since=found.oldest,
        )  # fmt: skip

    def _work(self, found: Waiting) -> str:
        """Where the work is done: the oldest claim or old part itself, a page of its own, or the list."""
        if found.kind == "claim-lines" and found.first:
            return url_for("claims.review", number=found.first)
        if found.kind == "old-parts" and found.first:
            return url_for("old_parts.review", number=found.first)
        if found.kind == "disputes" and found.first and found.count == 1:
            return url_for("settlement.statement", number=found.first)
        return url_for(_MINE[found.kind]) if found.kind in _MINE else _list(found.kind)

    def _said(self, found: Waiting) -> tuple[str, str, Tone]:
        """What the second line says, the deadline, and how urgent it is."""
        if found.kind == "claim-lines":
            return self._claim_lines(found)
        if found.kind == "old-parts":
            sub = (
                ngettext("%(num)d of them holds up a claim line", "%(num)d of them hold up claim lines", found.marked)
                if found.marked
                else self._dealers(found)
            )
            return sub, "", rules.by_age(found.oldest, self.now)
        if found.kind == "submitted-orders":
            sub = ngettext(
                "%(num)d of them was disputed by its dealer",
                "%(num)d of them were disputed by their dealers",
                found.marked,
            )
            return sub if found.marked else self._dealers(found), "", rules.by_age(found.oldest, self.now)
        if found.kind == "debits":
            return self._debits(found)
        if found.kind == "shipping":
            return self._dealers(found), *self._promised(found)
        if found.kind == "disputes":
            return self._dealers(found), "", rules.by_age(found.oldest, self.now)
        if found.kind == "invitations":
            sub = ngettext("the link of %(num)d has ended", "the links of %(num)d have ended", found.marked)
            return sub if found.marked else "", "", "amber" if found.marked else ""
        return self._dealers(found), *self._fees(found)

    def _claim_lines(self, found: Waiting) -> tuple[str, str, Tone]:
        if not found.within:
            return _("go on with %(number)s", number=found.first), "", rules.by_age(found.oldest, self.now)
        sub = ngettext(
            "%(num)d for the payment on %(paid)s; go on with %(number)s", "%(num)d for the payment on %(paid)s; go on with %(number)s",
            found.within, paid=f"{self.next_paid.settles_on:%m-%d}", number=found.first,
        )  # fmt: skip
        left = (self.next_paid.last_day - self.today).days
        due = _("by %(day)s 24:00", day=f"{self.next_paid.last_day:%m-%d}") if left else _("today until 24:00")
        return sub, due, rules.by_deadline(left)

    def _debits(self, found: Waiting) -> tuple[str, str, Tone]:
        """R23: what can be debited now, and what is short."""
        short = [row.missing for row in debit_queue(self.session) if row.missing > 0]
        tone = rules.by_age(found.oldest, self.now)
        if not short:
            return self._dealers(found), "", tone
        words = ngettext(
            "%(num)d waits for money, %(amount)s missing", "%(num)d wait for money, %(amount)s missing", len(short),
            amount=money(sum(short, Decimal(0))),
        )  # fmt: skip
        return words, "", tone if len(short) < found.count else ""

    def _promised(self, found: Waiting) -> tuple[str, Tone]:
        if found.marked:
            return ngettext("%(num)d past the promised day", "%(num)d past the promised day", found.marked), "red"
        if found.within:
            return ngettext("%(num)d promised for today", "%(num)d promised for today", found.within), "amber"
        return (_("next one promised for %(day)s", day=f"{found.soonest:%m-%d}") if found.soonest else ""), ""

    def _fees(self, found: Waiting) -> tuple[str, Tone]:
        if found.marked:
            return ngettext(
                "%(num)d was to be in force by now", "%(num)d were to be in force by now", found.marked
            ), "red"
        if found.soonest is None:
            return "", ""
        return _("to be in force from %(day)s", day=f"{found.soonest:%m-%d}"), rules.by_deadline(
            (found.soonest - self.today).days
        )

    def _hand(self, found: Waiting) -> HandRow:
        what, role = IN_HAND[found.kind]
        tone: Tone = ""
        due = ago(found.oldest, self.now) if found.oldest else ""
        if found.kind == "quotes" and (found.marked or found.within):
            tone = "red" if found.marked else "amber"
            due = (
                ngettext("%(num)d has lapsed", "%(num)d have lapsed", found.marked)
                if found.marked
                else ngettext("%(num)d lapses within 3 days", "%(num)d lapse within 3 days", found.within)
            )
        elif found.kind == "unreported" and found.marked:
            due, tone = ngettext("%(num)d past its day", "%(num)d past their day", found.marked), "red"
        elif found.kind == "shipping" and found.marked:
            due, tone = self._promised(found)
        elif found.kind == "wanted-lines" and found.within:
            left = (self.next_paid.last_day - self.today).days
            tone = rules.by_deadline(left)
            if tone:
                due = _("by %(day)s 24:00, else paid a month later", day=f"{self.next_paid.last_day:%m-%d}")
        who = str(ROLES[role]) if role else ngettext("%(num)d dealer", "%(num)d dealers", found.dealers)
        return HandRow(str(what), who, found.count, found.amount, due, tone, _list(found.kind), found.oldest)

    @staticmethod
    def _dealers(found: Waiting) -> str:
        return ngettext("from %(num)d dealer", "from %(num)d dealers", found.dealers)

    def _settling(self) -> Settling | None:
        """The month whose settlement day has begun and that is not posted yet (R51): what is to be done, and whether by this member."""
        target = settlement.next_month(self.session)
        if target is None:
            return None
        begins = settlement.day_of(self.session, target)
        found = settlement.settlement(self.session, target)
        if found is None and self.today < begins:
            return None
        step = "prepare" if found is None else "check" if found.state == "prepared" else "post"
        if found is None:
            lines, _dealers, amount = settlement.due_totals(self.session, target)
            if not lines:
                return None
            mine = self.actor.may(P.SETTLEMENT_PREPARE)
        else:
            lines, amount = found.lines, found.amount
            mine = STEPS.refusal(step, found, self.actor) is None
        title, action = SETTLEMENT[step]
        since = None if found is None else found.checked_at or found.prepared_at
        who = {"prepare": "hq-finance", "check": "hq-finance", "post": "hq-finance-manager"}[step]
        late = (self.today - begins).days
        return Settling(
            mine=mine,
            who=str(ROLES[who]),
            row=QueueRow(
                count=1, title=str(title) % {"month": month(target)}, url=url_for("settlement.detail", month=f"{target:%Y-%m}"), action=str(action),
                sub=ngettext("%(num)d claim line", "%(num)d claim lines", lines), amount=amount, amount_note=_("to be reimbursed"),
                due=_("since %(day)s", day=day(begins)) if late > 0 else _("today"), tone="red" if late > 0 else "amber", since=since,
                age=_("longest %(age)s", age=ago(since, self.now)) if since else "",
            ),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Settling:
    """The settlement that is under way."""

    mine: bool
    who: str
    row: QueueRow


def _list(kind: str) -> str:
    endpoint, values = _LISTS[kind]
    return url_for(endpoint, **values)
