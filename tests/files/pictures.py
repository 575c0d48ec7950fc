"""Pictures of every kind, good and made to hurt."""

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


def riff(chunk, body):
    return (
        b"RIFF" + struct.pack("<I", len(body) + 12) + b"WEBP" + chunk + struct.pack("<I", len(body)) + body + b"\0" * 64
    )


def progressive(times):
    """A progressive JPEG whose last scan is there many times: each makes the decoder go over the whole picture again."""
    data = jpeg((640, 480), progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * times + data[-2:]
