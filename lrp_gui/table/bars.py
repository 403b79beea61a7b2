"""The boxes above the table: one filters the rows, one finds cells."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QSpinBox, QToolButton, QWidget

from lrp_gui.languages import thousands, tr
from lrp_gui.table.expression import HELP

if TYPE_CHECKING:
    from lrp_gui.table.arranging import Arranger

# Whoever types is given the time for the next letter.
TYPING_MS = 350
KEYS = Qt.Key


class Box(QLineEdit):
    """A line in which Esc does something of its own."""

    escaped = Signal()
    stepped = Signal(int)  # 1 on, -1 back
    left = Signal()  # down, into the table

    def event(self, event: QEvent) -> bool:
        """Claim Esc: elsewhere in the window it cancels what is running."""
        claims = event.type() == QEvent.Type.ShortcutOverride
        if claims and isinstance(event, QKeyEvent) and event.key() == KEYS.Key_Escape:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: D102
        back = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if event.key() == KEYS.Key_Escape:
            self.escaped.emit()
        elif event.key() in (KEYS.Key_Return, KEYS.Key_Enter):
            self.stepped.emit(-1 if back else 1)
        elif event.key() == KEYS.Key_Down:
            self.left.emit()
        else:
            super().keyPressEvent(event)


class FilterBox(QWidget):
    """An expression over the columns, and a button that renews an order that is out of date."""

    left = Signal()

    def __init__(self, arranger: Arranger, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._arranger = arranger
        self.box = Box(self)
        self.box.setClearButtonEnabled(True)
        self.box.setAccessibleName(self.tr("Filter the samples"))
        self.box.setToolTip(_help(self.tr("Shows only the samples of which this holds. Esc clears.")))
        self.box.setMinimumWidth(90)
        self.again = QToolButton(self)
        self.again.setText(self.tr("⟳ Apply Again"))
        self.again.setToolTip(self.tr("Cells changed since the rows were filtered, sorted or grouped"))
        self.again.clicked.connect(arranger.apply)
        self.again.hide()
        row = QHBoxLayout(self)
        row.setContentsMargins(4, 2, 4, 2)
        row.setSpacing(2)
        row.addWidget(self.box, 1)
        row.addWidget(self.again)
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(TYPING_MS)
        self._typing.timeout.connect(self.apply)
        self.box.textEdited.connect(lambda _text: self._typing.start())
        self.box.textChanged.connect(self._on_text)
        self.box.stepped.connect(lambda _step: self.apply())
        self.box.escaped.connect(self._escape)
        self.box.left.connect(self._leave)
        arranger.state_changed.connect(self._show)
        self._show()

    def apply(self) -> None:
        """Filter by what stands in the box."""
        self._typing.stop()
        self._arranger.filter(self.box.text())

    def add(self, condition: str) -> None:
        """Show only rows of which this holds too."""
        text = self.box.text().strip()
        if " or " in text.lower():
            text = f"({text})"
        self.box.setText(f"{text} and {condition}" if text else condition)
        self.apply()

    def _on_text(self, text: str) -> None:
        if not text and not self._typing.isActive():
            self.apply()  # the button that clears it

    def _escape(self) -> None:
        if self.box.text():
            self.box.clear()
            self.apply()
        else:
            self.left.emit()

    def _leave(self) -> None:
        self.apply()
        self.left.emit()

    def _show(self) -> None:
        self.again.setVisible(self._arranger.stale)
        example = self._arranger.example()
        self.box.setPlaceholderText(
            self.tr("Filter: {example}").format(example=example) if example else self.tr("Filter")
        )
        if not self._arranger.wish.filter and not self.box.hasFocus() and not self._typing.isActive():
            self.box.clear()


class FindBar(QWidget):
    """A word and the way from one cell that holds it to the next."""

    wanted = Signal(str, int)  # a text, 1 on or -1 back
    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.box = Box(self)
        self.box.setPlaceholderText(self.tr("Find in the cells that are shown"))
        self.box.setAccessibleName(self.tr("Find in the table"))
        self.told = QLabel(self)
        self.told.setAccessibleName(self.tr("Found"))
        row = QHBoxLayout(self)
        row.setContentsMargins(4, 2, 4, 2)
        row.setSpacing(4)
        row.addWidget(self.box)
        for arrow, tip, step in (
            (Qt.ArrowType.UpArrow, self.tr("The one before (Shift+F3)"), -1),
            (Qt.ArrowType.DownArrow, self.tr("The next one (F3)"), 1),
        ):
            button = QToolButton(self)
            button.setArrowType(arrow)
            button.setAutoRaise(True)
            button.setToolTip(tip)
            button.setAccessibleName(tip)
            button.clicked.connect(lambda _checked=False, step=step: self.step(step))
            row.addWidget(button)
        row.addWidget(self.told)
        row.addStretch()
        close = QToolButton(self)
        close.setText("✕")
        close.setAutoRaise(True)
        close.setToolTip(self.tr("Close (Esc)"))
        close.setAccessibleName(self.tr("Close the search"))
        close.clicked.connect(self.closed)
        row.addWidget(close)
        self.box.setMaximumWidth(320)
        self.box.stepped.connect(self.step)
        self.box.escaped.connect(self.closed)
        self.box.left.connect(self.closed)

    def step(self, by: int) -> None:
        """Look for the next one, or the one before."""
        if self.box.text():
            self.wanted.emit(self.box.text(), by)

    def say(self, text: str) -> None:
        """What came of it."""
        self.told.setText(text)


class Pager(QWidget):
    """Which of the many numbers of an input have columns."""

    turned = Signal(int)  # the first of them, counted from 1

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.first = QSpinBox(self)
        self.first.setKeyboardTracking(False)
        self.first.setAccessibleName(self.tr("First number that is shown"))
        self.first.setToolTip(self.tr("The first number of the input that has a column"))
        self._rest = QLabel(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(4, 0, 4, 0)
        row.addWidget(QLabel(self.tr("Numbers"), self))
        row.addWidget(self.first)
        row.addWidget(self._rest)
        self.first.valueChanged.connect(self.turned)

    def show_page(self, first: int, last: int, total: int, *, shown: bool) -> None:
        """Show which they are; nothing where all of them have room."""
        partial = last - first + 1 < total
        self.setVisible(shown and partial)
        self.first.blockSignals(True)
        self.first.setRange(1, max(1, total - (last - first)))
        self.first.setSingleStep(max(1, last - first + 1))
        self.first.setValue(first)
        self.first.blockSignals(False)
        self._rest.setText(self.tr("to {last} of {total}").format(last=thousands(last), total=thousands(total)))


def _help(first: str) -> str:
    rows = "".join(
        f"<tr><td style='padding-right:10px'><code>{escape(example)}</code></td><td>{escape(tr(about))}</td></tr>"
        for example, about in HELP
    )
    return f"<p>{first}</p><table>{rows}</table>"
