"""Withdrawing a price list that has not begun (R10), and the files that wait to be confirmed (R11)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select

from portal.catalog import actions, queries
from portal.catalog.models import Import, PriceList
from portal.catalog.rules import Loaded
from portal.core.audit import AuditEvent
from portal.core.errors import NotFound, Refused
from portal.core.permissions import Actor
from tests.factories.brands import bytes_of, count, empty_brand, in_brand, load, member_of
from tests.factories.world import at

JANUARY = date(2027, 1, 1)


@pytest.fixture
def brand(app) -> Actor:
    actor = empty_brand()
    load(actor, "prices", "price-list-2026H2.xlsx")
    load(actor, "prices", "price-list-2027H1.xlsx", when="2026-11-01 09:00")
    return actor


def test_R10_withdrawing_a_future_version_leaves_the_one_before_in_force(brand):
    with in_brand(brand) as session:
        actions.withdraw_list(session, brand, "202701", at=at("2026-12-31 23:59"))
    with in_brand(brand) as session:
        part = queries.part(session, "ST01").id
        assert queries.price_on(session, part, JANUARY).dealer_price == Decimal("382.00")
        assert queries.list_on(session, JANUARY).to_day is None
        event = session.scalars(select(AuditEvent).where(AuditEvent.act == "price-list:withdraw")).one()
        assert (event.facts["version"], event.public) == ("202701", False)


@pytest.mark.parametrize(
    ("version", "when", "code"),
    [("202701", "2027-01-01 00:00", "price-list-begun"), ("202607", "2026-11-16 10:00", "price-list-begun")],
)
def test_R10_a_version_that_has_begun_is_never_withdrawn(brand, version, when, code):
    with pytest.raises(Refused) as refused, in_brand(brand) as session:
        actions.withdraw_list(session, brand, version, at=at(when))
    assert refused.value.code == code
    with in_brand(brand) as session:
        assert session.scalars(select(PriceList.id).where(PriceList.withdrawn_at.is_not(None))).all() == []


def test_withdrawing_twice_is_refused_and_what_is_not_there_is_not_found(brand):
    with in_brand(brand) as session:
        actions.withdraw_list(session, brand, "202701", at=at("2026-11-16 10:00"))
        with pytest.raises(Refused) as refused:
            actions.withdraw_list(session, brand, "202701", at=at("2026-11-16 10:00"))
        assert refused.value.code == "price-list-withdrawn"
        with pytest.raises(NotFound):
            actions.withdraw_list(session, brand, "209901", at=at("2026-11-16 10:00"))


def test_R1_another_brand_cannot_withdraw_it(brand):
    other = empty_brand()
    with pytest.raises(NotFound), in_brand(other) as session:
        actions.withdraw_list(session, other, "202701", at=at("2026-11-16 10:00"))


def test_a_withdrawn_list_can_be_loaded_again_under_a_new_name(brand):
    with in_brand(brand) as session:
        actions.withdraw_list(session, brand, "202701", at=at("2026-11-16 10:00"))
    assert load(brand, "prices", "price-list-2027H1.xlsx", when="2026-11-17 10:00").version == "202701-2"


def test_the_same_file_that_waits_is_taken_up_again(brand):
    data = bytes_of("fault-codes.csv")
    with in_brand(brand) as session:
        one = actions.store_upload(
            session, brand, "faults", filename="a.csv", data=data, first_day=None, at=at("2026-11-16 10:00")
        )
        two = actions.store_upload(
            session, brand, "faults", filename="b.csv", data=data, first_day=None, at=at("2026-11-16 11:00")
        )
        assert one.public_id == two.public_id
        assert count(session, Import) == 1


def test_a_file_that_was_loaded_or_discarded_is_over(brand):
    done = Loaded("faults", 21, new=21)
    with in_brand(brand) as session:
        upload = actions.store_upload(
            session, brand, "faults", filename="a.csv", data=b"x", first_day=None, at=at("2026-11-16 10:00")
        )
        actions.finish_upload(session, brand, upload.public_id, done, at=at("2026-11-16 10:01"))
        assert (upload.content, upload.done_at, upload.summary["rows"]) == (None, at("2026-11-16 10:01"), 21)
        for act in (
            lambda: actions.finish_upload(session, brand, upload.public_id, done, at=at("2026-11-16 10:02")),
            lambda: actions.discard_upload(session, brand, upload.public_id),
            lambda: actions.change_first_day(session, brand, upload.public_id, first_day=JANUARY),
        ):
            with pytest.raises(Refused) as refused:
                act()
            assert refused.value.code == "upload-over"


def test_uploads_are_headquarters_own(brand):
    load(brand, "dealers", "dealers.xlsx")
    with in_brand(brand) as session:
        actions.store_upload(
            session, brand, "faults", filename="a.csv", data=b"x", first_day=None, at=at("2026-11-16 10:00")
        )
    shop = member_of(brand, "dealer-manager", dealer="D001")
    clerk = member_of(brand, "hq-clerk")
    with pytest.raises(Refused) as refused, in_brand(clerk) as session:
        actions.store_upload(
            session, clerk, "faults", filename="a.csv", data=b"y", first_day=None, at=at("2026-11-16 10:00")
        )
    assert refused.value.code == "permission-missing"
    from sqlalchemy.exc import ProgrammingError  # the dealer's role may not even read the table

    with pytest.raises(ProgrammingError), in_brand(shop) as session:
        count(session, Import)
