"""Lists page by key (no OFFSET): newest first, ``before`` in the address is the last id of the page before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from flask import request, url_for

Row = TypeVar("Row")
SIZE = 50
_SAFE = "!$'()*,/:;?@"  # as url_for leaves them


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
    """This page's address with some arguments changed (None takes one away); filters stay.

    What stands in the query never reaches ``url_for`` by name: ``?endpoint=`` or ``?_external=1`` would change what it builds,
    and ``?code=`` another dealer's page behind this one's links.
    """
    return _address(str(request.endpoint), changes)


def beside(endpoint: str) -> str:
    """The same list under another endpoint (as Excel, and back): its filters stay, the page of it goes."""
    return _address(endpoint, {"before": None})


def _address(endpoint: str, changes: dict[str, Any]) -> str:
    asked = {name: value for name, value in request.args.to_dict().items() if name not in (request.view_args or {})}
    values: dict[str, Any] = {**asked, **(request.view_args or {}), **changes}
    mine = {name: values.pop(name) for name in request.view_args or {}}
    # a list names its own address a dozen times: worked out once a request
    paths: dict[Any, str] = request.environ.setdefault("portal.paths", {})
    if (path := paths.get(key := (endpoint, *sorted(mine.items())))) is None:
        path = paths[key] = url_for(endpoint, **mine)
    query = urlencode({name: value for name, value in values.items() if value not in (None, "")}, safe=_SAFE)
    return f"{path}?{query}" if query else path


def list_filters(*names: str) -> dict[str, str]:
    """The named filters as they stand in the address, trimmed ('' when absent)."""
    return {name: request.args.get(name, "").strip()[:100] for name in names}
