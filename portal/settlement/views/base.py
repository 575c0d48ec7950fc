"""The blueprint that the pages of this package hang on, and how a month stands in an address."""

from __future__ import annotations

from datetime import date

from flask import Blueprint

from portal.core import months
from portal.core.errors import NotFound

blueprint = Blueprint("settlement", __name__)


def month_of(text: str) -> date:
    """2026-10 of an address as its first day; NotFound for anything else."""
    try:
        return months.parse(text)
    except ValueError as error:
        raise NotFound from error
