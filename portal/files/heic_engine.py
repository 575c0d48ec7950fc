"""The child's side of `portal.files.heic`: one HEIC photo on standard input, its picture on standard output.

Run as `python -m portal.files.heic_engine`. The first byte of the answer says what became of it (see the constants below);
a picture follows as width, height (32 bits each) and its RGB bytes. Whatever the decoder does to this process, a crash
too, is only a broken photo to the parent. pi-heif is imported nowhere else.
"""

from __future__ import annotations

import contextlib
import io
import resource
import struct
import sys

import pi_heif
from pi_heif import options

from portal.files import rules

PICTURE, TOO_LARGE, BROKEN = b"P", b"L", b"B"
MEMORY = 1 << 30  # bytes of address space: 40 megapixels need about a third of it
SECONDS = 20  # of the processor


def main() -> None:
    """Decode within limits of memory and time, upright as the file itself says, no longer than the stored picture."""
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(ValueError, OSError):  # some systems know no limit of the address space
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    options.THUMBNAILS = options.DEPTH_IMAGES = options.AUX_IMAGES = False
    options.DECODE_THREADS = 1
    sys.stdout.buffer.write(answer(sys.stdin.buffer.read()))


def answer(data: bytes) -> bytes:
    """Only the primary picture is decoded, and its size is read before."""
    try:
        known = pi_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=True)
        photo = known[known.primary_index]
        width, height = photo.size
        if width * height > rules.PIXELS_LIMIT:
            return TOO_LARGE
        image = rules.flat(photo.to_pillow())
        image.thumbnail((rules.LONGEST_SIDE, rules.LONGEST_SIDE), rules.RESAMPLING)
    except Exception:  # noqa: BLE001 - libheif and its decoder say what they like about a file made to hurt them
        return BROKEN
    return PICTURE + struct.pack(">II", *image.size) + image.tobytes()


if __name__ == "__main__":
    main()
