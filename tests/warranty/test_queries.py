"""The verdict asked of the database, products, and whose they are (R1, R13, R90)."""

from datetime import date

import pytest
from sqlalchemy import select

from portal.catalog import queries as catalog
from portal.core.audit import AuditEvent
from portal.core.errors import NotFound, Refused
from portal.warranty import actions, queries
from portal.warranty.models import Basis, PolicyLine, WarrantyPolicy
from portal.warranty.rules import Reason
from tests.factories.world import at


def judge(world, serial, part="P1", cause="quality", on=date(2026, 10, 10), shop=None):
    with world.as_((shop or world.d1).clerk) as session:
        return queries.verdict(session, queries.product(session, serial), catalog.part(session, part), cause, on=on)


def test_R13_the_group_line_of_the_policy_in_force_on_the_service_day(world):
    verdict = judge(world, world.product(world.d1))
    assert (verdict.covered, verdict.policy_version, verdict.line_no, verdict.part_group) == (True, "202607", 2, "阀类")
    assert (verdict.months, verdict.basis, verdict.counts_from, verdict.last_day) == (
        60,
        Basis.INSTALLED,
        date(2025, 3, 2),
        date(2030, 3, 2),
    )


def test_R13_consumables_and_commercial_use(world):
    assert judge(world, world.product(world.d1), part="P3").reason is Reason.NEVER_COVERED
    shop_floor = world.product(world.d1, commercial=True)
    assert judge(world, shop_floor, on=date(2026, 3, 2)).covered
    assert judge(world, shop_floor, on=date(2026, 3, 3)).reason is Reason.EXPIRED


def test_R13_another_category_falls_back_to_its_whole_unit_line(world):
    verdict = judge(world, world.product(world.d1, model="M-200"))
    assert (verdict.covered, verdict.line_no, verdict.part_group, verdict.last_day) == (True, 4, None, date(2028, 3, 2))


def test_R13_the_version_in_force_on_the_service_day_decides_not_todays(world):
    serial = world.product(world.d1)
    with world.as_(world.hq.admin) as session:
        old = session.scalars(select(WarrantyPolicy)).one()
        category = session.scalars(select(PolicyLine.category_id).where(PolicyLine.line_no == 1)).one()
        old.to_day = date(2026, 11, 1)
        session.flush()
        new = WarrantyPolicy(
            version="202611", from_day=date(2026, 11, 1), to_day=None, loaded_at=at("2026-10-20 09:00"), loaded_by="x"
        )
        session.add(new)
        session.flush()
        session.add(
            PolicyLine(
                policy_id=new.id,
                line_no=9,
                category_id=category,
                part_group=None,
                home_months=12,
                commercial_months=12,
                basis=Basis.INSTALLED,
            )
        )
    before, after = judge(world, serial, on=date(2026, 10, 31)), judge(world, serial, on=date(2026, 11, 1))
    assert (before.policy_version, before.covered) == ("202607", True)
    assert (after.policy_version, after.line_no, after.covered, after.last_day) == (
        "202611",
        9,
        False,
        date(2026, 3, 2),
    )
    assert judge(world, serial, on=date(2025, 12, 31)).reason is Reason.NO_POLICY


def test_R1_another_dealers_product_is_not_there_but_its_number_says_whose_it_is_not(world):
    serial = world.product(world.d2)
    with world.as_(world.d1.clerk) as session:
        with pytest.raises(NotFound):
            queries.product(session, serial)
        with pytest.raises(Refused) as refused:
            queries.served_product(session, serial)
        assert (refused.value.code, refused.value.field) == ("product-elsewhere", "serial")
        seen = queries.sight(session, serial)
        assert (seen.model, seen.customer, seen.own) == ("M-100", "张*", False)
        assert queries.find_products(session, serial) == []
        with pytest.raises(Refused) as refused:
            queries.served_product(session, "NO-SUCH")
        assert refused.value.code == "product-unknown"


def test_products_are_found_by_serial_model_name_and_phone(world):
    serial = world.product(world.d1)
    with world.as_(world.d1.technician) as session:
        for typed in (serial, serial[:6].lower(), "m-1", "张三丰", "13812345678"):
            assert [found.serial for found in queries.find_products(session, typed)] == [serial]
        assert queries.find_products(session, "李四") == []


def test_R90_opening_the_customers_data_is_logged(world):
    serial = world.product(world.d1)
    with world.as_(world.d1.clerk) as session:
        assert (
            actions.open_customer(session, world.d1.clerk, serial, at=at("2026-10-10 09:00")).customer_phone
            == "13812345678"
        )
    with world.as_(world.hq.auditor) as session:
        event = session.scalars(select(AuditEvent).where(AuditEvent.act == "product:open")).one()
        assert (event.actor_name, event.facts["serial"]) == (world.d1.clerk.name, serial)


def test_R90_who_may_not_open_it_leaves_no_trace(world):
    from dataclasses import replace

    serial = world.product(world.d1)
    nobody = replace(world.d1.clerk, permissions=frozenset())
    with pytest.raises(Refused) as refused, world.as_(nobody) as session:
        actions.open_customer(session, nobody, serial, at=at("2026-10-10 09:00"))
    assert refused.value.code == "permission-missing"
    with world.as_(world.hq.auditor) as session:
        assert session.scalars(select(AuditEvent).where(AuditEvent.act == "product:open")).all() == []
