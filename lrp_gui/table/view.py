"""The table itself: cells to type into, a spreadsheet's clipboard, and the selection that is the document's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
from PySide6.QtCore import QEvent, QItemSelection, QItemSelectionModel, QModelIndex, Qt, QTimer, Signal
from PySide6.QtGui import QFontMetrics, QGuiApplication, QKeyEvent, QMouseEvent, QPaintEvent
from PySide6.QtWidgets import QAbstractItemView, QTableView, QWidget

from lrp_gui.languages import thousands
from lrp_gui.table.cell import CellDelegate
from lrp_gui.table.clipboard import text_from_block
from lrp_gui.table.columns import PINNED, Column, Kind
from lrp_gui.table.fill_handle import FillHandle
from lrp_gui.table.painting import paint_cells
from lrp_gui.table.pictures import PICTURE_ROW, Pictures
from lrp_gui.table.pinned import PinnedTable
from lrp_gui.table.shown import ShownModel

if TYPE_CHECKING:
    from lrp_gui.document.document import Document
    from lrp_gui.jobs.queue import JobQueue
    from lrp_gui.theme import Theme

WIDEST_COLUMN, WIDEST_PINNED = 160, 130
CELL_ROOM = 18
FEWEST_ROWS = 3  # that are in sight in the lowest window, whatever else is shown
ROW_MARGIN = 8
# Enough rows and columns to judge widths by; all of a large table would take seconds.
MEASURED_ROWS, MEASURED_COLUMNS = 12, 120
WIDEST_ROW_TITLE = "mean"  # of the statistics below, whose columns stand under these
# A copied block of more cells would hold the window up for seconds.
MOST_COPIED = 1_000_000
NO_UPDATE, SELECT = QItemSelectionModel.SelectionFlag.NoUpdate, QItemSelectionModel.SelectionFlag.ClearAndSelect
FIRST_CELL = len(PINNED)
# Whoever scrolls by looks at nothing.
LOOK_MS = 120


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """What is selected: rows of the table from top to bottom, and columns of the view."""

    rows: np.ndarray
    sections: range
    columns: np.ndarray  # of the table, those into which one types


class _Front(QTableView):
    """The pinned columns of a table."""

    def __init__(self, table: TableView) -> None:
        super().__init__(table)
        self._table = table

    def paintEvent(self, event: QPaintEvent) -> None:
        model = self._table.table_model
        if model.arranger.order.groups:
            super().paintEvent(event)
        else:
            paint_cells(self, model, cast("CellDelegate", self.itemDelegate()), event)


class TableView(PinnedTable):
    """Cells to type into; copies and pastes blocks like a spreadsheet."""

    paste_wanted = Signal(str)  # a text of more than one cell
    layout_fitted = Signal()

    def __init__(
        self, document: Document, theme: Theme, parent: QWidget | None = None, jobs: JobQueue | None = None
    ) -> None:
        super().__init__(len(PINNED), parent)
        self._document = document
        self.table_model = ShownModel(document, theme, jobs, self)
        self.pictures = Pictures(document, self.table_model)
        self.setModel(self.table_model)
        for view in (self, self.front):
            delegate = CellDelegate(self.table_model, self.pictures, view)  # editors belong to one view
            delegate.fill_wanted.connect(self.fill)
            view.setItemDelegate(delegate)
            view.setSelectionMode(QAbstractItemView.SelectionMode.ContiguousSelection)
            view.setEditTriggers(
                QAbstractItemView.EditTrigger.DoubleClicked
                | QAbstractItemView.EditTrigger.EditKeyPressed
                | QAbstractItemView.EditTrigger.AnyKeyPressed
            )
            view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
            header = view.horizontalHeader()
            header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
            header.setSortIndicatorClearable(True)
            header.setSectionsClickable(True)
            view.setSortingEnabled(True)
            header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.front.setEditTriggers(QAbstractItemView.EditTrigger.DoubleClicked)
        self.front.clicked.connect(self._fold)
        self.clicked.connect(self._fold)
        self.setAccessibleName(self.tr("Input table"))
        self.verticalHeader().setSectionsClickable(True)
        self.verticalHeader().setMinimumWidth(QFontMetrics(self.font()).horizontalAdvance(WIDEST_ROW_TITLE) + CELL_ROOM)
        self.verticalHeader().setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.handle = FillHandle(self)
        self.viewport().setMouseTracking(True)  # the handle tells by the cursor that it can be taken
        self.selectionModel().currentChanged.connect(self._on_current)
        document.sample_selected.connect(self._on_sample)
        document.unit_selected.connect(lambda _unit: self._on_unit())
        document.layer_selected.connect(self._on_layer)
        document.cells_changed.connect(lambda _touched: self.pictures.forget())
        document.table_result_changed.connect(self._on_results)
        self.table_model.layout_changed.connect(self.arrange)
        self.table_model.arranger.changed.connect(self._on_order)
        self.table_model.arranger.state_changed.connect(self._show_sort)
        self._look = QTimer(self)
        self._look.setSingleShot(True)
        self._look.setInterval(LOOK_MS)
        self._look.timeout.connect(self._look_at)
        self.verticalScrollBar().valueChanged.connect(lambda _value: self._look.start())
        self.table_model.modelReset.connect(self._look.start)
        self.columns_moved.connect(self._look.start)
        self.columns_moved.connect(self._span_headings)
        self.arrange()

    # ------------------------------------------------------------------------------------- editing

    def copy(self, *, titles: bool = False) -> None:
        """Put the selected block on the clipboard as tab-separated text, with the columns' names above if wanted."""
        block = self.block()
        if block is None:
            return
        if len(block.rows) * len(block.sections) > MOST_COPIED:
            self._say(
                self.tr("{cells} cells are too many for the clipboard; select fewer, or save the table.").format(
                    cells=thousands(len(block.rows) * len(block.sections))
                )
            )
            return
        model = self.table_model
        columns = [model.column(section) for section in block.sections if not self.isColumnHidden(section)]
        texts = [[model.copied_text(row, column) for column in columns] for row in block.rows.tolist()]
        if titles:
            texts.insert(0, [model.title(column).split("\n")[0] for column in columns])
        # A single cell goes without the line break, so that it can be pasted into a line of text.
        single = len(texts) == len(columns) == 1
        QGuiApplication.clipboard().setText(texts[0][0] if single else text_from_block(texts))

    def paste(self) -> None:
        """Put the clipboard's block at the selection's corner; a single cell fills the whole selection."""
        text, block = QGuiApplication.clipboard().text(), self.block()
        if not text.strip() or block is None:
            return
        if not block.columns.size or not block.rows.size:
            self._say(self._why_not_here(block))
        elif self.table_model.network_units:
            self._say(
                self.tr("Copied numbers count as the table's own units; switch back to them (View ▸ Table) to paste.")
            )
        elif "\t" not in text.rstrip("\n") and "\n" not in text.rstrip("\r\n"):
            self.fill(text.strip())
        else:
            self.paste_wanted.emit(text)

    def _why_not_here(self, block: Block) -> str:
        """Why nothing can be pasted onto what is selected."""
        kinds = {self.table_model.column(section).kind for section in block.sections}
        if not block.rows.size:
            return self.tr("A group's heading holds no cells; paste onto the samples below it.")
        if Kind.PICTURE in kinds:
            return self.tr(
                "A whole input stands in this cell; View ▸ Table ▸ Large Inputs as Numbers or Pictures gives each "
                "number a column to paste onto."
            )
        if kinds == {Kind.NAME}:
            return self.tr("Names are given one by one (F2), not pasted; paste onto the features.")
        return self.tr("These columns are computed; paste onto the features.")

    def places_from_here(self) -> tuple[np.ndarray, np.ndarray]:
        """Rows and columns of the table that are shown from the selection's corner on, in their order."""
        block, model = self.block(), self.table_model
        if block is None or not block.columns.size or not block.rows.size:
            return np.array([], dtype=np.int64), np.array([], dtype=np.int64)
        order = model.arranger.order
        rows = order.table_rows(order.place(int(block.rows[0])), order.length)
        sections = range(block.sections[0], model.columnCount())
        columns = [column for one in sections if (column := model.table_column(model.column(one))) >= 0]
        return np.asarray(rows), np.array(columns, dtype=np.int64)

    def fill(self, text: str) -> None:
        """Give every selected cell the same text, in one step."""
        block, table = self.block(), self._document.table
        if block is None or table is None or not block.columns.size or not block.rows.size:
            return
        features = block.columns[block.columns < len(table.features)]
        texts = [self.table_model.table_text(feature, text) for feature in features.tolist()]
        if not self.table_model.network_units or set(texts) <= {text}:
            self._document.fill(block.rows, block.columns, text)
            return
        values = np.broadcast_to(np.array(texts, dtype=np.float64), (len(block.rows), len(features)))
        label = self.tr("Fill {count} cells").format(count=thousands(values.size))
        self._document.edit_values(block.rows, features, values, label)

    def clear_cells(self) -> None:
        """Empty the selected cells; an empty cell is marked until something is typed."""
        block = self.block()
        if block is not None and block.columns.size:
            self._document.clear(block.rows, block.columns)

    def fill_down(self) -> None:
        """Give all selected cells what stands in the topmost one of their column."""
        block = self.block()
        if block is not None and len(block.rows) > 1 and block.columns.size:
            self._document.fill_down(block.rows, block.columns)

    def repeat(self, source: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> None:
        """Repeat rows of the table, in these columns, on other rows: in one step, texts included."""
        table = self._document.table
        if table is None or not len(rows):
            return
        label = self.tr("Fill {count} cells").format(count=thousands(len(rows) * len(columns)))
        pattern = source[np.arange(len(rows)) % len(source)]
        if (columns < len(table.features)).all():
            values = table.values[np.ix_(pattern, columns)]
            if np.isfinite(values).all():
                self._document.edit_values(rows, columns, values, label)
                return
        cells = [
            (row, column, self._document.cell_text(first, column))
            for row, first in zip(rows.tolist(), pattern.tolist(), strict=True)
            for column in columns.tolist()
        ]
        self._document.edit_cells(cells, label)

    def continue_series(self, source: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> None:
        """Go on as the source rows do: by the step between the first and the last of them."""
        table = self._document.table
        if table is None or not len(rows):
            return
        features = columns[columns < len(table.features)]
        known = table.values[np.ix_(source, features)]
        step = (known[-1] - known[0]) / max(1, len(source) - 1) if len(source) > 1 else np.ones(len(features))
        values = known[-1] + np.arange(1, len(rows) + 1)[:, None] * step
        label = self.tr("Continue {count} cells").format(count=thousands(values.size))
        self._document.edit_values(rows, features, values, label)

    def block(self) -> Block | None:
        """What is selected, or the current cell."""
        boxes = self.selectionModel().selection()
        if boxes.count():
            box = boxes.at(0)
            top, bottom, left, right = box.top(), box.bottom(), box.left(), box.right()
        else:
            current = self.currentIndex()
            if not current.isValid():
                return None
            top, bottom, left, right = current.row(), current.row(), current.column(), current.column()
        sections = range(left, right + 1)
        model = self.table_model
        columns = [column for one in sections if (column := model.table_column(model.column(one))) >= 0]
        rows = model.arranger.order.table_rows(top, bottom)
        return Block(np.asarray(rows, dtype=np.int64), sections, np.array(columns, dtype=np.int64))

    def selected_rows(self) -> list[int]:
        """The rows that a row operation is about: those selected, or the current one."""
        block = self.block()
        return block.rows.tolist() if block is not None else []

    def delete_rows(self) -> None:
        """Take the selected samples out."""
        block = self.block()
        if block is not None:
            self._document.delete_samples(block.rows)

    def _say(self, sentence: str) -> None:
        from lrp_gui.document.state import Message

        self._document.message.emit(Message(sentence))

    # ---------------------------------------------------------------------------- linked selection

    def _on_current(self, current: QModelIndex) -> None:
        row = self.table_model.row(current.row()) if current.isValid() else -1
        if row < 0:
            return
        self._document.select_sample(row)
        unit = self._unit_of(self.table_model.feature(current.column()))
        if unit >= 0:
            self._document.select_unit(unit)

    def _on_sample(self, row: int) -> None:
        current = self.currentIndex()
        place = self.table_model.place(row)
        if place < 0 or (current.isValid() and place == current.row()):
            return
        self.go_to(place, current.column() if current.isValid() else FIRST_CELL)

    def _on_layer(self, path: str) -> None:
        """An input that is chosen anywhere is the one whose columns stand here."""
        if len(self.table_model.inputs) > 1 and any(one.name == path for one in self.table_model.inputs):
            self.table_model.show_input(path)

    def _on_unit(self) -> None:
        """A unit of the chosen input is a column here."""
        first, unit, current = self._first_feature(), self._document.selected_unit, self.currentIndex()
        if first < 0 or unit < 0 or not current.isValid():
            return
        model = self.table_model
        column = model.section(Column(Kind.FEATURE, first + unit))
        if column < 0 and not model.picture and first + unit in model.all_features:
            model.turn_to(unit)  # the page on which it stands
            column, current = model.section(Column(Kind.FEATURE, first + unit)), self.currentIndex()
        if current.isValid() and column >= 0 and column != current.column():
            self.go_to(current.row(), column)

    def go_to(self, place: int, section: int) -> None:
        """Make a cell the current one, in sight."""
        index = self.table_model.index(place, section)
        self.selectionModel().setCurrentIndex(index, SELECT)
        self.scrollTo(index)

    def _unit_of(self, feature: int) -> int:
        chosen = self._document.input_columns(self._document.selected_layer)
        return feature - chosen.start if chosen.start <= feature < chosen.stop else -1

    def _first_feature(self) -> int:
        """The first feature of the input that is the chosen layer; -1 when another layer is chosen."""
        chosen = self._document.input_columns(self._document.selected_layer)
        return chosen.start if chosen.stop > chosen.start else -1

    # --------------------------------------------------------------------------------- arrangement

    def arrange(self) -> None:
        """Columns as wide as their titles and first rows need, rows as high as what stands in them."""
        model = self.table_model
        table = self._document.table
        self.pictures.forget()
        metrics, header = QFontMetrics(self.font()), self.horizontalHeader()
        bold = self.font()
        bold.setBold(True)  # the titles of what is selected are
        titles = QFontMetrics(bold)
        line = metrics.height() + ROW_MARGIN
        around = header.sizeHint().height() + self.horizontalScrollBar().sizeHint().height()
        self.setMinimumHeight(FEWEST_ROWS * line + around)
        self.set_row_height(PICTURE_ROW if model.picture and table is not None else line)
        if table is None:
            return
        self.hide_pinned(set() if model.named else {0})
        rows = [row for place in range(min(model.rowCount(), MEASURED_ROWS)) if (row := model.row(place)) >= 0]
        width = 0
        for section in range(model.columnCount()):
            column = model.column(section)
            if column.kind is Kind.PICTURE:
                width = self.pictures.width()
            elif section < MEASURED_COLUMNS or column.kind is Kind.EXTRA:
                wide = max(map(titles.horizontalAdvance, model.title(column).split("\n")))
                texts = [*(model.text(row, column) for row in rows), "0000"]
                most = WIDEST_PINNED if section < FIRST_CELL else WIDEST_COLUMN
                width = min(max(wide, *map(metrics.horizontalAdvance, texts)) + CELL_ROOM, most)
            header.resizeSection(section, width)
        self.pin()
        if self._document.selected_sample >= 0:
            self._on_order()
        self.layout_fitted.emit()

    def _on_results(self) -> None:
        """What the network says is only known to be long once it is there."""
        self.pictures.forget()
        metrics, header, model = QFontMetrics(self.font()), self.horizontalHeader(), self.table_model
        first = max(0, self.rowAt(0))
        rows = [
            row
            for place in range(first, min(model.rowCount(), first + MEASURED_ROWS))
            if (row := model.row(place)) >= 0
        ]
        changed = False
        for section in range(1, FIRST_CELL):
            column = model.column(section) if model.columnCount() else None
            if column is None:
                return
            width = max((metrics.horizontalAdvance(model.text(row, column)) for row in rows), default=0)
            wanted = min(width + CELL_ROOM, WIDEST_PINNED)
            if wanted > header.sectionSize(section):
                header.resizeSection(section, wanted)
                changed = True
        if changed:
            self.pin()

    def _look_at(self) -> None:
        """Tell which rows are on the screen: of a table that is too large to keep, those are explained."""
        first, last = self.rowAt(0), self.rowAt(self.viewport().height() - 1)
        order = self.table_model.arranger.order
        if first >= 0 and self.isVisible():
            self._document.look_at(order.table_rows(first, last if last >= 0 else order.length - 1))

    def _span_headings(self) -> None:
        """A group's heading takes all of the pinned columns."""
        model = self.table_model
        first = model.heading_section
        self.front.clearSpans()
        if model.arranger.order.groups and self.pinned > first + 1:
            rows = model.arranger.order.rows
            for place in np.flatnonzero(rows < 0).tolist() if rows is not None else ():
                self.front.setSpan(place, first, 1, self.pinned - first)

    def _on_order(self) -> None:
        """Another order: the chosen sample stays the chosen one, wherever it stands now."""
        place = self.table_model.place(self._document.selected_sample)
        if place >= 0:
            self.go_to(place, FIRST_CELL)

    def _show_sort(self) -> None:
        """The arrow in the title is the wish, whoever wished it."""
        wish = self.table_model.arranger.wish
        section = self.table_model.section(wish.sort) if wish.sort is not None else -1
        order = Qt.SortOrder.DescendingOrder if wish.descending else Qt.SortOrder.AscendingOrder
        for view in (self, self.front):
            header = view.horizontalHeader()
            if header.sortIndicatorSection() != section or (section >= 0 and header.sortIndicatorOrder() != order):
                header.blockSignals(True)
                header.setSortIndicator(section, order)
                header.blockSignals(False)
                header.viewport().update()

    def _fold(self, index: QModelIndex) -> None:
        """A click on a group's heading folds it."""
        place = self.table_model.row(index.row())
        groups = self.table_model.arranger.order.groups
        if place < 0 and -1 - place < len(groups):
            at, section = index.row(), index.column()
            self.table_model.arranger.fold(groups[-1 - place].title)
            self.go_to(at, section)  # folded groups stand where they stood

    # ------------------------------------------------------------------------------- what Qt asks

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter edits; the space bar folds a group."""
        current = self.currentIndex()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and current.isValid():
            if self.table_model.row(current.row()) < 0:
                self._fold(current)
                return
            editing = self.state() == QAbstractItemView.State.EditingState  # its editor let the key through
            if event.key() != Qt.Key.Key_Space and not event.modifiers() and not editing:
                self.edit(current)
                return
        super().keyPressEvent(event)

    def viewportEvent(self, event: QEvent) -> bool:
        """The fill handle at the corner of the selection takes the mouse first."""
        if isinstance(event, QMouseEvent) and self.handle.takes(event):
            return True
        return super().viewportEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The cells in one go; Qt paints them where headings of groups stand between them."""
        if self.table_model.arranger.order.groups:
            super().paintEvent(event)
        else:
            paint_cells(self, self.table_model, cast("CellDelegate", self.itemDelegate()), event)
        self.handle.paint()

    def make_front(self) -> QTableView:
        """The pinned columns, painted like the others."""
        return _Front(self)

    def select(self, top: int, left: int, bottom: int, right: int) -> None:
        """Select a block of the view."""
        model = self.table_model
        self.selectionModel().setCurrentIndex(model.index(top, left), NO_UPDATE)
        self.selectionModel().select(QItemSelection(model.index(top, left), model.index(bottom, right)), SELECT)
