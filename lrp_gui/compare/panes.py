"""Panes that move together: whoever zooms one zooms all."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QMouseEvent

from lrp_gui.theme import Theme
from lrp_gui.viewer.canvas import Canvas
from lrp_gui.viewer.picture import Hit

NEAR = 8  # pixels beside the line of a swipe


class Pane(Canvas):
    """A canvas that says where it moved, and follows others; while it swipes its line can be dragged."""

    moved = Signal()
    swiped = Signal(float)  # where the line is to stand, 0 … 1

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__(theme, name)
        self.line: float | None = None  # of a swipe, as a share of the picture's width
        self._following = self._dragging = False

    def follow(self, other: Pane) -> None:
        """Look at the same part as another pane, which may have another size."""
        if other.zoom == self.zoom and other.offset == self.offset:
            return
        self._following = True
        self.zoom = other.zoom
        self.offset = QPointF(
            other.offset.x() * self.width() / max(1, other.width()),
            other.offset.y() * self.height() / max(1, other.height()),
        )
        self.pan(QPointF(0, 0))
        self._following = False

    def zoom_about(self, point: QPointF, factor: float) -> None:
        """And say so."""
        super().zoom_about(point, factor)
        self._tell()

    def pan(self, delta: QPointF) -> None:
        """And say so."""
        super().pan(delta)
        self._tell()

    def fit(self) -> None:
        """And say so."""
        super().fit()
        self._tell()

    def _tell(self) -> None:
        if not self._following:
            self.moved.emit()

    # -------------------------------------------------------------------------------------------- swiping

    def _near_line(self, x: float) -> bool:
        rect = self.view_rect()
        return self.line is not None and abs(rect.left() + self.line * rect.width() - x) <= NEAR

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """On the line: take it."""
        self._dragging = self._near_line(event.position().x())
        if not self._dragging:
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Move the line, or whatever a canvas does."""
        if self._dragging:
            rect = self.view_rect()
            self.swiped.emit(min(1.0, max(0.0, (event.position().x() - rect.left()) / rect.width())))
            return
        super().mouseMoveEvent(event)
        if self._near_line(event.position().x()) and not event.buttons():
            self.setCursor(Qt.CursorShape.SplitHCursor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let the line go."""
        if self._dragging:
            self._dragging = False
            return
        super().mouseReleaseEvent(event)

    def hit(self, position: QPointF) -> Hit | None:
        """Nothing is chosen by the line."""
        return None if self._dragging else super().hit(position)
