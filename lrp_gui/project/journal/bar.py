"""The bar that offers back what was not saved when the program was ended by force. It never blocks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QDateTime
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from lrp_gui.icons import pixmap
from lrp_gui.languages.qt import moment

if TYPE_CHECKING:
    from lrp_gui.project.journal.recovery import Recovery
    from lrp_gui.project.journal.volume import Found
    from lrp_gui.theme import Theme

SIZE = 20


class RecoveryBar(QFrame):
    """Says what is there, from when, of which file; and asks what to do with it."""

    def __init__(self, recovery: Recovery, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("recoveryBar")
        self.setAccessibleName(self.tr("Work that was not saved"))
        self._icon = QLabel(self)
        self._text = QLabel(self)
        self._text.setWordWrap(True)
        self._text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.recover = QPushButton(self.tr("&Recover"), self)
        self.recover.setToolTip(self.tr("Open it as it was, a second before the program ended at the most"))
        self.throw = QPushButton(self.tr("Throw &Away"), self)
        self.throw.setToolTip(self.tr("Forget it for good; what is in files stays as it is"))
        self.later = QPushButton(self.tr("&Later"), self)
        self.later.setToolTip(self.tr("Ask again at the next start"))
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 8, 6)
        for widget in (self._icon, self._text, self.recover, self.throw, self.later):
            row.addWidget(widget)
        self.recover.clicked.connect(recovery.recover)
        self.throw.clicked.connect(recovery.throw_away)
        self.later.clicked.connect(recovery.later)
        recovery.offered.connect(self.show_found)
        self.set_theme(theme)
        self.show_found(recovery.current)

    @property
    def sentence(self) -> str:
        """What it says now."""
        return self._text.text()

    def show_found(self, found: Found | None) -> None:
        """Offer this, or go."""
        self.setVisible(found is not None)
        if found is None:
            return
        when = QDateTime.fromSecsSinceEpoch(int(found.when))
        text = self.tr("The program ended before the work on {name} was saved; the last edit was at {when}.")
        if found.project:
            text = self.tr("The program ended before the project {project} was saved; the last edit was at {when}.")
        sentence = text.format(
            name=found.name,
            project=Path(found.project).name,
            when=moment(when),
        )
        self._text.setText(sentence)
        self.setToolTip(found.project)
        self.setAccessibleDescription(sentence)

    def set_theme(self, theme: Theme) -> None:
        """Take over the colours."""
        self._icon.setPixmap(pixmap("warning", theme.accent, SIZE, self.devicePixelRatioF()))
        self.setStyleSheet(
            f"#recoveryBar {{ background: {theme.raised}; border: none; border-left: 4px solid {theme.accent};"
            f" border-bottom: 1px solid {theme.line}; }}"
        )
