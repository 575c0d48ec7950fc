"""What may be a photo: a corpus of hostile files (UP1, UP2, UP4)."""

import io
import struct

import pytest
from PIL import Image

from portal.core.errors import Refused
from portal.files import rules
from tests.factories import heif
from tests.files.pictures import bomb, film, jpeg, png, progressive, refusal, riff, webp


@pytest.mark.parametrize(
    "data",
    [
        jpeg(),
        png(),
        png(mode="RGBA"),
        png(mode="L"),
        png(mode="P"),
        png(mode="1"),
        png(mode="I;16"),
        png(mode="LA"),
        webp(),
        webp(mode="RGBA"),
        webp(lossless=True),
        webp(mode="RGBA", lossless=True),
        webp(exif=b"Exif\0\0II*\0\x08\0\0\0\0\0"),
    ],
)
def test_JPEG_PNG_and_WebP_of_any_mode_become_a_JPEG(data):
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
        b"RIFF\x24\x00\x00\x00WAVEfmt " + b"\0" * 40,
        heif.heic(brands=(b"avif", b"mif1", b"avif")),
        heif.heic(brands=(b"msf1", b"msf1", b"hevc")),
        b"\x00\x00\x00\x18ftypmp42" + b"\0" * 40,
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
def test_UP2_what_does_not_begin_like_one_of_the_four_formats_is_refused(data):
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
        b"RIFF\x24\x00\x00\x00WEBPVP8 " + b"\0" * 40,
        b"RIFF\x24\x00\x00\x00WEBPVP8L" + b"\0" * 40,
        b"RIFF\x24\x00\x00\x00WEBPALPH" + b"\0" * 40,
        b"RIFF\x0c\x00\x00\x00WEBPVP8X",
        webp((400, 300))[:60],
        b"\x00\x00\x00\x18ftypheic" + b"\0" * 40,
        heif.heic()[:-20],
        heif.heic()[:200],
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


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data:UserWarning")  # Pillow's words; the portal lets them be
@pytest.mark.parametrize(
    "exif", [b"Exif\0\0II*\0\x08\0\0\0\0\0", b"Exif\0\0nonsense", b"Exif\0\0MM\0*\xff\xff\xff\xff"]
)
def test_a_photo_whose_EXIF_cannot_be_read_is_taken_as_it_lies(exif):
    for data in (jpeg(exif=exif), webp(exif=exif), png(exif=exif)):
        assert rules.checked(data).width == 64


def test_UP4_a_PNG_loses_its_texts():
    from PIL.PngImagePlugin import PngInfo

    texts = PngInfo()
    texts.add_text("Author", "Owner Zhang")
    assert b"Owner Zhang" not in rules.checked(png(pnginfo=texts)).jpeg


def test_nothing_and_too_many_bytes_are_refused():
    assert refusal(b"") == "photo-missing"
    assert refusal(jpeg() + b"\0" * rules.BYTES_LIMIT) == "photo-too-heavy"


@pytest.mark.parametrize("data", [png(mode="RGBA"), webp(mode="RGBA")])
def test_what_is_see_through_lies_on_white(data):
    picture = rules.checked(data)
    with Image.open(io.BytesIO(picture.jpeg)) as image:
        assert image.getpixel((10, 10)) == (255, 255, 255)


def test_the_same_upload_is_the_same_picture_again():
    assert rules.checked(jpeg()).sha256 == rules.checked(jpeg()).sha256


def test_a_thumbnail_is_at_most_240_pixels_long():
    small = rules.thumbnail(rules.checked(jpeg((1200, 900))).jpeg)
    with Image.open(io.BytesIO(small)) as image:
        assert (image.format, image.size) == ("JPEG", (240, 180))


def test_UP1_a_WebP_of_too_many_pixels_is_refused_by_its_first_chunk(monkeypatch):
    """Pillow makes room for the whole canvas when it opens a WebP: it must not come to that."""
    monkeypatch.setattr(Image, "open", lambda *_a, **_k: pytest.fail("opened"))
    extended = bytes([0, 0, 0, 0]) + (19_999).to_bytes(3, "little") + (19_999).to_bytes(3, "little")
    lossless = b"\x2f" + struct.pack("<I", (16_000 - 1) | (16_000 - 1) << 14) + b"\0" * 5
    plain = b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 16_000, 16_000)
    for chunk, body in ((b"VP8X", extended), (b"VP8L", lossless), (b"VP8 ", plain)):
        assert refusal(riff(chunk, body)) == "photo-too-large"


@pytest.mark.parametrize("options", [{}, {"lossless": True}, {"exif": b"Exif\0\0II*\0\x08\0\0\0\0\0"}])
@pytest.mark.parametrize("size", [(1, 1), (64, 48), (799, 3)])
def test_the_size_that_a_WebPs_first_chunk_promises_is_what_Pillow_reads(options, size):
    data = webp(size, **options)
    with Image.open(io.BytesIO(data)) as image:
        assert (*image.size, False) == rules.webp_size(data) == (*size, False)


def test_a_file_that_moves_is_refused_whatever_its_format():
    assert refusal(film("PNG")) == "photo-several"
    assert refusal(film("WEBP")) == "photo-several"


def test_of_a_cameras_JPEG_with_several_pictures_the_first_is_taken():
    data = film("MPO")
    assert data.startswith(b"\xff\xd8\xff")
    with Image.open(io.BytesIO(rules.checked(data).jpeg)) as image:
        assert image.format == "JPEG"
        assert image.getpixel((10, 10)) == pytest.approx((254, 0, 0), abs=3)


def test_UP1_a_JPEG_that_is_scanned_thousands_of_times_is_refused_before_decoding(monkeypatch):
    assert rules.scans(jpeg()) == 1
    assert 1 < rules.scans(jpeg(progressive=True)) < 20
    assert rules.checked(progressive(2)).width == 640
    data = progressive(20_000)
    assert len(data) < rules.BYTES_LIMIT
    monkeypatch.setattr(Image, "open", lambda *_a, **_k: pytest.fail("opened"))
    assert refusal(data) == "photo-broken"


def test_UP1_a_JPEG_of_a_million_segments_is_refused_before_decoding(monkeypatch):
    monkeypatch.setattr(Image, "open", lambda *_a, **_k: pytest.fail("opened"))
    assert refusal(b"\xff\xd8" + b"\xff\xfe\x00\x02" * 1_000_000 + jpeg()[2:]) == "photo-broken"


def test_what_follows_a_JPEGs_end_counts_for_nothing():
    """Phones append films to their photos, in which anything may stand."""
    data = jpeg() + b"\xff\xda" * 5000
    assert rules.scans(data) == 1
    assert rules.checked(data).width == 64


def test_UP6_only_two_photos_are_decoded_at_once_and_the_third_waits_or_is_sent_away(monkeypatch):
    monkeypatch.setattr(rules, "WAIT_LIMIT", 0.01)
    inside, done = [], []
    decoded = rules._decoded

    def slowly(data, kind):
        inside.append(kind)
        if len(inside) < 3:  # while this one is decoded, another arrives
            try:
                done.append(rules.checked(jpeg()).width)
            except Refused as refused:
                done.append(refused.code)
        return decoded(data, kind)

    monkeypatch.setattr(rules, "_decoded", slowly)
    assert rules.checked(jpeg()).width == 64
    assert done == ["photos-busy", 64]
    assert rules.checked(jpeg()).width == 64  # the places are free again
