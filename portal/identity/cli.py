"""``portal brand create``, ``portal member add`` and ``invite``, ``portal login …``: brands, people and their logins by the operator.

``member add`` makes a new login's password and prints it once; ``member invite`` mails a link, by which the person chooses one.
"""

from __future__ import annotations

import secrets
from itertools import groupby
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click
from sqlalchemy.orm import Session

from portal.core import clock
from portal.core.db import db, unit_of_work
from portal.core.errors import Refused
from portal.core.permissions import Actor
from portal.identity import actions, passwords, queries, rules
from portal.identity.actions.tokens import make_token, revoke_token
from portal.identity.commands import BRAND, brand_actor, command, emit, places_of
from portal.identity.edge import one_time_address
from portal.identity.queries import tokens
from portal.identity.roles import Role
from portal.web.i18n import CHINESE, LANGUAGES


def register(brand: click.Group, member: click.Group, login: click.Group, token: click.Group) -> None:
    """Put this package's commands under ``portal brand``, ``portal member``, ``portal login`` and ``portal token``."""
    brand.add_command(create)
    for group, commands in (
        (member, (add, invite)),
        (login, (disable, enable, reset_second_factor, reset_password)),
        (token, (create_token, list_tokens, revoke)),
    ):
        for one in commands:
            group.add_command(one)


_PLACE = (  # a person gets one
    BRAND,
    click.Option(["--dealer"], metavar="CODE", help="At this dealer; without it at headquarters."),
    click.Option(["--name"], required=True, help="The person's name as others see it."),
    click.Option(
        ["--role", "roles"],
        required=True,
        multiple=True,
        type=click.Choice([role.value for role in Role]),
        help="May be repeated.",
    ),
)
_LOGIN = click.Argument(["login"])
_WHOSE = (  # a program's token
    click.Option(["--login"], required=True, help="Whose token: what the person signs in with."),
    click.Option(
        ["--place"], required=True, metavar="BRAND[/DEALER]", help="From where it acts: headquarters, or a dealer."
    ),
)


def _zone(_context: click.Context, _parameter: click.Parameter, typed: str) -> str:
    try:
        return ZoneInfo(typed).key
    except (ZoneInfoNotFoundError, ValueError):
        raise click.BadParameter(f"{typed!r} is no time zone; write it like Asia/Shanghai") from None


@command("create")
@click.option("--code", required=True, help="Short, for addresses: small letters and digits.")
@click.option("--name", required=True, help="Its name, in Chinese.")
@click.option("--name-en", required=True, help="Its name in English.")
@click.option(
    "--zone", default="Asia/Shanghai", show_default=True, callback=_zone, help="The zone of its business days."
)
@click.option("--hotline", default="", help="Its after-sales hotline, printed on papers.")
def create(code: str, name: str, name_en: str, zone: str, hotline: str, as_json: bool) -> None:  # noqa: FBT001
    """Make a brand; then give it people with `portal member add`."""
    actions.create_brand(db.engine, code=code, name=name, name_en=name_en, zone=zone, hotline=hotline, at=clock.now())
    emit({"brand": code}, as_json=as_json, words=f"{code}: {name}")


@command("add", *_PLACE)
@click.option("--login", required=True, help="What the person signs in with; a login that exists gets one more place.")
def add(brand: str, dealer: str | None, login: str, name: str, roles: tuple[str, ...], as_json: bool) -> None:  # noqa: FBT001
    """Give a person a place at a brand's headquarters or at one of its dealers."""
    actor, at = brand_actor(brand), clock.now()
    known = queries.login_by_name(db.engine, login)
    password = None if known else secrets.token_urlsafe(12)
    with unit_of_work(actor.scope) as session:
        dealer_id = _dealer(session, dealer)
        login_id = known[0] if known else actions.create_login(db.engine, login, passwords.hashed(str(password)), at=at)
        actions.add_member(
            session, actor, login_id=login_id, login=login.lower(), name=name, roles=roles, dealer_id=dealer_id, at=at
        )
    said = f"password (shown once): {password}" if password else "the login keeps its password"
    emit({"login": login.lower(), "password": password}, as_json=as_json, words=f"{login.lower()}: {said}")


