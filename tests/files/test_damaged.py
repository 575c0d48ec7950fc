"""Photos that were cut off or bent on their way (UP2)."""

import random

import pytest

from portal.core.errors import Refused
from portal.files import rules
from tests.factories import heif
from tests.files.pictures import jpeg, png, refusal, webp

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
