"""A spin box that shows a cell as the table does, and takes any number, also one beyond the data's range."""

from __future__ import annotations

import math

from PySide6.QtCore import QLocale, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QValidator, QWheelEvent
from PySide6.QtWidgets import QAbstractSpinBox, QDoubleSpinBox, QWidget

from lrp_gui.document.table import shown_text
from lrp_gui.document.words import MINUS
from lrp_gui.fonts import text_scale

LARGEST = 1e300
# The base class rounds to so many decimals; with these a double stays what it is.
DECIMALS = 60
WIDTH = 92


class NumberBox(QDoubleSpinBox):
    """Says `edited` only when a person changed the number."""

    edited = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._instead: str | None = None  # what the cell holds where that is no number
        self.setDecimals(DECIMALS)
        self.setRange(-LARGEST, LARGEST)
        self.setKeyboardTracking(False)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setStepType(QAbstractSpinBox.StepType.DefaultStepType)
        self.setFixedWidth(round(WIDTH * text_scale()))
        self.valueChanged.connect(self._changed)

    def show_number(self, value: float, instead: str = "") -> None:
        """Show what stands in the table; nothing hears of it."""
        with QSignalBlocker(self):
            empty = not math.isfinite(value)
            self._instead = instead if empty else None
            # Where there is no number, one that nobody types: any other that is typed is news.
            self.setValue(LARGEST if empty else value)
            self.lineEdit().setText(self.textFromValue(value))  # type: ignore[union-attr]

    def textFromValue(self, value: float) -> str:  # noqa: N802, D102
        return shown_text(value) if self._instead is None else self._instead

    def valueFromText(self, text: str) -> float:  # noqa: N802, D102
        if text == self.textFromValue(self.value()):
            return self.value()  # which may have more digits
        number = _number(text)
        return self.value() if number is None else number

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:  # noqa: D102
        return (QValidator.State.Intermediate if _number(text) is None else QValidator.State.Acceptable, text, position)

    def stepBy(self, steps: int) -> None:  # noqa: N802
        """As people add, not as binary numbers do: 0.1 + 0.2 is 0.3."""
        if self._instead is None:
            self.setValue(float(f"{self.value() + steps * self.singleStep():.12g}"))

    def wheelEvent(self, event: QWheelEvent) -> None:
        """The list scrolls; only a box in which somebody types is turned."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def _changed(self, value: float) -> None:
        self._instead = None
        self.edited.emit(value)


def _number(text: str) -> float | None:
    try:
        point = QLocale().decimalPoint()
        value = float(text.strip().replace(MINUS, "-").replace(point, "."))
    except ValueError:
        return None
    return value if math.isfinite(value) and abs(value) < LARGEST else None
