"""A small copy of the whole picture in the corner of a zoomed canvas, with a frame around what is in sight."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap

from lrp_gui.fonts import text_scale
from lrp_gui.theme import Theme
from lrp_gui.viewer.picture import Drawing
from lrp_gui.viewer.sketch import Sketch

SHARE, WIDEST = 0.18, 210.0  # of the canvas' width; in pixels
MARGIN = 10.0
FROM_ZOOM = 1.05  # below, all is in sight


class Minimap:
    """Knows where it lies; drawn once for each picture."""

    def __init__(self) -> None:
        self._copy = QPixmap()
        self._sketch: Sketch | None = None
        self._of: tuple[int, int, int] = (0, 0, 0)

    def forget(self) -> None:
        """Another picture: the copy is drawn anew when it is shown."""
        self._copy, self._sketch = QPixmap(), None

    def advance(self) -> bool:
        """One turn's work on the copy; whether there is none left."""
        if self._sketch is not None and self._sketch.advance():
            self._copy, self._sketch = self._sketch.pixmap, None
        return self._sketch is None

    @staticmethod
    def place(size: QSizeF, zoom: float) -> QRectF:
        """Where it lies in a canvas of this size; empty where all is in sight anyway."""
        if zoom < FROM_ZOOM or size.width() < 260 or size.height() < 180:
            return QRectF()
        width = min(WIDEST, size.width() * SHARE)
        height = width * size.height() / size.width()
        return QRectF(size.width() - width - MARGIN, size.height() - height - MARGIN, width, height)

    def draw(
        self, painter: QPainter, picture: Drawing, size: QSizeF, view: QRectF, ratio: float, whole: QPixmap
    ) -> bool:
        """The copy, and the frame; whether the copy is still to be drawn (see `advance`).

        `view` is where the whole picture lies in the canvas; `whole` a drawing of it at the canvas' size, if there is.
        """
        place = self.place(size, view.width() / max(size.width(), 1))
        if place.isEmpty():
            return False
        key = (round(place.width() * ratio), round(place.height() * ratio), id(picture))
        if self._of != key:
            self.forget()
            self._of = key
        if self._copy.isNull() and not whole.isNull():
            smooth = Qt.TransformationMode.SmoothTransformation
            self._copy = whole.scaled(key[0], key[1], Qt.AspectRatioMode.IgnoreAspectRatio, smooth)
        if self._copy.isNull():
            if self._sketch is None:
                inside = QRectF(0, 0, place.width(), place.height())
                scale = place.width() / size.width() * text_scale()
                self._sketch = Sketch(picture, place.size(), inside, scale, ratio)
            return True
        theme: Theme = picture.theme
        painter.drawPixmap(place, self._copy, QRectF(self._copy.rect()))
        seen = QRectF(-view.left(), -view.top(), size.width(), size.height()).intersected(
            QRectF(0, 0, view.width(), view.height())
        )
        factor = place.width() / view.width()
        frame = QRectF(place.topLeft() + seen.topLeft() * factor, seen.size() * factor)
        painter.setPen(QPen(QColor(theme.line), 1))
        painter.drawRect(place)
        painter.setPen(QPen(QColor(theme.accent), 2))
        painter.drawRect(frame)
        return False

    @staticmethod
    def offset_to(point: QPointF, size: QSizeF, zoom: float) -> QPointF | None:
        """Where the picture has to lie so that what is at a point of the map is in the middle; None beside the map."""
        place = Minimap.place(size, zoom)
        if not place.contains(point):
            return None
        at = (point - place.topLeft()) * (size.width() * zoom / place.width())
        return QPointF(size.width() / 2 - at.x(), size.height() / 2 - at.y())
