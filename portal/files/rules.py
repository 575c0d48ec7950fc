"""What a photo must be, and what becomes of it: bytes in, a clean JPEG out. Limits in bytes and pixels.

Nothing of what was sent is kept but the picture: it is decoded and drawn anew, so that no EXIF (place, owner), no trailing
script and no second format survive. How large a picture is, how often it is scanned and whether it moves is read from the
file's headers; nothing is decoded to find out.
"""

from __future__ import annotations

import hashlib
import io
import re
import struct
import threading
import warnings
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageOps

from portal.core.errors import Refused
from portal.files import heic

BYTES_LIMIT: Final = 12 * 1024 * 1024
PIXELS_LIMIT: Final = 40_000_000
LONGEST_SIDE: Final = 2000  # pixels of the stored picture
THUMB_SIDE: Final = 240
QUALITY: Final = 85
SCANS_LIMIT: Final = 100  # of one JPEG; a camera makes 1, a progressive picture about 10
SEGMENTS_LIMIT: Final = 2000  # of one JPEG, before its picture ends
RESAMPLING: Final = Image.Resampling.LANCZOS

_MAGIC: Final = {b"\xff\xd8\xff": "JPEG", b"\x89PNG\r\n\x1a\n": "PNG"}
_HEIC_BRANDS: Final = {b"heic", b"heix", b"heim", b"heis"}
_MARKER: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]", re.DOTALL)

# Pillow refuses only above twice its limit and merely warns below that: the warning is made an error for the whole process.
Image.MAX_IMAGE_PIXELS = PIXELS_LIMIT
warnings.simplefilter("error", Image.DecompressionBombWarning)
WAIT_LIMIT: Final = 15.0  # seconds for one's turn: the act's transaction is open meanwhile
_few = threading.BoundedSemaphore(2)  # pictures decoded at once: 40 megapixels take up to 400 MB


@dataclass(frozen=True, slots=True)
class Picture:
    """A re-encoded JPEG and what is known of it; ``sha256`` in hex over ``jpeg``."""

    jpeg: bytes
    width: int
    height: int
    sha256: str


def checked(data: bytes) -> Picture:
    """The picture in ``data`` as a clean JPEG, upright, at most 2000 pixels long.

    Refuses "photo-missing", "photo-too-heavy" (over 12 MB), "photo-kind" (neither JPEG, PNG, WebP nor HEIC by its first
    bytes), "photo-several" (it moves), "photo-too-large" (over 40 megapixels), "photo-broken", "photos-busy".
    """
    if not data:
        raise Refused("photo-missing", field="photo")
    if len(data) > BYTES_LIMIT:
        raise Refused("photo-too-heavy", field="photo", limit=BYTES_LIMIT // 1024 // 1024)
    kind = kind_of(data)
    if kind is None:
        raise Refused("photo-kind", field="photo")
    if not _few.acquire(timeout=WAIT_LIMIT):
        raise Refused("photos-busy", field="photo")
    try:
        return _drawn_anew(_decoded(data, kind))
    finally:
        _few.release()


def kind_of(data: bytes) -> str | None:
    """The format that the first bytes promise, as Pillow calls it, or "HEIC"; None for any other."""
    for magic, kind in _MAGIC.items():
        if data.startswith(magic):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:8] == b"ftyp":
        end = min(int.from_bytes(data[:4]), 256, len(data))
        brands = {data[8:12], *(data[at : at + 4] for at in range(16, end - 3, 4))}
        return "HEIC" if brands & _HEIC_BRANDS else None
    return None


def thumbnail(jpeg: bytes) -> bytes:
    """A small variant of a stored JPEG, at most 240 pixels long."""
    with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as image:
        image.draft("RGB", (THUMB_SIDE, THUMB_SIDE))
        image.thumbnail((THUMB_SIDE, THUMB_SIDE), RESAMPLING)
        return _encoded(image)


