"""Numbers: a counter per brand, kind and month, in order, given back on rollback, never twice (domain.md section 12)."""

from __future__ import annotations

import threading
from datetime import date

import pytest

from portal.core.db import unit_of_work
from portal.core.numbering import Kind, next_number
from portal.core.provision import admin_engine
from portal.core.settings import Settings
from tests.factories.world import World, make_world

NOVEMBER = date(2026, 11, 1)


def take(world: World, kind: Kind = Kind.ORDER, month: date = NOVEMBER, *, who=None) -> str:
    with world.as_(who or world.d1.clerk) as session:
        return next_number(session, kind, month)


def test_section_12_each_kind_and_month_counts_for_itself(world: World) -> None:
    assert [take(world), take(world), take(world, month=date(2026, 11, 30))] == [
        "PO2611-0001",
        "PO2611-0002",
        "PO2611-0003",
    ]
    assert take(world, month=date(2026, 12, 1)) == "PO2612-0001"
    assert take(world, Kind.CLAIM) == "RC2611-0001"
    assert take(world, Kind.JOURNAL, who=world.hq.finance) == "JV2611-000001"
    assert take(world, who=world.d2.clerk) == "PO2611-0004"  # the brand's counter, not the dealer's


def test_T9_another_brands_counter_starts_at_one(world: World) -> None:
    take(world)
    other = make_world()
    assert take(other) == "PO2611-0001"


def test_section_12_a_number_is_given_back_when_its_act_fails(world: World) -> None:
    take(world)
    with pytest.raises(RuntimeError), world.as_(world.d1.clerk) as session:
        assert next_number(session, Kind.ORDER, NOVEMBER) == "PO2611-0002"
        raise RuntimeError
    assert take(world) == "PO2611-0002"


def test_section_12_a_month_of_more_than_9999_only_grows_wider(world: World, settings: Settings) -> None:
    with admin_engine(str(settings.admin_url)).begin() as connection:
        connection.exec_driver_sql(f"INSERT INTO app.counters VALUES ({world.brand_id}, 'OP', '2611', 9998)")
    with world.as_(world.d1.clerk) as session:
        numbers = [next_number(session, Kind.OLD_PART, NOVEMBER) for _ in range(3)]
    assert numbers == ["OP2611-9999", "OP2611-10000", "OP2611-10001"]


def test_section_12_eight_at_once_get_every_number_once(app, world: World) -> None:
    barrier, taken, lock = threading.Barrier(8), [], threading.Lock()

    def work() -> None:
        with app.app_context():
            barrier.wait()
            for turn in range(10):
                with unit_of_work(world.d1.clerk.scope) as session:
                    number = next_number(session, Kind.SHIPMENT, NOVEMBER)
                    if turn == 5:  # one in ten is given back
                        session.rollback()
                        continue
                with lock:
                    taken.append(number)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == [f"SH2611-{n:04d}" for n in range(1, 73)]
