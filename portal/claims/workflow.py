"""When may what happen to a claim and to its lines (R35, R43)."""

from __future__ import annotations

from dataclasses import dataclass

from portal.claims.models import Claim, ClaimLine, ClaimState, LineState
from portal.core.permissions import Actor
from portal.core.permissions import Permission as P
from portal.core.workflow import Step, Workflow
from portal.old_parts.models import Review


@dataclass(slots=True)
class Case:
    """A line with what its guards must know, gathered by the action (or the page) that asks.

    ``own_dealer``: the actor belongs to the line's dealer. ``begun``: the settlement day of its ``pays_in`` has
    begun. ``blocked``: one of its checks blocks today.
    """

    line: ClaimLine
    claim: Claim
    own_dealer: bool
    begun: bool
    blocked: bool
    review: Review

    @property
    def state(self) -> LineState:
        """The line's state."""
        return self.line.state

    @state.setter
    def state(self, state: LineState) -> None:
        self.line.state = state


def not_own_dealer(case: Case, actor: Actor) -> str | None:
    """R43: nobody reviews against a dealer they belong to."""
    return "own-dealer" if case.own_dealer else None


def claim_open(case: Case, actor: Actor) -> str | None:
    """R43: a decision may be changed until the claim is decided."""
    return None if case.claim.state in {ClaimState.SUBMITTED, ClaimState.IN_REVIEW} else "decisions-stand"


def not_begun(case: Case, actor: Actor) -> str | None:
    """R43: not once the settlement day of its ``pays_in`` has begun."""
    return "settlement-begun" if case.begun else None


def old_part_reviewed(case: Case, actor: Actor) -> str | None:
    """R35: the registration is reviewed before anything is paid on it."""
    return None if case.review is Review.ACCEPTED else "line-old-part-not-accepted"


def not_blocked(case: Case, actor: Actor) -> str | None:
    """R41: what would block the dealer blocks the payment too."""
    return "line-blocked" if case.blocked else None


_JUDGES = (not_own_dealer, claim_open, not_begun)
_PAYS = (*_JUDGES, old_part_reviewed, not_blocked)
_OPEN_OR_DECIDED = frozenset(
    {LineState.SUBMITTED, LineState.WANTED, LineState.APPROVED, LineState.REDUCED, LineState.REFUSED}
)

CLAIM = Workflow(
    name="claim",
    starts=ClaimState.DRAFT,
    ends=frozenset({ClaimState.DECIDED}),
    steps=(
        Step("submit", frozenset({ClaimState.DRAFT}), ClaimState.SUBMITTED, P.CLAIM_SUBMIT),
        # Taken by the first and the last decision on a line, never by a button of their own.
        Step("review", frozenset({ClaimState.SUBMITTED, ClaimState.IN_REVIEW}), ClaimState.IN_REVIEW, P.CLAIM_REVIEW),
        Step("decide", frozenset({ClaimState.SUBMITTED, ClaimState.IN_REVIEW}), ClaimState.DECIDED, P.CLAIM_REVIEW),
    ),
)

CLAIM_LINE = Workflow(
    name="claim-line",
    starts=LineState.DRAFT,
    ends=frozenset({LineState.APPROVED, LineState.REDUCED, LineState.REFUSED}),
    steps=(
        Step("submit", frozenset({LineState.DRAFT}), LineState.SUBMITTED, P.CLAIM_SUBMIT),
        Step("approve", _OPEN_OR_DECIDED, LineState.APPROVED, P.CLAIM_REVIEW, _PAYS),
        Step("reduce", _OPEN_OR_DECIDED, LineState.REDUCED, P.CLAIM_REVIEW, _PAYS),
        Step("refuse", _OPEN_OR_DECIDED, LineState.REFUSED, P.CLAIM_REVIEW, _JUDGES),
        Step("want", _OPEN_OR_DECIDED, LineState.WANTED, P.CLAIM_REVIEW, _JUDGES),
        Step("answer", frozenset({LineState.WANTED}), LineState.SUBMITTED, P.CLAIM_SUBMIT),
    ),
)
