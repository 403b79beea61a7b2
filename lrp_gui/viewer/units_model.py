"""The table twin: every unit of a layer with its value and relevance, sortable and copyable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from lrp_gui.document.words import percent, plain, signed

Index = QModelIndex | QPersistentModelIndex
NAME, VALUE, RELEVANCE, SHARE = range(4)
MOST_ROWS = 20000


class UnitsModel(QAbstractTableModel):
    """Rows are units, the strongest first until somebody sorts otherwise."""

    def __init__(self) -> None:
        super().__init__()
        self._heads = (self.tr("unit"), self.tr("value"), self.tr("relevance"), self.tr("share"))
        self._names: Sequence[str] = ()
        self._values = np.zeros(0)
        self._texts: Sequence[str] = ()
        self._relevance = np.zeros(0)
        self._order = np.zeros(0, dtype=int)
        self._total = 0.0

    def show(
        self,
        names: Sequence[str],
        values: np.ndarray,
        texts: Sequence[str],
        relevance: np.ndarray,
        noun: str = "",
    ) -> None:
        """Fill the table; `texts` are the values as the person knows them, where there are any."""
        self.beginResetModel()
        self._heads = (*self._heads[:RELEVANCE], noun or self.tr("relevance"), *self._heads[SHARE:])
        self._names, self._values, self._texts = names, values, texts
        self._relevance = np.asarray(relevance, dtype=float)
        sizes = np.abs(np.nan_to_num(self._relevance))
        # Of millions of units only those that are listed are sorted.
        many = sizes.size > MOST_ROWS
        picked = np.sort(np.argpartition(-sizes, MOST_ROWS)[:MOST_ROWS]) if many else np.arange(sizes.size)
        self._order = picked[np.argsort(-sizes[picked], kind="stable")]
        self._total = float(np.nansum(np.abs(self._relevance)))
        self.endResetModel()

    def unit(self, row: int) -> int:
        """The unit that stands in a row."""
        return int(self._order[row])

    def row_of(self, unit: int) -> int:
        """The row of a unit, or -1."""
        found = np.flatnonzero(self._order == unit)
        return int(found[0]) if found.size else -1

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        """A row per unit."""
        return 0 if parent.isValid() else self._order.size

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Name, value, relevance, share."""
        return 0 if parent.isValid() else len(self._heads)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Column names; rows are numbered by rank."""
        if role == Qt.ItemDataRole.ToolTipRole and (section, orientation) == (SHARE, Qt.Orientation.Horizontal):
            return self.tr("Of the sum of the sizes over the layer")
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return self._heads[section] if orientation == Qt.Orientation.Horizontal else section + 1

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Texts, right-aligned numbers."""
        if not index.isValid() or index.row() >= self._order.size:
            return None
        unit, column = int(self._order[index.row()]), index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(unit, column)
        if role == Qt.ItemDataRole.TextAlignmentRole and column != NAME:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None

    def _text(self, unit: int, column: int) -> str:
        if column == NAME:
            return self._names[unit] if unit < len(self._names) else str(unit)
        if column == VALUE:
            return self._texts[unit] if unit < len(self._texts) else plain(self._values[unit], 4)
        if column == RELEVANCE:
            return signed(self._relevance[unit], 4)
        size = abs(float(self._relevance[unit]))
        return percent(size / self._total) if self._total and np.isfinite(size) else "–"

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """By any column; relevance by its number, share by its size. Without a column: the strongest first."""
        if column < 0:
            column, order = SHARE, Qt.SortOrder.DescendingOrder
        self.layoutAboutToBeChanged.emit()
        before = [(index, self.unit(index.row())) for index in self.persistentIndexList()]
        keys = {
            NAME: np.arange(self._relevance.size),
            VALUE: self._values,
            RELEVANCE: self._relevance,
            SHARE: np.abs(self._relevance),
        }[column]
        picked = np.nan_to_num(keys[self._order])
        rank = np.argsort(picked if order == Qt.SortOrder.AscendingOrder else -picked, kind="stable")
        self._order = self._order[rank]
        for index, unit in before:
            self.changePersistentIndex(index, self.index(self.row_of(unit), index.column()))
        self.layoutChanged.emit()
