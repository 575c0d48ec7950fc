"""Where the bytes lie: ``<brand id>/<2 hex>/<random name>.<ending>`` in a local folder or in an S3 bucket, through obstore.

The application says once which it is (:func:`use`). A row is committed only after its file is whole and safe; a file whose
row was rolled back is never reached, since nobody knows its name, and is swept a day later.

A name is made by :func:`new_name` and kept in a row of its owner. Kinds: photos (.jpg) and rendered documents (.pdf, .xlsx).
Whoever keeps names in a table of their own says so with ``portal.files.models.keeps``; kinds that no table keeps are never swept.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

import obstore
import structlog
from obstore.store import LocalStore, S3Store

from portal.core.errors import PortalError
from portal.core.settings import Settings

Ending = Literal["jpg", "pdf", "xlsx"]
ENDINGS: Final[tuple[Ending, ...]] = ("jpg", "pdf", "xlsx")
STAGING: Final = "staging"  # where a local file is written before it gets its name
_NAME: Final = re.compile(r"([0-9a-f]{32})(-[0-9]{1,4})?\.(jpg|pdf|xlsx)", re.ASCII)
_PAGE: Final = 1000  # names that are listed at once
_log = structlog.get_logger()


class StoreError(PortalError):
    """The store does not take or give a file now: full, unreachable, or not allowed. Worth trying again later."""


@dataclass(frozen=True, slots=True)
class Place:
    """A local ``folder``, or a ``bucket`` with what its S3 server wants; empty texts leave it to the machine's AWS settings."""

    folder: Path | None = None
    bucket: str = ""
    prefix: str = ""
    endpoint: str = ""
    region: str = ""
    key_id: str = ""
    secret: str = ""


@dataclass(frozen=True, slots=True)
class Stored:
    """A file as the store lists it; ``size`` in bytes, ``modified`` by the store's own clock."""

    name: str
    size: int
    modified: datetime


_place: list[Place] = []
_opened: list[tuple[int, LocalStore | S3Store]] = []  # the process that opened it, and what it opened


# ---------------------------------------------------------------- where


def use(settings: Settings) -> None:
    """Keep files where the settings say: ``files_url`` of the form s3://bucket/prefix, else the folder ``files_dir``."""
    if not settings.files_url:
        use_folder(settings.files_dir)
        return
    url = urlsplit(settings.files_url)
    use_place(
        Place(
            bucket=url.netloc,
            prefix=url.path.strip("/"),
            endpoint=settings.files_endpoint,
            region=settings.files_region,
            key_id=settings.files_key_id,
            secret=settings.files_secret,
        )
    )


def use_folder(folder: Path) -> None:
    """Keep files below ``folder`` (made when it is not there, for the owner only)."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    use_place(Place(folder=folder))


def use_place(place: Place) -> None:
    """Keep files there from now on. Opens nothing yet: the server forks its workers first."""
    _place[:] = [place]
    _opened.clear()


def here() -> Place:
    """Where files are kept."""
    if not _place:
        raise RuntimeError("no place for files: the settings files_url and files_dir are not in use")
    return _place[0]


def _store() -> LocalStore | S3Store:
    """The store of this process, opened when it is first needed."""
    if not _opened:
        _opened[:] = [(os.getpid(), _open(here()))]
    process, store = _opened[0]
    if process != os.getpid():  # obstore's threads did not survive the fork: a call would wait for ever, now and then
        raise RuntimeError("the file store was used before this process was forked; fork first")
    return store


def _open(place: Place) -> LocalStore | S3Store:
    if place.folder is not None:
        return LocalStore(place.folder)
    given = {
        "endpoint": place.endpoint,
        "region": place.region,
        "access_key_id": place.key_id,
        "secret_access_key": place.secret,
    }
    return S3Store(
        place.bucket,
        prefix=place.prefix or None,
        config={name: text for name, text in given.items() if text},  # type: ignore[arg-type] # four of its texts
        client_options={
            "allow_http": place.endpoint.startswith("http://"),
            "connect_timeout": "5s",
            "timeout": "30s",
        },
        retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=10)},
    )


# ---------------------------------------------------------------- names


def new_name(ending: Ending = "jpg") -> str:
    """A random name: nothing of the sender's is in it."""
    return f"{secrets.token_hex(16)}.{ending}"


