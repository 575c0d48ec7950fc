"""Where a member can go: one table per side, grouped by what people do, showing only what the member may open.

An item whose page does not exist in this installation is left out; so is a group without items.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from flask import current_app, has_request_context, request, url_for
from flask_babel import lazy_gettext as _l

from portal.core.permissions import Permission as P

Side = Literal["hq", "dealer"]


class Member(Protocol):
    """What navigation needs to know of who is signed in."""

    @property
    def side(self) -> Side: ...

    @property
    def permissions(self) -> frozenset[P]: ...


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the table: words, endpoint, picture, the permission it needs, other endpoints that light it up."""

    label: object
    endpoint: str
    icon: str
    needs: P
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Item:
    """A place to go, as the template draws it; ``count`` is what waits there (None: nothing to count)."""

    label: object
    url: str
    icon: str
    count: int | None
    current: bool
    hot: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """A heading (or "") and its items."""

    label: object
    items: tuple[Item, ...]


Table = tuple[tuple[object, tuple[Entry, ...]], ...]

HOME = Entry(_l("Home"), "reports.home", "layout-list", P.HOME_READ, ("reports.search",))
ORDERS = Entry(_l("Parts orders"), "orders.index", "shopping-cart", P.ORDER_READ)
OLD_PARTS = Entry(_l("Old parts"), "old_parts.index", "recycle", P.OLD_PART_READ)
CLAIMS = Entry(_l("Claims"), "claims.index", "receipt", P.CLAIM_READ)
PRODUCTS = Entry(_l("Registered products"), "warranty.products", "id-badge-2", P.PRODUCT_READ, ("warranty.product",))
FEES = Entry(_l("Service fees"), "fees.index", "receipt-yuan", P.FEE_READ)
MEMBERS = Entry(_l("Members"), "identity.members", "users", P.MEMBER_READ, ("identity.member", "identity.invite"))
ACCOUNT = Entry(_l("Account"), "settlement.account", "wallet", P.ACCOUNT_READ)

DEALER: Table = (
    ("", (HOME,)),
    (
        _l("Parts"),
        (
            ORDERS,
            Entry(_l("Receiving"), "orders.receiving", "package-import", P.ORDER_RECEIVE, ("orders.receive",)),
            Entry(_l("My parts"), "orders.holdings", "packages", P.ORDER_READ, ("orders.holding",)),
            Entry(_l("Price list of parts"), "catalog.parts", "tags", P.PART_READ, ("catalog.part",)),
        ),
    ),
    (_l("Warranty"), (OLD_PARTS, CLAIMS, PRODUCTS)),
    (_l("Charging"), (FEES,)),
    (_l("Money"), (ACCOUNT, Entry(_l("Statements"), "settlement.statements", "file-invoice", P.STATEMENT_READ, ("settlement.statement",)))),
    (_l("Our shop"), (MEMBERS,)),
)  # fmt: skip

HQ: Table = (
    ("", (HOME,)),
    (
        _l("Parts"),
        (
            ORDERS,
            Entry(_l("To be debited"), "orders.debits", "coin-yuan", P.ORDER_DEBIT),
            Entry(
                _l("Shipping"), "orders.shipping", "truck-delivery", P.ORDER_SHIP, ("orders.ship", "orders.shipment")
            ),
        ),
    ),
    (
        _l("Warranty"),
        (
            CLAIMS,
            OLD_PARTS,
            PRODUCTS,
            Entry(_l("Warranty policies"), "warranty.policies", "shield-check", P.POLICY_READ, ("warranty.policy",)),
        ),
    ),
    (
        _l("Money"),
        (
            Entry(_l("Monthly settlement"), "settlement.index", "calendar-dollar", P.SETTLEMENT_READ),
            Entry(
                _l("Dealers' accounts"),
                "settlement.accounts",
                "wallet",
                P.ACCOUNT_READ,
                ("settlement.dealer_account", "ledger.journal"),
            ),
            Entry(_l("Top-ups"), "ledger.topups", "building-bank", P.TOPUP_ENTER, ("ledger.topup",)),
            Entry(_l("Closing months"), "settlement.months", "lock", P.MONTH_CLOSE),
            Entry(_l("Proof of the books"), "ledger.prove", "checks", P.LEDGER_PROVE),
        ),
    ),
    (_l("Charging"), (FEES,)),
    (
        _l("Registers"),
        (
            Entry(_l("Dealers"), "organizations.dealers", "building-store", P.DEALER_READ, ("organizations.dealer",)),
            Entry(_l("Price lists"), "catalog.prices", "tags", P.PRICE_READ, ("catalog.price_list",)),
            Entry(_l("Parts list"), "catalog.parts", "packages", P.PART_READ, ("catalog.part",)),
            Entry(_l("Loading files"), "catalog.imports", "file-import", P.CATALOG_LOAD, ("catalog.import_file",)),
        ),
    ),
    (
        _l("Administration"),
        (
            MEMBERS,
            Entry(_l("Roles and permissions"), "identity.roles", "shield-lock", P.ROLE_READ),
            Entry(_l("Terms"), "organizations.terms", "adjustments", P.TERM_READ, ("organizations.term",)),
            Entry(_l("Audit"), "reports.audit", "history", P.AUDIT_READ),
            Entry(_l("Outbox"), "notices.outbox", "mail", P.OUTBOX_READ, ("notices.message",)),
            Entry(_l("Jobs"), "notices.jobs", "progress-check", P.JOB_READ),
        ),
    ),
)

