"""The second factor of one's own login: set up, recovery codes, removed (AN6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pyotp
from flask import flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.core import clock
from portal.core.db import db, unit_of_work
from portal.core.errors import Refused
from portal.core.permissions import Permission as P
from portal.identity import actions, queries, rules
from portal.identity.edge import wants_second_factor
from portal.identity.forms import CodeForm, ConfirmForm, RemoveFactorForm
from portal.identity.views import bp
from portal.identity.views.account import own_login
from portal.identity.views.answers import again, refused, settings_here
from portal.web import qr
from portal.web.auth import current_actor, requires

_PAGE = "identity/second_factor.html"


def _shown() -> dict[str, object]:
    """What the page says in each of its three states: off, being set up, on."""
    login = own_login()
    secret = queries.unconfirmed_factor(db.engine, login.id) if login.second_factor is None else None
    address = ""
    if secret is not None:
        issuer = urlsplit(settings_here().base_url).hostname or "portal"
        address = pyotp.TOTP(secret).provisioning_uri(name=login.login, issuer_name=issuer)
    return {
        "login": login, "secret": secret, "drawn": qr.svg(address) if address else "", "address": address, "codes": rules.RECOVERY_CODES,
        "wanted": wants_second_factor(g.signed_in, g.place),
    }  # fmt: skip


@bp.get("/me/second-factor")
@requires(P.HOME_READ)
def second_factor() -> ResponseReturnValue:
    """Where one stands, and what to do next."""
    shown = _shown()
    form = CodeForm() if shown["secret"] else ConfirmForm()
    return render_template(_PAGE, form=form, removal=RemoveFactorForm(prefix="remove"), **shown)


def _refused(error: Refused | None, form: CodeForm | ConfirmForm, field: str = "password") -> ResponseReturnValue:
    removal = form if isinstance(form, RemoveFactorForm) else RemoveFactorForm(prefix="remove", formdata=None)
    values = {"removal": removal, **_shown()}
    if isinstance(form, CodeForm) != bool(values["secret"]):  # an old page's form: the factor stands elsewhere by now
        return redirect(url_for("identity.second_factor"), 303)
    if isinstance(form, RemoveFactorForm):
        if error is not None:
            form.refuse(error.field if error.field in form else field, _sentence(error))
        return again(ConfirmForm(formdata=None), _PAGE, values, error)
    return again(form, _PAGE, values) if error is None else refused(error, form, field, _PAGE, values)


def _sentence(error: Refused) -> str:
    from portal.web.errors import sentence

    return sentence(error)


@bp.post("/me/second-factor/start")
@requires(P.HOME_READ)
def start_second_factor() -> ResponseReturnValue:
    """The password again, then a secret to be scanned; it does nothing yet."""
    return _after_the_password(
        actions.start_second_factor, lambda _secret: redirect(url_for("identity.second_factor"), 303)
    )


def _after_the_password(act: Callable[..., Any], then: Callable[[Any], ResponseReturnValue]) -> ResponseReturnValue:
    """``act`` once the password was typed again, and what it is answered with."""
    form, actor = ConfirmForm(), current_actor()
    if not form.validate_on_submit():
        return _refused(None, form)
    try:
        actions.confirm_password(db.engine, int(actor.login_id or 0), form.password.data)
        with unit_of_work(actor.scope) as session:
            done = act(session, actor, at=clock.now())
    except Refused as error:
        return _refused(error, form)
    return then(done)


@bp.post("/me/second-factor/confirm")
@requires(P.HOME_READ)
def confirm_second_factor() -> ResponseReturnValue:
    """A code of the scanned secret takes it into use; the recovery codes are shown this once."""
    form, actor = CodeForm(), current_actor()
    if not form.validate_on_submit():
        return _refused(None, form, "code")
    try:
        with unit_of_work(actor.scope) as session:
            codes = actions.confirm_second_factor(
                session, actor, form.code.data, now=clock.machine_now(), at=clock.now()
            )
    except Refused as error:
        if error.code in {"factor-on", "factor-not-started"}:
            flash(_sentence(error), "warn")
            return redirect(url_for("identity.second_factor"), 303)
        return _refused(error, form, "code")
    return render_template("identity/recovery_codes.html", codes=codes, first=True)


@bp.post("/me/second-factor/codes")
@requires(P.HOME_READ)
def new_recovery_codes() -> ResponseReturnValue:
    """New recovery codes, shown this once; the old ones are void."""
    return _after_the_password(
        actions.new_recovery_codes,
        lambda codes: render_template("identity/recovery_codes.html", codes=codes, first=False),
    )


@bp.post("/me/second-factor/remove")
@requires(P.HOME_READ)
def remove_second_factor() -> ResponseReturnValue:
    """Password and code, then the password alone signs in again."""
    form, actor = RemoveFactorForm(prefix="remove"), current_actor()
    if not form.validate_on_submit():
        return _refused(None, form)
    try:
        login = actions.confirm_password(db.engine, int(actor.login_id or 0), form.password.data)
        actions.prove_code(db.engine, login.id, form.code.data, now=clock.machine_now())
        with unit_of_work(actor.scope) as session:
            actions.remove_second_factor(session, actor, at=clock.now())
    except Refused as error:
        return _refused(error, form)
    flash(_("The second factor is removed: your password alone signs you in."), "good")
    return redirect(url_for("identity.profile"), 303)