def variant(name: str, side: int) -> str:
    """The name of a smaller copy of a picture, kept beside it."""
    stem, _dot, ending = name.partition(".")
    return f"{stem}-{side}.{ending}"


def original(name: str) -> str:
    """The name whose row keeps ``name``: itself, or the picture that it is a smaller copy of."""
    stem, _dot, ending = name.partition(".")
    return f"{stem.partition('-')[0]}.{ending}"


def key(brand_id: int, name: str) -> str:
    """The path inside the store. Names are ours; ValueError for anything else."""
    if not _NAME.fullmatch(name):
        raise ValueError(name)
    return f"{int(brand_id)}/{name[:2]}/{name}"


# ---------------------------------------------------------------- acts


def put(brand_id: int, name: str, content: bytes) -> None:
    """Write whole and safe, or not at all. Raises StoreError."""
    path, place = key(brand_id, name), here()
    with _said("put", path):
        if place.folder is None:
            obstore.put(_store(), path, content, use_multipart=False)  # one request: whole or not at all
        else:
            _put_safely(place.folder, path, content, staged=f"{int(brand_id)}/{STAGING}/{secrets.token_hex(16)}")


def get(brand_id: int, name: str) -> bytes | None:
    """The bytes, or None when there is no such file. Raises StoreError."""
    path = key(brand_id, name)
    with _said("get", path):
        try:
            return bytes(obstore.get(_store(), path).bytes())
        except FileNotFoundError:
            return None


def delete(brand_id: int, names: Collection[str]) -> None:
    """Delete those that are there. Raises StoreError."""
    paths = [key(brand_id, name) for name in names]
    if not paths:
        return
    with _said("delete", paths[0]):
        try:
            obstore.delete(_store(), paths)  # a bucket takes a thousand in one request
        except FileNotFoundError:  # somebody was faster with one of them: the others still go
            for path in paths:
                with contextlib.suppress(FileNotFoundError):
                    obstore.delete(_store(), path)


def listed(brand_id: int) -> Iterator[list[Stored]]:
    """A brand's files in portions of at most 1000; what is not named by us is left out. Raises StoreError."""
    with _said("list", f"{int(brand_id)}/"):
        for portion in obstore.list(_store(), f"{int(brand_id)}/", chunk_size=_PAGE):
            found = [
                Stored(name, meta["size"], meta["last_modified"])
                for meta in portion
                if _NAME.fullmatch(name := meta["path"].rpartition("/")[2]) and meta["path"] == key(brand_id, name)
            ]
            if found:
                yield found


def clear_staging(brand_id: int, *, before: datetime) -> tuple[int, int]:
    """Delete what writers that were killed left half written before that instant; how many, and how many bytes."""
    place, count, freed = here(), 0, 0
    if place.folder is None:  # a bucket shows nothing that is not whole
        return 0, 0
    with _said("clear", STAGING), contextlib.suppress(FileNotFoundError):
        for left in os.scandir(place.folder / str(int(brand_id)) / STAGING):
            with contextlib.suppress(FileNotFoundError):
                known = left.stat(follow_symlinks=False)
                if known.st_mtime < before.timestamp():
                    Path(left.path).unlink()
                    count, freed = count + 1, freed + known.st_size
    return count, freed


# ---------------------------------------------------------------- a local folder


def _put_safely(folder: Path, path: str, content: bytes, *, staged: str) -> None:
    """Written beside and on the disk before it gets its name, and the name on the disk too: obstore alone does not fsync."""
    store = _store()
    try:
        obstore.put(store, staged, content, use_multipart=False)
        _sync(folder / staged)
        obstore.rename(store, staged, path)
    except BaseException:
        (folder / staged).unlink(missing_ok=True)
        raise
    target = folder / path
    for above in (target.parent, target.parent.parent, folder):  # folders that this file may have been the first in
        _sync(above)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _said(act: str, path: str) -> Iterator[None]:
    """What obstore or the file system say becomes a StoreError; the log gets their words."""
    try:
        yield
    except (obstore.exceptions.BaseError, OSError) as error:
        _log.error("file store", act=act, path=path, error=f"{type(error).__name__}: {error}"[:500])
        raise StoreError(f"the file store did not {act} {path}") from error
