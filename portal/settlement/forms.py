"""What is asked of somebody who works on a settlement."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from portal.web.forms import PortalForm, TextField, WholeField, WordsField


class ExcludeForm(PortalForm):
    """Which line to leave out, and why."""

    claim = TextField(_l("Claim"), most=20)
    position = WholeField(_l("Line"), low=1)
    reason = TextField(_l("Reason for leaving it out"), most=500)


class SendBackForm(PortalForm):
    """Why a checked month goes back."""

    reason = WordsField(_l("What has to be looked at again?"), optional=False, most=500)
