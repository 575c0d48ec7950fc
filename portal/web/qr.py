"""QR codes as inline SVG, for pages and papers."""

import segno
from markupsafe import Markup, escape


def svg(text: str, *, level: str = "M", border: int = 2, label: str = "QR") -> Markup:
    """One black path on nothing, sized by its container's CSS; `border` is the quiet zone in modules.

    `level` L, M, Q or H; segno may raise it where the size stays the same. Raises `segno.DataOverflowError`
    for more text than a code can hold (about 2,300 bytes at M).
    """
    code = segno.make_qr(text, error=level)
    matrix = [bytes(row) for row in code.matrix_iter(scale=1, border=border)]
    strokes = []
    for y, row in enumerate(matrix):
        x = 0
        while x < len(row):
            run = x
            while run < len(row) and row[run]:
                run += 1
            if run > x:
                strokes.append(f"M{x} {y}.5h{run - x}")
            x = run + 1
    side = len(matrix)
    return Markup('<svg role="img" aria-label="{}" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {}"><path stroke="#000" d="{}"/></svg>').format(
        escape(label), side, side, "".join(strokes)
    )
