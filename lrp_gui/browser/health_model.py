"""The findings as a tree: what was found, the gravest first, and below it each place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QIcon

from lrp_gui.document.words import counted
from lrp_gui.jobs.findings import SEVERITIES
from lrp_gui.languages import thousands

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lrp_gui.jobs.findings import HealthRow

Index = QModelIndex | QPersistentModelIndex
TOP = QModelIndex()
SHORT, PLACE = range(2)
SENTENCE_ROLE = Qt.ItemDataRole.UserRole


@dataclass(eq=False, slots=True)
class _Group:
    """Findings of one kind and gravity."""

    title: str
    severity: str
    meaning: str
    rows: list[HealthRow] = field(default_factory=list)


class HealthModel(QAbstractItemModel):
    """Two levels: kinds, and their findings; those that a filter lets through."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._all: list[HealthRow] = []
        self._groups: list[_Group] = []
        self._icons: dict[str, QIcon] = {}
        self.severity = ""  # only those, "" for all
        self.text = ""  # only those in whose sentence it stands

    # -------------------------------------------------------------------------------- what Qt asks

    def rowCount(self, parent: Index = TOP) -> int:  # noqa: D102
        if not parent.isValid():
            return len(self._groups)
        group = self._group(parent)
        return len(group.rows) if group is not None and parent.column() == 0 else 0

    def columnCount(self, parent: Index = TOP) -> int:  # noqa: ARG002, D102
        return 2

    def index(self, row: int, column: int, parent: Index = TOP) -> QModelIndex:  # noqa: D102
        if column not in {SHORT, PLACE} or not 0 <= row < self.rowCount(parent):
            return QModelIndex()
        # 0 for a kind; a finding knows its kind's number
        return self.createIndex(row, column, parent.row() + 1 if parent.isValid() else 0)

    def parent(self, index: Index) -> QModelIndex:  # type: ignore[override]  # noqa: D102
        above = index.internalId() if index.isValid() else 0
        return self.createIndex(above - 1, 0, 0) if above else QModelIndex()

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: D102
        if not index.isValid():
            return None
        group, row = self._group(index), self.row_at(index)
        if role == Qt.ItemDataRole.DisplayRole:
            if row is not None:
                return row.short if index.column() == SHORT else row.place
            if group is not None:  # it has the whole width
                return f"{group.title} ({thousands(len(group.rows))})" if index.column() == SHORT else ""
        if role in {Qt.ItemDataRole.ToolTipRole, SENTENCE_ROLE, Qt.ItemDataRole.AccessibleDescriptionRole}:
            return row.sentence if row is not None else (group.meaning if group is not None else None)
        if role == Qt.ItemDataRole.DecorationRole and group is not None and index.column() == SHORT:
            return self._icons.get(group.severity)
        if role == Qt.ItemDataRole.AccessibleTextRole and group is not None and index.column() == SHORT:
            return f"{group.title}, {group.severity}, {counted(len(group.rows), 'finding')}"
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:  # noqa: D102
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return (self.tr("What"), self.tr("Where"))[section]
        return None

    # ------------------------------------------------------------------------------ what views ask

    def row_at(self, index: Index) -> HealthRow | None:
        """The finding of a row, None for a kind."""
        above = index.internalId() if index.isValid() else 0
        return self._groups[above - 1].rows[index.row()] if above else None

    def meaning_at(self, index: Index) -> str:
        """What a kind of finding means."""
        above = index.internalId() if index.isValid() else 0
        if index.isValid():
            return self._groups[above - 1 if above else index.row()].meaning
        return ""

    def shown(self) -> list[HealthRow]:
        """All findings that are shown, from the top."""
        return [row for group in self._groups for row in group.rows]

    @property
    def count(self) -> int:
        """How many there are, shown or not."""
        return len(self._all)

    # ---------------------------------------------------------------------------------- what views do

    def set_icons(self, icons: dict[str, QIcon]) -> None:
        """By severity; they have the theme's colours."""
        self._icons = icons
        if self._groups:
            role = [Qt.ItemDataRole.DecorationRole]
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._groups) - 1, 0), role)

    def clear(self) -> None:
        """Forget everything."""
        self.beginResetModel()
        self._all, self._groups = [], []
        self.endResetModel()

    def add(self, rows: Sequence[HealthRow]) -> None:
        """More findings; what is selected or folded stays so."""
        self._all += rows
        for alike in self._by_kind(rows):
            self._put(alike)

    def show_only(self, severity: str, text: str) -> None:
        """Filter by gravity and by text."""
        self.beginResetModel()
        self.severity, self.text = severity, text.strip().lower()
        by_kind = self._by_kind(self._all)
        groups = [_Group(rows[0].title, rows[0].severity, rows[0].meaning, rows) for rows in by_kind]
        self._groups = sorted(groups, key=lambda group: SEVERITIES.index(group.severity))
        self.endResetModel()

    # --------------------------------------------------------------------------------- small parts

    def _by_kind(self, rows: Sequence[HealthRow]) -> list[list[HealthRow]]:
        """Those that are shown, with their like."""
        found: dict[tuple[str, str], list[HealthRow]] = {}
        for row in rows:
            if self._lets_through(row):
                found.setdefault((row.title, row.severity), []).append(row)
        return list(found.values())

    def _lets_through(self, row: HealthRow) -> bool:
        if self.severity and row.severity != self.severity:
            return False
        return not self.text or self.text in f"{row.title} {row.place} {row.sentence}".lower()

    def _group(self, index: Index) -> _Group | None:
        """The kind of a top row, None for a finding."""
        return self._groups[index.row()] if index.isValid() and not index.internalId() else None

    def _has(self, row: HealthRow) -> bool:
        return any((group.title, group.severity) == (row.title, row.severity) for group in self._groups)

    def _place_of(self, row: HealthRow) -> int:
        """Where its kind stands, or belongs."""
        for number, group in enumerate(self._groups):
            if (group.title, group.severity) == (row.title, row.severity):
                return number
        grave = SEVERITIES.index(row.severity)
        return sum(SEVERITIES.index(group.severity) <= grave for group in self._groups)

    def _put(self, rows: list[HealthRow]) -> None:
        """Findings of one kind."""
        row = rows[0]
        known, place = self._has(row), self._place_of(row)
        if not known:
            # Rows of findings know the number of their kind: a kind between others would change those.
            if place < len(self._groups):
                self.beginResetModel()
                self._groups.insert(place, _Group(row.title, row.severity, row.meaning, rows))
                self.endResetModel()
                return
            self.beginInsertRows(QModelIndex(), place, place)
            self._groups.append(_Group(row.title, row.severity, row.meaning))
            self.endInsertRows()
        group, parent = self._groups[place], self.index(place, 0)
        self.beginInsertRows(parent, len(group.rows), len(group.rows) + len(rows) - 1)
        group.rows += rows
        self.endInsertRows()
        self.dataChanged.emit(parent, parent)
