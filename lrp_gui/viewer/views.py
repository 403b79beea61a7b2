"""The widget that shows a picture: drawn in turns, copied to the screen, clicked and walked by arrow keys."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, QSizeF, Qt, Signal
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
)
from PySide6.QtWidgets import QToolTip, QWidget
from shiboken6 import getCppPointer

from lrp_gui.fonts import text_scale
from lrp_gui.theme import Theme
from lrp_gui.turns import Soon
from lrp_gui.viewer.ink import Ink
from lrp_gui.viewer.picture import Drawing, Hit
from lrp_gui.viewer.sketch import Sketch

CLICK_REACH = 4
VEIL = 0.62


class PictureView(QWidget):
    """Draws its picture into a pixmap, in turns, and shows that until something changes.

    What was drawn before stays in sight until the new drawing is whole; what nobody has seen yet fills as it is drawn.
    """

    activated = Signal(object)  # the Hit that was clicked
    keyed = Signal(str)  # "left", "right", "up", "down": an arrow key, with Shift "+left" …; "space", "enter", "search"
    opened = Signal(object)  # the Hit whose inside was asked for
    added = Signal(object)  # the Hit that was clicked with Shift held: it too

    def __init__(self, theme: Theme, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self.picture: Drawing | None = None
        self._pixmap = QPixmap()  # the last whole drawing
        self._sketch: Sketch | None = None  # the one at work
        self.cost = 0.0  # seconds that the last whole drawing took of this thread
        self._stale = True  # what is drawn, or being drawn, is not the picture as it is now
        self._turn = Soon(self.go_on, self)
        self._pressed = QPointF()
        self._by_key = False
        self._over = ""  # the node under the pointer
        self._veiled = self._unveils = False
        self.setAccessibleName(name)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(60, 40)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    def set_picture(self, picture: Drawing | None) -> None:
        """Show another picture."""
        if not _alike(self.picture, picture):
            self.forget()
        self.picture = picture
        self.setAccessibleDescription(picture.caption if picture else "")
        self.refresh()

    def set_theme(self, theme: Theme) -> None:
        """Other colours; the picture is expected to be set anew."""
        self.theme = theme
        if self.picture is not None:
            self.picture = self.picture.themed(theme)
        self.forget()
        self.refresh()

    def refresh(self) -> None:
        """Draw again from the next paint on."""
        self._stale = True
        self.update()

    def veil(self) -> None:
        """Grey what is shown, for it is of an earlier state; `unveil` ends it."""
        if not self._veiled:
            self._veiled = True
            self.update()
        self._unveils = False

    def unveil(self) -> None:
        """The next whole drawing is of now."""
        self._unveils = True

    def forget(self) -> None:
        """What is drawn is of no use any more, not even while the next is drawn."""
        self._pixmap = QPixmap()
        self._sketch = None
        self._turn.stop()

    @property
    def unfinished(self) -> bool:
        """Whether something is still being drawn, or has to be."""
        return self._stale or self._sketch is not None

    def finish(self) -> None:
        """Draw what is left, now: for who takes a copy of the screen."""
        while self.unfinished:
            if self._sketch is None:
                self._begin()
            else:
                self._sketch.finish()
                self._take()

    def sizeHint(self) -> QSize:
        """What the picture would like."""
        return QSize(*map(round, self.picture.size)) if self.picture else QSize(320, 200)

    # -------------------------------------------------------------------------------------------------- drawing

    def view_rect(self) -> QRectF:
        """Where the picture lies in the widget; one logical pixel of it is `view_scale` of the widget's."""
        return QRectF(self.rect())

    @property
    def view_scale(self) -> float:
        """Widget pixels to a logical pixel of the picture: more where the window's letters are larger."""
        return text_scale()

    def sharp(self) -> Sketch | None:
        """The picture as it is to be seen now, at the screen's resolution, before its first step."""
        if self.picture is None:
            return None
        size = QSizeF(self.size())
        return Sketch(self.picture, size, self.view_rect(), self.view_scale, self.devicePixelRatioF())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        """Show what is drawn, and a frame where the keyboard is."""
        painter = QPainter(self)
        if self._copied(painter):
            self.finish()
        elif self._stale and self._sketch is None:
            self._begin()
            self._advance()
        self.show_pixmap(painter)
        if self._veiled:
            painter.fillRect(self.rect(), Ink.colour(self.theme.background, VEIL))
        if self._over:
            self._paint_over(painter)
        if self.hasFocus() and self._by_key:
            painter.setPen(QPen(QColor(self.theme.accent), 2))
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))
        painter.end()

    def _copied(self, painter: QPainter) -> bool:
        """Whether it is not the screen that is painted on, but a picture of the window."""
        store, engine = self.window().backingStore(), painter.paintEngine()
        if store is None or engine is None:
            return True
        return getCppPointer(store.paintDevice()) != getCppPointer(engine.paintDevice())

    def _begin(self) -> None:
        self._stale = False
        self._sketch = self.sharp()

    def _advance(self) -> None:
        """One turn's work on the drawing; the next follows by itself."""
        if self._sketch is not None and self._sketch.advance():
            self._take()
        if self._sketch is not None:
            self._turn.start()

    def _take(self) -> None:
        """The drawing is whole."""
        assert self._sketch is not None
        if self._unveils:
            self._veiled = self._unveils = False
        self.cost, self._pixmap, self._sketch = self._sketch.cost, self._sketch.pixmap, None

    def go_on(self) -> None:
        """Take the next turn at the drawing."""
        self._advance()
        # Until the first one is whole it is seen coming; if it has changed since, the next begins with this painting.
        if self._pixmap.isNull() or self._sketch is None:
            self.update()

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
        """Copy what is drawn to the screen; of another size, as much larger or smaller."""
        drawn = self.drawn
        if drawn.isNull():
            painter.fillRect(self.rect(), QColor(self.theme.background))
        else:
            painter.drawPixmap(QRectF(self.rect()), drawn, QRectF(drawn.rect()))

    @property
    def drawn(self) -> QPixmap:
        """The last whole drawing; before there is one, as much as there is."""
        return self._sketch.pixmap if self._pixmap.isNull() and self._sketch is not None else self._pixmap

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lay out again."""
        self._sketch = None  # of the size before
        self.refresh()
        super().resizeEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Letters of another size make another picture."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.ApplicationFontChange):
            self.forget()
            self.refresh()

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
                held = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
                (self.added if held else self.activated).emit(hit)

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
            self.keyed.emit(f"+{name}" if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else name)
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


def _alike(before: Drawing | None, after: Drawing | None) -> bool:
    """Whether one may stay in sight while the other is drawn: the same kind of picture, of the same network."""
    return type(before) is type(after) and getattr(before, "network", None) is getattr(after, "network", None)
