"""When may what happen to a fee schedule (R70)."""

from __future__ import annotations

from portal.core.permissions import Actor
from portal.core.permissions import Permission as P
from portal.core.workflow import Step, Workflow
from portal.fees.models import FeeSchedule
from portal.fees.models import FeeState as S


def with_items(schedule: FeeSchedule, actor: Actor) -> str | None:
    """A schedule without items says nothing."""
    return None if schedule.items else "fee-no-items"


FEE_SCHEDULE = Workflow(
    name="fee-schedule",
    starts=S.DRAFT,
    ends=frozenset({S.APPROVED, S.REFUSED}),
    steps=(
        Step("amend", frozenset({S.DRAFT}), S.DRAFT, P.FEE_DRAFT),
        Step("submit", frozenset({S.DRAFT}), S.SUBMITTED, P.FEE_SUBMIT, (with_items,)),
        Step("approve", frozenset({S.SUBMITTED}), S.APPROVED, P.FEE_APPROVE),
        Step("send_back", frozenset({S.SUBMITTED}), S.DRAFT, P.FEE_APPROVE),
        Step("refuse", frozenset({S.SUBMITTED}), S.REFUSED, P.FEE_APPROVE),
    ),
)
WORKFLOW = FEE_SCHEDULE
