"""Which parts somebody means by what was typed."""

from __future__ import annotations

from sqlalchemy import (
    ColumnElement,
    exists,
    or_,
    true,
)

from portal.catalog.models import Part, PartModel, ProductModel


def matches(typed: str) -> ColumnElement[bool]:
    if not typed:
        return true()
    low, high = typed.lower(), typed.upper()
    return or_(
        Part.number.op("^@")(typed),
        Part.number.op("^@")(high),
        Part.initials.op("^@")(low),
        Part.pinyin.op("^@")(low.replace(" ", "")),
        Part.name.contains(typed, autoescape=True),
        fits_model(or_(ProductModel.name.op("^@")(typed), ProductModel.name.op("^@")(high))),
    )


def fits_model(model: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(PartModel.part_id == Part.id, ProductModel.id == PartModel.model_id, model)
