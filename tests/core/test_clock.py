"""The portal's now and today: frozen where somebody froze them, in the brand's zone, never for what protects (section 11)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core import clock

SHANGHAI = ZoneInfo("Asia/Shanghai")
THE_THIRD = datetime.fromisoformat("2026-11-03T02:00:00+08:00")


@pytest.fixture
def process_clock() -> Iterator[None]:
    yield
    clock.freeze_process(None)


def test_business_time_stands_still_where_it_is_frozen_and_runs_again_after() -> None:
    with clock.frozen(THE_THIRD):
        assert clock.now() == THE_THIRD
        assert clock.now().tzinfo is UTC
        with clock.frozen(THE_THIRD + timedelta(days=1)):
            assert clock.today(SHANGHAI) == date(2026, 11, 4)
        assert clock.today(SHANGHAI) == date(2026, 11, 3)
    assert abs(clock.now() - clock.machine_now()) < timedelta(seconds=5)


def test_a_frozen_clock_is_thawed_by_an_exception_too() -> None:
    with pytest.raises(RuntimeError), clock.frozen(THE_THIRD):
        raise RuntimeError
    assert clock.now() != THE_THIRD


def test_a_frozen_context_does_not_stop_another_threads_clock() -> None:
    seen: list[datetime] = []
    with clock.frozen(THE_THIRD):
        thread = threading.Thread(target=lambda: seen.append(clock.now()))
        thread.start()
        thread.join()
    assert seen[0] != THE_THIRD


def test_the_whole_process_is_frozen_by_the_setting(process_clock: None) -> None:
    clock.freeze_process(THE_THIRD)
    seen: list[datetime] = []
    thread = threading.Thread(target=lambda: seen.append(clock.now()))
    thread.start()
    thread.join()
    assert (seen, clock.now()) == ([THE_THIRD], THE_THIRD)
    with clock.frozen(THE_THIRD + timedelta(hours=1)):  # a test's own clock goes before
        assert clock.now() == THE_THIRD + timedelta(hours=1)
    clock.freeze_process(None)
    assert clock.now() != THE_THIRD


def test_what_protects_never_stands_still(process_clock: None) -> None:
    clock.freeze_process(THE_THIRD)
    assert clock.machine_now() != THE_THIRD


def test_an_instant_without_an_offset_is_no_instant() -> None:
    naive = datetime(2026, 11, 3, 2, 0)  # noqa: DTZ001 - that is what is refused
    with pytest.raises(ValueError, match="offset"):
        clock.freeze_process(naive)
    with pytest.raises(ValueError, match="offset"), clock.frozen(naive):
        pass


@pytest.mark.parametrize(
    ("instant", "day"),
    [("2026-11-02T15:59:59+00:00", "2026-11-02"), ("2026-11-02T16:00:00+00:00", "2026-11-03"), ("2024-02-29T15:59:59Z", "2024-02-29"), ("2026-12-31T16:00:00Z", "2027-01-01")],
)  # fmt: skip
def test_BA3_the_business_day_is_the_zones(instant: str, day: str) -> None:
    assert clock.day(datetime.fromisoformat(instant), SHANGHAI) == date.fromisoformat(day)


@given(
    st.dates(min_value=date(2000, 1, 1), max_value=date(2100, 1, 1)),
    st.sampled_from(["Asia/Shanghai", "UTC", "Europe/Berlin", "Asia/Kathmandu"]),
)
def test_BA3_a_day_starts_at_its_first_instant(day: date, zone: str) -> None:
    start = clock.start_of(day, ZoneInfo(zone))
    assert clock.day(start, ZoneInfo(zone)) == day
    assert clock.day(start - timedelta(microseconds=1), ZoneInfo(zone)) == day - timedelta(days=1)
