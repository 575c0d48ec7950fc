"""The dealer's side: draft, lines, submit (R33, R40, R41, R44)."""

import threading
from datetime import date

import pytest
from sqlalchemy import select, text

from portal.claims import actions, queries
from portal.core.audit import AuditEvent
from portal.core.errors import NotFound, Refused
from portal.core.terms import TermValue
from portal.old_parts import actions as old_parts
from tests.claims.kit import OCTOBER, TEN, at, checks, claim, lines, refused, states, yuan


@pytest.fixture
def shelf(world):
    """D001 holds six P1 and three P2, D002 two P1."""
    world.received_order(world.d1, {"P1": 6, "P2": 3})
    world.received_order(world.d2, {"P1": 2})
    return world


def draft(world, old_parts=(), *, shop=None, month=OCTOBER, when=TEN) -> str:
    shop = shop or world.d1
    with world.as_(shop.clerk) as session:
        made = actions.draft(session, shop.clerk, month=month, at=when)
        if old_parts:
            actions.add_lines(session, shop.clerk, made.public_id, old_parts=old_parts, at=when)
        return made.public_id


def act(world, name, *args, who=None, when=TEN, **kwargs):
    actor = who or world.d1.clerk
    with world.as_(actor) as session:
        return getattr(actions, name)(session, actor, *args, at=when, **kwargs)


def test_r40_a_line_takes_the_whole_registration_and_what_was_paid_for_it(shelf):
    one = shelf.reviewed_old_part(shelf.d1, part="P1", quantity=3)
    two = shelf.reported_old_part(shelf.d1, part="P2", replaced="2026-10-12")
    ref = draft(shelf, [two, one])
    first, second = lines(shelf, ref)
    assert (first.quantity, first.claimed, first.service_day) == (1, yuan("100.00"), date(2026, 10, 12))
    assert (second.quantity, second.claimed, second.service_day) == (3, yuan("37.50"), date(2026, 10, 10))
    assert states(shelf, ref) == ["draft", "draft"]
    assert claim(shelf, ref).number is None


def test_r40_pieces_of_two_layers_are_claimed_at_what_each_cost(shelf):
    """Six pieces at 12.50, then two at the lowered 10.01."""
    from portal.orders import actions as orders
    from portal.orders import queries as order_queries
    from portal.orders.rules import QuoteWish

    number = shelf.submitted_order(shelf.d1, {"P1": 2}, when="2026-10-08 09:00")
    with shelf.as_(shelf.hq.clerk) as session:
        line = order_queries.order(session, number).lines[0]
        wish = QuoteWish(line.position, 2, yuan("10.01"), "老客户优惠")
        orders.quote(
            session,
            shelf.hq.clerk,
            number,
            lines=[wish],
            freight=yuan(0),
            ship_on=date(2026, 10, 9),
            note="",
            at=at("2026-10-08 10:00"),
        )
    with shelf.as_(shelf.d1.manager) as session:
        orders.agree(session, shelf.d1.manager, number, quote_no=1, at=at("2026-10-08 11:00"))
    with shelf.as_(shelf.hq.finance) as session:
        orders.debit(session, shelf.hq.finance, number, at=at("2026-10-08 12:00"))
    with shelf.as_(shelf.hq.warehouse) as session:
        sent = orders.ship(
            session, shelf.hq.warehouse, number, pieces={1: 2}, carrier="德邦", tracking="1", at=at("2026-10-08 13:00")
        ).number
    with shelf.as_(shelf.d1.clerk) as session:
        orders.receive(session, shelf.d1.clerk, sent, counts={1: (2, 0)}, at=at("2026-10-09 09:00"))
    ref = draft(shelf, [shelf.reviewed_old_part(shelf.d1, part="P1", quantity=8)])
    assert lines(shelf, ref)[0].claimed == yuan("95.02")  # 6 × 12.50 + 2 × 10.01


