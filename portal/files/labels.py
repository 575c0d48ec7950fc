"""What is said when a photo cannot be taken."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

REFUSALS = {
    "photo-missing": _l("No photo arrived. Choose one and send it again."),
    "photo-too-heavy": _l("The photo is larger than %(limit)s MB. Take it again at a lower resolution."),
    "photo-kind": _l("Only JPEG, PNG, WebP and HEIC photos can be stored. Take a photo or choose another file."),
    "photo-several": _l("This file moves or holds several pictures. Send one photo, as JPEG, PNG, WebP or HEIC."),
    "photo-too-large": _l("The photo has more than %(limit)s million pixels. Take it again at a lower resolution."),
    "photo-broken": _l(
        "The photo cannot be read; it may have been cut off on its way. Nothing was stored, send it again."
    ),
    "photos-busy": _l("Too many photos are arriving at once. Nothing was stored, send this one again in a moment."),
    "store-unavailable": _l(
        "Photos cannot be stored just now: the portal's file store does not take any. Nothing was changed, try again later."
    ),
    "quota-full": _l(
        "The photos of this dealer take %(used)s MB of the %(quota)s MB that they may. Nothing was stored. Ask headquarters to raise the limit."
    ),
}

ACTS = {"files:sweep": _l("deleted %(files)s files that nothing names any more (%(megabytes)s MB)")}
