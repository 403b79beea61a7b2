"""The smallest, mean and largest value of every column over all samples, computed when they are asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Signal

from lrp_gui.document.extents import Extent, extent
from lrp_gui.jobs.queue import Failure, Job, JobQueue, Priority
from lrp_gui.jobs.steps import Part, Progress, Steps
from lrp_gui.table.columns import RESULTS, Column, Kind, TableColumns
from lrp_gui.table.matching import Words
from lrp_gui.turns import Soon

if TYPE_CHECKING:
    from lrp_gui.document.document import Document
    from lrp_gui.document.state import Touched

# So many numbers of a column are gone through in less than a millisecond.
MOST_AT_ONCE = 100_000
NUMBERS = frozenset({Kind.FEATURE, Kind.EXTRA, Kind.OUTPUT, Kind.CONFIDENCE})
NOTHING = Extent(np.nan, np.nan, np.nan, 0)


class Statistics(QObject):
    """Follows the table; a column is measured when somebody asks for it, in the worker where that takes long."""

    changed = Signal()

    def __init__(self, document: Document, jobs: JobQueue | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document, self._jobs = document, jobs
        self._known: dict[Column, Extent] = {}
        self._wanted: set[Column] = set()
        self._job: Job | None = None
        self._start = Soon(self._measure, self)
        document.table_replaced.connect(self._forget)
        document.rows_inserted.connect(self._forget)
        document.rows_removed.connect(self._forget)
        document.rows_moved.connect(self._forget)
        document.cells_changed.connect(self._on_cells)
        document.table_result_changed.connect(self._on_results)

    def of(self, column: Column) -> Extent | None:
        """The column's extent; None while it is being measured, `changed` tells when it is known."""
        found = self._known.get(column)
        if found is not None:
            return found
        columns = self._columns()
        if columns is None or column.kind not in NUMBERS:
            return NOTHING
        if self._jobs is None or columns.samples <= MOST_AT_ONCE:
            found = self._known[column] = _measured(columns, column)
            return found
        if column not in self._wanted:
            self._wanted.add(column)
            self._start.start()
        return None

    def _columns(self) -> TableColumns | None:
        document = self._document
        if document.table is None:
            return None
        return TableColumns(document.table, document.network, document.table_result, document.settings.target)

    def _measure(self) -> None:
        columns, wanted = self._columns(), list(self._wanted)
        if columns is None or not wanted or self._jobs is None or (self._job is not None and not self._job.ended):
            return

        def steps() -> Steps[None]:
            for number, column in enumerate(wanted):
                yield Progress(number, len(wanted))
                yield Part((column, _measured(columns, column)))

        title = self.tr("Measuring the columns")
        self._job = self._jobs.submit(
            Job(title, Priority.CHECK, steps, part=self._take, done=self._done, failed=self._failed)
        )

    def _take(self, found: tuple[Column, Extent]) -> None:
        self._known[found[0]] = found[1]
        self._wanted.discard(found[0])

    def _done(self, _nothing: None) -> None:
        self._job = None
        self.changed.emit()
        if self._wanted:
            self._start.start()

    def _failed(self, _failure: Failure) -> None:
        self._job = None

    def _stop(self) -> None:
        if self._job is not None:
            self._job.cancel()
            self._job = None
        self._wanted.clear()

    def _forget(self, *_news: object) -> None:
        self._stop()
        self._known.clear()
        self.changed.emit()

    def _on_cells(self, touched: Touched) -> None:
        self._stop()
        changed, columns = set(np.asarray(touched.columns).tolist()), self._columns()
        self._known = {
            column: known
            for column, known in self._known.items()
            if columns is not None and columns.number_of(column) not in changed
        }
        self.changed.emit()

    def _on_results(self) -> None:
        if any(column.kind in RESULTS for column in self._known):
            self._known = {column: known for column, known in self._known.items() if column.kind not in RESULTS}
            self.changed.emit()


def _measured(columns: TableColumns, column: Column) -> Extent:
    values = columns.of(column)
    return NOTHING if isinstance(values, Words) else extent(values)
