"""HQ's side: decisions line by line or many at once, to the fen, and who may not (R35, R43, R50)."""

import threading
from datetime import date

import pytest
from sqlalchemy import event, func, select, text
from sqlalchemy.exc import IntegrityError

from portal.claims import actions, queries
from portal.core.audit import AuditEvent
from portal.core.db import db, unit_of_work
from portal.core.errors import NotFound, Refused
from portal.core.terms import TermValue
from portal.identity import actions as identity
from portal.identity import queries as identity_queries
from portal.identity.roles import Role
from portal.ledger.models import Posting
from portal.old_parts import actions as old_parts
from portal.old_parts.models import Allocation, Review
from tests.claims.kit import TEN, at, claim, lines, refused, states, used, yuan


@pytest.fixture
def shelf(world):
    """D001 holds P1: two bought on 5 Oct, then four bought on 8 Oct; and three P2."""
    world.received_order(world.d1, {"P1": 2, "P2": 3})
    world.received_order(world.d1, {"P1": 4}, when="2026-10-08 09:00")
    return world


@pytest.fixture
def submitted(shelf):
    """RC2610-0001: 1 = five P1 (62.50), 2 = one P2 (100.00), 3 = one P2 (100.00), all reviewed."""
    numbers = [
        shelf.reviewed_old_part(shelf.d1, part="P1", quantity=5, replaced="2026-10-10"),
        shelf.reviewed_old_part(shelf.d1, part="P2", replaced="2026-10-11"),
        shelf.reviewed_old_part(shelf.d1, part="P2", replaced="2026-10-12"),
    ]
    assert shelf.submitted_claim(shelf.d1, numbers) == "RC2610-0001"
    return shelf


def decide(world, name, positions, *, number="RC2610-0001", who=None, when=TEN, **how):
    actor = who or world.hq.clerk
    with world.as_(actor) as session:
        return getattr(actions, name)(session, actor, number, positions=positions, at=when, **how)


def stamp(world, position, number="RC2610-0001"):
    with world.as_(world.hq.clerk) as session:
        return next(
            row.stamp
            for row in queries.line_rows(session, queries.claim(session, number).id)
            if row.position == position
        )


def figures(world, position, number="RC2610-0001"):
    line = lines(world, number)[position - 1]
    return line.state.value, line.approved, line.approved_quantity, line.pays_in


def test_r43_an_approved_line_is_approved_in_full_and_knows_when_it_is_paid(submitted):
    decide(submitted, "approve", [2])
    line = lines(submitted, "RC2610-0001")[1]
    assert figures(submitted, 2) == ("approved", yuan("100.00"), 1, date(2026, 10, 1))
    assert (line.decision_code, line.decision_reason, line.decided_by, line.decided_at) == ("FWC", None, "林晓燕", TEN)
    assert claim(submitted, "RC2610-0001").state.value == "in-review"


@pytest.mark.parametrize(
    ("when", "pays"),
    [
        ("2026-11-02 23:59:59", date(2026, 10, 1)),
        ("2026-11-03 00:00:00", date(2026, 11, 1)),
        ("2026-12-02 23:59:59", date(2026, 11, 1)),
        ("2026-12-03 00:00:00", date(2026, 12, 1)),
    ],
)
def test_r50_an_approval_pays_in_the_first_month_whose_settlement_day_has_not_begun(submitted, when, pays):
    decide(submitted, "approve", [1], when=at(when))
    assert figures(submitted, 1)[3] == pays


def test_r50_a_brand_in_another_zone_has_its_own_midnight(app):
    from tests.factories.world import make_world

    world = make_world(zone="UTC")
    world.received_order(world.d1, {"P1": 2})
    first, second = (world.reviewed_old_part(world.d1, replaced=day) for day in ("2026-10-10", "2026-10-11"))
    number = world.submitted_claim(world.d1, [first, second])
    decide(world, "approve", [1], number=number, when=at("2026-11-03 07:59:59"))  # 2 Nov 23:59:59 UTC
    decide(world, "approve", [2], number=number, when=at("2026-11-03 08:00:00"))
    assert [figures(world, position, number)[3] for position in (1, 2)] == [date(2026, 10, 1), date(2026, 11, 1)]


