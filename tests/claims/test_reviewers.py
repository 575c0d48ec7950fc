"""Who decides and who may not; of two at once one has an effect and the other is told (R35, R43)."""

import threading
from datetime import date

import pytest
from sqlalchemy import select

from portal.claims import actions, queries
from portal.core.audit import AuditEvent
from portal.core.db import db, unit_of_work
from portal.core.errors import NotFound, Refused
from portal.identity import actions as identity
from portal.identity import queries as identity_queries
from portal.identity.roles import Role
from portal.old_parts import actions as old_parts
from portal.old_parts.models import Review
from tests.claims.deciding import claim_of_five, decide, figures, layered_shelf, stamp
from tests.claims.kit import TEN, lines, refused, yuan


@pytest.fixture
def shelf(world):
    return layered_shelf(world)


@pytest.fixture
def submitted(shelf):
    return claim_of_five(shelf)


def test_r43_nobody_reviews_against_a_dealer_they_belong_to(submitted):
    """AZ4."""
    clerk = submitted.hq.clerk
    with unit_of_work(submitted.hq.system.scope) as session:
        identity.add_member(
            session, submitted.hq.system, login_id=clerk.login_id, login=f"x{clerk.login_id}", name="林晓燕",
            roles=[Role.DEALER_CLERK.value], dealer_id=submitted.d1.id, at=TEN,
        )  # fmt: skip
    with db.engine.begin() as connection:
        assert len(identity_queries.places(connection, clerk.login_id)) == 2
    for name, how in (
        ("approve", {}), ("reduce", {"quantity": 1, "reason": "x"}), ("refuse", {"code": "EW", "reason": "x"}), ("want", {"reason": "x"}),
    ):  # fmt: skip
        refused(submitted, lambda name=name, how=how: decide(submitted, name, [1], **how), "own-dealer")
    decide(submitted, "approve", [1], who=submitted.hq.manager)
    assert lines(submitted, "RC2610-0001")[0].decided_by == "韩建国"


@pytest.mark.parametrize("who", ["finance", "finance_manager", "warehouse", "admin", "auditor"])
def test_r43_only_after_sales_decides(submitted, who):
    refused(submitted, lambda: decide(submitted, "approve", [1], who=getattr(submitted.hq, who)), "permission-missing")


def test_r43_a_dealer_decides_nothing(submitted):
    refused(submitted, lambda: decide(submitted, "approve", [1], who=submitted.d1.manager), "permission-missing")
    with pytest.raises(NotFound):
        decide(submitted, "approve", [1], number="RC9999-0001")


def test_r43_two_reviewers_at_once_have_one_effect_and_the_other_is_told(submitted, app):
    begun, told = threading.Event(), []

    def second():
        with app.app_context():
            begun.wait(10)
            try:
                decide(submitted, "refuse", [1], code="EW", reason="超期", who=submitted.hq.manager)
            except Refused as error:
                told.append((error.code, error.facts["line"], error.facts["by"], error.facts["state"]))

    thread = threading.Thread(target=second)
    thread.start()
    with submitted.as_(submitted.hq.clerk) as session:
        actions.approve(session, submitted.hq.clerk, "RC2610-0001", positions=[1], at=TEN)
        begun.set()
    thread.join(20)
    assert told == [("decided-meanwhile", 1, "林晓燕", "approved")]
    assert figures(submitted, 1) == ("approved", yuan("62.50"), 5, date(2026, 10, 1))
    with submitted.as_(submitted.hq.auditor) as session:
        assert session.scalars(
            select(AuditEvent.act).where(AuditEvent.act.in_(["claim:approve", "claim:refuse"]))
        ).all() == ["claim:approve"]


def test_r43_who_decides_on_what_is_no_longer_there_is_told_whatever_they_wanted(submitted):
    before = stamp(submitted, 1)
    decide(submitted, "want", [1], reason="请补拍")
    asked = stamp(submitted, 1)
    refused(submitted, lambda: decide(submitted, "approve", [1], seen=before), "decided-meanwhile")
    with submitted.as_(submitted.d1.clerk) as session:
        actions.answer(session, submitted.d1.clerk, "RC2610-0001", position=1, answer="好", at=TEN)
    refused(submitted, lambda: decide(submitted, "refuse", [1], code="EW", reason="x", seen=asked), "decided-meanwhile")
    decide(submitted, "approve", [1])


def test_r35_a_review_cannot_be_taken_back_while_its_line_is_being_approved(submitted, app):
    """The approval holds the registration's lock: the review that comes second finds the line decided."""
    with submitted.as_(submitted.hq.clerk) as session:
        number = queries.line_rows(session, queries.claim(session, "RC2610-0001").id)[0].old_part
    begun, told = threading.Event(), []

    def second():
        with app.app_context():
            begun.wait(10)
            try:
                with submitted.as_(submitted.hq.manager) as session:
                    old_parts.review(session, submitted.hq.manager, number, decision=Review.REFUSED, reason="x", at=TEN)
            except Refused as error:
                told.append(error.code)

    thread = threading.Thread(target=second)
    thread.start()
    with submitted.as_(submitted.hq.clerk) as session:
        actions.approve(session, submitted.hq.clerk, "RC2610-0001", positions=[1], at=TEN)
        begun.set()
    thread.join(20)
    assert told == ["claim-decided"]


def test_an_answer_needs_words_a_wanted_line_and_its_own_dealer(submitted):
    decide(submitted, "want", [1], reason="请补拍")

    def answer(position=1, words="好", who=None):
        actor = who or submitted.d1.clerk
        with submitted.as_(actor) as session:
            actions.answer(session, actor, "RC2610-0001", position=position, answer=words, at=TEN)

    refused(submitted, lambda: answer(words="  "), "answer-missing")
    refused(submitted, lambda: answer(position=2), "wrong-state")
    refused(submitted, lambda: answer(position=9), "line-unknown")
    refused(submitted, lambda: answer(who=submitted.d1.technician), "permission-missing")
    refused(submitted, lambda: answer(who=submitted.hq.system), "permission-missing")
    with pytest.raises(NotFound):
        answer(who=submitted.d2.clerk)
