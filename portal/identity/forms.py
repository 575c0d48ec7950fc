"""Signing in, one's own login, invitations."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import PasswordField, RadioField, SelectField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import EqualTo, InputRequired, Length

from portal.identity.rules import PASSWORD_MOST
from portal.web.forms import PortalForm, TextField
from portal.web.i18n import CHINESE, ENGLISH, chosen_language


def _password(label: Any, **options: Any) -> PasswordField:
    """Any password: what a good new one is, the rules say."""
    checks = [
        InputRequired(_l("Please fill this in.")),
        Length(max=PASSWORD_MOST),
        *options.pop("validators", ()),
    ]
    return PasswordField(label, validators=checks, **options)


def _again() -> PasswordField:
    return _password(
        _l("The new password once more"),
        validators=[EqualTo("password", _l("The two new passwords are not the same."))],
    )


class SignInForm(PortalForm):
    """Login and password."""

    login = TextField(_l("Login"), most=120)
    password = _password(_l("Password"))


class CodeForm(PortalForm):
    """The second factor: six digits, or a recovery code."""

    code = TextField(_l("Verification code"), most=40)


class ForgottenForm(PortalForm):
    """Whose password was forgotten."""

    login = TextField(_l("Login or e-mail address"), most=200)


class NewPasswordForm(PortalForm):
    """A password set by a mailed link."""

    password = _password(_l("New password"))
    again = _again()


class ChangePasswordForm(PortalForm):
    """One's own password: the old one, and a new one twice."""

    old = _password(_l("Your password until now"))
    password = _password(_l("New password"))
    again = _again()


class ConfirmForm(PortalForm):
    """The own password typed again before something that matters."""

    password = _password(_l("Your password"))


class EmailForm(ConfirmForm):
    """The own address; empty: none."""

    email = TextField(_l("E-mail address"), optional=True, most=200)


class FactorForm(ConfirmForm):
    """Password and code: neither alone takes the second factor away or makes new recovery codes."""

    code = TextField(_l("Verification code"), most=40)


class InviteForm(PortalForm):
    """Who is invited; the roles are check boxes beside it. ``dealer`` is headquarters' to say."""

    name = TextField(_l("The person's name"), most=60)
    email = TextField(_l("E-mail address"), most=200)
    dealer = TextField(_l("Dealer's code"), optional=True, most=60)
    language = SelectField(
        _l("Language"),
        choices=[SelectChoice(CHINESE, _l("Chinese")), SelectChoice(ENGLISH, _l("English"))],
        default=chosen_language,
    )


class AcceptForm(NewPasswordForm):
    """A new login, by whom an invitation was opened."""

    login = TextField(_l("Login"), most=100)


class JoinForm(SignInForm):
    """A login that exists takes one more place; the code only where it has a second factor."""

    code = TextField(_l("Code of your second factor"), optional=True, most=40)


class TokenForm(PortalForm):
    """A program's token: what it is called, what it may, and for how long."""

    name = TextField(_l("What it is for"), most=60)
    may = RadioField(
        _l("It may do"),
        choices=[
            SelectChoice("reads", _l("read only")),
            SelectChoice("all", _l("everything that I may")),
            SelectChoice("chosen", _l("what is ticked below")),
        ],
        default="reads",
    )
    days = SelectField(
        _l("It ends"),
        choices=[
            SelectChoice("30", _l("in 30 days")),
            SelectChoice("90", _l("in 90 days")),
            SelectChoice("365", _l("in a year")),
            SelectChoice("", _l("never ends")),
        ],
        default="365",
    )
    password = _password(_l("Your password"))
    code = TextField(_l("Code of your second factor"), optional=True, most=40)