def test_r50_the_settlement_day_is_the_term_of_the_month_in_which_it_lies(submitted):
    with submitted.as_(submitted.hq.manager) as session:
        session.add(TermValue(name="settlement.day", from_day=date(2026, 11, 1), value=10, set_at=TEN, set_by="x"))
    decide(submitted, "approve", [1], when=at("2026-11-09 23:59"))
    decide(submitted, "approve", [2], when=at("2026-11-10 00:00"))
    assert [figures(submitted, position)[3] for position in (1, 2)] == [date(2026, 10, 1), date(2026, 11, 1)]


def test_r43_a_cut_quantity_returns_the_newest_bought_pieces_to_their_layers(submitted):
    """Five P1 were taken: two of the first layer, three of the second."""
    assert used(submitted, submitted.d1) == [2, 2, 3]
    decide(submitted, "reduce", [1], quantity=3, code="PWA", reason="只认三件")
    assert figures(submitted, 1) == ("reduced", yuan("37.50"), 3, date(2026, 10, 1))
    assert used(submitted, submitted.d1) == [2, 2, 1]
    with submitted.as_(submitted.hq.clerk) as session:
        assert session.scalars(select(Allocation.returned).order_by(Allocation.id).limit(2)).all() == [0, 2]


def test_r43_a_cut_amount_and_a_refusal_leave_the_pieces_used(submitted):
    decide(submitted, "reduce", [1], amount=yuan("60.01"), code="EPC", reason="价格超限")
    decide(submitted, "refuse", [2], code="CDR", reason="人为损坏")
    assert figures(submitted, 1) == ("reduced", yuan("60.01"), 5, date(2026, 10, 1))
    assert figures(submitted, 2) == ("refused", None, None, None)
    assert used(submitted, submitted.d1) == [2, 2, 3]
    line = lines(submitted, "RC2610-0001")[1]
    assert (line.decision_code, line.decision_reason) == ("CDR", "人为损坏")


@pytest.mark.parametrize(("quantity", "amount"), [(0, None), (5, None), (6, None), (-1, None)])
def test_r43_a_cut_quantity_is_less_but_not_nothing(submitted, quantity, amount):
    refused(
        submitted,
        lambda: decide(submitted, "reduce", [1], quantity=quantity, code="PWA", reason="x"),
        "reduce-quantity",
    )


@pytest.mark.parametrize("amount", ["0.00", "62.50", "62.51", "-1.00"])
def test_r43_a_cut_amount_is_less_but_not_nothing(submitted, amount):
    refused(
        submitted,
        lambda: decide(submitted, "reduce", [1], amount=yuan(amount), code="PWA", reason="x"),
        "reduce-amount",
    )


def test_r43_a_reduction_says_either_pieces_or_yuan(submitted):
    refused(submitted, lambda: decide(submitted, "reduce", [1], code="PWA", reason="x"), "reduce-how")
    refused(
        submitted,
        lambda: decide(submitted, "reduce", [1], quantity=1, amount=yuan(1), code="PWA", reason="x"),
        "reduce-how",
    )


def test_r43_what_is_not_approved_in_full_needs_a_code_and_a_sentence(submitted):
    refused(submitted, lambda: decide(submitted, "reduce", [1], quantity=1, code="PWA", reason="  "), "reason-needed")
    refused(submitted, lambda: decide(submitted, "reduce", [1], quantity=1, code="FWC", reason="x"), "code-unknown")
    refused(submitted, lambda: decide(submitted, "refuse", [1], code="EW", reason=""), "reason-needed")
    refused(submitted, lambda: decide(submitted, "refuse", [1], code="PWA", reason="x"), "code-unknown")
    refused(submitted, lambda: decide(submitted, "refuse", [1], code="nonsense", reason="x"), "code-unknown")
    refused(submitted, lambda: decide(submitted, "want", [1], reason=" "), "reason-needed")


def test_r43_many_lines_are_decided_at_once_or_not_at_all(submitted):
    refused(
        submitted, lambda: decide(submitted, "reduce", [1, 2], quantity=1, code="PWA", reason="x"), "reduce-quantity"
    )
    refused(submitted, lambda: decide(submitted, "approve", [1, 9]), "line-unknown")
    refused(submitted, lambda: decide(submitted, "approve", []), "none-chosen")
    decide(submitted, "approve", [3, 1, 3])
    assert states(submitted, "RC2610-0001") == ["approved", "submitted", "approved"]


