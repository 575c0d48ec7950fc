"""QR codes as inline SVG, for pages and papers, and what they open."""

import segno
from flask import url_for
from markupsafe import Markup

from portal.core.permissions import Actor


def address(actor: Actor, number: str | None) -> str:
    """What the code of a document opens: it chooses the place after sign-in. "" for what has no number yet."""
    return url_for("qr", code=actor.brand_code, number=number, _external=True) if number else ""


def svg(text: str, *, level: str = "M", border: int = 2) -> Markup:
    """One black path, as large as its container's CSS makes it; `border` is the quiet zone in modules.

    `level` is L, M, Q or H, never raised by itself, so that a code stays as coarse as it can be. Raises
    `segno.DataOverflowError` for more text than a code holds (about 2,300 bytes at M).
    """
    code = segno.make_qr(text, error=level, boost_error=False)
    drawn = code.svg_inline(border=border, omitsize=True, svgclass=None, lineclass=None)
    return Markup(drawn.replace("<svg ", '<svg role="img" aria-label="QR" ', 1))  # noqa: S704 - segno writes numbers only
