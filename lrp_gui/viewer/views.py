"""Widgets that show a picture: a plain one, and the canvas that pans and zooms."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QPointF, QRectF, QSize, QSizeF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QToolTip, QWidget

from lrp_gui.theme import Theme
from lrp_gui.viewer.ink import Ink
from lrp_gui.viewer.minimap import Minimap
from lrp_gui.viewer.picture import Drawing, Hit

SHARP_AFTER_MS = 110
CLICK_REACH = 4
ZOOM_STEP = 1.18
ZOOM_LIMITS = (0.4, 40.0)


class PictureView(QWidget):
    """Draws its picture once into a pixmap and shows that until something changes."""

    activated = Signal(object)  # the Hit that was clicked
    keyed = Signal(str)  # "left", "right", "up", "down": an arrow key; "space", "enter", "search"
    opened = Signal(object)  # the Hit whose inside was asked for

    def __init__(self, theme: Theme, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self.picture: Drawing | None = None
        self._pixmap = QPixmap()
        self._pressed = QPointF()
        self._by_key = False
        self._over = ""  # the node under the pointer
        self.setAccessibleName(name)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(60, 40)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    def set_picture(self, picture: Drawing | None) -> None:
        """Show another picture."""
        self.picture = picture
        self.setAccessibleDescription(picture.caption if picture else "")
        self.refresh()

    def set_theme(self, theme: Theme) -> None:
        """Other colours; the picture is expected to be set anew."""
        self.theme = theme
        if self.picture is not None:
            self.picture = self.picture.themed(theme)
        self.refresh()

    def refresh(self) -> None:
        """Draw again at the next paint."""
        self._pixmap = QPixmap()
        self.update()

    def sizeHint(self) -> QSize:
        """What the picture would like."""
        return QSize(*map(round, self.picture.size)) if self.picture else QSize(320, 200)

    # -------------------------------------------------------------------------------------------------- drawing

    def view_rect(self) -> QRectF:
        """Where the picture lies in the widget; one logical pixel of it is `view_scale` of the widget's."""
        return QRectF(self.rect())

    @property
    def view_scale(self) -> float:
        """Widget pixels to a logical pixel of the picture."""
        return 1.0

    def sharp(self) -> QPixmap:
        """The picture at the widget's size and the screen's resolution."""
        ratio = self.devicePixelRatioF()
        pixmap = QPixmap((QSizeF(self.size()) * ratio).toSize())
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(QColor(self.theme.background))
        if self.picture is not None:
            painter = QPainter(pixmap)
            self.picture.draw(painter, self.view_rect(), self.view_scale)
            painter.end()
        return pixmap

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        """Show the drawn picture, and a frame where the keyboard is."""
        if self._pixmap.isNull():
            self._pixmap = self.sharp()
        painter = QPainter(self)
        self.show_pixmap(painter)
        if self._over:
            self._paint_over(painter)
        if self.hasFocus() and self._by_key:
            painter.setPen(QPen(QColor(self.theme.accent), 2))
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))
        painter.end()

    def _paint_over(self, painter: QPainter) -> None:
        if self.picture is None:
            return
        rect, scale = self.view_rect(), self.view_scale
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.translate(rect.topLeft())
        painter.scale(scale, scale)
        self.picture.paint_over(Ink(painter, self.theme), rect.size() / scale, self._over)
        painter.restore()

    def show_pixmap(self, painter: QPainter) -> None:
        """Copy the drawn picture to the screen."""
        painter.drawPixmap(0, 0, self._pixmap)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lay out again."""
        self.refresh()
        super().resizeEvent(event)

    # -------------------------------------------------------------------------------------------------- people

    def hit(self, position: QPointF) -> Hit | None:
        """What lies under a point of the widget."""
        if self.picture is None:
            return None
        rect, scale = self.view_rect(), self.view_scale
        return self.picture.hit((position - rect.topLeft()) / scale, rect.size() / scale)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Remember where, to tell a click from a drag."""
        self._pressed = event.position()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Say what is under the pointer."""
        hit = self.hit(event.position())
        chosen = hit is not None and bool(hit.layer or hit.node)
        over = hit.node if hit is not None else ""
        if over != self._over:
            self._over = over
            self.update()
        self.setCursor(Qt.CursorShape.PointingHandCursor if chosen else Qt.CursorShape.ArrowCursor)
        if hit and hit.text:
            QToolTip.showText(event.globalPosition().toPoint() + QPoint(8, 8), hit.text, self)
        else:
            QToolTip.hideText()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click chooses what lies there."""
        moved = (event.position() - self._pressed).manhattanLength()
        if event.button() == Qt.MouseButton.LeftButton and moved <= CLICK_REACH:
            hit = self.hit(event.position())
            if hit is not None and hit.opens and hit.at_once:
                self.opened.emit(hit)
            elif hit is not None and (hit.layer or hit.node):
                self.activated.emit(hit)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrow keys walk; everything else goes on."""
        names = {
            Qt.Key.Key_Left: "left",
            Qt.Key.Key_Right: "right",
            Qt.Key.Key_Up: "up",
            Qt.Key.Key_Down: "down",
        }
        name = names.get(Qt.Key(event.key()))
        if name:
            self._by_key = True
            self.keyed.emit(name)
            self.update()
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Frame it where the keyboard brought the focus."""
        reasons = (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason, Qt.FocusReason.ShortcutFocusReason)
        self._by_key = event.reason() in reasons
        self.update()
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Take the frame away."""
        self.update()
        super().focusOutEvent(event)


class Canvas(PictureView):
    """Zoom by the wheel, pan by dragging, F fits. While it moves, the drawn picture moves; then it is drawn anew."""

    def __init__(self, theme: Theme, name: str, parent: QWidget | None = None) -> None:
        super().__init__(theme, name, parent)
        self.zoom = 1.0
        self.offset = QPointF(0, 0)
        self._drawn_zoom = 1.0
        self._drawn_offset = QPointF(0, 0)
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
        return self._sharpen.isActive()

    def view_rect(self) -> QRectF:
        """The zoomed picture in the widget."""
        return QRectF(self.offset, QSizeF(self.size()) * self.zoom)

    @property
    def view_scale(self) -> float:
        """The zoom."""
        return self.zoom

    def refresh(self) -> None:
        """Draw again at the next paint; what was zoomed stays zoomed."""
        self._whole = QPixmap()
        self._minimap.forget()
        super().refresh()

    def fit(self) -> None:
        """Show the whole."""
        self.zoom, self.offset = 1.0, QPointF(0, 0)
        self._sharpen.stop()
        self.refresh()

    def hold(self, before: QRectF, after: QRectF, grown: float) -> None:
        """What lay at `before` in the picture lies at `after` now, drawn `grown` times as large: it stays in place."""
        zoom = min(max(self.zoom / grown, 1.0), ZOOM_LIMITS[1])
        self.offset += before.topLeft() * self.zoom - after.topLeft() * zoom
        self.zoom = zoom
        # No more than the picture is shown, even if what was held has to move for it.
        self.offset.setX(min(max(self.offset.x(), self.width() * (1 - zoom)), 0.0))
        self.offset.setY(min(max(self.offset.y(), self.height() * (1 - zoom)), 0.0))
        self._sharpen.stop()
        self.refresh()

    def show_place(self, place: QRectF) -> None:
        """Bring a place of the picture into the middle, if it is not in sight."""
        seen = QRectF(place.topLeft() * self.zoom + self.offset, place.size() * self.zoom)
        if not QRectF(self.rect()).contains(seen):
            self.pan(QPointF(self.rect().center()) - seen.center())

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
        self._sharpen.start()
        self.update()

    def _keep_in_view(self) -> None:
        width, height = self.width(), self.height()
        # Something of the picture always stays in view.
        self.offset.setX(min(max(self.offset.x(), 60 - width * self.zoom), width - 60.0))
        self.offset.setY(min(max(self.offset.y(), 40 - height * self.zoom), height - 40.0))

    def _draw_sharp(self) -> None:
        self._pixmap = QPixmap()
        self.update()

    def sharp(self) -> QPixmap:
        """Also note for which view it was drawn."""
        self._drawn_zoom, self._drawn_offset = self.zoom, QPointF(self.offset)
        pixmap = super().sharp()
        if self.zoom == 1.0 and self.offset.isNull():
            self._whole = pixmap
        return pixmap

    def show_pixmap(self, painter: QPainter) -> None:
        """The drawn picture as it is, or moved to where the view has gone since; the map over it."""
        if self.moving:
            self._show_moved(painter)
        else:
            painter.drawPixmap(0, 0, self._pixmap)
        if self.picture is not None:
            size = QSizeF(self.size())
            self._minimap.draw(painter, self.picture, size, self.view_rect(), self.devicePixelRatioF())

    def _show_moved(self, painter: QPainter) -> None:
        painter.fillRect(self.rect(), QColor(self.theme.background))
        if not self._whole.isNull():
            painter.drawPixmap(self.view_rect(), self._whole, QRectF(self._whole.rect()))
        factor = self.zoom / self._drawn_zoom
        target = QRectF(self.offset - self._drawn_offset * factor, QSizeF(self.size()) * factor)
        painter.drawPixmap(target, self._pixmap, QRectF(self._pixmap.rect()))

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
        """A fitted picture stays fitted."""
        self._sharpen.stop()
        super().resizeEvent(event)
