"""One editor for each kind of preference: it shows the stored value, and says when somebody chose another one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QFileDialog, QHBoxLayout, QLineEdit, QPushButton, QSpinBox, QWidget

from lrp_gui.languages import tr
from lrp_gui.preferences.table import CHOICE, FOLDER, NUMBER, SWITCH, Entry


class Editor(Protocol):
    """What the form needs of an editor; each is a widget as well."""

    chosen: Signal

    def show_value(self, value: Any) -> None:
        """Show a value; nobody is told."""
        ...


class ChoiceBox(QComboBox):
    """One of some values. A stored one that is not among them stands at the end, as it is."""

    chosen = Signal(object)

    def __init__(self, entry: Entry) -> None:
        super().__init__()
        self.activated.connect(lambda row: self.chosen.emit(self.itemData(row)))
        self.offer([(value, tr(title)) for value, title in entry.choices])

    def offer(self, choices: Sequence[tuple[Any, str]]) -> None:
        """These to choose from; what is chosen stays so."""
        now = self.currentData()
        with QSignalBlocker(self):
            self.clear()
            for value, title in choices:
                self.addItem(title, value)
        if now is not None:
            self.show_value(now)

    def show_value(self, value: Any) -> None:
        """Show a value."""
        row = self.findData(value)
        if row < 0:
            self.addItem(str(value), value)
            row = self.count() - 1
        self.setCurrentIndex(row)


class NumberBox(QSpinBox):
    """A whole number; its lowest stands for 0 where 0 means something of its own."""

    chosen = Signal(object)

    def __init__(self, entry: Entry) -> None:
        super().__init__()
        self._zero = entry.low
        self.setRange(entry.low, entry.high)
        self.setSingleStep(entry.step)
        self.setSuffix(tr(entry.unit) if entry.unit else "")
        self.setSpecialValueText(tr(entry.zero) if entry.zero else "")
        self.setKeyboardTracking(False)  # half a number is none
        self.valueChanged.connect(lambda value: self.chosen.emit(0 if value == self._zero else value))

    def show_value(self, value: Any) -> None:
        """Show a number."""
        with QSignalBlocker(self):
            self.setValue(value or self._zero)


class SwitchBox(QCheckBox):
    """Yes or no."""

    chosen = Signal(object)

    def __init__(self, _entry: Entry) -> None:
        super().__init__()
        self.toggled.connect(self.chosen.emit)

    def show_value(self, value: Any) -> None:
        """Show it."""
        with QSignalBlocker(self):
            self.setChecked(value)


class FolderBox(QWidget):
    """A folder, typed or chosen; nothing is the usual one."""

    chosen = Signal(object)

    def __init__(self, entry: Entry) -> None:
        super().__init__()
        self.line = QLineEdit()
        self.line.setPlaceholderText(tr(entry.zero))
        self.line.setAccessibleName(tr(entry.title))
        self.line.setToolTip(tr(entry.tip))
        self.line.setClearButtonEnabled(True)
        self.line.editingFinished.connect(self._commit)
        self.browse = QPushButton(self.tr("Choose…"))
        self.browse.setAutoDefault(False)
        self.browse.setAccessibleName(self.tr("Choose the folder"))
        self.browse.setToolTip(self.tr("Choose the folder"))
        self.browse.clicked.connect(self._ask)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.line, 1)
        row.addWidget(self.browse)
        self.setFocusProxy(self.line)
        self._shown = ""

    def show_value(self, value: Any) -> None:
        """Show it."""
        self._shown = value
        self.line.setText(value)

    def _commit(self) -> None:
        text = self.line.text().strip()
        if text != self._shown:
            self._shown = text
            self.chosen.emit(text)

    def _ask(self) -> None:
        dialog = QFileDialog(self, self.browse.text(), self.line.text())
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.fileSelected.connect(lambda path: (self.line.setText(path), self._commit()))
        dialog.open()


EDITORS = {CHOICE: ChoiceBox, NUMBER: NumberBox, SWITCH: SwitchBox, FOLDER: FolderBox}
