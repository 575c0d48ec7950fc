"""Lists page by key (no OFFSET): newest first, ``before`` in the address is the last id of the page before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from flask import request, url_for

Row = TypeVar("Row")
SIZE = 50


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """One page of a list, with the addresses of its neighbours ('' where there is none)."""

    rows: Sequence[Row]
    first: str
    older: str


def before() -> int | None:
    """The key after which this page starts, from the address; None for the first page."""
    text = request.args.get("before", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def key_page(rows: Sequence[Row], *, size: int = SIZE, key: str = "id") -> Page[Row]:
    """A page out of ``size + 1`` fetched rows: the extra one only says that there are older ones."""
    shown = rows[:size]
    older = address(before=getattr(shown[-1], key)) if len(rows) > size else ""
    return Page(shown, address(before=None) if before() is not None else "", older)


def address(**changes: Any) -> str:
    """This page's address with some arguments changed (None takes one away); filters stay."""
    values: dict[str, Any] = {**(request.view_args or {}), **request.args.to_dict()}
    values.update(changes)
    return url_for(str(request.endpoint), **{name: value for name, value in values.items() if value not in (None, "")})


def list_filters(*names: str) -> dict[str, str]:
    """The named filters as they stand in the address, trimmed ('' when absent)."""
    return {name: request.args.get(name, "").strip()[:100] for name in names}
