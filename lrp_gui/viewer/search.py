"""A line above the graph in which a layer is looked for by its name or what it computes."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QToolButton, QWidget

from lrp_gui.document.results import NetworkInfo
from lrp_gui.languages import tr

WIDEST = 240  # of the line, in pixels


def places(network: NetworkInfo) -> list[tuple[str, str]]:
    """What can be found: inputs and layers with the text that is searched."""
    found = [(info.name, tr("{name} input").format(name=info.name)) for info in network.inputs]
    return found + [(layer.path, f"{layer.path} {layer.operation}") for layer in network.layers]


def matches(network: NetworkInfo, text: str) -> list[str]:
    """Every layer with all of the words in its name or operation, in forward order."""
    words = text.lower().split()
    return [path for path, said in places(network) if words and all(word in said.lower() for word in words)]


class SearchBar(QWidget):
    """Typing goes to the first match, Return to the next, Shift+Return to the one before, Escape closes."""

    typed = Signal(str)
    stepped = Signal(int)
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAutoFillBackground(True)
        self.line = QLineEdit()
        self.line.setPlaceholderText(self.tr("Find a layer"))
        self.line.setAccessibleName(self.tr("Find a layer in the graph"))
        self.line.setToolTip(self.tr("A part of its name or what it computes; Return goes on, Escape closes"))
        self.line.setClearButtonEnabled(True)
        self.line.setMaximumWidth(WIDEST)
        self.line.textChanged.connect(self.typed)
        self.line.installEventFilter(self)
        self.said = QLabel()
        self.said.setAccessibleName(self.tr("What was found"))
        close = QToolButton()
        close.setText("×")
        close.setAutoRaise(True)
        close.setToolTip(self.tr("Close (Escape)"))
        close.setAccessibleName(self.tr("Close the search"))
        close.clicked.connect(self.leave)
        row = QHBoxLayout(self)
        row.setContentsMargins(6, 4, 4, 4)
        row.addWidget(self.line, 1)
        for part in (self.said, close):
            row.addWidget(part)
        row.addStretch()
        self.hide()

    def begin(self) -> None:
        """Show it with the text of last time, ready to be typed over."""
        again = not self.isVisible()
        self.show()
        self.line.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.line.selectAll()
        if again and self.line.text().strip():
            self.typed.emit(self.line.text())  # what it says is found is what is shown

    def tell(self, at: int, count: int) -> None:
        """Which of how many matches is shown."""
        self.said.setText(self.tr("{at} of {count}").format(at=at + 1, count=count) if count else self.tr("none"))
        self.said.setVisible(bool(self.line.text().strip()))

    def leave(self) -> None:
        """Hide it; the keyboard goes back to the graph."""
        self.hide()
        self.left.emit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Return, Escape and the arrows are not typed."""
        if watched is self.line and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() == Qt.Key.Key_Escape:
                self.leave()
                return True
            steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self.stepped.emit(-1 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1)
                return True
            if event.key() in steps:
                self.stepped.emit(steps[Qt.Key(event.key())])
                return True
        return super().eventFilter(watched, event)


class Search:
    """Matches of the text in the line, one of them shown."""

    def __init__(self) -> None:
        self.found: Sequence[str] = ()
        self.at = 0

    def look(self, network: NetworkInfo | None, text: str) -> None:
        """Another text: from the first match on."""
        self.found, self.at = matches(network, text) if network is not None else (), 0

    def step(self, by: int) -> None:
        """The next match, after the last one the first."""
        if self.found:
            self.at = (self.at + by) % len(self.found)

    @property
    def layer(self) -> str:
        """The match that is shown; "" where there is none."""
        return self.found[self.at] if self.found else ""
