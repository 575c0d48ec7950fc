"""The kinds of files that this package takes in: registered products and warranty policies (R11)."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from portal.catalog.loads import Load, register
from portal.warranty import actions, sheets

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
    )
)
