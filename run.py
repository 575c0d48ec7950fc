#!/usr/bin/env python3
"""Set the portal up on this machine and run it. Needs python3 (3.11 or newer) with venv, nothing else.

python3 run.py                start the portal with its demo at http://127.0.0.1:8000
python3 run.py test [...]     run the tests; what follows goes to pytest
python3 run.py portal ...     run the command line, e.g. portal prove
python3 run.py setup          only set up, with everything that tests and work on the code need

The first run makes .venv from the locked packages and takes a minute; later ones start at once.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
OLDEST_PYTHON = (3, 11)

# What WeasyPrint loads to print papers: the library's file, and Debian's package of it.
LIBRARIES = {
    "libpango-1.0.so.0": "libpango-1.0-0",
    "libpangoft2-1.0.so.0": "libpangoft2-1.0-0",
    "libharfbuzz-subset.so.0": "libharfbuzz-subset0",
}
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
INSTALL = ["apt-get", "install", "-y", "--no-install-recommends"]


def main(arguments: list[str]) -> int:
    what, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    if what in {"-h", "--help", "help"}:
        print(__doc__)
        return 0
    if what not in {"", "test", "portal", "setup"}:
        print(f"run.py does not know {what!r}.\n\n{__doc__}", file=sys.stderr)
        return 2
    check_python()
    for_tests = what in {"test", "setup"}
    provide_packages(for_tests=for_tests)
    provide_libraries()
    if for_tests:
        provide_browser()
    if what == "setup":
        return 0
    if what == "test":
        return run_tests(rest)
    return run_portal(rest if what == "portal" else ["run"])


def run_portal(arguments: list[str]) -> int:
    """Become `portal …`, in the caller's folder, so that the files it names are found."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    command = [str(PYTHON), "-m", "portal", *arguments]
    sys.stdout.flush()
    os.execve(command[0], command, {**os.environ, "PYTHONPATH": path})


def run_tests(arguments: list[str]) -> int:
    done = subprocess.run([str(PYTHON), "-m", "pytest", "-n", "auto", *arguments], cwd=ROOT, check=False)
    if done.returncode == 5:
        give_up("No test ran: nothing in tests/ matches what was asked for.")
    return done.returncode


# ---------------------------------------------------------------------- Python and its packages


def check_python() -> None:
    if sys.version_info < OLDEST_PYTHON:
        needed, here = ".".join(map(str, OLDEST_PYTHON)), sys.version.split()[0]
        give_up(f"The portal needs Python {needed} or newer; this python3 is {here}.")
    if os.name != "posix":
        give_up("The portal runs on Linux and macOS (on Windows: in WSL).")


def provide_packages(*, for_tests: bool) -> None:
    """Make .venv hold the locked packages; at once when a stamp says that it does."""
    # The test lock holds all that the other does, so one set up for tests runs the portal too.
    locks = ["requirements-test.lock"] if for_tests else ["requirements.lock", "requirements-test.lock"]
    if PYTHON.exists() and any(stamp(lock).exists() and stamp(lock).read_text() == tag(lock) for lock in locks):
        return
    lock = locks[0]
    print("Setting up: installing the locked packages into .venv …", flush=True)
    try:
        uv = working_uv()
        make_venv(with_pip=not uv)
        install(ROOT / lock, uv)
        stamp(lock).write_text(tag(lock))
    except PermissionError as refused:
        give_up(f"{refused.filename} cannot be written: it belongs to another user, or its folder does.")


def tag(lock: str) -> str:
    """Say what .venv was made from: it must be made anew for another lock, Python or place."""
    parts = [(ROOT / lock).read_text(), sys.version, str(ROOT)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def stamp(lock: str) -> Path:
    return VENV / f".ready-{lock}"


def working_uv() -> str | None:
    uv = shutil.which("uv")
    return uv if uv and quietly([uv, "--version"]) else None


def make_venv(*, with_pip: bool) -> None:
    same = f"import sys; sys.exit(sys.version_info[:2] != {tuple(sys.version_info[:2])})"
    if PYTHON.exists() and quietly([str(PYTHON), "-c", same]):
        return
    if importlib.util.find_spec("venv") is None or (with_pip and importlib.util.find_spec("ensurepip") is None):
        give_up(f"This Python has no venv module: install it, on Debian with: {privileged('python3-venv')}")
    command = [sys.executable, "-m", "venv", "--clear", *([] if with_pip else ["--without-pip"]), str(VENV)]
    if subprocess.run(command, check=False).returncode:
        give_up(f"{VENV} could not be made (see above).")


def install(lock: Path, uv: str | None) -> None:
    rules = ["--quiet", "--require-hashes", "--only-binary", ":all:", "-r", str(lock)]
    if uv and quietly([uv, "pip", "install", "--python", str(PYTHON), *rules]):
        return
    # uv reads no pip.conf, where this machine's registry may be named: what it cannot fetch, pip may.
    pip = [str(PYTHON), "-m", "pip"]
    if not quietly([*pip, "--version"]) and not quietly([str(PYTHON), "-m", "ensurepip"]):
        give_up(f"This Python cannot provide pip: install it, on Debian with: {privileged('python3-venv')}")
    flags = ["--disable-pip-version-check", "--no-input"]
    if subprocess.run([*pip, "install", *flags, *rules], check=False).returncode:
        give_up("The locked packages could not be installed (see above): is a package registry reachable?")


# ---------------------------------------------------------------------- what the system has to have


def provide_libraries() -> None:
    missing = [package for library, package in LIBRARIES.items() if not loads(library)]
    if not missing or sys.platform != "linux":
        return
    if not apt_install(missing) or not all(map(loads, LIBRARIES)):
        give_up(f"Papers are printed with libraries that are missing here. Please run: {privileged(*missing)}")


def provide_browser() -> None:
    if any(map(shutil.which, BROWSERS)) or apt_install(["chromium"]):
        return
    print(f"No Chromium: the browser tests are skipped. To run them too: {privileged('chromium')}", flush=True)


def loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def apt_install(packages: list[str]) -> bool:
    """Install Debian packages, if we may: as root or by a sudo that asks for no password."""
    if not shutil.which("apt-get"):
        return False
    if os.geteuid() == 0:
        may = []
    elif shutil.which("sudo") and quietly(["sudo", "-n", "true"]):
        may = ["sudo", "-n"]
    else:
        return False
    print(f"Installing {' '.join(packages)} …", flush=True)
    apt = [*may, "env", "DEBIAN_FRONTEND=noninteractive"]
    if quietly([*apt, *INSTALL, *packages]):
        return True
    quietly([*apt, "apt-get", "update"])  # the lists may be old, or not there yet
    return quietly([*apt, *INSTALL, *packages], show=True)


def privileged(*packages: str) -> str:
    return " ".join([*([] if os.geteuid() == 0 else ["sudo"]), *INSTALL, *packages])


# ---------------------------------------------------------------------- small things


def quietly(command: list[str], *, show: bool = False) -> bool:
    """Run a program, showing what it says only when asked and it failed; tell whether it succeeded."""
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
    except OSError:
        return False
    if done.returncode and show:
        print(done.stdout.decode(errors="replace").strip()[-2000:], file=sys.stderr)
    return done.returncode == 0


def give_up(sentence: str) -> NoReturn:
    print(sentence, file=sys.stderr)
    sys.exit(1)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
