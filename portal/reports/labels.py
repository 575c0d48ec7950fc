"""What waits, in words: kinds of work, who has them in hand, documents, the audit trail."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.claims.labels import LINE_STATES as CLAIM_LINES
from portal.claims.labels import STATES as CLAIMS
from portal.fees.labels import STATES as FEES
from portal.old_parts.labels import REVIEWS
from portal.old_parts.labels import STATES as OLD_PARTS
from portal.orders.labels import SHIPMENT_STATES as SHIPMENTS
from portal.orders.labels import STATES as ORDERS
from portal.settlement.labels import STATEMENT_STATES as STATEMENTS
from portal.settlement.labels import STATES as SETTLEMENTS

# Headquarters' queue: title, button, what the amount is.
QUEUE: dict[str, tuple[Any, Any, Any]] = {
    "claim-lines": (_l("Claim lines to review"), _l("Continue"), _l("claimed")),
    "old-parts": (_l("Old parts to review"), _l("Review"), _l("paid by dealers")),
    "submitted-orders": (_l("Parts orders to confirm"), _l("Confirm"), _l("at today's prices")),
    "fees": (_l("Fee schedules to decide"), _l("Decide"), ""),
    "debits": (_l("Orders to debit"), _l("Debit"), _l("agreed")),
    "shipping": (_l("Orders to ship"), _l("Ship"), _l("debited")),
    "disputes": (_l("Disputed statements to answer"), _l("Answer"), _l("closing balances")),
    "invitations": (_l("People invited and not here yet"), _l("View"), ""),
}

SETTLEMENT: dict[str, tuple[Any, Any]] = {
    "prepare": (_l("Settlement of %(month)s to be prepared"), _l("Prepare")),
    "check": (_l("Settlement of %(month)s to be checked"), _l("Check")),
    "post": (_l("Settlement of %(month)s to be posted"), _l("Post")),
}

# What others have in hand: the work, and who does it ("" for dealers: their number is said).
IN_HAND: dict[str, tuple[Any, str]] = {
    "claim-lines": (_l("Reviewing claim lines"), "hq-clerk"),
    "old-parts": (_l("Reviewing old parts"), "hq-clerk"),
    "submitted-orders": (_l("Confirming orders"), "hq-clerk"),
    "fees": (_l("Deciding fee schedules"), "hq-manager"),
    "debits": (_l("Debiting"), "hq-finance"),
    "shipping": (_l("Shipping parcels"), "hq-warehouse"),
    "disputes": (_l("Answering disputed statements"), "hq-finance"),
    "quotes": (_l("Agreeing to quotes"), ""),
    "parcels": (_l("Receiving parcels"), ""),
    "wanted-lines": (_l("Answering about claim lines"), ""),
    "wanted-old-parts": (_l("Answering about old parts"), ""),
    "unreported": (_l("Reporting old parts"), ""),
}

# What a dealer waits for from headquarters.
FROM_HQ: dict[str, Any] = {
    "submitted-orders": _l("Confirming orders"),
    "debits": _l("Debiting"),
    "shipping": _l("Shipping parcels"),
    "old-parts": _l("Reviewing old parts"),
    "claim-lines": _l("Reviewing claim lines"),
    "fees": _l("Deciding fee schedules"),
    "disputes": _l("Answering disputed statements"),
}

# "5 more of them", where a dealer has many of a kind.
MORE: dict[str, Any] = {
    "wanted-line": _l("%(count)s more claim lines want an answer"),
    "wanted-old-part": _l("%(count)s more old parts want an answer"),
    "report": _l("%(count)s more old parts to report"),
    "agree": _l("%(count)s more quotes to agree to"),
    "receive": _l("%(count)s more parcels to receive"),
    "order-back": _l("%(count)s more orders sent back"),
    "fee-draft": _l("%(count)s more fee schedules to submit"),
    "statement": _l("%(count)s more statements to confirm"),
    "register": _l("%(count)s more old parts to register"),
}

DOCUMENTS: dict[str, Any] = {
    "order": _l("Parts order"),
    "shipment": _l("Shipment"),
    "old-part": _l("Old part"),
    "claim": _l("Claim"),
    "fee": _l("Service fee schedule"),
    "settlement": _l("Settlement"),
    "statement": _l("Statement"),
    "topup": _l("Top-up"),
    "account": _l("Account"),
    "month": _l("Month"),
    "member": _l("Member"),
    "product": _l("Registered product"),
    "term": _l("Term"),
    "import": _l("Loaded file"),
    "prices": _l("Price list"),
    "dealer": _l("Dealer"),
    "policy": _l("Warranty policy"),
    "login": _l("Login"),
    "list": _l("List as Excel"),
}

# A state's word and tone by the kind of its document. Events of a claim also speak of its lines, of an old part of its review.
_STATES: dict[str, tuple[Mapping[Any, tuple[Any, str]], ...]] = {
    "order": (ORDERS,),
    "shipment": (SHIPMENTS,),
    "claim": (CLAIMS, CLAIM_LINES),
    "old-part": (OLD_PARTS, REVIEWS),
    "fee": (FEES,),
    "settlement": (SETTLEMENTS,),
    "statement": (STATEMENTS,),
}

VIA: dict[str, Any] = {"page": _l("Page"), "command": _l("Command line"), "system": _l("System")}


def greeting(hour: int, name: str) -> str:
    """A greeting by the hour of the brand's zone."""
    if hour < 5 or hour >= 18:
        return _("Good evening, %(name)s", name=name)
    return _("Good morning, %(name)s", name=name) if hour < 12 else _("Good afternoon, %(name)s", name=name)


def state(kind: str, code: str) -> tuple[Any, str]:
    """A state's word and tone; the code itself where nobody named it."""
    known = chain.from_iterable(book.items() for book in _STATES.get(kind, ()))
    return next((said for one, said in known if str(one) == code), (code, ""))


def document(kind: str) -> str:
    """The word for a kind of subject; its code where a package forgot it."""
    return str(DOCUMENTS.get(kind, kind))
