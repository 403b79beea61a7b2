"""The table as it is looked at: rows in the wished order, pinned columns first, one input's features, in chosen units.

Texts, tips and edits of cells are `TableModel`'s; this decides which cell stands where and how it looks.
"""

from __future__ import annotations

from math import isfinite, isnan, prod
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QSignalBlocker, Qt
from PySide6.QtGui import QColor

from lrp_gui.document import predicting
from lrp_gui.document.table_checks import as_at_home, read_typed
from lrp_gui.document.table_storage import shown_text
from lrp_gui.document.words import counted, percent, plain, shape_text
from lrp_gui.table.colours import Colours, Shade, Shading
from lrp_gui.table.columns import RESULTS, Column, Kind
from lrp_gui.table.layout import LaidOutModel
from lrp_gui.table.model import RESULT_COLUMNS, TableModel
from lrp_gui.table.statistics import Statistics

if TYPE_CHECKING:
    from lrp_gui.document.document import Document
    from lrp_gui.document.state import Touched
    from lrp_gui.document.table import InputTable
    from lrp_gui.jobs.queue import JobQueue
    from lrp_gui.theme import Theme

Index = QModelIndex | QPersistentModelIndex
TOP = QModelIndex()
Role = Qt.ItemDataRole

LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
FLAGS = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
TYPED_FLAGS = FLAGS | Qt.ItemFlag.ItemIsEditable
WORDS = frozenset({Kind.NAME, Kind.TARGET, Kind.PREDICTION})
# Rows of which what came of them is kept, and whose names are looked at.
MOST_KEPT, TOLD_AT_ONCE = 2000, 48
# What a cell has to tell beside its number: nothing, or that it keeps its sample out, or that it is unusual.
GOOD, MISSING, BAD, OUTSIDE = "", "missing", "bad", "outside"
BLOCKING = frozenset({MISSING, BAD})


