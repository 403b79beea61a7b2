"""The chosen sample's tokens as an item model over the document: it holds what it was given last, and no truth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from lrp_gui.document.words import signed

Index = QModelIndex | QPersistentModelIndex
NO_INDEX = QModelIndex()
Role = Qt.ItemDataRole
SHARE = Role.UserRole + 1  # relevance as a share of the largest, NaN where there is none
NUMBER = Role.UserRole + 2  # the token's number as text, "" where the text is that number
WRONG = Role.UserRole + 3  # why the cell cannot be used


@dataclass(frozen=True, slots=True)
class Chips:
    """All that is shown of one sample's tokens, each in order."""

    cells: tuple[str, ...]  # what stands in the table's cells
    texts: tuple[str, ...]  # what they stand for, "" where nobody knows
    problems: tuple[str, ...]
    relevance: np.ndarray | None = None
    limit: float = 0.0
    letter: str = "R"


EMPTY = Chips((), (), ())


class ChipsModel(QAbstractListModel):
    """A row a token. What is typed goes to `replace(position, text)`, which edits the document."""

    def __init__(self, replace: Callable[[int, str], bool], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._replace = replace
        self.chips = EMPTY

    def show(self, chips: Chips) -> None:
        """Show these; the same number of tokens keeps the selection."""
        if len(chips.cells) != len(self.chips.cells):
            self.beginResetModel()
            self.chips = chips
            self.endResetModel()
        elif chips.cells:
            self.chips = chips
            self.dataChanged.emit(self.index(0), self.index(len(chips.cells) - 1))

    def rowCount(self, parent: Index = NO_INDEX) -> int:  # noqa: D102
        return 0 if parent.isValid() else len(self.chips.cells)

    def flags(self, index: Index) -> Qt.ItemFlag:  # noqa: D102
        flag = Qt.ItemFlag
        if not index.isValid():
            return flag.NoItemFlags
        return flag.ItemIsEnabled | flag.ItemIsSelectable | flag.ItemIsEditable | flag.ItemNeverHasChildren

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:  # noqa: D102
        if not index.isValid() or index.row() >= len(self.chips.cells):
            return None
        chips, at = self.chips, index.row()
        text, cell = chips.texts[at], chips.cells[at]
        if role == Role.DisplayRole:
            return text.strip() or cell
        if role == Role.EditRole:
            return cell
        if role == NUMBER:
            return cell if text else ""
        if role == WRONG:
            return chips.problems[at]
        if role == SHARE:
            return self._share(at)
        if role in {Role.ToolTipRole, Role.AccessibleTextRole, Role.AccessibleDescriptionRole}:
            return self.tell(at)
        return None

    def setData(self, index: Index, value: Any, role: int = Role.EditRole) -> bool:  # noqa: D102
        if role != Role.EditRole or not index.isValid():
            return False
        text = str(value)
        return text != self.chips.cells[index.row()] and self._replace(index.row(), text)

    def tell(self, at: int) -> str:
        """A token in words: its place, what it stands for, its number and its relevance."""
        chips = self.chips
        text = self.tr("token {place}: {cell}").format(place=at, cell=chips.cells[at])
        if chips.texts[at]:
            text = self.tr("token {place}: “{text}”, number {cell}").format(
                place=at, text=chips.texts[at], cell=chips.cells[at]
            )
        if chips.problems[at]:
            return f"{text} – {chips.problems[at]}"
        return text if chips.relevance is None else f"{text} · {chips.letter} {signed(chips.relevance[at])}"

    def _share(self, at: int) -> float:
        chips = self.chips
        if chips.relevance is None or not chips.limit:
            return float("nan")
        return float(chips.relevance[at]) / chips.limit
