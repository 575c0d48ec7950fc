"""What is asked when an old part is registered."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import StringField
from wtforms.validators import AnyOf

from portal.old_parts.actions import TEXT_LIMIT
from portal.old_parts.models import Cause
from portal.old_parts.rules import QUANTITY_LIMIT
from portal.web.forms import DayField, PortalForm, TextField, WholeField, WordsField


class RegisterForm(PortalForm):
    """One product, one part, one day of replacement (R36)."""

    serial = TextField(_l("Serial number"), most=80)
    part_number = TextField(_l("Part that was replaced"), most=80)
    fault_code = TextField(_l("Fault"), most=40)
    cause = StringField(
        _l("Cause"), [AnyOf([cause.value for cause in Cause], message=_l("Choose what caused the fault."))]
    )
    quantity = WholeField(_l("Quantity"), low=1, high=QUANTITY_LIMIT)
    replaced_on = DayField(_l("Replaced on"))
    note = WordsField(_l("Note"), most=TEXT_LIMIT)
