"""What happens to an old part on the dealer's side (R30, R33, R34, R36, R40, R43)."""

import threading
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import func, select, text

from portal.core.audit import AuditEvent
from portal.core.errors import NotFound, Refused
from portal.core.terms import TermValue
from portal.old_parts import actions, queries
from portal.old_parts.models import Allocation, OldPart, OldPartState, Review
from portal.orders.models import Layer
from portal.warranty.rules import Reason, Verdict
from tests.factories.world import at, picture

TEN = at("2026-10-10 15:00")


def register(world, shop, *, when=TEN, actor=None, **changes):
    actor = actor or shop.technician
    asked = {
        "serial": changes.pop("serial", None) or world.product(shop), "part_number": "P1", "fault_code": "F01", "cause": "quality",
        "quantity": 1, "replaced_on": date(2026, 10, 10),
    }  # fmt: skip
    with world.as_(actor) as session:
        return actions.register(session, actor, **{**asked, **changes}, at=when)


def state(world):
    """Everything a refused step could have changed."""
    with world.as_(world.hq.auditor) as session:
        return (
            session.execute(
                select(
                    OldPart.number, OldPart.state, OldPart.review, OldPart.ver, OldPart.review_reason, OldPart.answer
                ).order_by(OldPart.id)
            ).all(),
            session.execute(select(Allocation.pieces, Allocation.returned).order_by(Allocation.id)).all(),
            session.execute(select(Layer.id, Layer.used).order_by(Layer.id)).all(),
            session.scalar(select(func.count()).select_from(AuditEvent)),
            session.scalar(text("SELECT count(*) FROM photos")),
        )


def refused(world, act):
    """The refusal of ``act``, which changed nothing."""
    before = state(world)
    with pytest.raises(Refused) as error:
        act()
    assert state(world) == before
    return error.value


def used(world, shop, part="P1"):
    with world.as_(shop.clerk) as session:
        layers = select(Layer.used).where(Layer.part_id == world.parts[part]).order_by(Layer.id)
        return list(session.scalars(layers))


def test_R36_registering_gives_a_number_a_deadline_a_verdict_and_takes_the_pieces(world):
    world.received_order(world.d1, {"P1": 3})
    old = register(world, world.d1, quantity=2, note="  龙头下方  ")
    assert (old.number, old.state, old.review, old.ver) == ("OP2610-0001", OldPartState.REGISTERED, Review.PENDING, 1)
    assert (old.amount, old.quantity, old.note) == (Decimal("25.00"), 2, "龙头下方")
    assert (old.replaced_on, old.report_by) == (date(2026, 10, 10), date(2026, 10, 17))
    assert old.must_return is True
    verdict = Verdict.from_json(old.verdict)
    assert (verdict.covered, verdict.line_no, verdict.last_day, verdict.day) == (
        True,
        2,
        date(2030, 3, 2),
        date(2026, 10, 10),
    )
    assert used(world, world.d1) == [2]
    assert register(world, world.d1).number == "OP2610-0002"


def test_R34_what_the_price_list_does_not_want_back_is_kept(world):
    world.received_order(world.d1, {"P2": 1})
    assert register(world, world.d1, part_number="P2").must_return is False


def test_R36_the_oldest_layers_are_used_first_at_their_own_prices_whatever_they_were_bought_for(world):
    serial = world.product(world.d1)
    first = world.received_order(world.d1, {"P1": 1}, purpose="warranty", serial=serial, when="2026-10-05 09:00")
    second = world.received_order(world.d1, {"P1": 4}, when="2026-10-07 09:00")
    with world.as_(world.hq.admin) as session:
        session.execute(text("UPDATE layers SET price = 1380 WHERE order_number = :number"), {"number": second})
    old = register(world, world.d1, quantity=3)
    assert old.amount == Decimal("40.10")
    with world.as_(world.d1.clerk) as session:
        shown = queries.old_part(session, old.number)
        assert [(part.layer.order_number, part.pieces, part.price) for part in shown.allocations] == [
            (first, 1, Decimal("12.50")), (second, 2, Decimal("13.80")),
        ]  # fmt: skip
    assert used(world, world.d1) == [1, 2]


def test_R13_out_of_warranty_is_registered_too_and_says_so(world):
    world.received_order(world.d1, {"P1": 1})
    old = register(world, world.d1, cause="man-made")
    assert Verdict.from_json(old.verdict).reason is Reason.EXCLUDED_CAUSE


