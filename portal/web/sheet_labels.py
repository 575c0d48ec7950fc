"""What was understood of a workbook, and what was wrong with it, in words (R11).

The codes come from ``portal.core.tables`` and the packages' ``sheets``; ``sentence`` makes one of a code and its facts.
"""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.core.tables import Note, Problem, TableRefused

FILE = {
    "file-empty": _l("The file is empty."),
    "file-too-large": _l("The file is larger than %(megabytes)s MB. Split it, or leave the pictures out."),
    "file-kind": _l("Files ending in “%(ending)s” cannot be read. Save it as Excel workbook (.xlsx) or CSV."),
    "file-old-excel": _l(
        "This is an old Excel workbook (.xls), or one with a password. Save it as .xlsx without a password."
    ),
    "file-not-readable": _l(
        "The file cannot be read: it is damaged, or not what its name says. Save it anew as .xlsx."
    ),
    "file-bomb": _l("The file unpacks to far more than a workbook should. Copy the sheet into a new workbook."),
    "file-encoding": _l("The file's characters cannot be told. Save it as CSV UTF-8, or as .xlsx."),
    "file-control-characters": _l("The file holds control characters that no text has. Save it anew as .xlsx."),
    "file-quotes": _l("Row %(row)s: a quotation mark is opened and not closed. Correct it, or save the file as .xlsx."),
    "file-no-rows": _l("The file has no filled rows."),
    "too-many-sheets": _l("The workbook has more than %(limit)s visible sheets. Keep the one to be read."),
    "too-many-rows": _l("The sheet has more than %(limit)s rows. Split it into several files."),
    "too-many-columns": _l("Row %(row)s goes beyond column %(limit)s. Delete what stands far to the right."),
    "too-many-cells": _l("The sheet has more than %(limit)s cells. Copy the filled part into a new workbook."),
    "text-too-long": _l("Row %(row)s has a text of more than %(limit)s characters."),
    "headings-missing": _l("Columns not found: %(fields)s. Head them, for example, %(headings)s."),
    "heading-twice": _l("Row %(row)s: the headings %(headings)s mean the same. Rename or remove one of them."),
}
"""Why a whole file is refused (``TableRefused``)."""

PROBLEMS = {
    **FILE,
    "cell-empty": _l("The cell is empty and must not be."),
    "cell-formula": _l("The cell holds a formula. Paste it as a value."),
    "cell-error": _l("The cell shows the error “%(value)s”."),
    "cell-not-text": _l("“%(value)s” is no text. Format the cell as text and type it again."),
    "cell-too-long": _l("“%(value)s” is longer than %(limit)s characters."),
    "cell-number-too-long": _l(
        "Excel has cut the digits of “%(value)s”. Format the cell as text and type the number again."
    ),
    "money-unclear": _l("“%(value)s” is no amount."),
    "money-negative": _l("“%(value)s” is negative."),
    "money-decimals": _l("“%(value)s” is finer than a fen: two decimals at most."),
    "money-too-large": _l("“%(value)s” is more than %(limit)s yuan."),
    "day-unclear": _l("“%(value)s” is no day. Write it as 2026-07-01."),
    "day-impossible": _l("There is no day “%(value)s”."),
    "whole-unclear": _l("“%(value)s” is no whole number."),
    "whole-out-of-range": _l("“%(value)s” is not between %(low)s and %(high)s."),
    "choice-unknown": _l("“%(value)s” is none of %(choices)s."),
    "row-twice": _l("“%(value)s” already stands in row %(first)s."),
    "sheet-second": _l("The sheet “%(sheet)s” holds such a table too. Put all rows on one sheet."),
    "no-rows": _l("There are no rows below the headings."),
    "first-day-missing": _l("The file does not say from which day it is in force. Give the first day of force."),
    "first-day-impossible": _l("The first day of force in the file, “%(value)s”, does not exist. Give the right one."),
    "price-zero": _l("A price of 0.00. Give the price, or leave the part out."),
    "price-below-dealer-price": _l("The out-of-warranty price %(out)s is below the dealer price %(dealer)s."),
    "return-unclear": _l("“%(value)s” is neither yes nor no; it is taken as no."),
    "days-in-disorder": _l("%(day)s is before %(before)s (%(other)s)."),
    "product-without-days": _l("Neither made, bought nor installed on a known day: its warranty cannot be counted."),
    "policy-no-whole-unit": _l("%(category)s has no line for the whole unit: parts of other groups are not covered."),
    "basis-unknown": _l(
        "“%(value)s” is not understood. The count begins with installation, else purchase, else production + 3 months."
    ),
}
"""What is wrong with a row, or worth a look."""

