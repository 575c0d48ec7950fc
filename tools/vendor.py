"""Bring the page kit's foreign files into portal/static (maintainers only; the files are committed).

portal/static/vendor/vendor.json pins each package's version and npm's own sha512 of its tarball, and the sha384 of every
file taken from it. `python tools/vendor.py --check` (a unit test does the same) proves offline that nothing was altered;
`python tools/vendor.py` fetches the pinned versions again with npm and draws the icon sprite.
Exit code: 0 when all is as locked, 1 when a file differs.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

STATIC = Path(__file__).resolve().parents[1] / "portal" / "static"
VENDOR = STATIC / "vendor"
LOCK = VENDOR / "vendor.json"
SPRITE = STATIC / "icons.svg"

# package@version -> {file in the package: name in portal/static/vendor}
WANT: dict[str, dict[str, str]] = {
    "@tabler/core@1.6.1": {
        "dist/css/tabler.min.css": "tabler.min.css",
        "dist/css/tabler-vendors.min.css": "tabler-vendors.min.css",
    },
    "htmx.org@4.0.1": {"dist/htmx.min.js": "htmx.min.js", "LICENSE": "LICENSE.htmx"},
    "tom-select@2.6.2": {
        "dist/js/tom-select.complete.min.js": "tom-select.complete.min.js",
        "dist/css/tom-select.bootstrap5.min.css": "tom-select.bootstrap5.min.css",
        "LICENSE": "LICENSE.tom-select",
    },
    "@tabler/icons@3.51.0": {"LICENSE": "LICENSE.tabler-icons"},
}
ICON_PACKAGE = "@tabler/icons@3.51.0"
# The package has no licence file of its own; the text of its repository is kept by hand.
BY_HAND = ("LICENSE.tabler",)

# Every icon that a page may name, in one place. `icon('check')` draws <use href="icons.svg#i-check">.
ICON_NAMES = """
adjustments alert-circle alert-triangle arrow-back-up arrow-bar-to-down arrow-left arrow-right arrows-exchange ban barcode
bell book building building-bank building-factory-2 building-store building-warehouse calendar calendar-due calendar-dollar
calendar-event camera cash certificate chart-bar chart-line check checks chevron-down chevron-left chevron-right chevron-up
circle-check circle-x clipboard-check clipboard-list clipboard-text clock clock-exclamation cloud-upload coin-yuan coins
copy credit-card cut database device-floppy dots dots-vertical download edit exclamation-mark external-link eye eye-off file
file-diff file-import file-invoice file-spreadsheet file-text file-type-pdf filter filter-off flag gavel git-compare hash
help-circle history home id-badge-2 inbox info-circle key language layout-list link list list-check list-details lock
lock-open login logout mail map-pin menu-2 message message-circle-x message-question message-report moon note package
package-export package-import packages paperclip pencil phone photo photo-plus player-play plug plus printer progress-check
qrcode receipt receipt-refund receipt-yuan recycle refresh report-money rotate scale scan search selector send settings
shield-check shield-lock shield-x shopping-cart sitemap sort-ascending sort-descending star sum sun tag tags template tool
trash truck truck-delivery truck-return upload user user-check user-plus users wallet wifi-off world x
"""
ICONS = frozenset(ICON_NAMES.split())


def sri(content: bytes, algorithm: str = "sha384") -> str:
    """The sub-resource-integrity form of a content's hash, e.g. "sha384-…"."""
    return f"{algorithm}-{base64.b64encode(hashlib.new(algorithm, content).digest()).decode()}"


def fetch(spec: str) -> tuple[str, dict[str, bytes]]:
    """Download one package with npm; its integrity as npm states it, and its files by name.

    Raises SystemExit when the bytes are not what npm's registry promised.
    """
    with tempfile.TemporaryDirectory() as folder:
        answer = json.loads(subprocess.check_output(["npm", "pack", "--json", "--silent", spec], cwd=folder))
        about = answer[0] if isinstance(answer, list) else next(iter(answer.values()))
        tarball = (Path(folder) / about["filename"]).read_bytes()
    if sri(tarball, "sha512") != about["integrity"]:
        raise SystemExit(f"{spec}: the tarball is not what the registry promised")
    files: dict[str, bytes] = {}
    with tarfile.open(fileobj=io.BytesIO(tarball)) as archive:
        for member in archive.getmembers():
            handle = archive.extractfile(member) if member.isfile() else None
            if handle is not None:
                files[member.name.removeprefix("package/")] = handle.read()
    return str(about["integrity"]), files


def draw_sprite(files: dict[str, bytes]) -> str:
    """One SVG with a <symbol id="i-NAME"> per icon of ICONS, drawn in the current colour."""
    symbols = []
    for name in sorted(ICONS):
        source = files.get(f"icons/outline/{name}.svg")
        if source is None:
            raise SystemExit(f"no icon named {name}")
        paths = re.findall(r"<path[^>]*?/>", source.decode())
        drawn = [path for path in paths if 'stroke="none"' not in path]
        symbols.append(f'<symbol id="i-{name}" viewBox="0 0 24 24">{"".join(drawn)}</symbol>')
    heading = f"<!-- {ICON_PACKAGE}, MIT licence: vendor/LICENSE.tabler-icons. Drawn by tools/vendor.py -->"
    return f'<svg xmlns="http://www.w3.org/2000/svg">\n{heading}\n' + "\n".join(symbols) + "\n</svg>\n"


def refresh() -> None:
    """Fetch everything again and rewrite the lock; refuse bytes that differ from what was locked before."""
    VENDOR.mkdir(parents=True, exist_ok=True)
    before = json.loads(LOCK.read_text(encoding="utf-8")) if LOCK.exists() else {}
    lock: dict[str, dict[str, object]] = {}
    for spec, wanted in WANT.items():
        integrity, files = fetch(spec)
        if spec in before and before[spec]["integrity"] != integrity:
            raise SystemExit(f"{spec}: the registry now serves other bytes")
        hashes = {}
        for source, name in wanted.items():
            (VENDOR / name).write_bytes(files[source])
            hashes[f"vendor/{name}"] = sri(files[source])
        if spec == ICON_PACKAGE:
            SPRITE.write_text(draw_sprite(files), encoding="utf-8")
            hashes["icons.svg"] = sri(SPRITE.read_bytes())
        lock[spec] = {"integrity": integrity, "files": hashes}
    lock["by hand"] = {
        "integrity": "",
        "files": {f"vendor/{name}": sri((VENDOR / name).read_bytes()) for name in BY_HAND},
    }
    LOCK.write_text(json.dumps(lock, indent=1) + "\n", encoding="utf-8")


def altered() -> list[str]:
    """Names (under portal/static) of locked files that are missing or differ, and of vendor files that no lock names."""
    lock = json.loads(LOCK.read_text(encoding="utf-8"))
    locked = {name: digest for package in lock.values() for name, digest in package["files"].items()}
    bad = [
        name
        for name, digest in locked.items()
        if not (STATIC / name).exists() or sri((STATIC / name).read_bytes()) != digest
    ]
    here = {f"vendor/{path.name}" for path in VENDOR.iterdir()} - {"vendor/vendor.json"}
    return sorted(bad + [name for name in here if name not in locked])


if __name__ == "__main__":
    if "--check" not in sys.argv:
        refresh()
    sys.stderr.write("".join(f"{name} is not as locked\n" for name in altered()))
    sys.exit(1 if altered() else 0)