def test_r43_the_claim_is_in_review_while_a_line_is_open_and_decided_with_the_last(submitted):
    decide(submitted, "approve", [1])
    decide(submitted, "want", [2], reason="请补拍铭牌")
    decide(submitted, "approve", [3])
    found = claim(submitted, "RC2610-0001")
    assert (found.state.value, found.decided_at) == ("in-review", None)
    with submitted.as_(submitted.d1.clerk) as session:
        actions.answer(
            session, submitted.d1.clerk, "RC2610-0001", position=2, answer=" 已补拍 ", at=at("2026-10-21 09:00")
        )
    assert states(submitted, "RC2610-0001") == ["approved", "submitted", "approved"]
    line = lines(submitted, "RC2610-0001")[1]
    assert (line.answer, line.decision_reason, line.decided_at) == ("已补拍", "请补拍铭牌", None)
    decide(submitted, "refuse", [2], code="IIS", reason="仍看不清", when=at("2026-10-22 09:00"))
    found = claim(submitted, "RC2610-0001")
    assert (found.state.value, found.decided_at) == ("decided", at("2026-10-22 09:00"))


def test_r43_all_lines_at_once_decide_the_claim_at_once(submitted):
    decide(submitted, "approve", [1, 2, 3])
    assert claim(submitted, "RC2610-0001").state.value == "decided"


def test_r43_a_decision_may_be_changed_until_the_claim_is_decided(submitted):
    decide(submitted, "reduce", [1], quantity=1, code="PWA", reason="只认一件")
    assert used(submitted, submitted.d1) == [1, 2, 0]
    decide(
        submitted,
        "reduce",
        [1],
        quantity=4,
        code="PWA",
        reason="认四件",
        seen=stamp(submitted, 1),
        when=at("2026-10-20 11:00"),
    )
    assert (figures(submitted, 1), used(submitted, submitted.d1)) == (
        ("reduced", yuan("50.00"), 4, date(2026, 10, 1)),
        [2, 2, 2],
    )
    decide(submitted, "approve", [1], seen=stamp(submitted, 1), when=at("2026-10-20 12:00"))
    assert (figures(submitted, 1), used(submitted, submitted.d1)) == (
        ("approved", yuan("62.50"), 5, date(2026, 10, 1)),
        [2, 2, 3],
    )
    decide(submitted, "want", [1], reason="再看看", seen=stamp(submitted, 1), when=at("2026-10-20 13:00"))
    assert figures(submitted, 1) == ("wanted", None, None, None)
    decide(submitted, "refuse", [1], code="DC", reason="重复", seen=stamp(submitted, 1), when=at("2026-10-20 14:00"))
    decide(submitted, "approve", [2, 3])
    refused(submitted, lambda: decide(submitted, "approve", [1], seen=stamp(submitted, 1)), "decisions-stand")


def test_r43_pieces_that_went_back_and_were_used_meanwhile_cannot_be_recognized_again(submitted):
    decide(submitted, "reduce", [1], quantity=4, code="PWA", reason="认四件")
    submitted.reviewed_old_part(submitted.d1, part="P1", quantity=2, replaced="2026-10-15")
    refused(submitted, lambda: decide(submitted, "approve", [1], seen=stamp(submitted, 1)), "pieces-used-meanwhile")


def test_r43_not_once_the_settlement_day_of_its_month_has_begun(submitted):
    decide(submitted, "approve", [1])
    late = at("2026-11-03 00:00")
    refused(
        submitted,
        lambda: decide(submitted, "refuse", [1], code="EW", reason="x", seen=stamp(submitted, 1), when=late),
        "settlement-begun",
    )
    decide(submitted, "refuse", [1], code="EW", reason="x", seen=stamp(submitted, 1), when=at("2026-11-02 23:59:59"))
    assert states(submitted, "RC2610-0001")[0] == "refused"


