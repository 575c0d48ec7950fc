"""Workbooks made to hurt, on every page that takes one: refused fast, with a sentence, and nothing is changed (IE1, IE2, IE5)."""

from __future__ import annotations

import io
import re
import struct
import time
import zipfile
import zlib
from collections.abc import Callable
from html import unescape

import openpyxl
import pytest

from portal.core import clock
from tests.claims.kit import snapshot
from tests.factories.world import at

SECONDS = 2.0
CLOCK = at("2026-11-02 10:00")


def book(sheet: str = "", **parts: str | bytes) -> bytes:
    """A workbook whose first sheet is this XML; ``parts`` replace or add others ('xl/workbook.xml' as xl_workbook_xml)."""
    plain = io.BytesIO()
    openpyxl.Workbook().save(plain)
    out = io.BytesIO()
    named = {"xl/worksheets/sheet1.xml": sheet} if sheet else {}
    named |= {
        name.replace("__", "/").replace("_", ".", 1) if "/" not in name else name: part for name, part in parts.items()
    }
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in [*source.namelist(), *(set(named) - set(source.namelist()))]:
            target.writestr(name, named.get(name) or source.read(name))
    return out.getvalue()


NS = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def sheet(rows: str, *, before: str = "") -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?>{before}<worksheet {NS}><sheetData>{rows}</sheetData></worksheet>'


def cell(ref: str, text: str) -> str:
    return f'<c r="{ref}" t="inlineStr"><is><t>{text}</t></is></c>'


HEAD = "".join(
    cell(f"{column}1", words)
    for column, words in zip("ABCD", ("维修日期", "产品序列号", "配件编码", "数量"), strict=True)
)
ROW = "".join(
    cell(f"{column}2", words) for column, words in zip("ABCD", ("2026-10-06", "SN-1", "P1", "1"), strict=True)
)
GOOD = f'<row r="1">{HEAD}</row><row r="2">{ROW}</row>'


def many_empty_rows() -> bytes:
    return book(sheet(GOOD + "".join(f'<row r="{n}"/>' for n in range(3, 1_000_003))))


def many_empty_cells() -> bytes:
    """Under the limit of rows, over that of cells; the references keep it from being squeezed to a bomb."""
    rows = (
        f'<row r="{n}">' + "".join(f'<c r="{c}{n}" s="{n * 7919 % 97}"/>' for c in "ABCDEFGHIJ") + "</row>"
        for n in range(3, 45_003)
    )
    return book(sheet(GOOD + "".join(rows)))


def a_deep_zip() -> bytes:
    """One part of 70 MB of spaces in 70 KB."""
    return book(sheet(GOOD) + " " * 70_000_000)


def many_entries() -> bytes:
    out = io.BytesIO(book(sheet(GOOD)))
    with zipfile.ZipFile(out, "a") as archive:
        for number in range(600):
            archive.writestr(f"xl/media/{number}.xml", b"x")
    return out.getvalue()


def strings_that_grow() -> bytes:
    return book(sheet(GOOD), **{"xl/sharedStrings.xml": f"<sst {NS}>{'<si><t>A</t></si>' * 600_000}</sst>"})


def a_lying_size() -> bytes:
    """The listing says ten bytes; the part inflates to 40 MB."""
    packed = bytearray(book(sheet(GOOD) + " " * 40_000_000))
    real = struct.pack("<I", len(sheet(GOOD).encode()) + 40_000_000)
    return bytes(packed.replace(real, struct.pack("<I", 10)))


def overlapping_parts() -> bytes:
    """Many names for the same bytes, as a quine bomb has."""
    packed = zlib.compress(b"0" * 1_000_000)[2:-4]
    body = (
        struct.pack(
            "<4s5H3I2H", b"PK\x03\x04", 20, 0, 8, 0, 0, zlib.crc32(b"0" * 1_000_000), len(packed), 1_000_000, 1, 0
        )
        + b"a"
        + packed
    )
    listing = b"".join(
        struct.pack("<4s6H3I5H2I", b"PK\x01\x02", 20, 20, 0, 8, 0, 0, zlib.crc32(b"0" * 1_000_000), len(packed), 1_000_000, 5, 0, 0, 0, 0, 0, 0)
        + f"{number:05}".encode()
        for number in range(400)
    )  # fmt: skip
    return body + listing + struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 400, 400, len(listing), len(body), 0)


LAUGHS = (
    '<!DOCTYPE l [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    + "]>"
)
XXE = '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>'
REMOTE = '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/evil.dtd">'

LINKED = """<?xml version="1.0"?><externalLink xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"
 xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><externalBook r:id="rId1"/></externalLink>"""

