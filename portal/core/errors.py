"""Refusals as codes; the words for them stand in each package's labels (architecture.md, section 3)."""

from __future__ import annotations


class PortalError(Exception):
    """Anything that the portal itself raises."""


class NotFound(PortalError):
    """Not there, or not yours: the two look the same (404)."""


class Refused(PortalError):
    """A business act that may not happen now (409, or 422 for what was typed).

    ``code`` names the reason ("short-of-funds"); ``facts`` are what its sentence needs
    (plain str, int, Decimal, date values); ``field`` names the form field it belongs to, if any.
    """

    def __init__(self, code: str, *, field: str | None = None, **facts: object) -> None:
        super().__init__(code)
        self.code, self.facts, self.field = code, facts, field

    def __str__(self) -> str:
        facts = ", ".join(f"{k}={v}" for k, v in self.facts.items())
        return f"{self.code} ({facts})" if facts else self.code
