"""The pages of the catalogue: parts and their prices, price lists, and the files that come in."""

from flask import Blueprint

from portal.ledger import queries as ledger
from portal.organizations import views as organizations

blueprint = Blueprint("catalog", __name__)

from portal.catalog.views import imports, parts, prices, sheets  # noqa: E402

__all__ = ["blueprint", "imports", "parts", "prices", "sheets"]

# The register of dealers shows what their accounts hold; organizations stands below the ledger and is given it here.
organizations.accounts_from(ledger.prepayments)
