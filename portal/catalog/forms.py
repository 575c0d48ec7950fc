"""What is asked about the catalogue: a file with its kind, and a first day of force."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import FileField, SelectField
from wtforms.validators import InputRequired

from portal.web.forms import DayField, PortalForm


class UploadForm(PortalForm):
    """A workbook, what it is, and from which day it is in force (the file may say that itself)."""

    kind = SelectField(_l("What the file holds"), validators=[InputRequired(_l("Please fill this in."))])
    file = FileField(_l("File"))
    first_day = DayField(_l("First day of force"), optional=True)


class FirstDayForm(PortalForm):
    """The first day of force of a file that waits."""

    first_day = DayField(_l("First day of force"))
