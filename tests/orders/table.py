"""Who may take which step of an order from where: written from domain.md section 3, and knowing nothing of the portal."""

from __future__ import annotations

PRICES = {"P1": 1250, "P2": 10_000, "P3": 780}  # fen, the list in force
DEALERS, SALES = {"clerk", "manager"}, {"hq.clerk", "hq.manager", "hq.system"}
# step: from which states, by whom (a dealer's people without the dealer), to which state
TABLE: dict[str, tuple[set[str], set[str], str]] = {
    "amend": ({"draft"}, DEALERS, "draft"),
    "submit": ({"draft"}, DEALERS, "submitted"),
    "send_back": ({"submitted"}, SALES, "draft"),
    "reject": ({"submitted"}, {"hq.manager", "hq.system"}, "rejected"),
    "quote": ({"submitted"}, SALES, "quoted"),
    "agree": ({"quoted"}, {"manager"}, "agreed"),
    "lapse": ({"quoted"}, {"hq.system"}, "submitted"),  # R22: the clock, and only the day after the quote's last
    "dispute": ({"quoted"}, DEALERS, "submitted"),
    "debit": ({"agreed"}, {"hq.finance", "hq.system"}, "debited"),
    "ship_part": ({"debited", "part-shipped"}, {"hq.warehouse", "hq.system"}, "part-shipped"),
    "ship_rest": ({"debited", "part-shipped"}, {"hq.warehouse", "hq.system"}, "shipped"),
    "receive": ({"part-shipped", "shipped"}, DEALERS, "received"),
    "cancel": ({"draft", "submitted", "quoted", "agreed", "debited"}, DEALERS | SALES, "cancelled"),
}
CANCEL = {"dealer": {"draft", "submitted", "quoted"}, "hq": {"submitted", "quoted", "agreed", "debited"}}
TABLES = ("orders", "order_lines", "quotes", "quote_lines", "shipments", "shipment_lines", "layers", "accounts", "journals", "postings",
          "counters", "audit_events")  # fmt: skip


def may(step: str, state: str, person: str, shop: str) -> bool:
    """Whether domain.md lets this person of the world take the step on an order of ``shop``."""
    states, people, _ = TABLE[step]
    side, _, role = person.partition(".")
    if step == "cancel" and state not in CANCEL["hq" if side == "hq" else "dealer"]:
        return False
    return state in states and (person in people or (side == shop and role in people))
