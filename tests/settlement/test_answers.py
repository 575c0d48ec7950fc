"""A dealer confirms or disputes its statement in time; headquarters answers; silence counts as accepted (R53)."""

from __future__ import annotations

import threading
from datetime import date

import pytest

from portal.core import clock
from portal.core.errors import NotFound, Refused
from portal.settlement import actions, queries, rules
from portal.settlement.models import StatementState
from portal.settlement.rules import Reply
from tests.factories.world import World, at
from tests.settlement.looking import refused
from tests.settlement.months import claimed, posted

NUMBER = "ST2610-D001"
LAST_MINUTE, TOO_LATE = at("2026-11-08 23:59"), at("2026-11-09 00:00")


@pytest.fixture
def settled(world: World) -> tuple[World, str]:
    """October posted on the 3rd: D001 got 50.00 for one line; to be answered by the end of the 8th."""
    claim = claimed(world, world.d1, {"P1": 4})
    posted(world)
    return world, claim


def acted(world: World, who, step, *args, when, **facts):
    with world.as_(who) as session:
        return step(session, who, *args, at=when, **facts)


def statement(world: World):
    with world.as_(world.hq.auditor) as session:
        found = queries.statement(session, NUMBER)[0]
        return found, queries.disputes(session, found)


def events(world: World, who) -> list[str]:
    from flask import current_app

    from portal.web.timeline import timeline

    with world.as_(who) as session, current_app.test_request_context():
        found = queries.statement(session, NUMBER)[0]
        return [event["what"] for event in timeline(session, "statement", found.id)]


@pytest.mark.parametrize(
    ("state", "until", "today", "stands"),
    [
        ("open", date(2026, 11, 8), date(2026, 11, 8), Reply.WAITING),
        ("open", date(2026, 11, 8), date(2026, 11, 9), Reply.ACCEPTED),
        ("confirmed", date(2026, 11, 8), date(2026, 12, 1), Reply.CONFIRMED),
        ("disputed", date(2026, 11, 8), date(2026, 12, 1), Reply.DISPUTED),
    ],
)
def test_R53_how_a_statement_stands_is_read_from_its_state_and_the_day(state, until, today, stands):
    assert rules.reply(state, until, today) is stands


def test_R53_confirmed_in_the_last_minute_and_by_whom(settled):
    world, _claim = settled
    acted(world, world.d1.manager, actions.confirm, NUMBER, when=LAST_MINUTE)
    found, _ = statement(world)
    assert (found.state, found.confirmed_at, found.confirmed_by) == (
        StatementState.CONFIRMED,
        LAST_MINUTE,
        world.d1.manager.name,
    )
    assert events(world, world.hq.auditor) == events(world, world.d1.clerk) == ["确认了对账单"]


def test_R53_a_minute_later_it_is_refused_with_whom_to_call_and_nothing_changes(settled):
    world, _claim = settled
    before, _ = statement(world)
    for step, facts in ((actions.confirm, {}), (actions.dispute, {"reason": "少 50 元"})):
        error = refused(world, world.d1.manager, step, NUMBER, when=TOO_LATE, **facts)
        assert (error.code, error.facts["until"]) == ("answer-too-late", date(2026, 11, 8))
        assert error.facts["call"]
    after, said = statement(world)
    assert (after.state, after.ver, said) == (before.state, before.ver, [])


def test_R53_the_term_says_how_many_days(world):
    from portal.core.terms import TermValue

    with world.as_(world.hq.system) as session:
        session.add(
            TermValue(name="statement.confirm-days", from_day=date(2026, 11, 1), value=9, set_at=at("2026-11-01 09:00"), set_by="x")
        )  # fmt: skip
    claimed(world, world.d1, {"P1": 4})
    posted(world)
    acted(world, world.d1.manager, actions.confirm, NUMBER, when=at("2026-11-12 23:59"))
    assert statement(world)[0].state is StatementState.CONFIRMED


def test_R53_posted_late_the_dealer_has_its_days_all_the_same(world):
    claimed(world, world.d1, {"P1": 4})
    posted(world, when=at("2026-11-20 10:00"))
    assert statement(world)[0].confirm_by == date(2026, 11, 25)
    error = refused(world, world.d1.manager, actions.confirm, NUMBER, when=at("2026-11-26 00:00"))
    assert (error.code, error.facts["until"]) == ("answer-too-late", date(2026, 11, 25))
    acted(world, world.d1.manager, actions.confirm, NUMBER, when=at("2026-11-25 23:59"))
    assert statement(world)[0].state is StatementState.CONFIRMED


