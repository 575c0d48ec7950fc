"""What a call says: its query, its body or form, its key; each field once, exactly the fields asked for (AZ2, IE5)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import request
from pydantic import BaseModel
from werkzeug.datastructures import MultiDict

from portal.core import replies
from portal.core.errors import Refused
from portal.web.api.fields import Asked, Nothing
from portal.web.api.problems import ProblemError, RepeatedError

JSON = "application/json"
BODY_MOST = 1024 * 1024  # bytes of JSON; photos are as large as on pages
KEY_MOST = 200


@dataclass(frozen=True, slots=True)
class Sent:
    """What was sent: read as its model, a photo's bytes, and all of it as one request is told from another."""

    said: BaseModel | None = None
    file: bytes = b""
    whole: bytes = b""


NOTHING = Sent()


def odd(text: str) -> bool:
    """Whether a word of an address is one that no document has."""
    return any(ord(sign) < 32 or 0xD800 <= ord(sign) < 0xE000 for sign in text)


def query(model: type[Asked] | None) -> BaseModel | None:
    """The query, if any is asked for; a field that is not asked for is refused."""
    read = (model or Nothing).model_validate_strings(_once(request.args), strict=True)
    return None if model is None else read


def body(model: type[Asked] | None, file: str | None) -> Sent:
    """The body of an act: JSON, or a form with the ``file`` of that name."""
    if file is not None:
        return _uploaded(model, file)
    request.max_content_length = BODY_MOST
    raw = request.get_data(cache=False)
    if not raw and model is None:
        return NOTHING
    if request.mimetype != JSON:
        raise ProblemError(415, "media-type")
    read = (model or Nothing).model_validate_json(raw)
    if twice := list(_repeated(raw)):
        raise RepeatedError(twice)
    return Sent(read, whole=raw)


class _Pairs(list[tuple[str, Any]]):
    """A JSON object as it was written, every name as often as it stands there."""


def _repeated(raw: bytes) -> Iterator[str]:
    """The fields that stand twice in a body that is known to fit its model: JSON leaves open which of them counts."""
    rest: list[tuple[str, Any]] = [("", json.loads(raw, object_pairs_hook=_Pairs))]
    while rest:
        place, value = rest.pop()
        if isinstance(value, _Pairs):
            names = Counter(name for name, _value in value)
            yield from (f"{place}{name}" for name, count in names.items() if count > 1)
            rest += [(f"{place}{name}.", inner) for name, inner in value]
        elif isinstance(value, list):
            rest += [(f"{place}{index}.", inner) for index, inner in enumerate(value)]


def _once(given: MultiDict[str, str]) -> dict[str, str]:
    """The fields of a query or a form, each of which may stand there once."""
    if twice := [name for name, values in given.lists() if len(values) > 1]:
        raise RepeatedError(twice)
    return given.to_dict()


def _uploaded(model: type[Asked] | None, name: str) -> Sent:
    if request.mimetype != "multipart/form-data":
        raise ProblemError(415, "media-type")
    found = request.files.getlist(name)
    data = found[0].read() if len(found) == 1 and len(request.files) == 1 else b""
    if not data:
        raise Refused("photo-missing", field=name)
    said = _once(request.form)
    read = (model or Nothing).model_validate_strings(said, strict=True)
    fields = (part for pair in sorted(said.items()) for part in pair)
    return Sent(read, data, replies.fingerprint(data, *fields).encode())


def key() -> str:
    """The act's Idempotency-Key; 400 without a usable one."""
    given = request.headers.get("Idempotency-Key", "")
    if not 1 <= len(given) <= KEY_MOST or not given.isascii() or not given.isprintable():
        raise ProblemError(400, "key-missing")
    return given
