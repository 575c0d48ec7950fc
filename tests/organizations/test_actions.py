"""A term is set from a day on; what was decided before keeps its number."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from portal.core.audit import AuditEvent
from portal.core.errors import NotFound, Refused
from portal.core.permissions import Actor
from portal.core.terms import all_terms, find, value
from portal.organizations import actions, labels, queries
from tests.factories.brands import empty_brand, in_brand, load, member_of
from tests.factories.world import at

NOVEMBER, DECEMBER = date(2026, 11, 16), date(2026, 12, 1)
WHEN = at("2026-11-16 10:00")


@pytest.fixture
def brand(app) -> Actor:
    return empty_brand()


def day_of_settlement(actor: Actor, on: date) -> int:
    with in_brand(actor) as session:
        return value(session, find("settlement.day"), on=on)


def test_a_term_holds_from_its_day_and_not_before(brand):
    with in_brand(brand) as session:
        actions.set_term(session, brand, "settlement.day", new=5, from_day=DECEMBER, at=WHEN)
    assert day_of_settlement(brand, date(2026, 11, 30)) == 3
    assert day_of_settlement(brand, DECEMBER) == 5
    assert day_of_settlement(empty_brand(), DECEMBER) == 3


def test_R3_who_set_it_is_on_record_with_both_values(brand):
    with in_brand(brand) as session:
        actions.set_term(session, brand, "settlement.day", new=5, from_day=DECEMBER, at=WHEN)
    with in_brand(brand) as session:
        event = session.scalars(select(AuditEvent).where(AuditEvent.act == "term:set")).one()
        assert (event.before, event.after, event.facts["from_day"], event.public) == ("3", "5", "2026-12-01", False)


def test_the_same_first_day_again_replaces_what_was_set_for_it(brand):
    for new in (5, 6):
        with in_brand(brand) as session:
            actions.set_term(session, brand, "settlement.day", new=new, from_day=DECEMBER, at=WHEN)
    with in_brand(brand) as session:
        assert [row.value for row in queries.term_history(session, "settlement.day")] == [6]


@pytest.mark.parametrize(
    ("new", "from_day", "code"),
    [
        (0, DECEMBER, "term-out-of-limits"),
        (29, DECEMBER, "term-out-of-limits"),
        (5, date(2026, 11, 15), "term-day-past"),
        (3, DECEMBER, "term-unchanged"),
    ],
)
def test_what_cannot_be_set_changes_nothing(brand, new, from_day, code):
    with pytest.raises(Refused) as refused, in_brand(brand) as session:
        actions.set_term(session, brand, "settlement.day", new=new, from_day=from_day, at=WHEN)
    assert refused.value.code == code
    with in_brand(brand) as session:
        assert queries.term_history(session, "settlement.day") == []


def test_only_who_holds_the_permission_sets_terms_that_exist(brand):
    clerk = member_of(brand, "hq-clerk")
    with pytest.raises(Refused) as refused, in_brand(clerk) as session:
        actions.set_term(session, clerk, "settlement.day", new=5, from_day=DECEMBER, at=WHEN)
    assert refused.value.code == "permission-missing"
    with pytest.raises(NotFound), in_brand(brand) as session:
        actions.set_term(session, brand, "nonsense", new=5, from_day=DECEMBER, at=WHEN)


def test_every_registered_term_is_called_something_in_words(app):
    assert [term.name for term in all_terms() if term.name not in labels.TERMS] == []
    assert [term.unit for term in all_terms() if term.unit not in {*labels.UNITS, "switch"}] == []


def test_a_term_that_nobody_named_shows_its_own_name(app):
    from portal.core.terms import Term, _registry

    term = Term("tests.nameless", default=0, low=0, high=1, unit="switch", why="to be looked at")
    try:
        assert (labels.term_title(term), labels.term_words(term)) == ("tests.nameless", "to be looked at")
        assert labels.said(term, 1) != labels.said(term, 0)
    finally:
        del _registry["tests.nameless"]


def test_dealers_are_found_by_code_name_city_and_contact(app):
    actor = empty_brand()
    load(actor, "dealers", "dealers.xlsx")
    with in_brand(actor) as session:
        assert [row.code for row in queries.dealers_page(session, text="d00", limit=3)] == ["D001", "D002", "D003"]
        assert [row.code for row in queries.dealers_page(session, text="恒达", limit=1)] == ["D001"]
        assert "D001" in [row.code for row in queries.dealers_page(session, text="福州")]
        assert [row.code for row in queries.dealers_page(session, after="D024")] == ["D025"]
        assert queries.dealer(session, "D001").city == "福州"
        with pytest.raises(NotFound):
            queries.dealer(session, "D999")
