"""A corpus of hostile files over the real upload page: refused with a sentence, stored re-encoded, and never a 500 (UP1–UP4, UP6)."""

import io
import random
import struct
import zipfile
import zlib

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from sqlalchemy import text
from werkzeug.datastructures import FileStorage
from werkzeug.test import EnvironBuilder, encode_multipart, run_wsgi_app

from portal.files import rules, store
from portal.identity.edge import COOKIE
from tests.conftest import open_session
from tests.factories import heif
from tests.factories.world import make_world, picture


def drawn(kind, size=(200, 150), **options):
    out = io.BytesIO()
    Image.effect_noise(size, 60).convert("RGB").save(out, kind, **options)
    return out.getvalue()


def zipped(name, content):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr(name, content)
    return out.getvalue()


def png_header(width, height):
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")


def jpeg_header(width, height):
    frame = struct.pack(">HBHHB", 17, 8, height, width, 3) + b"\x01\x11\0\x02\x11\0\x03\x11\0"
    return b"\xff\xd8\xff\xc0" + frame + b"\xff\xd9"


def webp_header(width, height):
    body = b"\0\0\0\0" + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"RIFF\x64\0\0\0WEBPVP8X\x0a\0\0\0" + body + b"\0" * 80


JPEG, PNG, WEBP, HEIC = drawn("JPEG"), drawn("PNG"), drawn("WEBP"), heif.heic(grid=(2, 2))
SMALL = picture(4711)
KIND, BROKEN, LARGE, HEAVY, SEVERAL, MISSING = (
    "photo-kind", "photo-broken", "photo-too-large", "photo-too-heavy", "photo-several", "photo-missing",
)  # fmt: skip

