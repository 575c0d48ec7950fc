"""What a photo must be, and what becomes of it: bytes in, a clean JPEG out. Limits in bytes and pixels.

Nothing of what was sent is kept but the picture: it is decoded and drawn anew, so that no EXIF (place, owner), no trailing
script and no second format survive.
"""

from __future__ import annotations

import hashlib
import io
import warnings
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageOps, UnidentifiedImageError

from portal.core.errors import Refused

BYTES_LIMIT: Final = 12 * 1024 * 1024
PIXELS_LIMIT: Final = 40_000_000
LONGEST_SIDE: Final = 2000  # pixels of the stored picture
THUMB_SIDE: Final = 240
QUALITY: Final = 85

_MAGIC: Final = {b"\xff\xd8\xff": "JPEG", b"\x89PNG\r\n\x1a\n": "PNG"}

# Pillow refuses only above twice its limit and merely warns below that: the warning is made an error for the whole process.
Image.MAX_IMAGE_PIXELS = PIXELS_LIMIT
warnings.simplefilter("error", Image.DecompressionBombWarning)


@dataclass(frozen=True, slots=True)
class Picture:
    """A re-encoded JPEG and what is known of it; ``sha256`` in hex over ``jpeg``."""

    jpeg: bytes
    width: int
    height: int
    sha256: str


def checked(data: bytes) -> Picture:
    """The picture in ``data`` as a clean JPEG, upright, at most 2000 pixels long.

    Refuses "photo-missing", "photo-too-heavy" (over 12 MB), "photo-kind" (neither JPEG nor PNG by its first bytes),
    "photo-too-large" (over 40 megapixels, told from the header before anything is decoded), "photo-broken".
    """
    if not data:
        raise Refused("photo-missing", field="photo")
    if len(data) > BYTES_LIMIT:
        raise Refused("photo-too-heavy", field="photo", limit=BYTES_LIMIT // 1024 // 1024)
    kind = next((name for magic, name in _MAGIC.items() if data.startswith(magic)), None)
    if kind is None:
        raise Refused("photo-kind", field="photo")
    return _drawn_anew(_decoded(data, kind))


def thumbnail(jpeg: bytes) -> bytes:
    """A small variant of a stored JPEG, at most 240 pixels long."""
    with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as image:
        image.draft("RGB", (THUMB_SIDE, THUMB_SIDE))
        image.thumbnail((THUMB_SIDE, THUMB_SIDE), Image.Resampling.LANCZOS)
        return _encoded(image)


def _decoded(data: bytes, kind: str) -> Image.Image:
    """The picture upright in RGB. Only the decoder that the first bytes promise is asked."""
    try:
        with Image.open(io.BytesIO(data), formats=(kind,)) as image:
            if image.width * image.height > PIXELS_LIMIT:
                raise Refused("photo-too-large", field="photo", limit=PIXELS_LIMIT // 1_000_000)
            image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))  # JPEG only: decodes no more than is kept
            image.load()
            return _flat(ImageOps.exif_transpose(image))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Refused("photo-too-large", field="photo", limit=PIXELS_LIMIT // 1_000_000) from None
    except (
        UnidentifiedImageError,
        OSError,
        SyntaxError,
        ValueError,
        KeyError,
        IndexError,
        TypeError,
        EOFError,
        MemoryError,
    ):
        # What Pillow raises for files that are broken on purpose: all of it means the same to the sender.
        raise Refused("photo-broken", field="photo") from None


def _flat(image: Image.Image) -> Image.Image:
    """RGB; what is see-through lies on white."""
    if image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info:
        layer = image.convert("RGBA")
        ground = Image.new("RGB", layer.size, "white")
        ground.paste(layer, mask=layer.getchannel("A"))
        return ground
    return image.convert("RGB")


def _drawn_anew(image: Image.Image) -> Picture:
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    jpeg = _encoded(image)
    return Picture(jpeg, image.width, image.height, hashlib.sha256(jpeg).hexdigest())


def _encoded(image: Image.Image) -> bytes:
    """JPEG without EXIF, comment or colour profile: only what is named here is written."""
    clean = image.convert("RGB")
    clean.info.clear()
    out = io.BytesIO()
    clean.save(out, "JPEG", quality=QUALITY, exif=b"", icc_profile=None)
    return out.getvalue()
