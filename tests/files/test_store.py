"""Where the bytes lie: whole or not at all, under names of our own (UP3)."""

import os
from pathlib import Path

import pytest

from portal.files import store


@pytest.fixture
def folder(tmp_path):
    """The store in a folder of the test's own."""
    before = list(store._folder)
    store.use_folder(tmp_path / "files")
    yield tmp_path / "files"
    store._folder[:] = before


def test_what_is_put_is_read_again_from_its_brands_folder(folder):
    name = store.new_name()
    store.put(7, name, b"picture")
    assert store.get(7, name) == b"picture"
    assert store.get(8, name) is None
    assert [path for path in folder.rglob("*") if path.is_file()] == [folder / "7" / name[:2] / name]
    assert folder.stat().st_mode & 0o077 == 0


def test_names_are_random_and_nothing_of_the_sender(folder):
    names = {store.new_name() for _ in range(100)}
    assert len(names) == 100
    assert all(len(name) == 36 and name.endswith(".jpg") for name in names)


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "a/b.jpg",
        "x.jpg",
        "ab.php",
        "ab.jpg.php",
        "ab.jpg\0",
        "\u202egpj.ab",
        "CON",
        "",
        ".jpg",
        "ab" * 2000,
    ],
)
def test_UP3_a_name_that_is_not_ours_is_refused(folder, name):
    with pytest.raises(ValueError):  # noqa: PT011
        store.place(7, name)


def test_a_write_that_fails_leaves_nothing_behind(folder, monkeypatch):
    name = store.new_name()

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        store.put(7, name, b"half")
    assert store.get(7, name) is None
    assert [path for path in Path(folder).rglob("*") if path.is_file()] == []


def test_without_a_folder_it_says_so(monkeypatch):
    monkeypatch.setattr(store, "_folder", [])
    with pytest.raises(RuntimeError, match="files_dir"):
        store.place(7, store.new_name())
