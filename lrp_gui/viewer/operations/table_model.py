"""The table twin of the graph: every operation a row, to sort and to filter, with where its relevance went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from lrp_gui.document.words import signed
from lrp_gui.languages import mark, tr

if TYPE_CHECKING:
    from lrp_gui.document.results import NetworkInfo, SampleResult
    from lrp_gui.document.state import Labels
    from lrp_gui.jobs.operations import Operations
    from lrp_gui.viewer.operations.amounts import Amounts

Index = QModelIndex | QPersistentModelIndex
TEXTS = (mark("node"), mark("operation"), mark("layer"), mark("rule"))
LABEL = mark("label")  # a column of its own, where the person has given any
SINKS = ("bias", "stabilizer", "softmax", "cut", "unsupported", "unexplained")
POSITIVE, NEGATIVE, ARRIVED = "ΣR +", "ΣR −", mark("arrived")
DIGITS = 4


class OperationsModel(QAbstractTableModel):
    """Rows in forward order until somebody sorts; only those that fit the filter."""

    def __init__(self) -> None:
        super().__init__()
        self.columns: dict[str, Any] = {}  # texts as tuples, numbers as arrays
        self._heads: tuple[str, ...] = ()
        self._order = np.zeros(0, dtype=int)
        self._haystack: tuple[str, ...] = ()
        self._needle = ""
        self._sorted: tuple[int, Qt.SortOrder] = (-1, Qt.SortOrder.AscendingOrder)

    def show(
        self,
        graph: Operations | None,
        network: NetworkInfo | None = None,
        result: SampleResult | None = None,
        amounts: Amounts | None = None,
        labels: Labels = (),
    ) -> None:
        """Fill the table with what is known."""
        self.beginResetModel()
        column, direction = self._sorted
        sorted_by = self._heads[column] if 0 <= column < len(self._heads) else ""
        self.columns = {} if graph is None or network is None else _columns(graph, result, amounts, dict(labels))
        self._heads = tuple(self.columns)
        if sorted_by:  # columns come and go with what is known
            self._sorted = self._heads.index(sorted_by) if sorted_by in self._heads else -1, direction
        texts = [self.columns[name] for name in (*TEXTS, LABEL) if name in self.columns] or [()]
        self._haystack = tuple("\n".join(row).casefold() for row in zip(*texts, strict=True))
        self._arrange()
        self.endResetModel()

    @property
    def total(self) -> int:
        """How many operations there are, filtered or not."""
        return len(self._haystack)

    def name(self, row: int) -> str:
        """The node in a row."""
        return str(self.columns["node"][self._order[row]])

    def layer(self, row: int) -> str:
        """The layer that the node in a row stands in."""
        return str(self.columns["layer"][self._order[row]])

    def row_of(self, name: str) -> int:
        """The row of a node, or -1 where it is none or is filtered out."""
        names = self.columns.get("node", ())
        return next((row for row, at in enumerate(self._order.tolist()) if names[at] == name), -1)

    def shown_columns(self) -> dict[str, tuple[str, ...] | np.ndarray]:
        """What is shown, in its order, for a file."""
        return {
            name: values[self._order] if isinstance(values, np.ndarray) else tuple(values[at] for at in self._order)
            for name, values in self.columns.items()
        }

    def set_filter(self, text: str) -> None:
        """Show only rows of which a text holds every word."""
        self.beginResetModel()
        self._needle = text.casefold().strip()
        self._arrange()
        self.endResetModel()

    def _arrange(self) -> None:
        words = self._needle.split()
        fitting = [at for at, text in enumerate(self._haystack) if all(word in text for word in words)]
        order = np.array(fitting, dtype=int)
        column, direction = self._sorted
        if 0 <= column < len(self._heads):
            values = self.columns[self._heads[column]]
            if isinstance(values, np.ndarray):
                keys = np.nan_to_num(values[order])
                rank = np.argsort(keys if direction == Qt.SortOrder.AscendingOrder else -keys, kind="stable")
            else:
                down = direction == Qt.SortOrder.DescendingOrder
                rank = np.array(sorted(range(len(order)), key=lambda n: values[order[n]], reverse=down), dtype=int)
            order = order[rank]
        self._order = order

    # ------------------------------------------------------------------------------------------------- Qt's questions

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        """A row per operation that fits."""
        return 0 if parent.isValid() else self._order.size

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Texts, amounts, and the sinks that took anything."""
        return 0 if parent.isValid() else len(self._heads)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Column names; rows are numbered."""
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        if orientation == Qt.Orientation.Vertical:
            return section + 1
        return tr(self._heads[section]) if section < len(self._heads) else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Texts, right-aligned numbers; nothing where nothing arrived."""
        if not index.isValid() or index.row() >= self._order.size:
            return None
        values, at = self.columns[self._heads[index.column()]], self._order[index.row()]
        number = isinstance(values, np.ndarray)
        if role == Qt.ItemDataRole.DisplayRole:
            if number:
                return "" if np.isnan(values[at]) else signed(float(values[at]), DIGITS)
            return values[at]
        if role == Qt.ItemDataRole.ToolTipRole and not number:
            return values[at] or None
        if role == Qt.ItemDataRole.TextAlignmentRole and number:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """By any column; -1: in forward order."""
        self.layoutAboutToBeChanged.emit()
        before = [(index, int(self._order[index.row()])) for index in self.persistentIndexList()]
        self._sorted = column, order
        self._arrange()
        place = {at: row for row, at in enumerate(self._order.tolist())}
        for index, at in before:
            self.changePersistentIndex(index, self.index(place[at], index.column()))
        self.layoutChanged.emit()


def _columns(
    graph: Operations, result: SampleResult | None, amounts: Amounts | None, labels: dict[str, str]
) -> dict[str, tuple[str, ...] | np.ndarray]:
    rows = {row.node: row for row in result.ledger} if result is not None else {}
    found = [rows.get(name) for name in graph.names]
    columns: dict[str, tuple[str, ...] | np.ndarray] = {
        "node": graph.names,
        "operation": graph.operations,
        "layer": graph.layers,
        "rule": tuple(row.rule if row is not None else "" for row in found),
    }
    if any(path in labels for path in graph.layers):
        columns[LABEL] = tuple(labels.get(path, "") for path in graph.layers)
    if amounts is not None:
        columns[POSITIVE], columns[NEGATIVE] = amounts.nodes[:, 0], amounts.nodes[:, 1]
    if result is not None:
        for name in (ARRIVED, *SINKS):
            values = np.array([getattr(row, name) if row is not None else np.nan for row in found], dtype=float)
            if name == ARRIVED or np.nan_to_num(values).any():
                columns[name] = values
    return columns
