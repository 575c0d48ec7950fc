"""Refusals in words; whatever goes wrong is a page that says what happened, never a stack trace."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

import pytest
from flask import Flask, abort
from flask_babel import lazy_gettext
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError
from structlog.testing import capture_logs
from werkzeug.exceptions import RequestEntityTooLarge

from portal.core.errors import NotFound, Refused
from portal.web import errors
from portal.web.errors import register_words, sentence
from tests.web.edge import edge


class Wrong(Exception):
    """What nobody expected; its words are nobody's business."""


def raising(error: Exception):
    def view() -> str:
        raise error

    return view


@pytest.fixture(scope="module")
def app_() -> Flask:
    def gone() -> str:
        abort(410)

    def moved() -> str:
        abort(308)

    app = edge(
        absent=raising(NotFound()), refused=raising(Refused("reason-needed")), stale=raising(StaleDataError()), large=raising(RequestEntityTooLarge()),
        away=raising(OperationalError("SELECT secret", {}, Exception("the password is x"))), full=raising(PoolTimeout()),
        nul=raising(DataError("SELECT secret", {}, Exception("NUL"))), wrong=raising(Wrong("secret")), gone=gone, fine=lambda: "fine",
    )  # fmt: skip
    app.testing = False
    app.config["PROPAGATE_EXCEPTIONS"] = False
    return app


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("refused", 409),
        ("stale", 409),
        ("large", 413),
        ("away", 503),
        ("full", 503),
        ("nul", 400),
        ("wrong", 500),
        ("gone", 410),
        ("absent", 404),
        ("nowhere", 404),
    ],
)
def test_every_failure_is_a_page_with_its_number_and_without_its_inside(app_: Flask, path: str, status: int) -> None:
    answer = app_.test_client().get(f"/{path}?role=hq-clerk")
    body = answer.get_data(as_text=True)
    assert (answer.status_code, answer.mimetype) == (status, "text/html")
    for inside in ("secret", "password is", "Traceback", "SELECT", "Wrong"):
        assert inside not in body
    assert "</html>" in body


def test_DB3_a_database_that_is_away_says_when_to_come_again(app_: Flask) -> None:
    for path in ("away", "full"):
        assert app_.test_client().get(f"/{path}?role=hq-clerk").headers["Retry-After"] == "5"


def test_a_failure_gives_the_person_the_number_that_the_log_carries(app_: Flask) -> None:
    with capture_logs() as said:
        page = app_.test_client().get("/wrong?role=hq-clerk").get_data(as_text=True)
    (entry,) = [one for one in said if one["event"] == "failed"]
    assert re.fullmatch(r"[0-9a-f]{8}", entry["reference"])
    assert f'<p class="code b">{entry["reference"]}</p>' in page
    assert "下面的编号" in page


def test_a_refusal_on_its_own_page_is_said_in_words(app_: Flask) -> None:
    client = app_.test_client()
    assert "请" in client.get("/refused?role=hq-clerk").get_data(as_text=True)
    client.set_cookie("portal_lang", "en")
    assert "Please give a reason." in client.get("/refused?role=hq-clerk").get_data(as_text=True)


def test_a_stranger_is_not_told_whether_something_is_there(app_: Flask) -> None:
    answer = app_.test_client().get("/absent")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in?next=/absent")


def test_AN8_a_form_that_was_open_too_long_is_said_so_and_changes_nothing(app_: Flask) -> None:
    answer = app_.test_client().post("/fine?role=hq-clerk")
    assert answer.status_code == 400
    assert answer.get_data(as_text=True) != "fine"


def test_a_wrong_method_is_a_page_too(app_: Flask) -> None:
    assert app_.test_client().delete("/fine?role=hq-clerk").status_code in {400, 405}


def test_a_failure_is_not_hidden_from_the_tests(app_: Flask) -> None:
    app_.testing = app_.config["PROPAGATE_EXCEPTIONS"] = True
    try:
        with pytest.raises(Wrong):
            app_.test_client().get("/wrong?role=hq-clerk")
    finally:
        app_.testing = app_.config["PROPAGATE_EXCEPTIONS"] = False


# -- words --


@pytest.fixture
def books(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errors, "REFUSALS", dict(errors.REFUSALS))
    monkeypatch.setattr(errors, "ACTS", dict(errors.ACTS))


def test_a_refusals_facts_are_said_as_people_read_them(app_: Flask, books: None) -> None:
    register_words(refusals={"short": lazy_gettext("%(amount)s until %(day)s for %(who)s, %(n)s of %(nothing)s")})
    with app_.test_request_context():
        words = sentence(
            Refused("short", amount=Decimal("1234.5"), day=date(2026, 11, 3), who=["D001", Decimal(2)], n=3)
        )
    assert words.startswith("¥1,234.50 until 2026-11-03 for D001")
    assert words.endswith("¥2.00, 3 of ")


def test_a_refusal_that_nobody_put_into_words_names_its_code(app_: Flask) -> None:
    with app_.test_request_context():
        assert "never-written" in sentence(Refused("never-written"))


def test_a_percent_sign_in_a_fact_harms_nothing(app_: Flask, books: None) -> None:
    register_words(refusals={"odd": lazy_gettext("no %(name)s")})
    with app_.test_request_context():
        assert sentence(Refused("odd", name="100%s %(x)s")) == "no 100%s %(x)s"


def test_two_packages_share_a_code_only_with_the_same_words(books: None) -> None:
    register_words(refusals={"shared": lazy_gettext("one")}, acts={"a:b": lazy_gettext("did")})
    register_words(refusals={"shared": lazy_gettext("one")}, acts=None)
    with pytest.raises(ValueError, match="two sentences for shared"):
        register_words(refusals={"shared": lazy_gettext("two")})
    with pytest.raises(ValueError, match="two sentences for a:b"):
        register_words(acts={"a:b": lazy_gettext("undid")})
