"""Papers to PDF: one way for all of them, with the vendored typeface and nothing else.

    pdf.configure(home=settings.home)            # once, where the program starts
    pdf.render("parts-order", paper) -> bytes    # anywhere

The text is made here; WeasyPrint works in child processes (`portal.web.pdf_engine`), each limited in time and
memory and replaced after 200 documents, so that a document that fails, fails alone. Nothing here asks for the
time: a second print of the same values is the same text.
"""

import ctypes
import hashlib
import logging
import os
import stat
import tempfile
import threading
import unicodedata
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from fontTools.ttLib import TTFont
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from portal.core.capitals import capitals
from portal.web import papers, qr
from portal.web.pdf_pool import FONTCONFIG, Pool, PrintingFailed, PrintingUnavailable

if TYPE_CHECKING:
    from portal.web.pdf_engine import Engine

__all__ = ["PrintingFailed", "PrintingUnavailable", "check_libraries", "configure", "render", "text_of", "warm"]

log = logging.getLogger(__name__)

HERE = Path(__file__).resolve().parent
TEMPLATES = HERE.parent / "templates" / "pdf"
FONTS = {
    "regular": HERE / "fonts" / "NotoSansSC-Regular.woff2",
    "bold": HERE / "fonts" / "NotoSansSC-Bold.woff2",
}
MISSING = "〓"  # the printer's sign for a character he does not have
LIBRARIES = {
    "libpango-1.0.so.0": "libpango-1.0-0",
    "libpangoft2-1.0.so.0": "libpangoft2-1.0-0",
    "libharfbuzz.so.0": "libharfbuzz0b",
    "libharfbuzz-subset.so.0": "libharfbuzz-subset0",
    "libfontconfig.so.1": "libfontconfig1",
}
WEEKDAYS = "一二三四五六日"


def check_libraries() -> str | None:
    """Say in one sentence, with the command, which system libraries printing lacks; None when all are there.

    Without libharfbuzz-subset WeasyPrint would work, a hundred times slower: that counts as missing.
    """
    lacking = []
    for library, package in LIBRARIES.items():
        try:
            ctypes.CDLL(library)
        except OSError:
            lacking.append(package)
    if not lacking:
        return None
    return f"Printing needs system libraries that are missing: apt-get install {' '.join(lacking)}"


# ---------- the typeface ----------


def default_home() -> Path:
    """A folder of this user's own for unpacked fonts, where nobody said `home`."""
    folder = Path(tempfile.gettempdir()) / f"portal-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o022:
        raise PrintingUnavailable(f"{folder} belongs to somebody else or may be written by others: set PORTAL_HOME")
    return folder


def unpack_fonts(home: Path) -> Path:
    """Unpack the two typefaces to otf under `home`, once (otf loads five times faster); return their folder.

    The folder is named by the contents of the packed files; two processes at once do no harm.
    """
    packed = {weight: path.read_bytes() for weight, path in FONTS.items()}
    mark = hashlib.sha256(b"".join(packed.values())).hexdigest()[:12]
    folder = home / "fonts" / mark
    folder.mkdir(parents=True, exist_ok=True)
    for weight, path in FONTS.items():
        target = folder / f"{weight}.otf"
        if target.exists():
            continue
        with (
            tempfile.NamedTemporaryFile(dir=folder, suffix=".part", delete=False) as part,
            TTFont(path) as font,
        ):
            font.flavor = None
            font.save(part)
        Path(part.name).replace(target)
    # The children's fontconfig knows this folder and no font of the machine.
    settings = f"<fontconfig><dir>{folder}</dir><cachedir>{folder}</cachedir></fontconfig>"
    (folder / FONTCONFIG).write_text(f'<?xml version="1.0"?>{settings}', encoding="utf-8")
    return folder


@lru_cache(maxsize=4)
def _known(folder: Path) -> frozenset[int]:
    """The characters that both weights have."""
    tables = []
    for weight in FONTS:
        with TTFont(folder / f"{weight}.otf", lazy=True) as font:
            tables.append(frozenset(font.getBestCmap()))
    return tables[0] & tables[1] | {ord("\n")}


def _printable(html: str, folder: Path) -> str:
    """Replace what the typeface lacks by 〓 (a missing glyph would vanish silently), and log it.

    Marks without a width of their own, and those that turn the direction of writing, are dropped.
    """
    html = unicodedata.normalize("NFC", html)
    lacking = {char for char in set(html) if ord(char) not in _known(folder)}
    if not lacking:
        return html
    silent = {char for char in lacking if unicodedata.category(char) in {"Cf", "Cc", "Mn"}}
    if lacking - silent:
        log.warning(
            "characters that the typeface lacks: %s",
            " ".join(f"U+{ord(char):04X}" for char in sorted(lacking - silent)),
        )
    return html.translate({ord(char): "" if char in silent else MISSING for char in lacking})


