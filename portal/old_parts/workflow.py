"""When an old part may be reported or withdrawn, and when headquarters may review it (R30, R35, R36)."""

from __future__ import annotations

from dataclasses import dataclass

from portal.core.permissions import Actor, Permission
from portal.core.workflow import Step, Workflow
from portal.old_parts.models import OldPart, OldPartState, Review

S, P = OldPartState, Permission
DECIDED = frozenset({"approved", "reduced", "refused"})  # states of a claim line with a decision (R43)


def has_photos(old_part: OldPart, _actor: Actor) -> str | None:
    """R30: it is reported with photos."""
    return None if old_part.photo_count else "no-photos"


def unclaimed(old_part: OldPart, _actor: Actor) -> str | None:
    """R33, R36: what a claim line rests on, draft or decided, stays."""
    return None if old_part.claim_line is None else "on-claim"


OLD_PART = Workflow(
    name="old-part",
    starts=S.REGISTERED,
    ends=frozenset({S.REPORTED, S.WITHDRAWN}),
    steps=(
        Step("report", frozenset({S.REGISTERED}), S.REPORTED, P.OLD_PART_REGISTER, (has_photos,)),
        Step("withdraw", frozenset({S.REGISTERED, S.REPORTED}), S.WITHDRAWN, P.OLD_PART_REGISTER, (unclaimed,)),
    ),
)


@dataclass(slots=True)
class Reviewing:
    """An old part seen by its review, the field beside its state (R35). ``serves``: the reviewer belongs to its dealer."""

    old_part: OldPart
    serves: bool = False

    @property
    def state(self) -> Review:
        """The review, as the workflow asks for it."""
        return self.old_part.review

    @state.setter
    def state(self, reached: Review) -> None:
        self.old_part.review = reached


def is_reported(case: Reviewing, _actor: Actor) -> str | None:
    """R35: only what was reported is reviewed."""
    return None if case.old_part.state == S.REPORTED else "not-reported"


def not_own_dealer(case: Reviewing, _actor: Actor) -> str | None:
    """Nobody reviews against a dealer they belong to."""
    return "own-dealer" if case.serves else None


def claim_undecided(case: Reviewing, _actor: Actor) -> str | None:
    """A review can be changed until the claim line that rests on it is decided."""
    return "claim-decided" if case.old_part.claim_line in DECIDED else None


_REVIEW = (is_reported, not_own_dealer, claim_undecided)
R = Review

REVIEW = Workflow(
    name="old-part-review",
    starts=R.PENDING,
    ends=frozenset({R.ACCEPTED, R.REFUSED}),
    steps=(
        Step("accept", frozenset({R.PENDING, R.WANTED, R.REFUSED}), R.ACCEPTED, P.OLD_PART_REVIEW, _REVIEW),
        Step("want", frozenset({R.PENDING, R.ACCEPTED, R.REFUSED}), R.WANTED, P.OLD_PART_REVIEW, _REVIEW),
        Step("refuse", frozenset({R.PENDING, R.ACCEPTED, R.WANTED}), R.REFUSED, P.OLD_PART_REVIEW, _REVIEW),
        Step("answer", frozenset({R.WANTED}), R.PENDING, P.OLD_PART_REGISTER, (is_reported, claim_undecided)),
    ),
)

STEP_OF = {R.ACCEPTED: "accept", R.WANTED: "want", R.REFUSED: "refuse"}
