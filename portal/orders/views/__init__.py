"""The pages of orders (prefix /orders): lists, the application, the document, quoting, debits, shipping, receiving, own parts."""

from flask import Blueprint

blueprint = Blueprint("orders", __name__, url_prefix="/orders")

from portal.orders.views import asking, debits, document, holdings, lists, quoting, receiving, sheets, shipping, steps  # noqa: E402

__all__ = [
    "asking",
    "blueprint",
    "debits",
    "document",
    "holdings",
    "lists",
    "quoting",
    "receiving",
    "sheets",
    "shipping",
    "steps",
]
