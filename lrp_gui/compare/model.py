"""How far two explanations lie apart, as a table: a row for each layer and input."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from lrp_gui.document.state import Labels
from lrp_gui.document.words import percent, plain, signed
from lrp_gui.jobs.comparing_results import LayerDifference
from lrp_gui.languages import mark, tr

Index = QModelIndex | QPersistentModelIndex
TOP = QModelIndex()
LAYER, OPERATION, SHARE, DISTANCE, SUM_A, SUM_B, COSINE, LARGEST = range(8)


@dataclass(frozen=True, slots=True)
class _Column:
    """A column: its titles on the screen and in a file, what it means, and how its number is written."""

    title: str
    plain_title: str
    tip: str
    name: str
    text: Callable[[float], str] | None = None  # None: it has no number


COLUMNS = (
    _Column(mark("Layer"), "layer", mark("A layer or an input"), "layer"),
    _Column(mark("Operation"), "operation", mark("What it computes"), "operation"),
    _Column(
        *(
            mark("Differs"),
            "share",
            mark("Σ|a − b| as a part of Σ|a| + Σ|b|: 0 % the same, 100 % nothing in common"),
            "share",
        ),
        percent,
    ),
    _Column("Σ|a − b|", "distance", mark("The sum of all differences, without their signs"), "distance", plain),
    _Column(mark("ΣR of A"), "sum a", mark("The sum of its relevance in A"), "sum_a", signed),
    _Column(mark("ΣR of B"), "sum b", mark("The sum of its relevance in B"), "sum_b", signed),
    _Column(mark("Cosine"), "cosine", mark("Of the angle between both: 1 is the same direction"), "cosine", plain),
    _Column("max |a − b|", "largest", mark("The largest difference of a unit"), "largest", plain),
)


class LayersModel(QAbstractTableModel):
    """The rows in an order of their own: at first the layers that differ most stand above."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._rows: Sequence[LayerDifference] = ()
        self._order: list[int] = []
        self._sorted = (SHARE, Qt.SortOrder.DescendingOrder)
        self._called: dict[str, str] = {}

    def call(self, labels: Labels) -> None:
        """Show layers by what the person calls them."""
        self._called = dict(labels)
        if self._order:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._order) - 1, len(COLUMNS) - 1))

    def put(self, rows: Sequence[LayerDifference]) -> None:
        """Show others."""
        self.beginResetModel()
        self._rows = rows
        self._arrange()
        self.endResetModel()

    @property
    def rows(self) -> Sequence[LayerDifference]:
        """All that it shows, as they were put."""
        return self._rows

    def row_at(self, place: int) -> LayerDifference:
        """What stands in a row."""
        return self._rows[self._order[place]]

    def place_of(self, layer: str) -> int:
        """Where a layer stands, -1 where it does not."""
        return next((n for n in range(len(self._order)) if self.row_at(n).layer == layer), -1)

    def as_text(self, places: Sequence[int] | None = None, separator: str = "\t") -> str:
        """Rows with their titles, numbers in full, for a spreadsheet."""
        stream = io.StringIO()
        writer = csv.writer(stream, delimiter=separator, lineterminator="\n")
        called = ["label"] if self._called else []
        writer.writerow([*(column.plain_title for column in COLUMNS), *called, "note"])
        for place in range(len(self._order)) if places is None else places:
            row = self.row_at(place)
            own = [self._called.get(row.layer, "") for _ in called]
            writer.writerow([*(_value(row, column) for column in COLUMNS), *own, row.note])
        return stream.getvalue()

    # -------------------------------------------------------------------------------- what Qt asks

    def rowCount(self, parent: Index = TOP) -> int:  # noqa: D102
        return 0 if parent.isValid() else len(self._order)

    def columnCount(self, parent: Index = TOP) -> int:  # noqa: D102
        return 0 if parent.isValid() else len(COLUMNS)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: D102
        if not index.isValid() or index.row() >= len(self._order):
            return None
        row, column = self.row_at(index.row()), COLUMNS[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            value = getattr(row, column.name)
            if column.text is None:
                return self._called.get(value, value) if index.column() == LAYER else value
            return "" if math.isnan(value) else column.text(value)
        if role == Qt.ItemDataRole.TextAlignmentRole and column.text is not None:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{row.layer}: {row.note}" if row.note else row.layer
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:  # noqa: D102
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(COLUMNS):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return tr(COLUMNS[section].title)
        return tr(COLUMNS[section].tip) if role == Qt.ItemDataRole.ToolTipRole else None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """By a column; by none in the network's order. What has no number stands last."""
        self._sorted = (column, order)
        self.layoutAboutToBeChanged.emit()
        before = [self._order[index.row()] for index in self.persistentIndexList()]
        indices = self.persistentIndexList()
        self._arrange()
        places = {row: place for place, row in enumerate(self._order)}
        moved = [self.index(places[row], index.column()) for row, index in zip(before, indices, strict=True)]
        self.changePersistentIndexList(indices, moved)
        self.layoutChanged.emit()

    def _arrange(self) -> None:
        column, direction = self._sorted
        order = list(range(len(self._rows)))
        if 0 <= column < len(COLUMNS):
            value = attrgetter(COLUMNS[column].name)
            known = [n for n in order if value(self._rows[n]) == value(self._rows[n])]  # NaN is not itself
            known.sort(key=lambda n: value(self._rows[n]), reverse=direction == Qt.SortOrder.DescendingOrder)
            order = known + [n for n in order if value(self._rows[n]) != value(self._rows[n])]
        self._order = order


def _value(row: LayerDifference, column: _Column) -> str:
    value = getattr(row, column.name)
    return value if column.text is None else ("" if math.isnan(value) else repr(value))