def test_r35_a_line_is_not_paid_before_its_old_part_is_accepted(shelf):
    number = shelf.reported_old_part(shelf.d1)
    shelf.submitted_claim(shelf.d1, [number, shelf.reviewed_old_part(shelf.d1, replaced="2026-10-11")])
    error = refused(shelf, lambda: decide(shelf, "approve", [1, 2]), "line-old-part-not-accepted")
    assert error.facts["line"] == 1
    refused(
        shelf,
        lambda: decide(shelf, "reduce", [1], amount=yuan("1.00"), code="PWA", reason="x"),
        "line-old-part-not-accepted",
    )
    with shelf.as_(shelf.hq.clerk) as session:
        old_parts.review(session, shelf.hq.clerk, number, decision=Review.ACCEPTED, at=TEN)
    decide(shelf, "approve", [1, 2])
    assert states(shelf, "RC2610-0001") == ["approved", "approved"]


def test_r35_a_refused_old_part_blocks_payment_but_the_line_can_be_refused(shelf):
    number = shelf.reported_old_part(shelf.d1)
    shelf.submitted_claim(shelf.d1, [number])
    with shelf.as_(shelf.hq.clerk) as session:
        old_parts.review(session, shelf.hq.clerk, number, decision=Review.REFUSED, reason="人为损坏", at=TEN)
    refused(shelf, lambda: decide(shelf, "approve", [1]), "line-old-part-not-accepted")
    decide(shelf, "refuse", [1], code="CDR", reason="人为损坏")
    stored = {check["code"]: check["level"] for check in lines(shelf, "RC2610-0001")[0].checks}
    assert stored["old-part-refused"] == "block"


def test_r43_nobody_reviews_against_a_dealer_they_belong_to(submitted):
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


def test_r43_no_decision_moves_money(submitted):
    before = submitted.balance(submitted.d1)
    with submitted.as_(submitted.hq.auditor) as session:
        postings = session.scalar(select(func.count()).select_from(Posting))
    decide(submitted, "approve", [1])
    decide(submitted, "reduce", [2], amount=yuan("1.00"), reason="x")
    decide(submitted, "refuse", [3], code="EW", reason="x")
    assert submitted.balance(submitted.d1) == before
    with submitted.as_(submitted.hq.auditor) as session:
        assert session.scalar(select(func.count()).select_from(Posting)) == postings


def test_r3_a_decision_leaves_an_event_that_the_dealer_may_read_and_the_last_says_so(submitted):
    decide(submitted, "reduce", [1], quantity=3, code="PNP", reason="只认三件")
    decide(submitted, "approve", [2, 3])
    with submitted.as_(submitted.d1.clerk) as session:
        events = session.execute(
            select(AuditEvent.act, AuditEvent.before, AuditEvent.after, AuditEvent.facts)
            .where(AuditEvent.act.in_(["claim:reduce", "claim:approve", "claim:decide"]))
            .order_by(AuditEvent.id)
        ).all()
    assert [event.act for event in events] == ["claim:reduce", "claim:approve", "claim:decide"]
    assert [(event.before, event.after) for event in events] == [
        ("submitted", "in-review"),
        ("in-review", "decided"),
        ("in-review", "decided"),
    ]
    assert events[0].facts == {
        "lines": [1], "count": 1, "were": {"1": "submitted"}, "code": "PNP", "reason": "只认三件", "claimed": "62.50", "approved": "37.50",
    }  # fmt: skip
    assert events[2].facts == {"count": 3, "claimed": "262.50", "approved": "237.50"}


def test_r43_many_lines_are_read_in_the_same_statements_as_few(submitted):
    seen = []

    def note(*given):
        seen.extend([given[2]] if given[2].startswith("SELECT") else [])

    event.listen(db.engine, "before_cursor_execute", note)
    decide(submitted, "approve", [1])
    one = len(seen)
    decide(submitted, "approve", [2, 3])
    event.remove(db.engine, "before_cursor_execute", note)
    assert (one, len(seen) - one) == (14, 14)


def test_the_database_refuses_more_than_was_claimed_and_payment_without_approval(submitted):
    for change in (
        "approved = claimed + 1",
        "pays_in = '2026-10-01'",
        "state = 'approved'",
        "state = 'reduced', approved = claimed + 1, pays_in = '2026-10-01'",
    ):
        with pytest.raises(IntegrityError, match="claim_lines"), submitted.as_(submitted.hq.clerk) as session:
            session.execute(text(f"UPDATE claim_lines SET {change} WHERE position = 1"))
