"""How papers are printed: one typeface, nothing fetched, children that fail alone."""

import os
import re
import resource
import signal
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfReader

from portal.web import papers, pdf, pdf_pool, qr
from tests.web import papers_sample as sample

pytestmark = pytest.mark.skipif(pdf.check_libraries() is not None, reason=str(pdf.check_libraries()))

SMALL = '<!doctype html><html lang="zh-CN"><title>t</title><body class="label"><p>测试</p></body></html>'
HEAVY = SMALL.replace("<p>测试</p>", "<table class=grid>" + "<tr><td>测试<td>1<td>2</tr>" * 20_000 + "</table>")


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """A folder for unpacked fonts."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def printer(home):
    """A printer in this process."""
    found = pdf.Printer(home=home, inline=True)
    yield found
    found.close()


@pytest.fixture
def pool(home):
    """One child at a time."""
    found = pdf_pool.Pool(pdf.unpack_fonts(home), workers=1)
    yield found
    found.close()


def text(data: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(BytesIO(data)).pages)


# ---------- the children ----------


def test_a_paper_printed_by_a_child_is_the_same_file_each_time(home, printer):
    by_children = pdf.Printer(home=home, workers=1)
    try:
        first = by_children.render("parts-order", sample.order())
        assert first == by_children.render("parts-order", sample.order())
    finally:
        by_children.close()
    assert text(first) == text(printer.render("parts-order", sample.order()))


def test_a_document_that_takes_too_long_fails_alone(pool):
    """PD2."""
    pool.render(SMALL)
    pool.time_limit = 0.3
    with pytest.raises(pdf.PrintingFailed, match=r"^time$"):
        pool.render(HEAVY)
    pool.time_limit = pdf_pool.TIME_LIMIT
    assert "测试" in text(pool.render(SMALL)[0])


def test_a_document_beyond_the_memory_limit_fails_alone(pool):
    """PD2."""
    pool.render(SMALL)
    child = pool.children[0]
    used = int(re.search(r"VmSize:\s+(\d+)", Path(f"/proc/{child.pid}/status").read_text())[1]) << 10
    assert resource.prlimit(child.pid, resource.RLIMIT_AS) == (pdf_pool.MEMORY, pdf_pool.MEMORY)
    resource.prlimit(child.pid, resource.RLIMIT_AS, (used + (20 << 20), pdf_pool.MEMORY))
    with pytest.raises(pdf.PrintingFailed, match=r"^(memory|ended)$"):
        pool.render(SMALL.replace("测试", "测试" * 3_000_000))
    assert "测试" in text(pool.render(SMALL)[0])


def test_a_child_that_died_is_replaced_before_the_next_document(pool):
    pool.render(SMALL)
    first = pool.children[0]
    os.kill(first.pid, signal.SIGKILL)
    os.waitid(os.P_PID, first.pid, os.WEXITED | os.WNOWAIT)
    assert "测试" in text(pool.render(SMALL)[0])
    assert pool.children[0].pid != first.pid


def test_a_child_is_replaced_when_it_has_printed_its_share(pool, monkeypatch):
    monkeypatch.setattr(pdf_pool, "LIFETIME", 2)
    numbers = []
    for _ in range(3):
        pool.render(SMALL)
        numbers.append([child.pid for child in pool.children])
    assert [len(found) for found in numbers] == [1, 0, 1]
    assert numbers[0] != numbers[2]


def test_a_document_that_breaks_is_told_and_the_child_goes_on(pool):
    pool.render(SMALL)
    before = pool.children[0].pid
    with pytest.raises(pdf.PrintingFailed, match="RecursionError"):
        pool.render(SMALL.replace("测试", "<div>" * 5000))
    pool.render(SMALL)
    assert pool.children[0].pid == before


def test_a_child_knows_no_font_of_the_machine(home):
    folder = pdf.unpack_fonts(home)
    assert str(folder) in (folder / pdf_pool.FONTCONFIG).read_text(encoding="utf-8")
    data, notes = _once(folder, SMALL.replace("测试", "<span style='font-family:DejaVu Sans'>Aa</span>"))
    assert notes == []
    reader = PdfReader(BytesIO(data))
    fonts = {
        str(font.get_object()["/BaseFont"]) for page in reader.pages for font in page["/Resources"]["/Font"].values()
    }
    assert len(fonts) == 1
    assert next(iter(fonts)).split("+")[-1].startswith("Noto-Sans")


def _once(folder: Path, html: str) -> tuple[bytes, list[str]]:
    child = pdf_pool.Child(folder)
    try:
        return child.ask(html, time_limit=pdf_pool.TIME_LIMIT)
    finally:
        child.close()


# ---------- what strangers type ----------

HOSTILE = (
    "<script>alert(1)</script>",
    "<img src='file:///etc/passwd'>",
    "<link rel=attachment href='file:///etc/passwd'>",
    "<style>@import 'http://127.0.0.1:9/x.css';</style>",
    "\"><iframe src='http://127.0.0.1:9/'></iframe>",
    "{{ paper.__class__ }}",
    "url(file:///etc/hostname)",
)


@pytest.mark.parametrize("words", HOSTILE)
def test_what_strangers_type_is_printed_as_typed_and_fetches_nothing(printer, caplog, words):
    """PD1."""
    line = replace(sample.ORDER_LINES[0], part_name=words, spec=words, reason=words, model=words, serial=words)
    dealer = replace(sample.DEALER, name=words)
    paper = sample.order(lines=(line,), dealer=dealer, remark=words)
    html = pdf.text_of("parts-order", paper)
    assert words not in html.replace("{{ paper.__class__ }}", "") or "<" not in words
    data = printer.render("parts-order", paper)
    assert b"EmbeddedFile" not in data
    assert "root:" not in text(data)
    assert caplog.records == []


def test_the_engine_refuses_every_address_but_its_typefaces(home, printer):
    """PD1."""
    from portal.web.pdf_engine import FontsOnly

    fetcher = FontsOnly(pdf.unpack_fonts(home))
    assert fetcher.fetch("paper-font://bold").read(4) == b"OTTO"
    for address in (
        "file:///etc/passwd",
        "http://127.0.0.1:9/",
        "https://example.com/",
        "data:text/plain,x",
        "ftp://x/",
        "paper:x",
        "x",
    ):
        with pytest.raises(ValueError, match="refused"):
            fetcher.fetch(address)


def test_raw_markup_that_asks_for_files_gets_none(home):
    html = SMALL.replace(
        "<p>测试</p>",
        "<p>测试</p><img src='file:///etc/passwd'><link rel=attachment href='file:///etc/passwd'>"
        "<a rel=attachment href='file:///etc/passwd'>x</a><object data='file:///etc/passwd'></object>"
        "<svg><image href='file:///etc/passwd' width='9' height='9'/></svg>",
    )
    data, notes = _once(pdf.unpack_fonts(home), html)
    assert len(notes) >= 3
    assert all("refused" in note for note in notes)
    assert "root:" not in text(data)
    assert "attachments" not in dir(PdfReader(BytesIO(data))) or not PdfReader(BytesIO(data)).attachments


def test_long_words_break_inside_their_cell(printer):
    word = "W" * 400
    line = replace(sample.ORDER_LINES[0], part_name=word, spec=word, reason=word, model=word, serial=word)
    data = printer.render("parts-order", sample.order(lines=(line,)))
    assert text(data).replace("\n", "").replace("WARE", "").count("W") == 5 * 400


def test_characters_that_the_typeface_lacks_are_shown_as_missing_and_logged(printer, caplog):
    line = replace(sample.ORDER_LINES[0], part_name="阀\U0001f600芯\u202e\u200b喆\x07")
    printed = text(printer.render("parts-order", sample.order(lines=(line,))))
    assert "阀〓芯喆" in printed
    assert [record.getMessage() for record in caplog.records] == ["characters that the typeface lacks: U+1F600"]


# ---------- what it needs ----------


def test_fonts_are_unpacked_once(home):
    folder = pdf.unpack_fonts(home)
    before = {path.name: path.stat().st_mtime_ns for path in folder.glob("*.otf")}
    assert set(before) == {"regular.otf", "bold.otf"}
    assert pdf.unpack_fonts(home) == folder
    assert {path.name: path.stat().st_mtime_ns for path in folder.glob("*.otf")} == before
    assert not list(folder.glob("*.part"))


def test_missing_libraries_are_named_with_the_command(monkeypatch, tmp_path):
    monkeypatch.setitem(pdf.LIBRARIES, "libharfbuzz-subset.so.99", "libharfbuzz-subset0")
    sentence = "Printing needs system libraries that are missing: apt-get install libharfbuzz-subset0"
    assert pdf.check_libraries() == sentence
    with pytest.raises(pdf.PrintingUnavailable, match="apt-get install libharfbuzz-subset0"):
        pdf.Printer(home=tmp_path, inline=True).render("parts-order", sample.order())


def test_a_folder_that_others_may_write_is_not_trusted_with_fonts(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folder = pdf.default_home()
    assert folder.parent == tmp_path
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o777)
    with pytest.raises(pdf.PrintingUnavailable, match="may be written by others"):
        pdf.default_home()


def test_the_module_prints_with_the_printer_that_was_configured(home):
    pdf.configure(home=home, inline=True)
    try:
        assert pdf.render("oldpart-label", papers.OldPartLabels(labels=(sample.label(),))).startswith(b"%PDF-")
    finally:
        pdf.configure()


def test_a_qr_is_one_drawing_without_a_fixed_size():
    drawn = qr.svg("http://127.0.0.1:8000/q/lanquan/PO2611-0042")
    assert drawn.startswith('<svg role="img" aria-label="QR" viewBox="0 0 37 37">')
    assert drawn.count("<path") == 1


def test_a_printer_that_was_warmed_has_its_child_ready(tmp_path):
    printer = pdf.Printer(home=tmp_path, workers=1)
    try:
        printer.warm()
        assert len(printer._own_pool().children) == 1
    finally:
        printer.close()
