"""What may be a photo: a corpus of hostile files (UP1, UP2, UP4)."""

import io
import random
import struct
import zlib

import pytest
from PIL import Image

from portal.core.errors import Refused
from portal.files import heic, heic_engine, rules
from tests.factories import heif


def jpeg(size=(64, 48), **options):
    out = io.BytesIO()
    Image.new("RGB", size, (180, 90, 40)).save(out, "JPEG", **options)
    return out.getvalue()


def png(size=(64, 48), mode="RGB", **options):
    out = io.BytesIO()
    Image.new(mode, size).save(out, "PNG", **options)
    return out.getvalue()


def webp(size=(64, 48), mode="RGB", **options):
    out = io.BytesIO()
    Image.new(mode, size, (180, 90, 40, 0)[: len(mode)]).save(out, "WEBP", **options)
    return out.getvalue()


def film(kind):
    """Three pictures in one file of that format."""
    out = io.BytesIO()
    frames = [Image.new("RGB", (64, 48), colour) for colour in ("red", "green", "blue")]
    frames[0].save(out, kind, save_all=True, append_images=frames[1:], duration=100)
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


# ---------------------------------------------------------------- limits before decoding (UP1)


def riff(chunk, body):
    return (
        b"RIFF" + struct.pack("<I", len(body) + 12) + b"WEBP" + chunk + struct.pack("<I", len(body)) + body + b"\0" * 64
    )


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


