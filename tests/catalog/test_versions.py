"""Price lists are versions, each in force from its first day (R10, R34)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from portal.catalog import queries
from portal.catalog.models import Part, PriceList
from portal.core.errors import Refused
from tests.catalog.loading import JANUARY, load_text, prices
from tests.factories.brands import JULY, count, empty_brand, in_brand, load
from tests.factories.world import at


def test_R10_a_future_version_waits_and_ends_the_one_in_force_on_its_first_day(app):
    actor = empty_brand()
    load(actor, "prices", "price-list-2026H2.xlsx")
    done = load(actor, "prices", "price-list-2027H1.xlsx", when="2026-11-16 10:00")
    assert done.more["ends"] == "202607"
    assert (done.more["prices_rises"], done.more["prices_gone"], done.more["prices_new"]) == (118, 1, 0)
    with in_brand(actor) as session:
        board = queries.part(session, "ST01").id
        assert queries.price_on(session, board, date(2026, 12, 31)).dealer_price == Decimal("382.00")
        assert queries.price_on(session, board, JANUARY).dealer_price == Decimal("397.28")
        assert queries.list_on(session, date(2026, 12, 31)).to_day == JANUARY


def test_R10_a_first_day_that_belongs_to_a_version_that_has_begun_is_refused_and_nothing_changes(app):
    actor = empty_brand()
    load(actor, "prices", "price-list-2026H2.xlsx")
    with pytest.raises(Refused) as refused:
        load(actor, "prices", "price-list-2027H1.xlsx", first_day=date(2026, 10, 1), when="2026-10-01 00:00")
    assert refused.value.code == "load-bad-file"
    with in_brand(actor) as session:
        assert count(session, PriceList) == 1
        assert queries.list_on(session, date(2026, 10, 1)).version == "202607"


def test_R10_the_day_begins_in_the_brands_zone(app):
    """MO10: at 23:59 in Shanghai tomorrow is still free, a minute later it has begun; UTC says the same day twice."""
    actor = empty_brand()
    load_text(actor, prices("A1,阀,1.00,2.00"), date(2026, 7, 1), when="2026-06-20 09:00")
    with pytest.raises(Refused):
        load_text(actor, prices("A1,阀,3.00,4.00"), date(2026, 10, 2), when="2026-10-02 00:00")
    load_text(actor, prices("A1,阀,3.00,4.00"), date(2026, 10, 2), when="2026-10-01 23:59")
    with in_brand(actor) as session:
        assert queries.list_on(session, date(2026, 10, 2)).version == "20261002"


def test_R10_a_future_version_is_replaced_by_another_with_its_first_day(app):
    actor = empty_brand()
    load_text(actor, prices("A1,阀,1.00,2.00"), JULY, when="2026-06-20 09:00")
    load_text(actor, prices("A1,阀,1.10,2.00"), JANUARY, when="2026-11-01 09:00")
    done = load_text(actor, prices("A1,阀,1.20,2.00"), JANUARY, when="2026-11-02 09:00")
    assert (done.version, done.more["replaces"]) == ("20270101-2", "20270101")
    with in_brand(actor) as session:
        part = queries.part(session, "A1").id
        assert queries.price_on(session, part, JANUARY).dealer_price == Decimal("1.20")
        assert queries.price_list(session, "20270101").withdrawn_at == at("2026-11-02 09:00")
        assert queries.list_on(session, date(2026, 12, 31)).to_day == JANUARY


def test_R10_a_version_between_two_ends_where_the_next_begins(app):
    actor = empty_brand()
    load_text(actor, prices("A1,阀,1.00,2.00"), JULY, when="2026-06-20 09:00")
    load_text(actor, prices("A1,阀,3.00,4.00"), JANUARY, when="2026-08-01 09:00")
    load_text(actor, prices("A1,阀,2.00,3.00"), date(2026, 10, 1), when="2026-08-02 09:00")
    with in_brand(actor) as session:
        spans = [(row.version, row.from_day, row.to_day) for row in queries.price_lists(session)]
    assert spans == [
        ("20270101", JANUARY, None),
        ("20261001", date(2026, 10, 1), JANUARY),
        ("20260701", JULY, date(2026, 10, 1)),
    ]


def test_R34_a_known_part_follows_the_newest_list_and_keeps_its_category(app):
    actor = empty_brand()
    head = "配件编码,配件名称,成本价,保外价,品类,旧件回收,适用型号"
    load_text(actor, prices("A1,进水阀,1.00,2.00,坐便器,是,M1", head=head), JULY, when="2026-06-20 09:00")
    done = load_text(actor, prices("a1,排水阀,1.00,2.00"), JANUARY)
    assert (done.new, done.changed) == (0, 1)
    with in_brand(actor) as session:
        part = queries.part(session, "A1")
        assert (part.name, part.must_return, part.initials) == ("排水阀", False, "psf")
        assert queries.category_name(session, part.category_id) == "坐便器"
        assert queries.models_of(session, [part.id]) == {part.id: ("M1",)}
        assert count(session, Part) == 1
