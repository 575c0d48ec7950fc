"""HQ's side: decisions line by line or many at once, to the fen (R35, R43, R50)."""

from datetime import date

import pytest
from sqlalchemy import event, func, select, text
from sqlalchemy.exc import IntegrityError

from portal.claims import actions
from portal.core.audit import AuditEvent
from portal.core.db import db
from portal.core.terms import TermValue
from portal.ledger.models import Posting
from portal.old_parts import actions as old_parts
from portal.old_parts.models import Allocation, Review
from tests.claims.deciding import claim_of_five, decide, figures, layered_shelf, stamp
from tests.claims.kit import TEN, at, claim, lines, refused, states, used, yuan


@pytest.fixture
def shelf(world):
    return layered_shelf(world)


@pytest.fixture
def submitted(shelf):
    return claim_of_five(shelf)


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
        seen.extend([given[2]] if given[2].startswith(("SELECT", "WITH")) else [])

    event.listen(db.engine, "before_cursor_execute", note)
    decide(submitted, "approve", [1])
    one = len(seen)
    decide(submitted, "approve", [2, 3])
    event.remove(db.engine, "before_cursor_execute", note)
    assert (one, len(seen) - one) == (14, 15)  # the last decision also asks whom to tell


def test_the_database_refuses_more_than_was_claimed_and_payment_without_approval(submitted):
    for change in (
        "approved = claimed + 1",
        "pays_in = '2026-10-01'",
        "state = 'approved'",
        "state = 'reduced', approved = claimed + 1, pays_in = '2026-10-01'",
    ):
        with pytest.raises(IntegrityError, match="claim_lines"), submitted.as_(submitted.hq.clerk) as session:
            session.execute(text(f"UPDATE claim_lines SET {change} WHERE position = 1"))
