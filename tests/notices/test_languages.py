"""People are told in the language that each of them reads, many at once in two statements."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import event, select

from portal.core.db import db
from portal.core.outbox import OutboxMessage
from portal.core.permissions import Permission as P
from portal.identity import actions as identity
from portal.identity.models import Member
from portal.notices import actions, mail, queries
from tests.factories.world import World, at, yuan

AT = at("2026-10-05 09:00")
BRAND = {"zh_Hans_CN": "澜泉", "en": "Lanquan"}
SHORT = {"number": "PO2610-0007", "total": yuan("2010.00"), "missing": yuan("1010.00")}


def reads(world: World, person, language: str, email: str) -> None:
    """That person reads that language, and is written to there."""
    with world.as_(person) as session:
        identity.choose_language(session, person, language, at=AT)
    with world.as_(world.hq.system) as session:
        session.scalars(select(Member).where(Member.id == person.scope.member_id)).one().email = email


def written(world: World) -> list[OutboxMessage]:
    with world.as_(world.hq.admin) as session:
        return list(session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)))


def test_each_reader_of_one_notice_reads_its_own_language(app: Flask, world: World) -> None:
    reads(world, world.d1.clerk, "en", "clerk@example.com")
    reads(world, world.d1.manager, "zh_Hans_CN", "manager@example.com")
    with world.as_(world.hq.system) as session:
        told = actions.tell(session, "order-short", permission=P.ORDER_READ, dealer_id=world.d1.id, facts=SHORT, at=AT)
    assert told == 2
    assert {row.recipient: mail.words(row, brand=BRAND).subject for row in written(world)} == {
        "clerk@example.com": "Order PO2610-0007 waits: the account is short of ¥1,010.00",
        "manager@example.com": "订单 PO2610-0007 待扣款：账户尚缺 ¥1,010.00",
    }


def test_an_address_that_two_share_is_written_to_once_in_the_language_of_who_came_first(
    app: Flask, world: World
) -> None:
    reads(world, world.d1.manager, "en", "shop@example.com")
    reads(world, world.d1.clerk, "zh_Hans_CN", "shop@example.com")
    first = min((world.d1.manager, world.d1.clerk), key=lambda person: person.scope.member_id)
    with world.as_(world.hq.system) as session:
        found = queries.readers(session, P.ORDER_READ, [world.d1.id])
    assert found == {world.d1.id: {"shop@example.com": "en" if first == world.d1.manager else "zh_Hans_CN"}}


def test_many_dealers_are_told_in_two_statements_whatever_their_languages(app: Flask, world: World) -> None:
    for shop, language in ((world.d1, "en"), (world.d2, "zh_Hans_CN")):
        reads(world, shop.manager, language, f"{shop.manager.name}@example.com")
        reads(world, shop.clerk, "en", f"{shop.clerk.name}@example.com")
    said: list[str] = []
    event.listen(db.engine, "before_cursor_execute", note := lambda *given: said.append(str(given[2])))
    try:
        with world.as_(world.hq.system) as session:
            said.clear()
            facts = {shop.id: SHORT for shop in (world.d1, world.d2)}
            assert actions.tell_each(session, "order-short", permission=P.ORDER_READ, facts=facts, at=AT) == 4
            during = [statement for statement in said if "set_config" not in statement and "SET " not in statement]
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    assert [statement.split()[0] for statement in during] == ["SELECT", "INSERT"]
    assert sorted(row.locale for row in written(world)) == ["en", "en", "en", "zh_Hans_CN"]
