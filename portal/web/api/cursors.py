"""Cursors of lists: the last row's key, sealed so that no internal id is shown and nothing else can be asked for.

A synthetic-IV seal with the portal's secret: the same key gives the same cursor, which belongs to one list of one place.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode

from portal.core.errors import Refused

_TAG = 12


def seal(secret: str, purpose: str, key: str) -> str:
    """The cursor that stands for ``key`` in the list ``purpose``."""
    raw = key.encode()
    tag = _mac(secret, "tag", purpose.encode() + b"\0" + raw)[:_TAG]
    return urlsafe_b64encode(tag + _mixed(secret, tag, raw)).decode().rstrip("=")


def unseal(secret: str, purpose: str, cursor: str) -> str:
    """The key behind a cursor. Refuses "cursor-unknown" for anything that was not sealed for this list."""
    try:
        whole = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        tag, raw = whole[:_TAG], _mixed(secret, whole[:_TAG], whole[_TAG:])
        key = raw.decode()
    except ValueError:
        raise Refused("cursor-unknown", field="cursor") from None
    if not hmac.compare_digest(tag, _mac(secret, "tag", purpose.encode() + b"\0" + raw)[:_TAG]):
        raise Refused("cursor-unknown", field="cursor")
    return key


def _mac(secret: str, use: str, text: bytes) -> bytes:
    return hmac.new(f"cursor {use} {secret}".encode(), text, hashlib.sha256).digest()


def _mixed(secret: str, tag: bytes, text: bytes) -> bytes:
    pad = b"".join(
        _mac(secret, "pad", tag + block.to_bytes(4, "big"))
        for block in range(len(text) // hashlib.sha256().digest_size + 1)
    )
    return bytes(one ^ other for one, other in zip(text, pad, strict=False))