def progressive(times):
    """A progressive JPEG whose last scan is there many times: each makes the decoder go over the whole picture again."""
    data = jpeg((640, 480), progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * times + data[-2:]


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


# ---------------------------------------------------------------- iPhones' HEIC


def quarters(picture):
    """The colours of a picture's four quarters, row by row."""
    known = {heif.RED: (220, 30, 30), heif.GREEN: (30, 200, 30), heif.BLUE: (30, 30, 220), heif.WHITE: (240, 240, 240)}
    with Image.open(io.BytesIO(picture.jpeg)) as image:
        wide, high = image.size
        seen = [image.getpixel((wide * x // 8, high * y // 8)) for y in (1, 7) for x in (1, 7)]
    return tuple(
        min(known, key=lambda name: sum(abs(a - b) for a, b in zip(known[name], pixel, strict=True))) for pixel in seen
    )


@pytest.mark.parametrize(
    ("turned", "shown"),
    [
        (0, heif.UPRIGHT),
        (1, (heif.GREEN, heif.WHITE, heif.RED, heif.BLUE)),
        (2, (heif.WHITE, heif.BLUE, heif.GREEN, heif.RED)),
        (3, (heif.BLUE, heif.RED, heif.WHITE, heif.GREEN)),
    ],
)
def test_a_HEIC_photo_stands_upright_however_the_phone_was_held(turned, shown):
    assert quarters(rules.checked(heif.heic(turned=turned))) == shown


def test_a_HEICs_own_turn_counts_and_not_what_its_EXIF_repeats():
    """Phones write the turn twice; turning twice would lay the photo on its side."""
    picture = rules.checked(heif.heic(turned=3, orientation=6))
    assert quarters(picture) == (heif.BLUE, heif.RED, heif.WHITE, heif.GREEN)
    assert b"Exif" not in picture.jpeg


def test_a_HEIC_of_tiles_is_put_together_as_iPhones_do():
    picture = rules.checked(heif.heic(grid=(20, 24), turned=3))
    assert (picture.width, picture.height) == (20 * 64, 24 * 64)
    assert rules.checked(heif.heic(grid=(30, 32))).width == 2000


def test_of_a_HEIC_with_several_pictures_the_primary_is_taken():
    assert quarters(rules.checked(heif.heic(pictures=40))) == heif.UPRIGHT


def test_a_HEIC_that_calls_itself_mif1_first_is_one():
    assert rules.checked(heif.heic(brands=(b"mif1", b"mif1", b"heic"))).width == 64


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (heif.heic(size=(20_000, 20_000)), "photo-too-large"),
        (heif.heic(grid=(2, 2), whole=(40_000, 40_000)), "photo-too-large"),
        (heif.heic(size=(6_000, 6_000)), "photo-broken"),
        (heif.heic(size=(16, 16)), "photo-broken"),
        (heif.heic(grid=(90, 90), whole=(5_760, 5_760)), "photo-broken"),
        (heif.heic(pictures=3000), "photo-broken"),
    ],
    ids=["size", "grid's size", "size told too large", "size told too small", "8,100 tiles", "3,000 pictures"],
)
def test_UP1_a_HEIC_that_promises_too_much_or_lies_is_refused(data, code):
    assert refusal(data) == code


def test_the_child_answers_with_one_picture_or_one_letter():
    answer = heic_engine.answer(heif.heic(grid=(2, 3), turned=3))
    assert (answer[:1], struct.unpack_from(">II", answer, 1)) == (heic_engine.PICTURE, (128, 192))
    assert len(answer) == 9 + 128 * 192 * 3
    assert heic_engine.answer(heif.heic(size=(20_000, 20_000))) == heic_engine.TOO_LARGE
    assert heic_engine.answer(heif.heic(size=(16, 16))) == heic_engine.BROKEN
    assert heic_engine.answer(b"") == heic_engine.BROKEN


def test_a_HEIC_whose_decoder_dies_or_hangs_is_a_broken_photo(monkeypatch, tmp_path):
    """The child that decodes is a process of its own, without the server's secrets."""
    monkeypatch.setattr(heic, "_ROOT", tmp_path)  # a tree without our module: the child ends with an error
    assert refusal(heif.heic()) == "photo-broken"
    engine = tmp_path / "portal" / "files"
    engine.mkdir(parents=True)
    for script in (
        "import os; os.kill(os.getpid(), 11)",
        "print('P')",
        "import os, sys; sys.stdout.write('L' if os.environ.get('DATABASE_URL') else 'B')",
        "import signal; signal.pause()",
    ):
        (engine / "heic_engine.py").write_text(script)
        monkeypatch.setattr(heic, "TIME_LIMIT", 1.0 if "pause" in script else 25.0)
        monkeypatch.setenv("DATABASE_URL", "a secret")
        assert refusal(heif.heic()) == "photo-broken"


# ---------------------------------------------------------------- cut off and bent (UP2)

WHOLE = {
    "JPEG": jpeg((300, 200)),
    "progressive": jpeg((300, 200), progressive=True),
    "PNG": png((300, 200), mode="RGBA"),
    "WebP": webp((300, 200)),
    "lossless": webp((300, 200), lossless=True),
}


@pytest.mark.parametrize("name", WHOLE)
def test_UP2_a_photo_cut_off_anywhere_is_refused_and_nothing_else_happens(name):
    data = WHOLE[name]
    for end in {*range(1, min(len(data), 120)), *range(120, len(data) - 40, max(1, len(data) // 60))}:
        assert refusal(data[:end]) in {"photo-kind", "photo-broken"}, end


@pytest.mark.parametrize("name", WHOLE)
def test_UP2_a_photo_with_bent_bits_is_a_photo_or_refused(name):
    dice = random.Random(name)  # noqa: S311 - a seed that can be played again
    for _ in range(300):
        data = bytearray(WHOLE[name])
        for _ in range(dice.randint(1, 8)):
            data[dice.randrange(len(data) if dice.random() < 0.5 else min(len(data), 64))] = dice.randrange(256)
        try:
            picture = rules.checked(bytes(data))
        except Refused as refused:
            assert refused.code in {"photo-kind", "photo-broken", "photo-too-large", "photo-several"}
        else:
            assert picture.jpeg.startswith(b"\xff\xd8\xff")


def test_UP2_a_HEIC_cut_off_or_bent_is_a_photo_or_refused():
    dice, data = random.Random(1), heif.heic(grid=(2, 2))  # noqa: S311 - a seed that can be played again
    for _ in range(15):
        assert refusal(data[: dice.randrange(12, len(data) - 60)]) in {"photo-kind", "photo-broken"}
    for _ in range(25):
        bent = bytearray(data)
        bent[dice.randrange(len(bent))] = dice.randrange(256)
        try:
            rules.checked(bytes(bent))
        except Refused as refused:
            assert refused.code in {"photo-kind", "photo-broken", "photo-too-large"}


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