# What is sent: its name, its bytes, and the refusal.
REFUSED = {
    "nothing": ("a.jpg", b"", MISSING),
    "one byte": ("a.jpg", b"x", KIND),
    "zeros": ("a.jpg", b"\0" * 4096, KIND),
    "svg": ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", KIND),
    "svg called jpg": ("a.jpg", b"<?xml version='1.0'?><svg onload='alert(1)'/>", KIND),
    "svg with an entity": ("a.svg", b"<!DOCTYPE s [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><svg>&x;</svg>", KIND),
    "html": ("a.html", b"<!doctype html><script>alert(1)</script>", KIND),
    "html called jpg": ("a.jpg", b"<html><body onload=alert(1)>", KIND),
    "javascript": ("a.js", b"alert(1)//", KIND),
    "php": ("a.php", b"<?php system($_GET['c']); ?>", KIND),
    "php before a jpeg": ("a.jpg", b"<?php echo 1; ?>" + JPEG, KIND),
    "shell": ("a.sh", b"#!/bin/sh\nrm -rf /\n", KIND),
    "elf": ("a.jpg", b"\x7fELF\x02\x01\x01" + b"\0" * 100, KIND),
    "exe": ("a.exe", b"MZ\x90\0" + b"\0" * 100, KIND),
    "pdf": ("a.pdf", b"%PDF-1.7\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>", KIND),
    "postscript": ("a.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd)(r) file", KIND),
    "postscript called jpg": ("a.jpg", b"%!PS\nquit", KIND),
    "zip": ("a.zip", zipped("a.txt", "x"), KIND),
    "jar": ("a.jar", zipped("META-INF/MANIFEST.MF", "Main-Class: X"), KIND),
    "gif": ("a.gif", drawn("GIF"), KIND),
    "gif called jpg": ("a.jpg", drawn("GIF"), KIND),
    "gif and javascript": ("a.gif", b"GIF89a/*" + b"\0" * 20 + b"*/=1;alert(1)", KIND),
    "bmp": ("a.bmp", drawn("BMP"), KIND),
    "tiff": ("a.tif", drawn("TIFF"), KIND),
    "ico": ("a.ico", drawn("ICO"), KIND),
    "ppm": ("a.ppm", drawn("PPM"), KIND),
    "tga": ("a.tga", drawn("TGA"), KIND),
    "jpeg 2000": ("a.jp2", b"\0\0\0\x0cjP  \r\n\x87\n" + b"\0" * 64, KIND),
    "psd": ("a.psd", b"8BPS\0\x01" + b"\0" * 64, KIND),
    "icns": ("a.icns", b"icns" + b"\0\0\0\x40" + b"\0" * 64, KIND),
    "avif": ("a.avif", heif.heic(brands=(b"avif", b"mif1", b"avif")), KIND),
    "film": ("a.mov", b"\0\0\0\x14ftypqt  \0\0\0\0qt  " + b"\0" * 64, KIND),
    "mp4": ("a.heic", b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + b"\0" * 64, KIND),
    "sound": ("a.jpg", b"RIFF\x24\0\0\0WAVEfmt " + b"\0" * 64, KIND),
    "jpeg behind a byte order mark": ("a.jpg", b"\xef\xbb\xbf" + JPEG, KIND),
    "png behind a blank": ("a.png", b" " + PNG, KIND),
    "base64": ("a.jpg", b"data:image/jpeg;base64,/9j/4AAQSkZJRg==", KIND),
    "jpeg's beginning": ("a.jpg", b"\xff\xd8\xff", BROKEN),
    "jpeg's beginning, then html": ("a.jpg", b"\xff\xd8\xff<script>alert(1)</script>", BROKEN),
    "jpeg's beginning, then png": ("a.jpg", b"\xff\xd8\xff\xe0" + PNG, BROKEN),
    "png's beginning": ("a.png", b"\x89PNG\r\n\x1a\n", BROKEN),
    "png's beginning, then jpeg": ("a.png", b"\x89PNG\r\n\x1a\n" + JPEG, BROKEN),
    "webp's beginning": ("a.webp", b"RIFF\x24\0\0\0WEBP", BROKEN),
    "webp's beginning, then html": ("a.webp", b"RIFF\x24\0\0\0WEBP<script>alert(1)</script>", BROKEN),
    "heic's beginning": ("a.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", BROKEN),
    "heic's beginning, then jpeg": ("a.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + JPEG, BROKEN),
    "heic of a box without end": ("a.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic\xff\xff\xff\xffmeta", BROKEN),
    "png bomb": ("a.png", png_header(20_000, 20_000), LARGE),
    "png of a line": ("a.png", png_header(2_000_000_000, 1), LARGE),
    "png between warning and error": ("a.png", png_header(7_000, 6_000), LARGE),
    "jpeg of 65,500 squared": ("a.jpg", jpeg_header(65_500, 65_500), LARGE),
    "webp bomb": ("a.webp", webp_header(16_777_216, 16_777_216), LARGE),
    "heic bomb": ("a.heic", heif.heic(size=(65_000, 65_000)), LARGE),
    "heic's grid bomb": ("a.heic", heif.heic(grid=(1, 1), whole=(100_000, 100_000)), LARGE),
    "heic that lies": ("a.heic", heif.heic(size=(5_000, 5_000)), BROKEN),
    "png of no size": ("a.png", png_header(0, 0), BROKEN),
    "jpeg of no size": ("a.jpg", jpeg_header(0, 0), BROKEN),
    "too many bytes": ("a.jpg", JPEG + b"\0" * rules.BYTES_LIMIT, HEAVY),
    "a film as webp": ("a.webp", drawn("WEBP", save_all=True, append_images=[Image.new("RGB", (200, 150))]), SEVERAL),
    "a film as png": ("a.png", drawn("PNG", save_all=True, append_images=[Image.new("RGB", (200, 150))]), SEVERAL),
    **{
        f"{name} cut off after {part} %": (f"a.{name}", data[: len(data) * part // 100], BROKEN)
        for name, data in {"jpg": JPEG, "png": PNG, "webp": WEBP, "heic": HEIC}.items()
        for part in (10, 50, 90)
    },
}

# What is a photo with something else in it, or under an odd name: taken, redrawn, and nothing of the rest is kept.
SCRIPT = b"<script>alert('polyglot')</script>"
TAKEN = {
    "jpeg and javascript": ("a.jpg", drawn("JPEG", comment=b"*/=1;" + SCRIPT + b"/*")),
    "jpeg, then a jar": ("a.jpg", JPEG + zipped("evil.class", SCRIPT)),
    "jpeg, then php": ("a.jpg.php", JPEG + b"<?php system($_GET['c']); ?>" + SCRIPT),
    "png, then html": ("a.png", PNG + SCRIPT),
    "webp, then html": ("a.webp", WEBP + SCRIPT),
    "heic, then html": ("a.heic", HEIC + SCRIPT),
    "called .php": ("shell.php", JPEG),
    "called .jpg.php": ("photo.jpg.php", JPEG),
    "called with NUL": ("photo.php%00.jpg", JPEG),
    "called a path": ("../../../../etc/cron.d/evil", JPEG),
    "called a Windows device": ("CON", JPEG),
    "called from right to left": ("photo\u202egpj.exe", JPEG),
    "called html": ("<img src=x onerror=alert(1)>.jpg", JPEG),
    "a name of 4 KB": ("字" * 1365 + ".jpg", JPEG),
    "no name's ending": ("IMG_0001", PNG),
    "png called jpg": ("a.jpg", PNG),
    "heic called jpg": ("IMG_0001.jpg", HEIC),
    "an iPhone's": ("IMG_0001.HEIC", heif.heic(grid=(20, 24), turned=3, orientation=6)),
}


@pytest.fixture(scope="module")
def shelf(app):
    """A brand whose D001 has a registered old part, without photos."""
    world = make_world()
    world.received_order(world.d1, {"P1": 5})
    world.number = world.registered_old_part(world.d1, photos=0)
    return world


@pytest.fixture
def phone(shelf, client_as):
    """The technician's browser, and its token."""
    client = client_as(shelf.d1.technician)
    client.csrf = client._read_token()
    return client


def send(phone, number, name, data, kind="more"):
    # Encoded here: the test client would leave large ones in a temporary file that nobody closes.
    boundary, body = encode_multipart({"photo": FileStorage(io.BytesIO(data), filename=name), "kind": kind})
    return phone.post(
        f"/old-parts/{number}/photos",
        data=body,
        content_type=f"multipart/form-data; boundary={boundary}",
        headers={"X-CSRFToken": phone.csrf, "X-Requested-With": "fetch"},
    )


def photos(world):
    with world.as_(world.d1.clerk) as session:
        return session.execute(text("SELECT stored_name, public_id FROM photos ORDER BY id")).all()


def files_of(world):
    return {file.name for portion in store.listed(world.brand_id) for file in portion}


SAID = {
    KIND: ("只能保存 JPEG、PNG、WebP 和 HEIC 格式的照片", "Only JPEG, PNG, WebP and HEIC photos can be stored."),
    SEVERAL: ("格式为 JPEG、PNG、WebP 或 HEIC", "as JPEG, PNG, WebP or HEIC."),
    BROKEN: ("照片无法读取", "The photo cannot be read"),
    LARGE: ("照片超过 40 百万像素", "The photo has more than 40 million pixels."),
    HEAVY: ("照片超过 12 MB", "The photo is larger than 12 MB."),
    MISSING: ("没有收到照片", "No photo arrived."),
}


def test_UP2_the_corpus_has_at_least_sixty_files():
    assert len(REFUSED) >= 60
    assert len(TAKEN) >= 15


@pytest.mark.parametrize("case", REFUSED)
def test_UP2_a_hostile_file_is_refused_with_a_sentence_in_both_languages(shelf, phone, case):
    name, data, code = REFUSED[case]
    before = (photos(shelf), files_of(shelf))
    for language, words in zip(("zh_Hans_CN", "en"), SAID[code], strict=True):
        phone.set_cookie("portal_lang", language)
        answer = send(phone, shelf.number, name, data)
        assert (answer.status_code, answer.mimetype) == (422, "application/json")
        assert words in answer.json["error"]
    assert (photos(shelf), files_of(shelf)) == before


@pytest.mark.parametrize("case", TAKEN)
def test_UP2_a_photo_with_something_else_in_it_is_redrawn_and_stored_under_a_random_name(world, client_as, case):
    name, data = TAKEN[case]
    world.received_order(world.d1, {"P1": 1})
    number = world.registered_old_part(world.d1, photos=0)
    phone = client_as(world.d1.technician)
    phone.csrf = phone._read_token()
    assert send(phone, number, name, data).status_code == 201
    ((stored, public),) = photos(world)
    assert stored == store.original(stored) == store.variant(stored, 1).replace("-1.", ".")
    kept = store.get(world.brand_id, stored)
    assert kept.startswith(b"\xff\xd8\xff")
    assert kept.endswith(b"\xff\xd9")
    for trace in (b"script", b"php", b"PK\x03\x04", b"Exif"):
        assert trace not in kept
    shown = phone.get(f"/photos/{public}.jpg")
    assert (shown.mimetype, shown.data) == ("image/jpeg", kept)
    assert shown.headers["Content-Disposition"] == "inline"
    for page in (
        f"/old-parts/{number}",
        f"/old-parts/{number}/photos",
    ):  # UP3: nothing of the sender's name is anywhere
        said = phone.get(page).get_data(as_text=True)
        assert "onerror" not in said
        assert "\u202e" not in said
        assert "cron.d" not in said


@given(st.text(st.characters(blacklist_categories=("Cs",)), max_size=80))
@hypothesis.settings(max_examples=25, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture])
def test_UP3_whatever_a_file_is_called_only_its_picture_counts(shelf, phone, name):
    answer = send(phone, shelf.number, name, SMALL, kind="after")
    assert answer.status_code in ({201} if name and name.isprintable() else {201, 422})  # 422: no file was chosen
    assert len([row for row in photos(shelf) if row.stored_name in files_of(shelf)]) == len(photos(shelf))


def test_UP2_random_bytes_and_bent_photos_are_never_a_500(shelf, phone):
    dice = random.Random(20261011)  # noqa: S311 - a seed that can be played again
    for _ in range(40):
        data = bytearray(dice.choice((JPEG, PNG, WEBP, dice.randbytes(500))))
        for _ in range(dice.randint(1, 30)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        answer = send(phone, shelf.number, "a.jpg", bytes(data))
        assert answer.status_code in {201, 422}
        assert answer.status_code == 201 or answer.json["error"]


def test_UP3_a_request_bent_out_of_shape_is_answered_and_never_a_500(shelf, phone):
    address = f"/old-parts/{shelf.number}/photos"
    headers = {"X-CSRFToken": phone.csrf, "X-Requested-With": "fetch"}
    kind = "multipart/form-data; boundary=x"
    bodies = {
        b"": 422,
        b"--x": 422,
        b"--x\r\n\r\n": 422,
        b'--x\r\nContent-Disposition: form-data; name="photo"\r\n\r\ntext, no file\r\n--x--\r\n': 422,
        b'--x\r\nContent-Disposition: form-data; name="photo"; filename=""\r\n\r\n\r\n--x--\r\n': 422,
        b'--x\r\nContent-Disposition: form-data; name="photo"; filename="a\0b.jpg"\r\n\r\nx\r\n--x--\r\n': 422,
        b'--x\r\nContent-Disposition: form-data; name="photo"; filename="\xff\xfe.jpg"\r\n\r\nx\r\n--x--\r\n': 422,
    }
    for body, status in bodies.items():
        answer = phone.post(address, data=body, content_type=kind, headers=headers)
        assert answer.status_code in {status, 400}, body
    sent = {"photo": (io.BytesIO(JPEG), "a.jpg"), "kind": "\0nameplate"}
    assert phone.post(address, data=sent, headers=headers).status_code in {400, 422}


class Body(io.RawIOBase):
    """What a client goes on sending for ever; ``given`` is how much of it was read."""

    given = 0

    def readable(self):
        return True

    def readinto(self, buffer):
        self.given += len(buffer)
        buffer[:] = b"\0" * len(buffer)
        return len(buffer)


def endless(app, shelf, body, **said):
    """The status of an upload with that body, as the server's gateway hands it on."""
    builder = EnvironBuilder(
        path=f"/old-parts/{shelf.number}/photos",
        method="POST",
        content_type="multipart/form-data; boundary=x",
        headers={"Cookie": f"{COOKIE}={open_session(shelf.d1.technician)}"},
    )
    environ = {**builder.get_environ(), "wsgi.input": io.BufferedReader(body), **said}
    return run_wsgi_app(app, environ)[1]


@pytest.mark.parametrize("length", ["2147483648", "25165825", "99999999999999999999"])
def test_UP6_a_body_of_2_GB_is_refused_by_its_length_without_being_read(app, shelf, length):
    body = Body()
    assert endless(app, shelf, body, CONTENT_LENGTH=length) == "413 REQUEST ENTITY TOO LARGE"
    assert body.given == 0


def test_UP6_a_body_without_a_length_ends_at_the_limit(app, shelf):
    """Chunked: the server hands the stream on with its end marked; what is over the limit is not taken."""
    body = Body()
    said = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
    assert endless(app, shelf, body, **said) == "413 REQUEST ENTITY TOO LARGE"
    assert 0 < body.given <= 25 * 1024 * 1024


def test_the_pages_ask_for_the_four_formats_and_say_so(shelf, phone):
    page = phone.get(f"/old-parts/{shelf.number}/photos").get_data(as_text=True)
    for kind in ("image/jpeg", "image/png", "image/webp", "image/heic", "image/heif", ".heic"):
        assert kind in page.split('accept="', 1)[1].split('"', 1)[0].split(",")
    assert "支持 JPEG、PNG、WebP 和 HEIC（iPhone）照片" in page
    phone.set_cookie("portal_lang", "en")
    page = phone.get(f"/old-parts/{shelf.number}/photos").get_data(as_text=True)
    assert "JPEG, PNG, WebP or HEIC (iPhone), at most 12 MB each" in page
    assert "of 2048 MB." in page


def test_UP7_a_full_quota_and_a_full_store_are_said(world, client_as, tmp_path, settings):
    from portal.core.terms import TermValue
    from portal.files.models import Photo
    from tests.factories.world import at

    world.received_order(world.d1, {"P1": 1})
    number = world.registered_old_part(world.d1, photos=0)
    phone = client_as(world.d1.technician)
    phone.csrf = phone._read_token()
    try:
        store.use_folder(tmp_path / "files")
        (tmp_path / "files" / str(world.brand_id)).write_text("no folder can be made here")
        answer = send(phone, number, "a.jpg", picture(1))
        assert (answer.status_code, answer.json["error"][:8]) == (422, "暂时无法保存照片")
    finally:
        store.use(settings)
    with world.as_(world.hq.admin) as session:
        session.add(
            TermValue(
                name="files.quota",
                from_day=at("2026-01-01 00:00").date(),
                value=16,
                set_at=at("2026-01-01 00:00"),
                set_by="x",
            )
        )
    with world.as_(world.d1.technician) as session:
        session.add(
            Photo(
                dealer_id=world.d1.id, public_id="f" * 32, subject_kind="old-part", subject_id=10**9, slot="more", content_hash="0" * 64,
                stored_name=store.new_name(), width=1, height=1, size=16 * 1024 * 1024, uploaded_at=at("2026-10-01 09:00"), uploaded_by="x",
            )
        )  # fmt: skip
    answer = send(phone, number, "a.jpg", picture(1))
    assert answer.status_code == 422
    assert "已占用 16 MB，上限为 16 MB" in answer.json["error"]
    phone.set_cookie("portal_lang", "en")
    assert "take 16 MB of the 16 MB" in send(phone, number, "a.jpg", picture(1)).json["error"]
    page = client_as(world.hq.clerk).get("/dealers/D001").get_data(as_text=True)
    assert "1 张照片，已用 16／16 MB" in page or "已用 16／16 MB" in page
