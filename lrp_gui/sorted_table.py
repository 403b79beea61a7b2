"""A table to look at: rows chosen whole, sorted by its titles, as thin as its letters allow."""

from __future__ import annotations

from PySide6.QtCore import QAbstractItemModel, Qt
from PySide6.QtWidgets import QAbstractItemView, QTableView, QWidget


class SortedTable(QTableView):
    """What such tables have in common; each decides what can be chosen and by what it is sorted at first."""

    def __init__(self, model: QAbstractItemModel, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setModel(model)
        self.setAccessibleName(name)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 6)
        self.horizontalHeader().setSortIndicatorClearable(True)
        self.horizontalHeader().setHighlightSections(False)

    def sort_at_first(self, column: int, order: Qt.SortOrder) -> None:
        """By what it is sorted until a title is clicked; -1 for the model's own order."""
        self.horizontalHeader().setSortIndicator(column, order)
        self.setSortingEnabled(True)
