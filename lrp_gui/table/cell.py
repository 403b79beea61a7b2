"""How a cell is painted and typed into: its colours, the corner that says what is wrong, a small picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QPoint, QRect, Qt, Signal
from PySide6.QtGui import QBrush, QKeyEvent, QPainter, QPen, QPolygon
from PySide6.QtWidgets import QComboBox, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from lrp_gui.table.columns import Column, Kind
from lrp_gui.table.painting import MARGIN
from lrp_gui.table.shown import MISSING, OUTSIDE

if TYPE_CHECKING:
    from PySide6.QtCore import QAbstractItemModel

    from lrp_gui.table.pictures import Pictures
    from lrp_gui.table.shown import ShownModel

Index = QModelIndex | QPersistentModelIndex
MARK_SIZE = 8
# As numbers: Python's flags take longer than painting the cell.
SELECTED, FOCUSED = QStyle.StateFlag.State_Selected.value, QStyle.StateFlag.State_HasFocus.value


class CellDelegate(QStyledItemDelegate):
    """Asks the model once for a cell, not once for every role of it."""

    fill_wanted = Signal(str)  # a text for all selected cells

    def __init__(self, model: ShownModel, pictures: Pictures, parent: QWidget) -> None:
        super().__init__(parent)
        self._model, self._pictures = model, pictures

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        """Of a group's heading; all other cells are painted here."""
        super().initStyleOption(option, index)
        if self._model.row(index.row()) < 0:
            put: Any = option
            put.backgroundBrush = QBrush(self._model.colours.heading)
            put.font.setBold(True)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """The cell, and what has to be seen on a selected cell too.

        A style would do it with ten questions to the model; a screen has hundreds of cells.
        """
        row = self._model.row(index.row())
        if row < 0:
            super().paint(painter, option, index)
            return
        seen: Any = option
        flags = seen.state.value
        cell = row, self._model.column(index.column())
        self.paint_cell(painter, seen.rect, cell, selected=bool(flags & SELECTED), focused=bool(flags & FOCUSED))

    def paint_cell(
        self, painter: QPainter, box: QRect, cell: tuple[int, Column], *, selected: bool, focused: bool
    ) -> None:
        """A cell of the table, whoever asks; negative rows are headings, which Qt paints."""
        model, (row, column) = self._model, cell
        colours = model.colours
        back, ink, state = model.look(row, column)
        if selected:
            back, ink = colours.accent, colours.on_accent
        if back is not None:
            painter.fillRect(box, back)
        if column.kind is Kind.PICTURE:
            self._pictures.paint(painter, box, row, ink)
        elif text := model.text(row, column):
            inner = box.adjusted(MARGIN, 0, -MARGIN, 0)
            metrics = painter.fontMetrics()
            if metrics.horizontalAdvance(text) > inner.width():
                text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, inner.width())
            painter.setPen(ink or colours.text)
            painter.drawText(inner, model.side(column), text)
        if state:
            self._mark(painter, box, state, selected=selected)
        if focused:
            painter.setPen(colours.text)
            painter.drawRect(box.adjusted(0, 0, -1, -1))

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        """A list where a feature has categories; anything else can be typed into it too."""
        column = self._model.column(index.column())
        table = self._model.table
        categories: tuple[tuple[float, str], ...] = ()
        if table is not None and column.kind is Kind.FEATURE and not self._model.network_units:
            categories = table.features[column.number].categories
        if not categories:
            return super().createEditor(parent, option, index)
        box = QComboBox(parent)
        box.setEditable(True)
        box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        for number, name in categories:
            box.addItem(f"{number:g} · {name}" if name else f"{number:g}", f"{number:g}")
        return box

    def setEditorData(self, editor: QWidget, index: Index) -> None:  # noqa: D102
        if isinstance(editor, QComboBox):
            editor.setEditText(str(index.data(Qt.ItemDataRole.EditRole) or ""))
        else:
            super().setEditorData(editor, index)

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: Index) -> None:  # noqa: D102
        if isinstance(editor, QComboBox):
            model.setData(index, _chosen(editor))
        else:
            super().setModelData(editor, model, index)

    def eventFilter(self, editor: QObject, event: QEvent) -> bool:
        """Ctrl+Enter gives what is typed to every selected cell."""
        if (
            isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.KeyPress
            and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
            and event.modifiers() & Qt.KeyboardModifier.ControlModifier
            and isinstance(editor, QWidget)
        ):
            text = _chosen(editor) if isinstance(editor, QComboBox) else str(editor.property("text") or "")
            self.closeEditor.emit(editor, QStyledItemDelegate.EndEditHint.RevertModelCache)
            self.fill_wanted.emit(text)
            return True
        return super().eventFilter(editor, event)

    def _mark(self, painter: QPainter, box: QRect, state: str, *, selected: bool) -> None:
        """A full corner and a frame on what keeps the sample out, an open corner on what is only unusual."""
        colour = self._model.colours.warning
        corner = QPolygon([box.topLeft(), box.topLeft() + QPoint(MARK_SIZE, 0), box.topLeft() + QPoint(0, MARK_SIZE)])
        painter.save()
        painter.setPen(colour)
        if state == OUTSIDE:
            painter.drawPolygon(corner)
        else:
            painter.drawRect(box.adjusted(0, 0, -1, -1))
            painter.setBrush(colour)
            painter.drawPolygon(corner)
        if state == MISSING and not selected:
            painter.setPen(QPen(colour, 1, Qt.PenStyle.DashLine))
            middle = box.center().y()
            painter.drawLine(box.right() - 22, middle, box.right() - 8, middle)
        painter.restore()


def _chosen(box: QComboBox) -> str:
    """The number of a category, or what was typed instead."""
    place = box.findText(box.currentText())
    return str(box.itemData(place)) if place >= 0 else box.currentText()
