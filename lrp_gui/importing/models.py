"""Item models of the import dialog: the file's first rows, the inputs with their columns, and the other columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractListModel, QAbstractTableModel, QMimeData, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor, QPalette

from lrp_gui.document.importing import NONE, Import

Index = QModelIndex | QPersistentModelIndex
TOP = QModelIndex()
DRAGGED = "application/x-lrp-column"
FEATURE, COLUMN, FIRST = range(3)
SHOWN_CELLS = 4
NO_COLUMN = "–"


class PreviewModel(QAbstractTableModel):
    """The first rows of the file, as they are written; the headers say which input a column becomes."""

    def __init__(self, source: Import, parent: Any = None) -> None:
        super().__init__(parent)
        self._source = source
        self._takers: dict[int, str] = {}
        source.previewed.connect(self.refill)
        source.checked.connect(self.refill)
        source.mapped.connect(self.rename)

    def refill(self) -> None:
        """Show other rows."""
        self.beginResetModel()
        self._follow()
        self.endResetModel()

    def rename(self) -> None:
        """Show other inputs in the headers."""
        self._follow()
        if self.columnCount():
            self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, self.columnCount() - 1)
        if self.columnCount() and self.rowCount():
            last = self.index(self.rowCount() - 1, self.columnCount() - 1)
            self.dataChanged.emit(self.index(0, 0), last, [Qt.ItemDataRole.ForegroundRole])

    def _follow(self) -> None:
        source = self._source
        features = source.features
        self._takers = {column: features[n].name for n, column in enumerate(source.order) if column != NONE}
        if source.plan.sample_names in source.names:
            self._takers[source.names.index(source.plan.sample_names)] = self.tr("sample names")

    def rowCount(self, parent: Index = TOP) -> int:  # noqa: D102
        return 0 if parent.isValid() or self._source.preview is None else len(self._source.preview.rows)

    def columnCount(self, parent: Index = TOP) -> int:  # noqa: D102
        return 0 if parent.isValid() else len(self._source.names)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: D102
        preview = self._source.preview
        if not index.isValid() or preview is None:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            row = preview.rows[index.row()]
            return row[index.column()] if index.column() < len(row) else ""
        if role == Qt.ItemDataRole.ForegroundRole and index.column() not in self._takers:
            return _dim(self)
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: D102
        if role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return None
        if orientation == Qt.Orientation.Vertical:
            return section + 1
        names = self._source.names
        if section >= len(names):
            return None
        taker = self._takers.get(section, "")
        if role == Qt.ItemDataRole.ToolTipRole:
            text = self.tr("{column} becomes {feature}.") if taker else self.tr("{column} is no input.")
            return text.format(column=names[section], feature=taker)
        # Two lines everywhere, so that the header does not jump while columns are mapped.
        return f"{names[section]}\n→ {taker}" if taker else f"{names[section]}\n"


class InputsModel(QAbstractTableModel):
    """Each unit of the network's inputs, the column that it takes, and what stands there first."""

    def __init__(self, source: Import, parent: Any = None) -> None:
        super().__init__(parent)
        self._source = source
        self._count = 0
        self.shown: list[int] = []  # features that are not filtered away
        self._filter = ""
        source.checked.connect(self.refill)
        source.mapped.connect(self._changed)

    def refill(self) -> None:
        """Show what there is now."""
        self.beginResetModel()
        self._count = len(self._source.order)
        names = (feature.name.casefold() for feature in self._source.features)
        self.shown = [n for n, name in enumerate(names) if self._filter in name and n < self._count]
        self.endResetModel()

    def filter(self, text: str) -> None:
        """Show only the inputs with this in their names."""
        self._filter = text.strip().casefold()
        self.refill()

    def _changed(self) -> None:
        if self.shown:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self.shown) - 1, FIRST))

    def rowCount(self, parent: Index = TOP) -> int:  # noqa: D102
        return 0 if parent.isValid() else len(self.shown)

    def columnCount(self, parent: Index = TOP) -> int:  # noqa: D102
        return 0 if parent.isValid() else 3

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: D102
        if not index.isValid():
            return None
        source = self._source
        feature = self.shown[index.row()]
        column = source.order[feature]
        if role == Qt.ItemDataRole.EditRole and index.column() == COLUMN:
            return column
        if role == Qt.ItemDataRole.ForegroundRole and column == NONE and index.column() != FEATURE:
            return _dim(self)
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        if index.column() == FEATURE:
            known = source.features[feature]
            name = f"{known.name} ({known.unit})" if known.unit else known.name
            whose = source.input_of(feature)
            return f"{whose}: {name}" if whose else name
        if index.column() == COLUMN:
            return source.names[column] if column != NONE else NO_COLUMN
        if column == NONE or source.preview is None:
            return ""
        return ", ".join(row[column] for row in source.preview.rows[:SHOWN_CELLS] if column < len(row))

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: D102
        if role != Qt.ItemDataRole.DisplayRole or orientation != Qt.Orientation.Horizontal:
            return None
        titles = (self.tr("Input"), self.tr("Column of the file"), self.tr("Begins with"))
        return titles[section] if section < len(titles) else None

    def flags(self, index: Index) -> Qt.ItemFlag:  # noqa: D102
        flags = super().flags(index)
        if index.isValid():
            flags |= Qt.ItemFlag.ItemIsDropEnabled
        return flags | Qt.ItemFlag.ItemIsEditable if index.column() == COLUMN else flags

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:  # noqa: D102
        if not index.isValid() or role != Qt.ItemDataRole.EditRole or index.column() != COLUMN:
            return False
        if not isinstance(value, int) or not NONE <= value < len(self._source.names):
            return False
        self._source.assign(self.shown[index.row()], value)
        return True

    def supportedDropActions(self) -> Qt.DropAction:  # noqa: D102
        return Qt.DropAction.CopyAction

    def mimeTypes(self) -> list[str]:  # noqa: D102
        return [DRAGGED]

    def canDropMimeData(self, data: QMimeData, _action: Qt.DropAction, _row: int, _column: int, parent: Index) -> bool:  # noqa: D102
        return parent.isValid() and data.hasFormat(DRAGGED)

    def dropMimeData(self, data: QMimeData, _action: Qt.DropAction, _row: int, _column: int, parent: Index) -> bool:  # noqa: D102
        if not parent.isValid() or not data.hasFormat(DRAGGED):
            return False
        column = int(bytes(data.data(DRAGGED).data()).decode())
        self._source.assign(self.shown[parent.row()], column)
        return True


