"""Which steps a claim and its lines take, and what stands in their way (R35, R41, R43)."""

from dataclasses import dataclass, replace

import pytest

from portal.claims import actions
from portal.claims.models import ClaimState, LineState
from portal.claims.workflow import CLAIM, CLAIM_LINE, Case
from portal.core.permissions import Permission
from portal.old_parts.models import Review


@dataclass
class Document:
    """What the guards ask of a claim or a line."""

    state: object


@dataclass
class Person:
    """What the workflow asks of an actor."""

    permissions: frozenset[Permission]


HQ = Person(frozenset({Permission.CLAIM_REVIEW}))
DEALER = Person(frozenset({Permission.CLAIM_SUBMIT, Permission.CLAIM_DRAFT}))
DECISIONS = ("approve", "reduce", "refuse", "want")


def case(**changes) -> Case:
    line, claim = (
        Document(changes.pop("line", LineState.SUBMITTED)),
        Document(changes.pop("claim", ClaimState.SUBMITTED)),
    )
    return replace(Case(line, claim, own_dealer=False, begun=False, blocked=False, review=Review.ACCEPTED), **changes)


@pytest.mark.parametrize("workflow", [CLAIM, CLAIM_LINE])
def test_every_state_is_entered_and_left_and_every_step_has_its_action(workflow):
    for state in type(workflow.starts):
        assert state == workflow.starts or any(step.reaches == state for step in workflow.steps)
        assert state in workflow.ends or any(state in step.leaves for step in workflow.steps)
    assert all(callable(getattr(actions, step.name)) for step in workflow.steps)


@pytest.mark.parametrize("step", DECISIONS)
def test_r43_a_decision_needs_the_permission_to_review(step):
    assert CLAIM_LINE.refusal(step, case(), DEALER) == "permission-missing"
    assert CLAIM_LINE.refusal(step, case(), HQ) is None


@pytest.mark.parametrize("step", DECISIONS)
def test_r43_nobody_decides_against_their_own_dealer(step):
    assert CLAIM_LINE.refusal(step, case(own_dealer=True), HQ) == "own-dealer"


@pytest.mark.parametrize("step", DECISIONS)
@pytest.mark.parametrize("line", [LineState.APPROVED, LineState.REDUCED, LineState.REFUSED, LineState.WANTED])
def test_r43_a_decision_may_be_changed_until_the_claim_is_decided(step, line):
    assert CLAIM_LINE.refusal(step, case(line=line, claim=ClaimState.IN_REVIEW), HQ) is None
    assert CLAIM_LINE.refusal(step, case(line=line, claim=ClaimState.DECIDED), HQ) == "decisions-stand"


@pytest.mark.parametrize("step", DECISIONS)
def test_r43_not_once_the_settlement_day_of_its_month_has_begun(step):
    assert (
        CLAIM_LINE.refusal(step, case(line=LineState.APPROVED, claim=ClaimState.IN_REVIEW, begun=True), HQ)
        == "settlement-begun"
    )


@pytest.mark.parametrize("step", DECISIONS)
def test_a_draft_line_is_nobodys_to_decide(step):
    assert CLAIM_LINE.refusal(step, case(line=LineState.DRAFT, claim=ClaimState.DRAFT), HQ) == "wrong-state"


@pytest.mark.parametrize("review", [Review.PENDING, Review.WANTED, Review.REFUSED])
def test_r35_nothing_is_paid_before_the_old_part_is_accepted_but_it_can_be_refused_or_asked_about(review):
    refusals = {step: CLAIM_LINE.refusal(step, case(review=review), HQ) for step in DECISIONS}
    assert refusals == {
        "approve": "line-old-part-not-accepted",
        "reduce": "line-old-part-not-accepted",
        "refuse": None,
        "want": None,
    }


def test_r41_what_blocks_is_not_paid_but_it_can_be_refused_or_asked_about():
    refusals = {step: CLAIM_LINE.refusal(step, case(blocked=True), HQ) for step in DECISIONS}
    assert refusals == {"approve": "line-blocked", "reduce": "line-blocked", "refuse": None, "want": None}


def test_only_a_wanted_line_is_answered_and_only_by_the_dealer():
    assert CLAIM_LINE.refusal("answer", Document(LineState.WANTED), DEALER) is None
    assert CLAIM_LINE.refusal("answer", Document(LineState.WANTED), HQ) == "permission-missing"
    for state in set(LineState) - {LineState.WANTED}:
        assert CLAIM_LINE.refusal("answer", Document(state), DEALER) == "wrong-state"


def test_a_claim_is_submitted_once():
    assert CLAIM.refusal("submit", Document(ClaimState.DRAFT), DEALER) is None
    for state in set(ClaimState) - {ClaimState.DRAFT}:
        assert CLAIM.refusal("submit", Document(state), DEALER) == "wrong-state"


def test_taking_a_step_moves_the_line_behind_the_case():
    asked = case()
    assert CLAIM_LINE.take("refuse", asked, HQ) == ("submitted", "refused")
    assert asked.line.state is LineState.REFUSED
