"""The box above the trees: what is searched, how much was found, and the way from one to the next."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QToolButton, QVBoxLayout, QWidget

from lrp_gui.browser.search import HELP
from lrp_gui.languages import tr

KEYS = Qt.Key


class SearchBox(QLineEdit):
    """A line that Esc empties, and whose Enter leads on."""

    stepped = Signal(int)  # 1 on, -1 back
    left = Signal()  # down, into the tree

    def event(self, event: QEvent) -> bool:
        """Claim Esc while there is something to clear: elsewhere in the window it cancels what is running."""
        claims = event.type() == QEvent.Type.ShortcutOverride and bool(self.text())
        if claims and isinstance(event, QKeyEvent) and event.key() == KEYS.Key_Escape:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: D102
        if event.key() == KEYS.Key_Escape and self.text():
            self.clear()
        elif event.key() in (KEYS.Key_Return, KEYS.Key_Enter):
            self.stepped.emit(-1 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1)
        elif event.key() == KEYS.Key_Down:
            self.left.emit()
        else:
            super().keyPressEvent(event)


class SearchBar(QWidget):
    """The box, a count, two buttons, and below them what is wrong with what is typed."""

    changed = Signal(str)
    stepped = Signal(int)
    left = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.box = SearchBox(self)
        self.box.setClearButtonEnabled(True)
        self.box.setPlaceholderText(self.tr("Find: name, /pattern/, shape:3x3, >1M"))
        self.box.setAccessibleName(self.tr("Find in the model"))
        self.box.setToolTip(_help())
        self.count = QLabel(self)
        self.count.setAccessibleName(self.tr("Found"))
        self.problem = QLabel(self)
        self.problem.setWordWrap(True)
        self.problem.setAccessibleName(self.tr("What is wrong with the search"))
        self.problem.hide()
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        row.addWidget(self.box, 1)
        row.addWidget(self.count)
        self._buttons = [
            self._button(Qt.ArrowType.UpArrow, self.tr("The one before"), "Shift+F3", -1),
            self._button(Qt.ArrowType.DownArrow, self.tr("The next one"), "F3", 1),
        ]
        for button in self._buttons:
            row.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 4, 4, 4)
        column.setSpacing(2)
        column.addLayout(row)
        column.addWidget(self.problem)
        self.box.textChanged.connect(self.changed)
        self.box.stepped.connect(self.stepped)
        self.box.left.connect(self.left)
        self.say("", steps=False)

    def say(self, count: str, problem: str = "", *, steps: bool = True) -> None:
        """Show how much was found, or why nothing could be searched."""
        self.count.setText(count)
        self.count.setVisible(bool(count))
        self.problem.setText(f"⚠ {problem}" if problem else "")
        self.problem.setVisible(bool(problem))
        for button in self._buttons:
            button.setVisible(bool(count))
            button.setEnabled(steps)

    def _button(self, arrow: Qt.ArrowType, tip: str, keys: str, step: int) -> QToolButton:
        button = QToolButton(self)
        button.setArrowType(arrow)
        button.setAutoRaise(True)
        button.setToolTip(f"{tip} ({keys})")
        button.setAccessibleName(tip)
        button.clicked.connect(lambda: self.stepped.emit(step))
        return button


def _help() -> str:
    rows = "".join(
        f"<tr><td style='padding-right:10px'><code>{escape(example)}</code></td><td>{escape(tr(about))}</td></tr>"
        for example, about in HELP
    )
    how = tr("All of what is typed has to hold. Ctrl+F leads here, Esc clears.")
    return f"<p>{how}</p><table>{rows}</table>"