def _dealer(session: Session, code: str | None) -> int | None:
    """The dealer of that code; None for headquarters."""
    found = queries.dealer_by_code(session, code) if code else None
    if code and found is None:
        raise Refused("dealer-not-there", dealer=code)
    return found


@command("invite", *_PLACE)
@click.option("--email", required=True, help="Where the link goes: it works once, for 30 minutes.")
@click.option("--locale", type=click.Choice(LANGUAGES), default=CHINESE, show_default=True, help="The mail's language.")
@click.option("--print-link", is_flag=True, help="Print the link too: for the first person, before mail is set up.")
def invite(
    brand: str, dealer: str | None, name: str, email: str, roles: tuple[str, ...], locale: str, print_link: bool, as_json: bool,  # noqa: FBT001
) -> None:  # fmt: skip
    """Ask a person by mail to take a place; the person chooses login and password."""
    actor, sent = brand_actor(brand), list[str]()

    def link(token: str) -> str:
        sent.append(one_time_address("identity.invitation", token))
        return sent[-1]

    with unit_of_work(actor.scope) as session:
        row = actions.invite(
            session, actor, name=name, email=email, roles=roles, dealer_id=_dealer(session, dealer), link=link, locale=locale,
            at=clock.now(),
        )  # fmt: skip
    shown = sent[0] if print_link else None
    emit(
        {"invited": row.email, "link": shown},
        as_json=as_json,
        words=f"{row.email}: invited" + (f"\n{shown}" if shown else ""),
    )


def _login(name: str) -> queries.LoginInfo:
    found = queries.login_by_name(db.engine, name)
    if found is None:
        raise Refused("login-not-there", login=name)
    return queries.login(db.engine, found[0])


def _system_of(login: queries.LoginInfo) -> tuple[Actor, int | None]:
    """The system at the brand of the login's first place, and the place's dealer; refuses "no-place"."""
    places = places_of(login.id)
    if not places:
        raise Refused("no-place")
    return brand_actor(places[0].brand_code), places[0].dealer_id


def _disable(name: str, *, disabled: bool, as_json: bool) -> None:
    """Disable or enable, and write it down at every place of the login, in every brand."""
    login = _login(name)
    actions.disable_login(db.engine, login.login, disabled=disabled, at=clock.machine_now())
    for code, here in groupby(places_of(login.id), key=lambda place: place.brand_code):
        actor = brand_actor(code)
        with unit_of_work(actor.scope) as session:
            for place in here:
                actions.note_disabled(
                    session, actor, login.login, disabled=disabled, dealer_id=place.dealer_id, at=clock.now()
                )
    said = "disabled; its sessions have ended" if disabled else "enabled"
    emit({"login": login.login, "disabled": disabled}, as_json=as_json, words=f"{login.login}: {said}")


@command("disable", _LOGIN)
def disable(login: str, as_json: bool) -> None:  # noqa: FBT001
    """Keep a login out, of every brand: its sessions end at once and its tokens open nothing."""
    _disable(login, disabled=True, as_json=as_json)


@command("enable", _LOGIN)
def enable(login: str, as_json: bool) -> None:  # noqa: FBT001
    """Let a disabled login in again."""
    _disable(login, disabled=False, as_json=as_json)


@command("reset-second-factor", _LOGIN)
def reset_second_factor(login: str, as_json: bool) -> None:  # noqa: FBT001
    """Take the second factor off a login whose phone and recovery codes are lost; its sessions end."""
    found = _login(login)
    actor, dealer_id = _system_of(found)
    with unit_of_work(actor.scope) as session:
        actions.reset_second_factor(
            session, actor, login_id=found.id, login=found.login, dealer_id=dealer_id, at=clock.now()
        )
    emit({"login": found.login}, as_json=as_json, words=f"{found.login}: signs in by password alone again")


