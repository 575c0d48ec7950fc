"""服务费收费标准."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import ClassVar

from portal.web.papers.common import BrandHead, DealerHead, PrintInfo


@dataclass(frozen=True, kw_only=True, slots=True)
class FeeItem:
    """One fee; items of one `group` stand together, "" for a schedule without groups."""

    name: str
    unit: str
    amount: Decimal
    group: str = ""
    remark: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class FeeSchedulePaper:
    """服务费收费标准, A4 for the wall (R70). In force from `from_day` until the day before `until_day`, if that is known.

    Without `approved_by` it is printed as a draft that may not be charged. `public_url` is the page that a
    customer may open (R74); "" leaves its QR out.
    """

    template: ClassVar[str] = "fee-schedule"
    brand: BrandHead
    print: PrintInfo
    dealer: DealerHead
    region: str
    from_day: date
    items: tuple[FeeItem, ...]
    until_day: date | None = None
    version: int | None = None
    replaces: date | None = None
    approved_by: str = ""
    approved_on: date | None = None
    public_url: str = ""

    @property
    def grouped(self) -> tuple[tuple[str, tuple[FeeItem, ...]], ...]:
        """The items by group, in the order the groups first come."""
        names = dict.fromkeys(item.group for item in self.items)
        return tuple((name, tuple(item for item in self.items if item.group == name)) for name in names)
