"""旧件标签."""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar


@dataclass(frozen=True, kw_only=True, slots=True)
class OldPartLabel:
    """One label of 60 × 40 mm for one registration (R30, R34); it names no customer."""

    brand_name: str
    number: str
    url: str
    part_number: str
    part_name: str
    replaced_on: date
    report_by: date
    dealer_code: str
    dealer_name: str
    rule: str = ""
    spec: str = ""
    serial: str = ""
    model: str = ""
    fault: str = ""
    quantity: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class OldPartLabels:
    """Labels for one roll: one to a page."""

    template: ClassVar[str] = "oldpart-label"
    labels: tuple[OldPartLabel, ...]
