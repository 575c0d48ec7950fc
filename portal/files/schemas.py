"""What is asked of a photo."""

from __future__ import annotations

from typing import Literal

from portal.web.api import Asked


class PhotoQuery(Asked):
    """How large: as stored (at most 2000 pixels), or a thumbnail."""

    size: Literal["240"] | None = None
