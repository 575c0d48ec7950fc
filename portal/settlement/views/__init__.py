"""Pages: months being settled, dealers' statements, dealers' accounts, closing months."""

from portal.settlement.views import accounts, closing, lines, months, sheets, statements
from portal.settlement.views.base import blueprint

__all__ = ["accounts", "blueprint", "closing", "lines", "months", "sheets", "statements"]
