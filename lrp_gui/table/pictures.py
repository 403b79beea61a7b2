"""A large input in one cell: an image as a small image, anything else as a line, and its relevance beside it."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QPixmap, QPolygonF

from lrp_gui.document.words import plain
from lrp_gui.table.colours import STEPS, Shade

if TYPE_CHECKING:
    from lrp_gui.document.document import Document
    from lrp_gui.table.shown import ShownModel

PICTURE_ROW = 54  # pixels
KEPT = 256  # pictures of rows that were looked at last
LINE_POINTS = 160
MARGIN = 3
MOST_PIXELS = 96  # to a side of what is kept
IMAGE_CHANNELS = (1, 3)
BYTES_FROM, BYTES_TO = 64, 255  # the lightest pixel of an image of bytes


class Pictures:
    """Paints inputs of rows, and keeps what it painted."""

    def __init__(self, document: Document, model: ShownModel) -> None:
        self._document, self._model = document, model
        self._kept: OrderedDict[tuple[int, str], tuple[QPixmap | None, str, np.ndarray | None]] = OrderedDict()

    def forget(self) -> None:
        """Something is another picture now."""
        self._kept.clear()

    def width(self) -> int:
        """How wide a column of them should be."""
        return 4 * PICTURE_ROW if self._planes(np.zeros(max(1, self._model.size_of_picture()))) is not None else 320

    def paint(self, painter: QPainter, box: QRect, row: int, ink: QColor | None = None) -> None:
        """The input of one sample; `ink` is for the words where they stand on the selection's colour."""
        inner = box.adjusted(MARGIN, MARGIN, -MARGIN, -MARGIN)
        picture, told, line = self._of(row, "value")
        left = inner.left()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for one in (picture, self._of(row, "relevance")[0] if self._relevance(row) is not None else None):
            if one is not None:
                width = round(inner.height() * one.width() / max(1, one.height()))
                painter.drawPixmap(QRect(left, inner.top(), width, inner.height()), one)
                left += width + 2 * MARGIN
        if line is not None:
            curve = QRectF(left, inner.top(), max(40, inner.width() - 110), inner.height())
            painter.setPen(QPen(ink or self._model.colours.accent, 1.2))
            xs = curve.left() + np.linspace(0, curve.width(), len(line))
            ys = curve.bottom() - line * curve.height()
            painter.drawPolyline(QPolygonF([QPointF(x, y) for x, y in zip(xs.tolist(), ys.tolist(), strict=True)]))
            left = round(curve.right()) + 2 * MARGIN
        painter.setPen(ink or self._model.colours.dim)
        painter.drawText(
            QRect(left, inner.top(), inner.right() - left, inner.height()),
            Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft,
            told,
        )
        painter.restore()

    def _of(self, row: int, what: str) -> tuple[QPixmap | None, str, np.ndarray | None]:
        key = (row, what)
        if key not in self._kept:
            numbers = self._values(row) if what == "value" else self._relevance(row)
            self._kept[key] = (None, "", None) if numbers is None else self._made(numbers, what)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]

    def _values(self, row: int) -> np.ndarray | None:
        table, block = self._document.table, self._model.all_features
        return None if table is None else np.asarray(table.values[row, block.start : block.stop], dtype=np.float64)

    def _relevance(self, row: int) -> np.ndarray | None:
        result, block = self._document.table_result, self._model.all_features
        wanted = self._model.shading.shade is Shade.RELEVANCE
        if not wanted or result is None or row >= len(result.relevance) or block.stop > result.relevance.shape[1]:
            return None
        found = np.asarray(result.relevance[row, block.start : block.stop], dtype=np.float64)
        return None if np.isnan(found).any() else found

    def _made(self, numbers: np.ndarray, what: str) -> tuple[QPixmap | None, str, np.ndarray | None]:
        good = numbers[np.isfinite(numbers)]
        low, high = (float(good.min()), float(good.max())) if good.size else (0.0, 0.0)
        mean = float(good.mean()) if good.size else float("nan")
        told = f"{plain(low)} … {plain(high)}\n∅ {plain(mean)}"
        planes = self._planes(np.nan_to_num(numbers))
        if what == "relevance":
            image = None if planes is None else self._signed(planes.sum(axis=-1))
            return image, "", None
        if planes is None:
            line = np.nan_to_num(numbers[:: max(1, len(numbers) // LINE_POINTS)])
            return None, told, (line - low) / ((high - low) or 1.0)
        # Pixels are mostly 0 to 1 or 0 to 255; what is neither is stretched.
        bytes_ = low >= 0 and BYTES_FROM < high <= BYTES_TO
        start, width = (0.0, 1.0) if low >= 0 and high <= 1 else (0.0, 255.0) if bytes_ else (low, high - low)
        grey = np.clip((planes - start) / (width or 1.0) * 255, 0, 255).astype(np.uint8)
        return _pixmap(np.repeat(grey, 3, axis=2) if grey.shape[2] == 1 else grey), told, None

    def _signed(self, plane: np.ndarray) -> QPixmap:
        limit = float(np.abs(plane).max()) or 1.0
        scale = self._model.colours.scales[Shade.RELEVANCE]
        lookup = np.array([_bytes(scale.pair(step / STEPS)[0]) for step in range(-STEPS, STEPS + 1)], np.uint8)
        return _pixmap(lookup[np.rint((plane / limit + 1) * STEPS).astype(int)])

    def _planes(self, numbers: np.ndarray) -> np.ndarray | None:
        """(height, width, channels) of a small image, or None for what is none."""
        info = self._model.info
        shape = info.shape if info is not None else ()
        if len(shape) == 2 and min(shape) > 1:
            planes = numbers.reshape(*shape, 1)
        elif len(shape) == 3 and shape[0] in IMAGE_CHANNELS:
            planes = numbers.reshape(shape).transpose(1, 2, 0)
        elif len(shape) == 3 and shape[2] in IMAGE_CHANNELS:
            planes = numbers.reshape(shape)
        else:
            return None
        step = max(1, max(planes.shape[:2]) // MOST_PIXELS)
        return planes[::step, ::step]


def _bytes(colour: QColor) -> tuple[int, int, int]:
    return colour.red(), colour.green(), colour.blue()


def _pixmap(colours: np.ndarray) -> QPixmap:
    """(height, width, 3) of bytes."""
    colours = np.ascontiguousarray(colours)
    height, width = colours.shape[:2]
    return QPixmap.fromImage(QImage(colours.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy())


__all__ = ["PICTURE_ROW", "Pictures"]
