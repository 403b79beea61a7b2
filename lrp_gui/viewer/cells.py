"""Small maps of numbers: cells that stay sharp in a vector file, and nothing lost where a map has more than pixels."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage

from lrp_gui.viewer.ink import Ink


def pooled(values: np.ndarray, axis: int, room: int) -> np.ndarray:
    """Of what falls on one of `room` pixels along an axis the strongest: a single row with relevance is not lost."""
    size = values.shape[axis]
    if size <= room:
        return values
    starts = np.arange(room) * size // room
    high, low = (pick.reduceat(values, starts, axis) for pick in (np.maximum, np.minimum))
    return np.where(high >= -low, high, low)


def draw_cells(ink: Ink, rect: QRectF, pixels: np.ndarray, most: int) -> None:
    """Draw (height, width, 4) bytes, RGBA; with up to `most` cells a side as rectangles, otherwise as an image."""
    height, width, _colours = pixels.shape
    painter = ink.painter
    if max(height, width) > most:
        pixels = np.ascontiguousarray(pixels)
        painter.drawImage(rect, QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_RGBA8888).copy())
        return
    painter.save()
    # Neighbouring cells share an edge: with smoothing the background would shine through as a grid.
    painter.setRenderHint(painter.RenderHint.Antialiasing, False)
    across, down = rect.width() / width, rect.height() / height
    red, green, blue, opaque = np.moveaxis(pixels.astype(np.int64), -1, 0)
    colours = (opaque << 24 | red << 16 | green << 8 | blue).tolist()
    for y in range(height):
        for x in range(width):
            cell = QRectF(rect.left() + across * x, rect.top() + down * y, across, down)
            painter.fillRect(cell, QColor.fromRgba(colours[y][x]))
    painter.restore()
