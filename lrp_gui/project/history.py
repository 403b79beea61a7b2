"""The history: every step since work began, the one that is reached now, and which of them is saved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QLabel, QStackedWidget, QUndoView, QVBoxLayout, QWidget

from lrp_gui.icons import icon

if TYPE_CHECKING:
    from lrp_gui.document.document import Document
    from lrp_gui.theme import Theme

MARGIN, ICON = 12, 16


class HistoryView(QWidget):
    """The steps as a list; a click, or the arrow keys, go to one."""

    def __init__(self, document: Document, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self.steps = QUndoView(document.undo_stack, self)
        self.steps.setEmptyLabel(self.tr("As it was opened"))
        self.steps.setIconSize(QSize(ICON, ICON))
        self.steps.setAccessibleName(self.tr("Steps that can be undone"))
        self.steps.setToolTip(
            self.tr("A click goes to a step: what came after it is undone, and can be done again until you edit.")
        )
        self._nothing = QLabel(self.tr("What you change stands here, step by step."), self)
        self._nothing.setWordWrap(True)
        self._nothing.setMargin(MARGIN)
        self._pages = QStackedWidget(self)
        for page in (self._nothing, self.steps):
            self._pages.addWidget(page)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._pages)
        self.setFocusProxy(self.steps)
        document.undo_stack.indexChanged.connect(self._show_page)
        self.set_theme(theme)
        self._show_page()

    def set_theme(self, theme: Theme) -> None:
        """Take over the colours."""
        self.steps.setCleanIcon(icon("save", theme))

    def _show_page(self, _index: int = 0) -> None:
        self._pages.setCurrentWidget(self.steps if self._document.undo_stack.count() else self._nothing)
