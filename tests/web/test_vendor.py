"""The foreign files are those that were chosen, byte for byte, with their licences, and load nothing from outside."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from tools import vendor

STATIC = vendor.STATIC


def test_nothing_was_altered() -> None:
    assert vendor.altered() == []


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The static folder somewhere else, for spoiling."""
    static = tmp_path / "static"
    shutil.copytree(vendor.VENDOR, static / "vendor")
    shutil.copy(vendor.SPRITE, static / "icons.svg")
    for name, path in {
        "STATIC": static,
        "VENDOR": static / "vendor",
        "LOCK": static / "vendor" / "vendor.json",
        "SPRITE": static / "icons.svg",
    }.items():
        monkeypatch.setattr(vendor, name, path)
    return static


def test_a_changed_a_missing_and_a_foreign_file_are_found(copy: Path) -> None:
    assert vendor.altered() == []
    with (copy / "vendor" / "htmx.min.js").open("ab") as script:
        script.write(b";")
    (copy / "icons.svg").unlink()
    (copy / "vendor" / "more.js").write_text("alert(1)")
    assert vendor.altered() == ["icons.svg", "vendor/htmx.min.js", "vendor/more.js"]


def test_every_package_is_pinned_with_npms_own_hash_and_has_its_licence() -> None:
    lock = json.loads(vendor.LOCK.read_text(encoding="utf-8"))
    assert set(lock) == {*vendor.WANT, "by hand"}
    assert all(package["integrity"].startswith("sha512-") for name, package in lock.items() if name != "by hand")
    for name in ("tabler", "htmx", "tom-select", "tabler-icons"):
        assert len((vendor.VENDOR / f"LICENSE.{name}").read_text(encoding="utf-8")) > 500


def test_the_sprite_has_every_icon_once() -> None:
    drawn = re.findall(r'<symbol id="i-([\w-]+)" viewBox="0 0 24 24"><path', vendor.SPRITE.read_text(encoding="utf-8"))
    assert sorted(drawn) == sorted(vendor.ICONS)


@pytest.mark.parametrize(
    "path", sorted(STATIC.rglob("*.css")) + sorted(STATIC.glob("*.js")), ids=lambda path: path.name
)
def test_styles_and_our_scripts_load_nothing_from_outside(path: Path) -> None:
    text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    addresses = set(re.findall(r"https?://[\w./-]+", text)) - {"http://www.w3.org/2000/svg"}
    assert addresses == set()
    assert "@import" not in text


def test_our_scripts_stay_small_and_need_no_eval() -> None:
    for path in STATIC.glob("*.js"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\beval\(|new Function|document\.write", text)
        assert len(text.splitlines()) < 400
