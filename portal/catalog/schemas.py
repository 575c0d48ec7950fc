"""Parts with their prices and fault codes as JSON."""

from __future__ import annotations

from datetime import date

from portal.catalog.models import FaultCode
from portal.catalog.queries import FoundPart
from portal.web.api import Amount, Asked, Day, Given, Line, ListQuery


class PartQuery(ListQuery):
    """Which parts: by number, name, pinyin or model; prices of a day (today when absent; a dealer sees no day to come)."""

    q: Line = ""
    model: Line = ""
    day: Day | None = None


class DayQuery(Asked):
    """Prices of which day; today when absent."""

    day: Day | None = None


class FaultQuery(ListQuery):
    """Which fault codes: by code or name, for a product category."""

    q: Line = ""
    category: Line = ""


class PartOut(Given):
    """A part and what it costs on the day asked: to the dealer, and outside warranty; null where no list prices it."""

    number: str
    name: str
    spec: str
    part_group: str
    unit: str
    category: str | None
    models: list[str]
    must_return: bool
    day: date
    dealer_price: Amount | None
    out_price: Amount | None

    @classmethod
    def of(cls, part: FoundPart, day: date) -> PartOut:
        """From the list's row."""
        return cls(
            number=part.number, name=part.name, spec=part.spec, part_group=part.part_group, unit=part.unit, category=part.category,
            models=list(part.models), must_return=part.must_return, day=day, dealer_price=part.dealer_price, out_price=part.out_price,
        )  # fmt: skip


class FaultOut(Given):
    """A fault code; without a category it is allowed for all (R15)."""

    code: str
    name: str
    category: str | None

    @classmethod
    def of(cls, fault: FaultCode, categories: dict[int, str]) -> FaultOut:
        """From the stored code, with the categories' names."""
        return cls(code=fault.code, name=fault.name, category=categories.get(fault.category_id or 0))