def flat(image: Image.Image) -> Image.Image:
    """RGB; what is see-through lies on white."""
    if image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info:
        layer = image.convert("RGBA")
        ground = Image.new("RGB", layer.size, "white")
        ground.paste(layer, mask=layer.getchannel("A"))
        return ground
    return image.convert("RGB")


def webp_size(data: bytes) -> tuple[int, int, bool]:
    """Width and height that a WebP's first chunk promises, and whether it moves. Pillow would make room before it looks."""
    chunk, body = data[12:16], data[20:30]
    if chunk == b"VP8X":
        flags, width, height = body[0], body[4:7], body[7:10]
        return int.from_bytes(width, "little") + 1, int.from_bytes(height, "little") + 1, bool(flags & 2)
    if chunk == b"VP8L" and body[:1] == b"\x2f":
        (bits,) = struct.unpack_from("<I", body, 1)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, False
    if chunk == b"VP8 " and body[3:6] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", body, 6)
        return width & 0x3FFF, height & 0x3FFF, False
    raise ValueError(chunk)


def scans(jpeg: bytes) -> int:
    """How often a JPEG's decoder goes over the whole picture. ValueError for one of too many scans or segments."""
    found, at = 0, 2
    for _ in range(SEGMENTS_LIMIT):
        marker = _MARKER.search(jpeg, at)
        if marker is None or jpeg[marker.end() - 1] == 0xD9:
            return found
        at = marker.end()
        if jpeg[at - 1] == 0xDA:
            found += 1
            if found > SCANS_LIMIT:
                raise ValueError(found)
        if jpeg[at - 1] not in {0x01, 0xD8}:
            at += int.from_bytes(jpeg[at : at + 2])
    raise ValueError(SEGMENTS_LIMIT)


def _decoded(data: bytes, kind: str) -> Image.Image:
    """The picture upright in RGB. Only the decoder that the first bytes promise is asked."""
    try:
        if kind == "HEIC":
            return heic.decoded(data)
        if kind == "JPEG":
            scans(data)
        if kind == "WEBP":
            width, height, moves = webp_size(data)
            _refuse_size_or_film(width, height, moves=moves)
        with Image.open(io.BytesIO(data), formats=(kind,)) as image:
            # a camera's JPEG may carry more pictures (MPO): only its first is ever decoded
            _refuse_size_or_film(*image.size, moves=kind != "JPEG" and getattr(image, "is_animated", False))
            image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))  # JPEG only: decodes no more than is kept
            image.load()
            return flat(_upright(image))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, heic.HeicTooLarge):
        raise Refused("photo-too-large", field="photo", limit=PIXELS_LIMIT // 1_000_000) from None
    except Refused:
        raise
    except Exception:  # noqa: BLE001 - decoders raise anything for files that are broken on purpose; to the sender it is one
        raise Refused("photo-broken", field="photo") from None


def _upright(image: Image.Image) -> Image.Image:
    """Turned as its EXIF says; a picture whose EXIF is beyond reading lies as it is."""
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # noqa: BLE001 - EXIF is a format of its own, broken in as many ways
        return image


def _refuse_size_or_film(width: int, height: int, *, moves: bool) -> None:
    if width * height > PIXELS_LIMIT:
        raise Refused("photo-too-large", field="photo", limit=PIXELS_LIMIT // 1_000_000)
    if moves:
        raise Refused("photo-several", field="photo")


def _drawn_anew(image: Image.Image) -> Picture:
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE), RESAMPLING)
    jpeg = _encoded(image)
    return Picture(jpeg, image.width, image.height, hashlib.sha256(jpeg).hexdigest())


def _encoded(image: Image.Image) -> bytes:
    """JPEG without EXIF, comment or colour profile: only what is named here is written."""
    clean = image.convert("RGB")
    clean.info.clear()
    out = io.BytesIO()
    clean.save(out, "JPEG", quality=QUALITY, exif=b"", icc_profile=None)
    return out.getvalue()
