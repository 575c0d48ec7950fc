"""Addresses that look like others, and a code that an act which is run again must not ask for twice (AN4, AN6, DB4)."""

from __future__ import annotations

import pytest
from sqlalchemy import event, select

from portal.core import clock
from portal.core.db import db
from portal.identity import rules
from portal.identity.models import ApiToken
from portal.identity.roles import Role
from tests.identity.people import PASSWORD, code_at, in_use, person

CROSSED = "DO $$ BEGIN RAISE EXCEPTION 'crossed' USING ERRCODE = '40001'; END $$"


@pytest.mark.parametrize(
    "sign", ["\u200b", "\u202e", "\u2066", "\ufeff", "\u00ad", "\x7f", "\x00", "\U0010ffff", "\ue000"]
)
def test_AN4_an_address_has_no_sign_that_nobody_sees(sign):
    assert rules.email(f"chief{sign}@mail.example") is None
    assert rules.email(f"{sign}chief@mail.example") is None
    assert rules.email("chief@mail.example") == "chief@mail.example"  # control
    assert rules.email("陈静@mail.example") == "陈静@mail.example"  # control: letters of any language are seen


def test_AN6_DB4_an_act_that_is_run_again_asks_for_the_code_once(world, client_as):
    """PostgreSQL ends the first run after the code was taken: the second makes the token by the same code."""
    clerk, _login = person(world, Role.DEALER_CLERK, dealer_id=world.d1.id)
    secret, _codes = in_use(clerk)
    browser = client_as(clerk)
    browser.get("/tokens")
    browser.csrf = browser._read_token()
    met = []

    def end(_conn, cursor, statement, *_rest):
        if statement.startswith("INSERT INTO api_tokens"):
            met.append(statement)
            if len(met) == 1:
                cursor.execute(CROSSED)

    form = {"name": "a program", "may": "reads", "days": "30", "password": PASSWORD}
    code = code_at(secret, clock.machine_now())
    event.listen(db.engine, "before_cursor_execute", end)
    try:
        answer = browser.post("/tokens", data={**form, "code": code})
    finally:
        event.remove(db.engine, "before_cursor_execute", end)
    assert (answer.status_code, len(met)) == (200, 2)
    assert browser.post("/tokens", data={**form, "code": code}).status_code == 422  # control: it was taken
    with world.as_(clerk) as session:
        assert len(session.scalars(select(ApiToken)).all()) == 1
