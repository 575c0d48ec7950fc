"""The pages of old parts: the list, registering on the phone, one document, headquarters' review, labels."""

from portal.old_parts.views import document, lists, registering, reviewing, sheets
from portal.old_parts.views.base import blueprint

__all__ = ["blueprint", "document", "lists", "registering", "reviewing", "sheets"]