NOTES = {
    "row-blank": _l("Blank row"),
    "rows-blank": _l("Blank rows down to row %(last)s"),
    "row-heading": _l("The headings again"),
    "row-footer": _l("Footer: %(text)s"),
    "row-section": _l("Section: %(text)s"),
    "row-remark": _l("Remark: %(text)s"),
    "sheet-passed-over": _l("The sheet “%(sheet)s” was passed over."),
    "first-day-given": _l("The file says in force from %(in_file)s; it is loaded from %(given)s, as given."),
}
"""What was passed over, and why."""

FIELDS = {
    "address": _l("Address"),
    "amount": _l("Amount"),
    "basis": _l("Counts from"),
    "bought_on": _l("Bought on"),
    "category": _l("Product category"),
    "city": _l("City"),
    "code": _l("Code"),
    "commercial_months": _l("Months in commercial use"),
    "contact": _l("Contact"),
    "credit_limit": _l("Credit limit"),
    "customer_name": _l("Customer"),
    "day": _l("Service day"),
    "dealer_code": _l("Dealer code"),
    "dealer_price": _l("Dealer price"),
    "fault": _l("Fault code"),
    "group": _l("Part group"),
    "home_months": _l("Months at home"),
    "installed_on": _l("Installed on"),
    "made_on": _l("Made on"),
    "model": _l("Product model"),
    "models": _l("Fits models"),
    "must_return": _l("Old part must come back"),
    "name": _l("Name"),
    "number": _l("Part number"),
    "old_part": _l("Old part number"),
    "opening_balance": _l("Opening balance"),
    "out_price": _l("Out-of-warranty price"),
    "part": _l("Part number"),
    "part_name": _l("Part name"),
    "phone": _l("Phone"),
    "price": _l("Unit price"),
    "quantity": _l("Quantity"),
    "remark": _l("Remark"),
    "seq": _l("No."),
    "serial": _l("Serial number"),
    "spec": _l("Specification"),
    "unit": _l("Unit"),
    "use": _l("Use"),
}
"""The fields that columns were understood as."""


def sentence(code: str, facts: Mapping[str, object]) -> str:
    """The sentence of a problem's, a note's or a refused file's code, its facts put in."""
    words = PROBLEMS.get(code) or NOTES[code]
    return str(words) % {name: _said(name, fact) for name, fact in facts.items()}


def refusal(refused: TableRefused) -> str:
    """Why the file as a whole cannot be read."""
    return sentence(refused.code, refused.facts)


def line(found: Problem | Note) -> str:
    """One line for a list or the command line: the row, the column, and what is to say about it."""
    said = sentence(found.code, found.facts)
    if found.row_no is None:
        return said
    heading = found.heading if isinstance(found, Problem) else None
    if heading is None:
        return _("Row %(row)s: %(said)s", row=found.row_no, said=said)
    return _("Row %(row)s, %(heading)s: %(said)s", row=found.row_no, heading=heading, said=said)


def _said(name: str, fact: object) -> str:
    if isinstance(fact, tuple):
        return _(", ").join(str(FIELDS.get(each, each)) if name == "fields" else str(each) for each in fact)
    return str(fact)
