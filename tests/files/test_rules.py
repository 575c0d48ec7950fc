"""What may be a photo: a corpus of hostile files (UP1, UP2, UP4)."""

import io
import struct
import zlib

import pytest
from PIL import Image

from portal.core.errors import Refused
from portal.files import rules


def jpeg(size=(64, 48), **options):
    out = io.BytesIO()
    Image.new("RGB", size, (180, 90, 40)).save(out, "JPEG", **options)
    return out.getvalue()


def png(size=(64, 48), mode="RGB", **options):
    out = io.BytesIO()
    Image.new(mode, size).save(out, "PNG", **options)
    return out.getvalue()


def bomb(width, height):
    """A PNG whose header promises many pixels and whose body is short: nothing may be decoded to find out."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


def refusal(data):
    with pytest.raises(Refused) as refused:
        rules.checked(data)
    return refused.value.code


@pytest.mark.parametrize(
    "data",
    [jpeg(), png(), png(mode="RGBA"), png(mode="L"), png(mode="P"), png(mode="1"), png(mode="I;16"), png(mode="LA")],
)
def test_JPEG_and_PNG_of_any_mode_become_a_JPEG(data):
    picture = rules.checked(data)
    assert picture.jpeg.startswith(b"\xff\xd8\xff")
    assert (picture.width, picture.height) == (64, 48)
    with Image.open(io.BytesIO(picture.jpeg)) as image:
        assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (64, 48))


def test_a_CMYK_JPEG_is_understood():
    out = io.BytesIO()
    Image.new("CMYK", (20, 20)).save(out, "JPEG")
    assert rules.checked(out.getvalue()).width == 20


def test_UP1_a_bomb_of_400_megapixels_is_refused_before_decoding():
    data = bomb(20_000, 20_000)
    assert len(data) < 1000
    assert refusal(data) == "photo-too-large"


def test_UP1_the_warning_of_Pillow_is_an_error_too():
    assert refusal(bomb(7_000, 6_000)) == "photo-too-large"  # 42 MP: Pillow alone would only warn
    assert refusal(bomb(13_000, 13_000)) == "photo-too-large"


def test_UP1_the_limit_holds_even_if_somebody_switches_off_Pillows_own(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    assert refusal(bomb(7_000, 6_000)) == "photo-too-large"


def test_forty_megapixels_are_taken_and_made_smaller():
    picture = rules.checked(jpeg((8_000, 5_000)))
    assert (picture.width, picture.height) == (2000, 1250)


@pytest.mark.parametrize(
    "data",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<!doctype html><html><body>hello</body></html>",
        b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;",
        b"GIF89a/*" + jpeg(),
        b"RIFF\x24\x00\x00\x00WEBPVP8 " + b"\0" * 40,
        b"\x00\x00\x00\x18ftypheic" + b"\0" * 40,
        b"BM" + b"\0" * 60,
        b"II*\x00" + b"\0" * 60,
        b"%PDF-1.7\n",
        b"PK\x03\x04" + b"\0" * 60,
        b"<?php echo 1; ?>" + jpeg(),
        b"\xef\xbb\xbf" + jpeg(),
        b" " + png(),
        b"\0" * 100,
        b"x",
    ],
)
def test_UP2_what_does_not_begin_like_a_JPEG_or_PNG_is_refused(data):
    assert refusal(data) == "photo-kind"


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xd8\xff",
        b"\xff\xd8\xff" + b"<script>alert(1)</script>",
        b"\xff\xd8\xff\xe0" + png(),
        b"\x89PNG\r\n\x1a\n",
        b"\x89PNG\r\n\x1a\n" + jpeg(),
        jpeg((400, 300))[:300],
        png((400, 300))[:60],
        png()[:-30],
    ],
)
def test_UP2_a_right_beginning_with_a_wrong_rest_is_refused(data):
    assert refusal(data) == "photo-broken"


@pytest.mark.parametrize(
    "payload", [b"<script>alert(1)</script>", b"<?php system($_GET[0]); ?>", b"PK\x03\x04evil.jar"]
)
def test_UP2_a_polyglot_is_drawn_anew_and_loses_its_other_half(payload):
    for data in (jpeg() + payload, jpeg(comment=payload)):
        assert payload in data
        assert payload not in rules.checked(data).jpeg


def test_UP4_place_and_owner_are_stripped_and_the_picture_stands_upright():
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held sideways
    exif[0x013B] = "Owner Zhang"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (26.0, 4.0, 30.0)
    data = jpeg((64, 48), exif=exif)
    assert b"Owner Zhang" in data
    picture = rules.checked(data)
    assert (picture.width, picture.height) == (48, 64)
    assert b"Owner Zhang" not in picture.jpeg
    assert b"Exif" not in picture.jpeg
    with Image.open(io.BytesIO(picture.jpeg)) as image:
        assert dict(image.getexif()) == {}


def test_UP4_a_PNG_loses_its_texts():
    from PIL.PngImagePlugin import PngInfo

    texts = PngInfo()
    texts.add_text("Author", "Owner Zhang")
    assert b"Owner Zhang" not in rules.checked(png(pnginfo=texts)).jpeg


def test_nothing_and_too_many_bytes_are_refused():
    assert refusal(b"") == "photo-missing"
    assert refusal(jpeg() + b"\0" * rules.BYTES_LIMIT) == "photo-too-heavy"


def test_what_is_see_through_lies_on_white():
    picture = rules.checked(png(mode="RGBA"))
    with Image.open(io.BytesIO(picture.jpeg)) as image:
        assert image.getpixel((10, 10)) == (255, 255, 255)


def test_the_same_upload_is_the_same_picture_again():
    assert rules.checked(jpeg()).sha256 == rules.checked(jpeg()).sha256


def test_a_thumbnail_is_at_most_240_pixels_long():
    small = rules.thumbnail(rules.checked(jpeg((1200, 900))).jpeg)
    with Image.open(io.BytesIO(small)) as image:
        assert (image.format, image.size) == ("JPEG", (240, 180))
