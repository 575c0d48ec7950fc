"""Accounts, settlements, statements as lists in Excel. A statement's own workbook is a paper (printing)."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from portal.ledger import labels as ledger_labels
from portal.settlement import labels, rules
from portal.settlement.models import Settlement
from portal.settlement.queries.accounts import AccountRow
from portal.settlement.queries.statements import PaidLine, StatementRow
from portal.settlement.rules import LeftOutLine, Share
from portal.web.exports import Listing
from portal.web.sheets import Column

ACCOUNTS: Listing[AccountRow] = Listing(
    "accounts",
    _l("Dealers' accounts"),
    (
        Column(_l("Dealer code"), "code", width=12),
        Column(_l("Dealer"), "name", width=28),
        Column(_l("City"), "city"),
        Column(_l("Balance"), "balance", "money"),
        Column(_l("Reserved"), "reserved", "money"),
        Column(_l("Available"), "available", "money"),
        Column(_l("Credit limit"), "credit_limit", "money"),
        Column(_l("Entries"), "entries", "whole"),
    ),
)
ENTRIES: Listing[Any] = Listing(
    "account-entries",
    _l("Account entries"),
    (
        Column(_l("Entry"), "seq", "whole", 8),
        Column(_l("Booked on"), "booked_on", "day"),
        Column(_l("Time"), "at", "moment"),
        Column(_l("What"), lambda row: ledger_labels.purpose_label(row.purpose), width=20),
        Column(_l("Document"), "document", width=16),
        Column(_l("Remark"), lambda row: ledger_labels.entry_words(row.purpose, row.memo, row.document), width=30),
        Column(_l("In (yuan)"), "credit", "money"),
        Column(_l("Out (yuan)"), "debit", "money"),
        Column(_l("Balance (yuan)"), "balance_after", "money"),
    ),
)
MONTHS: Listing[Settlement] = Listing(
    "settlements",
    _l("Monthly settlement"),
    (
        Column(_l("Number"), "number", width=12),
        Column(_l("Month"), "month", "month"),
        Column(_l("Settlement day"), "settles_on", "day"),
        Column(_l("State"), lambda row: labels.STATES[row.state][0], width=14),
        Column(_l("Lines"), "lines", "whole"),
        Column(_l("Dealers"), "dealers", "whole"),
        Column(_l("Amount"), "amount", "money"),
        Column(_l("Prepared"), "prepared_at", "moment"),
        Column(_l("Prepared by"), "prepared_by"),
        Column(_l("Checked"), "checked_at", "moment"),
        Column(_l("Checked by"), "checked_by"),
        Column(_l("Posted"), "posted_at", "moment"),
        Column(_l("Posted by"), "posted_by"),
    ),
)
SHARES: Listing[Share] = Listing(
    "settlement-dealers",
    _l("Settlement by dealer"),
    (
        Column(_l("Dealer code"), "dealer_code", width=12),
        Column(_l("Dealer"), "dealer_name", width=28),
        Column(_l("Lines"), "lines", "whole"),
        Column(_l("Approved (yuan)"), "amount", "money"),
        Column(_l("Statement"), "statement"),
    ),
)
SHARE_LINES: Listing[PaidLine] = Listing(
    "settlement-lines",
    _l("Lines paid"),
    (
        Column(_l("Claim"), "claim", width=14),
        Column(_l("Line"), "position", "whole", 6),
        Column(_l("Service month"), "claim_month", "month"),
        Column(_l("Service day"), "service_day", "day"),
        Column(_l("Product model"), "model", width=14),
        Column(_l("Serial number"), "serial", width=20),
        Column(_l("Part number"), "part_number", width=14),
        Column(_l("Part name"), "part_name", width=22),
        Column(_l("Old part"), "old_part", width=14),
        Column(_l("Quantity"), "quantity", "whole"),
        Column(_l("Claimed amount"), "claimed", "money"),
        Column(_l("Approved amount"), "approved", "money"),
    ),
)
LEFT_OUT: Listing[LeftOutLine] = Listing(
    "settlement-left-out",
    _l("Lines left out"),
    (
        Column(_l("Why"), lambda row: labels.LEFT_OUT[row.because], width=24),
        Column(_l("Claim"), "claim", width=14),
        Column(_l("Line"), "position", "whole", 6),
        Column(_l("Dealer code"), "dealer_code", width=12),
        Column(_l("Dealer"), "dealer_name", width=26),
        Column(_l("Service day"), "service_day", "day"),
        Column(_l("Part number"), "part_number", width=14),
        Column(_l("Part name"), "part_name", width=22),
        Column(_l("Old part"), "old_part", width=14),
        Column(_l("Amount"), "amount", "money"),
        Column(_l("Reason"), "reason", width=30),
        Column(_l("What comes next"), labels.goes_to, width=28),
    ),
)
STATEMENTS: Listing[tuple[StatementRow, rules.Reply]] = Listing(
    "statements",
    _l("Statements"),
    (
        Column(_l("Number"), lambda row: row[0].number, width=16),
        Column(_l("Month"), lambda row: row[0].month, "month"),
        Column(_l("Dealer code"), lambda row: row[0].dealer_code, only="hq", width=12),
        Column(_l("Dealer"), lambda row: row[0].dealer_name, only="hq", width=28),
        Column(_l("Opening balance"), lambda row: row[0].opening, "money"),
        Column(_l("Lines"), lambda row: row[0].lines, "whole"),
        Column(_l("Reimbursed"), lambda row: row[0].amount, "money"),
        Column(_l("Closing balance"), lambda row: row[0].closing, "money"),
        Column(_l("Posted"), lambda row: row[0].posted_at, "moment"),
        Column(_l("State"), lambda row: labels.REPLIES[row[1]][0], width=14),
        Column(_l("To be confirmed by"), lambda row: row[0].answer_by, "day"),
        Column(_l("Confirmed by"), lambda row: row[0].confirmed_by),
    ),
)
LEDGER_MONTHS: Listing[Any] = Listing(
    "ledger-months",
    _l("Closing months"),
    (
        Column(_l("Month"), "month", "month"),
        Column(_l("Journals"), "journals", "whole"),
        Column(_l("Turnover"), "turnover", "money"),
        Column(_l("Closed"), "closed_at", "moment"),
        Column(_l("Closed by"), "closed_by"),
    ),
)
