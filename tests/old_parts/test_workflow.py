"""Which steps an old part and its review take (R30, R33, R35, R36)."""

from dataclasses import dataclass, replace

import pytest

from portal.core.errors import Refused
from portal.core.permissions import Permission
from portal.old_parts import actions
from portal.old_parts.models import OldPartState, Review
from portal.old_parts.workflow import OLD_PART, REVIEW, Reviewing


@dataclass
class Part:
    """What the guards ask of an old part."""

    state: OldPartState = OldPartState.REGISTERED
    review: Review = Review.PENDING
    photo_count: int = 1
    claim_line: str | None = None


@dataclass
class Person:
    """What the workflow asks of an actor."""

    permissions: frozenset[Permission]


DEALER = Person(frozenset({Permission.OLD_PART_REGISTER}))
HQ = Person(frozenset({Permission.OLD_PART_REVIEW}))


@pytest.mark.parametrize("workflow", [OLD_PART, REVIEW])
def test_every_state_is_entered_and_left_and_every_step_has_its_action(workflow):
    states = type(workflow.starts)
    for state in states:
        assert state == workflow.starts or any(step.reaches == state for step in workflow.steps)
        assert state in workflow.ends or any(state in step.leaves for step in workflow.steps)
    assert all(callable(getattr(actions, step.name)) for step in workflow.steps)


def test_R30_nothing_is_reported_without_a_photo():
    assert OLD_PART.refusal("report", Part(photo_count=0), DEALER) == "no-photos"
    assert OLD_PART.refusal("report", Part(), DEALER) is None
    assert OLD_PART.refusal("report", Part(), HQ) == "permission-missing"
    assert OLD_PART.refusal("report", Part(state=OldPartState.REPORTED), DEALER) == "wrong-state"


@pytest.mark.parametrize("line", ["draft", "submitted", "approved", "refused"])
def test_R33_what_a_claim_line_rests_on_is_not_withdrawn(line):
    reported = Part(state=OldPartState.REPORTED)
    assert OLD_PART.refusal("withdraw", replace(reported, claim_line=line), DEALER) == "on-claim"
    assert OLD_PART.refusal("withdraw", reported, DEALER) is None
    assert OLD_PART.refusal("withdraw", replace(reported, state=OldPartState.WITHDRAWN), DEALER) == "wrong-state"


@pytest.mark.parametrize("step", ["accept", "want", "refuse"])
def test_R35_only_reported_parts_of_other_dealers_with_an_undecided_claim_are_reviewed(step):
    reported = Part(state=OldPartState.REPORTED)
    assert REVIEW.refusal(step, Reviewing(reported), HQ) is None
    assert REVIEW.refusal(step, Reviewing(Part()), HQ) == "not-reported"
    assert REVIEW.refusal(step, Reviewing(reported, serves=True), HQ) == "own-dealer"
    assert REVIEW.refusal(step, Reviewing(reported), DEALER) == "permission-missing"
    for decided in ("approved", "reduced", "refused"):
        assert REVIEW.refusal(step, Reviewing(replace(reported, claim_line=decided)), HQ) == "claim-decided"
    for open_line in ("draft", "submitted", "wanted"):
        assert REVIEW.refusal(step, Reviewing(replace(reported, claim_line=open_line)), HQ) is None


def test_R35_the_review_stands_beside_the_state():
    part = Part(state=OldPartState.REPORTED)
    assert REVIEW.take("want", Reviewing(part), HQ) == ("pending", "wanted")
    assert (part.state, part.review) == (OldPartState.REPORTED, Review.WANTED)
    assert REVIEW.take("answer", Reviewing(part), DEALER) == ("wanted", "pending")
    with pytest.raises(Refused):
        REVIEW.take("answer", Reviewing(part), DEALER)
