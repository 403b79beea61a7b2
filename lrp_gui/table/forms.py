"""Small dialogs of the table: a few labelled boxes, a filter for one column, columns for features."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from lrp_gui.document.words import plain
from lrp_gui.languages import thousands, tr
from lrp_gui.table.expression import quoted, word
from lrp_gui.table.matching import Value, Words
from lrp_gui.ticks import TickDelegate

if TYPE_CHECKING:
    from lrp_gui.document.extents import Extent
    from lrp_gui.document.table import InputTable

MOST_NEW = 1_000_000
LARGEST = 1e300
OK, CANCEL = QDialogButtonBox.StandardButton.Ok, QDialogButtonBox.StandardButton.Cancel


class Form(QDialog):
    """Boxes with names; `answered` gives what stands in them when somebody agrees."""

    answered = Signal(dict)

    def __init__(self, title: str, about: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.boxes: dict[str, QWidget] = {}
        self._reads: dict[str, Callable[[], Any]] = {}
        self._rows = QFormLayout()
        text = QLabel(about, self)
        text.setWordWrap(True)
        text.setVisible(bool(about))
        self.buttons = QDialogButtonBox(OK | CANCEL, self)
        self.buttons.accepted.connect(self._agree)
        self.buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addWidget(text)
        column.addLayout(self._rows)
        column.addWidget(self.buttons)

    def add(self, key: str, label: str, box: QWidget, read: Callable[[], Any]) -> Form:
        """A box, and how its answer is read."""
        box.setAccessibleName(label)
        self.boxes[key], self._reads[key] = box, read
        self._rows.addRow(label, box)
        return self

    def _agree(self) -> None:
        answers = {key: read() for key, read in self._reads.items()}
        self.accept()
        self.answered.emit(answers)


def _whole(parent: QWidget, value: int, low: int, high: int) -> QSpinBox:
    box = QSpinBox(parent)
    box.setRange(low, high)
    box.setValue(value)
    box.setGroupSeparatorShown(True)
    return box


def _seed(form: Form) -> None:
    box = _whole(form, 0, 0, 2**31 - 1)
    box.setToolTip(tr("The same seed draws the same numbers again"))
    form.add("seed", tr("Seed"), box, box.value)


def random_form(parent: QWidget, *, counts: bool) -> Form:
    """How many, drawn how."""
    form = Form(tr("Random Samples") if counts else tr("Random Values"), "", parent)
    if counts:
        box = _whole(form, 10, 1, MOST_NEW)
        form.add("count", tr("Samples"), box, box.value)
    how = QComboBox(form)
    how.addItem(tr("Evenly within the data's range"), "range")
    how.addItem(tr("Normal, by each feature's mean and scale"), "normal")
    form.add("how", tr("Drawn"), how, how.currentData)
    _seed(form)
    return form


def constant_form(parent: QWidget) -> Form:
    """How many, of which value."""
    form = Form(tr("Constant Samples"), tr("Every feature of the new samples gets the same value."), parent)
    count = _whole(form, 1, 1, MOST_NEW)
    form.add("count", tr("Samples"), count, count.value)
    value = QDoubleSpinBox(form)
    value.setDecimals(6)
    value.setRange(-1e12, 1e12)
    form.add("value", tr("Value"), value, value.value)
    return form


def noise_form(parent: QWidget) -> Form:
    """How much noise."""
    form = Form(
        tr("Add Noise"),
        tr("Normal noise, measured in each feature's scale, is put onto the selected cells."),
        parent,
    )
    amount = QDoubleSpinBox(form)
    amount.setDecimals(4)
    amount.setRange(0.0001, 1000.0)
    amount.setSingleStep(0.05)
    amount.setValue(0.1)
    form.add("amount", tr("Scales"), amount, amount.value)
    _seed(form)
    return form


def name_form(parent: QWidget, name: str) -> Form:
    """What a sample is called."""
    form = Form(tr("Rename Sample"), "", parent)
    box = QLineEdit(name, form)
    box.selectAll()
    form.add("name", tr("Name"), box, box.text)
    box.textChanged.connect(lambda text: form.buttons.button(OK).setEnabled(bool(text.strip())))
    return form


class ColumnFilter(QDialog):
    """Which rows are shown, by one column: between two numbers, or some of its words."""

    chosen = Signal(str)  # an expression

    def __init__(self, name: str, value: Value, extent: Extent | None, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Filter {name}").format(name=name))
        self._name = name
        self._words: QListWidget | None = None
        self.low, self.high = QLineEdit(self), QLineEdit(self)
        self.buttons = QDialogButtonBox(OK | CANCEL, self)
        self.buttons.accepted.connect(self._agree)
        self.buttons.rejected.connect(self.reject)
        self.problem = QLabel(self)
        self.problem.setWordWrap(True)
        column = QVBoxLayout(self)
        if isinstance(value, Words):
            self._words = self._list(value)
            column.addWidget(self._words)
            self.low.hide()
            self.high.hide()
        else:
            rows = QFormLayout()
            for box, label, end in ((self.low, tr("From"), "low"), (self.high, tr("To"), "high")):
                box.setAccessibleName(label)
                if extent is not None:
                    box.setPlaceholderText(plain(getattr(extent, end), 6, unknown=""))
                rows.addRow(label, box)
            column.addLayout(rows)
        column.addWidget(self.problem)
        column.addWidget(self.buttons)

    def condition(self) -> str:
        """What is chosen, as an expression; "" where everything is.

        Raises
        ------
        ValueError
            If one of the ends is no number.
        """
        name = quoted(self._name)
        if self._words is not None:
            items = [self._words.item(row) for row in range(self._words.count())]
            ticked = [item for item in items if item.checkState() == Qt.CheckState.Checked]
            if len(ticked) == len(items):
                return ""
            return f"{name} in ({', '.join(word(item.data(Qt.ItemDataRole.UserRole)) for item in ticked)})"
        parts = []
        for box, sign in ((self.low, ">="), (self.high, "<=")):
            if text := box.text().strip().replace("−", "-"):
                if not np.isfinite(float(text)):
                    raise ValueError(text)
                parts.append(f"{name} {sign} {text}")
        return " and ".join(parts)

    @staticmethod
    def _list(value: Words) -> QListWidget:
        box = QListWidget()
        box.setAccessibleName(tr("Words of this column"))
        box.setItemDelegate(TickDelegate(box))
        counts = np.bincount(value.codes, minlength=len(value.words))
        for one, count in sorted(zip(value.words, counts.tolist(), strict=True), key=lambda pair: -pair[1]):
            if count:
                item = QListWidgetItem(f"{one or tr('(empty)')}  ·  {thousands(count)}", box)
                item.setData(Qt.ItemDataRole.UserRole, one)
                item.setCheckState(Qt.CheckState.Checked)
        return box

    def _agree(self) -> None:
        try:
            condition = self.condition()
        except ValueError as problem:
            self.problem.setText(
                "⚠ " + tr("“{text}” is no number.").format(text=str(problem).rsplit(": ", 1)[-1].strip("'"))
            )
            return
        if self._words is not None and condition.endswith("()"):
            self.problem.setText("⚠ " + tr("Tick at least one of them."))
            return
        self.accept()
        self.chosen.emit(condition)


class AssignDialog(QDialog):
    """For each feature the column of the table whose data it gets."""

    chosen = Signal(list)  # (features,) numbers of columns

    def __init__(self, table: InputTable, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Columns of the Features"))
        self.resize(420, 460)
        names = [*(one.name for one in table.features), *(one.name for one in table.extras)]
        inside = QWidget(self)
        rows = QFormLayout(inside)
        self.boxes: list[QComboBox] = []
        for number, feature in enumerate(table.features):
            box = QComboBox(inside)
            box.addItems(names)
            box.setCurrentIndex(number)
            box.setAccessibleName(feature.name)
            box.currentIndexChanged.connect(self._check)
            self.boxes.append(box)
            rows.addRow(feature.name, box)
        area = QScrollArea(self)
        area.setWidget(inside)
        area.setWidgetResizable(True)
        about = QLabel(tr("Each feature of the network gets the data of the column beside it."), self)
        about.setWordWrap(True)
        self.problem = QLabel(self)
        self.problem.setWordWrap(True)
        self.buttons = QDialogButtonBox(OK | CANCEL, self)
        self.buttons.accepted.connect(self._agree)
        self.buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        for part in (about, area, self.problem, self.buttons):
            column.addWidget(part)

    def _check(self) -> None:
        """No column can be two features."""
        order = [box.currentIndex() for box in self.boxes]
        twice = next((number for number in order if order.count(number) > 1), -1)
        self.buttons.button(OK).setEnabled(twice < 0)
        text = tr("“{name}” is chosen for two features; choose another column for one of them.")
        self.problem.setText("⚠ " + text.format(name=self.boxes[0].itemText(twice)) if twice >= 0 else "")

    def _agree(self) -> None:
        self.accept()
        self.chosen.emit([box.currentIndex() for box in self.boxes])
