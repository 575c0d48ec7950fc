"""Files as answers: private, never sniffed or kept, named so that no name breaks a header (AN7, UP3)."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.web.responses import download, pdf_response


def test_a_paper_is_shown_under_its_number_and_kept_by_nobody() -> None:
    answer = pdf_response(b"%PDF-", "PO2611-0007")
    assert (answer.mimetype, answer.get_data()) == ("application/pdf", b"%PDF-")
    assert (
        answer.headers["Content-Disposition"]
        == "inline; filename=\"PO2611-0007.pdf\"; filename*=UTF-8''PO2611-0007.pdf"
    )
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_download_is_saved_under_its_chinese_name() -> None:
    answer = download(b"x", "零部件价格表.xlsx", "application/vnd.ms-excel")
    plain, utf = answer.headers["Content-Disposition"].split("; ")[1:]
    assert answer.headers["Content-Disposition"].startswith("attachment; ")
    assert plain == 'filename="______.xlsx"'
    assert unquote(utf.removeprefix("filename*=UTF-8''")) == "零部件价格表.xlsx"


@pytest.mark.parametrize(
    "name", ['a"b', "a\r\nSet-Cookie: x=1", "a;b", "../../etc/passwd", "a\0b", "\u202egpj", "x" * 4000, "", "a'b%22"]
)
def test_UP3_no_name_breaks_out_of_the_header(name: str) -> None:
    value = download(b"", name, "text/csv").headers["Content-Disposition"]
    assert value.count('"') == 2
    assert not any(ord(character) < 32 or ord(character) > 126 for character in value)
    assert len(value.split("; ")) == 3


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_UP3_every_name_comes_through_whole(name: str) -> None:
    value = download(b"", name, "text/csv").headers["Content-Disposition"]
    value.encode("ascii")
    assert unquote(value.partition("filename*=UTF-8''")[2]) == name
