"""``portal load prices|dealers|faults FILE``: what was understood, every bad row by its number, then all or nothing."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import Any

import click
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from portal.catalog import actions, labels, loads, queries, rules
from portal.catalog.loads import Load
from portal.catalog.rules import Examined, Loaded
from portal.core import clock
from portal.core.db import unit_of_work
from portal.core.permissions import Actor
from portal.core.tables import Problem, Sheet, TableRefused
from portal.identity.commands import BRAND, brand_actor, command, emit
from portal.web import sheet_labels


def register(group: click.Group) -> None:
    """Put this package's commands under ``portal load``."""
    for load in (loads.PRICES, loads.DEALERS, loads.FAULTS):
        group.add_command(load_command(load))


def load_command(load: Load) -> click.Command:
    """``portal load <kind> FILE --brand B [--from DATE] [--check] [--json]``."""

    @command(load.kind, BRAND)
    @click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
    @click.option(
        "--from", "first_day", metavar="DATE", callback=_day, help="The first day of force, for example 2026-07-01."
    )
    @click.option("--check", is_flag=True, help="Show everything and change nothing.")
    def run(file: Path, brand: str, first_day: date | None, check: bool, as_json: bool) -> None:  # noqa: FBT001
        if first_day is not None and not load.dated:
            raise click.UsageError(f"{load.kind} have no first day of force: leave --from out")
        _run(load, file, brand_actor(brand), first_day=first_day, check=check, as_json=as_json)

    run.help = f"Load {load.kind} of a brand from FILE (.xlsx or .csv), all or nothing."
    return run


def _day(_context: click.Context, _parameter: click.Parameter, typed: str | None) -> date | None:
    try:
        return None if typed is None else date.fromisoformat(typed)
    except ValueError:
        raise click.BadParameter(f"{typed!r} is no day; write it like 2026-07-01") from None


def _run(load: Load, file: Path, actor: Actor, *, first_day: date | None, check: bool, as_json: bool) -> None:
    data, at = file.read_bytes(), clock.now()
    try:
        sheet = load.read(data, file.name, first_day)
    except TableRefused as refused:
        click.echo(sheet_labels.refusal(refused), err=True)
        sys.exit(1)
    with unit_of_work(actor.scope) as session:
        examined = load.examine(session, actor, sheet, at=at)
        before = queries.same_file(session, load.kind, rules.fingerprint(data), done=True)
        done = None
        if examined.sheet.ok and not check:
            done = _load(session, actor, load, examined, file, data)
    _say(load, file, examined, done, check=check, as_json=as_json, before="" if before is None else before.uploaded_by)
    if not examined.sheet.ok:
        click.echo(_refused(examined.sheet), err=True)
        sys.exit(1)


def _load(session: Session, actor: Actor, load: Load, examined: Examined[Any], file: Path, data: bytes) -> Loaded:
    at = clock.now()
    done = load.load(session, actor, examined.sheet, at=at)
    if not done.nothing:
        actions.record_load(session, actor, load.kind, done, filename=file.name, data=data, at=at)
    return done


def _refused(sheet: Sheet[Any]) -> str:
    if rows := sheet.bad_rows:
        return _("%(count)s rows are wrong; nothing was loaded.", count=len(rows))
    return _("The file cannot be loaded as it is; nothing was changed.")


def _say(
    load: Load, file: Path, examined: Examined[Any], done: Loaded | None, *, check: bool, as_json: bool, before: str
) -> None:
    sheet = examined.sheet
    result = {
        "kind": load.kind, "file": file.name, "title": sheet.title, "version": examined.effect.version or sheet.version,
        "first_day": sheet.first_day, "header_row": sheet.header_row,
        "columns": [{"heading": column.heading, "field": column.field} for column in sheet.columns],
        "ignored": list(sheet.ignored), "rows": len(sheet.rows), "bad_rows": list(sheet.bad_rows),
        "problems": [_plain(problem) for problem in sheet.problems],
        "warnings": [_plain(problem) for problem in sheet.warnings],
        "checked_only": check, "loaded": done is not None and not done.nothing, "effect": examined.effect.facts(),
    }  # fmt: skip
    emit(result, as_json=as_json, words="\n".join(_lines(load, file, examined, done, before=before)))


def _plain(problem: Problem) -> dict[str, Any]:
    said = sheet_labels.sentence(problem.code, problem.facts)
    return {"row": problem.row_no, "column": problem.heading, "code": problem.code, "sentence": said}


def _lines(load: Load, file: Path, examined: Examined[Any], done: Loaded | None, *, before: str) -> list[str]:
    """First what was understood, then what is wrong by row, then what it does or did."""
    sheet = examined.sheet
    lines = [
        _(
            "%(kind)s, %(file)s: headings in row %(row)s, %(rows)s good rows",
            kind=load.title,
            file=file.name,
            row=sheet.header_row,
            rows=len(sheet.rows),
        ),
        *(f"  {column.heading} → {sheet_labels.FIELDS.get(column.field, column.field)}" for column in sheet.columns),
    ]
    if sheet.ignored:
        lines.append(_("Columns passed over: %(names)s", names=_(", ").join(sheet.ignored)))
    if load.dated:
        lines.append(_("In force from: %(day)s", day=sheet.first_day or "—"))
    if before:
        lines.append(_("This very file was loaded before, by %(who)s.", who=before))
    lines += [f"  {sheet_labels.line(note)}" for note in sheet.notes]
    lines += [_("To be looked at: %(line)s", line=sheet_labels.line(problem)) for problem in sheet.warnings]
    lines += [_("Wrong: %(line)s", line=sheet_labels.line(problem)) for problem in sheet.problems]
    if sheet.ok:
        lines += [f"{label}: {value}" for label, value in labels.effect_rows(examined.effect)]
        lines.append(labels.effect_sentence(done) if done else _("Checked only; nothing was changed."))
    return lines
