"""What can be seen of faults, of what is there by name, and of uploads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    Row,
    or_,
    select,
)
from sqlalchemy.orm import Session

from portal.catalog.models import Category, FaultCode, Import, Part, PartModel, ProductModel
from portal.core.errors import NotFound
from portal.core.tables.cells import half_width

AnyRow = Row[*tuple[Any, ...]]


def fault(session: Session, code: str) -> FaultCode:
    """The fault of that code, however it was typed; NotFound."""
    typed = half_width(code).strip()
    found = session.scalars(select(FaultCode).where(FaultCode.code.in_([typed, typed.upper()]))).all()
    if not found:
        raise NotFound
    return next((each for each in found if each.code == typed), found[0])


def find_faults(
    session: Session, text: str, category_id: int | None = None, *, after: str = "", limit: int = 20
) -> list[FaultCode]:
    """Faults whose code begins with ``text`` or whose name holds it; of that category and of all (R15), by code.

    ``after`` is the code after which they start (key pagination).
    """
    typed = half_width(text).strip()
    wanted = select(FaultCode).order_by(FaultCode.code).limit(limit)
    if after:
        wanted = wanted.where(FaultCode.code > after)
    if typed:
        wanted = wanted.where(
            or_(FaultCode.code.op("^@")(typed.upper()), FaultCode.name.contains(typed, autoescape=True))
        )
    if category_id is not None:
        wanted = wanted.where(or_(FaultCode.category_id == category_id, FaultCode.category_id.is_(None)))
    return list(session.scalars(wanted))


def category_ids(session: Session) -> dict[str, int]:
    """Every category's id by its name."""
    return {row.name: row.id for row in session.execute(select(Category.name, Category.id))}


def category_name(session: Session, category_id: int | None) -> str | None:
    """A category's name, or None."""
    return session.scalar(select(Category.name).where(Category.id == category_id))


def model_rows(session: Session) -> dict[str, tuple[int, int | None]]:
    """Every model's (id, category id) by its name."""
    rows = session.execute(select(ProductModel.name, ProductModel.id, ProductModel.category_id))
    return {name: (found, category) for name, found, category in rows}


def part_rows(session: Session) -> dict[str, AnyRow]:
    """Every part's own values by its number in capitals, for a load to weigh against."""
    rows = session.execute(
        select(
            Part.brand_id, Part.id, Part.number, Part.name, Part.spec, Part.part_group, Part.unit, Part.category_id,
            Part.must_return,
        )
    )  # fmt: skip
    return {row.number.upper(): row for row in rows}


def fits(session: Session) -> set[tuple[int, int]]:
    """Every (part id, model id) that is known to fit."""
    return {(part_id, model_id) for part_id, model_id in session.execute(select(PartModel.part_id, PartModel.model_id))}


def fault_rows(session: Session) -> dict[str, tuple[int, str, int | None]]:
    """Every fault's (id, name, category id) by its code in capitals."""
    rows = session.execute(select(FaultCode.code, FaultCode.id, FaultCode.name, FaultCode.category_id))
    return {code.upper(): (found, name, category_id) for code, found, name, category_id in rows}


def upload(session: Session, public_id: str) -> Import:
    """An uploaded file, read as it is now; NotFound."""
    found = session.scalar(
        select(Import).where(Import.public_id == public_id).execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound
    return found


def upload_for_update(session: Session, public_id: str) -> Import:
    """The same, locked until the transaction ends."""
    found = session.scalar(
        select(Import).where(Import.public_id == public_id).with_for_update().execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound
    return found


def uploads(session: Session, *, before_id: int | None = None, limit: int = 51) -> Sequence[AnyRow]:
    """Uploads, newest first, without their content: ``waiting`` says that one is still between upload and confirm."""
    wanted = (
        select(
            Import.id, Import.public_id, Import.kind, Import.filename, Import.first_day, Import.summary, Import.uploaded_at,
            Import.uploaded_by, Import.done_at, Import.content.is_not(None).label("waiting"),
        )
        .order_by(Import.id.desc())
        .limit(limit)
    )  # fmt: skip
    return session.execute(wanted if before_id is None else wanted.where(Import.id < before_id)).all()


def same_file(session: Session, kind: str, sha256: str, *, done: bool) -> AnyRow | None:
    """The newest upload of the very same bytes: loaded already (``done``), or waiting for somebody: (public_id, uploaded_by, done_at)."""
    state = Import.done_at.is_not(None) if done else Import.done_at.is_(None) & Import.content.is_not(None)
    return session.execute(
        select(Import.public_id, Import.uploaded_by, Import.done_at)
        .where(Import.kind == kind, Import.sha256 == sha256, state)
        .order_by(Import.id.desc())
        .limit(1)
    ).first()
