"""What is asked about fee schedules. Items come as ``lines-<index>-<field>``; rows may be added and taken away in the browser."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField
from wtforms.validators import Optional

from portal.core.tables import cells
from portal.core.tables.cells import CellRefused
from portal.fees.rules import ITEMS_MOST, REGION_MOST, FeeWish
from portal.web.forms import DayField, PortalForm, TextField, WordsField, clean

_NAME = re.compile(r"lines-(\d{1,6})-(item|unit|amount|remark)")


class ScheduleForm(PortalForm):
    """A schedule beside its items. ``seen`` is the version of the draft that the page showed."""

    region = TextField(_l("Region"), most=REGION_MOST)
    from_day = DayField(_l("First day of force"))
    note = WordsField(_l("To headquarters"), most=500)
    seen = HiddenField(validators=[Optional()])

    def seen_ver(self) -> int | None:
        """The draft's version as the page showed it."""
        return version_of(self.seen.data)


class DecisionForm(PortalForm):
    """A step's reason (the action says when it is missing), and which version its presser saw."""

    reason = WordsField(_l("Reason"), most=500)
    seen = HiddenField(validators=[Optional()])

    def seen_ver(self) -> int | None:
        """The schedule's version as the page showed it."""
        return version_of(self.seen.data)


def version_of(text: object) -> int | None:
    """A version as a hidden field carries it; None when it says nothing."""
    said = str(text or "")
    return int(said) if said.isascii() and said.isdecimal() and len(said) < 10 else None


@dataclass(slots=True)
class TypedItem:
    """An item as it was typed: kept as it stands, with what is wrong by field."""

    index: int
    item: str = ""
    unit: str = ""
    amount: str = ""
    remark: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def blank(self) -> bool:
        """A row that nobody filled in."""
        return not (self.item or self.unit or self.amount or self.remark)

    def wish(self) -> FeeWish | None:
        """The item as a wish; None, with its errors said, when it cannot be read."""
        self.errors = {}
        if not self.item:
            self.errors["item"] = _("Say what is done.")
        if not self.unit:
            self.errors["unit"] = _("A visit, a piece, an hour?")
        amount = None
        try:
            amount = cells.money(self.amount)  # as price lists have it, so that lines pasted from Excel fit
        except CellRefused:
            self.errors["amount"] = _("This is no amount. Write it like 1234.50, with two decimals at most.")
        if self.errors or amount is None:
            return None
        return FeeWish(self.item, self.unit, amount, self.remark)


def typed_items(values: Mapping[str, str]) -> list[TypedItem]:
    """The items in the order of the page; rows that nobody filled in are left out."""
    rows: dict[int, TypedItem] = {}
    for name, value in values.items():
        if found := _NAME.fullmatch(name):
            index = int(found[1])
            row = rows.setdefault(index, TypedItem(index))
            try:
                setattr(row, found[2], clean(value)[:500])
            except ValueError:
                row.errors[found[2]] = _("There is a character in it that cannot be stored. Please type it again.")
    return [row for _index, row in sorted(rows.items()) if not row.blank][: ITEMS_MOST + 1]


def items_of(wishes: Iterable[FeeWish]) -> list[TypedItem]:
    """Stored items as rows of the form."""
    return [TypedItem(index, one.item, one.unit, str(one.amount), one.remark) for index, one in enumerate(wishes)]
