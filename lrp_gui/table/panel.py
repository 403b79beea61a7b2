"""The bottom dock: the table, its few buttons, and what its colours mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QItemSelectionModel, QModelIndex, Qt
from PySide6.QtGui import QAction, QFontMetrics, QGuiApplication, QLinearGradient, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QTableView,
    QToolBar,
    QVBoxLayout,
    QWidget,
)

from lrp_gui.table.clipboard import block_from_text, text_from_block
from lrp_gui.table.model import PREDICTION, RESULT_COLUMNS, TableModel

if TYPE_CHECKING:
    from lrp_gui.document.document import Document
    from lrp_gui.theme import Theme

WIDEST_COLUMN = 160
ROW_MARGIN = 8
# Enough rows to judge a column's width by; all of a large table would take seconds.
MEASURED_ROWS = 50


class TablePanel(QWidget):
    """The table with its toolbar and legend."""

    def __init__(
        self, document: Document, theme: Theme, actions: Sequence[QAction], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._document = document
        self.view = TableView(document, theme, self)
        self.legend = Legend(theme, self)
        self.legend.hide()
        self._count = QLabel(self)
        bar = QToolBar(self.tr("Table"), self)
        bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        bar.addActions(actions)
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 8, 0)
        row.addWidget(bar)
        row.addWidget(self.legend)
        row.addStretch()
        row.addWidget(self._count)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(row)
        column.addWidget(self.view)
        document.table_changed.connect(self._tell_count)
        self._tell_count()

    def set_tinted(self, tinted: bool) -> None:
        """Colour the cells by relevance, and say what the colours mean."""
        self.view.table_model.set_tinted(tinted)
        self.legend.setVisible(tinted)

    def set_theme(self, theme: Theme) -> None:
        """Take over the colours."""
        self.view.table_model.set_theme(theme)
        self.legend.set_theme(theme)

    def _tell_count(self) -> None:
        table = self._document.table
        if table is None:
            self._count.clear()
            return
        text = self.tr("{samples} samples × {features} features").format(
            samples=f"{table.samples:,}", features=f"{len(table.features):,}"
        )
        self._count.setText(text)


class TableView(QTableView):
    """Cells to type into; copies and pastes blocks like a spreadsheet."""

    def __init__(self, document: Document, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self.table_model = TableModel(document, theme, self)
        self.setModel(self.table_model)
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
        document.table_result_changed.connect(self._widen_prediction)
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
            header.resizeSection(column, min(width + 18, WIDEST_COLUMN))
        if self._document.selected_sample >= 0:
            self._on_sample(self._document.selected_sample)

    def _widen_prediction(self) -> None:
        """Class names are only known to be long once they are there."""
        metrics, header, model = QFontMetrics(self.font()), self.horizontalHeader(), self.table_model
        rows = range(min(model.rowCount(), MEASURED_ROWS))
        width = max((metrics.horizontalAdvance(str(model.index(row, PREDICTION).data())) for row in rows), default=0)
        wanted = min(width + 18, WIDEST_COLUMN)
        if wanted > header.sectionSize(PREDICTION):
            header.resizeSection(PREDICTION, wanted)


class Legend(QWidget):
    """A strip of the relevance colours with its ends named."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._low, self._high = self.tr("− against"), self.tr("for +")
        self.setToolTip(
            self.tr("Full colour is the largest |R| of the sample, so rows compare by pattern, not by size")
        )
        self.setAccessibleName(self.tr("Relevance against the target on the left, for it on the right"))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        metrics = QFontMetrics(self.font())
        self._side = max(metrics.horizontalAdvance(text) for text in (self._low, self._high)) + 8
        self.setFixedWidth(2 * self._side + 110)

    def set_theme(self, theme: Theme) -> None:
        """Take over the colours."""
        self._theme = theme
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: D102
        painter = QPainter(self)
        box = self.rect().adjusted(self._side, 0, -self._side, 0)
        bar = box.adjusted(0, self.height() // 2 - 5, 0, 5 - self.height() + self.height() // 2)
        shades = QLinearGradient(bar.topLeft(), bar.topRight())
        stops = self._theme.relevance_map
        for number, stop in enumerate(stops):
            shades.setColorAt(number / (len(stops) - 1), stop)
        painter.fillRect(bar, shades)
        painter.setPen(self.palette().windowText().color())
        left, right = self.rect().adjusted(0, 0, -self.width() + self._side - 6, 0), self.rect()
        painter.drawText(left, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, self._low)
        painter.drawText(
            right.adjusted(self.width() - self._side + 6, 0, 0, 0),
            Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter,
            self._high,
        )
        painter.end()
