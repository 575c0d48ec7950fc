"""A one-page paper through the portal's printer beside WeasyPrint alone, and what 200 of them do to memory."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from tests.bench import apart
from tests.bench.figures import Figure

SETTLED = 20  # documents until fonts and caches are there


def printing(home: Path, *, rounds: int, documents: int) -> list[Figure]:
    """Seconds a paper, best round of ten; and the printing child's memory after ``documents`` beside that after twenty."""
    portal, alone, begin, end = apart.run(measure, home, rounds, documents)
    return [
        Figure("one-page PDF", f"{1000 * portal:.0f} ms", f"{1000 * alone:.0f} ms", portal / alone, 1.3),
        Figure(f"memory of printing after {documents} papers", f"{end:.0f} MB", f"{begin:.0f} MB after {SETTLED}", end / begin, 1.1),
    ]  # fmt: skip


def measure(home: Path, rounds: int, documents: int) -> tuple[float, float, float, float]:
    """Seconds by the portal and by WeasyPrint alone, turn by turn; MB of the printing child early and late."""
    from portal.web.pdf import Printer
    from tests.web.papers_sample import order

    printer, paper = Printer(home=home, workers=1), order()
    alone = weasyprint(home)
    done, begin = 0, 0.0

    def portal() -> None:
        nonlocal done, begin
        printer.render("parts-order", paper)
        done += 1
        if done == SETTLED:
            begin = _child()

    for act in (portal, alone):
        act()
    best = [min(found) for found in zip(*[(_ten(portal), _ten(alone)) for _ in range(rounds)], strict=True)]
    while done < documents:
        portal()
    end = _child()
    printer.close()
    return best[0], best[1], begin, end


def weasyprint(home: Path) -> Callable[[], None]:
    """WeasyPrint as its manual says: the same text, one font configuration, one parsed style sheet, in this process."""
    from weasyprint import CSS, HTML
    from weasyprint.text.fonts import FontConfiguration

    from portal.web.pdf import TEMPLATES, text_of, unpack_fonts
    from portal.web.pdf_engine import FontsOnly
    from tests.web.papers_sample import order

    html = text_of("parts-order", order())
    fonts, fetch = FontConfiguration(), FontsOnly(unpack_fonts(home))
    sheet = CSS(string=(TEMPLATES / "paper.css").read_text(encoding="utf-8"), font_config=fonts, url_fetcher=fetch)

    def once() -> None:
        page = HTML(string=html, base_url="paper:", url_fetcher=fetch)
        page.write_pdf(stylesheets=[sheet], font_config=fonts)

    return once


def _ten(act: Callable[[], None]) -> float:
    begun = time.perf_counter()
    for _ in range(10):
        act()
    return (time.perf_counter() - begun) / 10


def _child() -> float:
    """What this process's printing child holds, in MB."""
    own = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text(encoding="utf-8").split()
    return max((apart.held(int(pid)) for pid in own), default=0.0)
