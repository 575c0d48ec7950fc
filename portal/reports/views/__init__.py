"""Home (/), the search (/search) and the audit page (/audit)."""

from flask import Blueprint

blueprint = Blueprint("reports", __name__)

from portal.reports.views import audit, home, search, sheets  # noqa: E402

__all__ = ["audit", "blueprint", "home", "search", "sheets"]
