"""A policy version that has not begun can be withdrawn, as a price list can (R10, R13)."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from portal.core import clock
from portal.core.audit import AuditEvent
from portal.core.errors import NotFound, Refused
from portal.warranty import actions, queries
from portal.warranty.models import WarrantyPolicy
from tests.factories.brands import JULY, empty_brand, in_brand, member_of
from tests.factories.world import at
from tests.warranty.test_loads import load_policy, policy

NEW_YEAR, SPRING = date(2027, 1, 1), date(2027, 3, 1)
NOW = at("2026-11-16 10:00")


@pytest.fixture
def brand(app):
    """Policies from 1 July 2026, 1 January 2027 and 1 March 2027."""
    actor = empty_brand()
    load_policy(actor, policy("坐便器,整机,36,12", first_day=JULY))
    load_policy(actor, policy("坐便器,整机,24,12", first_day=NEW_YEAR), "2026-10-01 09:00")
    load_policy(actor, policy("坐便器,整机,12,6", first_day=SPRING), "2026-10-02 09:00")
    with clock.frozen(NOW):
        yield actor


def versions(actor):
    with in_brand(actor) as session:
        return [
            (row.version, row.from_day, row.to_day, row.withdrawn_at is not None) for row in queries.policies(session)
        ]


def test_R13_a_withdrawn_version_is_in_force_on_no_day_and_the_one_before_takes_its_days(brand):
    with in_brand(brand) as session:
        actions.withdraw_policy(session, brand, "20270101", at=at("2026-12-31 23:59"))
    assert versions(brand) == [
        ("20270301", SPRING, None, False),
        ("20270101", NEW_YEAR, SPRING, True),
        ("20260701", JULY, SPRING, False),
    ]
    with in_brand(brand) as session:
        assert queries.policy_on(session, NEW_YEAR).version == "20260701"
        assert queries.policy_on(session, SPRING).version == "20270301"
        event = session.scalars(select(AuditEvent).where(AuditEvent.act == "policy:withdraw")).one()
        assert (event.facts["version"], event.facts["from_day"]) == ("20270101", "2027-01-01")


def test_R13_the_last_version_withdrawn_leaves_the_one_before_open(brand):
    with in_brand(brand) as session:
        actions.withdraw_policy(session, brand, "20270301", at=NOW)
    with in_brand(brand) as session:
        assert queries.policy_on(session, date(2030, 1, 1)).version == "20270101"


@pytest.mark.parametrize(
    ("version", "when", "code"),
    [("20260701", NOW, "policy-begun"), ("20270101", at("2027-01-01 00:00"), "policy-begun")],
)
def test_R13_a_version_that_has_begun_is_never_withdrawn(brand, version, when, code):
    before = versions(brand)
    with pytest.raises(Refused) as refused, in_brand(brand) as session:
        actions.withdraw_policy(session, brand, version, at=when)
    assert refused.value.code == code
    assert versions(brand) == before


def test_withdrawing_twice_without_the_permission_or_what_is_not_there_is_refused(brand):
    with in_brand(brand) as session:
        actions.withdraw_policy(session, brand, "20270101", at=NOW)
    clerk = member_of(brand, "hq-clerk")
    for actor, version, code in ((brand, "20270101", "policy-withdrawn"), (clerk, "20270301", "permission-missing")):
        with pytest.raises(Refused) as refused, in_brand(actor) as session:
            actions.withdraw_policy(session, actor, version, at=NOW)
        assert refused.value.code == code
    with pytest.raises(NotFound), in_brand(brand) as session:
        actions.withdraw_policy(session, brand, "209901", at=NOW)
    stranger = empty_brand()
    with pytest.raises(NotFound), in_brand(stranger) as session:
        actions.withdraw_policy(session, stranger, "20270301", at=NOW)


def test_R11_its_first_day_is_free_again_and_the_policy_can_be_loaded_anew_under_another_name(brand):
    with in_brand(brand) as session:
        actions.withdraw_policy(session, brand, "20270101", at=NOW)
    again = load_policy(brand, policy("坐便器,整机,24,12", first_day=NEW_YEAR), "2026-11-17 09:00")
    assert (again.nothing, again.version == "20270101") == (False, False)
    with in_brand(brand) as session:
        assert queries.policy_on(session, NEW_YEAR).version == again.version
        assert len(session.scalars(select(WarrantyPolicy.id)).all()) == 4


def test_R13_the_button_withdraws_a_future_version_only_and_is_asked_for(brand, client_as):
    browser = client_as(member_of(brand, "hq-admin"))
    page = browser.get("/policies/20270101").get_data(as_text=True)
    assert "/policies/20270101/withdraw" in page
    assert "确定撤回保修政策 20270101？" in page
    assert 'action="/policies/20260701/withdraw"' not in browser.get("/policies/20260701").get_data(as_text=True)
    assert browser.post("/policies/20260701/withdraw").headers["Location"] == "/policies/20260701"
    assert "已开始执行的版本不能撤回" in browser.get("/policies/20260701").get_data(as_text=True)
    assert browser.post("/policies/20270101/withdraw").headers["Location"] == "/policies"
    browser.set_cookie("portal_lang", "en")
    listed = browser.get("/policies").get_data(as_text=True)
    assert "would have begun on 2027-01-01" in listed
    assert "Withdrawn" in listed
    assert client_as(member_of(brand, "hq-clerk")).post("/policies/20270301/withdraw").status_code == 403
    assert browser.post("/policies/209901/withdraw").status_code == 404
