"""The line above the tensors: in which order they stand, and the way to measure all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from lrp_gui.browser.tensors_model import MEASURED, NORM, ODD, SIZE, STD, ZEROS
from lrp_gui.document.words import counted
from lrp_gui.languages import mark, thousands

if TYPE_CHECKING:
    from lrp_gui.browser.tree_view import SearchableTree
    from lrp_gui.document.document import Document
    from lrp_gui.document.files import Reading
    from lrp_gui.document.measuring import Measurement

# Largest or strangest first; what a column's title does one can have without looking for the column.
ORDERS = (
    (mark("As in the file"), -1),
    (mark("Largest first"), SIZE),
    (mark("Oddest first"), ODD),
    (mark("Largest norm first"), NORM),
    (mark("Widest spread first"), STD),
    (mark("Most zeros first"), ZEROS),
)
DOWN = Qt.SortOrder.DescendingOrder


class TensorBar(QWidget):
    """Orders the tree, and has tensors measured where an order needs it."""

    def __init__(
        self, tree: SearchableTree, document: Document, measurement: Measurement, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._tree, self._document, self._measurement = tree, document, measurement
        self.order = QComboBox(self)
        self.order.setAccessibleName(self.tr("Order of the tensors"))
        self.order.setToolTip(self.tr("In which order the tensors stand; a click on a column's title sorts as well"))
        self.order.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.order.setMinimumContentsLength(10)
        for text, column in ORDERS:
            self.order.addItem(self.tr(text), column)
        self.run = QPushButton(self.tr("Measure"), self)
        self.run.setToolTip(
            self.tr("Go through all numbers of the file: minimum, maximum, mean, deviation, norm, zeros (Ctrl+M)")
        )
        self.progress = QProgressBar(self)
        self.progress.setRange(0, 1000)
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(8)
        self.progress.setAccessibleName(self.tr("How many tensors are measured"))
        self.stop = QPushButton(self.tr("Stop"), self)
        self.told = QLabel(self)
        self.told.setWordWrap(True)
        row = QHBoxLayout()
        row.setSpacing(4)
        for widget, stretch in ((self.order, 2), (self.run, 0), (self.progress, 1), (self.stop, 0)):
            row.addWidget(widget, stretch)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 0, 4, 4)
        column.setSpacing(2)
        column.addLayout(row)
        column.addWidget(self.told)
        self.order.activated.connect(self._choose)
        self.run.clicked.connect(measurement.run)
        self.stop.clicked.connect(measurement.stop)
        tree.header().sortIndicatorChanged.connect(self._follow)
        measurement.news.connect(self._show)
        document.reading_changed.connect(self._show)
        self._show()

    def _choose(self, place: int) -> None:
        column = self.order.itemData(place)
        self._tree.sortByColumn(column, DOWN if column >= 0 else Qt.SortOrder.AscendingOrder)
        if column >= MEASURED:
            self._measurement.run()
            self._tree.scrollToTop()

    def _follow(self, column: int, order: Qt.SortOrder) -> None:
        """Somebody sorted by a title: an order that has no name here shows none."""
        known = column if column < 0 or order == DOWN else None
        with QSignalBlocker(self.order):
            self.order.setCurrentIndex(next((n for n, (_text, one) in enumerate(ORDERS) if one == known), -1))

    def _show(self) -> None:
        measurement, reading = self._measurement, self._document.reading
        order = self.order.currentData()
        if not measurement.running and not measurement.found and order is not None and order >= MEASURED:
            # Another file, of which nothing is known yet: the list may not say that its oddest stand first.
            self._tree.sortByColumn(-1, Qt.SortOrder.AscendingOrder)
        self.run.setVisible(not measurement.running)
        self.run.setEnabled(not measurement.complete and reading is None)
        self.progress.setVisible(measurement.running)
        self.stop.setVisible(measurement.running)
        self.progress.setValue(round(1000 * measurement.share))
        self.told.setVisible(measurement.complete or reading is not None)
        if reading is not None:
            self.told.setText(self._how_far(reading))
        elif measurement.complete:
            every, odd = counted(len(measurement.found), "tensor"), len(measurement.odd)
            self.told.setText(
                self.tr("{every} measured, {odd} of them odd").format(every=every, odd=thousands(odd))
                if odd
                else self.tr("{every} measured, nothing odd").format(every=every)
            )

    def _how_far(self, reading: Reading) -> str:
        done, total = thousands(len(reading.rows)), thousands(reading.total)
        if not reading.total:
            return self.tr("{done} tensors of {name} read").format(done=done, name=reading.name)
        return self.tr("{done} of {total} tensors of {name} read").format(done=done, total=total, name=reading.name)
