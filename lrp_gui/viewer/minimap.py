"""A small copy of the whole picture in the corner of a zoomed canvas, with a frame around what is in sight."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSizeF
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap

from lrp_gui.theme import Theme
from lrp_gui.viewer.picture import Drawing

SHARE, WIDEST = 0.18, 210.0  # of the canvas' width; in pixels
MARGIN = 10.0
FROM_ZOOM = 1.05  # below, all is in sight


class Minimap:
    """Knows where it lies; drawn once for each picture."""

    def __init__(self) -> None:
        self._copy = QPixmap()
        self._of: tuple[int, int, int] = (0, 0, 0)

    def forget(self) -> None:
        """Another picture: the copy is drawn anew when it is shown."""
        self._copy = QPixmap()

    @staticmethod
    def place(size: QSizeF, zoom: float) -> QRectF:
        """Where it lies in a canvas of this size; empty where all is in sight anyway."""
        if zoom < FROM_ZOOM or size.width() < 260 or size.height() < 180:
            return QRectF()
        width = min(WIDEST, size.width() * SHARE)
        height = width * size.height() / size.width()
        return QRectF(size.width() - width - MARGIN, size.height() - height - MARGIN, width, height)

    def draw(self, painter: QPainter, picture: Drawing, size: QSizeF, view: QRectF, ratio: float) -> None:
        """The copy, and the frame; `view` is where the whole picture lies in the canvas."""
        place = self.place(size, view.width() / max(size.width(), 1))
        if place.isEmpty():
            return
        key = (round(place.width() * ratio), round(place.height() * ratio), id(picture))
        if self._copy.isNull() or self._of != key:
            self._copy, self._of = _copied(picture, place, size, ratio), key
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

    @staticmethod
    def offset_to(point: QPointF, size: QSizeF, zoom: float) -> QPointF | None:
        """Where the picture has to lie so that what is at a point of the map is in the middle; None beside the map."""
        place = Minimap.place(size, zoom)
        if not place.contains(point):
            return None
        at = (point - place.topLeft()) * (size.width() * zoom / place.width())
        return QPointF(size.width() / 2 - at.x(), size.height() / 2 - at.y())


def _copied(picture: Drawing, place: QRectF, size: QSizeF, ratio: float) -> QPixmap:
    copy = QPixmap(max(1, round(place.width() * ratio)), max(1, round(place.height() * ratio)))
    painter = QPainter(copy)
    spots = picture.spots
    picture.spots = []  # those of the canvas stay as they are
    picture.draw(painter, QRectF(copy.rect()), copy.width() / size.width())
    picture.spots = spots
    painter.end()
    return copy
