"""What is asked about a product: is this part, broken by this cause, covered on that day?"""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import SelectField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired

from portal.warranty.labels import CAUSES
from portal.web.forms import DayField, PortalForm, TextField


class VerdictForm(PortalForm):
    """A question, asked by GET: it changes nothing and its address can be kept."""

    class Meta(PortalForm.Meta):
        csrf = False

    part = TextField(_l("Part"), most=40)
    cause = SelectField(
        _l("Cause"),
        validators=[InputRequired()],
        choices=[SelectChoice(value, label) for value, label in CAUSES.items()],
    )
    on = DayField(_l("Service day"))
