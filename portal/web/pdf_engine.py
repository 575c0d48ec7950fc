"""The child's side of `portal.web.pdf`: HTML in, PDF out, with one typeface and nothing fetched.

Run as `python -m portal.web.pdf_engine FONT_FOLDER BYTES_OF_MEMORY`; asks and answers go over its standard input and output
(see `serve`). WeasyPrint is imported nowhere else.
"""

import gc
import hashlib
import json
import logging
import os
import resource
import sys
from pathlib import Path
from typing import IO

from weasyprint import CSS, HTML
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher, URLFetcherResponse

from portal.web import pdf_frames as frames

TEMPLATES = Path(__file__).resolve().parents[1] / "templates" / "pdf"


class FontsOnly(URLFetcher):
    """Answers for the two typeface files and refuses everything else, local files first of all."""

    def __init__(self, folder: Path) -> None:
        super().__init__(allowed_protocols=())
        self._fonts = {f"paper-font://{weight}": folder / f"{weight}.otf" for weight in ("regular", "bold")}

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:
        path = self._fonts.get(url)
        if path is None:
            raise ValueError(f"refused: {url}")
        return URLFetcherResponse(url, path.read_bytes(), {"Content-Type": "font/otf"})


class Notes(logging.Handler):
    """Collects WeasyPrint's warnings, to hand them to the parent's log."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.taken: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        # string() in a running element is read in the page's margin, where it is allowed, but warned of before.
        if "only allowed in page margins" not in text:
            self.taken.append(text)


class Engine:
    """One font configuration and one parsed style sheet, for as many documents as come."""

    def __init__(self, fonts: Path) -> None:
        self._notes = Notes()
        log = logging.getLogger("weasyprint")
        log.handlers[:] = [self._notes]
        log.propagate = False
        self._fetcher = FontsOnly(fonts)
        self._fonts = FontConfiguration()
        text = (TEMPLATES / "paper.css").read_text(encoding="utf-8")
        self._sheet = CSS(string=text, font_config=self._fonts, url_fetcher=self._fetcher)

    def pdf(self, html: str) -> tuple[bytes, list[str]]:
        """Return the document and what WeasyPrint warned of. The same text gives the same bytes."""
        self._notes.taken = []
        page = HTML(string=html, base_url="paper:", url_fetcher=self._fetcher)
        mark = hashlib.sha256(html.encode()).hexdigest()[:32].encode()
        data: bytes = page.write_pdf(stylesheets=[self._sheet], font_config=self._fonts, pdf_identifier=mark)
        return data, self._notes.taken


def serve(engine: Engine, asks: IO[bytes], answers: IO[bytes]) -> None:
    """Answer until the parent closes its end. A document that fails is reported; the next one is tried all the same."""
    while True:
        try:
            html = frames.read(asks).decode()
        except EOFError:
            return
        notes: list[str] = []
        data, failed = b"", None
        try:
            data, notes = engine.pdf(html)
        except MemoryError:
            failed = "memory"
        except Exception as problem:  # noqa: BLE001 - whatever a document does, the parent is told
            failed = f"{type(problem).__name__}: {problem}"
        frames.write(answers, json.dumps({"notes": notes, "failed": failed}).encode(), data)
        del html, data
        gc.collect()


def main() -> None:
    """Be a child: limits first, then the engine, then asks from standard input."""
    memory = int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not mix with the answers
    try:
        serve(Engine(Path(sys.argv[1])), sys.stdin.buffer, answers)
    except (
        BrokenPipeError
    ):  # the parent was killed while a document was drawn: nobody reads, and closing the pipe would fail again
        os._exit(0)


if __name__ == "__main__":
    main()
