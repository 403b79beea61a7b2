"""Which plane of a tensor is looked at: the axes that run down and across, and the place on every other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QComboBox, QGridLayout, QLabel, QSpinBox, QWidget

from lrp_gui.jobs.inspected import Slice
from lrp_gui.languages import thousands

if TYPE_CHECKING:
    from lrp_gui.document.inspecting import Inspection

MOST = 2**31 - 1


class SliceBar(QWidget):
    """Holds nothing but the inspection's slice; hidden where there is nothing to choose."""

    def __init__(self, inspection: Inspection, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._inspection = inspection
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self.rows, self.columns = QComboBox(self), QComboBox(self)
        self.places: dict[int, QSpinBox] = {}
        self._labels: list[QLabel] = []
        for n, (text, box) in enumerate(((self.tr("&Down"), self.rows), (self.tr("Ac&ross"), self.columns))):
            label = QLabel(text, self)
            label.setBuddy(box)
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(7)
            self._grid.addWidget(label, 0, 2 * n)
            self._grid.addWidget(box, 0, 2 * n + 1)
            box.activated.connect(self._choose)
        self._grid.setColumnStretch(1, 1)
        self._grid.setColumnStretch(3, 1)
        inspection.chosen.connect(self._build)
        inspection.sliced.connect(self._fill)
        self._build()

    def _build(self) -> None:
        """Boxes for this tensor's axes."""
        for widget in (*self._labels, *self.places.values()):
            self._grid.removeWidget(widget)
            widget.hide()
            widget.deleteLater()
        self._labels, self.places = [], {}
        row = self._inspection.row
        shape = row.shape if row is not None else ()
        self.setVisible(len(shape) >= 2)
        for box in (self.rows, self.columns):
            box.clear()
            box.addItems([self.tr("axis {axis} ({size})").format(axis=n, size=size) for n, size in enumerate(shape)])
        for axis, size in enumerate(shape):
            spin = QSpinBox(self)
            spin.setRange(0, min(max(size - 1, 0), MOST))
            spin.setAccessibleName(self.tr("Place on axis {axis}").format(axis=axis))
            spin.setSuffix(self.tr(" of 0–{last}").format(last=thousands(max(size - 1, 0))))
            spin.setKeyboardTracking(False)
            spin.valueChanged.connect(self._move)
            self.places[axis] = spin
            label = QLabel(self.tr("Axis {axis}").format(axis=axis), self)
            label.setBuddy(spin)
            self._labels.append(label)
        self._fill()

    def _fill(self) -> None:
        wanted = self._inspection.slice
        if wanted is None:
            return
        self.rows.setCurrentIndex(wanted.rows)
        self.columns.setCurrentIndex(wanted.columns)
        others = 0
        for axis, spin in self.places.items():
            spin.blockSignals(True)
            spin.setValue(wanted.places[axis])
            spin.blockSignals(False)
            shown = axis not in {wanted.rows, wanted.columns}
            for widget, column in ((self._labels[axis], 0), (spin, 1)):
                self._grid.removeWidget(widget)
                if shown:
                    self._grid.addWidget(widget, 1 + others // 2, column + 2 * (others % 2))
                widget.setVisible(shown)
            others += shown

    def _choose(self) -> None:
        """An axis that is chosen twice changes places with the other."""
        wanted = self._inspection.slice
        if wanted is None:
            return
        rows, columns = self.rows.currentIndex(), self.columns.currentIndex()
        if rows == columns:
            rows, columns = wanted.columns, wanted.rows
        self._inspection.show_slice(Slice(rows, columns, wanted.places))

    def _move(self) -> None:
        wanted = self._inspection.slice
        if wanted is not None:
            places = tuple(spin.value() for spin in self.places.values())
            self._inspection.show_slice(Slice(wanted.rows, wanted.columns, places))