def test_R36_quantity_beyond_what_is_held_is_refused_with_how_many_are_left(world):
    world.received_order(world.d1, {"P1": 2})
    register(world, world.d1)
    error = refused(world, lambda: register(world, world.d1, quantity=2, serial="" or world.product(world.d1)))
    assert (error.code, error.field) == ("not-enough-held", "quantity")
    assert error.facts == {"part": "P1", "left": 1, "asked": 2}


def test_R26_what_is_shipped_but_not_received_cannot_be_used(world):
    world.shipped_order(world.d1, {"P1": 2})
    error = refused(world, lambda: register(world, world.d1))
    assert (error.code, error.facts["left"]) == ("not-enough-held", 0)


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"serial": "NO-SUCH"}, "product-unknown", "serial"),
        ({"part_number": "NO"}, "old-part-part-unknown", "part_number"),
        ({"fault_code": "NO"}, "old-part-fault-unknown", "fault_code"),
        ({"cause": "weather"}, "old-part-cause-unknown", "cause"),
        ({"quantity": 0}, "old-part-quantity", "quantity"),
        ({"quantity": 10_000}, "old-part-quantity", "quantity"),
        ({"replaced_on": date(2026, 10, 11)}, "replaced-in-future", "replaced_on"),
        ({"replaced_on": date(2026, 10, 6)}, "replaced-before-received", "replaced_on"),
        ({"note": "x" * 501}, "old-part-text-too-long", "note"),
    ],
)
def test_R36_a_registration_that_cannot_be_is_refused_at_its_field(world, changes, code, field):
    world.received_order(world.d1, {"P1": 2}, when="2026-10-07 09:00")
    error = refused(world, lambda: register(world, world.d1, **changes))
    assert (error.code, error.field) == (code, field)


def test_R36_the_day_of_receipt_itself_is_early_enough(world):
    world.received_order(world.d1, {"P1": 1}, when="2026-10-07 09:00")
    assert register(world, world.d1, replaced_on=date(2026, 10, 7)).report_by == date(2026, 10, 14)


def test_R1_another_dealers_product_is_not_served_and_headquarters_registers_nothing(world):
    world.received_order(world.d1, {"P1": 1})
    error = refused(world, lambda: register(world, world.d1, serial=world.product(world.d2)))
    assert error.code == "product-elsewhere"
    assert refused(world, lambda: register(world, world.d1, actor=world.hq.clerk)).code == "permission-missing"
    nobody = replace(world.d1.clerk, permissions=frozenset())
    assert refused(world, lambda: register(world, world.d1, actor=nobody)).code == "permission-missing"


def test_R36_two_registrations_of_the_last_piece_at_once_have_one_effect(world, app):
    world.received_order(world.d1, {"P1": 1})
    serials = [world.product(world.d1), world.product(world.d1)]
    begun, results = threading.Event(), []

    def second():
        with app.app_context():
            begun.wait(10)
            try:
                results.append(register(world, world.d1, serial=serials[1]).number)
            except Refused as error:
                results.append((error.code, error.facts["left"]))

    thread = threading.Thread(target=second)
    thread.start()
    with world.as_(world.d1.technician) as session:
        actions.register(
            session, world.d1.technician, serial=serials[0], part_number="P1", fault_code="F01", cause="quality",
            replaced_on=date(2026, 10, 10), at=TEN,
        )  # fmt: skip
        begun.set()
    thread.join(20)
    assert results == [("not-enough-held", 0)]
    assert used(world, world.d1) == [1]
    with world.as_(world.hq.auditor) as session:
        assert session.scalars(select(OldPart.number)).all() == ["OP2610-0001"]


def test_R30_the_term_of_the_day_of_replacement_counts(world):
    world.received_order(world.d1, {"P1": 1})
    with world.as_(world.hq.manager) as session:
        session.add(
            TermValue(name="old_parts.report-days", from_day=date(2026, 10, 10), value=10, set_at=TEN, set_by="x")
        )
    assert register(world, world.d1).report_by == date(2026, 10, 20)
    world.received_order(world.d1, {"P1": 1}, when="2026-10-08 09:00")
    assert register(world, world.d1, replaced_on=date(2026, 10, 9)).report_by == date(2026, 10, 16)


