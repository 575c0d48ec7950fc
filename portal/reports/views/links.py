"""From a kind and a number to the page that shows it."""

from __future__ import annotations

from typing import Any

from flask import url_for

_PAGES = {
    "order": ("orders.detail", "ref"),
    "shipment": ("orders.shipment", "number"),
    "old-part": ("old_parts.detail", "number"),
    "claim": ("claims.detail", "ref"),
    "fee": ("fees.detail", "ref"),
    "statement": ("settlement.statement", "number"),
    "topup": ("ledger.topup", "number"),
    "journal": ("ledger.journal", "number"),
}
_KINDS = {"PO": "order", "SH": "shipment", "OP": "old-part", "RC": "claim", "FS": "fee", "TU": "topup", "JV": "journal"}


def to_subject(kind: str, number: str | None, side: str) -> str:
    """The page of an audit event's subject, "" for one without a page of its own."""
    if not number:
        return ""
    if kind == "settlement" and side == "hq":
        return url_for("settlement.detail", month=f"20{number[2:4]}-{number[4:6]}") if len(number) == 6 else ""
    if kind == "dealer" and side == "hq":
        return url_for("organizations.dealer", code=number)
    page = _PAGES.get(kind)
    values: dict[str, Any] = {page[1]: number} if page else {}
    return url_for(page[0], **values) if page else ""


def to_number(number: str, side: str) -> str:
    """The page of a document's number (domain.md section 12)."""
    if number.startswith("ST"):
        return to_subject("statement" if "-" in number else "settlement", number, side)
    return to_subject(_KINDS[number[:2]], number, side)
