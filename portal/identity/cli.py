"""``portal brand create`` and ``portal member add``: the first brand and its people on a server of one's own.

Invitations by mail come later; until then a new login's password is printed once.
"""

from __future__ import annotations

import secrets
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click
from sqlalchemy import text

from portal.core import clock
from portal.core.db import db, unit_of_work
from portal.core.errors import Refused
from portal.identity import actions, passwords, queries
from portal.identity.commands import brand_actor, cli_refusals, emit
from portal.identity.roles import Role


def register(brand: click.Group, member: click.Group) -> None:
    """Put this package's commands under ``portal brand`` and ``portal member``."""
    brand.add_command(create)
    member.add_command(add)


def _zone(_context: click.Context, _parameter: click.Parameter, typed: str) -> str:
    try:
        return ZoneInfo(typed).key
    except (ZoneInfoNotFoundError, ValueError):
        raise click.BadParameter(f"{typed!r} is no time zone; write it like Asia/Shanghai") from None


@click.command("create")
@click.option("--code", required=True, help="Short, for addresses: small letters and digits.")
@click.option("--name", required=True, help="Its name, in Chinese.")
@click.option("--name-en", required=True, help="Its name in English.")
@click.option(
    "--zone", default="Asia/Shanghai", show_default=True, callback=_zone, help="The zone of its business days."
)
@click.option("--hotline", default="", help="Its after-sales hotline, printed on papers.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@cli_refusals
def create(code: str, name: str, name_en: str, zone: str, hotline: str, as_json: bool) -> None:  # noqa: FBT001
    """Make a brand; then give it people with `portal member add`."""
    actions.create_brand(db.engine, code=code, name=name, name_en=name_en, zone=zone, hotline=hotline, at=clock.now())
    emit({"brand": code}, as_json=as_json, words=f"{code}: {name}")


@click.command("add")
@click.option("--brand", required=True, metavar="CODE", help="Whose.")
@click.option("--dealer", metavar="CODE", help="At this dealer; without it at headquarters.")
@click.option("--login", required=True, help="What the person signs in with; a login that exists gets one more place.")
@click.option("--name", required=True, help="The person's name as others see it.")
@click.option(
    "--role",
    "roles",
    required=True,
    multiple=True,
    type=click.Choice([role.value for role in Role]),
    help="May be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@cli_refusals
def add(brand: str, dealer: str | None, login: str, name: str, roles: tuple[str, ...], as_json: bool) -> None:  # noqa: FBT001
    """Give a person a place at a brand's headquarters or at one of its dealers."""
    actor, at = brand_actor(brand), clock.now()
    known = queries.login_by_name(db.engine, login)
    password = None if known else secrets.token_urlsafe(12)
    with unit_of_work(actor.scope) as session:
        dealer_id = None
        if dealer is not None:
            dealer_id = session.scalar(text("SELECT id FROM dealers WHERE code = :code"), {"code": dealer})
            if dealer_id is None:
                raise Refused("dealer-not-there", dealer=dealer)
        login_id = known[0] if known else actions.create_login(db.engine, login, passwords.hashed(str(password)), at=at)
        actions.add_member(
            session, actor, login_id=login_id, login=login.lower(), name=name, roles=roles, dealer_id=dealer_id, at=at
        )
    said = f"password (shown once): {password}" if password else "the login keeps its password"
    emit({"login": login.lower(), "password": password}, as_json=as_json, words=f"{login.lower()}: {said}")
