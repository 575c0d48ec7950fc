"""The states of a settlement and whose eyes each step needs (R2, R51)."""

from __future__ import annotations

from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from portal.core.errors import Refused
from portal.core.permissions import Actor
from portal.core.permissions import Permission as P
from portal.core.scope import Scope
from portal.settlement import actions
from portal.settlement.models import SettlementState as S
from portal.settlement.workflow import SETTLEMENT

ALL = frozenset({P.SETTLEMENT_PREPARE, P.SETTLEMENT_CHECK, P.SETTLEMENT_POST})


def actor(login: int | None, *, may: frozenset[P] = ALL) -> Actor:
    return Actor(Scope(1), "a", ZoneInfo("Asia/Shanghai"), may, login_id=login)


def document(state: S, *, prepared: int | None = None, checked: int | None = None) -> SimpleNamespace:
    return SimpleNamespace(state=state, prepared_login=prepared, checked_login=checked)


def test_every_state_is_entered_and_left_and_every_step_has_its_action():
    reached = {step.reaches for step in SETTLEMENT.steps} | {SETTLEMENT.starts}
    left = {state for step in SETTLEMENT.steps for state in step.leaves}
    assert reached == set(S)
    assert left == set(S) - SETTLEMENT.ends
    assert all(callable(getattr(actions, step.name)) for step in SETTLEMENT.steps)


@pytest.mark.parametrize(
    ("step", "found", "login", "why"),
    [
        ("check", document(S.PREPARED, prepared=1), 1, "you-prepared-it"),
        ("check", document(S.PREPARED, prepared=1), 2, None),
        ("check", document(S.PREPARED, prepared=None), 1, None),
        ("check", document(S.PREPARED), None, "needs-a-person"),
        ("check", document(S.CHECKED), 1, "wrong-state"),
        ("post", document(S.CHECKED, prepared=1, checked=2), 1, "you-prepared-it"),
        ("post", document(S.CHECKED, prepared=1, checked=2), 2, "you-checked-it"),
        ("post", document(S.CHECKED, prepared=1, checked=2), 3, None),
        ("post", document(S.CHECKED, prepared=None, checked=2), 3, None),
        ("post", document(S.CHECKED, checked=2), None, "needs-a-person"),
        ("post", document(S.PREPARED), 3, "wrong-state"),
        ("send_back", document(S.CHECKED), 3, None),
        ("send_back", document(S.PREPARED), 3, "wrong-state"),
        ("prepare", document(S.CHECKED, checked=2), 2, None),
        ("prepare", document(S.POSTED), 2, "wrong-state"),
        ("exclude", document(S.POSTED), 2, "wrong-state"),
    ],
)
def test_R2_R51_who_may_take_which_step_from_where(step, found, login, why):
    assert SETTLEMENT.refusal(step, found, actor(login)) == why


@pytest.mark.parametrize("step", [step.name for step in SETTLEMENT.steps])
def test_a_step_needs_its_permission_first(step):
    found = document(S.CHECKED)
    with pytest.raises(Refused) as refused:
        SETTLEMENT.take(step, found, actor(9, may=frozenset()))
    assert refused.value.code == "permission-missing"
    assert found.state == S.CHECKED
