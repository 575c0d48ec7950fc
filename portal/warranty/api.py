"""Registered products with the warranty verdict, for other programs (R13)."""

from __future__ import annotations

from portal.catalog import queries as catalog
from portal.core.errors import NotFound
from portal.core.permissions import Permission as P
from portal.warranty import queries
from portal.warranty.schemas import ProductOut, VerdictOut, VerdictQuery
from portal.web.api import Api, Call

api = Api("warranty", tag="products", words="Registered products and what is covered.")


@api.reads("/products/<serial>", P.PRODUCT_READ, gives=ProductOut)
def product(call: Call, serial: str, query: VerdictQuery) -> ProductOut:
    """A product by its exact serial number; with a part, whether it is covered.

    A product that another dealer serves is shown without a verdict (`own` is false). The customer's name is masked.
    """
    seen = queries.sight(call.session, serial)
    if seen is None:
        raise NotFound
    verdict = None
    if query.part is not None and seen.own:
        found, part = queries.product(call.session, serial), catalog.part(call.session, query.part)
        on = query.day or call.actor.day(call.at)
        verdict = VerdictOut.of(queries.verdict(call.session, found, part, query.cause, on=on))
    return ProductOut(
        serial=seen.serial, model=seen.model, category=seen.category, made_on=seen.made_on, bought_on=seen.bought_on,
        installed_on=seen.installed_on, use=seen.use, customer=seen.customer, own=seen.own, verdict=verdict,
    )  # fmt: skip
