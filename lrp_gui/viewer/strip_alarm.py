"""Below the strip: what is wrong with the books, in one line that opens, and what can be tried, as buttons."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QWidget

from lrp_gui.document.remedies import Remedy
from lrp_gui.languages import tr
from lrp_gui.theme import Theme


class AlarmBar(QWidget):
    """A sentence that can be copied, and a button for each remedy.

    What is longer than a line ends in "…", with the whole as its tooltip and behind a button: the graph needs the room.
    """

    chosen = Signal(object)  # Remedy

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = ""
        self.label = QLabel()
        self.label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.label.setAccessibleName(self.tr("Warning about the conservation"))
        self.label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.buttons: list[QPushButton] = []
        self._remedies: tuple[Remedy, ...] = ()
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(10, 1, 8, 3)
        self._row.setSpacing(6)
        self._row.addWidget(self.label, 1)
        self.whole = QToolButton()
        self.whole.setCheckable(True)
        self.whole.setAutoRaise(True)
        self.whole.setText(self.tr("All of it"))
        self.whole.setToolTip(self.tr("Show all of the warning, or its first line alone"))
        self.whole.setAccessibleName(self.tr("Show all of the warning"))
        self.whole.toggled.connect(self._say)
        self._row.addWidget(self.whole)
        self.setAutoFillBackground(True)

    def text(self) -> str:
        """What is said."""
        return self._text

    def show_alarm(self, text: str, remedies: Sequence[Remedy], theme: Theme) -> None:
        """Say this and offer these; nothing to say hides the bar."""
        self._text = text
        self.label.setToolTip(text)
        self.label.setStyleSheet(f"color: {theme.warning};")
        self.setVisible(bool(text))
        if tuple(remedies) != self._remedies:
            self._remedies = tuple(remedies)
            for button in self.buttons:
                self._row.removeWidget(button)
                button.deleteLater()
            self.buttons = [self._button(remedy) for remedy in remedies]
        self._say()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A line is as long as there is room."""
        super().resizeEvent(event)
        self._say()

    def _say(self) -> None:
        """The whole, or as much as a line holds; the button is there where that is not the same."""
        first = self._text.partition("\n")[0]
        taken = sum(button.sizeHint().width() + self._row.spacing() for button in self.buttons)
        margins = self._row.contentsMargins()
        room = self.width() - taken - margins.left() - margins.right()
        long = first != self._text or self.label.fontMetrics().horizontalAdvance(first) > room
        if long:
            room -= self.whole.sizeHint().width() + self._row.spacing()
        opened = long and self.whole.isChecked()
        self.whole.setVisible(long)
        self.label.setWordWrap(opened)
        line = first if first == self._text else f"{first} …"
        cut = self.label.fontMetrics().elidedText(line, Qt.TextElideMode.ElideRight, max(room, 40))
        self.label.setText(self._text if opened or not long else cut)

    def _button(self, remedy: Remedy) -> QPushButton:
        button = QPushButton(remedy.text, self)
        button.setToolTip(tr("{tip}. Undo takes it back.").format(tip=remedy.tip))
        button.setAccessibleName(remedy.text)
        button.setAccessibleDescription(remedy.tip)
        button.clicked.connect(lambda: self.chosen.emit(remedy))
        self._row.addWidget(button)
        return button
