"""The dock with all operations as a table: a filter, what was found, a file of it, and the rows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QModelIndex, QSize, Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from lrp_gui.document.state import Message
from lrp_gui.jobs.queue import Failure, Job, JobQueue, Priority
from lrp_gui.jobs.writing_rows import write_rows
from lrp_gui.languages import thousands, tr
from lrp_gui.viewer.operations.amounts import amounts_of
from lrp_gui.viewer.operations.table_model import TEXTS, OperationsModel

if TYPE_CHECKING:
    from lrp_gui.document.document import Document

WIDTHS = (150, 130, 220, 90)
NUMBER_WIDTH = 92


class OperationsTable(QWidget):
    """Follows the document while it is seen; choosing a row chooses the node everywhere."""

    def __init__(self, document: Document, jobs: JobQueue, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document, self._jobs = document, jobs
        self._stale, self._following = True, False
        self.dialog: QFileDialog | None = None
        self.setAccessibleName(self.tr("All operations"))
        self.model = OperationsModel()
        self.filter = QLineEdit()
        self.filter.setPlaceholderText(self.tr("Filter: conv layer3 …"))
        self.filter.setAccessibleName(self.tr("Filter the operations"))
        self.filter.setToolTip(self.tr("Words that stand in the node, its operation, its layer or its rule"))
        self.filter.setClearButtonEnabled(True)
        self.count = QLabel()
        self.export = QPushButton(self.tr("Save as…"))
        self.export.setToolTip(self.tr("Write the rows that are shown into a file: CSV, Parquet, Excel or NPZ"))
        self.view = QTableView()
        self.view.setAccessibleName(self.tr("Operations, a row each"))
        self.view.setModel(self.model)
        self.view.setSortingEnabled(True)
        self.view.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.view.horizontalHeader().setSortIndicatorClearable(True)
        self.view.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.view.setTabKeyNavigation(False)
        self.view.setWordWrap(False)
        self.view.verticalHeader().setDefaultSectionSize(self.view.fontMetrics().height() + 6)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        bar = QHBoxLayout()
        layout.addLayout(bar)
        bar.setContentsMargins(6, 4, 6, 4)
        bar.setSpacing(8)
        bar.addWidget(self.filter, 1)
        bar.addWidget(self.count)
        bar.addWidget(self.export)
        layout.addWidget(self.view, 1)
        self.filter.textChanged.connect(self._on_filter)
        self.export.clicked.connect(self._ask_where)
        self.view.selectionModel().currentRowChanged.connect(self._on_row)
        for signal in (document.network_changed, document.result_changed):
            signal.connect(self._due)
        document.more_changed.connect(self._on_more)
        document.labels_changed.connect(self._due)
        document.node_selected.connect(self._follow)
        document.layer_selected.connect(self._follow_layer)

    def minimumSizeHint(self) -> QSize:
        """Small enough for a small laptop."""
        return QSize(240, 110)

    def showEvent(self, event: QShowEvent) -> None:
        """Who looks sees what is there now."""
        super().showEvent(event)
        if self._stale:
            self.refresh()

    def refresh(self) -> None:
        """Fill the table; what is not there yet is asked of the worker."""
        self._stale = False
        document = self._document
        network, result = document.network, document.result
        layout = document.more("layout:") if network is not None and result is not None else None
        if network is None or result is None or layout is None:
            self.model.show(None)
            problem = document.more_problem("layout:")
            waits = result is not None and not problem
            self._say(
                problem or self.tr(tr("Looking through the operations …") if waits else tr("No explanation to show"))
            )
            return
        sums = document.more("nodes") if result.words.flows else None
        amounts = amounts_of(layout.graph, network, result, sums) if sums is not None else None
        before = self.model.columnCount()
        self.model.show(layout.graph, network, result, amounts, document.labels)
        if self.model.columnCount() != before:
            for column in range(self.model.columnCount()):
                self.view.setColumnWidth(column, WIDTHS[column] if column < len(TEXTS) else NUMBER_WIDTH)
        self._say("")
        self._follow(document.selected_node)

    def _say(self, text: str) -> None:
        shown, total = self.model.rowCount(), self.model.total
        counted = self.tr("{shown} of {total}").format(shown=thousands(shown), total=thousands(total))
        self.count.setText(text or counted)
        self.export.setEnabled(bool(shown))

    def _due(self) -> None:
        self._stale = True
        if self.isVisible():
            self.refresh()

    def _on_more(self, kind: str) -> None:
        if kind in ("layout:", "nodes"):
            self._due()

    def _on_filter(self, text: str) -> None:
        self.model.set_filter(text)
        self._say("")
        self._follow(self._document.selected_node)

    # ---------------------------------------------------------------------------------------------------- selection

    def _on_row(self, current: QModelIndex, _before: QModelIndex) -> None:
        if not current.isValid() or self._following:
            return
        network = self._document.network
        layer, name = self.model.layer(current.row()), self.model.name(current.row())
        known = {one.path for one in network.layers} | {one.name for one in network.inputs} if network else set()
        self._following = True
        self._document.select_node(name, layer if layer in known else name if name in known else "")
        self._following = False

    def _follow(self, name: str) -> None:
        """Show the row of what was chosen elsewhere."""
        row = self.model.row_of(name) if name and not name.startswith("/") else -1
        if self._following or row < 0:
            return
        self._following = True
        self.view.selectRow(row)
        self.view.scrollTo(self.model.index(row, 0))
        self._following = False

    def _follow_layer(self, layer: str) -> None:
        """The last operation of a layer stands for it, unless one of its operations is chosen."""
        here = self.view.currentIndex()
        if not layer or (here.isValid() and layer in (self.model.layer(here.row()), self.model.name(here.row()))):
            return
        rows = [row for row in range(self.model.rowCount()) if self.model.layer(row) == layer]
        if rows:
            self._follow(self.model.name(rows[-1]))

    # ------------------------------------------------------------------------------------------------------ the file

    def _ask_where(self) -> None:
        self.dialog = QFileDialog(self, self.tr("Save the operations"))
        self.dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        self.dialog.setNameFilters(["CSV (*.csv)", tr("Parquet (*.parquet)"), tr("Excel (*.xlsx)"), "NumPy (*.npz)"])
        self.dialog.setDefaultSuffix("csv")
        self.dialog.fileSelected.connect(self.save)
        self.dialog.open()

    def save(self, path: str) -> None:
        """Write the rows that are shown, in their order, in the worker."""
        columns: dict[str, Any] = self.model.shown_columns()

        def done(_nothing: Any) -> None:
            self._document.message.emit(Message(self.tr("{path} is written.").format(path=path)))

        def failed(failure: Failure) -> None:
            self._document.message.emit(Message(failure.sentence, failure.details))

        title = self.tr("Writing {name}").format(name=Path(path).name)
        self._jobs.submit(Job(title, Priority.TABLE, lambda: write_rows(path, columns), done=done, failed=failed))
