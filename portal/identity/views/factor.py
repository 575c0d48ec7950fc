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
from portal.identity.forms import CodeForm, ConfirmForm, FactorForm
from portal.identity.views import bp
from portal.identity.views.account import own_login
from portal.identity.views.answers import again, settings_here
from portal.web import qr
from portal.web.auth import current_actor, requires
from portal.web.errors import sentence
from portal.web.forms import PortalForm

_PAGE = "identity/second_factor.html"
_REMOVE = "remove"  # before the names of the removal's fields: the page has password and code twice


def _shown() -> dict[str, object]:
    """What the page says in each of its three states: off, being set up, on."""
    login = own_login()
    secret = queries.unconfirmed_factor(db.engine, login.id) if login.second_factor is None else None
    address = ""
    if secret is not None:
        issuer = urlsplit(settings_here().base_url).hostname or "portal"
        address = pyotp.TOTP(secret).provisioning_uri(name=login.login, issuer_name=issuer)
    return {
        "login": login, "on": login.second_factor is not None, "secret": secret, "drawn": qr.svg(address) if address else "", "address": address, "codes": rules.RECOVERY_CODES,
        "wanted": wants_second_factor(g.signed_in, g.place),
    }  # fmt: skip


def _kind(shown: dict[str, object]) -> type[PortalForm]:
    """Which form the page has in that state; with the factor on it has two of a kind."""
    if shown["on"]:
        return FactorForm
    return CodeForm if shown["secret"] else ConfirmForm


@bp.get("/me/second-factor")
@requires(P.HOME_READ)
def second_factor() -> ResponseReturnValue:
    """Where one stands, and what to do next."""
    shown = _shown()
    return render_template(_PAGE, form=_kind(shown)(), removal=FactorForm(prefix=_REMOVE), **shown)


def _refused(error: Refused | None, form: PortalForm, field: str = "password") -> ResponseReturnValue:
    """The page with the sentence at its field; an old page's form, when the factor stands elsewhere by now, as the page is now."""
    shown, removing = _shown(), form.password.name.startswith(_REMOVE) if "password" in form else False
    if type(form) is not (kind := _kind(shown)):
        if error is None:
            return redirect(url_for("identity.second_factor"), 303)
        form, removing, field = kind(formdata=None), False, "code" if kind is CodeForm else "password"
    if error is not None:
        form.refuse(error.field if error.field in form else field, sentence(error))
    other = FactorForm(formdata=None, prefix="" if removing else _REMOVE)
    return again(other if removing else form, _PAGE, {"removal": form if removing else other, **shown}, error)


@bp.post("/me/second-factor/start")
@requires(P.HOME_READ)
def start_second_factor() -> ResponseReturnValue:
    """The password again, then a secret to be scanned; it does nothing yet."""
    return _confirmed(
        ConfirmForm(),
        actions.start_second_factor,
        lambda _secret: redirect(url_for("identity.second_factor"), 303),
    )


def _confirmed(
    form: ConfirmForm, act: Callable[..., Any], then: Callable[[Any], ResponseReturnValue]
) -> ResponseReturnValue:
    """``act`` once password and, where the form has it, code were typed again; and what it is answered with."""
    actor = current_actor()
    if not form.validate_on_submit():
        return _refused(None, form)
    try:
        if isinstance(form, FactorForm):
            actions.confirm_person(
                db.engine, int(actor.login_id or 0), form.password.data, form.code.data, now=clock.machine_now()
            )
        else:
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
            flash(sentence(error), "warn")
            return redirect(url_for("identity.second_factor"), 303)
        return _refused(error, form, "code")
    return render_template("identity/recovery_codes.html", codes=codes, first=True)


@bp.post("/me/second-factor/codes")
@requires(P.HOME_READ)
def new_recovery_codes() -> ResponseReturnValue:
    """Password and code, then new recovery codes, shown this once; the old ones are void."""
    return _confirmed(
        FactorForm(),
        actions.new_recovery_codes,
        lambda codes: render_template("identity/recovery_codes.html", codes=codes, first=False),
    )


@bp.post("/me/second-factor/remove")
@requires(P.HOME_READ)
def remove_second_factor() -> ResponseReturnValue:
    """Password and code, then the password alone signs in again."""

    def gone(_done: object) -> ResponseReturnValue:
        flash(_("The second factor is removed: your password alone signs you in."), "good")
        return redirect(url_for("identity.profile"), 303)

    return _confirmed(FactorForm(prefix=_REMOVE), actions.remove_second_factor, gone)