def test_r41_checks_are_stored_when_a_line_is_saved_and_again_when_it_is_submitted(shelf):
    number = shelf.registered_old_part(shelf.d1, photos=0)
    ref = draft(shelf, [number])
    assert checks(lines(shelf, ref)[0]) == {"not-reported": "block", "no-photos": "block", "old-part-pending": "warn"}
    with shelf.as_(shelf.d1.technician) as session:
        old_parts.add_photo(session, shelf.d1.technician, number, data=shelf.photo(), at=TEN)
        old_parts.report(session, shelf.d1.technician, number, at=at("2026-10-18 09:00"))
    act(shelf, "submit", ref)
    assert checks(lines(shelf, ref)[0]) == {"old-part-pending": "warn", "reported-late": "warn"}


def test_r41_a_blocked_line_stops_the_form_and_is_named_and_a_warned_one_goes_along(shelf):
    good = shelf.reviewed_old_part(shelf.d1)
    warned = shelf.reported_old_part(shelf.d1, replaced="2026-10-11")
    blocked = [shelf.registered_old_part(shelf.d1, replaced=day) for day in ("2026-10-12", "2026-10-13")]
    ref = draft(shelf, [blocked[0], good, blocked[1], warned])
    error = refused(shelf, lambda: act(shelf, "submit", ref), "lines-blocked")
    assert (error.facts["lines"], error.facts["count"]) == ([1, 3], 2)
    act(shelf, "remove_blocked", ref)
    assert [line.position for line in lines(shelf, ref)] == [2, 4]
    refused(shelf, lambda: act(shelf, "remove_blocked", ref), "nothing-blocked")
    done = act(shelf, "submit", ref)
    assert (done.number, done.state.value, done.submitted_by) == ("RC2610-0001", "submitted", "D001clerk")
    assert [line.position for line in lines(shelf, ref)] == [1, 2]
    assert states(shelf, ref) == ["submitted", "submitted"]


def test_a_claim_is_numbered_by_its_service_month_and_drafts_take_no_number(shelf):
    draft(shelf, [shelf.reviewed_old_part(shelf.d1, replaced="2026-10-09")])
    ref = draft(shelf, [shelf.reviewed_old_part(shelf.d1)], when=at("2026-11-05 09:00"))
    assert act(shelf, "submit", ref, when=at("2026-11-05 09:00")).number == "RC2610-0001"
    other = shelf.submitted_claim(shelf.d2, [shelf.reviewed_old_part(shelf.d2)])
    assert other == "RC2610-0002"
    late = draft(
        shelf,
        [shelf.reviewed_old_part(shelf.d1, replaced="2026-11-02")],
        month=date(2026, 11, 30),
        when=at("2026-11-05 09:00"),
    )
    assert act(shelf, "submit", late, when=at("2026-11-05 09:00")).number == "RC2611-0001"
    assert claim(shelf, late).month == date(2026, 11, 1)


def test_r33_a_registration_goes_on_one_line_once(shelf):
    number = shelf.reviewed_old_part(shelf.d1)
    first, second = draft(shelf, [number]), draft(shelf)
    error = refused(shelf, lambda: act(shelf, "add_lines", second, old_parts=[number]), "already-on-draft")
    assert error.facts["number"] == number
    act(shelf, "submit", first)
    error = refused(shelf, lambda: act(shelf, "add_lines", second, old_parts=[number]), "already-claimed")
    assert error.facts["claim"] == "RC2610-0001"
    with shelf.as_(shelf.hq.clerk) as session:
        actions.refuse(session, shelf.hq.clerk, "RC2610-0001", positions=[1], code="EW", reason="超期", at=TEN)
    refused(shelf, lambda: act(shelf, "add_lines", second, old_parts=[number]), "already-claimed")  # ever


def test_r33_the_same_number_twice_in_one_list_is_one_line(shelf):
    number = shelf.reviewed_old_part(shelf.d1)
    assert len(lines(shelf, draft(shelf, [number, f" {number} ", number]))) == 1


def test_r33_two_forms_taking_the_same_registration_at_once_have_one_effect(shelf, app):
    number = shelf.reviewed_old_part(shelf.d1)
    refs, begun, told = [draft(shelf), draft(shelf)], threading.Event(), []

    def second():
        with app.app_context():
            begun.wait(10)
            try:
                act(shelf, "add_lines", refs[1], old_parts=[number])
            except Refused as error:
                told.append(error.code)

    thread = threading.Thread(target=second)
    thread.start()
    with shelf.as_(shelf.d1.clerk) as session:
        actions.add_lines(session, shelf.d1.clerk, refs[0], old_parts=[number], at=TEN)
        begun.set()
    thread.join(20)
    assert told == ["already-on-draft"]
    assert [len(lines(shelf, ref)) for ref in refs] == [1, 0]


