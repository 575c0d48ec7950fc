"""A state machine is a table of steps: the action, the button and the refusal all read it (architecture.md, section 3)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from zoneinfo import ZoneInfo

import pytest

from portal.core.errors import NotFound, PortalError, Refused
from portal.core.permissions import Actor
from portal.core.permissions import Permission as P
from portal.core.scope import Scope
from portal.core.workflow import Offer, Step, Workflow


class State(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


@dataclass
class Paper:
    state: State = State.OPEN
    pages: int = 0


def has_pages(paper: Paper, actor: Actor) -> str | None:
    return None if paper.pages else "no-pages"


def not_by(paper: Paper, actor: Actor) -> str | None:
    return "own-paper" if actor.name == "author" else None


WORKFLOW = Workflow(
    "paper",
    State.OPEN,
    frozenset({State.CLOSED}),
    (
        Step("close", frozenset({State.OPEN}), State.CLOSED, P.ORDER_SUBMIT, (has_pages, not_by)),
        Step("touch", frozenset({State.OPEN}), State.OPEN, P.ORDER_DRAFT),
        Step("reopen", frozenset({State.CLOSED}), State.OPEN, P.ORDER_SUBMIT),
    ),
)


def actor(*permissions: P, name: str = "reader") -> Actor:
    return Actor(Scope(1), name, ZoneInfo("Asia/Shanghai"), frozenset(permissions))


def test_a_step_moves_the_document_and_tells_before_and_after() -> None:
    paper = Paper(pages=1)
    assert WORKFLOW.take("close", paper, actor(P.ORDER_SUBMIT)) == ("open", "closed")
    assert paper.state is State.CLOSED
    assert WORKFLOW.take("reopen", paper, actor(P.ORDER_SUBMIT)) == ("closed", "open")


def test_AZ5_a_refused_step_moves_nothing_and_says_why_from_which_state() -> None:
    paper = Paper(State.CLOSED, pages=1)
    with pytest.raises(Refused) as refused:
        WORKFLOW.take("close", paper, actor(P.ORDER_SUBMIT))
    assert (refused.value.code, refused.value.facts) == ("wrong-state", {"step": "close", "state": "closed"})
    assert paper.state is State.CLOSED


@pytest.mark.parametrize(
    ("paper", "who", "why"),
    [
        (Paper(State.CLOSED), actor(name="author"), "permission-missing"),
        (Paper(State.CLOSED), actor(P.ORDER_SUBMIT, name="author"), "wrong-state"),
        (Paper(State.OPEN), actor(P.ORDER_SUBMIT, name="author"), "no-pages"),
        (Paper(State.OPEN, 1), actor(P.ORDER_SUBMIT, name="author"), "own-paper"),
        (Paper(State.OPEN, 1), actor(P.ORDER_SUBMIT), None),
    ],
)
def test_the_first_thing_wrong_is_said_permission_then_state_then_each_guard(
    paper: Paper, who: Actor, why: str | None
) -> None:
    assert WORKFLOW.refusal("close", paper, who) == why


def test_buttons_are_the_steps_one_holds_that_leave_this_state_with_the_reason_when_refused() -> None:
    both = actor(P.ORDER_SUBMIT, P.ORDER_DRAFT)
    assert WORKFLOW.offers(Paper(), both) == [Offer("close", "no-pages"), Offer("touch", None)]
    assert WORKFLOW.offers(Paper(pages=1), actor(P.ORDER_SUBMIT)) == [Offer("close", None)]
    assert WORKFLOW.offers(Paper(State.CLOSED), both) == [Offer("reopen", None)]
    assert WORKFLOW.offers(Paper(), actor()) == []


def test_a_step_that_no_table_knows_is_a_mistake_in_the_code() -> None:
    assert WORKFLOW.step("touch").reaches is State.OPEN
    with pytest.raises(KeyError):
        WORKFLOW.take("burn", Paper(), actor())


def test_a_refusal_carries_its_code_its_facts_and_its_field() -> None:
    error = Refused("short", field="amount", missing=3)
    assert (error.code, error.field, error.facts, str(error)) == (
        "short",
        "amount",
        {"missing": 3},
        "short (missing=3)",
    )
    assert str(Refused("short")) == "short"
    assert issubclass(NotFound, PortalError)


def test_an_actor_is_the_system_a_side_and_what_it_may() -> None:
    system = actor(P.ORDER_READ)
    assert (system.is_system, system.side, system.may(P.ORDER_READ), system.may(P.ORDER_DRAFT)) == (
        True,
        "hq",
        True,
        False,
    )
    assert Actor(Scope(1, 7, 3), "x", ZoneInfo("UTC"), frozenset(), login_id=5).side == "dealer"
