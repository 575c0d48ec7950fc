"""What is asked about money: a top-up, a credit limit, the reason of a reversal."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import SelectField
from wtforms.validators import InputRequired

from portal.web.forms import DayField, MoneyField, PortalForm, TextField, WordsField


class TopUpForm(PortalForm):
    """Money that a dealer paid in, as the bank's advice says; the field names are the action's."""

    dealer = SelectField(_l("Dealer"), validators=[InputRequired(_l("Please fill this in."))], validate_choice=False)
    amount = MoneyField(_l("Amount in yuan"))
    received_on = DayField(_l("Paid in on"))
    bank_reference = TextField(_l("Bank reference"), most=100)
    note = TextField(_l("Note"), optional=True, most=200)


class LimitForm(PortalForm):
    """How far below zero order debits may take an account."""

    limit = MoneyField(_l("Credit limit in yuan"))


class ReasonForm(PortalForm):
    """Why money is taken back."""

    reason = WordsField(_l("Reason"), optional=False, most=500)