HOSTILE: dict[str, tuple[Callable[[], bytes], str, str]] = {
    # what it is, its name, words of the sentence that says why
    "IE1 deep zip": (a_deep_zip, "a.xlsx", "解压后"),
    "IE1 many entries": (many_entries, "a.xlsx", "解压后"),
    "IE1 strings that grow": (strings_that_grow, "a.xlsx", "解压后"),
    "IE1 overlapping parts": (overlapping_parts, "a.xlsx", "解压后"),
    "IE1 a lying size": (a_lying_size, "a.xlsx", "无法读取"),
    "IE1 a million empty rows": (many_empty_rows, "a.xlsx", "行"),
    "IE1 450,000 empty cells": (many_empty_cells, "a.xlsx", "单元格"),
    "IE1 a far cell": (lambda: book(sheet(GOOD + f'<row r="1048576">{cell("XFD1048576", "x")}</row>')), "a.xlsx", "列"),
    "IE1 a far row": (lambda: book(sheet(GOOD + f'<row r="1048576">{cell("A1048576", "x")}</row>')), "a.xlsx", "行"),
    "IE1 a row of no number": (
        lambda: book(sheet('<row r="-5"><c r="A1"/></row>' + GOOD.replace('r="1"', 'r="99999999999"'))),
        "a.xlsx",
        "行",
    ),
    "IE2 an entity of a file": (lambda: book(sheet(GOOD.replace("SN-1", "&f;"), before=XXE)), "a.xlsx", "无法读取"),
    "IE2 billion laughs": (lambda: book(sheet(GOOD.replace("SN-1", "&i;"), before=LAUGHS)), "a.xlsx", "无法读取"),
    "IE2 a remote document type": (lambda: book(sheet(GOOD, before=REMOTE)), "a.xlsx", "无法读取"),
    "IE2 billion laughs in the strings": (
        lambda: book(sheet(GOOD), **{"xl/sharedStrings.xml": f"{LAUGHS}<sst {NS}><si><t>&i;</t></si></sst>"}),
        "a.xlsx",
        "无法读取",
    ),
    "a workbook with a password": (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 4096, "a.xlsx", "密码"),
    "an old workbook renamed": (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 4096, "a.csv", "密码"),
    "an old workbook": (lambda: b"\x09\x08\x10\x00", "a.xls", "xls"),
    "no zip at all": (lambda: b"PK\x03\x04" + b"\xff" * 2000, "a.xlsx", "无法读取"),
    "half a zip": (lambda: book(sheet(GOOD))[:1500], "a.xlsx", "无法读取"),
    "a zip that is no workbook": (lambda: _zip({"hello.txt": b"x"}), "a.xlsx", "无法读取"),
    "a web page renamed": (lambda: b"<html><script>alert(1)</script></html>", "a.xlsx", "找不到以下列"),
    "another kind": (lambda: b"MZ\x90\0", "a.exe", "exe"),
    "no file": (lambda: b"", "a.xlsx", "空"),
    "spaces": (lambda: b"  \r\n " * 500, "a.csv", "空"),
    "IE5 NUL in a csv": ("维修日期,产品序列号,配件编码\n2026-10-06,SN\0,P1\n".encode, "a.csv", "控制字符"),
    "IE5 control characters": (
        "维修日期,产品序列号,配件编码\n2026-10-06,SN\x07,P1\n".encode,
        "a.csv",
        "控制字符",
    ),
    "IE5 a lone surrogate": (lambda: b"a,b\n\xed\xa0\x80,x\n", "a.csv", ""),
    "a line of a million separators": (lambda: b"," * 1_000_000 + b"x\n", "a.csv", "列"),
    "a text of a megabyte": (lambda: b"a" * 1_000_000 + b",b\n", "a.csv", "字"),
    "20,001 rows": (lambda: b"a,b\n" * 20_001, "a.csv", "行"),
    "a quotation mark left open": ('维修日期,产品序列号,配件编码\n"2026,SN,P1\n'.encode, "a.csv", "引号"),
}


