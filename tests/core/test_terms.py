"""A term holds its default until a brand sets another value, from a day on; other brands keep theirs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from portal.core import terms
from portal.core.terms import Term, TermValue
from tests.factories.world import World, at, make_world


@pytest.fixture
def days() -> Iterator[Term]:
    yield Term("tests.days", 7, 1, 30, "days", "tests")
    del terms._registry["tests.days"]


def put(world: World, term: Term, from_day: str, value: int) -> None:
    with world.as_(world.hq.manager) as session:
        session.add(
            TermValue(
                name=term.name,
                from_day=date.fromisoformat(from_day),
                value=value,
                set_at=at("2026-10-01 09:00"),
                set_by="韩建国",
            )
        )


def test_the_default_holds_before_the_first_value_and_each_value_from_its_day_on(world: World, days: Term) -> None:
    put(world, days, "2026-10-10", 10)
    put(world, days, "2026-11-01", 3)
    expected = {"2026-10-09": 7, "2026-10-10": 10, "2026-10-31": 10, "2026-11-01": 3, "2030-01-01": 3}
    with world.as_(world.d1.clerk) as session:  # dealers are bound by them and read them
        found = {day: terms.value(session, days, on=date.fromisoformat(day)) for day in expected}
    assert found == expected


def test_R1_a_brands_terms_are_its_own(world: World, days: Term) -> None:
    put(world, days, "2026-10-01", 20)
    other = make_world()
    with other.as_(other.hq.clerk) as session:
        assert terms.value(session, days, on=date(2026, 12, 1)) == 7


def test_the_day_before_a_change_still_counts_by_the_old_value(world: World, days: Term) -> None:
    change = date(2026, 11, 1)
    put(world, days, str(change), 5)
    with world.as_(world.hq.clerk) as session:
        assert terms.value(session, days, on=change - timedelta(days=1)) == 7


def test_a_default_outside_its_limits_or_a_second_meaning_of_a_name_is_a_mistake_in_the_code(days: Term) -> None:
    with pytest.raises(ValueError, match=r"tests\.low"):
        Term("tests.low", 0, 1, 30, "days", "tests")
    with pytest.raises(ValueError, match="two terms"):
        Term("tests.days", 8, 1, 30, "days", "tests")
    assert Term("tests.days", 7, 1, 30, "days", "tests") == days  # a module read twice is none


def test_every_term_is_listed_by_name(app, days: Term) -> None:
    names = [term.name for term in terms.all_terms()]
    assert names == sorted(names)
    assert "tests.days" in names
    assert terms.find("tests.days") is days
    assert terms.find("tests.unknown") is None
