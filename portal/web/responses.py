"""Files as answers: private, never cached by others, named so that every browser understands (RFC 6266)."""

from __future__ import annotations

import re
from urllib.parse import quote

from flask import Response


def pdf_response(content: bytes, filename: str) -> Response:
    """A PDF shown in the browser under ``filename`` (a number, without ending)."""
    return _file(content, f"{filename}.pdf", "application/pdf", "inline")


def download(content: bytes, filename: str, mimetype: str) -> Response:
    """A file to be saved."""
    return _file(content, filename, mimetype, "attachment")


def _file(content: bytes, filename: str, mimetype: str, how: str) -> Response:
    response = Response(content, mimetype=mimetype)
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", filename)
    response.headers["Content-Disposition"] = f"{how}; filename=\"{plain}\"; filename*=UTF-8''{quote(filename)}"
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
