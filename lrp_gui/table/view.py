"""The table itself: cells to type into, a spreadsheet's clipboard, and the selection that is the document's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QPersistentModelIndex, QPoint, QRect, Qt
from PySide6.QtGui import QFontMetrics, QGuiApplication, QPainter, QPolygon
from PySide6.QtWidgets import QAbstractItemView, QStyledItemDelegate, QStyleOptionViewItem, QTableView, QWidget

from lrp_gui.table.clipboard import block_from_text, text_from_block
from lrp_gui.table.model import BAD_ROLE, RESULT_COLUMNS, TableModel

if TYPE_CHECKING:
    from lrp_gui.document.document import Document
    from lrp_gui.theme import Theme

WIDEST_COLUMN = 160
MARK_SIZE = 8
CELL_ROOM = 18
ROW_MARGIN = 8
# Enough rows to judge a column's width by; all of a large table would take seconds.
MEASURED_ROWS = 12


class CellPainter(QStyledItemDelegate):
    """Paints a corner over a cell that cannot be used, as spreadsheets do: it shows on a selected cell too."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """The cell, then its mark."""
        super().paint(painter, option, index)
        colour = index.data(BAD_ROLE)
        if colour is None:
            return
        box: QRect = option.rect  # type: ignore[attr-defined]
        corner = [box.topLeft(), box.topLeft() + QPoint(MARK_SIZE, 0), box.topLeft() + QPoint(0, MARK_SIZE)]
        painter.save()
        painter.setPen(colour)
        painter.drawRect(box.adjusted(0, 0, -1, -1))
        painter.setBrush(colour)
        painter.drawPolygon(QPolygon(corner))
        painter.restore()


class TableView(QTableView):
    """Cells to type into; copies and pastes blocks like a spreadsheet."""

    def __init__(self, document: Document, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self.table_model = TableModel(document, theme, self)
        self.setModel(self.table_model)
        self.setItemDelegate(CellPainter(self))
        self.setAccessibleName(self.tr("Input table"))
        self.setSelectionMode(QAbstractItemView.SelectionMode.ContiguousSelection)
        self.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked
            | QAbstractItemView.EditTrigger.EditKeyPressed
            | QAbstractItemView.EditTrigger.AnyKeyPressed
        )
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setWordWrap(False)
        rows = self.verticalHeader()
        rows.setDefaultSectionSize(QFontMetrics(self.font()).height() + ROW_MARGIN)
        rows.setSectionsClickable(True)
        self.horizontalHeader().setHighlightSections(True)
        self.selectionModel().currentChanged.connect(self._on_current)
        document.sample_selected.connect(self._on_sample)
        document.unit_selected.connect(lambda _unit: self._on_unit())
        document.table_replaced.connect(self._arrange)
        document.table_result_changed.connect(self._widen_results)
        self._arrange()

    # ------------------------------------------------------------------------------------- editing

    def copy(self) -> None:
        """Put the selected block on the clipboard as tab-separated text."""
        block = self._selected_block()
        if block is None:
            return
        rows, columns = block
        model = self.table_model
        texts = [[str(model.index(row, column).data() or "") for column in columns] for row in rows]
        # A single cell goes without the line break, so that it can be pasted into a line of text.
        text = texts[0][0] if len(rows) == len(columns) == 1 else text_from_block(texts)
        QGuiApplication.clipboard().setText(text)

    def paste(self) -> None:
        """Put the clipboard's block at the selection's corner; a single cell fills the whole selection."""
        block = block_from_text(QGuiApplication.clipboard().text())
        selected = self._selected_block()
        if not block or selected is None:
            return
        rows, columns = selected
        first = self.table_model.feature(columns[0])
        if first < 0:
            return
        if len(block) == len(block[0]) == 1:
            editable = [feature for column in columns if (feature := self.table_model.feature(column)) >= 0]
            block = [[block[0][0]] * len(editable) for _row in rows]
        self._document.paste(rows[0], first, block)

    def clear_cells(self) -> None:
        """Empty the selected cells; an empty cell is marked until something is typed."""
        selected = self._selected_block()
        if selected is None:
            return
        features = [feature for column in selected[1] if (feature := self.table_model.feature(column)) >= 0]
        cells = [(row, feature, "") for row in selected[0] for feature in features]
        self._document.edit_cells(cells, self.tr("Clear {count} cells").format(count=len(cells)))

    def selected_rows(self) -> list[int]:
        """The rows that a row operation is about: those selected, or the current one."""
        selected = self._selected_block()
        return list(selected[0]) if selected else []

    def _selected_block(self) -> tuple[range, range] | None:
        indexes = self.selectionModel().selection()
        if indexes.count():
            box = indexes.at(0)
            return range(box.top(), box.bottom() + 1), range(box.left(), box.right() + 1)
        current = self.currentIndex()
        if not current.isValid():
            return None
        return range(current.row(), current.row() + 1), range(current.column(), current.column() + 1)

    # ---------------------------------------------------------------------------- linked selection

    def _on_current(self, current: QModelIndex) -> None:
        if not current.isValid():
            return
        self._document.select_sample(current.row())
        unit = self._unit_of(self.table_model.feature(current.column()))
        if unit >= 0:
            self._document.select_unit(unit)

    def _on_sample(self, row: int) -> None:
        if row < 0 or row == self.currentIndex().row():
            return
        column = self.currentIndex().column() if self.currentIndex().isValid() else RESULT_COLUMNS
        self._go_to(row, column)

    def _on_unit(self) -> None:
        """A unit of the chosen input is a column here."""
        column, current = self._column_of_unit(), self.currentIndex()
        if column >= 0 and current.isValid() and column != current.column():
            self._go_to(current.row(), column)

    def _go_to(self, row: int, column: int) -> None:
        index = self.table_model.index(row, column)
        self.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        self.scrollTo(index)

    def _unit_of(self, feature: int) -> int:
        first = self._first_feature()
        units = self._units_of_input()
        return feature - first if feature >= 0 and first >= 0 and first <= feature < first + units else -1

    def _column_of_unit(self) -> int:
        first, unit = self._first_feature(), self._document.selected_unit
        return RESULT_COLUMNS + first + unit if first >= 0 and unit >= 0 else -1

    def _first_feature(self) -> int:
        """The first feature of the input that is the chosen layer; -1 when another layer is chosen."""
        first, network = 0, self._document.network
        for one in network.inputs if network else ():
            if one.name == self._document.selected_layer:
                return first
            first += len(one.features)
        return -1

    def _units_of_input(self) -> int:
        network = self._document.network
        names = {one.name: len(one.features) for one in network.inputs} if network else {}
        return names.get(self._document.selected_layer, 0)

    # --------------------------------------------------------------------------------- arrangement

    def _arrange(self) -> None:
        """Columns as wide as their titles and first rows need."""
        table = self._document.table
        if table is None:
            return
        metrics, header = QFontMetrics(self.font()), self.horizontalHeader()
        for column in range(self.table_model.columnCount()):
            title = str(self.table_model.headerData(column, Qt.Orientation.Horizontal))
            texts = [self.table_model.index(row, column).data() for row in range(min(table.samples, MEASURED_ROWS))]
            width = max(metrics.horizontalAdvance(str(text)) for text in [*title.split("\n"), *texts, "0000"])
            header.resizeSection(column, min(width + CELL_ROOM, WIDEST_COLUMN))
        if self._document.selected_sample >= 0:
            self._on_sample(self._document.selected_sample)

    def _widen_results(self) -> None:
        """What the network says is only known to be long once it is there."""
        metrics, header, model = QFontMetrics(self.font()), self.horizontalHeader(), self.table_model
        shown = range(max(0, self.rowAt(0)), min(model.rowCount(), self.rowAt(0) + MEASURED_ROWS))
        for column in range(RESULT_COLUMNS):
            texts = (str(model.index(row, column).data()) for row in shown)
            width = max((metrics.horizontalAdvance(text) for text in texts), default=0)
            wanted = min(width + CELL_ROOM, WIDEST_COLUMN)
            if wanted > header.sectionSize(column):
                header.resizeSection(column, wanted)
