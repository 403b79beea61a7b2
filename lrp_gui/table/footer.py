"""The rows below the table that stay in sight: the smallest, mean and largest value of each column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QAbstractItemView

from lrp_gui.document.words import MINUS, counted, percent
from lrp_gui.table.columns import PINNED, Kind
from lrp_gui.table.pinned import PinnedTable

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from lrp_gui.table.shown import ShownModel
    from lrp_gui.table.view import TableView

Index = QModelIndex | QPersistentModelIndex
TOP = QModelIndex()
Role = Qt.ItemDataRole
FOOT_MARGIN = 3  # three rows beside the few of a low window
# How a row is called, and which number of an extent stands in it.
ROWS = (("min", "low"), ("mean", "mean"), ("max", "high"))


class FooterModel(QAbstractTableModel):
    """One row for each number that is told of a column."""

    def __init__(self, model: ShownModel, parent: Any = None) -> None:
        super().__init__(parent)
        self._model = model
        model.modelAboutToBeReset.connect(self.beginResetModel)
        model.modelReset.connect(self.endResetModel)
        model.layout_changed.connect(self.repaint)
        model.statistics.changed.connect(self.repaint)

    def rowCount(self, parent: Index = TOP) -> int:  # noqa: D102
        return 0 if parent.isValid() else len(ROWS)

    def columnCount(self, parent: Index = TOP) -> int:  # noqa: D102
        return 0 if parent.isValid() else self._model.columnCount()

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole) -> Any:  # noqa: D102
        if role != Role.DisplayRole or orientation != Qt.Orientation.Vertical or not 0 <= section < len(ROWS):
            return None
        return self.tr(ROWS[section][0])

    def flags(self, index: Index) -> Qt.ItemFlag:  # noqa: D102
        return Qt.ItemFlag.ItemIsEnabled if index.isValid() else Qt.ItemFlag.NoItemFlags

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:  # noqa: D102
        if not index.isValid() or index.column() >= self._model.columnCount():
            return None
        if role == Role.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Role.BackgroundRole:
            return self._model.colours.read_only
        if role == Role.DisplayRole:
            return self._text(index.row(), index.column())
        return self._tip(index.column()) if role == Role.ToolTipRole else None

    def repaint(self) -> None:
        """The numbers, or what they are measured in, changed."""
        if self.columnCount():
            self.dataChanged.emit(self.index(0, 0), self.index(len(ROWS) - 1, self.columnCount() - 1))

    def _text(self, row: int, section: int) -> str:
        model = self._model
        column = model.column(section)
        known = model.statistics.of(column)
        if known is None:
            return "…"
        value = getattr(known, ROWS[row][1])
        if column.kind is Kind.CONFIDENCE:
            return "" if value != value else percent(value)  # noqa: PLR0124
        if column.kind is Kind.FEATURE and model.network_units and model.table is not None:
            one = model.table.features[column.number]
            value = (value - one.mean) / one.scale
        return "" if value != value else f"{value:.4g}".replace("-", MINUS)  # noqa: PLR0124

    def _tip(self, section: int) -> str:
        model = self._model
        known, table = model.statistics.of(model.column(section)), model.table
        if known is None or table is None:
            return ""
        missing = (
            self.tr("; {cells} without a number").format(cells=counted(known.missing, "cell")) if known.missing else ""
        )
        return self.tr("Over all {samples}, shown or not{missing}").format(
            samples=counted(table.samples, "sample"), missing=missing
        )


class Footer(PinnedTable):
    """Moves sideways with the table and has its widths; one does not choose anything here."""

    def __init__(self, table: TableView, parent: QWidget | None = None) -> None:
        super().__init__(len(PINNED), parent)
        self._table = table
        self.footer_model = FooterModel(table.table_model, self)
        self.setModel(self.footer_model)
        self.setAccessibleName(self.tr("Statistics over all samples"))
        for view in (self, self.front):
            view.horizontalHeader().hide()
            view.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
            view.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        height = QFontMetrics(self.font()).height() + FOOT_MARGIN
        self.set_row_height(height)
        self.setFixedHeight(len(ROWS) * height + 2 * self.frameWidth())
        table.horizontalScrollBar().valueChanged.connect(self.horizontalScrollBar().setValue)
        table.columns_moved.connect(self.follow)
        self.follow()

    def follow(self) -> None:
        """Take over the widths of the table's columns."""
        parent = self.parentWidget()
        if parent is None or not self.isVisibleTo(parent):
            return
        self.verticalHeader().setFixedWidth(max(1, self._table.verticalHeader().width()))
        for section in range(self.footer_model.columnCount()):
            if self.columnWidth(section) != self._table.columnWidth(section):
                self.setColumnWidth(section, self._table.columnWidth(section))
        self.hide_pinned({section for section in range(len(PINNED)) if self._table.isColumnHidden(section)})
        self.pin_as(self._table)
        self.horizontalScrollBar().setValue(self._table.horizontalScrollBar().value())