def _zip(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return out.getvalue()


@pytest.fixture(scope="module")
def made() -> dict[str, bytes]:
    return {}


def send(browser, where: str, data: bytes, name: str, **fields: str):
    """A form with a file, its body made here: the test client's own keeps a temporary file open."""
    mark = b"----portal-tests"
    parts = [
        b'Content-Disposition: form-data; name="' + key.encode() + b'"\r\n\r\n' + said.encode()
        for key, said in fields.items()
    ]
    parts.append(f'Content-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode() + data)
    body = b"".join(b"--" + mark + b"\r\n" + part + b"\r\n" for part in parts) + b"--" + mark + b"--\r\n"
    return browser.post(where, data=body, content_type=f"multipart/form-data; boundary={mark.decode()}")


PAGES = {
    "claim form": ("/claims/import", {}, lambda world: world.d1.clerk),
    "price list": ("/imports", {"kind": "prices", "first_day": "2027-01-01"}, lambda world: world.hq.admin),
    "products": ("/imports", {"kind": "products"}, lambda world: world.hq.admin),
}


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_workbook_is_refused_in_time_with_a_sentence(world, client_as, made, case, page):
    make, name, said = HOSTILE[case]
    data = made[case] if case in made else made.setdefault(case, make())
    where, fields, who = PAGES[page]
    browser, before = client_as(who(world)), snapshot(world)
    with clock.frozen(CLOCK):
        browser.get(where)
        browser.csrf = browser._read_token()
        begun = time.monotonic()
        answer = send(browser, where, data, name, **fields)
        took = time.monotonic() - begun
    text = answer.get_data(as_text=True)
    sentences = [
        unescape(found) for found in re.findall(r'class="field-err"[^>]*>.*?<span>(.*?)</span>', text, re.DOTALL)
    ]
    assert answer.status_code == 422
    assert any(said in sentence for sentence in sentences), sentences
    assert took < SECONDS
    assert "root:" not in text
    assert snapshot(world) == before


@pytest.mark.parametrize("page", PAGES)
def test_a_file_larger_than_all_limits_is_not_even_read(world, client_as, page):
    where, fields, who = PAGES[page]
    browser = client_as(who(world))
    browser.csrf = browser._read_token()
    answer = send(browser, where, b"x" * 30_000_000, "a.xlsx", **fields)
    assert answer.status_code == 413


def test_control_the_same_workbook_without_malice_is_taken(world, client_as):
    browser = client_as(world.d1.clerk)
    with clock.frozen(CLOCK):
        for data in (
            book(sheet(GOOD)),
            book(
                sheet(GOOD), **{"xl/externalLinks/externalLink1.xml": LINKED}
            ),  # a link to another workbook is never followed
            book(sheet(GOOD.replace("SN-1", "SN-2") + "".join(f'<row r="{n}"/>' for n in range(3, 50_000)))),
        ):
            assert send(browser, "/claims/import", data, "a.xlsx").status_code == 303


def test_UP3_a_files_name_is_shown_escaped_and_never_a_path(world, client_as):
    browser = client_as(world.d1.clerk)
    names = [
        "../../etc/<script>alert(1)</script>.xlsx",
        "C:\\CON\\a\u202ecod.xlsx",
        "长" * 300 + ".xlsx",
        "a\x07b.xlsx",
    ]
    with clock.frozen(CLOCK):
        for number, name in enumerate(names):
            data = book(sheet(GOOD.replace("SN-1", f"SN-{number}")))
            answer = browser.post("/claims/import", data={"file": (io.BytesIO(data), name)})
            assert answer.status_code == 303
            page = browser.get(answer.headers["Location"]).get_data(as_text=True)
            assert "<script>alert" not in page
            assert "etc/" not in page
            assert "CON\\" not in page
            assert "\x07" not in page


@pytest.mark.parametrize(
    "text", ["=1+1", "<b>x</b>", "{{7*7}}", "%(number)s %s", "'; DROP TABLE claims; --", "\u202e\u200b零"]
)
def test_hostile_words_in_cells_stay_words(world, client_as, text):
    data = io.BytesIO()
    made = openpyxl.Workbook()
    made.active.append(["维修日期", "产品序列号", "配件编码", "数量", "旧件登记号", "备注"])
    made.active.append([text, text, text, text, None, text])
    for place in made.active[2]:
        place.data_type = "s" if place.value else place.data_type
    made.save(data)
    browser = client_as(world.d1.clerk)
    with clock.frozen(CLOCK):
        answer = browser.post(
            "/claims/import", data={"file": (io.BytesIO(data.getvalue()), "a.xlsx"), "month": "2026-10"}
        )
        assert answer.status_code == 303
        page = browser.get(answer.headers["Location"])
        assert page.status_code == 200
        assert "<b>x</b>" not in page.get_data(as_text=True)
        out = openpyxl.load_workbook(io.BytesIO(browser.get(answer.headers["Location"] + "/form.xlsx").data))
    assert {
        place.data_type for row in out.worksheets[0].iter_rows(min_row=2, min_col=2) for place in row if place.value
    } == {"s"}
