"""The pages of claims: lists, the dealer's form, HQ's review, the paper."""

from flask import Blueprint

blueprint = Blueprint("claims", __name__, url_prefix="/claims")

from portal.claims.views import drafting, lists, review, sheets, taking_in  # noqa: E402, F401 - they hang their pages on the blueprint

__all__ = ["blueprint"]
