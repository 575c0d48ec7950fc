"""HEIC photos as an iPhone makes them, and as nobody should: the boxes are written here, around one coded picture.

The picture is 64 × 64, in four quarters: red, green above; blue, white below. (Coded once by x265; nothing here can code.)
"""

from __future__ import annotations

import base64
import struct

_HVCC = base64.b64decode(
    "AAAAeGh2Y0MBA3AAAACQAAAAAAAe8AD8/fj4AAAPA2AAAQAYQAEMAf//A3AAAAMAkAAAAwAAAwAeugJAYQABACtCAQEDcAAAAwCQAAADAAADAB6gIIEF"
    "lupJKa5uAhoMCAAAAwDIAAADAAhAYgABAAdEAcFysCJA"
)
_CODED = base64.b64decode("AAAAPCgBrwngITl1X//8gj///GI3IfwKH2eeff3un/bFv//Og5wn/+XhEB/PPTX/yDg2zv//CeKdPptrhfYUiw==")
SIDE = 64
RED, GREEN, BLUE, WHITE = "red", "green", "blue", "white"
UPRIGHT = (RED, GREEN, BLUE, WHITE)


def heic(
    *,
    turned: int = 0,
    size: tuple[int, int] = (SIDE, SIDE),
    grid: tuple[int, int] | None = None,
    whole: tuple[int, int] | None = None,
    pictures: int = 1,
    brands: tuple[bytes, ...] = (b"heic", b"mif1", b"heic"),
    orientation: int | None = None,
) -> bytes:
    """A HEIC file. ``turned`` quarter turns to the left when shown; ``size`` is what the header promises of the coded picture.

    ``grid`` = (rows, columns) repeats the picture as tiles of one of ``whole`` size, as iPhones do with tiles of 512;
    ``pictures`` puts more top-level pictures beside it; ``orientation`` writes EXIF, which HEIC's own turn overrules.
    """
    items: list[tuple[int, bytes, bytes, int]] = []  # number, kind, data, where its data lies: 0 file, 1 inside meta
    references = b""
    if grid is not None:
        rows, columns = grid
        high, wide = whole[::-1] if whole else (rows * SIDE, columns * SIDE)
        items.append((1, b"grid", struct.pack(">BBBBII", 0, 1, rows - 1, columns - 1, wide, high), 1))
        tiles = range(100, 100 + rows * columns)
        items += [(number, b"hvc1", _CODED, 0) for number in tiles]
        dimg = struct.pack(f">HH{len(tiles)}H", 1, len(tiles), *tiles)
        references = _full(b"iref", 0, 0, _box(b"dimg", dimg))
        size_of_first = (wide, high)
    else:
        items += [(number, b"hvc1", _CODED, 0) for number in range(1, pictures + 1)]
        size_of_first = size
    if orientation is not None:
        exif = b"\0\0\0\0MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)
        items.append((90, b"Exif", exif, 0))
        references += _full(b"iref", 0, 0, _box(b"cdsc", struct.pack(">HHH", 90, 1, 1)))
    properties = [
        _HVCC,
        _full(b"ispe", 0, 0, struct.pack(">II", *size)),
        _full(b"ispe", 0, 0, struct.pack(">II", *size_of_first)),
        _box(b"irot", bytes([turned])),
    ]
    used = {
        number: ([0x81, 2] if kind == b"hvc1" else [])
        + ([3] if number == 1 and kind == b"grid" else [])
        + [0x84] * (number == 1 and turned > 0)
        for number, kind, _data, _where in items
        if kind != b"Exif"
    }
    return _file(brands, items, references, properties, used)


def _file(brands, items, references, properties, used) -> bytes:
    head = _box(b"ftyp", brands[0] + b"\0\0\0\0" + b"".join(brands[1:]))
    inside = b"".join(data for _number, _kind, data, where in items if where == 1)
    parts = dict.fromkeys(data for _number, _kind, data, where in items if where == 0)  # the same bytes lie there once
    coded = b"".join(parts)
    infos = b"".join(
        _full(b"infe", 2, kind == b"Exif", struct.pack(">HH", number, 0) + kind + b"\0")
        for number, kind, _d, _w in items
    )
    associations = b"".join(struct.pack(">HB", number, len(all_of)) + bytes(all_of) for number, all_of in used.items())

    def meta(start: int) -> bytes:
        places = b""
        for number, _kind, data, where in items:
            offset = 0 if where else start + coded.index(data)
            places += struct.pack(">HHHHII", number, where, 0, 1, offset, len(data))
        return _full(
            b"meta",
            0,
            0,
            _full(b"hdlr", 0, 0, b"\0\0\0\0pict" + b"\0" * 13)
            + _full(b"pitm", 0, 0, struct.pack(">H", 1))
            + _full(b"iloc", 1, 0, struct.pack(">HH", 0x4400, len(items)) + places)
            + _full(b"iinf", 0, 0, struct.pack(">H", len(items)) + infos)
            + references
            + _box(
                b"iprp",
                _box(b"ipco", b"".join(properties)) + _full(b"ipma", 0, 0, struct.pack(">I", len(used)) + associations),
            )
            + (_box(b"idat", inside) if inside else b""),
        )

    start = len(head) + len(meta(0)) + 8
    return head + meta(start) + _box(b"mdat", coded)


def _box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body) + 8) + kind + body


def _full(kind: bytes, version: int, flags: int, body: bytes) -> bytes:
    return _box(kind, bytes([version]) + int(flags).to_bytes(3) + body)
