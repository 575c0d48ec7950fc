"""Files that come in, step by step: choose → what I understood → what is wrong, by row → confirm → done (R11)."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from portal.catalog import actions, labels, queries
from portal.catalog.forms import FirstDayForm, UploadForm
from portal.catalog.loads import LOADS, Load
from portal.catalog.models import Import
from portal.catalog.rules import Examined, Loaded
from portal.catalog.views import blueprint
from portal.core import clock
from portal.core.db import unit_of_work
from portal.core.errors import NotFound, Refused
from portal.core.permissions import Actor
from portal.core.permissions import Permission as P
from portal.core.tables import Cell, Sheet, TableRefused, read_tables
from portal.core.tables.cells import shown
from portal.web import pages, sheet_labels
from portal.web.acts import perform
from portal.web.assets import url_or_none
from portal.web.auth import current_actor, requires
from portal.web.formats import amount
from portal.web.responses import download

SAMPLE_ROWS = 6
SHOWN_PROBLEMS = 200


@blueprint.get("/imports")
@requires(P.CATALOG_LOAD, side="hq")
def imports() -> ResponseReturnValue:
    """What came in so far, and the form that takes the next file (?kind= chooses what it is)."""
    form = UploadForm(formdata=None)
    kind = request.args.get("kind", "")
    return _imports(form, kind=kind if kind in LOADS else "prices")


@blueprint.post("/imports")
@requires(P.CATALOG_LOAD, side="hq")
def take_import() -> ResponseReturnValue:
    """Read the file; what cannot be read at all is said here, everything else on the page of the upload."""
    form = UploadForm()
    form.kind.choices = _kinds()
    if not form.validate_on_submit():
        return _imports(form, kind=str(form.kind.data)), 422
    data, name = _file()
    load, typed = LOADS[str(form.kind.data)], form.data["first_day"]
    if typed is not None and not load.dated:
        typed = None
    try:
        load.read(data, name, typed)
    except TableRefused as refused:
        form.refuse("file", sheet_labels.refusal(refused))
        return _imports(form, kind=load.kind), 422
    return perform(
        lambda session, actor, at: actions.store_upload(
            session, actor, load.kind, filename=name, data=data, first_day=typed, at=at
        ),
        to=lambda upload: url_for("catalog.import_file", public_id=upload.public_id),
        back=url_for("catalog.imports"),
    )


def _file() -> tuple[bytes, str]:
    """What was uploaded: its bytes and its name without folders; nothing when no file was chosen."""
    given = request.files.get("file")
    if given is None:
        return b"", ""
    return given.read(), (given.filename or "").replace("\\", "/").rpartition("/")[2]


def _imports(form: UploadForm, *, kind: str) -> str:
    actor = current_actor()
    form.kind.choices = _kinds()
    if not form.kind.raw_data:
        form.kind.data = kind
    with unit_of_work(actor.scope) as session:
        page = pages.key_page(queries.uploads(session, before_id=pages.before(), limit=pages.SIZE + 1))
        return render_template(
            "catalog/imports.html",
            form=form,
            page=page,
            kinds={load.kind: load for load in LOADS.values()},
            states=labels.UPLOAD_STATES,
            state=_state,
        )


def _kinds() -> list[tuple[str, Any]]:
    return [(load.kind, load.title) for load in LOADS.values()]


def _state(row: Any) -> str:
    return "done" if row.done_at is not None else "waiting" if row.waiting else "dropped"


# ------------------------------------------------------------------------------------------------ one file


@dataclass(frozen=True, slots=True)
class Seen:
    """A waiting file as its page shows it."""

    load: Load
    examined: Examined[Any]
    headings: Sequence[str]
    sample: Sequence[Sequence[str]]


@blueprint.get("/imports/<string:public_id>")
@requires(P.CATALOG_LOAD, side="hq")
def import_file(public_id: str) -> ResponseReturnValue:
    """What was understood, what is wrong by row, and the button that loads it; afterwards what it did."""
    actor = current_actor()
    with unit_of_work(actor.scope) as session:
        return _page(session, actor, queries.upload(session, public_id), FirstDayForm(formdata=None))


@blueprint.post("/imports/<string:public_id>/first-day")
@requires(P.CATALOG_LOAD, side="hq")
def change_first_day(public_id: str) -> ResponseReturnValue:
    """Give the file its first day of force (R15)."""
    form = FirstDayForm()
    here = url_for("catalog.import_file", public_id=public_id)
    if not form.validate_on_submit():
        actor = current_actor()
        with unit_of_work(actor.scope) as session:
            return _page(session, actor, queries.upload(session, public_id), form), 422
    return perform(
        lambda session, actor, _at: actions.change_first_day(
            session, actor, public_id, first_day=form.data["first_day"]
        ),
        to=here,
        back=here,
    )


@blueprint.post("/imports/<string:public_id>/confirm")
@requires(P.CATALOG_LOAD, side="hq")
def confirm_import(public_id: str) -> ResponseReturnValue:
    """All or nothing: load the file in one unit of work; its content is dropped, what it did is kept."""
    here = url_for("catalog.import_file", public_id=public_id)
    return perform(
        lambda session, actor, at: _confirm(session, actor, public_id, at),
        done=labels.effect_sentence,
        to=here,
        back=here,
    )


def _confirm(session: Session, actor: Actor, public_id: str, at: Any) -> Loaded:
    upload = queries.upload_for_update(session, public_id)
    if upload.content is None:
        raise Refused("upload-over")
    load = _load_of(upload)
    sheet = load.read(upload.content, upload.filename, upload.first_day)
    done = load.load(session, actor, sheet, at=at)
    actions.finish_upload(session, actor, public_id, done, at=at)
    return done


@blueprint.post("/imports/<string:public_id>/discard")
@requires(P.CATALOG_LOAD, side="hq")
def discard_import(public_id: str) -> ResponseReturnValue:
    """Let the file go."""
    return perform(
        lambda session, actor, _at: actions.discard_upload(session, actor, public_id),
        done=_("The file was discarded; nothing was changed."),
        to=url_for("catalog.imports"),
        back=url_for("catalog.imports"),
    )


@blueprint.get("/imports/<string:public_id>/faulty.csv")
@requires(P.CATALOG_LOAD, side="hq")
def faulty_rows(public_id: str) -> ResponseReturnValue:
    """The faulty rows as they stand in the file, each with its number and what is wrong with it."""
    actor = current_actor()
    with unit_of_work(actor.scope) as session:
        upload = queries.upload(session, public_id)
        if upload.content is None:
            flash(_("This file was loaded or discarded meanwhile."), "info")
            return redirect(url_for("catalog.import_file", public_id=public_id), 303)
        load = _load_of(upload)
        examined = load.examine(
            session, actor, load.read(upload.content, upload.filename, upload.first_day), at=clock.now()
        )
        content = _csv(upload.content, upload.filename, examined.sheet)
    return _as_csv(content, upload.filename)


def _as_csv(content: str, filename: str) -> Response:
    # Excel reads a CSV as UTF-8 only behind a byte order mark.
    stem = filename.rpartition(".")[0] or filename
    return download(content.encode("utf-8-sig"), f"{stem}-faulty.csv", "text/csv")


def _csv(data: bytes, filename: str, sheet: Sheet[Any]) -> str:
    table = next(each for each in read_tables(data, filename) if any(row.no == sheet.header_row for row in each.rows))
    wrong: dict[int, list[str]] = {}
    for problem in sheet.problems:
        if problem.row_no is not None:
            said = sheet_labels.sentence(problem.code, problem.facts)
            wrong.setdefault(problem.row_no, []).append(f"{problem.heading}: {said}" if problem.heading else said)
    out = io.StringIO()
    writer = csv.writer(out)
    for row in table.rows:
        if row.no == sheet.header_row:
            writer.writerow([_("Row"), _("What is wrong"), *(_cell(cell) for cell in row.cells)])
        elif row.no in wrong:
            writer.writerow([row.no, " ".join(wrong[row.no]), *(_cell(cell) for cell in row.cells)])
    return out.getvalue()


def _cell(cell: Cell) -> str:
    """The cell as it stood; a text that a spreadsheet would take for a formula is kept a text."""
    said = "" if cell is None else str(cell)
    return f"'{said}" if said[:1] in "=@+" and said else said


def _load_of(upload: Import) -> Load:
    if upload.kind not in LOADS:
        raise NotFound
    return LOADS[upload.kind]


def _page(session: Session, actor: Actor, upload: Import, form: FirstDayForm) -> str:
    load = _load_of(upload)
    seen = _seen(session, actor, load, upload) if upload.content is not None else None
    before = queries.same_file(session, upload.kind, upload.sha256, done=True) if upload.done_at is None else None
    if not form.first_day.raw_data and (day := upload.first_day or (seen.examined.sheet.first_day if seen else None)):
        form.first_day.data = day
    problems = seen.examined.sheet.problems if seen else ()
    effect = seen.examined.effect if seen else _effect(upload) if upload.done_at else None
    return render_template(
        "catalog/import_file.html",
        upload=upload,
        load=load,
        seen=seen,
        form=form,
        before=before,
        problems=[
            (problem, sheet_labels.sentence(problem.code, problem.facts)) for problem in problems[:SHOWN_PROBLEMS]
        ],
        hidden=max(len(problems) - SHOWN_PROBLEMS, 0),
        warnings=[
            sheet_labels.line(problem) for problem in (seen.examined.sheet.warnings if seen else ())[:SHOWN_PROBLEMS]
        ],
        notes=[sheet_labels.line(note) for note in (seen.examined.sheet.notes if seen else ())[:SHOWN_PROBLEMS]],
        fields=sheet_labels.FIELDS,
        effect=labels.effect_rows(effect) if effect else [],
        nothing=effect is not None and effect.nothing,
        road=_road(upload, seen),
        result_url=url_or_none(load.page),
    )


def _seen(session: Session, actor: Actor, load: Load, upload: Import) -> Seen:
    sheet = load.read(upload.content or b"", upload.filename, upload.first_day)
    examined = load.examine(session, actor, sheet, at=clock.now())
    names = [column.field for column in sheet.columns]
    if "category" not in names and any(getattr(row, "category", None) for row in sheet.rows[:SAMPLE_ROWS]):
        names.append("category")  # read from the section rows
    headings = [str(sheet_labels.FIELDS.get(name, name)) for name in names]
    sample = [[_said(load, name, row) for name in names] for row in sheet.rows[:SAMPLE_ROWS]]
    return Seen(load, examined, headings, sample)


def _said(load: Load, name: str, row: Any) -> str:
    """A field of a row as it was understood; personal data as the kind masks it (R90)."""
    if load.say is not None and (said := load.say(name, row)) is not None:
        return said
    value = getattr(row, name, None)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, Decimal):
        return amount(value)
    if isinstance(value, tuple):
        return _(", ").join(value)
    if isinstance(value, date):
        return value.isoformat()
    return "—" if value in (None, "") else shown(value)


def _effect(upload: Import) -> Loaded:
    """What the load did, from its record."""
    kept = dict(upload.summary)
    kept["first_day"] = date.fromisoformat(kept["first_day"]) if kept.get("first_day") else None
    return Loaded(**kept)


def _road(upload: Import, seen: Seen | None) -> list[tuple[str, str, str]]:
    """The steps: choose, understood, wrong rows, confirm, done."""
    over = upload.content is None
    bad = seen is not None and not seen.examined.sheet.ok
    names = [_("Choose the file"), _("What was understood"), _("What is wrong"), _("Confirm"), _("Done")]
    now = 4 if over else 2 if bad else 3
    if over and upload.done_at is None:
        names[4] = _("Discarded")
    return [(name, "", "past" if at < now else "now" if at == now else "future") for at, name in enumerate(names)]
