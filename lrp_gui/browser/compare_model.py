"""Two files side by side, as a table: a row for each tensor, sorted and filtered as somebody wants it."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor

from lrp_gui.document.words import plain, shape_text
from lrp_gui.jobs.comparing import CHANGES, DifferenceRow
from lrp_gui.languages import mark, thousands, tr

Index = QModelIndex | QPersistentModelIndex
TOP = QModelIndex()
SAME = CHANGES[-1]
NAME, CHANGE, RELATIVE, DISTANCE, NORM, OTHER_NORM, LARGEST, COSINE, SHAPE, DTYPE = range(10)
ARROW = "→"


@dataclass(frozen=True, slots=True)
class _Column:
    """A column: its titles, on the screen and in a file, what it means, and its text and value."""

    title: str
    plain_title: str
    tip: str
    text: Callable[[DifferenceRow], str]
    value: Callable[[DifferenceRow], float] | None = None  # None: it has no number

    @property
    def number(self) -> bool:
        """Whether it holds numbers."""
        return self.value is not None


def _numbers(title: str, plain_title: str, tip: str, name: str, digits: int = 4) -> _Column:
    value = attrgetter(name)

    def text(row: DifferenceRow) -> str:
        return "" if math.isnan(value(row)) else plain(value(row), digits)

    return _Column(title, plain_title, tip, text, value)


def _shapes(row: DifferenceRow) -> str:
    here = shape_text(row.shape) if row.name else ""
    there = shape_text(row.other_shape) if row.other else ""
    return _both(here, there)


def _types(row: DifferenceRow) -> str:
    return _both(row.dtype, row.other_dtype)


def _both(here: str, there: str) -> str:
    return f"{here} {ARROW} {there}" if here and there and here != there else here or there


COLUMNS = (
    _Column(
        mark("Tensor"), "tensor", mark("The name in this file, else in the other"), lambda row: row.name or row.other
    ),
    _Column(mark("Change"), "change", mark("What became of it in the other file"), lambda row: tr(row.change)),
    _numbers(mark("Relative"), "relative", mark("The norm of the difference, as a part of ‖a‖"), "relative"),
    _numbers("‖a − b‖", "norm a - b", mark("The norm of the difference: the root of the sum of squares"), "distance"),
    _numbers("‖a‖", "norm a", mark("The norm in this file"), "norm"),
    _numbers("‖b‖", "norm b", mark("The norm in the other file"), "other_norm"),
    _numbers("max |a − b|", "max abs a - b", mark("The largest difference of two numbers"), "largest"),
    _numbers(mark("Cosine"), "cosine", mark("Of the angle between both: 1 is the same direction"), "cosine", digits=6),
    _Column(mark("Shape"), "shape", mark("In this file, and in the other if it differs"), _shapes),
    _Column(mark("Type"), "type", mark("In this file, and in the other if it differs"), _types),
)


class CompareModel(QAbstractTableModel):
    """Shows the comparison's rows in an order of its own."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._all: list[DifferenceRow] = []
        self._order: list[int] = []
        self._sorted: tuple[int, Qt.SortOrder] | None = None
        self._warning = QColor()
        self._dim = QColor()
        self.changes: frozenset[str] = frozenset(CHANGES)
        self.text = ""

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
            return column.text(row)
        if role == Qt.ItemDataRole.TextAlignmentRole and column.number:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if role == Qt.ItemDataRole.ToolTipRole:
            return _tip(row)
        if role == Qt.ItemDataRole.ForegroundRole:
            if row.change == SAME:
                return self._dim
            return self._warning if row.problem or row.bad else None
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:  # noqa: D102
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(COLUMNS):
            return None
        column = COLUMNS[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return tr(column.title)
        if role == Qt.ItemDataRole.ToolTipRole:
            return tr("{tip}; a click sorts").format(tip=tr(column.tip))
        if role == Qt.ItemDataRole.TextAlignmentRole and column.number:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """By a column, what has no number last; as in the files for column -1."""
        self._sorted = (column, order) if 0 <= column < len(COLUMNS) else None
        self._arrange()

    # ------------------------------------------------------------------------------ what views ask

    def row_at(self, place: int) -> DifferenceRow:
        """The row that is shown there."""
        return self._all[self._order[place]]

    def place_of(self, row: DifferenceRow | None) -> int:
        """Where a row is shown, -1 where it is not."""
        if row is None:
            return -1
        return next((place for place, number in enumerate(self._order) if self._all[number] is row), -1)

    @property
    def count(self) -> int:
        """How many there are, shown or not."""
        return len(self._all)

    def as_text(self, places: Sequence[int] | None = None, separator: str = "\t") -> str:
        """The shown rows, or some of them, with titles, every digit of the numbers."""
        out = io.StringIO(newline="")
        writer = csv.writer(out, delimiter=separator, lineterminator="\n")
        writer.writerow([*(column.plain_title for column in COLUMNS), "name in the other file", "numbers changed"])
        for place in range(len(self._order)) if places is None else places:
            row = self.row_at(place)
            cells = [_exact(column.value(row)) if column.value else column.text(row) for column in COLUMNS]
            writer.writerow([*cells, row.other, row.changed])
        return out.getvalue()

    # ---------------------------------------------------------------------------------- what views do

    def set_colours(self, warning: str, dim: str) -> None:
        """Take over the theme's."""
        self._warning, self._dim = QColor(warning), QColor(dim)
        if self._order:
            last = self.index(len(self._order) - 1, len(COLUMNS) - 1)
            self.dataChanged.emit(self.index(0, 0), last, [Qt.ItemDataRole.ForegroundRole])

    def clear(self) -> None:
        """Forget everything."""
        self.beginResetModel()
        self._all, self._order = [], []
        self.endResetModel()

    def add(self, rows: Sequence[DifferenceRow]) -> None:
        """More rows, below the others; `settle` puts them where they belong."""
        first = len(self._all)
        self._all += rows
        new = [number for number in range(first, len(self._all)) if self._lets_through(self._all[number])]
        if new:
            self.beginInsertRows(QModelIndex(), len(self._order), len(self._order) + len(new) - 1)
            self._order += new
            self.endInsertRows()

    def settle(self) -> None:
        """Nothing more is coming: put everything where it belongs."""
        if self._sorted is not None:
            self._arrange()

    def show_only(self, changes: frozenset[str], text: str) -> None:
        """Filter by what became of a tensor, and by its name."""
        self.changes, self.text = changes, text.strip().lower()
        self._arrange()

    # --------------------------------------------------------------------------------- small parts

    def _lets_through(self, row: DifferenceRow) -> bool:
        return row.change in self.changes and (not self.text or self.text in f"{row.name} {row.other}".lower())

    def _arrange(self) -> None:
        self.layoutAboutToBeChanged.emit()
        before = [(index, self._order[index.row()]) for index in self.persistentIndexList()]
        everything = not self.text and len(self.changes) == len(CHANGES)
        order = [number for number, row in enumerate(self._all) if everything or self._lets_through(row)]
        if self._sorted is not None:
            order = _sorted_rows(self._all, order, *self._sorted)
        self._order = order
        places = {number: place for place, number in enumerate(order)} if before else {}
        for index, number in before:
            place = places.get(number, -1)
            self.changePersistentIndex(index, self.index(place, index.column()) if place >= 0 else QModelIndex())
        self.layoutChanged.emit()


def _tip(row: DifferenceRow) -> str:
    lines = [row.name or row.other]
    if row.name and row.other and row.name != row.other:
        lines.append(tr("in the other file {other}").format(other=row.other))
    if row.changed:
        lines.append(
            tr("{changed} of {every} numbers differ").format(
                changed=thousands(row.changed), every=thousands(math.prod(row.shape))
            )
        )
    if row.bad:
        lines.append(
            tr("{bad} are NaN or infinite in one of both and count for no other figure").format(bad=thousands(row.bad))
        )
    return "\n".join([*lines, *([row.problem] if row.problem else [])])


def _sorted_rows(rows: Sequence[DifferenceRow], order: list[int], at: int, direction: Qt.SortOrder) -> list[int]:
    """Places of rows by a column, equal ones as they stood; what has no number last both ways."""
    column, down = COLUMNS[at], direction == Qt.SortOrder.DescendingOrder
    value = column.value if column is not COLUMNS[CHANGE] else lambda row: CHANGES.index(row.change)
    if value is None:
        keys = {number: column.text(rows[number]) for number in order}
        return sorted(order, key=keys.__getitem__, reverse=down)
    numbers = np.fromiter((value(rows[number]) for number in order), dtype=np.float64, count=len(order))
    return np.array(order, dtype=np.intp)[np.argsort(-numbers if down else numbers, kind="stable")].tolist()


def _exact(value: float) -> str:
    return "" if math.isnan(value) else repr(value)