def test_R53_a_second_confirmation_is_told_so_and_the_first_stays(settled):
    world, _claim = settled
    acted(world, world.d1.manager, actions.confirm, NUMBER, when=at("2026-11-05 09:00"))
    assert refused(world, world.d1.manager, actions.confirm, NUMBER, when=at("2026-11-05 09:01")).code == "wrong-state"
    assert statement(world)[0].confirmed_at == at("2026-11-05 09:00")


def test_R53_a_dispute_names_lines_is_answered_and_the_dealer_is_asked_again(settled):
    world, claim = settled
    found = acted(
        world, world.d1.manager, actions.dispute, NUMBER, reason=" 少 50 元 ", lines=[(claim, 1)], when=LAST_MINUTE
    )
    assert found.state is StatementState.DISPUTED
    answered = at("2026-11-20 10:00")
    acted(world, world.hq.finance, actions.answer, NUMBER, answer="已在 11 月更正", when=answered)
    found, said = statement(world)
    assert (found.state, found.confirm_by, found.again_by, found.answer_by) == (
        StatementState.OPEN, date(2026, 11, 8), date(2026, 11, 25), date(2026, 11, 25),
    )  # fmt: skip
    assert [(one.reason, one.lines, one.answer, one.answered_by) for one in said] == [
        ("少 50 元", [{"claim": claim, "line": 1}], "已在 11 月更正", world.hq.finance.name)
    ]
    acted(world, world.d1.manager, actions.dispute, NUMBER, reason="仍不对", when=at("2026-11-25 23:59"))
    assert len(statement(world)[1]) == 2
    acted(world, world.hq.finance, actions.answer, NUMBER, answer="请核对 10 月 28 日", when=at("2026-11-26 09:00"))
    acted(world, world.d1.manager, actions.confirm, NUMBER, when=at("2026-12-01 23:59"))
    assert statement(world)[0].state is StatementState.CONFIRMED


def test_R53_a_disputed_statement_never_counts_as_accepted(settled):
    world, _claim = settled
    acted(world, world.d1.manager, actions.dispute, NUMBER, reason="少 50 元", when=at("2026-11-05 09:00"))
    found, _ = statement(world)
    assert rules.reply(found.state, found.answer_by, date(2027, 3, 1)) is Reply.DISPUTED


def test_R53_what_a_dispute_refuses(settled):
    world, claim = settled
    now = at("2026-11-05 09:00")
    for facts, code in (
        ({"reason": "  "}, "reason-needed"),
        ({"reason": "x", "lines": [(claim, 2)]}, "line-not-on-statement"),
        ({"reason": "x", "lines": [("RC2610-9999", 1)]}, "line-not-on-statement"),
        ({"reason": "x", "seen": 77}, "changed-meanwhile"),
    ):
        assert refused(world, world.d1.manager, actions.dispute, NUMBER, when=now, **facts).code == code
    assert refused(world, world.hq.finance, actions.answer, NUMBER, answer="?", when=now).code == "wrong-state"
    assert statement(world)[1] == []


def test_R53_only_the_dealers_manager_answers_for_it_and_only_finance_for_headquarters(settled):
    world, _claim = settled
    now = at("2026-11-05 09:00")
    for who in (world.d1.clerk, world.hq.finance, world.hq.system):
        assert refused(world, who, actions.confirm, NUMBER, when=now).code == "permission-missing"
    acted(world, world.d1.manager, actions.dispute, NUMBER, reason="少 50 元", when=now)
    for who in (world.d1.manager, world.hq.clerk, world.hq.finance_manager):
        assert refused(world, who, actions.answer, NUMBER, answer="x", when=now).code == "permission-missing"
    with pytest.raises(NotFound):
        acted(world, world.d2.manager, actions.confirm, NUMBER, when=now)


def test_R1_a_dealers_own_sql_changes_nothing_else_of_its_statement(settled):
    from sqlalchemy import text
    from sqlalchemy.exc import DBAPIError

    world, _claim = settled
    for forged in (
        "UPDATE statements SET closing = 1",
        "UPDATE statements SET again_by = '2027-01-01'",
        "UPDATE statement_disputes SET reason = 'x'",
        "DELETE FROM statement_disputes",
        "INSERT INTO statement_papers (dealer_id, statement_id, kind, name) SELECT dealer_id, id, 'pdf', 'x' FROM statements",
    ):
        with pytest.raises(DBAPIError, match="permission denied"), world.as_(world.d1.manager) as session:
            session.execute(text(forged))


