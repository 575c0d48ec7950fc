"""``/styleguide``: every component once, for developers; registered in development only."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

import segno
from flask import Blueprint, render_template
from flask_babel import get_locale
from flask_wtf import FlaskForm
from markupsafe import Markup
from wtforms import BooleanField, IntegerField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired

from portal.core import clock
from portal.web.auth import public

bp = Blueprint("styleguide", __name__)
_SAMPLES = Path(__file__).with_name("styleguide.json")


@lru_cache(maxsize=1)
def samples() -> dict[str, Any]:
    """The words shown, by language; amounts are yuan as text."""
    loaded: dict[str, Any] = json.loads(_SAMPLES.read_text(encoding="utf-8"))
    return loaded


def _form(words: dict[str, Any]) -> FlaskForm:
    """A form that came back with two mistakes."""

    class Sample(FlaskForm):
        class Meta(FlaskForm.Meta):
            csrf = False

        serial = StringField(words["serial"], [DataRequired()], description=words["serial_hint"])
        old_part = StringField(words["old_part"], [DataRequired()])
        fault = SelectField(words["fault"], choices=[SelectChoice(*pair) for pair in words["faults"]])
        pieces = IntegerField(words["pieces"], [DataRequired()])
        cause = RadioField(words["cause"], choices=[SelectChoice(*pair) for pair in words["causes"]], default="quality")
        remark = TextAreaField(words["remark"])
        read = BooleanField(words["read"])

    form = Sample(
        formdata=None, data={"serial": "LQT101260401433", "old_part": "OP2611-0007", "pieces": 12, "cause": "quality"}
    )
    form["old_part"].errors = [words["old_part_error"]]
    form["pieces"].errors = [words["pieces_error"]]
    return form


@bp.get("/styleguide")
@public
def show() -> str:
    """Every component once, in the reader's language and theme."""
    locale = get_locale()
    words = samples()["en" if locale is not None and locale.language == "en" else "zh"]
    code = segno.make("https://portal.example/q/lanquan/PO2611-0007", error="m").svg_inline(scale=3, border=2)
    return render_template(
        "styleguide.html",
        w=words,
        form=_form(words),
        D=Decimal,
        code=Markup(code),  # noqa: S704 - drawn by us, no foreign words in it
        now=clock.now(),
        hour=timedelta(hours=1),
    )


@bp.get("/styleguide/parts")
@public
def parts() -> dict[str, Any]:
    """What a typeahead gets."""
    locale = get_locale()
    words = samples()["en" if locale is not None and locale.language == "en" else "zh"]
    return {"items": words["parts"], "more": 0}