# ---------- the text ----------


def _day(value: date) -> str:
    """2026-11-09(周一)."""
    return f"{value:%Y-%m-%d}(周{WEEKDAYS[value.weekday()]})"


def _fingerprint(digest: str) -> str:
    """The first twelve characters of a hex digest, in fours: 9f3c 71a8 04de."""
    return " ".join(digest[start : start + 4] for start in (0, 4, 8))


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "money": papers.money,
        "yuan": papers.yuan,
        "capitals": capitals,
        "weekday": _day,
        "month": lambda value: f"{value.year} 年 {value.month} 月",
        "second": lambda value: f"{value:%Y-%m-%d %H:%M:%S}",
        "minute": lambda value: f"{value:%Y-%m-%d %H:%M}",
        "fingerprint": _fingerprint,
    }
    environment.globals |= {"qr": qr.svg, "content_code": papers.content_code}
    return environment


_environment_once = lru_cache(maxsize=1)(_environment)


def text_of(template: str, paper: papers.Paper) -> str:
    """The HTML of a paper, everything escaped. Raises jinja2.TemplateNotFound for an unknown template."""
    return _environment_once().get_template(f"{template}.html").render(paper=paper)


# ---------- the printer ----------


class Printer:
    """Prints papers; makes its fonts, children and engine when first asked.

    `home` is the portal's own folder (fonts are unpacked under it), `workers` how many documents at once.
    `inline` prints in this process, without limits: for tests and one-off commands.
    """

    def __init__(self, *, home: Path | None = None, workers: int = 2, inline: bool = False) -> None:
        self._home, self._workers, self._inline = home, workers, inline
        self._lock = threading.Lock()
        self._fonts: Path | None = None
        self._pool: Pool | None = None
        self._engine: Engine | None = None

    def render(self, template: str, paper: papers.Paper) -> bytes:
        """Return the paper as PDF. Raises PrintingFailed for one document, PrintingUnavailable for lack of libraries."""
        html = _printable(text_of(template, paper), self.fonts())
        if self._inline:
            with self._lock:  # WeasyPrint's font configuration is not made for two threads
                data, notes = self._own_engine().pdf(html)
        else:
            data, notes = self._own_pool().render(html)
        for note in notes:
            log.warning("%s: %s", template, note)
        return data

    def fonts(self) -> Path:
        """Return the folder of the unpacked typefaces; checks the libraries, once."""
        with self._lock:
            if self._fonts is None:
                if lacking := check_libraries():
                    raise PrintingUnavailable(lacking)
                self._fonts = unpack_fonts(self._home or default_home())
            return self._fonts

    def warm(self) -> None:
        """Start a child and let it read its fonts and style sheet, so that the first reader need not wait for that."""
        html = _printable("<p>1</p>", self.fonts())
        if not self._inline:
            self._own_pool().render(html)

    def close(self) -> None:
        """End the children; a later render starts new ones."""
        with self._lock:
            if self._pool:
                self._pool.close()
            self._pool = self._engine = None

    def _own_engine(self) -> "Engine":
        from portal.web.pdf_engine import Engine  # WeasyPrint is slow to import and large

        if self._engine is None:
            assert self._fonts  # noqa: S101 - for mypy: render asked for them
            self._engine = Engine(self._fonts)
        return self._engine

    def _own_pool(self) -> Pool:
        with self._lock:
            # A fork (gunicorn's preload) copies the pool but not its right to the children.
            if self._pool is None or self._pool.owner != os.getpid():
                assert self._fonts  # noqa: S101 - for mypy: render asked for them
                self._pool = Pool(self._fonts, workers=self._workers)
            return self._pool


_printer = Printer(home=Path(os.environ["PORTAL_HOME"]) if "PORTAL_HOME" in os.environ else None)


def configure(*, home: Path | None = None, workers: int = 2, inline: bool = False) -> None:
    """Choose where fonts are kept and how many documents are printed at once, for `render`."""
    global _printer  # noqa: PLW0603 - one printer per process is the point
    _printer.close()
    _printer = Printer(home=home, workers=workers, inline=inline)


def warm() -> None:
    """Make ready to print; see Printer.warm."""
    _printer.warm()


def render(template: str, paper: papers.Paper) -> bytes:
    """Print `paper` by templates/pdf/<template>.html; see Printer.render."""
    return _printer.render(template, paper)
