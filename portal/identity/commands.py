"""What every command needs: its brand, the actor it acts as, one clear sentence on stderr, exit codes 1 and 2."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import click
from sqlalchemy.orm.exc import StaleDataError

from portal.core.db import db, unit_of_work
from portal.core.errors import NotFound, Refused
from portal.core.permissions import Actor
from portal.core.scope import Scope
from portal.identity import queries
from portal.identity.models import Member
from portal.web.errors import sentence

Command = TypeVar("Command", bound=Callable[..., Any])

BRAND = click.Option(["--brand"], required=True, metavar="CODE", help="Whose.")


def brand_actor(code: str) -> Actor:
    """The system at that brand's headquarters, acting through the command line."""
    try:
        return queries.system_actor(queries.brand_by_code(db.engine, code), via="command")
    except NotFound:
        known = ", ".join(queries.brand_codes(db.engine)) or "none"
        raise click.UsageError(f"there is no brand {code!r}; known brands: {known}") from None


def member_actor(code: str, login: str) -> Actor:
    """The member ``login`` at that brand's headquarters, acting through the command line (audited as such)."""
    brand = brand_actor(code)
    with unit_of_work(Scope(brand.scope.brand_id)) as session:
        member = (
            session.query(Member)
            .where(Member.login == login.lower(), Member.dealer_id.is_(None), Member.left_at.is_(None))
            .first()
        )
    if member is None:
        raise Refused("no-such-member", login=login, brand=code)
    place = next(
        p for p in places_of(member.login_id) if p.member_id == member.id and p.brand_id == brand.scope.brand_id
    )
    return place.actor(member.login_id, address=None, via="command")


def places_of(login_id: int) -> tuple[queries.Place, ...]:
    """Where that login is a member."""
    with db.engine.begin() as connection:
        return queries.places(connection, login_id)


def emit(result: dict[str, Any], *, as_json: bool, words: str) -> None:
    """The result on stdout: one JSON object with ``--json``, else words for a person."""
    click.echo(json.dumps(result, ensure_ascii=False, default=str) if as_json else words)


def command(name: str, *parameters: click.Parameter) -> Callable[[Command], click.Command]:
    """A command with these parameters before its own and ``--json`` behind them, whose refusals are said in a sentence."""

    def made(act: Command) -> click.Command:
        one: click.Command = click.command(name)(_refusals_said(act))
        json_wanted = click.Option(["--json", "as_json"], is_flag=True, help="Print one JSON object.")
        one.params = [*parameters, *one.params, json_wanted]
        return one

    return made


def _refusals_said(command: Command) -> Command:
    """Turn refusals into one sentence on stderr and exit code 1; usage errors stay click's exit code 2."""

    @wraps(command)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except Refused as error:
            click.echo(sentence(error), err=True)
        except StaleDataError:
            click.echo(sentence(Refused("changed-meanwhile")), err=True)
        except NotFound:
            click.echo("There is no such document.", err=True)
        sys.exit(1)

    return guarded  # type: ignore[return-value]
