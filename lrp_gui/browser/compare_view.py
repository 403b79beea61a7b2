"""The dock about two files side by side: what became of each tensor, and how far its numbers lie apart."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSaveFile, QSize, Qt
from PySide6.QtGui import QContextMenuEvent, QGuiApplication, QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from lrp_gui import settings
from lrp_gui.browser.compare_model import NAME, SAME, CompareModel
from lrp_gui.browser.popup import pop_up
from lrp_gui.document.comparing_files import FAILED, RUNNING, STOPPED
from lrp_gui.document.state import Message
from lrp_gui.document.words import counted
from lrp_gui.jobs.comparing import CHANGES
from lrp_gui.languages import capital, thousands, tr
from lrp_gui.sorted_table import SortedTable

if TYPE_CHECKING:
    from lrp_gui.document.comparing_files import FileComparison
    from lrp_gui.document.document import Document
    from lrp_gui.jobs.comparing import DifferenceRow
    from lrp_gui.theme import Theme

NAME_WIDTH, FITTED_ROWS, MOST_WIDTH = 420, 50, 220
NAME_SHARE, LEAST_NAME = 0.4, 140
ROOM = 16  # of a column, for the arrow that sorts
CHANGED, EVERYTHING = "changed", "everything"


class CompareView(QWidget):
    """A line of controls, what is compared, and the table; choosing a row looks at the tensor in both files."""

    def __init__(
        self, document: Document, comparison: FileComparison, theme: Theme, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._document, self.comparison = document, comparison
        self.setAccessibleName(self.tr("Two files side by side"))
        self.dialog: QFileDialog | None = None
        self._following = False
        self._ran = False
        self.model = CompareModel(self)
        self._build()
        self.set_theme(theme)
        self.model.add(comparison.rows)
        comparison.changed.connect(self._show)
        comparison.begun.connect(self._show)
        comparison.progressed.connect(self._progress)
        comparison.found.connect(self._add)
        comparison.cleared.connect(self._clear)
        comparison.chosen.connect(self._follow)
        self._filter()
        self._show()

    # ------------------------------------------------------------------------------------------ construction

    def _build(self) -> None:
        self.filter = QComboBox(self)
        self.filter.setAccessibleName(self.tr("Which tensors are shown"))
        self.filter.addItem(self.tr("What differs"), frozenset(CHANGES) - {SAME})
        self.filter.addItem(self.tr("All tensors"), frozenset(CHANGES))
        self.filter.insertSeparator(2)
        for change in CHANGES:
            self.filter.addItem(capital(tr(change)), frozenset({change}))
        self.box = QLineEdit(self)
        self.box.setPlaceholderText(self.tr("Find a tensor"))
        self.box.setClearButtonEnabled(True)
        self.box.setAccessibleName(self.tr("Find a tensor in the comparison"))
        self.progress = QProgressBar(self)
        self.progress.setRange(0, 1000)
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(8)
        self.progress.setAccessibleName(self.tr("How far the comparison is"))
        self.button = QPushButton(self)
        self.button.clicked.connect(self._toggle)
        self.export = QPushButton(self.tr("E&xport…"), self)
        self.export.setToolTip(self.tr("Write the rows that are shown to a CSV file"))
        self.export.clicked.connect(self.ask_where)
        self.filter.currentIndexChanged.connect(self._filter)
        self.box.textChanged.connect(self._filter)
        self.about = QLabel(self)
        self.about.setWordWrap(True)
        self.about.setTextFormat(Qt.TextFormat.PlainText)
        self.about.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.table = CompareTable(self.model, self)
        self.table.selectionModel().selectionChanged.connect(self._choose)
        line = QHBoxLayout()
        line.addWidget(self.filter)
        line.addWidget(self.box, 1)
        line.addWidget(self.progress, 1)
        line.addWidget(self.button)
        line.addWidget(self.export)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 4, 6, 4)
        column.setSpacing(4)
        column.addLayout(line)
        column.addWidget(self.about)
        column.addWidget(self.table, 1)

    def set_theme(self, theme: Theme) -> None:
        """Take over the colours."""
        self.model.set_colours(theme.warning, theme.dim)
        self.about.setStyleSheet(f"color: {theme.dim}")

    # ------------------------------------------------------------------------------------- what is shown

    def _show(self) -> None:
        comparison = self.comparison
        running = comparison.state == RUNNING
        self.progress.setVisible(running)
        self._progress()
        self.button.setText(self.tr("S&top") if running else self.tr("Compare &Again"))
        self.button.setEnabled(bool(comparison.other))
        self.export.setEnabled(self.model.rowCount() > 0)
        self.about.setText(self._about())
        if self._ran and not running:
            self.model.settle()
        self._ran = running

    def _progress(self) -> None:
        if self.comparison.state == RUNNING:
            self.progress.setValue(round(1000 * self.comparison.share))

    def _about(self) -> str:
        comparison, file = self.comparison, self._document.file
        if not comparison.other or file is None:
            return self.tr("Choose another file in the menu File to compare this one with.")
        if comparison.state == FAILED:
            return comparison.problem
        counts = ", ".join(f"{thousands(count)} {tr(change)}" for change, count in comparison.counts.items())
        head = self.tr("{name} (a) and {other} (b): {tensors}").format(
            name=file.name, other=comparison.other_name, tensors=counted(comparison.tensors, "tensor")
        )
        sentences = [f"{head}, {counts}." if counts else f"{head}.", *comparison.notes]
        if comparison.state == STOPPED:
            sentences.append(self.tr("The comparison was stopped."))
        elif comparison.state != RUNNING and set(comparison.counts) == {SAME}:
            sentences.append(self.tr("Both hold the same numbers."))
        return " ".join(sentences)

    def _add(self, rows: tuple[DifferenceRow, ...]) -> None:
        fits = self.model.count < FITTED_ROWS
        self.model.add(rows)
        if fits:
            self.table.fit()
        self._follow()
        self.about.setText(self._about())

    def _clear(self) -> None:
        self.model.clear()
        self.box.clear()
        self._show()

    def _filter(self) -> None:
        self.model.show_only(self.filter.currentData() or frozenset(CHANGES), self.box.text())
        self.export.setEnabled(self.model.rowCount() > 0)
        self._follow()

    def _follow(self) -> None:
        """Select the tensor that is chosen, wherever that was done."""
        place = self.model.place_of(self.comparison.row)
        self._following = True
        if place < 0:
            self.table.clearSelection()
        elif self.table.currentIndex().row() != place or not self.table.selectionModel().hasSelection():
            self.table.selectRow(place)
        self._following = False

    # --------------------------------------------------------------------------------------- what is done

    def _choose(self) -> None:
        current = self.table.currentIndex()
        if not self._following and current.isValid() and self.table.selectionModel().isSelected(current):
            self.comparison.choose(self.model.row_at(current.row()))

    def _toggle(self) -> None:
        if self.comparison.state == RUNNING:
            self.comparison.stop()
        else:
            self.comparison.again()

    def ask_where(self) -> None:
        """Ask for a file, then write the rows that are shown."""
        file = self._document.file
        dialog = QFileDialog(self, self.tr("Export the Comparison"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilter("CSV (*.csv)")
        dialog.setDefaultSuffix("csv")
        dialog.setDirectory(settings.FOLDER.read())
        dialog.selectFile(f"{Path(file.name).stem if file is not None else 'file'}-compared.csv")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self.write)
        self.dialog = dialog
        dialog.open()

    def write(self, path: str) -> None:
        """Write the rows that are shown as CSV, whole or not at all."""
        file = QSaveFile(path)
        content = self.model.as_text(separator=",").encode()
        if file.open(QSaveFile.OpenModeFlag.WriteOnly) and file.write(content) >= 0 and file.commit():
            self._document.message.emit(Message(self.tr("{path} is written.").format(path=path)))
            return
        text = self.tr("{name} cannot be written ({reason}); choose another place.")
        self._document.message.emit(Message(text.format(name=Path(path).name, reason=file.errorString())))

    def sizeHint(self) -> QSize:  # noqa: D102
        return QSize(600, 240)


class CompareTable(SortedTable):
    """The table itself: sorting by its titles, copying by keyboard and menu."""

    def __init__(self, model: CompareModel, parent: QWidget) -> None:
        super().__init__(model, self.tr("Tensors of both files"), parent)
        self._rows = model
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.sort_at_first(-1, Qt.SortOrder.AscendingOrder)  # as in the files
        self.setColumnWidth(NAME, NAME_WIDTH)

    def fit(self) -> None:
        """Columns as wide as what stands in them, within reason."""
        self.horizontalHeader().setResizeContentsPrecision(FITTED_ROWS)
        for column in range(self._rows.columnCount()):
            self.resizeColumnToContents(column)
            most = max(LEAST_NAME, min(NAME_WIDTH, round(NAME_SHARE * self.width()))) if column == NAME else MOST_WIDTH
            self.setColumnWidth(column, min(self.columnWidth(column) + ROOM, most))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: D102
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """What can be done with a row; by the keyboard too, beside the current row."""
        pop_up(self, self.menu(), event)

    def menu(self) -> QMenu:
        """The menu of a row."""
        menu = QMenu(self)
        copy = menu.addAction(self.tr("Copy Rows"))
        copy.setShortcut(QKeySequence.StandardKey.Copy)
        copy.setEnabled(self.selectionModel().hasSelection())
        copy.triggered.connect(self.copy)
        everything = menu.addAction(self.tr("Copy Table"))
        everything.setEnabled(self._rows.rowCount() > 0)
        everything.triggered.connect(lambda: QGuiApplication.clipboard().setText(self._rows.as_text()))
        return menu

    def copy(self) -> None:
        """The selected rows with their titles, for a spreadsheet."""
        places = sorted(index.row() for index in self.selectionModel().selectedRows())
        if places:
            QGuiApplication.clipboard().setText(self._rows.as_text(places))
