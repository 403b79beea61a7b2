"""The chosen sample beside its reference, feature by feature; sorted by the largest difference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor, QFont

from lrp_gui.document.words import MINUS, signed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lrp_gui.document.results import Feature
    from lrp_gui.theme import Theme

Index = QModelIndex | QPersistentModelIndex
TOP = QModelIndex()
NAME, VALUE, REFERENCE, DIFFERENCE, RELEVANCE, OF_REFERENCE, CHANGE = range(7)
# Relevance against the reference has none of the reference to be compared with.
AGAINST, BESIDE = 5, 7


@dataclass(frozen=True, slots=True)
class Compared:
    """All columns as arrays of (features,), NaN where nothing is known (yet)."""

    features: Sequence[Feature] = ()
    values: np.ndarray | None = None
    reference: np.ndarray | None = None
    relevance: np.ndarray | None = None
    of_reference: np.ndarray | None = None
    letter: str = "R"
    against: bool = False  # whether the relevance is that of the difference

    def column(self, column: int) -> np.ndarray:
        """The numbers of a column."""
        nothing = np.full(len(self.features), np.nan)
        parts = (self.values, self.reference, self.relevance, self.of_reference)
        values, reference, relevance, other = (nothing if part is None else part for part in parts)
        if column == DIFFERENCE:
            return values - reference
        if column == CHANGE:
            return relevance - other
        return {VALUE: values, REFERENCE: reference, RELEVANCE: relevance, OF_REFERENCE: other}.get(column, nothing)


class ComparisonModel(QAbstractTableModel):
    """A row for each feature."""

    def __init__(self, theme: Theme, parent: Any = None) -> None:
        super().__init__(parent)
        self._theme, self._shown = theme, Compared()
        self._order = np.empty(0, dtype=np.intp)
        self._columns: dict[int, np.ndarray] = {}  # those that were asked for
        self._by, self._down = DIFFERENCE, True

    def show_compared(self, compared: Compared) -> None:
        """Other numbers; the features stay in their order where they are the same ones."""
        same = compared.features is self._shown.features and compared.against == self._shown.against
        same = same and (compared.values is None) == (self._shown.values is None)
        self._columns = {}
        if same and compared.values is not None:
            self._shown = compared
            self.dataChanged.emit(self.index(0, 0), self.index(self.rowCount() - 1, self.columnCount() - 1))
            return
        self.beginResetModel()
        self._shown = compared
        self._arrange()
        self.endResetModel()

    def set_theme(self, theme: Theme) -> None:
        """Take over the colours."""
        self._theme = theme
        if self.rowCount():
            self.dataChanged.emit(self.index(0, 0), self.index(self.rowCount() - 1, self.columnCount() - 1))

    def feature(self, row: int) -> int:
        """The feature that stands in a row."""
        return int(self._order[row])

    def rowCount(self, parent: Index = TOP) -> int:  # noqa: D102
        return 0 if parent.isValid() or self._shown.values is None else len(self._shown.features)

    def columnCount(self, parent: Index = TOP) -> int:  # noqa: D102
        return 0 if parent.isValid() else AGAINST if self._shown.against else BESIDE

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: D102
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < BESIDE:
            return None
        letter = self._shown.letter
        if role == Qt.ItemDataRole.DisplayRole:
            names = (
                *(self.tr("feature"), self.tr("sample"), self.tr("reference"), self.tr("difference")),
                *(letter, self.tr("{letter} of the reference"), self.tr("difference of {letter}")),
            )
            return names[section].format(letter=letter)
        if role == Qt.ItemDataRole.ToolTipRole and section == RELEVANCE and self._shown.against:
            return self.tr("What this difference contributes to the difference of the scores")
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft if section == NAME else Qt.AlignmentFlag.AlignRight
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: D102
        if not index.isValid() or self._shown.values is None:
            return None
        number, column = self.feature(index.row()), index.column()
        feature = self._shown.features[number]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return (
                Qt.AlignmentFlag.AlignLeft if column == NAME else Qt.AlignmentFlag.AlignRight
            ) | Qt.AlignmentFlag.AlignVCenter
        if column == NAME:
            if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
                return f"{feature.name} ({feature.unit})" if feature.unit else feature.name
            if role == Qt.ItemDataRole.FontRole and self._differs(number):
                bold = QFont()
                bold.setBold(True)
                return bold
            return None
        value = float(self._numbers(column)[number])
        if role == Qt.ItemDataRole.DisplayRole:
            if column in (VALUE, REFERENCE):
                return "–" if np.isnan(value) else f"{value:.7g}".replace("-", MINUS)
            return signed(value, 4, "–")
        if role == Qt.ItemDataRole.ToolTipRole:
            return repr(value)
        if role == Qt.ItemDataRole.ForegroundRole and column in (RELEVANCE, OF_REFERENCE, CHANGE) and value:
            return QColor(self._theme.positive if value > 0 else self._theme.negative)
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """By name, by number; differences and relevance by their size."""
        self._by, self._down = column, order == Qt.SortOrder.DescendingOrder
        self.layoutAboutToBeChanged.emit()
        before = self._order
        self._arrange()
        places = np.empty(len(before), dtype=np.intp)
        places[self._order] = np.arange(len(before))
        old = self.persistentIndexList()
        new = [self.index(int(places[before[one.row()]]), one.column()) for one in old]
        self.changePersistentIndexList(old, new)
        self.layoutChanged.emit()

    def _numbers(self, column: int) -> np.ndarray:
        if column not in self._columns:
            self._columns[column] = self._shown.column(column)
        return self._columns[column]

    def _differs(self, number: int) -> bool:
        assert self._shown.values is not None
        assert self._shown.reference is not None
        return bool(self._shown.values[number] != self._shown.reference[number])

    def _arrange(self) -> None:
        count = len(self._shown.features) if self._shown.values is not None else 0
        if not count:
            self._order = np.empty(0, dtype=np.intp)
        elif self._by == NAME:
            names = [feature.name.casefold() for feature in self._shown.features]
            order = sorted(range(count), key=names.__getitem__, reverse=self._down)
            self._order = np.array(order, dtype=np.intp)
        else:
            numbers = self._numbers(self._by)
            if self._by == DIFFERENCE:  # years and kilograms: in the network's units, where there are some
                numbers = numbers / np.array([abs(feature.scale) or 1.0 for feature in self._shown.features])
            if self._by >= DIFFERENCE:
                numbers = np.abs(numbers)
            missing = np.isnan(numbers)
            self._order = np.lexsort((np.where(missing, 0, -numbers if self._down else numbers), missing))
