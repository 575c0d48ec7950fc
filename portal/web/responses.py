"""Files as answers: private, never cached by others, named so that every browser understands (RFC 6266)."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from typing import IO
from urllib.parse import quote

from flask import Response


def pdf_response(content: bytes, filename: str) -> Response:
    """A PDF shown in the browser under ``filename`` (a number, without ending)."""
    return _file(content, f"{filename}.pdf", "application/pdf", "inline")


def download(content: bytes, filename: str, mimetype: str) -> Response:
    """A file to be saved."""
    return _file(content, filename, mimetype, "attachment")


def download_file(content: IO[bytes], filename: str, mimetype: str) -> Response:
    """A file to be saved, sent piece by piece from an open one, which is closed afterwards: it may be larger than memory likes."""
    size = content.seek(0, os.SEEK_END)
    content.seek(0)
    response = _file(_pieces(content), filename, mimetype, "attachment")
    response.content_length = size
    response.call_on_close(content.close)
    return response


def _pieces(content: IO[bytes]) -> Iterator[bytes]:
    with content:
        while piece := content.read(1 << 16):
            yield piece


def _file(content: bytes | Iterable[bytes], filename: str, mimetype: str, how: str) -> Response:
    response = Response(content, mimetype=mimetype)
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", filename)
    response.headers["Content-Disposition"] = f"{how}; filename=\"{plain}\"; filename*=UTF-8''{quote(filename)}"
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
