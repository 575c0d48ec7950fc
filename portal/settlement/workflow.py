"""When a settlement may be prepared again, checked, sent back and posted (R51), and by whose eyes (R2); a statement's answers (R53)."""

from __future__ import annotations

from portal.core.permissions import Actor
from portal.core.permissions import Permission as P
from portal.core.workflow import Step, Workflow
from portal.settlement.models import Settlement
from portal.settlement.models import SettlementState as S
from portal.settlement.models import StatementState as T


def a_person(_document: object, actor: Actor) -> str | None:
    """Checking, posting and answering are a person's; only preparing may be the system's."""
    return "needs-a-person" if actor.is_system else None


def the_system(_settlement: Settlement, actor: Actor) -> str | None:
    """R51: posting by itself, by term, is nobody's button."""
    return None if actor.is_system else "system-only"


def prepared_by_the_system(settlement: Settlement, _actor: Actor) -> str | None:
    """R2: what a person prepared, other people check and post."""
    return None if settlement.prepared_login is None else "you-prepared-it"


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
        Step("post_alone", frozenset({S.PREPARED}), S.POSTED, P.SETTLEMENT_POST, (the_system, prepared_by_the_system)),
        Step("send_back", frozenset({S.CHECKED}), S.PREPARED, P.SETTLEMENT_POST),
        Step("prepare", frozenset({S.PREPARED, S.CHECKED}), S.PREPARED, P.SETTLEMENT_PREPARE),
        Step("exclude", frozenset({S.PREPARED, S.CHECKED}), S.PREPARED, P.SETTLEMENT_PREPARE),
    ),
)
WORKFLOW = SETTLEMENT

# The time to confirm or dispute is asked beside it: ``rules.reply`` (a guard knows no clock). After a dispute is answered
# the dealer is asked again, with a time of its own.
STATEMENT = Workflow(
    name="statement",
    starts=T.OPEN,
    ends=frozenset({T.CONFIRMED}),
    steps=(
        Step("confirm", frozenset({T.OPEN}), T.CONFIRMED, P.STATEMENT_CONFIRM, (a_person,)),
        Step("dispute", frozenset({T.OPEN}), T.DISPUTED, P.STATEMENT_CONFIRM, (a_person,)),
        Step("answer", frozenset({T.DISPUTED}), T.OPEN, P.STATEMENT_ANSWER, (a_person,)),
    ),
)
