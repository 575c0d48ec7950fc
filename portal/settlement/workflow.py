"""When a settlement may be prepared again, checked, sent back and posted (R51), and by whose eyes (R2)."""

from __future__ import annotations

from portal.core.permissions import Actor
from portal.core.permissions import Permission as P
from portal.core.workflow import Step, Workflow
from portal.settlement.models import Settlement
from portal.settlement.models import SettlementState as S


def a_person(_settlement: Settlement, actor: Actor) -> str | None:
    """Checking and posting are a person's; only preparing may be the system's."""
    return "needs-a-person" if actor.is_system else None


def not_the_preparer(settlement: Settlement, actor: Actor) -> str | None:
    """R2: two pairs of eyes. A settlement that the system prepared (no login) excludes nobody."""
    return (
        "you-prepared-it"
        if settlement.prepared_login is not None and settlement.prepared_login == actor.login_id
        else None
    )


def not_the_checker(settlement: Settlement, actor: Actor) -> str | None:
    """R51: who posts has not checked it either."""
    return (
        "you-checked-it"
        if settlement.checked_login is not None and settlement.checked_login == actor.login_id
        else None
    )


SETTLEMENT = Workflow(
    name="settlement",
    starts=S.PREPARED,
    ends=frozenset({S.POSTED}),
    steps=(
        Step("check", frozenset({S.PREPARED}), S.CHECKED, P.SETTLEMENT_CHECK, (a_person, not_the_preparer)),
        Step(
            "post", frozenset({S.CHECKED}), S.POSTED, P.SETTLEMENT_POST, (a_person, not_the_preparer, not_the_checker)
        ),
        Step("send_back", frozenset({S.CHECKED}), S.PREPARED, P.SETTLEMENT_POST),
        Step("prepare", frozenset({S.PREPARED, S.CHECKED}), S.PREPARED, P.SETTLEMENT_PREPARE),
        Step("exclude", frozenset({S.PREPARED, S.CHECKED}), S.PREPARED, P.SETTLEMENT_PREPARE),
    ),
)
WORKFLOW = SETTLEMENT
