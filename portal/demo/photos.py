"""Photos of old parts, drawn: 640×480 JPEG, each different, because its number and its slot stand on it."""

from __future__ import annotations

from functools import cache
from io import BytesIO
from random import Random

from PIL import Image, ImageDraw, ImageFont

SIZE = (640, 480)
GROUNDS = ((214, 208, 196), (196, 204, 210), (206, 214, 202), (222, 216, 206), (188, 194, 200))
METALS = ((120, 126, 132), (96, 104, 112), (150, 140, 118), (70, 74, 80))


def draw(number: str, part: str, day: str, slot: str, *, chance: Random) -> bytes:
    """A part on the workbench beside its tag; ``slot`` is what the photo shows (nameplate, fault …)."""
    ground, metal = chance.choice(GROUNDS), chance.choice(METALS)
    image = Image.new("RGB", SIZE, ground)
    pen = ImageDraw.Draw(image)
    for y in range(chance.randint(20, 60), SIZE[1], chance.randint(60, 110)):  # boards of the bench
        pen.line((0, y, SIZE[0], y + chance.randint(-12, 12)), fill=_shade(ground, -14), width=3)
    if slot == "nameplate":
        _nameplate(pen, part, chance)
    else:
        _part(pen, metal, chance)
    _tag(pen, number, part, day, chance)
    out = BytesIO()
    image.save(out, "JPEG", quality=70)
    return out.getvalue()


def _part(pen: ImageDraw.ImageDraw, metal: tuple[int, int, int], chance: Random) -> None:
    x, y = chance.randint(170, 300), chance.randint(130, 240)
    kind = chance.randrange(4)
    dark, light = _shade(metal, -40), _shade(metal, 46)
    if kind == 0:  # a valve: body, neck, handle
        pen.rounded_rectangle((x, y, x + 170, y + 90), 24, fill=metal, outline=dark, width=4)
        pen.rectangle((x + 62, y - 60, x + 108, y), fill=light, outline=dark, width=4)
        pen.ellipse((x + 34, y - 96, x + 136, y - 50), fill=metal, outline=dark, width=4)
    elif kind == 1:  # a ring
        pen.ellipse((x, y - 50, x + 180, y + 130), fill=metal, outline=dark, width=5)
        pen.ellipse((x + 50, y, x + 130, y + 80), fill=light, outline=dark, width=4)
    elif kind == 2:  # a board with its chips
        pen.rectangle((x - 30, y - 40, x + 210, y + 110), fill=(44, 98, 70), outline=dark, width=4)
        for at in range(chance.randint(4, 8)):
            left, top = x - 10 + at % 4 * 52, y - 20 + at // 4 * 60
            pen.rectangle((left, top, left + 34, top + 30), fill=(30, 32, 36), outline=light, width=2)
    else:  # a hose
        for turn in range(3):
            pen.arc((x + turn * 26, y - 50 + turn * 10, x + 170 + turn * 20, y + 110), 20, 340, fill=metal, width=20)
    # the crack that brought it here
    points = [(x + 20 + step * 22, y + 30 + chance.randint(-22, 22)) for step in range(6)]
    pen.line(points, fill=(30, 20, 20), width=4, joint="curve")
    pen.ellipse((x - 6, y - 16, x + 166, y + 96), outline=(206, 40, 36), width=5)


def _nameplate(pen: ImageDraw.ImageDraw, part: str, chance: Random) -> None:
    x, y = chance.randint(110, 150), chance.randint(100, 150)
    pen.rounded_rectangle((x, y, x + 380, y + 170), 12, fill=(232, 234, 236), outline=(90, 96, 102), width=4)
    pen.text((x + 24, y + 18), f"MODEL  {part}", fill=(30, 34, 40), font=_font(30))
    pen.text((x + 24, y + 64), f"LOT {chance.randint(100000, 999999)}", fill=(60, 64, 70), font=_font(22))
    left = x + 24
    while left < x + 350:
        width = chance.choice((2, 3, 5, 7))
        pen.rectangle((left, y + 104, left + width, y + 150), fill=(20, 20, 20))
        left += width + chance.choice((3, 4, 6))


def _tag(pen: ImageDraw.ImageDraw, number: str, part: str, day: str, chance: Random) -> None:
    x, y = chance.randint(330, 370), chance.randint(352, 376)
    pen.rounded_rectangle((x, y, x + 250, y + 88), 8, fill=(252, 250, 240), outline=(120, 110, 90), width=2)
    pen.ellipse((x + 10, y + 36, x + 24, y + 50), fill=(150, 140, 120))
    pen.text((x + 36, y + 10), number, fill=(24, 28, 34), font=_font(26))
    pen.text((x + 36, y + 50), f"{part}  {day}", fill=(70, 74, 80), font=_font(18))


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _shade(colour: tuple[int, int, int], by: int) -> tuple[int, int, int]:
    red, green, blue = (max(0, min(255, part + by)) for part in colour)
    return red, green, blue
