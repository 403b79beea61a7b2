"""The canvas of the graph: it pans and zooms by the picture that is drawn, and draws sharply where it comes to rest."""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt, QTimer
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPixmap, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from lrp_gui.fonts import text_scale
from lrp_gui.theme import Theme
from lrp_gui.viewer.minimap import Minimap
from lrp_gui.viewer.picture import Drawing
from lrp_gui.viewer.sketch import Sketch
from lrp_gui.viewer.views import CLICK_REACH, PictureView

SHARP_AFTER_MS = 110
ZOOM_STEP = 1.18
ZOOM_LIMITS = (0.4, 40.0)
ROUND = 8.0  # left free around what is brought into sight with something else


class _View(NamedTuple):
    """How a picture lies in the canvas."""

    zoom: float = 1.0
    x: float = 0.0
    y: float = 0.0


class Canvas(PictureView):
    """Zoom by the wheel, pan by dragging, F fits. While it moves, the drawn picture moves; then it is drawn anew."""

    def __init__(self, theme: Theme, name: str, parent: QWidget | None = None) -> None:
        super().__init__(theme, name, parent)
        self.zoom = 1.0
        self.offset = QPointF(0, 0)
        self._views = (_View(), _View())  # of what is drawn, and of what is being drawn
        self._former = False  # what is drawn is a picture before, which lies where it lay
        self._whole = QPixmap()  # at zoom 1, under what is being moved, so no edge is ever blank
        self._grabbed: QPointF | None = None
        self._minimap = Minimap()
        self._in_map = False  # dragging there
        self._sharpen = QTimer(self)
        self._sharpen.setSingleShot(True)
        self._sharpen.setInterval(SHARP_AFTER_MS)
        self._sharpen.timeout.connect(self._draw_sharp)

    @property
    def moving(self) -> bool:
        """Whether what is shown is a moved copy that a sharp drawing will replace."""
        return self._sharpen.isActive() or (not self._former and self._views[0] != self._view)

    @property
    def _view(self) -> _View:
        return _View(self.zoom, self.offset.x(), self.offset.y())

    @property
    def room(self) -> QSizeF:
        """The size for which the picture is laid out, in its logical pixels."""
        return QSizeF(self.size()) / text_scale()

    def view_rect(self) -> QRectF:
        """The zoomed picture in the widget."""
        return QRectF(self.offset, QSizeF(self.size()) * self.zoom)

    @property
    def view_scale(self) -> float:
        """The zoom, and how large the window's letters are."""
        return self.zoom * text_scale()

    def set_picture(self, picture: Drawing | None) -> None:
        """Show another picture, at the same zoom."""
        super().set_picture(picture)
        self._former = not self._pixmap.isNull()

    def refresh(self) -> None:
        """Draw again from the next paint on; what was zoomed stays zoomed."""
        self._whole = QPixmap()
        self._minimap.forget()
        super().refresh()

    def fit(self) -> None:
        """Show the whole."""
        self.zoom, self.offset = 1.0, QPointF(0, 0)
        self._sharpen.stop()
        self._sketch = None
        self.refresh()

    def hold(self, before: QRectF, after: QRectF, grown: float) -> None:
        """What lay at `before` in the picture lies at `after` now, drawn `grown` times as large: it stays in place."""
        zoom, pixel = min(max(self.zoom / grown, 1.0), ZOOM_LIMITS[1]), text_scale()
        self.offset += (before.topLeft() * self.zoom - after.topLeft() * zoom) * pixel
        self.zoom = zoom
        # No more than the picture is shown, even if what was held has to move for it.
        self.offset.setX(min(max(self.offset.x(), self.width() * (1 - zoom)), 0.0))
        self.offset.setY(min(max(self.offset.y(), self.height() * (1 - zoom)), 0.0))
        self._sharpen.stop()
        self._sketch = None
        self.refresh()

    def show_place(self, place: QRectF) -> None:
        """Bring a place of the picture into the middle, if it is not in sight."""
        seen = self._on_screen(place)
        if not QRectF(self.rect()).contains(seen):
            self.pan(QPointF(self.rect().center()) - seen.center())

    def show_opened(self, place: QRectF, scale: float, least: float, beside: QRectF = QRectF()) -> None:  # noqa: B008
        """Bring what was opened into sight, and nearer where what is drawn there at `scale` is less than `least`.

        What stands open beside it comes into sight with it, from farther away where need be, if that stays readable.
        """
        both = place.united(beside).adjusted(-ROUND, -ROUND, ROUND, ROUND)
        farthest = least / (scale * text_scale())  # the zoom below which it is not read with ease
        fits = min(self.width() / both.width(), self.height() / both.height()) / text_scale()
        if not beside.isEmpty() and fits >= farthest:
            self.zoom_about(self._on_screen(both).center(), min(max(self.zoom, 1.001 * farthest), fits) / self.zoom)
            place = both
        if scale * self.view_scale < least:
            self.zoom_about(self._on_screen(place).center(), 1.001 * least / (scale * self.view_scale))
        seen = self._on_screen(place)
        shift = QPointF(
            _into_sight(seen.left(), seen.right(), self.width()), _into_sight(seen.top(), seen.bottom(), self.height())
        )
        if not shift.isNull():
            self.pan(shift)

    def _on_screen(self, place: QRectF) -> QRectF:
        return QRectF(place.topLeft() * self.view_scale + self.offset, place.size() * self.view_scale)

    def zoom_about(self, point: QPointF, factor: float) -> None:
        """Zoom so that what lies under `point` stays there."""
        new = min(max(self.zoom * factor, ZOOM_LIMITS[0]), ZOOM_LIMITS[1])
        self.offset = point - (point - self.offset) * (new / self.zoom)
        self.zoom = new
        self._moved()

    def pan(self, delta: QPointF) -> None:
        """Move by so many pixels."""
        self.offset += delta
        self._moved()

    def _moved(self) -> None:
        self._keep_in_view()
        if not self._pixmap.isNull():  # else what is being drawn is all that there is to show
            self._sketch = None
            self._turn.stop()
        self._former = False
        self._sharpen.start()
        self.update()

    def _keep_in_view(self) -> None:
        width, height = self.width(), self.height()
        # Something of the picture always stays in view.
        self.offset.setX(min(max(self.offset.x(), 60 - width * self.zoom), width - 60.0))
        self.offset.setY(min(max(self.offset.y(), 40 - height * self.zoom), height - 40.0))

    def _draw_sharp(self) -> None:
        self._stale = True
        self.update()

    def sharp(self) -> Sketch | None:
        """Also note for which view it is drawn."""
        self._views = self._views[0], self._view
        return super().sharp()

    def _take(self) -> None:
        super()._take()
        self._views, self._former = (self._views[1], self._views[1]), False
        if self._views[0] == _View() and not self._stale:
            self._whole = self._pixmap

    def paintEvent(self, event: QPaintEvent) -> None:
        """What moves is not drawn anew before it rests."""
        if self._sharpen.isActive() and not self.drawn.isNull():
            self._stale = False
        super().paintEvent(event)

    def _advance(self) -> None:
        """The map follows when the picture is whole."""
        if self._sketch is None and self.picture is not None:
            if self._minimap.advance():
                self.update()
            else:
                self._turn.start()
            return
        super()._advance()

    def show_pixmap(self, painter: QPainter) -> None:
        """What is drawn as it is, or moved to where the view has gone since; the map over it."""
        if self._former or not self.moving:
            super().show_pixmap(painter)
        else:
            self._show_moved(painter)
        if self.picture is not None:
            size, view = QSizeF(self.size()), self.view_rect()
            waits = self._minimap.draw(painter, self.picture, size, view, self.devicePixelRatioF(), self._whole)
            if waits and self._sketch is None and not self._turn.isActive():
                self._turn.start()

    def _show_moved(self, painter: QPainter) -> None:
        painter.fillRect(self.rect(), QColor(self.theme.background))
        if not self._whole.isNull():
            painter.drawPixmap(self.view_rect(), self._whole, QRectF(self._whole.rect()))
        drawn, view = self.drawn, self._views[1 if self._pixmap.isNull() else 0]
        factor = self.zoom / view.zoom
        target = QRectF(self.offset - QPointF(view.x, view.y) * factor, QSizeF(self.size()) * factor)
        painter.drawPixmap(target, drawn, QRectF(drawn.rect()))

    # -------------------------------------------------------------------------------------------------- people

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom about the pointer."""
        steps = event.angleDelta().y() / 120
        if steps:
            self.zoom_about(event.position(), ZOOM_STEP**steps)
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin to drag."""
        super().mousePressEvent(event)
        self._in_map = self._go_by_map(event.position())
        self._grabbed = None if self._in_map else event.position()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag the picture, or say what is under the pointer."""
        if self._in_map:
            self._go_by_map(event.position())
            return
        held = event.buttons() & (Qt.MouseButton.LeftButton | Qt.MouseButton.MiddleButton)
        if held and self._grabbed is not None:
            if (event.position() - self._pressed).manhattanLength() > CLICK_REACH:
                self.setCursor(Qt.CursorShape.ClosedHandCursor)
                self.pan(event.position() - self._grabbed)
                self._grabbed = event.position()
            return
        super().mouseMoveEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go; without a drag it was a click."""
        self._grabbed = None
        if self._in_map:
            self._in_map = False
            return
        self.setCursor(Qt.CursorShape.ArrowCursor)
        super().mouseReleaseEvent(event)

    def _go_by_map(self, point: QPointF) -> bool:
        """Bring what lies under a point of the map into the middle; whether the map is there."""
        to = self._minimap.offset_to(point, QSizeF(self.size()), self.zoom)
        if to is not None:
            self.pan(to - self.offset)
        return to is not None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """On a box: open it. On empty canvas: fit."""
        if Minimap.place(QSizeF(self.size()), self.zoom).contains(event.position()):
            return
        hit = self.hit(event.position())
        if hit is None:
            self.fit()
        elif hit.opens and not hit.at_once:
            self.opened.emit(hit)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Fit by F, zoom about the middle by plus and minus, sweep by Space."""
        middle = QPointF(self.rect().center())
        if event.key() == Qt.Key.Key_F and not event.modifiers():
            self.fit()
        elif event.key() == Qt.Key.Key_Space:
            self.keyed.emit("space")
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.keyed.emit("enter")
        elif event.key() == Qt.Key.Key_Slash:
            self.keyed.emit("search")
        elif event.key() in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom_about(middle, ZOOM_STEP)
        elif event.key() == Qt.Key.Key_Minus:
            self.zoom_about(middle, 1 / ZOOM_STEP)
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A fitted picture stays fitted; of a zoomed one the same part stays in the middle."""
        before = event.oldSize()
        if before.width() > 0 and before.height() > 0:
            self.offset.setX(self.offset.x() * self.width() / before.width())
            self.offset.setY(self.offset.y() * self.height() / before.height())
        self._sharpen.stop()
        super().resizeEvent(event)


def _into_sight(low: float, high: float, room: float) -> float:
    """The least shift that brings a stretch into the room; of one that is longer its beginning."""
    return -low if low < 0 else max(min(room - high, 0.0), -low)