@pytest.mark.parametrize(("when", "late"), [("2026-10-17 23:59:59", False), ("2026-10-18 00:00:00", True)])
def test_R30_R36_a_report_after_the_seventh_day_is_accepted_and_marked_late(world, when, late):
    world.received_order(world.d1, {"P1": 1})
    number = world.registered_old_part(world.d1)
    with world.as_(world.d1.clerk) as session:
        old = actions.report(session, world.d1.clerk, number, at=at(when))
        assert (old.state, old.review, old.reported_late, old.reported_at) == (
            OldPartState.REPORTED,
            Review.PENDING,
            late,
            at(when),
        )


def test_R30_a_report_needs_photos_and_happens_once(world):
    world.received_order(world.d1, {"P1": 1})
    number = world.registered_old_part(world.d1, photos=0)

    def report(seen=None, actor=world.d1.clerk):
        with world.as_(actor) as session:
            return actions.report(session, actor, number, seen=seen, at=TEN)

    assert refused(world, report).code == "no-photos"
    with world.as_(world.d1.technician) as session:
        actions.add_photo(session, world.d1.technician, number, data=picture(1), at=TEN)
    assert refused(world, lambda: report(seen=7)).code == "changed-meanwhile"
    assert refused(world, lambda: report(actor=world.hq.clerk)).code == "permission-missing"
    assert report(seen=1).ver == 2
    assert refused(world, report).code == "wrong-state"


def test_the_photos_stand_in_their_order_and_taking_one_again_replaces_it(world):
    world.received_order(world.d1, {"P1": 1})
    number = world.registered_old_part(world.d1, photos=0)
    with world.as_(world.d1.technician) as session:
        for seed, slot in ((1, "after"), (2, None), (3, None), (4, "after"), (5, "old-part"), (6, None)):
            actions.add_photo(session, world.d1.technician, number, data=picture(seed), slot=slot, at=TEN)
        shown = queries.photos(session, queries.old_part(session, number))
        assert [photo.slot for photo in shown] == ["nameplate", "fault", "old-part", "after", "more"]
        hashes = dict(session.execute(text("SELECT slot, content_hash FROM photos")).all())
        from portal.files.rules import checked

        assert hashes["after"] == checked(picture(4)).sha256


def test_photos_are_limited_checked_and_closed_once_reported(world):
    world.received_order(world.d1, {"P1": 1})
    number = world.registered_old_part(world.d1, photos=0)
    tech = world.d1.technician

    def add(data=None, slot=None):
        with world.as_(tech) as session:
            return actions.add_photo(session, tech, number, data=data or picture(9), slot=slot, at=TEN)

    assert refused(world, lambda: add(b"GIF89a")).code == "photo-kind"
    assert refused(world, lambda: add(slot="selfie")).code == "photo-slot"
    first = add()
    for _ in range(11):
        add(slot="more")
    assert refused(world, lambda: add(slot="more")).code == "too-many-photos"
    add(slot="nameplate")  # taking one again is no more than before
    with world.as_(tech) as session, pytest.raises(NotFound):
        actions.remove_photo(session, tech, number, photo=first.public_id, at=TEN)
    with world.as_(tech) as session:
        newest = queries.photos(session, queries.old_part(session, number))[0]
        assert actions.remove_photo(session, tech, number, photo=newest.public_id, at=TEN).photo_count == 11
        actions.report(session, tech, number, at=TEN)
    assert refused(world, add).code == "photos-closed"

    def remove():
        with world.as_(tech) as session:
            other = queries.photos(session, queries.old_part(session, number))[0]
            actions.remove_photo(session, tech, number, photo=other.public_id, at=TEN)

    assert refused(world, remove).code == "photos-closed"


def test_only_who_registers_adds_photos_and_after_a_report_more_come_but_none_go(world):
    world.received_order(world.d1, {"P1": 1})
    number = world.reported_old_part(world.d1)

    def add(actor):
        with world.as_(actor) as session:
            return actions.add_photo(session, actor, number, data=picture(3), at=TEN)

    assert refused(world, lambda: add(world.hq.clerk)).code == "permission-missing"
    with world.as_(world.hq.clerk) as session:
        actions.want(session, world.hq.clerk, number, reason="铭牌", at=TEN)
    photo = add(world.d1.technician)

    def remove():
        with world.as_(world.d1.technician) as session:
            actions.remove_photo(session, world.d1.technician, number, photo=photo.public_id, at=TEN)

    assert refused(world, remove).code == "photos-closed"


