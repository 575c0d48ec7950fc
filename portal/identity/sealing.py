"""Secrets that must be read again (TOTP) and codes that need not be: keys derived from the setting PORTAL_SECRET_KEY.

Whoever has only the database can read neither. With another PORTAL_SECRET_KEY second factors have to be set up anew.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_keys: dict[str, bytes] = {}


class Unreadable(Exception):
    """Sealed under another key, for another login, or damaged."""


def use_key(secret_key: str) -> None:
    """Derive this process's keys; once at start."""
    for purpose in ("second factor", "recovery codes"):
        derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"portal {purpose}".encode())
        _keys[purpose] = derive.derive(secret_key.encode())


def seal(login_id: int, secret: str) -> str:
    """``secret`` encrypted (Fernet) for that login."""
    return _fernet().encrypt(f"{login_id}:{secret}".encode()).decode()


def unseal(login_id: int, sealed: str) -> str:
    """What :func:`seal` was given. Raises Unreadable, for another login's row too."""
    try:
        owner, _colon, secret = _fernet().decrypt(sealed.encode()).decode().partition(":")
    except InvalidToken as error:
        raise Unreadable from error
    if owner != str(login_id):
        raise Unreadable
    return secret


def code_hash(login_id: int, code: str) -> str:
    """What is stored of a recovery code: a keyed hash, so that the table alone lets nobody guess."""
    return hmac.new(_keys["recovery codes"], f"{login_id}:{code}".encode(), hashlib.sha256).hexdigest()


def _fernet() -> Fernet:
    return Fernet(base64.urlsafe_b64encode(_keys["second factor"]))
