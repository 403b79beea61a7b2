"""The input table as Qt sees it: results first, then the features, then the file's other columns.

Texts and tips alone; which of it is shown, where and in which colours, is `lrp_gui.table.shown`'s.
"""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from lrp_gui.document.predicting import leading_output, prediction
from lrp_gui.document.table_checks import expectation
from lrp_gui.document.words import plain, signed

if TYPE_CHECKING:
    from lrp_gui.document.document import Document
    from lrp_gui.document.state import Touched

Index = QModelIndex | QPersistentModelIndex
TOP = QModelIndex()
Role = Qt.ItemDataRole

OUTPUT, PREDICTION = 0, 1
RESULT_COLUMNS = 2


class TableModel(QAbstractTableModel):
    """Reads the document; what is typed goes to the document as an edit."""

    def __init__(self, document: Document, parent: Any = None) -> None:
        super().__init__(parent)
        self._document = document
        self._titles = (self.tr("output"), self.tr("prediction"))
        document.table_replaced.connect(self._reset)
        document.network_changed.connect(self._reset)
        document.cells_changed.connect(self._on_cells)
        document.table_result_changed.connect(self._repaint)
        document.rows_about_to_be_inserted.connect(
            lambda at, count: self.beginInsertRows(QModelIndex(), at, at + count - 1)
        )
        document.rows_inserted.connect(lambda _at, _count: self.endInsertRows())
        document.rows_about_to_be_removed.connect(
            lambda at, count: self.beginRemoveRows(QModelIndex(), at, at + count - 1)
        )
        document.rows_removed.connect(lambda _at, _count: self.endRemoveRows())
        document.rows_about_to_move.connect(self.beginResetModel)
        document.rows_moved.connect(lambda _before: self.endResetModel())
        document.columns_changed.connect(self._reset)

    # -------------------------------------------------------------------------------- what Qt asks

    def rowCount(self, parent: Index = TOP) -> int:  # noqa: D102
        table = self._document.table
        return 0 if parent.isValid() or table is None else table.samples

    def columnCount(self, parent: Index = TOP) -> int:  # noqa: D102
        table = self._document.table
        return 0 if parent.isValid() or table is None else RESULT_COLUMNS + len(table.features) + len(table.extras)

    def flags(self, index: Index) -> Qt.ItemFlag:  # noqa: D102
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return flags | Qt.ItemFlag.ItemIsEditable if self.table_column(index.column()) >= 0 else flags

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:  # noqa: D102
        table = self._document.table
        if not index.isValid() or table is None:
            return None
        row, column, feature = index.row(), index.column(), self.feature(index.column())
        if role in (Role.DisplayRole, Role.EditRole):
            return table.text(row, feature) if feature >= 0 else self._read_only_text(row, column)
        if role == Role.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignLeft if column == PREDICTION else Qt.AlignmentFlag.AlignRight
            return side | Qt.AlignmentFlag.AlignVCenter
        if role == Role.ToolTipRole:
            return self._feature_tip(row, feature) if feature >= 0 else self._read_only_tip(row)
        return None

    def setData(self, index: Index, value: Any, role: int = Role.EditRole) -> bool:  # noqa: D102
        column = self.table_column(index.column()) if index.isValid() else -1
        if role != Role.EditRole or column < 0:
            return False
        self._document.edit_cell(index.row(), column, "" if value is None else str(value))
        return True

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole) -> Any:  # noqa: D102
        table = self._document.table
        if table is None or section < 0:
            return None
        if orientation == Qt.Orientation.Vertical:
            if role == Role.DisplayRole and section < table.samples:
                return table.names[section]
            return None
        if section >= self.columnCount():
            return None
        if role == Role.DisplayRole:
            return self._title(section)
        if role == Role.ToolTipRole:
            return self._title_tip(section)
        return None

    # ------------------------------------------------------------------------------ what views ask

    def feature(self, column: int) -> int:
        """The feature in a column, or -1 where there is none to edit."""
        table = self._document.table
        feature = column - RESULT_COLUMNS
        return feature if table is not None and 0 <= feature < len(table.features) else -1

    def table_column(self, column: int) -> int:
        """The table's column, extra ones among them, or -1 for what the network says."""
        table = self._document.table
        place = column - RESULT_COLUMNS
        return place if table is not None and 0 <= place < len(table.features) + len(table.extras) else -1

    # --------------------------------------------------------------------------------------- texts

    def _title(self, column: int) -> str:
        table = self._document.table
        feature = self.feature(column)
        if table is None or column < RESULT_COLUMNS:
            return self._titles[column]
        if feature < 0:
            return table.extras[column - RESULT_COLUMNS - len(table.features)].name
        one = table.features[feature]
        return f"{one.name}\n{one.unit}" if one.unit else one.name

    def _title_tip(self, column: int) -> str:
        table = self._document.table
        feature = self.feature(column)
        if column == OUTPUT:
            return self.tr("What the network puts out; of several outputs the largest")
        if column == PREDICTION:
            return self.tr("The class that this output stands for")
        if table is None or feature < 0:
            return self.tr("A column of the file that the network does not use")
        one = table.features[feature]
        unit = f" ({one.unit})" if one.unit else ""
        tip = self.tr("{name}{unit}: the network sees (value − {mean}) / {scale}").format(
            name=one.name, unit=unit, mean=plain(one.mean, 5), scale=plain(one.scale, 5)
        )
        expected = expectation(one)
        return self.tr("{tip}\nExpected: {expected}").format(tip=tip, expected=expected) if expected else tip

    def _read_only_text(self, row: int, column: int) -> str:
        table, network = self._document.table, self._document.network
        if table is None or network is None:
            return ""
        if column >= RESULT_COLUMNS:
            return table.extras[column - RESULT_COLUMNS - len(table.features)].texts[row]
        outputs = self._outputs(row)
        if outputs is None:
            return ""
        return plain(leading_output(outputs), 4, unknown="") if column == OUTPUT else prediction(network, outputs)

    def _read_only_tip(self, row: int) -> str:
        table, network, outputs = self._document.table, self._document.network, self._outputs(row)
        problem = table.row_problem(row) if table else ""
        result = self._document.table_result
        problem = problem or (result.refused.get(row, "") if result is not None else "")
        if problem or outputs is None or network is None or isnan(outputs[0]):
            return problem
        lines = [f"{name}: {plain(value, 4)}" for name, value in zip(network.outputs, outputs[:20], strict=False)]
        return "\n".join(lines)

    def _feature_tip(self, row: int, feature: int) -> str:
        table = self._document.table
        if table is None:
            return ""
        problem = table.problem(row, feature)
        if problem:
            return self.tr("{problem} This sample is not explained, the others are.").format(problem=problem)
        one = table.features[feature]
        value = table.values[row, feature]
        lines = [
            f"{one.name} = {table.text(row, feature)} {one.unit}".rstrip(),
            self.tr("The network sees {value}").format(value=plain((value - one.mean) / one.scale, 4)),
        ]
        meaning = next((name for number, name in one.categories if number == value and name), "")
        if meaning:
            lines[0] += f" ({meaning})"
        remark = table.remark(row, feature)
        if remark:
            lines.insert(0, self.tr("{remark} It is explained all the same.").format(remark=remark))
        relevance = self._relevance(row, feature)
        if not isnan(relevance):
            result = self._document.result
            noun = result.words.noun.capitalize() if result is not None else self.tr("Relevance")
            lines.append(f"{noun} {signed(relevance, 4)}")
        return "\n".join(lines)

    def _relevance(self, row: int, feature: int) -> float:
        result = self._document.table_result
        if result is None or row >= len(result.rows) or feature >= result.relevance.shape[1]:
            return float("nan")
        return float(result.relevance[row, feature])

    def _outputs(self, row: int) -> np.ndarray | None:
        result = self._document.table_result
        return None if result is None or row >= len(result.rows) else result.outputs[row]

    # ------------------------------------------------------------------------ news of the document

    def _reset(self) -> None:
        self.beginResetModel()
        self.endResetModel()

    def _on_cells(self, touched: Touched) -> None:
        first, last = int(touched.rows.min()), int(touched.rows.max())
        self.dataChanged.emit(self.index(first, 0), self.index(last, self.columnCount() - 1))
        if not touched.columns.size:  # names
            self.headerDataChanged.emit(Qt.Orientation.Vertical, first, last)

    def _repaint(self) -> None:
        if self.rowCount() and self.columnCount():
            self.dataChanged.emit(self.index(0, 0), self.index(self.rowCount() - 1, self.columnCount() - 1))
