"""One data folder and the programs that serve it: made, configured, started, stopped. Knows no lock."""

import contextlib
import re
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from portal.core.local_postgres.system import LocalPostgresError, Owner, give, serves, tail

SUPERUSER = "postgres"
LOG_BYTES = 10_000_000
START_SECONDS = 60

SETTINGS = """\
# Written by portal/core/local_postgres.py at every start: changes here are lost.
listen_addresses = '{listen}'
port = {port}
unix_socket_directories = '{socket_dir}'
max_connections = 100
shared_buffers = 128MB
password_encryption = 'scram-sha-256'
timezone = 'UTC'
log_timezone = 'UTC'
log_min_duration_statement = 500
log_parameter_max_length = 0
"""
STATISTICS = "shared_preload_libraries = 'pg_stat_statements'\n"
FAST = "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n"


class Running(NamedTuple):
    """A live server, as its own pid file describes it."""

    pid: int
    port: int
    socket_dir: Path
    listens: bool  # on TCP too
    ready: bool  # answers, and is not still starting


@dataclass(frozen=True)
class Cluster:
    """One data folder with the programs that serve it. Knows no lock: LocalPostgres holds it."""

    programs: Path
    data: Path
    socket_dir: Path
    port: int
    owner: Owner | None
    listens: bool = False
    fast: bool = False

    def run(self, program: str, *arguments: str | Path, password: str = "") -> str:
        """Run one of PostgreSQL's programs as the owner and give what it said; a failure raises with it."""
        environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
        if password:
            environment["PGPASSWORD"] = password
        with tempfile.TemporaryFile() as said:  # never a pipe: the server would keep it open
            done = subprocess.run(
                [str(self.programs / program), *map(str, arguments)],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                env=environment,
                cwd="/",
                check=False,
                user=self.owner.uid if self.owner else None,
                group=self.owner.gid if self.owner else None,
                extra_groups=[] if self.owner else None,
            )
            said.seek(0)
            text = said.read().decode(errors="replace")
        if done.returncode:
            raise LocalPostgresError(f"{program} failed ({done.returncode}): {text.strip()[-2000:]}")
        return text

    @property
    def major(self) -> int:
        """The programs' major version."""
        found = re.search(r"\(PostgreSQL\)\s+(\d+)", self.run("postgres", "--version"))
        if not found:
            raise LocalPostgresError(f"{self.programs / 'postgres'} is no PostgreSQL server.")
        return int(found[1])

    @property
    def data_major(self) -> int | None:
        """The major version that wrote the data folder; None where there is none yet."""
        try:
            return int((self.data / "PG_VERSION").read_text().split(".")[0])
        except FileNotFoundError:
            return None

    def create(self, password_file: Path) -> None:
        """Make the data folder, whole or not at all: an interrupted initdb leaves no half of one."""
        making = self.data.with_name(self.data.name + ".making")
        shutil.rmtree(making, ignore_errors=True)
        # The built-in provider sorts alike on every machine; before 17 the C library's C.UTF-8 does.
        provider = ["--locale-provider=builtin"] if self.major >= 17 else []
        self.run(
            "initdb", "-D", making, "-U", SUPERUSER, "--encoding=UTF8", *provider, "--locale=C.UTF-8",
            "--lc-messages=C", "--auth-host=scram-sha-256", "--auth-local=scram-sha-256",
            f"--pwfile={password_file}", *(["--no-sync"] if self.fast else ["--data-checksums"]),
        )  # fmt: skip
        (making / "conf.d").mkdir()
        with (making / "postgresql.conf").open("a") as settings:
            settings.write("include_dir = 'conf.d'\n")
        give(self.owner, making / "conf.d")
        try:
            making.rename(self.data)
        except OSError:
            message = f"{self.data} stands in the way and is no PostgreSQL data folder: remove it."
            raise LocalPostgresError(message) from None

    def configure(self) -> None:
        has_statistics = any(self.programs.parent.glob("lib/**/pg_stat_statements.*"))
        settings = self.data / "conf.d" / "portal.conf"
        settings.write_text(
            SETTINGS.format(listen="127.0.0.1" if self.listens else "", port=self.port, socket_dir=self.socket_dir)
            + (STATISTICS if has_statistics else "")
            + (FAST if self.fast else "")
        )
        give(self.owner, settings)

    def running(self) -> Running | None:
        """Give the live server of this data folder; None when it is stopped, has crashed, or is another's."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            pid, port, socket_dir = int(lines[0]), int(lines[3]), Path(lines[4])
        except (OSError, ValueError, IndexError):
            return None
        if not serves(pid, self.data):
            return None
        later = [line.strip() for line in lines[5:8]]  # written while it starts: address, memory, status
        return Running(pid, port, socket_dir, listens=any(later[:1]), ready=later[2:] == ["ready"])

    def start(self, log: Path) -> None:
        """Start the server, of which nothing runs, and wait until it answers."""
        self.configure()
        with contextlib.suppress(FileNotFoundError):
            if log.stat().st_size > LOG_BYTES:
                log.unlink()
        # A dead server's files: their pid may be somebody else's by now, and PostgreSQL would refuse. Should old
        # workers still be there, it notices them by their shared memory.
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        for left in self.socket_dir.glob(".s.PGSQL.*"):
            left.unlink(missing_ok=True)
        for attempt in range(20):
            begins = log.stat().st_size if log.exists() else 0
            try:
                self.run("pg_ctl", "-D", self.data, "-w", "-t", str(START_SECONDS), "-l", log, "start")
            except LocalPostgresError as refused:
                said = tail(log, begins) or str(refused)
                # After a crash the old server's workers need a moment to notice and leave.
                if "is still in use" in said and attempt < 19:
                    time.sleep(0.5)
                    continue
                raise LocalPostgresError(self._why_not_started(said, log)) from None
            else:
                return

    def _why_not_started(self, said: str, log: Path) -> str:
        if self.listens and "Address already in use" in said:
            return f"Port {self.port} on 127.0.0.1 is taken by another program: choose another, or leave it out."
        return f"The local PostgreSQL does not start (log: {log}): {said}"

    def stop(self, mode: str = "fast") -> None:
        self.run("pg_ctl", "-D", self.data, "-w", "-t", str(START_SECONDS), "-m", mode, "stop")
