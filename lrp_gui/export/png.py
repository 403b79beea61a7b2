"""PNG in strips: of a hundred million pixels only one strip is in memory, and the program can breathe in between."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence

import numpy as np
from PySide6.QtGui import QImage, QPainter

from lrp_gui.export.sheet import MM_PER_INCH, Sheet, draw_sheet
from lrp_gui.viewer.picture import Drawing

SIGNATURE = b"\x89PNG\r\n\x1a\n"
STRIP_AREA = 1_000_000  # pixels; about what is drawn and packed within a frame or two
_UP = 2  # the filter that keeps the difference to the line above: pictures of areas pack well so
_LEVEL = 6


def strip_height(sheet: Sheet) -> int:
    """How many lines are drawn at a time."""
    return max(1, min(sheet.height, STRIP_AREA // sheet.width))


def encoded(picture: Drawing, sheet: Sheet, texts: Sequence[tuple[str, str]]) -> Iterator[bytes]:
    """The file, a strip at a time.

    Parameters
    ----------
    texts
        (key, text) of what the file says about itself; readable by whatever reads PNG.
    """
    channels = 4 if sheet.transparent else 3
    head = struct.pack(">IIBBBBB", sheet.width, sheet.height, 8, 6 if sheet.transparent else 2, 0, 0, 0)
    per_metre = round(sheet.dpi / MM_PER_INCH * 1000)
    yield (
        SIGNATURE
        + _chunk(b"IHDR", head)
        + _chunk(b"pHYs", struct.pack(">IIB", per_metre, per_metre, 1))
        + b"".join(_text(key, text) for key, text in texts if text)
    )
    packer = zlib.compressobj(_LEVEL)
    above = np.zeros(sheet.width * channels, np.uint8)
    step = strip_height(sheet)
    for top in range(0, sheet.height, step):
        rows = _drawn(picture, sheet, top, min(step, sheet.height - top), channels)
        lines = np.empty((len(rows), 1 + rows.shape[1]), np.uint8)
        lines[:, 0] = _UP
        lines[0, 1:] = rows[0] - above
        lines[1:, 1:] = rows[1:] - rows[:-1]
        above = rows[-1]
        yield _chunk(b"IDAT", packer.compress(lines.tobytes()))
    yield _chunk(b"IDAT", packer.flush()) + _chunk(b"IEND", b"")


def _drawn(picture: Drawing, sheet: Sheet, top: int, height: int, channels: int) -> np.ndarray:
    """(height, width · channels) of bytes: lines of the sheet from `top` on."""
    formats = QImage.Format
    image = QImage(sheet.width, height, formats.Format_ARGB32_Premultiplied if channels == 4 else formats.Format_RGB32)
    if image.isNull():
        raise MemoryError
    image.fill(0)
    painter = QPainter(image)
    painter.translate(0, -top)
    draw_sheet(painter, picture, sheet)
    painter.end()
    image = image.convertToFormat(formats.Format_RGBA8888 if channels == 4 else formats.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(height, image.bytesPerLine())
    return rows[:, : sheet.width * channels].copy()


def _chunk(kind: bytes, data: bytes) -> bytes:
    if not data and kind == b"IDAT":
        return b""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _text(key: str, text: str) -> bytes:
    """International text, packed where it is long."""
    data, packed = text.encode(), 0
    if len(data) > 1000:
        data, packed = zlib.compress(data), 1
    return _chunk(b"iTXt", key.encode("latin-1") + bytes((0, packed, 0)) + b"\0\0" + data)
