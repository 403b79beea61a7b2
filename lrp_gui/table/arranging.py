"""Keeps the order of the rows: what a person wished, what came of it, and whether it is still true."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from lrp_gui.jobs.queue import Failure, Job, JobQueue, Priority
from lrp_gui.jobs.steps import Progress, Steps
from lrp_gui.table.columns import RESULTS, Column, Kind, TableColumns
from lrp_gui.table.expression import Name, NotUnderstood, parsed, quoted, word
from lrp_gui.table.order import Order, Wish, arranged

if TYPE_CHECKING:
    from lrp_gui.document.document import Document
    from lrp_gui.document.state import Touched

# Sorting so many rows takes a few milliseconds; more of them are sorted in the worker.
MOST_AT_ONCE = 30_000
# Results come in parts; rows that wait for them are put in order when the parts have come.
RESULTS_MS = 300


class Arranger(QObject):
    """The wish and the order of one table. Views listen to `about_to_change` and `changed`."""

    about_to_change = Signal()
    changed = Signal()
    state_changed = Signal()  # the sentence about what went wrong, whether it is out of date, whether it is at work

    def __init__(self, document: Document, jobs: JobQueue | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document, self._jobs = document, jobs
        self._job: Job | None = None
        self._known = 0  # rows with a result when the order was computed
        self.wish = Wish()
        self.order = Order(0)
        self.problem = ""
        self.stale = False
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(RESULTS_MS)
        self._later.timeout.connect(self.apply)
        document.cells_changed.connect(self._on_cells)
        document.table_result_changed.connect(self._on_results)
        self.restart()

    @property
    def busy(self) -> bool:
        """Whether the worker is putting the rows in order."""
        return self._job is not None and not self._job.ended and not self._job.cancelled

    # ----------------------------------------------------------------------------------------- wishes

    def sort(self, column: Column | None, *, descending: bool = False) -> None:
        """Sort by a column; None is the order of the file."""
        self.want(replace(self.wish, sort=column, descending=descending and column is not None))

    def filter(self, text: str) -> None:
        """Show only the rows of which an expression holds; "" shows all."""
        self.want(replace(self.wish, filter=text.strip()))

    def group(self, column: Column | None) -> None:
        """Put rows together that have a word in common; None ends it."""
        self.want(replace(self.wish, group=column, folded=frozenset()))

    def fold(self, title: str) -> None:
        """Fold a group, or unfold it."""
        self.want(replace(self.wish, folded=self.wish.folded ^ {title}))

    def fold_all(self, *, folded: bool) -> None:
        """Fold every group, or none."""
        self.want(replace(self.wish, folded=frozenset(one.title for one in self.order.groups if folded)))

    def want(self, wish: Wish) -> None:
        """Wish for another order."""
        if wish != self.wish or self.problem:
            self.wish = wish
            self.apply()

    def columns(self) -> TableColumns | None:
        """The columns as they are now."""
        document = self._document
        if document.table is None:
            return None
        return TableColumns(document.table, document.network, document.table_result, document.settings.target)

    def example(self) -> str:
        """A condition on columns that there are, "" without a table."""
        table, network = self._document.table, self._document.network
        if table is None or network is None or not table.features:
            return ""
        first, outputs = table.features[0], list(network.outputs)
        condition = f"{quoted(first.name)} > {first.mean:.3g}"
        return f"{condition} and prediction == {word(outputs[-1])}" if len(outputs) > 1 else condition

    def apply(self) -> None:
        """Compute the order anew; a filter that cannot be read leaves the order as it is, and says why."""
        self._later.stop()
        self._stop()
        columns, wish = self.columns(), self.wish
        if columns is None:
            return
        self._known = self._results()
        if self._jobs is None or columns.samples <= MOST_AT_ONCE or not wish:
            try:
                self._take(arranged(wish, columns))
            except NotUnderstood as problem:
                self._refuse(str(problem))
            return

        def steps() -> Steps[Order | str]:
            yield Progress(text=self.tr("Putting the rows in order"))
            try:
                return arranged(wish, columns)
            except NotUnderstood as problem:
                return str(problem)

        title = self.tr("Putting the rows in order")
        job = Job(title, Priority.CHECK, steps, done=self._done, failed=self._failed)
        self._job = self._jobs.submit(job)
        self.state_changed.emit()

    # --------------------------------------------------------------------------- news of the document

    def move(self, before: np.ndarray) -> None:
        """Rows came, went or moved: whoever shows them calls this at the right moment."""
        self._replace(self.order.moved(before))

    def resize(self, samples: int) -> None:
        """The same, where all rows stand as in the file: nothing has to be moved."""
        self._replace(Order(samples, matches=samples))

    def _replace(self, order: Order) -> None:
        if self.busy:
            self._later.start()  # it was computed for other rows
        self._stop()
        self.order = order
        self._mark_stale(stale=bool(self.wish))

    def restart(self) -> None:
        """Another table: all of its rows, as in the file. For whoever shows them, between two resets."""
        self._stop()
        self._later.stop()
        table = self._document.table
        samples = table.samples if table is not None else 0
        self.wish, self.problem, self.stale = Wish(), "", False
        self.order = Order(samples, matches=samples)
        self.state_changed.emit()

    def _on_cells(self, touched: Touched) -> None:
        if not self.wish or self.stale:
            return
        columns = self.columns()
        if columns is None:
            return
        changed = np.asarray(touched.columns).tolist()
        used = self._used(columns)
        if not {columns.number_of(column) for column in used}.isdisjoint(changed):
            self._mark_stale(stale=True)
        elif not changed and Column(Kind.NAME) in used:
            self._mark_stale(stale=True)  # a sample was renamed

    def _on_results(self) -> None:
        """The first results put the rows in order; what an edit makes of them waits until it is asked for."""
        if not self.wish or not self._uses_results():
            return
        if self._results() > self._known:
            self._later.start()
        else:
            self._mark_stale(stale=True)

    def _used(self, columns: TableColumns) -> set[Column]:
        used = {one for one in (self.wish.sort, self.wish.group) if one is not None}
        if self.wish.filter:
            try:
                tree = parsed(self.wish.filter, columns.names())
            except NotUnderstood:
                return used
            places = columns.places()
            used |= {places[name] for name in _names(tree)}
        return used

    def _uses_results(self) -> bool:
        columns = self.columns()
        if columns is None:
            return False
        return "relevance" in self.wish.filter.lower() or any(one.kind in RESULTS for one in self._used(columns))

    def _results(self) -> int:
        result = self._document.table_result
        if result is None or not result.outputs.size:
            return 0
        return int(np.count_nonzero(~np.isnan(result.explained)))

    # ------------------------------------------------------------------------------------------ inside

    def _stop(self) -> None:
        if self._job is not None:
            self._job.cancel()
            self._job = None

    def _done(self, found: Order | str) -> None:
        self._job = None
        table = self._document.table
        if isinstance(found, str):
            self._refuse(found)
        elif table is not None and found.samples == table.samples:
            self._take(found)

    def _failed(self, failure: Failure) -> None:
        self._job = None
        self._refuse(failure.sentence)

    def _take(self, order: Order) -> None:
        self.about_to_change.emit()
        self.order, self.problem, self.stale = order, "", False
        self.changed.emit()
        self.state_changed.emit()

    def _refuse(self, sentence: str) -> None:
        self.problem = sentence
        self.state_changed.emit()

    def _mark_stale(self, *, stale: bool) -> None:
        if stale != self.stale:
            self.stale = stale
            self.state_changed.emit()


def _names(node: object) -> set[str]:
    """The columns that an expression names."""
    if isinstance(node, Name):
        return {node.name}
    found: set[str] = set()
    for slot in getattr(node, "__slots__", ()):
        inside = getattr(node, slot)
        for one in inside if isinstance(inside, tuple) else (inside,):
            found |= _names(one) if hasattr(one, "__slots__") else set()
    return found
