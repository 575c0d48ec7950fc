"""Fields take what people really type and refuse what cannot be stored, with what was typed still there (IE5, MO8)."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict
from wtforms import Field

from portal.web.forms import (
    DayField,
    MoneyField,
    MonthField,
    PortalForm,
    TextField,
    WholeField,
    WordsField,
    clean,
    narrow,
)
from tests.web.kit import make_app


class Everything(PortalForm):
    text = TextField("Text", optional=True, most=10)
    needed = TextField("Needed", most=10)
    words = WordsField("Words", most=20)
    reason = WordsField("Reason", optional=False)
    amount = MoneyField("Amount", optional=True)
    signed = MoneyField("Signed", optional=True, negative=True)
    pieces = WholeField("Pieces", optional=True, low=1, high=9999)
    day = DayField("Day", optional=True)
    month = MonthField("Month", optional=True)


@pytest.fixture(autouse=True)
def asked() -> Iterator[None]:
    with make_app().test_request_context("/", method="POST"):
        yield


def typed(**values: str) -> Everything:
    return Everything(formdata=MultiDict({"needed": "x", "reason": "y", **values}), meta={"csrf": False})


def read(name: str, text: str) -> tuple[object, bool]:
    """(the value, whether the form is fine with it)."""
    form = typed(**{name: text})
    fine = form.validate()
    assert fine or form[name].errors
    return form[name].data, fine


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("text", "  水阀 ", "水阀"), ("text", "", ""), ("text", "\x85", ""), ("text", " \t", ""), ("amount", "  ", None), ("pieces", "²", 2), ("text", "e\u0301", "é"), ("words", "two\r\nlines\t", "two\r\nlines"),
        ("amount", "￥１，２３４．５０", Decimal("1234.50")), ("amount", " 1,234.5 ", Decimal("1234.50")), ("amount", "0", Decimal("0.00")), ("amount", "", None),
        ("signed", "－12.30", Decimal("-12.30")), ("pieces", "１２", 12), ("pieces", " 9999 ", 9999), ("pieces", "007", 7), ("pieces", "", None),
        ("day", "2026-11-03", date(2026, 11, 3)), ("day", "2026/11/3", date(2026, 11, 3)), ("day", "２０２６．１１．３", date(2026, 11, 3)), ("day", "2028-02-29", date(2028, 2, 29)),
        ("month", "2026-11", date(2026, 11, 1)), ("month", "２０２６－１１", date(2026, 11, 1)), ("month", "2026-1", date(2026, 1, 1)),
    ],
)  # fmt: skip
def test_what_people_type_is_understood(name: str, text: str, value: object) -> None:
    assert read(name, text) == (value, True)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("text", "a\0b"), ("text", "\x07"), ("text", "\x1b[31m"), ("text", "a\x85b"), ("text", "\ud800"), ("text", "x" * 11), ("words", "\0"), ("words", "a\x0bb"), ("words", "x" * 21),
        ("needed", ""), ("needed", "   "), ("needed", "\0"), ("reason", ""), ("reason", "\n \t"), ("reason", "x" * 2001),
        ("amount", "-0.01"), ("amount", "0.005"), ("amount", "1e3"), ("amount", "NaN"), ("amount", "abc"), ("amount", "12,50"), ("amount", "9" * 400), ("amount", "\0"), ("amount", "5\0"),
        ("signed", "-0.005"), ("pieces", "0"), ("pieces", "10000"), ("pieces", "-1"), ("pieces", "1.5"), ("pieces", "1e3"), ("pieces", "9" * 5000), ("pieces", "--1"), ("pieces", "Ⅷ"), ("pieces", "\0"),
        ("day", "2026-02-29"), ("day", "3.11.2026"), ("day", "1989-12-31"), ("day", "2200-01-01"), ("day", "yesterday"), ("day", "2026-11-03\0"), ("day", "0000-00-00"), ("day", "99999-01-01"),
        ("month", "2026-13"), ("month", "2026"), ("month", "9999-12"), ("month", "\0"), ("month", "2026-11-03"),
    ],
)  # fmt: skip
def test_IE5_MO8_what_cannot_be_is_refused_at_its_field(name: str, text: str) -> None:
    _value, fine = read(name, text)
    assert not fine


@pytest.mark.parametrize("name", ["amount", "pieces", "day", "month"])
def test_what_was_typed_is_shown_again_when_it_cannot_be_read(name: str) -> None:
    form = typed(**{name: "nonsense"})
    assert not form.validate()
    assert 'value="nonsense"' in str(form[name]())


def test_a_value_of_the_documents_is_shown_as_one_types_it() -> None:
    form = Everything(
        formdata=None,
        meta={"csrf": False},
        data={"amount": Decimal("5.50"), "day": date(2026, 11, 3), "month": date(2026, 11, 1), "pieces": 4},
    )
    assert 'value="5.50"' in str(form.amount())
    assert 'value="2026-11-03"' in str(form.day())
    assert 'value="2026-11"' in str(form.month())
    assert 'value="4"' in str(form.pieces())
    assert 'value=""' in str(form.signed())
    assert 'type="date"' in str(form.day())
    assert 'type="month"' in str(form.month())


@given(st.sampled_from(["text", "words", "amount", "signed", "pieces", "day", "month"]), st.text(max_size=30))
def test_IE5_whatever_arrives_is_a_storable_value_or_a_refusal_at_its_field(name: str, text: str) -> None:
    with make_app_once().test_request_context("/", method="POST"):
        value, fine = read(name, text)
    if fine and isinstance(value, str):
        assert "\0" not in value
        assert value == unicodedata.normalize("NFC", value)
        value.encode()


_APPS: list = []


def make_app_once():
    if not _APPS:
        _APPS.append(make_app())
    return _APPS[0]


@given(st.text(max_size=40))
def test_IE5_clean_text_is_trimmed_composed_and_without_control_characters(text: str) -> None:
    try:
        found = clean(text)
    except ValueError:
        assert any(unicodedata.category(c) in {"Cs", "Cc"} for c in text)
        return
    assert found == clean(found)
    assert not any(unicodedata.category(c) == "Cc" and c not in "\n\r\t" for c in found)


def test_full_width_signs_become_half_width_ones() -> None:
    assert narrow("　ＰＯ２６１１－０００７ ") == "PO2611-0007"


def test_a_refusal_is_said_at_its_field_or_at_the_whole_form() -> None:
    form = typed()
    assert form.validate()
    form.refuse("amount", "too much")
    form.refuse("no-such-field", "not now")
    form.refuse(None, "nor later")
    assert form.amount.errors == ["too much"]
    assert form.form_errors == ["not now", "nor later"]


@pytest.mark.parametrize("empty", ["", " ", "\t\n", "　"])
@pytest.mark.parametrize("kind", [TextField, WordsField, MoneyField, WholeField, DayField, MonthField])
def test_spaces_alone_fill_nothing_in(kind: type[Field], empty: str) -> None:
    class One(PortalForm):
        field = kind("x", optional=False)

    form = One(formdata=MultiDict({"field": empty}), meta={"csrf": False})
    assert not form.validate()
    assert len(form.field.errors) == 1
    assert form.field.flags.required
    assert not One(formdata=MultiDict(), meta={"csrf": False}).validate()


def test_nought_is_something() -> None:
    class One(PortalForm):
        field = MoneyField("x")
        other = WholeField("y")

    form = One(formdata=MultiDict({"field": "0", "other": "0"}), meta={"csrf": False})
    assert form.validate()
    assert (form.field.data, form.other.data) == (Decimal("0.00"), 0)


def test_IE5_what_cannot_be_stored_is_said_once() -> None:
    form = typed(needed="\0")
    assert not form.validate()
    assert len(form.needed.errors) == 1


def test_a_typed_field_must_say_how_it_reads() -> None:
    from portal.web.forms import _TypedField

    class Nothing(PortalForm):
        field: Field = _TypedField("x")

    with pytest.raises(NotImplementedError):
        Nothing(formdata=MultiDict({"field": "x"}), meta={"csrf": False})


def test_a_line_is_one_line_whatever_was_sent(app) -> None:  # type: ignore[no-untyped-def]
    """A name with a line break would write lines of its own into the brand's mails."""
    from werkzeug.datastructures import MultiDict

    from portal.web.forms import PortalForm, TextField

    class Named(PortalForm):
        name = TextField()

    with app.test_request_context("/", method="POST"):
        form = Named(MultiDict({"name": "张三\r\nBcc: x@y\n"}), meta={"csrf": False})
        assert form.validate()
        assert form.name.data == "张三 Bcc: x@y"