class ShownModel(LaidOutModel):
    """Reads the document through an order of rows and a choice of columns."""

    def __init__(self, document: Document, theme: Theme, jobs: JobQueue | None = None, parent: Any = None) -> None:
        super().__init__(document, jobs, parent)
        self.source = TableModel(document, self)
        self.statistics = Statistics(document, jobs, self)
        self.shading = Shading(document, self.statistics)
        self.colours = Colours(theme)
        self.network_units = False
        self._told: dict[int, dict[Kind, str]] = {}  # of rows that were looked at, what came of them
        self._named: tuple[InputTable | None, int, bool] = (None, 0, False)
        document.table_replaced.connect(self._on_replaced)
        document.network_changed.connect(self._on_replaced)
        document.cells_changed.connect(self._on_cells)
        document.table_result_changed.connect(self._on_results)
        document.settings_changed.connect(self._on_results)
        document.rows_about_to_be_inserted.connect(self._before_insert)
        document.rows_inserted.connect(self._after_insert)
        document.rows_about_to_be_removed.connect(self._before_remove)
        document.rows_removed.connect(self._after_remove)
        document.rows_about_to_move.connect(self.beginResetModel)
        document.rows_moved.connect(self._after_move)
        document.columns_changed.connect(self.layout_changed)
        self.statistics.changed.connect(self._on_statistics)
        self.arranger.about_to_change.connect(self.beginResetModel)
        self.arranger.changed.connect(self.endResetModel)
        self._lay_out()

    # -------------------------------------------------------------------------------- what Qt asks

    def rowCount(self, parent: Index = TOP) -> int:  # noqa: D102
        return 0 if parent.isValid() or self._document.table is None else self.arranger.order.length

    def columnCount(self, parent: Index = TOP) -> int:  # noqa: D102
        return 0 if parent.isValid() else len(self._columns)

    def flags(self, index: Index) -> Qt.ItemFlag:  # noqa: D102
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        return TYPED_FLAGS if self._typed[index.column()] and self.row(index.row()) >= 0 else FLAGS

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:  # noqa: D102
        if not index.isValid() or self._document.table is None:
            return None
        row, column = self.row(index.row()), self.column(index.column())
        if row < 0:
            return self._heading(index) if role in (Role.DisplayRole, Role.ToolTipRole) else None
        if role == Role.DisplayRole:
            return self.text(row, column)
        if role == Role.EditRole:
            return self.edit_text(row, column)
        if role == Role.TextAlignmentRole:
            return self.side(column)
        if role == Role.ToolTipRole:
            return self._tip(row, column)
        if role in (Role.BackgroundRole, Role.ForegroundRole):
            return self.look(row, column)[role == Role.ForegroundRole]
        return None

    def setData(self, index: Index, value: Any, role: int = Role.EditRole) -> bool:  # noqa: D102
        row = self.row(index.row()) if index.isValid() else -1
        if role != Role.EditRole or row < 0 or not self.editable(index.column()):
            return False
        return self.write(row, self.column(index.column()), "" if value is None else str(value))

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole) -> Any:  # noqa: D102
        if self._document.table is None or section < 0:
            return None
        if orientation == Qt.Orientation.Vertical:
            if role == Role.DisplayRole and section < self.rowCount():
                row = self.row(section)
                return str(row + 1) if row >= 0 else ""
            return None
        if section >= self.columnCount():
            return None
        column = self.column(section)
        if role == Role.DisplayRole:
            return self.title(column)
        return self._title_tip(column) if role == Role.ToolTipRole else None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:  # noqa: D102
        if self._document.table is None:
            return
        wanted = self.column(column) if 0 <= column < self.columnCount() else None
        if wanted is not None and wanted.kind is Kind.PICTURE:
            wanted = None
        self.arranger.sort(wanted, descending=order == Qt.SortOrder.DescendingOrder)

    # --------------------------------------------------------------------------------------- texts

    def text(self, row: int, column: Column) -> str:
        """What stands in a cell."""
        table = self._document.table
        if table is None:
            return ""
        if column.kind is Kind.FEATURE:
            if self.network_units:
                return self._scaled(row, column.number)
            return table.typed_text(row, column.number) or shown_text(float(table.values[row, column.number]))
        if column.kind is Kind.EXTRA:
            return str(table.extras[column.number].texts[row])
        if column.kind is Kind.NAME:
            return str(table.names[row])
        return "" if column.kind is Kind.PICTURE else self._result_text(row, column.kind)

    def number_texts(self, rows: np.ndarray, feature: int) -> list[str]:
        """What stands in the cells of a feature that hold finite numbers."""
        table = self._document.table
        values = table.values[rows, feature] if table is not None else np.empty(0)
        if not self.network_units or table is None:
            return list(map(shown_text, values.tolist()))
        one = table.features[feature]
        return [plain(value, 5) for value in ((values - one.mean) / one.scale).tolist()]

    def side(self, column: Column) -> Qt.AlignmentFlag:
        """Where in a cell its text stands: words on the left, numbers on the right."""
        if column.kind is Kind.EXTRA and (table := self._document.table) is not None:
            return LEFT if table.extras[column.number].numbers is None else RIGHT
        return LEFT if column.kind in WORDS else RIGHT

    def copied_text(self, row: int, column: Column) -> str:
        """What is copied of a cell: what stands in it, and of the table's own numbers all digits."""
        table = self._document.table
        if table is None or column.kind is not Kind.FEATURE or self.network_units:
            return self.text(row, column)
        return table.text(row, column.number)

    def edit_text(self, row: int, column: Column) -> str:
        """What stands in the editor of a cell: all digits."""
        table = self._document.table
        if table is None or column.kind is not Kind.FEATURE or not self.network_units:
            return self.copied_text(row, column)
        one, value = table.features[column.number], float(table.values[row, column.number])
        return repr((value - one.mean) / one.scale) if isfinite(value) else table.text(row, column.number)

    def write(self, row: int, column: Column, text: str) -> bool:
        """Take over what was typed, in the units that are shown."""
        if text == self.edit_text(row, column):
            return True  # nothing was typed
        if column.kind is Kind.NAME:
            self._document.rename_sample(row, text)
        else:
            number = self.table_column(column)
            self._document.edit_cell(row, number, self.table_text(number, text))
        return True

    def table_column(self, column: Column) -> int:
        """Which column of the table one types into: features, and behind them the file's other columns; else -1."""
        table = self._document.table
        if column.kind is Kind.FEATURE:
            return column.number
        return len(table.features) + column.number if table is not None and column.kind is Kind.EXTRA else -1

    def table_text(self, feature: int, text: str) -> str:
        """A typed text in the table's own units; what is no number stays as it is."""
        table = self._document.table
        if not self.network_units or table is None or feature >= len(table.features):
            return text
        one = table.features[feature]
        value, _reason = read_typed(as_at_home(text, decimal_comma=self._document.decimal_comma))
        return repr(value * one.scale + one.mean) if isfinite(value) else text

    def title(self, column: Column) -> str:
        """The heading of a column; the unit stands below the name."""
        table = self._document.table
        if table is None:
            return ""
        if column.kind is Kind.FEATURE:
            one = table.features[column.number]
            unit = self.tr("network") if self.network_units else one.unit
            return f"{one.name}\n{unit}" if unit else one.name
        if column.kind is Kind.EXTRA:
            return table.extras[column.number].name
        if column.kind is Kind.PICTURE:
            info = self.info
            return f"{self.input}\n{shape_text(info.shape)}" if info is not None else self.input
        return self.tr(column.kind.value)

    def _title_tip(self, column: Column) -> str:
        tips = {
            Kind.NAME: self.tr("What the sample is called"),
            Kind.TARGET: self.tr("What is explained of this sample"),
            Kind.CONFIDENCE: self.tr(
                "How sure the network is of its prediction: its probability, of logits the softmax"
            ),
            Kind.PICTURE: self.tr(
                "All {count} of this input; View ▸ Table ▸ Large Inputs as Numbers or Pictures gives each a column"
            ).format(count=counted(len(self.all_features), "number")),
        }
        if column.kind in tips:
            return tips[column.kind]
        tip = str(
            self.source.headerData(self._source_section(column), Qt.Orientation.Horizontal, Role.ToolTipRole) or ""
        )
        if column.kind is not Kind.FEATURE:
            return tip
        shown = self.tr("Shown is what the network sees.") if self.network_units else ""
        return "\n".join(filter(None, (tip, shown)))

    def _tip(self, row: int, column: Column) -> str:
        if column.kind in {Kind.PICTURE, Kind.NAME}:
            column = Column(Kind.OUTPUT)  # whose tip says why a sample is not explained
        index = self.source.index(row, self._source_section(column))
        tip = str(index.data(Role.ToolTipRole) or "")
        if column.kind is Kind.FEATURE and self.shading.shade is Shade.DIFFERENCE:
            start = self.shading.reference_value(column.number)
            told = self.tr("{reference}: {value}").format(
                reference=self.shading.reference_name.capitalize(), value=plain(start, 5)
            )
            tip = f"{tip}\n{told}"
        return tip

    def _source_section(self, column: Column) -> int:
        table = self._document.table
        if column.kind is Kind.FEATURE:
            return RESULT_COLUMNS + column.number
        if column.kind is Kind.EXTRA:
            return RESULT_COLUMNS + len(table.features if table else ()) + column.number
        return 1 if column.kind is Kind.PREDICTION else 0

    def _scaled(self, row: int, feature: int) -> str:
        table = self._document.table
        value = float(table.values[row, feature]) if table is not None else float("nan")
        if table is None or not isfinite(value):
            return table.text(row, feature) if table is not None else ""
        one = table.features[feature]
        return plain((value - one.mean) / one.scale, 5)

    def _result_text(self, row: int, kind: Kind) -> str:
        if row not in self._told:
            self._tell(row)
        return self._told[row].get(kind, "")

    def _tell(self, row: int) -> None:
        """What came of a sample and of those that stand below it, at once: one by one takes ten times as long."""
        network, result, order = self._document.network, self._document.table_result, self.arranger.order
        place = order.place(row)
        rows = order.table_rows(place, place + TOLD_AT_ONCE - 1) if place >= 0 else np.array([row])
        if len(self._told) > MOST_KEPT:
            self._told.clear()
        why = self.tr("not explained")  # whoever points at it reads why
        self._told.update((one, {Kind.TARGET: why} if self.kept_out(one) else {}) for one in rows.tolist())
        if network is None or result is None or len(result.outputs) != order.samples:
            return
        outputs = result.outputs[rows]
        words = {
            Kind.TARGET: predicting.targets(network, self._document.settings.target, outputs),
            Kind.PREDICTION: predicting.predictions(network, outputs),
        }
        leading, sure = predicting.leading_outputs(outputs), predicting.confidences(network, outputs)
        for at, one in enumerate(rows.tolist()):
            told = self._told[one]
            if isnan(leading[at]) or told:
                continue
            told[Kind.OUTPUT] = plain(leading[at], 4)
            told[Kind.CONFIDENCE] = "" if isnan(sure[at]) else percent(sure[at])
            for kind, (codes, texts) in words.items():
                told[kind] = texts[int(codes[at])]

    def _heading(self, index: Index) -> str | None:
        if index.column() != self.heading_section:
            return None
        number = -1 - self.row(index.row())
        group = self.arranger.order.groups[number]
        title = group.title or self.tr("(none)")
        sign = "▸" if group.folded else "▾"
        return f"{sign} {title}  ·  {counted(group.count, 'sample')}"

    @property
    def heading_section(self) -> int:
        """The column in which a group's heading begins: the first that is shown."""
        return 0 if self.named else 1

    @property
    def named(self) -> bool:
        """Whether samples have names of their own, rather than the number of their row."""
        table = self._document.table
        if table is None:
            return False
        known, state, named = self._named
        if known is not table or state != table.state:
            names = table.names
            named = any(names[row] != str(row + 1) for row in range(min(len(names), MOST_KEPT)))
            self._named = table, table.state, named
        return named

    # --------------------------------------------------------------------------------------- looks

    def set_shade(self, shade: Shade) -> None:
        """Colour the cells by something else."""
        self.shading.shade = shade
        self.shading.forget()
        self._repaint()

    def set_network_units(self, network_units: bool) -> None:
        """Show what the network sees, or the table's own units."""
        if network_units != self.network_units:
            self.network_units = network_units
            self._repaint()
            if self.columnCount():
                self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, self.columnCount() - 1)
            self.layout_changed.emit()

    def set_theme(self, theme: Theme) -> None:
        """Take over the colours."""
        self.colours = Colours(theme)
        self._repaint()

    def state(self, row: int, feature: int) -> str:
        """What is wrong with a cell: MISSING, BAD, OUTSIDE its range, or GOOD."""
        table = self._document.table
        if table is None:
            return GOOD
        value = float(table.values[row, feature])
        if not isfinite(value):
            return BAD if table.text(row, feature).strip() else MISSING
        one = table.features[feature]
        usual = one.low <= value <= one.high and (not one.integer or value.is_integer())
        known = not one.categories or any(value == number for number, _name in one.categories)
        return GOOD if usual and known else OUTSIDE

    def kept_out(self, row: int) -> bool:
        """Whether something keeps a sample from being explained, in its cells or on the network's way."""
        table, result = self._document.table, self._document.table_result
        blocked = table is not None and bool(table.blocked) and not table.good_rows()[row]
        return blocked or (result is not None and row in result.refused)

    def look(self, row: int, column: Column) -> tuple[QColor | None, QColor | None, str]:
        """Background and ink of a cell, None for the usual ones, and its state."""
        if column.kind is not Kind.FEATURE:
            if column.kind in RESULTS and self.kept_out(row):
                return self.colours.warned, self.colours.warning, GOOD
            return (self.colours.read_only if column.kind is not Kind.PICTURE else None), None, GOOD
        state = self.state(row, column.number)
        if state in BLOCKING:
            return self.colours.warned, self.colours.warning, state
        share = self.shading.share(row, column.number)
        if share is not None:
            return *self.colours.scales[self.shading.shade].pair(share), state
        return (self.colours.remarked if state else None), None, state

    def size_of_picture(self) -> int:
        """Numbers in the input that is looked at."""
        info = self.info
        return prod(info.shape) if info is not None else 0

    # ------------------------------------------------------------------------ news of the document

    def _on_replaced(self) -> None:
        self.beginResetModel()
        self._as_numbers.clear()
        self._first = 0
        self.shading.forget()
        self._told.clear()
        # who hears of it may change what stands beside the view, which then asks for rows: not before there are some
        with QSignalBlocker(self.arranger):
            self.arranger.restart()
        self._lay_out()
        self.endResetModel()
        self.arranger.state_changed.emit()
        self.layout_changed.emit()

    def _before_insert(self, at: int, count: int) -> None:
        if self.arranger.order.rows is None:
            self.beginInsertRows(QModelIndex(), at, at + count - 1)
        else:
            self.beginResetModel()

    def _after_insert(self, at: int, count: int) -> None:
        samples = self.arranger.order.samples
        if self.arranger.order.rows is None:
            self._resize(samples + count)
            self.endInsertRows()
            return
        before = np.arange(samples)
        self._move(np.concatenate([before[:at], np.full(count, -1), before[at:]]))
        self.endResetModel()

    def _before_remove(self, at: int, count: int) -> None:
        if self.arranger.order.rows is None:
            self.beginRemoveRows(QModelIndex(), at, at + count - 1)
        else:
            self.beginResetModel()

    def _after_remove(self, at: int, count: int) -> None:
        samples = self.arranger.order.samples
        if self.arranger.order.rows is None:
            self._resize(samples - count)
            self.endRemoveRows()
            return
        self._move(np.delete(np.arange(samples), np.s_[at : at + count]))
        self.endResetModel()

    def _after_move(self, before: np.ndarray) -> None:
        self._move(before)
        self.endResetModel()

    def _resize(self, samples: int) -> None:
        self.shading.forget()
        self._told.clear()
        self.arranger.resize(samples)

    def _move(self, before: np.ndarray) -> None:
        self.shading.forget()
        self._told.clear()
        self.arranger.move(before)

    def _on_cells(self, touched: Touched) -> None:
        if self.shading.shade is not Shade.RELEVANCE:
            self.shading.forget()
        self._told.clear()
        places = [self.place(int(row)) for row in (np.min(touched.rows), np.max(touched.rows))]
        if len(touched.rows) > 2 and self.arranger.order.rows is not None:
            self._repaint()
        elif shown := [place for place in places if place >= 0]:
            self.dataChanged.emit(self.index(min(shown), 0), self.index(max(shown), self.columnCount() - 1))
        if not touched.columns.size:
            self.layout_changed.emit()  # a name of its own is worth a column

    def _on_results(self) -> None:
        self.shading.forget()
        self._told.clear()
        self._repaint()

    def _on_statistics(self) -> None:
        if self.shading.shade in {Shade.VALUE, Shade.DIFFERENCE}:
            self._repaint()

    def _repaint(self) -> None:
        if self.rowCount() and self.columnCount():
            self.dataChanged.emit(self.index(0, 0), self.index(self.rowCount() - 1, self.columnCount() - 1))
