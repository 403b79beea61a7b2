"""Which rows and columns stand where: pinned ones first, then the features of one input, or all of them in one cell."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractTableModel, Signal

from lrp_gui.table.arranging import Arranger
from lrp_gui.table.columns import PINNED, Column, Kind

if TYPE_CHECKING:
    from lrp_gui.document.document import Document
    from lrp_gui.document.results import InputInfo
    from lrp_gui.document.table import InputTable
    from lrp_gui.jobs.queue import JobQueue

# An input of more features than this stands in one cell; its numbers are shown so many columns at a time.
MOST_COLUMNS = 2000
TYPED = frozenset({Kind.FEATURE, Kind.NAME, Kind.EXTRA})


class LaidOutModel(QAbstractTableModel):
    """Knows the places; what stands in the cells is told by `ShownModel`."""

    layout_changed = Signal()  # other columns, or other titles

    def __init__(self, document: Document, jobs: JobQueue | None = None, parent: Any = None) -> None:
        super().__init__(parent)
        self._document = document
        self.arranger = Arranger(document, jobs, self)
        self.input = ""
        self._features = range(0)
        self._whole = False
        self._columns: list[Column] = []
        self._typed: list[bool] = []
        self._first = 0  # of the columns of a large input that are shown
        self._as_numbers: dict[str, bool] = {}

    # ----------------------------------------------------------------------------- rows and columns

    def row(self, place: int) -> int:
        """The table's row at a place; negative for a heading."""
        order = self.arranger.order
        return order.row(place) if 0 <= place < order.length else -1

    def place(self, row: int) -> int:
        """Where a row of the table is shown, or -1."""
        return self.arranger.order.place(row)

    def column(self, section: int) -> Column:
        """What stands in a column."""
        return self._columns[section]

    def section(self, column: Column) -> int:
        """Where a column stands, or -1 when it is not shown."""
        if column.kind in PINNED:
            return PINNED.index(column.kind)
        features = 1 if self.picture else len(self._features)
        if column.kind is Kind.EXTRA:
            return len(PINNED) + features + column.number
        if column.kind is Kind.PICTURE:
            return len(PINNED) if self.picture else -1
        inside = not self.picture and column.number in self._features
        return len(PINNED) + self._features.index(column.number) if inside else -1

    def feature(self, section: int) -> int:
        """The feature in a column, or -1."""
        column = self.column(section) if 0 <= section < self.columnCount() else Column(Kind.NAME)
        return column.number if column.kind is Kind.FEATURE else -1

    def editable(self, section: int) -> bool:
        """Whether one types into this column."""
        return self._typed[section]

    @property
    def table(self) -> InputTable | None:
        """What the rows are of."""
        return self._document.table

    # ------------------------------------------------------------------------------ inputs and pages

    @property
    def inputs(self) -> tuple[InputInfo, ...]:
        """The inputs of the network, each of which can be looked at."""
        network = self._document.network
        return network.inputs if network is not None else ()

    @property
    def info(self) -> InputInfo | None:
        """The input that is looked at."""
        return next((one for one in self.inputs if one.name == self.input), None)

    @property
    def all_features(self) -> range:
        """The table's columns of the input that is looked at."""
        table = self._document.table
        if table is None:
            return range(0)
        block = self._document.input_columns(self.input) if self.info is not None else slice(0, len(table.features))
        return range(block.start, block.stop)

    @property
    def features(self) -> range:
        """Those of them that have columns now."""
        return range(0) if self.picture else self._features

    @property
    def picture(self) -> bool:
        """Whether the whole input stands in one cell."""
        return self._whole

    @property
    def page(self) -> tuple[int, int, int]:
        """First and last shown feature of the input, counted from 1, and how many there are."""
        whole = self.all_features
        return self._first + 1, self._first + len(self._features), len(whole)

    def show_input(self, name: str) -> None:
        """Look at another input."""
        if name != self.input:
            self._change_layout(lambda: self._choose(name))

    def show_numbers(self, numbers: bool) -> None:
        """Give every feature of this input a column, or all together one."""
        if numbers == self.picture:

            def change() -> None:
                self._as_numbers[self.input] = numbers

            self._change_layout(change)

    def turn_to(self, feature: int) -> None:
        """Show the page of columns that begins with this feature of the input, counted from 0."""
        last = max(0, len(self.all_features) - MOST_COLUMNS)
        first = min(max(0, feature), last)
        if first != self._first:

            def change() -> None:
                self._first = first

            self._change_layout(change)

    def _choose(self, name: str) -> None:
        self.input, self._first = name, 0

    def _change_layout(self, change: Callable[[], None]) -> None:
        self.beginResetModel()
        change()
        self._lay_out()
        self.endResetModel()
        self.layout_changed.emit()

    def _lay_out(self) -> None:
        """Put the columns in their places once; they are asked for at every cell."""
        names, table = [one.name for one in self.inputs], self._document.table
        if self.input not in names:
            self._choose(names[0] if names else "")
        whole = self.all_features
        self._features = whole[self._first : self._first + MOST_COLUMNS]
        self._whole = not self._as_numbers.get(self.input, len(whole) <= MOST_COLUMNS)
        inside = [Column(Kind.PICTURE)] if self._whole else [Column(Kind.FEATURE, one) for one in self._features]
        extras = range(len(table.extras) if table is not None else 0)
        pinned = [Column(kind) for kind in PINNED]
        self._columns = [] if table is None else [*pinned, *inside, *(Column(Kind.EXTRA, one) for one in extras)]
        self._typed = [column.kind in TYPED for column in self._columns]
