"""The kinds of files that this package takes in: registered products and warranty policies (R11)."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.catalog.loads import Load, register
from portal.warranty import actions, sheets
from portal.warranty.labels import BASES, USES
from portal.warranty.models import Use
from portal.warranty.rules import PolicyRow, ProductRow
from portal.web.formats import mask_name, mask_phone

ADDRESS_SHOWN = 6


def say_product(name: str, row: ProductRow) -> str | None:
    """A product's use in words; its customer masked (R90)."""
    match name:
        case "use":
            return str(USES[Use.COMMERCIAL if row.commercial else Use.HOME])
        case "customer_name":
            return mask_name(row.customer_name)
        case "phone":
            return mask_phone(row.phone)
        case "address":
            return f"{row.address[:ADDRESS_SHOWN]}…" if row.address else "—"
        case _:
            return None


def say_policy(name: str, row: PolicyRow) -> str | None:
    """A policy line's part group, months and basis in words."""
    values: dict[str, Any] = {
        "group": row.group or _("Whole unit"),
        "home_months": row.home_months,
        "commercial_months": row.commercial_months,
        "basis": BASES[row.basis],
    }
    return str(values[name]) if name in values else None


PRODUCTS = register(
    Load(
        "products",
        _l("Registered products"),
        _l("Serial number, model, dealer code, customer; also category, days, use, phone, address"),
        False,
        lambda data, filename, _first_day: sheets.read_products(data, filename),
        actions.examine_products,
        actions.load_products,
        "warranty.products",
        say_product,
    )
)
POLICY = register(
    Load(
        "policy",
        _l("Warranty policy"),
        _l("Product category, part group, months at home, months in commercial use; also what they count from"),
        True,
        lambda data, filename, first_day: sheets.read_policy(data, filename, first_day=first_day),
        actions.examine_policy,
        actions.load_policy,
        "warranty.policies",
        say_policy,
    )
)