def test_a_line_taken_off_frees_its_registration(shelf):
    number = shelf.reviewed_old_part(shelf.d1)
    ref, other = draft(shelf, [number]), draft(shelf)
    act(shelf, "remove_line", ref, position=1)
    act(shelf, "add_lines", other, old_parts=[number])
    assert (lines(shelf, ref), len(lines(shelf, other))) == ([], 1)
    refused(shelf, lambda: act(shelf, "remove_line", ref, position=1), "line-unknown")


def test_what_is_not_there_or_not_yours_is_unknown(shelf):
    ref, foreign = draft(shelf), shelf.reviewed_old_part(shelf.d2)
    error = refused(shelf, lambda: act(shelf, "add_lines", ref, old_parts=[foreign, "OP9999-9999"]), "old-part-unknown")
    assert error.facts["number"] == sorted([foreign, "OP9999-9999"])
    refused(shelf, lambda: act(shelf, "add_lines", ref, old_parts=["", " "]), "none-chosen")
    withdrawn = shelf.registered_old_part(shelf.d1)
    with shelf.as_(shelf.d1.technician) as session:
        old_parts.withdraw(session, shelf.d1.technician, withdrawn, reason="登记错了", at=TEN)
    refused(shelf, lambda: act(shelf, "add_lines", ref, old_parts=[withdrawn]), "old-part-withdrawn")


def test_r1_another_dealer_sees_no_claim_of_ours(shelf):
    ref = draft(shelf, [shelf.reviewed_old_part(shelf.d1)])
    for name, more in (
        ("submit", {}),
        ("remove_blocked", {}),
        ("remove_line", {"position": 1}),
        ("add_lines", {"old_parts": ["x"]}),
    ):
        with pytest.raises(NotFound):
            act(shelf, name, ref, who=shelf.d2.clerk, **more)
    assert states(shelf, ref) == ["draft"]


def test_hq_and_technicians_hand_no_claims_in(shelf):
    ref = draft(shelf, [shelf.reviewed_old_part(shelf.d1)])
    refused(shelf, lambda: act(shelf, "draft", who=shelf.hq.clerk, month=OCTOBER), "permission-missing")
    refused(shelf, lambda: act(shelf, "draft", who=shelf.hq.system, month=OCTOBER), "permission-missing")
    refused(shelf, lambda: act(shelf, "draft", who=shelf.d1.technician, month=OCTOBER), "permission-missing")
    refused(shelf, lambda: act(shelf, "submit", ref, who=shelf.hq.system), "permission-missing")
    refused(shelf, lambda: act(shelf, "submit", ref, who=shelf.d1.technician), "permission-missing")
    refused(shelf, lambda: act(shelf, "add_lines", ref, who=shelf.d1.technician, old_parts=["x"]), "permission-missing")


def test_an_empty_form_and_a_month_to_come_are_refused(shelf):
    ref = draft(shelf)
    refused(shelf, lambda: act(shelf, "submit", ref), "claim-without-lines")
    refused(shelf, lambda: act(shelf, "draft", month=date(2026, 11, 1)), "month-ahead")
    # 31 Oct 16:00 UTC is 1 Nov in Shanghai: November has begun.
    act(shelf, "draft", month=date(2026, 11, 1), when=at("2026-11-01 00:00"))
    refused(shelf, lambda: act(shelf, "draft", month=date(2026, 11, 1), when=at("2026-10-31 23:59")), "month-ahead")


def test_a_submitted_form_is_no_longer_the_dealers_to_change(shelf):
    more = shelf.reviewed_old_part(shelf.d1, replaced="2026-10-09")
    ref = draft(shelf, [shelf.reviewed_old_part(shelf.d1)])
    act(shelf, "submit", ref)
    refused(shelf, lambda: act(shelf, "submit", ref), "wrong-state")
    refused(shelf, lambda: act(shelf, "add_lines", ref, old_parts=[more]), "wrong-state")
    refused(shelf, lambda: act(shelf, "remove_line", ref, position=1), "wrong-state")
    refused(shelf, lambda: act(shelf, "remove_blocked", ref), "wrong-state")


