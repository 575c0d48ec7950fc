"""What fails below an operation is answered as what it is: never another's fault as a 500, never words of the database (DB1, IE5)."""

from __future__ import annotations

import pytest
from flask import Flask
from psycopg import errors as postgres
from sqlalchemy.exc import DataError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import RequestEntityTooLarge, ServiceUnavailable
from werkzeug.test import TestResponse

from portal.files.store import StoreError
from portal.web.api import problems
from portal.web.pdf_pool import PrintingBusy, PrintingFailed, PrintingUnavailable
from tests.api.calling import told

SECRET = "the words of the database"


def broken(kind: type[Exception], why: type[Exception]) -> Exception:
    return kind(SECRET, {}, why(SECRET))  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (StaleDataError(SECRET), 409, "changed-meanwhile"),
        (broken(IntegrityError, postgres.UniqueViolation), 409, "changed-meanwhile"),
        (broken(IntegrityError, postgres.ExclusionViolation), 409, "changed-meanwhile"),
        (broken(IntegrityError, postgres.CheckViolation), 500, "failed"),
        (broken(DataError, postgres.NumericValueOutOfRange), 400, "unreadable"),
        (broken(OperationalError, postgres.AdminShutdown), 503, "unavailable"),
        (PoolTimeout(SECRET), 503, "unavailable"),
        (StoreError(SECRET), 503, "unavailable"),
        (PrintingBusy("queue"), 503, "unavailable"),
        (PrintingFailed("memory"), 500, "failed"),
        (PrintingUnavailable("libpango"), 503, "unavailable"),
        (ServiceUnavailable(SECRET), 503, "unavailable"),
        (RequestEntityTooLarge(SECRET), 413, "too-large"),
        (RuntimeError(SECRET), 500, "failed"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_a_failure_is_a_problem_of_its_own_kind(app: Flask, error: Exception, status: int, code: str) -> None:
    with app.test_request_context("/api/v1/orders", headers={"Accept-Language": "en"}):
        answer = app.make_response(problems.answer(error))
    said = TestResponse(
        answer.response, answer.status, answer.headers, request=None, history=()  # type: ignore[arg-type]
    )  # fmt: skip
    told(said, status, code)
    assert SECRET not in said.get_data(as_text=True)
    assert answer.headers["Cache-Control"] == "no-store"
    waits = isinstance(error, OperationalError | PoolTimeout | StoreError | PrintingBusy | PrintingUnavailable)
    assert answer.headers.get("Retry-After") == ("5" if waits else None)
