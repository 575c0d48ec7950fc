"""Every code that a reader of workbooks gives has its sentence, in both languages (R11)."""

import re
from datetime import date
from pathlib import Path

import pytest
from flask import Flask
from flask_babel import Babel

import portal
from portal.core.tables import Note, Problem, TableRefused
from portal.web import sheet_labels
from portal.web.i18n import catalogs

ROOT = Path(portal.__file__).parent
SOURCES = [*ROOT.glob("core/tables/*.py"), *ROOT.glob("*/sheets.py")]
RAISED = re.compile(
    r"""(?:TableRefused|CellRefused)\(\s*"([a-z]+(?:-[a-z]+)+)"
    |(?:Problem|Note)\([^()]*?"([a-z]+(?:-[a-z]+)+)"
    |\.(?:refuse|warn)\([^()]*?"([a-z]+(?:-[a-z]+)+)\"""",
    re.VERBOSE,
)


@pytest.fixture
def english():
    app = Flask(__name__)
    Babel(app, default_locale="en")
    with app.test_request_context():
        yield


def test_every_code_has_a_sentence():
    found = {group for path in SOURCES for hit in RAISED.findall(path.read_text("utf-8")) for group in hit if group}
    assert {"file-bomb", "money-decimals", "row-twice", "rows-blank", "days-in-disorder"} <= found
    assert found <= set(sheet_labels.PROBLEMS) | set(sheet_labels.NOTES)


def test_every_sentence_is_translated_with_the_same_facts():
    # All catalogues: loaders that stand above the sheets add problems of their own, with words of their own.
    chinese = {message.id: message.string for catalog in catalogs().values() for message in catalog}
    labels = (*sheet_labels.PROBLEMS.values(), *sheet_labels.NOTES.values(), *sheet_labels.FIELDS.values())
    for label in labels:
        english = label._args[0]
        facts = sorted(re.findall(r"%\((\w+)\)s", english))
        assert chinese[english], english
        assert sorted(re.findall(r"%\((\w+)\)s", chinese[english])) == facts, english


@pytest.mark.usefixtures("english")
def test_a_line_says_row_column_and_reason():
    problem = Problem(12, "成本价(元)", "money-decimals", {"value": "12.345"})
    assert sheet_labels.line(problem) == "Row 12, 成本价(元): “12.345” is finer than a fen: two decimals at most."
    assert sheet_labels.line(Problem(3, None, "product-without-days")).startswith("Row 3: Neither made")
    note = Note(None, "first-day-given", {"in_file": date(2026, 7, 1), "given": date(2026, 8, 1)})
    assert sheet_labels.line(note) == (
        "The file says in force from 2026-07-01; it is loaded from 2026-08-01, as given."
    )


@pytest.mark.usefixtures("english")
def test_a_refused_file_names_the_missing_columns():
    refused = TableRefused("headings-missing", fields=("number", "out_price"), headings=("配件编码", "保外价"))
    assert sheet_labels.refusal(refused) == (
        "Columns not found: Part number, Out-of-warranty price. Head them, for example, 配件编码, 保外价."
    )
