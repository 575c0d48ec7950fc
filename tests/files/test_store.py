"""Where the bytes lie: whole or not at all, under names of our own (UP3), in a local folder."""

import hashlib
import os
import random
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import obstore
import pytest

from portal.core import clock
from portal.files import store

ROOT = Path(store.__file__).parents[2]


@pytest.fixture
def folder(tmp_path):
    """The store in a folder of the test's own."""
    before = store.here()
    store.use_folder(tmp_path / "files")
    yield tmp_path / "files"
    store.use_place(before)


@pytest.fixture(autouse=True)
def _used(settings):
    """Something to come back to."""
    store.use(settings)


def files_in(folder):
    return sorted(path for path in Path(folder).rglob("*") if path.is_file())


def test_what_is_put_is_read_again_from_its_brands_folder(folder):
    name = store.new_name()
    store.put(7, name, b"picture")
    assert store.get(7, name) == b"picture"
    assert store.get(8, name) is None
    assert files_in(folder) == [folder / "7" / name[:2] / name]
    assert folder.stat().st_mode & 0o077 == 0


def test_what_is_deleted_is_gone_and_may_be_deleted_again(folder):
    kept, gone = store.new_name("pdf"), store.new_name("xlsx")
    for name in (kept, gone):
        store.put(7, name, b"statement")
    store.delete(7, [gone])
    store.delete(7, [gone])
    assert (store.get(7, kept), store.get(7, gone)) == (b"statement", None)


def test_a_brands_files_are_listed_with_their_size_and_nobody_elses(folder):
    names = {store.new_name() for _ in range(5)}
    for name in names:
        store.put(7, name, b"12345")
    store.put(77, store.new_name(), b"another brand's")
    (folder / "7" / "README").write_text("put there by hand")
    (folder / "7" / next(iter(names))).write_text("not where it belongs")
    found = [file for portion in store.listed(7) for file in portion]
    assert {file.name for file in found} == names
    assert {file.size for file in found} == {5}
    assert all(abs(clock.machine_now() - file.modified) < timedelta(minutes=5) for file in found)
    assert list(store.listed(9)) == []


def test_names_are_random_and_nothing_of_the_sender(folder):
    names = {store.new_name() for _ in range(100)}
    assert len(names) == 100
    assert all(len(name) == 36 and name.endswith(".jpg") for name in names)
    assert [store.new_name(ending)[32:] for ending in store.ENDINGS] == [".jpg", ".pdf", ".xlsx"]


def test_a_smaller_copy_stands_beside_its_original():
    name = store.new_name()
    assert store.variant(name, 240) == f"{name[:32]}-240.jpg"
    assert store.original(store.variant(name, 240)) == store.original(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "a/b.jpg",
        "x.jpg",
        "ab.jpg",
        "ab.php",
        f"{'a' * 32}.jpg.php",
        f"{'a' * 32}.svg",
        f"{'a' * 32}.jpg\0",
        f"{'a' * 32}.jpg\n",
        f"{'٣' * 32}.jpg",
        f"{'A' * 32}.jpg",
        f"{'a' * 32}-240-240.jpg",
        "\u202egpj.ab",
        "CON",
        "",
        ".jpg",
        "ab" * 2000,
    ],
)
def test_UP3_a_name_that_is_not_ours_is_refused(folder, name):
    for act in (lambda: store.put(7, name, b"x"), lambda: store.get(7, name), lambda: store.delete(7, [name])):
        with pytest.raises(ValueError):  # noqa: PT011
            act()
    assert files_in(folder) == []


def test_a_write_that_fails_is_said_and_leaves_nothing_behind(folder, monkeypatch):
    name = store.new_name()

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(store.StoreError):
        store.put(7, name, b"half")
    assert store.get(7, name) is None
    assert files_in(folder) == []


def test_a_file_is_on_the_disk_before_it_gets_its_name(folder, monkeypatch):
    """UP7: what a crash of the machine may leave is a nameless half, since the bytes are synced before the rename."""
    happened = []
    rename, fsync = obstore.rename, os.fsync

    def renamed(opened, source, target):
        happened.append("named")
        rename(opened, source, target)

    def synced(descriptor):
        happened.append(Path(f"/proc/self/fd/{descriptor}").readlink().relative_to(folder.resolve()).parts)
        fsync(descriptor)

    monkeypatch.setattr(obstore, "rename", renamed)
    monkeypatch.setattr(os, "fsync", synced)
    name = store.new_name()
    store.put(7, name, b"picture")
    assert happened[0][:2] == ("7", store.STAGING)
    assert happened[1:] == ["named", ("7", name[:2]), ("7",), ()]


