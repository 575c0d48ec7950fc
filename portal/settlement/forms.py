"""What is asked of somebody who works on a settlement."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms.validators import InputRequired, Length

from portal.web.forms import PortalForm, TextField, WholeField


class ExcludeForm(PortalForm):
    """Which line to leave out, and why."""

    claim = TextField(_l("Claim"), validators=[InputRequired(), Length(max=20)])
    position = WholeField(_l("Line"), validators=[InputRequired()])
    reason = TextField(_l("Reason for leaving it out"), validators=[InputRequired(), Length(max=500)])
