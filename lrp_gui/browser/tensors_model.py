"""The tensors of the weight file, as a flat table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from lrp_gui.document.words import shape_text, size_text

if TYPE_CHECKING:
    from lrp_gui.document.document import Document
    from lrp_gui.document.files import TensorRow

Index = QModelIndex | QPersistentModelIndex
TOP = QModelIndex()
SORT_ROLE = Qt.ItemDataRole.UserRole

# title, text, what it is sorted by
COLUMNS = (
    ("Tensor", lambda row: row.name, lambda row: row.name),
    ("Shape", lambda row: shape_text(row.shape), lambda row: row.nbytes),
    ("Type", lambda row: row.dtype, lambda row: row.dtype),
    ("Size", lambda row: size_text(row.nbytes), lambda row: row.nbytes),
    ("Role", lambda row: row.role, lambda row: row.role),
)
SIZE, ROLE = 3, 4


class TensorsModel(QAbstractTableModel):
    """One row per tensor of the document's file."""

    def __init__(self, document: Document, parent: Any = None) -> None:
        super().__init__(parent)
        self._document = document
        self._rows: tuple[TensorRow, ...] = ()
        document.file_changed.connect(self._reload)
        self._reload()

    def rowCount(self, parent: Index = TOP) -> int:  # noqa: D102
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = TOP) -> int:  # noqa: D102
        return 0 if parent.isValid() else len(COLUMNS)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: D102
        if not index.isValid():
            return None
        row, (_title, text, key) = self._rows[index.row()], COLUMNS[index.column()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return text(row)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if index.column() == SIZE else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        if role == SORT_ROLE:
            return key(row)
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:  # noqa: D102
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return COLUMNS[section][0] if 0 <= section < len(COLUMNS) else None
        return None

    @property
    def several_roles(self) -> bool:
        """Whether there is anything to tell apart: weights alone need no word for it."""
        file = self._document.file
        return file is not None and len(file.amounts) > 1

    def _reload(self) -> None:
        file = self._document.file
        rows = file.tensors if file else ()
        if rows is not self._rows:
            self.beginResetModel()
            self._rows = rows
            self.endResetModel()