def test_without_a_place_it_says_so(monkeypatch):
    monkeypatch.setattr(store, "_place", [])
    with pytest.raises(RuntimeError, match="files_url"):
        store.get(7, store.new_name())


def test_a_process_that_was_forked_after_the_first_use_is_told_instead_of_left_hanging(folder):
    name = store.new_name()
    store.put(7, name, b"picture")
    script = (
        "import os, sys, pathlib\n"
        "from portal.files import store\n"
        f"store.use_folder(pathlib.Path({str(folder)!r}))\n"
        f"use_before = sys.argv[1] == 'before'\n"
        f"use_before and store.get(7, {name!r})\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    try:\n"
        f"        os._exit(0 if store.get(7, {name!r}) == b'picture' else 1)\n"
        "    except RuntimeError:\n"
        "        os._exit(9)\n"
        "sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )
    ends = [
        subprocess.run([sys.executable, "-c", script, when], cwd=ROOT, timeout=60, check=False).returncode
        for when in ("before", "after")
    ]
    assert ends == [9, 0]


# ---------------------------------------------------------------- kill -9 in the middle (UP7)

WRITER = """
import hashlib, pathlib, random, sys
from portal.files import store
store.use_folder(pathlib.Path(sys.argv[1]))
while True:
    name = store.new_name()
    store.put(7, name, random.Random(name).randbytes(300_000))
    print(name, flush=True)
"""


def whole(name):
    return hashlib.sha256(random.Random(name).randbytes(300_000)).hexdigest()  # noqa: S311 - the writer makes the same


@pytest.mark.parametrize("seed", range(8))
def test_UP7_kill_9_of_a_writer_leaves_no_half_file_under_a_real_name(folder, seed):
    dice = random.Random(seed)  # noqa: S311 - a seed that can be played again
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    told = [writer.stdout.readline().strip() for _ in range(dice.randint(1, 30))]
    for _ in range(dice.randint(0, 20_000)):  # some way into the next one, however fast the machine
        pass
    writer.send_signal(signal.SIGKILL)
    told += [line.strip() for line in writer.stdout if line.endswith("\n")]
    writer.wait()
    writer.stdout.close()
    named = [file for portion in store.listed(7) for file in portion]
    assert {file.name for file in named} >= set(told)
    for file in named:
        assert hashlib.sha256(store.get(7, file.name)).hexdigest() == whole(file.name)
    rest = [path for path in files_in(folder) if path.parent.name == store.STAGING]
    assert len(files_in(folder)) == len(named) + len(rest)
    assert len(rest) <= 1


def test_UP7_what_a_killed_writer_left_is_cleared_once_it_is_old(folder):
    store.put(7, store.new_name(), b"whole")
    left = folder / "7" / store.STAGING / ("a" * 32 + "#1")
    left.write_bytes(b"half")
    now = clock.machine_now()
    assert store.clear_staging(7, before=now - timedelta(days=1)) == (0, 0)
    assert left.exists()
    os.utime(left, (now.timestamp() - 90_000,) * 2)
    assert store.clear_staging(7, before=now - timedelta(days=1)) == (1, 4)
    assert not left.exists()
    assert store.clear_staging(8, before=now) == (0, 0)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
def test_UP7_a_full_disk_is_said_and_leaves_what_was_there(tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(small)], check=False)
    if mounted.returncode:
        pytest.skip("this machine lets nobody mount")
    before = store.here()
    try:
        store.use_folder(small / "files")
        first, second = store.new_name(), store.new_name()
        store.put(7, first, b"x" * 600_000)
        with pytest.raises(store.StoreError):
            store.put(7, second, b"y" * 600_000)
        assert store.get(7, first) == b"x" * 600_000
        assert store.get(7, second) is None
        store.put(7, second, b"y" * 300_000)  # the failed one holds no room
        assert [len(portion) for portion in store.listed(7)] == [2]
    finally:
        store.use_place(before)
        subprocess.run(["umount", str(small)], check=True)
