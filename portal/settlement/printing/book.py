"""The statement as an Excel workbook: what its paper says, in figures that add up (R53). Chinese, as the paper is."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from flask_babel import force_locale
from flask_babel import gettext as _

from portal.web.papers import LeftOut, ReimbursedClaim, ReimbursedLine, StatementEntry, StatementPaper
from portal.web.sheets import Column, Sheet, workbook

Entry = tuple[int, StatementEntry]
Paid = tuple[ReimbursedClaim, ReimbursedLine]


def book(paper: StatementPaper, *, at: datetime, zone: ZoneInfo) -> bytes:
    """Sheets of the account, its entries, the lines reimbursed and those left out, all from the paper's own values."""
    with force_locale("zh_Hans_CN"):
        return workbook(
            [_account(paper), _entries(paper), _reimbursed(paper), _left_out(paper)],
            at=at,
            zone=zone,
            author=paper.brand.legal or paper.brand.name,
            footer=f"{paper.print.number} {paper.dealer.name}",
        )


def _account(paper: StatementPaper) -> Sheet[None]:
    head = [
        (_("Number"), paper.print.number),
        (_("Dealer"), f"{paper.dealer.name} {paper.dealer.code}"),
        (_("Month"), f"{paper.month:%Y-%m}"),
        (_("From"), paper.opens_on),
        (_("Until"), paper.closes_on),
        (_("Opening balance"), paper.opening),
        (_("Money in"), paper.credit),
        (_("Money out"), paper.debit),
        (_("Closing balance"), paper.closing),
        (_("Reimbursed"), paper.approved),
        (_("Left out"), paper.left_out_total),
    ]
    if paper.confirm_by:
        head.append((_("Please check by"), paper.confirm_by))
    return Sheet(_("Account"), title=_("Monthly statement"), head=head)


def _entries(paper: StatementPaper) -> Sheet[tuple[int, StatementEntry]]:
    balances = [paper.opening]
    for entry in paper.entries:
        balances.append(balances[-1] + entry.credit - entry.debit)
    columns: tuple[Column[Entry], ...] = (
        Column(_("No."), lambda row: row[0], "whole", 6),
        Column(_("Day"), lambda row: row[1].day, "day"),
        Column(_("What"), lambda row: row[1].kind),
        Column(_("Document"), lambda row: row[1].source, width=20),
        Column(_("Remark"), lambda row: row[1].text, width=40),
        Column(_("In (yuan)"), lambda row: row[1].credit or None, "money"),
        Column(_("Out (yuan)"), lambda row: row[1].debit or None, "money"),
        Column(_("Balance (yuan)"), lambda row: balances[row[0]], "money"),
    )
    return Sheet(
        _("Entries"),
        columns,
        list(enumerate(paper.entries, start=1)),
        foot=[(_("Money in"), paper.credit), (_("Money out"), paper.debit), (_("Closing balance"), paper.closing)],
    )


def _reimbursed(paper: StatementPaper) -> Sheet[Paid]:
    columns: tuple[Column[Paid], ...] = (
        Column(_("Claim"), lambda row: row[0].number, width=16),
        Column(_("Service month"), lambda row: row[0].month, "month"),
        Column(_("Service day"), lambda row: row[1].service_day, "day"),
        Column(_("Model"), lambda row: row[1].model),
        Column(_("Serial number"), lambda row: row[1].serial, width=24),
        Column(_("Part number"), lambda row: row[1].part_number),
        Column(_("Part"), lambda row: row[1].part_name, width=24),
        Column(_("Quantity"), lambda row: row[1].quantity, "whole"),
        Column(_("Old part"), lambda row: row[1].old_part),
        Column(_("Claimed (yuan)"), lambda row: row[1].claimed, "money"),
        Column(_("Approved (yuan)"), lambda row: row[1].approved, "money"),
    )
    rows = [(claim, line) for claim in paper.reimbursed for line in claim.lines]
    return Sheet(
        _("Reimbursed lines"),
        columns,
        rows,
        foot=[(_("Claimed"), paper.claimed), (_("Approved"), paper.approved)],
    )


def _left_out(paper: StatementPaper) -> Sheet[LeftOut]:
    columns: tuple[Column[LeftOut], ...] = (
        Column(_("Claim"), "claim", width=16),
        Column(_("Line"), "line", "whole", 6),
        Column(_("Service day"), "service_day", "day"),
        Column(_("Part"), "part", width=32),
        Column(_("Amount (yuan)"), "amount", "money"),
        Column(_("Reason"), "reason", width=40),
        Column(_("What comes next"), "goes_to", width=32),
    )
    return Sheet(_("Lines left out"), columns, paper.left_out, foot=[(_("Total"), paper.left_out_total)])
