"""``portal files sweep|check [--brand B]``: what no row names goes; what a row names is there."""

from __future__ import annotations

import sys

import click

from portal.core import clock
from portal.core.db import db, unit_of_work
from portal.files import actions, queries
from portal.files.store import StoreError
from portal.identity.commands import brand_actor, command, emit
from portal.identity.queries import brand_codes

SAID = {
    "missing": "the file is not in the store",
    "size": "the file in the store has another size",
    "content": "the file in the store has other bytes",
    "usage": "what this dealer's photos take is miscounted (the dealer's id)",
}

_BRAND = click.Option(["--brand"], metavar="CODE", help="Only this brand.")


def register(group: click.Group) -> None:
    """Hang the commands on ``portal files``."""
    for one in (sweep, check):
        group.add_command(one)


@command("sweep", _BRAND)
def sweep(brand: str | None, as_json: bool) -> None:  # noqa: FBT001
    """Delete files that no row names and that are older than a day."""
    done = {}
    for code in _brands(brand):
        actor = brand_actor(code)
        try:
            with unit_of_work(actor.scope) as session:
                swept = actions.sweep(session, actor, at=clock.now())
        except StoreError as error:
            raise click.ClickException(str(error)) from None
        done[code] = {"files": swept.count, "bytes": swept.bytes}
    words = "\n".join(f"{code}: {each['files']} files, {each['bytes']} bytes" for code, each in done.items())
    emit({"ok": True, "swept": done}, as_json=as_json, words=words or "There is no brand yet.")


@command("check", _BRAND)
@click.option("--read", is_flag=True, help="Read every file and compare its hash too.")
def check(brand: str | None, read: bool, as_json: bool) -> None:  # noqa: FBT001
    """Whether every file that a row names is in the store as it was put there; exit 1 and which are not, if any."""
    found = []
    for code in _brands(brand):
        actor = brand_actor(code)
        try:
            with unit_of_work(actor.scope) as session:
                faults = list(queries.faults(session, actor.scope.brand_id, read=read))
        except StoreError as error:
            raise click.ClickException(str(error)) from None
        found += [{"brand": code, "what": fault.what, "name": fault.name} for fault in faults]
    words = "\n".join(f"{each['brand']}: {each['name']}: {SAID[each['what']]}" for each in found)
    emit({"ok": not found, "faults": found}, as_json=as_json, words=words or "Every file is there.")
    if found:
        sys.exit(1)


def _brands(brand: str | None) -> list[str]:
    return [brand] if brand is not None else brand_codes(db.engine)
