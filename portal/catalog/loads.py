"""The kinds of files that come in, and the one road that all take: read, ask the register, all or nothing (R11).

A package that stands higher (warranty) adds its kinds from its own ``loads.py``; pages and commands know only this table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _l

from portal.catalog import actions, sheets
from portal.catalog.rules import Examined, Loaded
from portal.core.tables import Sheet
from portal.organizations.sheets import read_dealers


@dataclass(frozen=True, slots=True)
class Load:
    """One kind. ``dated``: it needs a first day of force (R15); ``page``: where its result can be seen.

    ``say`` words a field of a row for the sample on the page, None leaves it to the page (masking is done there, R90).
    """

    kind: str
    title: Any
    asks: Any
    dated: bool
    read: Callable[[bytes, str, date | None], Sheet[Any]]
    examine: Callable[..., Examined[Any]]
    load: Callable[..., Loaded]
    page: str
    say: Callable[[str, Any], str | None] | None = None


LOADS: dict[str, Load] = {}


def register(load: Load) -> Load:
    """Add a kind; twice the same is once."""
    LOADS[load.kind] = load
    return load


PRICES = register(
    Load(
        "prices",
        _l("Price list"),
        _l(
            "Part number, name, dealer price, out-of-warranty price; also specification, group, models, unit, old part back"
        ),
        True,
        lambda data, filename, first_day: sheets.read_prices(data, filename, first_day=first_day),
        actions.examine_prices,
        actions.load_prices,
        "catalog.prices",
    )
)
DEALERS = register(
    Load(
        "dealers",
        _l("Dealers"),
        _l("Dealer code, name; also city, contact, phone, address, credit limit, opening balance"),
        False,
        lambda data, filename, _first_day: read_dealers(data, filename),
        actions.examine_dealers,
        actions.load_dealers,
        "organizations.dealers",
    )
)
FAULTS = register(
    Load(
        "faults",
        _l("Fault codes"),
        _l("Fault code, what is seen; also product category"),
        False,
        lambda data, filename, _first_day: sheets.read_faults(data, filename),
        actions.examine_faults,
        actions.load_faults,
        "catalog.imports",
    )
)