TABBAR: tuple[Entry, ...] = (HOME, ORDERS, OLD_PARTS, CLAIMS, ACCOUNT)


def entries(side: Side) -> tuple[Entry, ...]:
    """Every row of a side's table, without its groups."""
    return tuple(entry for _label, rows in (HQ if side == "hq" else DEALER) for entry in rows)


def _shown(entry: Entry, member: Member) -> bool:
    return entry.needs in member.permissions and entry.endpoint in current_app.view_functions


def _current(rows: Collection[Entry], endpoint: str | None) -> Entry | None:
    """The row that the page in sight belongs to: its own, one that names it, else the first of its package.

    A package's pages that stand in the person's own menu (its sign-ins, its tokens) belong to none.
    """
    if not endpoint:
        return None
    package = endpoint.partition(".")[0]
    exact = [row for row in rows if row.endpoint == endpoint]
    named = [row for row in rows if any(endpoint == name or endpoint.startswith(f"{name}_") for name in row.also)]
    same = [row for row in rows if row.endpoint.partition(".")[0] == package != "identity"]
    return next(iter(exact + named + same), None)


def _item(entry: Entry, current: Entry | None, counts: Mapping[str, int], hot: Collection[str]) -> Item:
    name = entry.endpoint
    return Item(entry.label, url_for(name), entry.icon, counts.get(name), entry is current, name in hot)


def navigation(
    member: Member | None, endpoint: str | None, counts: Mapping[str, int] | None = None, hot: Collection[str] = ()
) -> list[Group]:
    """The side navigation of a member who looks at ``endpoint``.

    ``counts`` says what waits at an endpoint, ``hot`` which of these are urgent. Empty for nobody.
    """
    if member is None:
        return []
    known: dict[object, list[Group]] = current_app.extensions.setdefault("portal_navigation", {})
    key = (member.side, member.permissions, endpoint, request.script_root if has_request_context() else "")
    if counts or hot:
        return _navigation(member, endpoint, counts or {}, hot)
    if key not in known:  # the same for everybody who may the same; its words are looked up when they are drawn
        known[key] = _navigation(member, endpoint, {}, ())
    return known[key]


def _navigation(member: Member, endpoint: str | None, counts: Mapping[str, int], hot: Collection[str]) -> list[Group]:
    table = HQ if member.side == "hq" else DEALER
    visible = [(label, [row for row in rows if _shown(row, member)]) for label, rows in table]
    current = _current([row for _label, rows in visible for row in rows], endpoint)
    return [Group(label, tuple(_item(row, current, counts, hot) for row in rows)) for label, rows in visible if rows]


def tabbar(member: Member | None, endpoint: str | None, counts: Mapping[str, int] | None = None) -> list[Item]:
    """What a dealer reaches with a thumb on a phone; headquarters has none."""
    if member is None or member.side != "dealer":
        return []
    rows = [row for row in TABBAR if _shown(row, member)]
    current = (
        _current(rows, endpoint)
        if endpoint and endpoint.partition(".")[0] in {row.endpoint.partition(".")[0] for row in rows}
        else None
    )
    return [_item(row, current, counts or {}, ()) for row in rows]