class OthersModel(QAbstractListModel):
    """The columns that are no inputs: ticked ones are kept beside them. They can be dragged onto an input."""

    def __init__(self, source: Import, parent: Any = None) -> None:
        super().__init__(parent)
        self._source = source
        self.columns: list[int] = []
        source.checked.connect(self.refill)
        source.mapped.connect(self.refill)

    def refill(self) -> None:
        """Show what there is now."""
        columns = self._source.unused
        if columns == self.columns:
            if columns:
                self.dataChanged.emit(self.index(0), self.index(len(columns) - 1))
            return
        self.beginResetModel()
        self.columns = columns
        self.endResetModel()

    def rowCount(self, parent: Index = TOP) -> int:  # noqa: D102
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: D102
        if not index.isValid():
            return None
        name, plan = self._source.names[self.columns[index.row()]], self._source.plan
        named = name == plan.sample_names
        if role == Qt.ItemDataRole.DisplayRole:
            return self.tr("{name}: sample names").format(name=name) if named else name
        if role == Qt.ItemDataRole.CheckStateRole and not named:
            return Qt.CheckState.Unchecked if name in plan.left_out else Qt.CheckState.Checked
        if role == Qt.ItemDataRole.ToolTipRole:
            return self.tr("Ticked columns stand beside the inputs in the table; drag one onto an input to map it.")
        return None

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:  # noqa: D102
        if not index.isValid() or role != Qt.ItemDataRole.CheckStateRole:
            return False
        self._source.keep(self.columns[index.row()], kept=Qt.CheckState(value) == Qt.CheckState.Checked)
        return True

    def flags(self, index: Index) -> Qt.ItemFlag:  # noqa: D102
        flags = super().flags(index)
        return flags | Qt.ItemFlag.ItemIsDragEnabled | Qt.ItemFlag.ItemIsUserCheckable if index.isValid() else flags

    def mimeTypes(self) -> list[str]:  # noqa: D102
        return [DRAGGED]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:  # noqa: D102
        data = QMimeData()
        if indexes:
            data.setData(DRAGGED, str(self.columns[indexes[0].row()]).encode())
        return data


def _dim(model: Any) -> QColor:
    parent = model.parent()
    palette = parent.palette() if parent is not None and hasattr(parent, "palette") else QPalette()
    return palette.color(QPalette.ColorRole.PlaceholderText)
