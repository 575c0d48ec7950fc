"""Headquarters' review of a reported old part (R35), and nobody against a dealer they belong to."""

import pytest

from portal.core.errors import NotFound, Refused
from portal.identity import actions as identity
from portal.identity.roles import Role
from portal.old_parts import actions, queries
from portal.old_parts.models import OldPartState, Review
from tests.factories.world import at, picture
from tests.old_parts.test_actions import refused, state

NOON = at("2026-10-11 12:00")


@pytest.fixture
def number(world):
    """D001's reported old part."""
    world.received_order(world.d1, {"P1": 4})
    return world.reported_old_part(world.d1)


def review(world, number, decision, reason="", *, seen=None, actor=None):
    actor = actor or world.hq.clerk
    with world.as_(actor) as session:
        return actions.review(session, actor, number, decision=decision, reason=reason, seen=seen, at=NOON)


def answer(world, number, note="重拍了铭牌"):
    with world.as_(world.d1.clerk) as session:
        return actions.answer(session, world.d1.clerk, number, note=note, at=NOON)


def test_R35_accepted_with_who_and_when(world, number):
    old = review(world, number, Review.ACCEPTED)
    assert (old.review, old.reviewed_at, old.reviewed_by, old.review_reason) == (
        Review.ACCEPTED,
        NOON,
        world.hq.clerk.name,
        None,
    )
    assert old.state is OldPartState.REPORTED


@pytest.mark.parametrize("decision", [Review.WANTED, Review.REFUSED])
def test_R35_more_or_no_needs_a_reason(world, number, decision):
    assert refused(world, lambda: review(world, number, decision, "   ")).code == "reason-needed"
    assert review(world, number, decision, "铭牌看不清").review_reason == "铭牌看不清"


def test_R35_more_is_wanted_the_dealer_sends_photos_and_answers_and_it_waits_again(world, number):
    assert refused(world, lambda: answer(world, number)).code == "wrong-state"
    review(world, number, Review.WANTED, "铭牌看不清")
    with world.as_(world.d1.technician) as session:
        before = queries.photos(session, queries.old_part(session, number))
        actions.add_photo(session, world.d1.technician, number, data=picture(77), slot="nameplate", at=NOON)
        after = queries.photos(session, queries.old_part(session, number))
        assert len(after) == len(before) + 1  # what headquarters has seen stays
    assert refused(world, lambda: answer(world, number, " ")).code == "answer-missing"
    old = answer(world, number)
    assert (old.review, old.answer, old.review_reason) == (Review.PENDING, "重拍了铭牌", "铭牌看不清")
    assert review(world, number, Review.ACCEPTED).review is Review.ACCEPTED


def test_R35_only_what_was_reported_is_reviewed(world):
    world.received_order(world.d1, {"P1": 1})
    registered = world.registered_old_part(world.d1)
    assert refused(world, lambda: review(world, registered, Review.ACCEPTED)).code == "not-reported"


def test_R35_a_dealer_reviews_nothing(world, number):
    assert (
        refused(world, lambda: review(world, number, Review.ACCEPTED, actor=world.d1.manager)).code
        == "permission-missing"
    )
    with pytest.raises(NotFound):
        review(world, number, Review.ACCEPTED, actor=world.d2.manager)


def test_nobody_reviews_against_a_dealer_they_belong_to(world, number):
    clerk = world.hq.clerk
    with world.as_(world.hq.admin) as session:
        identity.add_member(
            session, world.hq.admin, login_id=clerk.login_id, login="two-places", name=clerk.name, roles=[Role.DEALER_CLERK.value],
            dealer_id=world.d1.id, at=NOON,
        )  # fmt: skip
    for decision in (Review.ACCEPTED, Review.WANTED, Review.REFUSED):
        assert refused(world, lambda decision=decision: review(world, number, decision, "x")).code == "own-dealer"
    assert review(world, number, Review.ACCEPTED, actor=world.hq.manager).review is Review.ACCEPTED


def test_R35_a_review_is_changed_until_its_claim_line_is_decided(world, number):
    review(world, number, Review.ACCEPTED)
    review(world, number, Review.REFUSED, "看错了")
    review(world, number, Review.ACCEPTED)
    claim = world.submitted_claim(world.d1, [number])
    review(world, number, Review.WANTED, "再看一眼")
    review(world, number, Review.ACCEPTED)
    from portal.claims import actions as claims

    with world.as_(world.hq.clerk) as session:
        claims.approve(session, world.hq.clerk, claim, positions=[1], at=at("2026-10-21 09:00"))
    for decision in (Review.WANTED, Review.REFUSED):
        assert refused(world, lambda decision=decision: review(world, number, decision, "x")).code == "claim-decided"


def test_two_reviewers_at_once_the_second_is_told(world, number):
    review(world, number, Review.ACCEPTED, seen=2)
    assert refused(world, lambda: review(world, number, Review.REFUSED, "x", seen=2)).code == "changed-meanwhile"
    assert refused(world, lambda: review(world, number, Review.ACCEPTED)).code == "wrong-state"


def test_many_at_once_are_accepted_all_or_none(world, number):
    numbers = [number, world.reported_old_part(world.d1), world.reported_old_part(world.d1)]

    def accept(chosen):
        with world.as_(world.hq.clerk) as session:
            return [old.number for old in actions.accept_many(session, world.hq.clerk, chosen, at=NOON)]

    registered = world.registered_old_part(world.d1)
    error = refused(world, lambda: accept([*numbers, registered]))
    assert (error.code, error.facts) == ("one-not-accepted", {"number": registered, "why": "not-reported"})
    assert refused(world, lambda: accept([])).code == "none-chosen"
    before = state(world)
    with pytest.raises(NotFound):
        accept([*numbers, "OP0000-0000"])
    assert state(world) == before
    assert accept(numbers[::-1]) == numbers
    with world.as_(world.hq.clerk) as session:
        assert {queries.old_part(session, each).review for each in numbers} == {Review.ACCEPTED}


def test_a_decision_that_is_none_is_a_mistake_of_the_caller(world, number):
    with pytest.raises(ValueError, match="pending"):
        review(world, number, Review.PENDING)


def test_the_three_decisions_have_their_own_names(world, number):
    clerk = world.hq.clerk
    with world.as_(clerk) as session:
        assert actions.want(session, clerk, number, reason="a", at=NOON).review is Review.WANTED
        assert actions.refuse(session, clerk, number, reason="b", at=NOON).review is Review.REFUSED
        assert actions.accept(session, clerk, number, at=NOON).review is Review.ACCEPTED
        with pytest.raises(Refused):
            actions.accept(session, clerk, number, at=NOON)