def test_r44_sixty_days_are_counted_to_the_end_of_the_last_day_and_waiting_for_hq_makes_nobody_late(shelf):
    number = shelf.reviewed_old_part(shelf.d1)  # 10 October: until 9 December
    ref = draft(shelf, [number])
    refused(shelf, lambda: act(shelf, "submit", ref, when=at("2026-12-10 00:00")), "lines-blocked")
    act(shelf, "submit", ref, when=at("2026-12-09 23:59"))
    with shelf.as_(shelf.hq.clerk) as session:
        actions.approve(session, shelf.hq.clerk, "RC2610-0001", positions=[1], at=at("2027-02-01 09:00"))
    assert states(shelf, ref) == ["approved"]


def test_r44_the_days_are_a_term(shelf):
    with shelf.as_(shelf.hq.manager) as session:
        session.add(TermValue(name="claims.late-days", from_day=date(2026, 1, 1), value=5, set_at=TEN, set_by="x"))
    ref = draft(shelf, [shelf.reviewed_old_part(shelf.d1)])
    assert checks(lines(shelf, ref)[0]) == {"too-late": "block"}


def test_r41_a_line_of_another_month_is_drafted_and_blocked(shelf):
    ref = draft(shelf, [shelf.reviewed_old_part(shelf.d1)], month=date(2026, 9, 1))
    assert checks(lines(shelf, ref)[0]) == {"outside-month": "block"}


def test_r41_out_of_warranty_by_the_verdict_stored_at_registration_blocks(shelf):
    old = shelf.product(shelf.d1, installed=date(2019, 1, 1), made=date(2018, 1, 1))
    ref = draft(shelf, [shelf.reviewed_old_part(shelf.d1, serial=old)])
    assert checks(lines(shelf, ref)[0]) == {"not-covered": "block"}
    bad_use = draft(shelf, [shelf.reviewed_old_part(shelf.d1, cause="man-made", replaced="2026-10-11")])
    assert checks(lines(shelf, bad_use)[0]) == {"cause-excluded": "block"}


def test_r41_the_same_part_on_the_same_product_within_90_days_warns_on_both(shelf):
    serial = shelf.product(shelf.d1)
    first = shelf.reviewed_old_part(shelf.d1, serial=serial, replaced="2026-10-09")
    second = shelf.reviewed_old_part(shelf.d1, serial=serial, replaced="2026-10-19")
    other_part = shelf.reviewed_old_part(shelf.d1, serial=serial, part="P2", replaced="2026-10-19")
    ref = draft(shelf, [first, second, other_part])
    assert [checks(line) for line in lines(shelf, ref)] == [{"repeat": "warn"}, {"repeat": "warn"}, {}]
    fact = next(check["facts"] for check in lines(shelf, ref)[0].checks if check["code"] == "repeat")
    assert fact == {"number": second, "day": "2026-10-19", "days": 10}


def test_r41_a_photo_seen_at_any_dealer_of_the_brand_warns_the_dealer_too(shelf):
    picture = shelf.photo()
    theirs, ours = shelf.registered_old_part(shelf.d2, photos=0), shelf.registered_old_part(shelf.d1, photos=0)
    for shop, number in ((shelf.d2, theirs), (shelf.d1, ours)):
        with shelf.as_(shop.technician) as session:
            old_parts.add_photo(session, shop.technician, number, data=picture, at=TEN)
            old_parts.report(session, shop.technician, number, at=at("2026-10-11 09:00"))
    assert checks(lines(shelf, draft(shelf, [ours]))[0]) == {"old-part-pending": "warn", "photo-seen": "warn"}


def test_r15_a_fault_of_another_category_warns(shelf):
    ref = draft(
        shelf,
        [
            shelf.reviewed_old_part(shelf.d1, fault="F02"),
            shelf.reviewed_old_part(shelf.d1, fault="Z99", replaced="2026-10-11"),
        ],
    )
    assert [checks(line) for line in lines(shelf, ref)] == [{"fault-category": "warn"}, {}]


