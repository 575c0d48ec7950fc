"""What a state machine is: a table of steps that the action, the button and the role matrix all ask."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from portal.core.errors import Refused
from portal.core.permissions import Actor, Permission

Guard = Callable[[Any, Actor], str | None]  # a refusal code, or None


@dataclass(frozen=True, slots=True)
class Step:
    """One arrow. ``name`` is also the function in actions.py, the button and the audit tag."""

    name: str
    leaves: frozenset[StrEnum]
    reaches: StrEnum
    needs: Permission
    guards: tuple[Guard, ...] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """A step as a page shows it: allowed (``refusal`` None), or refused with the reason's code."""

    name: str
    refusal: str | None


@dataclass(frozen=True, slots=True)
class Workflow:
    """All steps of one kind of document."""

    name: str
    starts: StrEnum
    ends: frozenset[StrEnum]
    steps: tuple[Step, ...]

    def step(self, name: str) -> Step:
        """The step of that name; KeyError when there is none."""
        for step in self.steps:
            if step.name == name:
                return step
        raise KeyError(name)

    def refusal(self, name: str, document: Any, actor: Actor) -> str | None:
        """Why ``actor`` may not take this step now (permission, then state, then guards), or None."""
        step = self.step(name)
        if step.needs not in actor.permissions:
            return "permission-missing"
        if document.state not in step.leaves:
            return "wrong-state"
        return next((why for guard in step.guards if (why := guard(document, actor))), None)

    def offers(self, document: Any, actor: Actor) -> list[Offer]:
        """The buttons where the reader would look for them: steps this member holds that leave this state."""
        return [
            Offer(step.name, self.refusal(step.name, document, actor))
            for step in self.steps
            if step.needs in actor.permissions and document.state in step.leaves
        ]

    def take(self, name: str, document: Any, actor: Actor) -> tuple[str, str]:
        """Move the document or raise Refused; returns (before, after) for the audit trail."""
        if why := self.refusal(name, document, actor):
            raise Refused(why, step=name, state=str(document.state))
        before = document.state
        document.state = self.step(name).reaches
        return str(before), str(document.state)
