"""Where the bytes lie: ``<folder>/<brand id>/<2 hex>/<random name>.jpg``, written beside and renamed when safe on disk.

The folder is the setting ``files_dir``; the application names it once at start (:func:`use_folder`). A row is committed only
after its file is whole; a file whose row was rolled back is never reached, since nobody knows its name.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

_folder: list[Path] = []


def use_folder(folder: Path) -> None:
    """Keep files below ``folder`` (made when it is not there, for the owner only)."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _folder[:] = [folder]


def place(brand_id: int, name: str) -> Path:
    """Where the file of that name lies. Names are ours (hex and .jpg); anything else is refused."""
    if not _folder:
        raise RuntimeError("no folder for files: the setting files_dir is not in use")
    stem, dot, ending = name.partition(".")
    if not dot or ending != "jpg" or not stem or not set(stem) <= set("0123456789abcdef-"):
        raise ValueError(name)
    return _folder[0] / str(brand_id) / stem[:2] / name


def new_name() -> str:
    """A random name: nothing of the sender's is in it."""
    return f"{secrets.token_hex(16)}.jpg"


def put(brand_id: int, name: str, content: bytes) -> None:
    """Write whole or not at all: a temporary file, fsync, rename, fsync of the folder."""
    target = place(brand_id, name)
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        with beside.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def get(brand_id: int, name: str) -> bytes | None:
    """The bytes, or None when there is no such file."""
    try:
        return place(brand_id, name).read_bytes()
    except FileNotFoundError:
        return None
