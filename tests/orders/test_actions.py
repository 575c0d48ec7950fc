"""What happens to orders, told to the fen; each refused step proves that nothing changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import func, select, text

from portal.core.audit import AuditEvent
from portal.core.errors import NotFound, Refused
from portal.core.permissions import Actor
from portal.ledger import queries as ledger
from portal.orders import actions, queries
from portal.orders.models import Layer, Order, OrderState, Purpose, Quote
from portal.orders.rules import LineWish, QuoteWish
from portal.warranty.rules import Verdict
from tests.factories.world import World, at, yuan

S = OrderState


def state(world: World, number: str) -> OrderState:
    with world.as_(world.hq.auditor) as session:
        return session.scalars(select(Order.state).where(Order.number == number)).one()


def events(world: World, number: str) -> list[str]:
    with world.as_(world.hq.auditor) as session:
        return list(
            session.scalars(select(AuditEvent.act).where(AuditEvent.subject_number == number).order_by(AuditEvent.id))
        )


def postings(world: World, number: str) -> dict[str, tuple[Decimal | None, Decimal | None]]:
    with world.as_(world.hq.auditor) as session:
        journal = ledger.journal_of(session, f"order:{number}", "order")
        assert journal is not None
        return {row.account: (row.debit, row.credit) for row in ledger.postings(session, journal.id)}


def layers(world: World, number: str) -> list[tuple[int, int, int, Decimal]]:
    with world.as_(world.hq.auditor) as session:
        rows = session.execute(
            select(Layer.bought, Layer.received, Layer.used, Layer.price)
            .where(Layer.order_number == number)
            .order_by(Layer.id)
        )
        return [tuple(row) for row in rows]


def refusal(act: Callable[[], object]) -> Refused:
    with pytest.raises(Refused) as caught:
        act()
    return caught.value


def do(world: World, actor: Actor, name: str, *args: object, when: str, **words: object) -> object:
    """One act in a unit of work of its own, as a page does it."""
    with world.as_(actor) as session:
        return getattr(actions, name)(session, actor, *args, at=at(when), **words)


# ---------------------------------------------------------------- asking


def test_a_draft_has_no_number_and_submitting_gives_the_next_of_the_month(world: World) -> None:
    wish = [LineWish("P1", 4, Purpose.STOCK)]
    order = do(world, world.d1.clerk, "draft", lines=wish, note=" hurry ", ship_to="福州", when="2026-10-31 23:00")
    assert isinstance(order, Order)
    assert (order.state, order.number, order.note, order.drafted_by) == (S.DRAFT, None, "hurry", world.d1.clerk.name)
    sent = do(world, world.d1.clerk, "submit", order.public_id, when="2026-11-01 00:10")
    assert isinstance(sent, Order)
    assert (sent.state, sent.number) == (S.SUBMITTED, "PO2611-0001")
    assert events(world, "PO2611-0001") == ["order:submit"]


def test_a_draft_may_be_changed_by_its_dealer_only_as_long_as_it_is_one(world: World) -> None:
    order = do(
        world,
        world.d1.clerk,
        "draft",
        lines=[LineWish("P1", 4, Purpose.STOCK), LineWish("P3", 1, Purpose.PAID)],
        when="2026-10-05 09:00",
    )
    do(
        world,
        world.d1.clerk,
        "amend",
        order.public_id,
        lines=[LineWish("P2", 2, Purpose.STOCK)],
        seen=1,
        when="2026-10-05 09:05",
    )
    with world.as_(world.d1.clerk) as session:
        lines = queries.order(session, order.public_id).lines
        assert [(line.position, line.part.number, line.quantity) for line in lines] == [(1, "P2", 2)]
    stale = refusal(
        lambda: do(
            world,
            world.d1.clerk,
            "amend",
            order.public_id,
            lines=[LineWish("P1", 1, Purpose.STOCK)],
            seen=1,
            when="2026-10-05 09:06",
        )
    )
    assert stale.code == "changed-meanwhile"
    with pytest.raises(NotFound):
        do(
            world,
            world.d2.clerk,
            "amend",
            order.public_id,
            lines=[LineWish("P1", 1, Purpose.STOCK)],
            when="2026-10-05 09:06",
        )
    do(world, world.d1.clerk, "submit", order.public_id, when="2026-10-05 09:07")
    late = refusal(
        lambda: do(
            world,
            world.d1.clerk,
            "amend",
            order.public_id,
            lines=[LineWish("P1", 1, Purpose.STOCK)],
            when="2026-10-05 09:08",
        )
    )
    assert late.code == "wrong-state"


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        (LineWish("NOPE", 1, Purpose.STOCK), "line-part-unknown"),
        (LineWish("P1", 1, Purpose.WARRANTY, "SN-NOBODY"), "line-product-unknown"),
        (LineWish("P1", 1, Purpose.WARRANTY), "order-serial-missing"),
        (LineWish("P1", 0, Purpose.STOCK), "order-line-quantity"),
        (LineWish("P1", 10_000, Purpose.STOCK), "order-line-quantity"),
        (LineWish("P1", 1, Purpose.STOCK, note="x" * 501), "order-text-too-long"),
    ],
)
def test_a_line_that_cannot_be_is_refused_by_its_position(world: World, wish: LineWish, code: str) -> None:
    why = refusal(
        lambda: do(
            world, world.d1.clerk, "draft", lines=[LineWish("P1", 1, Purpose.STOCK), wish], when="2026-10-05 09:00"
        )
    )
    assert why.code == code
    assert why.facts.get("position", 2) == 2
    with world.as_(world.hq.auditor) as session:
        assert session.scalar(select(func.count()).select_from(Order)) == 0


def test_headquarters_and_technicians_draft_nothing(world: World) -> None:
    for actor in (world.hq.clerk, world.d1.technician):
        why = refusal(
            lambda actor=actor: do(
                world, actor, "draft", lines=[LineWish("P1", 1, Purpose.STOCK)], when="2026-10-05 09:00"
            )
        )
        assert why.code == "permission-missing"


def test_a_product_of_another_dealer_is_said_to_be_that(world: World) -> None:
    serial = world.product(world.d2)
    why = refusal(
        lambda: do(
            world, world.d1.clerk, "draft", lines=[LineWish("P1", 1, Purpose.WARRANTY, serial)], when="2026-10-05 09:00"
        )
    )
    assert (why.code, why.facts["serial"]) == ("line-product-elsewhere", serial)


def test_R13_a_warranty_line_keeps_the_verdict_of_the_day_it_was_submitted(world: World) -> None:
    serial = world.product(world.d1, installed=date(2025, 3, 2))
    number = world.submitted_order(world.d1, {"P1": 1}, purpose="warranty", serial=serial, when="2026-10-05 09:00")
    with world.as_(world.d1.clerk) as session:
        stored = queries.order(session, number).lines[0].verdict
    assert stored is not None
    verdict = Verdict.from_json(stored)
    assert (verdict.covered, verdict.day, verdict.last_day) == (True, date(2026, 10, 5), date(2030, 3, 2))


def test_R13_a_warranty_line_out_of_warranty_stays_a_draft_until_its_purpose_is_changed(world: World) -> None:
    serial = world.product(world.d1, installed=date(2020, 1, 1))
    order = do(
        world, world.d1.clerk, "draft", lines=[LineWish("P1", 1, Purpose.WARRANTY, serial)], when="2026-10-05 09:00"
    )
    why = refusal(lambda: do(world, world.d1.clerk, "submit", order.public_id, when="2026-10-05 09:01"))
    assert (why.code, why.facts["position"], why.facts["serial"]) == ("line-out-of-warranty", 1, serial)
    with world.as_(world.d1.clerk) as session:
        same = queries.order(session, order.public_id)
        assert (same.state, same.number) == (S.DRAFT, None)
    do(
        world,
        world.d1.clerk,
        "amend",
        order.public_id,
        lines=[LineWish("P1", 1, Purpose.PAID, serial)],
        when="2026-10-05 09:02",
    )
    sent = do(world, world.d1.clerk, "submit", order.public_id, when="2026-10-05 09:03")
    assert sent.state is S.SUBMITTED
    assert sent.lines[0].verdict is None


def test_a_part_without_a_price_today_cannot_be_submitted(world: World) -> None:
    order = do(world, world.d1.clerk, "draft", lines=[LineWish("P1", 1, Purpose.STOCK)], when="2026-06-30 09:00")
    why = refusal(lambda: do(world, world.d1.clerk, "submit", order.public_id, when="2026-06-30 09:00"))
    assert (why.code, why.facts["part"]) == ("line-no-price", "P1")


# ---------------------------------------------------------------- quoting (R21)


def test_R21_a_quote_takes_the_list_price_of_its_day_and_freezes_contents_fees_and_ship_date(world: World) -> None:
    number = world.submitted_order(world.d1, {"P1": 4, "P2": 1})
    wishes = [QuoteWish(1, 3, None, "only 3 left"), QuoteWish(2, 1, yuan("90.00"), "sample")]
    order = do(
        world, world.hq.clerk, "quote", number, lines=wishes, freight=yuan("28.00"), ship_on=date(2026, 10, 8), note="by road",
        when="2026-10-05 10:00",
    )  # fmt: skip
    assert (order.state, order.quote_no, order.total) == (S.QUOTED, 1, yuan("155.50"))  # 3 × 12.50 + 90.00 + 28.00
    assert (order.ship_on, order.lapses_on) == (date(2026, 10, 8), date(2026, 10, 12))
    with world.as_(world.d1.clerk) as session:
        quote = queries.order(session, number).quotes[0]
        assert (quote.goods, quote.freight, quote.total, quote.price_version) == (
            yuan("127.50"),
            yuan("28.00"),
            yuan("155.50"),
            "202607",
        )
        assert [(line.asked, line.quantity, line.list_price, line.price, line.reason) for line in quote.lines] == [
            (4, 3, yuan("12.50"), yuan("12.50"), "only 3 left"),
            (1, 1, yuan("100.00"), yuan("90.00"), "sample"),
        ]
        assert len(quote.fingerprint) == 16


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        (QuoteWish(1, 4, yuan("12.51")), "price-raised"),
        (QuoteWish(1, 4, yuan("12.00")), "lowered-without-reason"),
        (QuoteWish(1, 4, yuan("0.00"), "gift"), "price-zero"),
        (QuoteWish(1, 5), "confirmed-more"),
        (QuoteWish(1, 0), "quote-empty"),
        (QuoteWish(9, 1), "order-line-gone"),
        (QuoteWish(1, 4, Decimal("12.499"), "odd"), "order-amount-odd"),
    ],
)
def test_R21_a_price_is_never_raised_and_nothing_odd_is_quoted(world: World, wish: QuoteWish, code: str) -> None:
    number = world.submitted_order(world.d1, {"P1": 4})
    why = refusal(
        lambda: do(
            world,
            world.hq.clerk,
            "quote",
            number,
            lines=[wish],
            freight=yuan("0.00"),
            ship_on=date(2026, 10, 8),
            when="2026-10-05 10:00",
        )
    )
    assert why.code == code
    with world.as_(world.hq.auditor) as session:
        assert session.scalar(select(func.count()).select_from(Quote)) == 0
    assert state(world, number) is S.SUBMITTED
    assert events(world, number) == ["order:submit"]


def test_a_quote_promises_no_day_that_is_over_and_no_odd_freight(world: World) -> None:
    number = world.submitted_order(world.d1, {"P1": 4})
    past = refusal(
        lambda: do(
            world,
            world.hq.clerk,
            "quote",
            number,
            lines=[],
            freight=yuan("0"),
            ship_on=date(2026, 10, 4),
            when="2026-10-05 10:00",
        )
    )
    assert past.code == "ship-day-past"
    freight = refusal(
        lambda: do(
            world,
            world.hq.clerk,
            "quote",
            number,
            lines=[],
            freight=yuan("-1"),
            ship_on=date(2026, 10, 8),
            when="2026-10-05 10:00",
        )
    )
    assert freight.code == "freight-odd"


def test_R21_the_price_is_that_of_the_list_in_force_on_the_day_of_the_quote(world: World) -> None:
    with world.as_(world.hq.admin) as session:
        session.execute(text("UPDATE price_lists SET to_day = '2026-10-06' WHERE version = '202607'"))
        session.execute(
            text(
                "INSERT INTO price_lists (version, title, from_day, loaded_at, loaded_by) VALUES ('202610', '', '2026-10-06', :at, 'x')"
            ),
            {"at": at("2026-09-01 09:00")},
        )
        session.execute(
            text(
                "INSERT INTO prices (list_id, part_id, dealer_price, out_price)"
                " SELECT id, :part, 1300, 3000 FROM price_lists WHERE version = '202610'"
            ),
            {"part": world.parts["P1"]},
        )
    number = world.submitted_order(world.d1, {"P1": 4}, when="2026-10-05 23:50")
    order = do(
        world,
        world.hq.clerk,
        "quote",
        number,
        lines=[],
        freight=yuan("0"),
        ship_on=date(2026, 10, 8),
        when="2026-10-06 00:00",
    )
    assert order.total == yuan("52.00")


def test_R21_a_dispute_returns_to_headquarters_and_the_next_version_needs_both_again(world: World) -> None:
    number = world.quoted_order(world.d1, {"P1": 4}, when="2026-10-05 10:00")
    do(world, world.d1.clerk, "dispute", number, reason="freight too high", when="2026-10-05 11:00")
    assert state(world, number) is S.SUBMITTED
    order = do(
        world,
        world.hq.clerk,
        "quote",
        number,
        lines=[],
        freight=yuan("6.00"),
        ship_on=date(2026, 10, 9),
        when="2026-10-06 10:00",
    )
    assert (order.quote_no, order.total, order.reason) == (2, yuan("56.00"), None)
    old = refusal(lambda: do(world, world.d1.manager, "agree", number, quote_no=1, when="2026-10-06 11:00"))
    assert (old.code, old.facts["quote_no"]) == ("quote-changed", 2)
    assert state(world, number) is S.QUOTED
    do(world, world.d1.manager, "agree", number, quote_no=2, when="2026-10-06 11:00")
    with world.as_(world.d1.clerk) as session:
        first, second = queries.order(session, number).quotes
        assert (first.agreed_at, second.agreed_by) == (None, world.d1.manager.name)
        assert first.fingerprint != second.fingerprint


def test_a_version_stays_as_it_was_when_the_application_is_sent_back_and_shortened(world: World) -> None:
    number = world.quoted_order(world.d1, {"P1": 4, "P2": 1}, when="2026-10-05 10:00")
    do(world, world.d1.clerk, "dispute", number, reason="we want less", when="2026-10-05 11:00")
    do(world, world.hq.clerk, "send_back", number, reason="then change it", when="2026-10-05 12:00")
    do(world, world.d1.clerk, "amend", number, lines=[LineWish("P3", 5, Purpose.STOCK)], when="2026-10-05 13:00")
    sent = do(world, world.d1.clerk, "submit", number, when="2026-10-05 13:01")
    assert sent.number == number
    do(
        world,
        world.hq.clerk,
        "quote",
        number,
        lines=[],
        freight=yuan("0"),
        ship_on=date(2026, 10, 9),
        when="2026-10-06 10:00",
    )
    with world.as_(world.d1.clerk) as session:
        first, second = queries.order(session, number).quotes
        assert [(line.part.number, line.quantity) for line in first.lines] == [("P1", 4), ("P2", 1)]
        assert [(line.part.number, line.quantity) for line in second.lines] == [("P3", 5)]
        assert second.total == yuan("39.00")


@pytest.mark.parametrize("step", ["send_back", "reject", "cancel"])
def test_a_step_back_needs_its_reason(world: World, step: str) -> None:
    number = world.submitted_order(world.d1)
    why = refusal(lambda: do(world, world.hq.manager, step, number, reason="  ", when="2026-10-05 10:00"))
    assert (why.code, why.field) == ("reason-missing", "reason")
    assert state(world, number) is S.SUBMITTED
    do(world, world.hq.manager, step, number, reason="not ours", when="2026-10-05 10:00")
    expected = {"send_back": S.DRAFT, "reject": S.REJECTED, "cancel": S.CANCELLED}
    assert state(world, number) is expected[step]


# ---------------------------------------------------------------- agreeing (R22) and debiting (R23)


def test_R22_a_quote_can_be_agreed_to_until_the_end_of_its_seventh_day_and_not_a_second_later(world: World) -> None:
    kept = world.quoted_order(world.d1, when="2026-10-05 10:00")
    lapsed = world.quoted_order(world.d1, when="2026-10-05 10:00")
    agreed = do(world, world.d1.manager, "agree", kept, quote_no=1, when="2026-10-12 23:59")
    assert agreed.state is S.AGREED
    why = refusal(lambda: do(world, world.d1.manager, "agree", lapsed, quote_no=1, when="2026-10-13 00:00"))
    assert (why.code, why.facts["lapsed_on"]) == ("quote-lapsed", date(2026, 10, 12))
    assert state(world, lapsed) is S.QUOTED
    do(world, world.d1.clerk, "dispute", lapsed, reason="lapsed, please quote anew", when="2026-10-13 00:01")
    assert state(world, lapsed) is S.SUBMITTED


def test_only_who_may_spend_agrees(world: World) -> None:
    number = world.quoted_order(world.d1)
    why = refusal(lambda: do(world, world.d1.clerk, "agree", number, quote_no=1, when="2026-10-05 11:00"))
    assert why.code == "permission-missing"
    with pytest.raises(NotFound):
        do(world, world.d2.manager, "agree", number, quote_no=1, when="2026-10-05 11:00")
    assert state(world, number) is S.QUOTED


def test_R23_a_debit_posts_goods_and_freight_and_makes_the_layers_R26(world: World) -> None:
    number = world.debited_order(world.d1, {"P1": 4, "P2": 1}, freight="10.00")
    assert postings(world, number) == {
        "prepayments": (yuan("160.00"), None),
        "parts-sales": (None, yuan("150.00")),
        "freight": (None, yuan("10.00")),
    }
    assert world.balance(world.d1) == yuan("840.00")
    assert layers(world, number) == [(4, 0, 0, yuan("12.50")), (1, 0, 0, yuan("100.00"))]
    assert state(world, number) is S.DEBITED


def test_a_debit_without_freight_posts_none(world: World) -> None:
    number = world.debited_order(world.d1, {"P1": 4}, freight="0.00")
    assert postings(world, number) == {"prepayments": (yuan("50.00"), None), "parts-sales": (None, yuan("50.00"))}


def test_a_line_confirmed_with_nothing_becomes_no_layer(world: World) -> None:
    number = world.submitted_order(world.d1, {"P1": 4, "P2": 1})
    do(
        world,
        world.hq.clerk,
        "quote",
        number,
        lines=[QuoteWish(2, 0, None, "sold out")],
        freight=yuan("0"),
        ship_on=date(2026, 10, 8),
        when="2026-10-05 10:00",
    )
    do(world, world.d1.manager, "agree", number, quote_no=1, when="2026-10-05 11:00")
    do(world, world.hq.finance, "debit", number, when="2026-10-05 12:00")
    assert layers(world, number) == [(4, 0, 0, yuan("12.50"))]
    assert world.balance(world.d1) == yuan("950.00")


def test_R23_agreeing_without_funds_is_allowed_and_the_debit_says_what_is_missing_and_changes_nothing(
    world: World,
) -> None:
    number = world.agreed_order(world.d1, {"P2": 11}, freight="0.01")  # 1,100.01 against 1,000.00
    why = refusal(lambda: do(world, world.hq.finance, "debit", number, when="2026-10-05 12:00"))
    assert (why.code, why.facts["missing"]) == ("short-of-funds", yuan("100.01"))
    assert state(world, number) is S.AGREED
    assert world.balance(world.d1) == yuan("1000.00")
    assert layers(world, number) == []
    assert "order:debit" not in events(world, number)
    world.topup(world.d1, "100.01", "2026-10-06 09:00")
    do(world, world.hq.finance, "debit", number, when="2026-10-06 10:00")
    assert world.balance(world.d1) == yuan("0.00")


def test_R23_the_credit_limit_bears_what_the_balance_does_not(world: World) -> None:
    number = world.agreed_order(world.d1, {"P2": 11}, freight="0.00")
    with world.as_(world.hq.finance_manager) as session:
        from portal.ledger import actions as money

        money.set_credit_limit(
            session, world.hq.finance_manager, "D001", limit=yuan("100.00"), at=at("2026-10-05 11:30")
        )
    do(world, world.hq.finance, "debit", number, when="2026-10-05 12:00")
    assert world.balance(world.d1) == yuan("-100.00")


def test_R67_reserved_is_what_is_agreed_and_undebited_and_other_reservations_do_not_hold_back_a_debit_R23(
    world: World,
) -> None:
    first = world.agreed_order(world.d1, {"P2": 8}, freight="0.00")
    second = world.agreed_order(world.d1, {"P2": 7}, freight="0.00")
    with world.as_(world.d1.clerk) as session:
        standing = queries.standing(session, world.d1.id)
        assert (standing.balance, standing.reserved, standing.available, standing.credit_limit) == (
            yuan("1000.00"), yuan("1500.00"), yuan("-500.00"), yuan("0.00"),
        )  # fmt: skip
    do(world, world.hq.finance, "debit", second, when="2026-10-05 12:00")
    with world.as_(world.d1.clerk) as session:
        standing = queries.standing(session, world.d1.id)
        assert (standing.balance, standing.reserved, standing.available) == (
            yuan("300.00"),
            yuan("800.00"),
            yuan("-500.00"),
        )
    assert refusal(lambda: do(world, world.hq.finance, "debit", first, when="2026-10-05 12:01")).facts[
        "missing"
    ] == yuan("500.00")


def test_R20_nothing_is_shipped_before_both_have_agreed_and_the_account_is_debited(world: World) -> None:
    for number in (world.submitted_order(world.d1), world.quoted_order(world.d1), world.agreed_order(world.d1)):
        why = refusal(
            lambda number=number: do(
                world,
                world.hq.warehouse,
                "ship",
                number,
                pieces={1: 1},
                carrier="德邦",
                tracking="1",
                when="2026-10-06 09:00",
            )
        )
        assert why.code == "wrong-state"


def test_an_order_is_debited_once(world: World) -> None:
    number = world.debited_order(world.d1)
    assert refusal(lambda: do(world, world.hq.finance, "debit", number, when="2026-10-05 13:00")).code == "wrong-state"
    assert world.balance(world.d1) == yuan("940.00")


# ---------------------------------------------------------------- cancelling (R24)


def test_R24_cancelling_after_the_debit_reverses_parts_and_freight_whole_and_takes_the_layers_away(
    world: World,
) -> None:
    number = world.debited_order(world.d1, {"P1": 4}, freight="10.00")
    do(world, world.hq.clerk, "cancel", number, reason="discontinued", when="2026-11-02 10:00")
    assert state(world, number) is S.CANCELLED
    assert world.balance(world.d1) == yuan("1000.00")
    assert layers(world, number) == []
    with world.as_(world.hq.auditor) as session:
        journal = ledger.journal_of(session, f"order:{number}", "order-reversal")
        assert journal is not None
        assert {row.account: (row.debit, row.credit) for row in ledger.postings(session, journal.id)} == {
            "prepayments": (None, yuan("60.00")), "parts-sales": (yuan("50.00"), None), "freight": (yuan("10.00"), None),
        }  # fmt: skip
    assert events(world, number)[-1] == "order:cancel"


def test_a_dealer_cancels_until_it_has_agreed_and_headquarters_until_something_is_shipped(world: World) -> None:
    quoted, agreed, debited = world.quoted_order(world.d1), world.agreed_order(world.d1), world.debited_order(world.d1)
    do(world, world.d1.clerk, "cancel", quoted, reason="not needed", when="2026-10-06 09:00")
    assert state(world, quoted) is S.CANCELLED
    for number in (agreed, debited):
        why = refusal(
            lambda number=number: do(
                world, world.d1.manager, "cancel", number, reason="not needed", when="2026-10-06 09:00"
            )
        )
        assert why.code == "cancel-by-hq-only"
    do(world, world.hq.clerk, "cancel", agreed, reason="sold out", when="2026-10-06 09:00")
    assert (state(world, agreed), state(world, debited)) == (S.CANCELLED, S.DEBITED)
    shipped, _parcel = world.shipped_order(world.d1)
    assert (
        refusal(lambda: do(world, world.hq.clerk, "cancel", shipped, reason="late", when="2026-10-07 09:00")).code
        == "wrong-state"
    )


def test_an_unsent_draft_is_the_dealers_to_cancel(world: World) -> None:
    order = do(world, world.d1.clerk, "draft", lines=[LineWish("P1", 1, Purpose.STOCK)], when="2026-10-05 09:00")
    why = refusal(lambda: do(world, world.hq.clerk, "cancel", order.public_id, reason="x", when="2026-10-05 10:00"))
    assert why.code == "cancel-by-dealer-only"
    gone = do(world, world.d1.clerk, "cancel", order.public_id, reason="typed by mistake", when="2026-10-05 10:00")
    assert (gone.state, gone.number) == (S.CANCELLED, None)


# ---------------------------------------------------------------- shipping and receiving (R26)


def test_R26_parcels_are_received_one_by_one_and_only_the_last_one_ends_the_order(world: World) -> None:
    number = world.debited_order(world.d1, {"P1": 4, "P2": 2})
    words = {"carrier": "德邦", "tracking": "DPK1"}
    first = do(world, world.hq.warehouse, "ship", number, pieces={1: 3}, when="2026-10-06 09:00", **words)
    assert (first.number, state(world, number)) == ("SH2610-0001", S.PART_SHIPPED)
    do(world, world.d1.clerk, "receive", first.number, counts={1: (3, 1)}, note="one cracked", when="2026-10-08 09:00")
    assert state(world, number) is S.PART_SHIPPED
    assert layers(world, number) == [(4, 2, 0, yuan("12.50")), (2, 0, 0, yuan("100.00"))]
    second = do(world, world.hq.warehouse, "ship", number, pieces={1: 1, 2: 2}, when="2026-10-09 09:00", **words)
    assert state(world, number) is S.SHIPPED
    do(
        world, world.d1.clerk, "receive", second.number, counts={1: (0, 0)}, when="2026-10-11 09:00"
    )  # line 2 arrived whole
    assert state(world, number) is S.RECEIVED
    assert layers(world, number) == [(4, 2, 0, yuan("12.50")), (2, 2, 0, yuan("100.00"))]
    with world.as_(world.d1.clerk) as session:
        parcels = queries.order(session, number).shipments
        assert [[(line.counted, line.damaged, line.short) for line in parcel.lines] for parcel in parcels] == [
            [(3, 1, 0)],
            [(0, 0, 1), (2, 0, 0)],
        ]
        firsts = {layer.part.number: layer.first_received_on for layer in queries.layers(session, world.d1.id)}
        assert firsts == {"P1": date(2026, 10, 8), "P2": date(2026, 10, 11)}


def test_an_order_waits_for_every_parcel_whatever_order_they_arrive_in(world: World) -> None:
    number = world.debited_order(world.d1, {"P1": 4})
    words = {"carrier": "德邦", "tracking": "DPK1"}
    first = do(world, world.hq.warehouse, "ship_part", number, pieces={1: 1}, when="2026-10-06 09:00", **words)
    last = do(world, world.hq.warehouse, "ship_rest", number, when="2026-10-06 10:00", **words)
    do(world, world.d1.clerk, "receive", last.number, counts={}, when="2026-10-07 09:00")
    assert state(world, number) is S.SHIPPED
    do(world, world.d1.clerk, "receive", first.number, counts={}, when="2026-10-08 09:00")
    assert state(world, number) is S.RECEIVED


@pytest.mark.parametrize(
    ("pieces", "code"),
    [({1: 5}, "shipped-more"), ({1: 0}, "nothing-shipped"), ({}, "nothing-shipped"), ({7: 1}, "order-line-gone")],
)
def test_never_more_is_shipped_than_was_confirmed(world: World, pieces: dict[int, int], code: str) -> None:
    number = world.debited_order(world.d1, {"P1": 4})
    why = refusal(
        lambda: do(
            world,
            world.hq.warehouse,
            "ship",
            number,
            pieces=pieces,
            carrier="德邦",
            tracking="1",
            when="2026-10-06 09:00",
        )
    )
    assert why.code == code
    assert state(world, number) is S.DEBITED


def test_a_partial_shipment_leaves_something_and_a_parcel_has_carrier_and_number(world: World) -> None:
    number = world.debited_order(world.d1, {"P1": 4})
    all_of_it = refusal(
        lambda: do(
            world,
            world.hq.warehouse,
            "ship_part",
            number,
            pieces={1: 4},
            carrier="德邦",
            tracking="1",
            when="2026-10-06 09:00",
        )
    )
    assert all_of_it.code == "nothing-stays"
    nobody = refusal(
        lambda: do(
            world, world.hq.warehouse, "ship", number, pieces={1: 4}, carrier=" ", tracking="1", when="2026-10-06 09:00"
        )
    )
    assert (nobody.code, nobody.field) == ("carrier-missing", "carrier")
    untold = refusal(
        lambda: do(
            world,
            world.hq.warehouse,
            "ship",
            number,
            pieces={1: 4},
            carrier="德邦",
            tracking="",
            when="2026-10-06 09:00",
        )
    )
    assert untold.code == "tracking-missing"
    assert state(world, number) is S.DEBITED


@pytest.mark.parametrize(
    ("count", "code"), [((5, 0), "counted-more"), ((3, 4), "damaged-more"), ((-1, 0), "counted-more")]
)
def test_no_more_is_counted_than_was_sent_nor_more_damaged_than_counted(
    world: World, count: tuple[int, int], code: str
) -> None:
    number, parcel = world.shipped_order(world.d1, {"P1": 4})
    why = refusal(lambda: do(world, world.d1.clerk, "receive", parcel, counts={1: count}, when="2026-10-07 09:00"))
    assert why.code == code
    assert layers(world, number) == [(4, 0, 0, yuan("12.50"))]
    assert state(world, number) is S.SHIPPED


def test_a_parcel_is_received_once_and_by_its_own_dealer(world: World) -> None:
    number, parcel = world.shipped_order(world.d1, {"P1": 4})
    with pytest.raises(NotFound):
        do(world, world.d2.clerk, "receive", parcel, counts={}, when="2026-10-07 09:00")
    do(world, world.d1.clerk, "receive", parcel, counts={1: (2, 0)}, when="2026-10-07 09:00")
    again = refusal(lambda: do(world, world.d1.clerk, "receive", parcel, counts={1: (4, 0)}, when="2026-10-07 09:01"))
    assert again.code == "wrong-state"
    assert layers(world, number) == [(4, 2, 0, yuan("12.50"))]


def test_R3_every_step_of_the_road_leaves_an_event_with_before_and_after(world: World) -> None:
    number = world.received_order(world.d1)
    with world.as_(world.hq.auditor) as session:
        rows = session.execute(
            select(AuditEvent.act, AuditEvent.before, AuditEvent.after)
            .where(AuditEvent.subject_number == number)
            .order_by(AuditEvent.id)
        )
        assert [tuple(row) for row in rows] == [
            ("order:submit", "draft", "submitted"),
            ("order:quote", "submitted", "quoted"),
            ("order:agree", "quoted", "agreed"),
            ("order:debit", "agreed", "debited"),
            ("order:ship_rest", "debited", "shipped"),
            ("order:receive", "shipped", "received"),
        ]
