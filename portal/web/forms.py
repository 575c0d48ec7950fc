"""Form fields that take what people really type: full-width digits, '¥1,234.50', spaces; never control characters."""

from __future__ import annotations

import secrets
import unicodedata
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from babel.support import NullTranslations, Translations
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import Field, Form, StringField, TextAreaField, ValidationError
from wtforms.i18n import DefaultTranslations, messages_path
from wtforms.validators import Length, Optional, StopValidation
from wtforms.widgets import TextInput

from portal.core import money, months

WORDS_LIMIT = 2000


def clean(text: str) -> str:
    """Trimmed and composed (NFC). Raises ValueError for NUL, control characters and lone surrogates (IE5)."""
    for character in text:
        kind = unicodedata.category(character)
        if kind == "Cs" or (kind == "Cc" and character not in "\n\r\t"):
            raise ValueError("control character")
    return unicodedata.normalize("NFC", text).strip()


def storable(text: str) -> str:
    """:func:`clean`, with what it refuses left out: for words that a page cannot show again to be corrected."""
    return clean("".join(sign for sign in text if sign in "\n\r\t" or unicodedata.category(sign) not in {"Cc", "Cs"}))


def narrow(text: str) -> str:
    """Full-width digits, letters and signs as half-width ones."""
    return unicodedata.normalize("NFKC", text).strip()


def form_key() -> str:
    """A new one-time key, rendered into each form beside its CSRF token: sent twice, it acts once (portal.web.acts)."""
    return secrets.token_urlsafe(16)


@lru_cache(maxsize=8)
def _messages(language: str) -> NullTranslations:
    """WTForms' catalogue: read once, not on every request that has a form."""
    return Translations.load(messages_path(), [language], domain="wtforms")


class _Words(DefaultTranslations):
    """WTForms' messages by the language of this request."""

    def __init__(self) -> None:
        super().__init__(_messages(str(get_locale() or "en")))


class PortalForm(FlaskForm):
    """A form of the portal: one language for all messages."""

    class Meta(FlaskForm.Meta):
        """Messages go through the portal's own catalogue. The CSRF token is the request's (CSRFProtect looks at each that acts), not a field."""

        csrf = False
        locales = ("en",)

        def get_translations(self, form: Form) -> _Words:
            """WTForms' own few messages in the reader's language."""
            return _Words()

    def refuse(self, field: str | None, words: str) -> None:
        """Put a refusal's sentence at its field, or at the whole form."""
        target = self._fields.get(field or "")
        if target is None:
            self.form_errors.append(words)
        else:
            target.errors = [*target.errors, words]


class Filled:
    """Something must be there besides spaces; a field that could not be read has said so already."""

    field_flags = {"required": True}

    def __call__(self, form: Form, field: Field) -> None:
        if field.data in {None, ""} and not field.process_errors:
            raise StopValidation(_("Please fill this in."))


class _CleanMixin:
    def process_formdata(self, valuelist: list[Any]) -> None:
        if valuelist:
            try:
                self.data = clean(str(valuelist[0]))
            except ValueError as error:
                self.data = ""
                raise ValueError(
                    _("There is a character in it that cannot be stored. Please type it again.")
                ) from error


class TextField(_CleanMixin, StringField):
    """One line of text, at most ``most`` characters; required unless ``optional``. What was several lines becomes one."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        super().process_formdata(valuelist)
        self.data = " ".join(str(self.data or "").split("\n")).replace("\r", "") if valuelist else self.data

    def __init__(self, label: Any = None, *, optional: bool = False, most: int = 200, **options: Any) -> None:
        validators = [
            Optional() if optional else Filled(),
            Length(max=most, message=_l("This is too long.")),
        ]
        super().__init__(label, validators=validators, **options)


class WordsField(_CleanMixin, TextAreaField):
    """Several lines of text."""

    def __init__(self, label: Any = None, *, optional: bool = True, most: int = WORDS_LIMIT, **options: Any) -> None:
        validators = [
            Optional() if optional else Filled(),
            Length(max=most, message=_l("This is too long.")),
        ]
        super().__init__(label, validators=validators, **options)


class _TypedField(Field):
    """A value read from what was typed; what was typed is shown again when it cannot be read."""

    widget = TextInput()
    wrong: Any = ""

    def __init__(self, label: Any = None, *, optional: bool = False, **options: Any) -> None:
        validators = [Optional() if optional else Filled()]
        super().__init__(label, validators=[*validators, *options.pop("validators", ())], **options)

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else self.written(self.data)

    def written(self, value: Any) -> str:
        return str(value)

    def read(self, text: str) -> Any:
        raise NotImplementedError

    def process_formdata(self, valuelist: list[Any]) -> None:
        text = narrow(str(valuelist[0])) if valuelist else ""
        self.data = None
        if not text:
            return
        try:
            self.data = self.read(text)
        except (ValueError, ArithmeticError) as error:
            raise ValueError(str(self.wrong)) from error


class MoneyField(_TypedField):
    """Yuan to the fen; negative only where ``negative`` is allowed."""

    wrong = _l("This is no amount. Write it like 1234.50, with two decimals at most.")

    def __init__(self, label: Any = None, *, negative: bool = False, **options: Any) -> None:
        self.negative = negative
        super().__init__(label, **options)

    def read(self, text: str) -> Decimal:
        return money.parse(text)

    def pre_validate(self, form: Form) -> None:
        if self.data is not None and self.data < 0 and not self.negative:
            raise ValidationError(_("The amount must not be below zero."))


class WholeField(_TypedField):
    """A whole number between ``low`` and ``high``."""

    wrong = _l("This is no whole number.")

    def __init__(self, label: Any = None, *, low: int = 0, high: int = 9999, **options: Any) -> None:
        self.low, self.high = low, high
        super().__init__(label, **options)

    def read(self, text: str) -> int:
        if not text.lstrip("-").isdecimal() or len(text) > 12:
            raise ValueError(text)
        return int(text)

    def pre_validate(self, form: Form) -> None:
        if self.data is not None and not self.low <= self.data <= self.high:
            raise ValidationError(_("It must lie between %(low)s and %(high)s.", low=self.low, high=self.high))


class DayField(_TypedField):
    """A day: 2026-11-03, also 2026/11/3 or 2026.11.3."""

    wrong = _l("This is no date. Write it like 2026-11-03.")

    def __init__(self, label: Any = None, **options: Any) -> None:
        super().__init__(label, **options)
        self.render_kw: dict[str, Any] = {"type": "date"}

    def read(self, text: str) -> date:
        found = datetime.strptime(text.replace("/", "-").replace(".", "-"), "%Y-%m-%d").date()  # noqa: DTZ007
        if not 1990 <= found.year <= 2199:
            raise ValueError(text)
        return found


class MonthField(_TypedField):
    """A month as its first day: 2026-11."""

    wrong = _l("This is no month. Write it like 2026-11.")

    def __init__(self, label: Any = None, **options: Any) -> None:
        super().__init__(label, **options)
        self.render_kw: dict[str, Any] = {"type": "month"}

    def written(self, value: Any) -> str:
        return f"{value:%Y-%m}"

    def read(self, text: str) -> date:
        return months.parse(text)
