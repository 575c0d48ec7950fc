"""What is said when a photo cannot be taken."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

REFUSALS = {
    "photo-missing": _l("No photo arrived. Choose one and send it again."),
    "photo-too-heavy": _l("The photo is larger than %(limit)s MB. Take it again at a lower resolution."),
    "photo-kind": _l("Only JPEG and PNG photos can be stored."),
    "photo-too-large": _l("The photo has more than %(limit)s million pixels. Take it again at a lower resolution."),
    "photo-broken": _l(
        "The photo cannot be read; it may have been cut off on its way. Nothing was stored, send it again."
    ),
}
