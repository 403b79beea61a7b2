"""The numbers of a slice as a table. It holds what is looked at; the rest is asked for when it is scrolled to.

Qt's headers keep something for every row, so a long tensor is shown in windows: `from_row` and `from_column` say where
the one that is shown begins.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor

from lrp_gui.document.words import MINUS, plain
from lrp_gui.jobs.inspected import TILE_COLUMNS, TILE_ROWS
from lrp_gui.languages import thousands
from lrp_gui.turns import Soon

if TYPE_CHECKING:
    from lrp_gui.document.inspecting import Inspection
    from lrp_gui.jobs.inspected import Tile

WINDOW_ROWS, WINDOW_COLUMNS = 50_000, 1_000
TILES_KEPT = 400
MOST_ASKED = 48
WAITING = "…"
Index = QModelIndex | QPersistentModelIndex
Roles = Qt.ItemDataRole


class ValuesModel(QAbstractTableModel):
    """Rows and columns of the inspection's slice."""

    def __init__(self, inspection: Inspection, warning: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._inspection = inspection
        self.warning = warning
        self.from_row = self.from_column = 0
        self.size = (0, 0)  # of the whole slice
        self._tiles: OrderedDict[tuple[int, int], np.ndarray] = OrderedDict()
        self._wanted: OrderedDict[tuple[int, int], None] = OrderedDict()
        self._ask = Soon(self._ask_now, self)
        inspection.tile.connect(self._take)

    def show_from(self, row: int = 0, column: int = 0) -> None:
        """Begin again with the inspection's slice, with its numbers from a place on."""
        self.beginResetModel()
        row_, wanted = self._inspection.row, self._inspection.slice
        self.size = wanted.shape(row_.shape) if row_ is not None and wanted is not None else (0, 0)
        self.from_row, self.from_column = row, column
        self._tiles.clear()
        self._wanted.clear()
        self.endResetModel()

    def ask_again(self) -> None:
        """Nothing is on its way any more: ask for what is drawn next."""
        self._wanted.clear()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: D102, B008
        return 0 if parent.isValid() or not self.size[1] else min(self.size[0] - self.from_row, WINDOW_ROWS)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: D102, B008
        return 0 if parent.isValid() or not self.size[0] else min(self.size[1] - self.from_column, WINDOW_COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Roles.DisplayRole) -> Any:  # noqa: D102
        if role != Roles.DisplayRole:
            return None
        return thousands(section + (self.from_column if orientation == Qt.Orientation.Horizontal else self.from_row))

    def data(self, index: Index, role: int = Roles.DisplayRole) -> Any:  # noqa: D102
        if not index.isValid():
            return None
        if role == Roles.TextAlignmentRole:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if role not in {Roles.DisplayRole, Roles.ToolTipRole, Roles.ForegroundRole, Roles.EditRole}:
            return None
        number = self._number(index.row() + self.from_row, index.column() + self.from_column)
        if role == Roles.ForegroundRole:
            return QColor(self.warning) if number is not None and not np.isfinite(number) else None
        if number is None:
            return WAITING if role == Roles.DisplayRole else None
        return shown(number) if role == Roles.DisplayRole else exact(number)

    def _number(self, row: int, column: int) -> Any:
        place = (row - row % TILE_ROWS, column - column % TILE_COLUMNS)
        tile = self._tiles.get(place)
        if tile is not None:
            return tile[row - place[0], column - place[1]]
        if place not in self._wanted:
            self._wanted[place] = None
            self._ask.start()
        return None

    def _ask_now(self) -> None:
        """Ask for what was drawn last; what was scrolled past is asked for again when it is drawn again."""
        while len(self._wanted) > MOST_ASKED:
            self._wanted.popitem(last=False)
        if self._wanted:
            self._inspection.ask_tiles(list(self._wanted))

    def _take(self, tile: Tile) -> None:
        if tile.slice != self._inspection.slice:
            return
        self._tiles[tile.row, tile.column] = tile.values
        self._wanted.pop((tile.row, tile.column), None)
        while len(self._tiles) > TILES_KEPT:
            self._tiles.popitem(last=False)
        top, left = max(tile.row - self.from_row, 0), max(tile.column - self.from_column, 0)
        bottom = min(tile.row + tile.values.shape[0] - self.from_row, self.rowCount()) - 1
        right = min(tile.column + tile.values.shape[1] - self.from_column, self.columnCount()) - 1
        if top <= bottom and left <= right:
            self.dataChanged.emit(self.index(top, left), self.index(bottom, right))


def shown(number: Any) -> str:
    """A number for a cell: whole ones in full, others with five digits."""
    if isinstance(number, np.complexfloating):
        sign = MINUS if number.imag < 0 else "+"
        return f"{plain(float(number.real), 4)} {sign} {plain(abs(float(number.imag)), 4)}i"
    if isinstance(number, np.floating):
        return plain(float(number), 5)
    return str(number).replace("-", MINUS)


def exact(number: Any) -> str:
    """All of its digits, as programs write them."""
    return str(number)