@pytest.mark.parametrize(("answer", "taken"), [("paid", False), (None, True)])
def test_R1_a_dealers_own_sql_asks_and_does_not_answer_for_headquarters(settled, answer, taken):
    from sqlalchemy import text
    from sqlalchemy.exc import DBAPIError

    world, _claim = settled
    raised = text(
        "INSERT INTO statement_disputes (dealer_id, statement_id, reason, lines, raised_at, raised_by, answer, answered_at, answered_by)"
        " SELECT dealer_id, id, 'x', '[]', now(), 'x', CAST(:answer AS text), CASE WHEN :answer IS NOT NULL THEN now() END, :answer FROM statements"
    )
    if taken:  # the control
        with world.as_(world.d1.manager) as session:
            session.execute(raised, {"answer": answer})
    else:
        with pytest.raises(DBAPIError, match="row-level security"), world.as_(world.d1.manager) as session:
            session.execute(raised, {"answer": answer})


def test_CO1_confirming_and_disputing_at_once_has_one_effect(settled, app):
    world, _claim = settled
    now, gate, told = at("2026-11-05 09:00"), threading.Barrier(2), []

    def run(step, facts) -> None:
        with app.app_context():
            gate.wait()
            try:
                acted(world, world.d1.manager, step, NUMBER, when=now, **facts)
                told.append("done")
            except Refused as error:
                told.append(error.code)

    threads = [
        threading.Thread(target=run, args=one) for one in ((actions.confirm, {}), (actions.dispute, {"reason": "x"}))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ["done", "wrong-state"]


# ---------------------------------------------------------------- pages


def page(browser, address, status=200):
    answer = browser.get(address)
    assert answer.status_code == status, (address, answer.status_code)
    return answer.get_data(as_text=True)


@pytest.fixture
def english(client_as):
    def as_(actor):
        browser = client_as(actor)
        browser.set_cookie("portal_lang", "en")
        return browser

    return as_


def test_R53_the_pages_take_a_dispute_its_answer_and_the_confirmation(settled, english):
    world, claim = settled
    with clock.frozen(at("2026-11-05 09:00")):
        dealer, finance = english(world.d1.manager), english(world.hq.finance)
        shown = page(dealer, f"/statements/{NUMBER}")
        assert "To be confirmed" in shown
        assert "Confirm the statement" in shown
        assert f"/statements/{NUMBER}/confirm" not in page(english(world.d1.clerk), f"/statements/{NUMBER}")
        typed = {"reason": "少 50 元", "lines": f"{claim}/9"}
        answer = dealer.post(f"/statements/{NUMBER}/dispute", data=typed)
        assert answer.status_code == 422
        assert "少 50 元" in answer.get_data(as_text=True)  # what was typed is still there
        assert "is not on this statement" in answer.get_data(as_text=True)
        assert dealer.post(f"/statements/{NUMBER}/dispute", data={"reason": ""}).status_code == 422
        assert dealer.post(f"/statements/{NUMBER}/dispute", data={"reason": "x", "lines": "第二行"}).status_code == 422
        assert dealer.post(f"/statements/{NUMBER}/dispute", data={**typed, "lines": f"{claim}/1"}).status_code == 303
        assert NUMBER in page(finance, "/statements?reply=disputed")
        assert NUMBER not in page(finance, "/statements?reply=waiting").split("<tbody>")[1]
        assert "Answer the dealer" in page(finance, f"/statements/{NUMBER}")
        assert finance.post(f"/statements/{NUMBER}/answer", data={"answer": " "}).status_code == 422
        assert finance.post(f"/statements/{NUMBER}/answer", data={"answer": "已更正"}).status_code == 303
        shown = page(dealer, f"/statements/{NUMBER}")
        assert "已更正" in shown
        assert "2026-11-10" in shown
        assert dealer.post(f"/statements/{NUMBER}/confirm").status_code == 303
        shown = page(dealer, f"/statements/{NUMBER}")
        assert "Has been confirmed" in shown
        assert "Confirm the statement" not in shown
        assert "confirmed the statement" in shown  # the timeline
        page(dealer, "/statements?reply=nonsense")


def test_R53_after_the_period_the_page_says_so_and_whom_to_call(settled, english):
    world, _claim = settled
    with clock.frozen(TOO_LATE):
        dealer = english(world.d1.manager)
        shown = page(dealer, f"/statements/{NUMBER}")
        assert "Accepted by silence" in shown
        assert "so it counts as accepted" in shown
        assert f"/statements/{NUMBER}/confirm" not in shown
        assert NUMBER in page(dealer, "/statements?reply=accepted")
        dealer.post(f"/statements/{NUMBER}/confirm")
        assert "so it counts as accepted" in page(dealer, f"/statements/{NUMBER}")
