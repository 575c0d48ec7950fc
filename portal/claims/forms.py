"""What the pages of claims ask."""

from __future__ import annotations

from collections.abc import Iterable

from flask_babel import lazy_gettext as _l
from wtforms import FileField, SelectField, SelectMultipleField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Optional

from portal.claims.labels import CODES
from portal.claims.rules import CUT_CODES, REFUSE_CODES, Code
from portal.web.forms import MoneyField, MonthField, PortalForm, WholeField, WordsField

REASON_LIMIT = 500


def _offered(codes: Iterable[Code]) -> list[SelectChoice]:
    return [SelectChoice(value=code.value, label=CODES[code]) for code in codes]


class _AnyOf(SelectMultipleField):
    """Check boxes of a table: which values there are is the action's business."""

    def pre_validate(self, form: object) -> None:
        """Nothing here: an unknown value is refused below, by name."""


class DraftForm(PortalForm):
    """A new claim: its month, the old parts chosen for it, a note."""

    month = MonthField(_l("Service month"))
    chosen = _AnyOf(_l("Old parts"))
    note = WordsField(_l("Note to headquarters"), most=REASON_LIMIT)


class TakeInForm(PortalForm):
    """A dealer's own workbook; its month where it is not the one that the form says."""

    file = FileField(_l("File"))
    month = MonthField(_l("Service month"), optional=True)


class LinesForm(PortalForm):
    """Old parts put on a draft."""

    chosen = _AnyOf(_l("Old parts"))


class AnswerForm(PortalForm):
    """What the dealer answers to a wanted line."""

    answer = WordsField(_l("Your answer"), optional=False, most=REASON_LIMIT)


class ReduceForm(PortalForm):
    """Fewer pieces, or fewer yuan."""

    quantity = WholeField(_l("Approved quantity"), optional=True, low=1, high=9999)
    amount = MoneyField(_l("Approved amount"), optional=True)
    code = SelectField(_l("Decision code"), choices=_offered(CUT_CODES))
    reason = WordsField(_l("To the dealer"), optional=False, most=REASON_LIMIT)


class RefuseForm(PortalForm):
    """Why nothing is paid."""

    code = SelectField(_l("Decision code"), choices=_offered(REFUSE_CODES))
    reason = WordsField(_l("To the dealer"), optional=False, most=REASON_LIMIT)


class WantForm(PortalForm):
    """What the dealer has to add."""

    reason = WordsField(_l("What do you want to know?"), optional=False, most=REASON_LIMIT)


class ManyForm(PortalForm):
    """Many lines at once: which, and for what is not approved in full the code and the sentence."""

    chosen = _AnyOf(_l("Claim lines"))
    code = SelectField(_l("Decision code"), choices=_offered(REFUSE_CODES), validators=[Optional()])
    reason = WordsField(_l("To the dealer"), most=REASON_LIMIT)


FORMS = {"reduce": ReduceForm, "refuse": RefuseForm, "want": WantForm}
