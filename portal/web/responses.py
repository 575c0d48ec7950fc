"""Files as answers: private, never cached by others, named so that every browser understands (RFC 6266)."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from typing import IO
from urllib.parse import quote

from flask import Response, request

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def pdf_response(content: bytes, filename: str) -> Response:
    """A PDF shown in the browser under ``filename`` (a number, without ending)."""
    return shown(content, f"{filename}.pdf", "application/pdf")


def shown(content: bytes, filename: str, mimetype: str) -> Response:
    """A file that the browser shows by itself."""
    return _file(content, filename, mimetype, "inline")


def with_hash(response: Response, sha256: str) -> Response:
    """The file with its hash (hex) as ETag, so that whoever has it need not load it again (304), and for a check by hand."""
    response.set_etag(sha256)
    response.headers["X-Content-SHA256"] = sha256
    if request.if_none_match.contains_weak(sha256):  # nothing else of a request makes a file conditional
        response.status_code = 304
        response.set_data(b"")
        del response.headers["Content-Length"]
    return response


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
