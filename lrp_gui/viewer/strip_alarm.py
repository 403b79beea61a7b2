"""Below the strip: what is wrong with the books, in a sentence, and what can be tried, as buttons."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from lrp_gui.document.remedies import Remedy
from lrp_gui.languages import tr
from lrp_gui.theme import Theme


class AlarmBar(QWidget):
    """A sentence that can be copied, and a button for each remedy."""

    chosen = Signal(object)  # Remedy

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.label = QLabel()
        self.label.setWordWrap(True)
        self.label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.label.setAccessibleName(self.tr("Warning about the conservation"))
        self.label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.buttons: list[QPushButton] = []
        self._remedies: tuple[Remedy, ...] = ()
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(10, 1, 8, 3)
        self._row.setSpacing(6)
        self._row.addWidget(self.label, 1)
        self.setAutoFillBackground(True)

    def text(self) -> str:
        """What is said."""
        return self.label.text()

    def show_alarm(self, text: str, remedies: Sequence[Remedy], theme: Theme) -> None:
        """Say this and offer these; nothing to say hides the bar."""
        self.label.setText(text)
        self.label.setStyleSheet(f"color: {theme.warning};")
        self.setVisible(bool(text))
        if tuple(remedies) == self._remedies:
            return
        self._remedies = tuple(remedies)
        for button in self.buttons:
            self._row.removeWidget(button)
            button.deleteLater()
        self.buttons = [self._button(remedy) for remedy in remedies]

    def _button(self, remedy: Remedy) -> QPushButton:
        button = QPushButton(remedy.text, self)
        button.setToolTip(tr("{tip}. Undo takes it back.").format(tip=remedy.tip))
        button.setAccessibleName(remedy.text)
        button.setAccessibleDescription(remedy.tip)
        button.clicked.connect(lambda: self.chosen.emit(remedy))
        self._row.addWidget(button)
        return button
