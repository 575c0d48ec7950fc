"""Who is let in: a stranger to the sign-in page, a colleague is told, the other side finds nothing (AZ1)."""

from __future__ import annotations

import pytest
from flask import Flask

from portal.core.permissions import Permission as P
from portal.identity.roles import Role
from portal.web.auth import current_actor, public, requires
from tests.web.edge import edge


@pytest.fixture(scope="module")
def app_() -> Flask:
    @requires(P.ORDER_DEBIT)
    def debit() -> str:
        return current_actor().name

    @requires(P.ORDER_DEBIT, P.ORDER_SHIP)
    def either() -> str:
        return "in"

    @requires(P.ORDER_READ, side="dealer")
    def shops() -> str:
        return "in"

    @requires(P.ORDER_READ)
    def both() -> str:
        return "in"

    @public
    def door() -> str:
        return "open"

    return edge(debit=debit, either=either, shops=shops, both=both, door=door)


@pytest.mark.parametrize(
    ("path", "role", "status"),
    [
        ("debit", Role.HQ_FINANCE, 200),
        ("debit", Role.HQ_CLERK, 403),  # a colleague's: told so
        ("debit", Role.DEALER_MANAGER, 404),  # nobody of this side could: no such page
        ("either", Role.HQ_WAREHOUSE, 200),
        ("either", Role.HQ_FINANCE, 200),
        ("either", Role.HQ_AUDITOR, 403),
        ("shops", Role.DEALER_CLERK, 200),
        ("shops", Role.HQ_CLERK, 404),
        ("both", Role.HQ_AUDITOR, 200),
        ("both", Role.DEALER_TECHNICIAN, 200),
        ("door", None, 200),
    ],
)
def test_AZ1_a_view_lets_in_who_may(app_: Flask, path: str, role: Role | None, status: int) -> None:
    answer = app_.test_client().get(f"/{path}" + (f"?role={role.value}" if role else ""))
    assert answer.status_code == status


def test_the_view_knows_who_acts(app_: Flask) -> None:
    assert app_.test_client().get("/debit?role=hq-finance").get_data(as_text=True) == "林晓燕"


@pytest.mark.parametrize(
    ("asked", "location"),
    [("/debit", "/sign-in?next=/debit"), ("/debit?a=1&b=x y", "/sign-in?next="), ("/debit?", "/sign-in?next=/debit")],
)
def test_a_stranger_is_sent_to_the_way_in_and_back_afterwards(app_: Flask, asked: str, location: str) -> None:
    answer = app_.test_client().get(asked)
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith(location)


def test_a_strangers_change_is_not_repeated_after_signing_in(app_: Flask) -> None:
    app_.config["WTF_CSRF_ENABLED"] = False
    assert app_.test_client().post("/debit").headers["Location"] == "/sign-in"
    app_.config["WTF_CSRF_ENABLED"] = True


def test_a_part_of_a_page_sends_the_whole_page_to_the_way_in(app_: Flask) -> None:
    answer = app_.test_client().get("/debit", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/sign-in?next=/debit")


def test_the_mark_that_a_view_names_its_permission_can_be_read(app_: Flask) -> None:
    views = app_.view_functions
    assert views["edge.either"].required_permissions == (P.ORDER_DEBIT, P.ORDER_SHIP)  # type: ignore[attr-defined]
    assert views["edge.door"].required_permissions == ()  # type: ignore[attr-defined]
    assert views["edge.debit"].__name__ == "debit"
