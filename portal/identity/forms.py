"""Signing in, and a member's roles."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import PasswordField
from wtforms.validators import InputRequired, Length

from portal.web.forms import PortalForm, TextField


class SignInForm(PortalForm):
    """Login and password."""

    login = TextField(_l("Login"), most=120)
    password = PasswordField(_l("Password"), validators=[InputRequired(_l("Please fill this in.")), Length(max=200)])
