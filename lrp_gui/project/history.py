"""The history: every step since work began, the one that is reached now, and which of them is saved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QUndoView, QVBoxLayout, QWidget

from lrp_gui.icons import icon

if TYPE_CHECKING:
    from lrp_gui.document.document import Document
    from lrp_gui.theme import Theme

ICON = 16


class HistoryView(QWidget):
    """The steps as a list; a click, or the arrow keys, go to one."""

    def __init__(self, document: Document, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.steps = QUndoView(document.undo_stack, self)
        self.steps.setEmptyLabel(self.tr("As it was opened"))
        self.steps.setIconSize(QSize(ICON, ICON))
        self.steps.setAccessibleName(self.tr("Steps that can be undone"))
        self.steps.setToolTip(
            self.tr("A click goes to a step: what came after it is undone, and can be done again until you edit.")
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.steps)
        self.setFocusProxy(self.steps)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """Take over the colours."""
        self.steps.setCleanIcon(icon("save", theme))
