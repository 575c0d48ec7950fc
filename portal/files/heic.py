"""iPhones' photos are decoded in a child process of their own: the decoder is native code that reads strangers' bytes.

A child that crashes, runs out of memory or takes too long is one broken photo; the server and its secrets are elsewhere.
"""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from pathlib import Path
from typing import Final

from PIL import Image

TIME_LIMIT: Final = 25.0  # seconds for one photo, however busy the machine is
_ROOT: Final = Path(__file__).resolve().parents[2]
_HEADER: Final = struct.Struct(">cII")


class HeicBroken(ValueError):
    """Nothing could be made of it."""


class HeicTooLarge(ValueError):
    """It has more pixels than a photo may have."""


def decoded(data: bytes) -> Image.Image:
    """The picture in RGB, upright, at most as long as it is stored. Raises HeicBroken, HeicTooLarge."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "portal.files.heic_engine"],
            input=data,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=_ROOT,
            env={**kept, "PYTHONPATH": str(_ROOT)},  # and no secret
            timeout=TIME_LIMIT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise HeicBroken from None
    return _picture(done.stdout if done.returncode == 0 else b"")


def _picture(answer: bytes) -> Image.Image:
    if answer[:1] == b"L":
        raise HeicTooLarge
    if answer[:1] != b"P" or len(answer) < _HEADER.size:
        raise HeicBroken
    _picture_follows, width, height = _HEADER.unpack_from(answer)
    return Image.frombytes("RGB", (width, height), answer[_HEADER.size :])
