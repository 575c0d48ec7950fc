"""Registered products and verdicts as JSON. A customer's name is masked; the rest of the person is never given (R90)."""

from __future__ import annotations

from datetime import date

from portal.warranty.labels import verdict_sentence
from portal.warranty.models import Basis, Use
from portal.warranty.rules import Reason, Verdict
from portal.web.api import Asked, Day, Given, Line, Ref


class VerdictOut(Given):
    """In or out of warranty, with the sentence that says why (R13)."""

    covered: bool
    reason: Reason
    sentence: str
    day: date
    cause: str
    use: Use
    policy_version: str | None
    line_no: int | None
    part_group: str | None
    months: int | None
    basis: Basis | None
    counts_from: date | None
    last_day: date | None

    @classmethod
    def of(cls, verdict: Verdict) -> VerdictOut:
        """From the verdict."""
        return cls(
            covered=verdict.covered, reason=verdict.reason, sentence=verdict_sentence(verdict), day=verdict.day, cause=verdict.cause,
            use=verdict.use, policy_version=verdict.policy_version, line_no=verdict.line_no, part_group=verdict.part_group,
            months=verdict.months, basis=verdict.basis, counts_from=verdict.counts_from, last_day=verdict.last_day,
        )  # fmt: skip

    @classmethod
    def stored(cls, text: str) -> VerdictOut:
        """From what a document stores."""
        return cls.of(Verdict.from_json(text))


class VerdictQuery(Asked):
    """Which verdict: of a part, a cause and a day (today when absent); without a part there is none."""

    part: Ref | None = None
    cause: Line = "quality"
    day: Day | None = None


class ProductOut(Given):
    """A registered product, by its exact serial number."""

    serial: str
    model: str
    category: str | None
    made_on: date | None
    bought_on: date | None
    installed_on: date | None
    use: Use
    customer: str
    own: bool
    verdict: VerdictOut | None
