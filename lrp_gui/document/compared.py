"""The reference beside the chosen sample: what the network makes of it, asked of the worker while somebody looks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from lrp_gui.document.reference import COPY, KINDS, MEAN, NO_REFERENCE, NONE, SAMPLE, Reference, make, taking_mean
from lrp_gui.jobs.queue import Failure, Job, JobQueue, Priority
from lrp_gui.jobs.requests import SampleRequest

if TYPE_CHECKING:
    from lrp_gui.document.document import Document
    from lrp_gui.document.results import SampleResult
    from lrp_gui.document.state import Touched
    from lrp_gui.jobs.engine import Engine

SETTLE_MS = 60
# The mean of more numbers is taken in the worker.
MOST_AT_ONCE = 1_000_000

__all__ = ["COPY", "KINDS", "MEAN", "NONE", "SAMPLE", "Comparison", "Reference"]


class Comparison(QObject):
    """Chooses the reference, and has it explained like any sample, by the same rules."""

    changed = Signal()  # the reference, its values, or what the network makes of them

    def __init__(self, document: Document, jobs: JobQueue, engine: Engine, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document, self._jobs, self._engine = document, jobs, engine
        self._active = False
        self._job: Job | None = None
        self._taking: Job | None = None
        self._asked: tuple[Any, ...] | None = None
        self.result: SampleResult | None = None
        self.problem = ""
        self._start = QTimer(self, interval=SETTLE_MS, singleShot=True)
        self._start.timeout.connect(self.run)
        document.settings_changed.connect(self._due)
        document.table_replaced.connect(self._on_replaced)
        document.columns_changed.connect(self._due)
        document.cells_changed.connect(self._on_cells)

    @property
    def reference(self) -> Reference:
        """What is compared with; false for nothing."""
        return self._document.settings.reference

    def set_active(self, active: bool) -> None:
        """Whether anybody looks."""
        self._active = active
        if active:
            self._start.start(0)

    def choose(self, kind: str, row: int = -1) -> None:
        """Take a reference of a kind; of a large table the mean comes a little later."""
        document, table = self._document, self._document.table
        if table is None:
            return
        explains = self.reference.explains
        if self._taking is not None:
            self._taking.cancel()
            self._taking = None
        if kind != MEAN or table.values.size <= MOST_AT_ONCE:
            document.set_reference(make(kind, document, row, explains=explains) if kind else NO_REFERENCE)
            return
        title = self.tr("Taking the mean of the table")
        self._taking = self._jobs.submit(
            Job(
                title,
                Priority.SAMPLE,
                lambda: taking_mean(table, explains=explains),
                done=document.set_reference,
                failed=self._failed,
            )
        )

    def set_explains(self, explains: bool) -> None:
        """Explain against it, or only compare with it."""
        from dataclasses import replace

        if self.reference:
            self._document.set_reference(replace(self.reference, explains=explains))

    def run(self) -> None:
        """Explain the reference itself, unless that is known."""
        self._start.stop()
        document, table, network = self._document, self._document.table, self._document.network
        if not self._active:
            return
        values = self.reference.values_in(table)
        self.problem = self.reference.problem_in(table)
        if values is None or table is None or network is None or self.problem:
            self._stop()
            self.result, self._asked = None, None
            self.changed.emit()
            return
        settings = document.settings
        asked = (network, values.tobytes(), settings.target, settings.rules)
        if asked == self._asked:
            self.changed.emit()
            return
        self._stop()
        self.result, self._asked = None, asked
        name = self.reference.name_in(table)
        request = SampleRequest(network, -1, name, values, settings.target, settings.rules)
        self._job = self._jobs.submit(
            Job(
                self.tr("Explaining the reference"),
                Priority.TABLE,
                lambda: self._engine.explain_sample(request),
                done=self._done,
                failed=self._failed,
            )
        )
        self.changed.emit()

    def _done(self, result: SampleResult) -> None:
        self.result = result
        self.changed.emit()

    def _failed(self, failure: Failure) -> None:
        self.problem = failure.sentence
        self.changed.emit()

    def _due(self, *_news: object) -> None:
        if self._active:
            self._start.start()

    def _on_replaced(self) -> None:
        if self._taking is not None:  # it is of another table
            self._taking.cancel()
            self._taking = None
        self._due()

    def _on_cells(self, touched: Touched) -> None:
        if self.reference.kind == SAMPLE and self.reference.row in touched.rows:
            self._due()

    def _stop(self) -> None:
        if self._job is not None:
            self._job.cancel()
            self._job = None