def test_r41_an_amount_over_twice_the_dealers_average_of_the_part_warns_from_five_lines_on(shelf):
    shelf.topup(shelf.d1, "5000.00")
    shelf.received_order(shelf.d1, {"P1": 20}, when="2026-10-08 09:00")
    days = [f"2026-10-{day:02d}" for day in range(9, 14)]
    usual = [shelf.reviewed_old_part(shelf.d1, replaced=day) for day in days]
    big = shelf.reviewed_old_part(shelf.d1, quantity=3, replaced="2026-10-18")  # 37.50 against 12.50
    twice = shelf.reviewed_old_part(shelf.d1, quantity=2, replaced="2026-10-18")  # exactly twice
    shelf.submitted_claim(shelf.d1, usual[:4])
    ref = draft(shelf, [big, twice])
    assert [checks(line) for line in lines(shelf, ref)] == [{}, {}]
    shelf.submitted_claim(shelf.d1, usual[4:])
    act(shelf, "submit", ref)
    assert [checks(line) for line in lines(shelf, ref)] == [{"amount-unusual": "warn"}, {}]


def test_r36_a_registration_on_a_line_is_not_withdrawn(shelf):
    number = shelf.reviewed_old_part(shelf.d1)
    draft(shelf, [number])

    def withdraw():
        with shelf.as_(shelf.d1.technician) as session:
            old_parts.withdraw(session, shelf.d1.technician, number, reason="错了", at=TEN)

    refused(shelf, withdraw, "on-claim")


def test_r3_every_act_leaves_a_public_event_with_its_figures(shelf):
    ref = draft(
        shelf, [shelf.reviewed_old_part(shelf.d1, quantity=2), shelf.reviewed_old_part(shelf.d1, replaced="2026-10-11")]
    )
    act(shelf, "remove_line", ref, position=2)
    act(shelf, "submit", ref)
    with shelf.as_(shelf.d1.clerk) as session:
        events = session.execute(
            select(AuditEvent.act, AuditEvent.before, AuditEvent.after, AuditEvent.facts)
            .where(AuditEvent.subject_kind == "claim", AuditEvent.subject_id == queries.claim(session, ref).id)
            .order_by(AuditEvent.id)
        ).all()
    assert [event.act for event in events] == ["claim:draft", "claim:add", "claim:remove", "claim:submit"]
    assert events[1].facts["amount"] == "37.50"
    assert events[2].facts["lines"] == [2]
    assert (events[3].before, events[3].after, events[3].facts) == (
        "draft",
        "submitted",
        {"count": 1, "amount": "25.00"},
    )


def test_r41_the_checks_take_the_same_statements_for_one_line_and_for_many(shelf):
    from sqlalchemy import event

    from portal.core.db import db

    numbers = [shelf.reviewed_old_part(shelf.d1, replaced=f"2026-10-{day:02d}") for day in range(9, 15)]
    counts = []
    for chosen in (numbers[:1], numbers[1:]):
        ref, seen = draft(shelf, chosen), []

        def note(*given, into=seen):
            into.append(given[2])

        with shelf.as_(shelf.d1.clerk) as session:
            found = queries.claim(session, ref)
            rows = queries.line_rows(session, found.id)
            event.listen(db.engine, "before_cursor_execute", note)
            assert len(queries.check_lines(session, shelf.d1.clerk, found, rows, today=date(2026, 10, 20))) == len(
                chosen
            )
            event.remove(db.engine, "before_cursor_execute", note)
        counts.append(len(seen))
    assert counts == [7, 7]


def test_the_database_refuses_a_second_line_of_a_registration_whoever_writes_it(shelf):
    number = shelf.reviewed_old_part(shelf.d1)
    draft(shelf, [number])
    other = draft(shelf)
    sql = (
        "INSERT INTO claim_lines (dealer_id, claim_id, position, state, old_part_id, service_day, quantity, claimed, checks) "
        "SELECT c.dealer_id, c.id, 1, 'draft', o.id, o.replaced_on, o.quantity, o.amount, '[]' FROM claims c, old_parts o "
        "WHERE c.public_id = :ref AND o.number = :number"
    )

    def write():
        with shelf.as_(shelf.d1.clerk) as session:
            session.execute(text(sql), {"ref": other, "number": number})

    with pytest.raises(Exception, match="uq_claim_lines_brand_id_old_part_id"):
        write()
