"""The history: every step since work began, the one that is reached now, and which of them is saved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QPersistentModelIndex, QSize, QTimer
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem, QUndoView, QVBoxLayout, QWidget
from shiboken6 import isValid

from lrp_gui.icons import icon

if TYPE_CHECKING:
    from lrp_gui.document.document import Document
    from lrp_gui.theme import Theme

ICON, ROOM = 16, 4


class HistoryView(QWidget):
    """The steps as a list; a click, or the arrow keys, go to one."""

    def __init__(self, document: Document, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self.steps = QUndoView(document.undo_stack, self)
        # Qt's own selection makes the steps at once, however long they take: with one of ours they go the way of Undo.
        self._chosen = QItemSelectionModel(self.steps.model(), self)
        self.steps.setSelectionModel(self._chosen)
        self._chosen.currentChanged.connect(self._go)
        self.steps.model().modelReset.connect(self._follow)
        self.steps.setEmptyLabel(self.tr("As it was opened"))
        self.steps.setIconSize(QSize(ICON, ICON))
        self.steps.setItemDelegate(_Steps(self.steps))
        self.steps.setAccessibleName(self.tr("Steps that can be undone"))
        self.steps.setToolTip(
            self.tr("A click goes to a step: what came after it is undone, and can be done again until you edit.")
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.steps)
        self.setFocusProxy(self.steps)
        self.set_theme(theme)
        self._follow()

    def _go(self) -> None:
        row, stack = self._chosen.currentIndex().row(), self._document.undo_stack
        if row >= 0 and isValid(stack) and row != stack.index():
            self._document.go_to(row)
            # After the click is over: where the worker is at a step, the one that is reached stays chosen until then.
            QTimer.singleShot(0, self, self._follow)

    def _follow(self) -> None:
        stack = self._document.undo_stack
        if isValid(stack):  # it speaks once more when the window is taken down
            at = self.steps.model().index(stack.index(), 0)
            self._chosen.setCurrentIndex(at, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    def set_theme(self, theme: Theme) -> None:
        """Take over the colours."""
        self.steps.setCleanIcon(icon("save", theme))


class _Steps(QStyledItemDelegate):
    """All steps begin at one line; the mark of the saved one stands behind its name."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        super().initStyleOption(option, index)
        option.decorationPosition = QStyleOptionViewItem.Position.Right  # type: ignore[attr-defined]

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        size = super().sizeHint(option, index)
        return QSize(size.width(), max(size.height(), ICON + ROOM))