def test_R36_withdrawing_gives_the_pieces_back_and_never_the_number(world):
    world.received_order(world.d1, {"P1": 2})
    number = world.reported_old_part(world.d1, quantity=2)
    clerk = world.d1.clerk

    def withdraw(reason="登记错了配件"):
        with world.as_(clerk) as session:
            return actions.withdraw(session, clerk, number, reason=reason, at=TEN)

    assert refused(world, lambda: withdraw("  ")).code == "reason-needed"
    assert withdraw().state is OldPartState.WITHDRAWN
    assert used(world, world.d1) == [0]
    assert refused(world, withdraw).code == "wrong-state"
    assert register(world, world.d1, quantity=2).number == "OP2610-0002"


def test_R33_what_stands_on_a_claim_is_not_withdrawn_and_comes_free_with_its_line(world):
    from portal.claims import actions as claims
    from portal.core.months import parse

    world.received_order(world.d1, {"P1": 1})
    number = world.reviewed_old_part(world.d1)
    clerk = world.d1.clerk
    with world.as_(clerk) as session:
        claim = claims.draft(session, clerk, month=parse("2026-10"), note="", at=TEN)
        claims.add_lines(session, clerk, claim.public_id, old_parts=[number], at=TEN)
        ref = claim.public_id

    def withdraw():
        with world.as_(clerk) as session:
            return actions.withdraw(session, clerk, number, reason="错", at=TEN)

    assert refused(world, withdraw).code == "on-claim"
    with world.as_(clerk) as session:
        found = queries.on_claim(session, queries.old_part(session, number))
        assert (found.ref, found.number, found.position, found.state) == (ref, None, 1, "draft")
        claims.remove_line(session, clerk, ref, position=1, at=TEN)
    assert withdraw().state is OldPartState.WITHDRAWN


def test_R43_pieces_go_back_newest_first_and_are_taken_again(world):
    world.received_order(world.d1, {"P1": 1})
    world.received_order(world.d1, {"P1": 4}, when="2026-10-08 09:00")
    number = world.reported_old_part(world.d1, quantity=3)
    with world.as_(world.hq.clerk) as session:
        old = queries.lock(session, number)
        actions.return_pieces(session, old, 2)
        assert [part.returned for part in old.allocations] == [0, 2]
    assert used(world, world.d1) == [1, 0]
    with world.as_(world.hq.clerk) as session:
        actions.retake_pieces(session, queries.lock(session, number), 1)
    assert used(world, world.d1) == [1, 1]
    register(world, world.d1, quantity=3)

    def again():
        with world.as_(world.hq.clerk) as session:
            actions.retake_pieces(session, queries.lock(session, number), 1)

    assert refused(world, again).code == "pieces-used-meanwhile"


def test_R1_another_dealer_finds_nothing_to_report_or_withdraw(world):
    world.received_order(world.d1, {"P1": 1})
    number = world.registered_old_part(world.d1)
    before = state(world)
    for act in (
        lambda session: actions.report(session, world.d2.manager, number, at=TEN),
        lambda session: actions.withdraw(session, world.d2.manager, number, reason="x", at=TEN),
        lambda session: actions.add_photo(session, world.d2.manager, number, data=picture(1), at=TEN),
        lambda session: actions.answer(session, world.d2.manager, number, note="x", at=TEN),
        lambda session: queries.old_part(session, number),
    ):
        with pytest.raises(NotFound), world.as_(world.d2.manager) as session:
            act(session)
    assert state(world) == before


def test_R3_every_change_leaves_its_event(world):
    world.received_order(world.d1, {"P1": 1})
    number = world.reviewed_old_part(world.d1)
    with world.as_(world.d1.clerk) as session:
        events = session.execute(
            text("SELECT act, before, after, actor_name FROM audit_events WHERE subject_number = :number ORDER BY id"),
            {"number": number},
        ).all()
    tech, clerk = world.d1.technician.name, world.hq.clerk.name
    assert events == [
        ("old-part:register", None, "registered", tech),
        ("old-part:add-photo", None, None, tech),
        ("old-part:report", "registered", "reported", tech),
        ("old-part:accept", "pending", "accepted", clerk),
    ]
