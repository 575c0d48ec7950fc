"""The road of a fee schedule."""

from __future__ import annotations

from portal.core.permissions import Permission
from portal.fees import actions
from portal.fees.models import FeeState
from portal.fees.workflow import WORKFLOW
from portal.identity.roles import HOLDS, Role


def test_every_state_is_entered_and_left():
    entered = {step.reaches for step in WORKFLOW.steps} | {WORKFLOW.starts}
    left = {state for step in WORKFLOW.steps for state in step.leaves} | WORKFLOW.ends
    assert entered == left == set(FeeState)


def test_every_step_has_an_action_of_its_name():
    assert [step.name for step in WORKFLOW.steps if not callable(getattr(actions, step.name, None))] == []


def test_clerks_draft_dealer_managers_submit_and_the_after_sales_manager_decides_r70():
    def holders(permission: Permission) -> set[Role]:
        return {role for role, held in HOLDS.items() if permission in held}

    assert holders(Permission.FEE_DRAFT) == {Role.DEALER_CLERK, Role.DEALER_MANAGER}
    assert holders(Permission.FEE_SUBMIT) == {Role.DEALER_MANAGER}
    assert holders(Permission.FEE_APPROVE) == {Role.HQ_MANAGER}
