"""Codes of contents: a version's fingerprint, a paper's check code."""

import hashlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass

from portal.web.papers.common import PrintInfo


def _canonical(value: object) -> str:
    """A text that is the same for the same contents; which print it is plays no part."""
    if isinstance(value, PrintInfo):
        return f"{value.number}|{value.state}"
    if is_dataclass(value):
        return "(" + ",".join(f"{f.name}={_canonical(getattr(value, f.name))}" for f in fields(value)) + ")"
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{_canonical(key)}:{_canonical(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, tuple | list):
        return "[" + ",".join(map(_canonical, value)) + "]"
    return repr(str(value))


def content_digest(value: object) -> str:
    """SHA-256, hex, of dataclasses, tuples and plain values: for a version's fingerprint and a paper's code."""
    return hashlib.sha256(_canonical(value).encode()).hexdigest()


def content_code(paper: object) -> str:
    """Eight characters that two prints share exactly when they say the same; no 0/O, 1/I or U among them."""
    letters = "23456789ABCDEFGHJKLMNPQRSTVWXYZ"
    number = int(content_digest(paper)[:16], 16)
    code = ""
    for _ in range(8):
        number, rest = divmod(number, len(letters))
        code += letters[rest]
    return code
