"""The control of the model of claims: decisions with a fault are told from it (R36, R43, R50)."""

from __future__ import annotations

from functools import partial

import pytest
from hypothesis import Phase
from hypothesis import settings as plan
from hypothesis.stateful import run_state_machine_as_test

from portal.claims import queries
from portal.core.provision import admin_engine
from portal.old_parts import actions as old_parts
from portal.old_parts import rules as old_part_rules
from tests.claims.test_model import ClaimsMachine


@pytest.fixture(scope="module")
def proof(app, settings):
    with admin_engine(str(settings.proof_url)).connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield connection


def _pieces_kept(real, session, old_part, pieces):
    """A cut that forgets the pieces."""


def _paid_a_month_early(real, session, today):
    return lambda day: real(session, today)(day).replace(month=9)


def _newest_first(real, layers, quantity):
    return real(list(reversed(layers)), quantity)


@pytest.mark.parametrize(
    ("where", "name", "fault"),
    [
        (old_parts, "return_pieces", _pieces_kept),
        (queries, "payer", _paid_a_month_early),
        (old_part_rules, "take_oldest", _newest_first),
    ],
)
def test_the_control_a_decision_with_a_fault_is_told_from_the_model(monkeypatch, proof, where, name, fault) -> None:
    monkeypatch.setattr(where, name, partial(fault, getattr(where, name)))
    with pytest.raises(AssertionError):
        run_state_machine_as_test(
            partial(ClaimsMachine, proof),
            settings=plan(max_examples=30, stateful_step_count=40, phases=[Phase.generate], print_blob=False),
        )
