"""The dialog for sizes that a file leaves open: with which ones the network is made."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from lrp_gui.document.files import Size, SizeRow
    from lrp_gui.theme import Theme

LARGEST = 1_000_000
MOST_AXES = 8


def read_size(text: str, *, shape: bool) -> Size | None:
    """A size as somebody typed it: 16, or N × 3 × 224 with N (or nothing) for the samples; None for nonsense."""
    words = [word for word in re.split(r"[×x*,;\s]+", text.strip()) if word]
    counts = [word.upper() == "N" for word in words]
    numbers = [int(word) for word in words if word.isascii() and word.isdigit()]
    if len(numbers) + sum(counts) != len(words) or not numbers or not all(1 <= one <= LARGEST for one in numbers):
        return None
    if not shape:
        return numbers[0] if len(words) == 1 else None
    if sum(counts) > 1 or len(words) > MOST_AXES:
        return None
    remaining = iter(numbers)
    sizes = tuple(None if samples else next(remaining) for samples in counts)
    return sizes if any(counts) else (None, *sizes)


class SizesDialog(QDialog):
    """A line for each open size; `chosen` says them by name."""

    chosen = Signal(tuple)  # of (name, size)

    def __init__(self, name: str, rows: tuple[SizeRow, ...], theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows = rows
        self.setWindowTitle(self.tr("Sizes of {name}").format(name=name))
        known = any(row.size != () for row in rows)
        about = QLabel(
            self.tr("The file leaves these sizes open, and the network was made with those below.")
            if known
            else self.tr("The file does not say how large its inputs are.")
        )
        about.setWordWrap(True)
        form = QFormLayout()
        form.setHorizontalSpacing(14)
        form.setVerticalSpacing(10)
        self.lines: dict[str, QLineEdit] = {}
        for row in rows:
            line = QLineEdit(row.text)
            line.setPlaceholderText("16" if isinstance(row.size, int) else "N × 3 × 224 × 224")
            line.setAccessibleDescription(row.where)
            line.textChanged.connect(self._follow)
            label = QLabel(f"{row.name}\n{row.where}" if row.where else row.name)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setBuddy(line)
            form.addRow(label, line)
            self.lines[row.name] = line
        self.hint = QLabel()
        self.hint.setWordWrap(True)
        self.hint.setStyleSheet(f"color: {theme.dim};")
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self.ok = self.buttons.button(QDialogButtonBox.StandardButton.Ok)
        self.ok.setText(self.tr("&Load"))
        for button in self.buttons.buttons():
            button.setIcon(QIcon())
        self.buttons.accepted.connect(self._accept)
        self.buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(12)
        column.addWidget(about)
        column.addLayout(form)
        column.addWidget(self.hint)
        column.addStretch()
        column.addWidget(self.buttons)
        self.setMinimumWidth(460)
        self._follow()

    @property
    def sizes(self) -> dict[str, Size | None]:
        """What stands in the lines; None for nonsense."""
        return {
            row.name: read_size(self.lines[row.name].text(), shape=not isinstance(row.size, int)) for row in self._rows
        }

    def _follow(self) -> None:
        sizes = self.sizes
        wrong = [name for name, size in sizes.items() if size is None]
        self.ok.setEnabled(not wrong and any(sizes[row.name] != row.size for row in self._rows))
        shapes = any(not isinstance(row.size, int) for row in self._rows)
        if wrong and any(self.lines[name].text().strip() for name in wrong):
            self.hint.setText(self.tr("{name} is no size yet.").format(name=wrong[0]))
        elif shapes:
            self.hint.setText(self.tr("N stands where the samples run; without it, before all others."))
        else:
            self.hint.setText(self.tr("With other sizes the network is loaded anew, and takes another table."))

    def _accept(self) -> None:
        self.chosen.emit(tuple((name, size) for name, size in self.sizes.items() if size is not None))
        self.accept()