@command("reset-password", _LOGIN)
def reset_password(login: str, as_json: bool) -> None:  # noqa: FBT001
    """Print a link by which a new password is set, for a login without a mail address: it works once, for 30 minutes."""
    found = _login(login)
    actor, dealer_id = _system_of(found)
    with unit_of_work(actor.scope) as session:
        token = actions.new_reset(session, actor, found.id, found.login, dealer_id=dealer_id, at=clock.now())
    link = one_time_address("identity.reset", token)
    words = f"{found.login}: within {rules.LINK_SECONDS // 60} minutes, once: {link}"
    emit({"login": found.login, "link": link}, as_json=as_json, words=words)


# ---------------------------------------------------------------- programs' tokens


def _place_of(place: str, login: str) -> Actor:
    """The member ``login`` at the place "BRAND" (headquarters) or "BRAND/DEALER", acting through the command line."""
    brand, _slash, dealer = place.partition("/")
    actor = brand_actor(brand)
    with unit_of_work(actor.scope) as session:
        found = tokens.member_here(session, login, _dealer(session, dealer or None))
        if found is None:
            raise Refused("no-such-place", login=login, place=place)
    here = next(
        one for one in places_of(found.login_id) if (one.brand_id, one.member_id) == (actor.scope.brand_id, found.id)
    )
    return here.actor(found.login_id, address=None, via="command")


@command("create", *_WHOSE)
@click.option("--name", default="command line", show_default=True, help="What it is for.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    metavar="PERMISSION",
    help="May be repeated; without it everything the member may.",
)
@click.option("--days", type=click.IntRange(1), help="It ends after so many days; without it never.")
def create_token(
    login: str,
    place: str,
    name: str,
    scopes: tuple[str, ...],
    days: int | None,
    as_json: bool,  # noqa: FBT001
) -> None:
    """Make a token of that member's place; it is printed this once."""
    actor = _place_of(place, login)
    wanted = scopes or tuple(sorted(permission.value for permission in actor.permissions))
    with unit_of_work(actor.scope) as session:
        made, secret = make_token(session, actor, name=name, scopes=wanted, days=days, at=clock.now())
    emit(
        {"token": secret, "prefix": made.prefix, "scopes": made.scopes, "ends_at": made.ends_at},
        as_json=as_json, words=f"token (shown once): {secret}",
    )  # fmt: skip


@command("list", *_WHOSE)
def list_tokens(login: str, place: str, as_json: bool) -> None:  # noqa: FBT001
    """That member's tokens, the newest first, with their last call."""
    actor = _place_of(place, login)
    with unit_of_work(actor.scope) as session:
        rows = [
            {
                "prefix": one.prefix, "name": one.name, "scopes": one.scopes, "created_at": one.created_at, "ends_at": one.ends_at,
                "revoked_at": one.revoked_at, "last_used_at": one.last_used_at, "last_address": one.last_address,
            }
            for one in tokens.tokens_of(session, actor.scope.member_id)
        ]  # fmt: skip
    said = [
        f"{row['prefix']}…  {row['name']}  {'revoked' if row['revoked_at'] else 'in force'}  last call: {row['last_used_at'] or 'none'}"
        for row in rows
    ]
    emit({"tokens": rows}, as_json=as_json, words="\n".join(said) or "no tokens")


@command("revoke", *_WHOSE)
@click.argument("prefix")
def revoke(login: str, place: str, prefix: str, as_json: bool) -> None:  # noqa: FBT001
    """End the token that begins with PREFIX, as `portal token list` shows it."""
    actor = _place_of(place, login)
    with unit_of_work(actor.scope) as session:
        found = revoke_token(session, actor, prefix, at=clock.now())
    emit({"prefix": found.prefix, "revoked_at": found.revoked_at}, as_json=as_json, words=f"{found.prefix}… is revoked")
