"""iPhones' photos: upright, put together, refused when they lie (UP1)."""

import io
import struct

import pytest
from PIL import Image

from portal.files import heic, heic_engine, rules
from tests.factories import heif
from tests.files.pictures import refusal


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
