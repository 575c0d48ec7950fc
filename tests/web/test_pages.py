"""Lists page by key, newest first; filters stay in the address."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from flask import Flask

from portal.web.pages import address, before, key_page, list_filters


@dataclass
class Row:
    id: int
    seq: int = 0


@pytest.fixture(scope="module")
def app_() -> Flask:
    app = Flask(__name__)
    app.add_url_rule("/list/<kind>", "lists.index", lambda kind: "")
    return app


def rows(first: int, count: int) -> list[Row]:
    return [Row(first - n, 1000 + first - n) for n in range(count)]


def test_one_page_has_no_neighbours(app_: Flask) -> None:
    with app_.test_request_context("/list/a"):
        page = key_page(rows(9, 3), size=3)
    assert (len(page.rows), page.first, page.older) == (3, "", "")


def test_the_row_too_many_is_not_shown_and_says_that_there_are_older_ones(app_: Flask) -> None:
    with app_.test_request_context("/list/a?state=quoted&q=阀"):
        page = key_page(rows(9, 4), size=3)
    assert [row.id for row in page.rows] == [9, 8, 7]
    assert (page.first, page.older) == ("", "/list/a?state=quoted&q=%E9%98%80&before=7")


def test_a_later_page_leads_to_the_first_and_on(app_: Flask) -> None:
    with app_.test_request_context("/list/a?before=7&state=quoted"):
        page = key_page(rows(6, 4), size=3, key="seq")
        last = key_page(rows(3, 2), size=3)
        empty = key_page([], size=3)
    assert (page.first, page.older) == ("/list/a?state=quoted", "/list/a?before=1004&state=quoted")
    assert (last.first, last.older) == ("/list/a?state=quoted", "")
    assert (list(empty.rows), empty.older) == ([], "")


@pytest.mark.parametrize(
    ("asked", "key"),
    [("", None), ("before=", None), ("before=7", 7), ("before=0", 0), ("before=-1", None), ("before=x", None), ("before=1e3", None), ("before=%00", None),
     ("before=²", None), ("before=٣", None), (f"before={'9' * 18}", 999_999_999_999_999_999), (f"before={'9' * 19}", None)],
)  # fmt: skip
def test_IE5_a_made_up_key_is_the_first_page(app_: Flask, asked: str, key: int | None) -> None:
    with app_.test_request_context(f"/list/a?{asked}"):
        assert before() == key


def test_an_address_keeps_what_stands_in_it_except_what_changes(app_: Flask) -> None:
    with app_.test_request_context("/list/a?state=quoted&empty=&before=4"):
        assert address(state="agreed", before=None) == "/list/a?state=agreed"
        assert address(kind="b") == "/list/b?state=quoted&before=4"


def test_filters_are_trimmed_and_short(app_: Flask) -> None:
    with app_.test_request_context("/list/a?state=%20quoted%20&q=" + "x" * 500):
        assert list_filters("state", "q", "dealer") == {"state": "quoted", "q": "x" * 100, "dealer": ""}
