"""What is asked about a term: another value, and from which day."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from portal.web.forms import DayField, PortalForm, WholeField


class TermForm(PortalForm):
    """The field names are the action's refusals'."""

    value = WholeField(_l("New value"), low=0, high=1_000_000)
    from_day = DayField(_l("From"))
