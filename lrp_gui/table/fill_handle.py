"""The square at the corner of the selection: dragged down it repeats the selection, with Ctrl it continues it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPoint, QRect, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPen

if TYPE_CHECKING:
    from lrp_gui.table.view import TableView

SIZE = 7
GRIP = 5  # around it, so that it can be hit


class FillHandle:
    """Holds no truth: where it is follows from the selection, what it does is the view's."""

    def __init__(self, view: TableView) -> None:
        self._view = view
        self._to = -1  # the place down to which it is dragged
        self._dragging = False

    def box(self) -> QRect:
        """Where the square is, in the viewport; empty when there is nothing to fill from."""
        view = self._view
        boxes, model = view.selectionModel().selection(), view.table_model
        if not boxes.count():
            return QRect()
        last = model.index(boxes.at(0).bottom(), boxes.at(0).right())
        corner = view.visualRect(last).bottomRight()
        if corner.x() <= view.pinned_width or not view.viewport().rect().contains(corner - QPoint(1, 1)):
            return QRect()
        # It is asked at every move of the mouse, and rows may be selected by the million: what they are comes last.
        block = view.block()
        if block is None or not block.columns.size or not block.rows.size:
            return QRect()
        # About the corner, half of it outside: within the cell it would lie on its last digit.
        return QRect(corner.x() - SIZE // 2, corner.y() - SIZE // 2, SIZE - 1, SIZE - 1)

    def takes(self, event: QMouseEvent) -> bool:
        """Whether a mouse event is about the handle."""
        kind, point = event.type(), event.position().toPoint()
        if kind == QEvent.Type.MouseButtonPress and event.button() == Qt.MouseButton.LeftButton:
            box = self.box()
            self._dragging = not box.isNull() and box.adjusted(-GRIP, -GRIP, GRIP, GRIP).contains(point)
            self._to = -1
            return self._dragging
        if kind == QEvent.Type.MouseMove and self._dragging:
            self._to = self._view.rowAt(min(max(point.y(), 0), self._view.viewport().height() - 1))
            if point.y() >= self._view.viewport().height():
                bar = self._view.verticalScrollBar()
                bar.setValue(bar.value() + 1)
            self._view.viewport().update()
            return True
        if kind == QEvent.Type.MouseButtonRelease and self._dragging:
            self._dragging = False
            self._view.viewport().update()
            self._finish(series=bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier))
            return True
        if kind == QEvent.Type.MouseMove:
            box = self.box()
            near = not box.isNull() and box.adjusted(-GRIP, -GRIP, GRIP, GRIP).contains(point)
            shape = Qt.CursorShape.CrossCursor if near else Qt.CursorShape.ArrowCursor
            self._view.viewport().setCursor(shape)
        return False

    def paint(self) -> None:
        """Draw the square, and the frame of what would be filled."""
        box = self.box()
        if box.isNull():
            return
        view = self._view
        painter = QPainter(view.viewport())
        painter.setPen(QPen(QColor(view.table_model.colours.read_only), 1))
        painter.setBrush(view.table_model.colours.accent)
        painter.drawRect(box)
        boxes = view.selectionModel().selection()
        if self._dragging and self._to > boxes.at(0).bottom():
            top = view.visualRect(view.table_model.index(boxes.at(0).bottom() + 1, boxes.at(0).left()))
            bottom = view.visualRect(view.table_model.index(self._to, boxes.at(0).right()))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(view.table_model.colours.accent, 2, Qt.PenStyle.DashLine))
            painter.drawRect(top.united(bottom))
        painter.end()

    def _finish(self, *, series: bool) -> None:
        view, boxes = self._view, self._view.selectionModel().selection()
        if not boxes.count():
            return
        box, block = boxes.at(0), view.block()
        if block is None or self._to <= box.bottom():
            return
        rows = view.table_model.arranger.order.table_rows(box.bottom() + 1, self._to)
        (view.continue_series if series else view.repeat)(block.rows, rows, block.columns)
        view.select(box.top(), box.left(), self._to, box.right())
