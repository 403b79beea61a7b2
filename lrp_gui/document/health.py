"""The health of what is open: when it is checked, what was found, and whether that still holds."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from lrp_gui.document.files import LOADING
from lrp_gui.jobs.findings import SEVERITIES, HealthNews, HealthRequest, HealthRow
from lrp_gui.jobs.health import checking
from lrp_gui.jobs.queue import Failure, Job, JobQueue, Priority

if TYPE_CHECKING:
    import numpy as np

    from lrp_gui.document.document import Document
    from lrp_gui.jobs.engine import Engine

# Of more samples, so many are taken, evenly; a unit that none of them wakes is dead enough to be looked at.
MOST_SAMPLES = 10_000
# A larger file is not gone through before somebody asks for it.
MOST_BYTES = 2**30
IDLE, RUNNING, DONE, STOPPED, FAILED = "idle", "running", "done", "stopped", "failed"


class HealthCheck(QObject):
    """Follows the document; checks when asked to, or by itself when somebody looks (`look`)."""

    changed = Signal()  # the state, or whether it still holds
    progressed = Signal()  # by a percent
    found = Signal(tuple)  # of HealthRow: more of them
    cleared = Signal()

    def __init__(self, document: Document, jobs: JobQueue, engine: Engine, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document, self._jobs, self._engine = document, jobs, engine
        self.rows: list[HealthRow] = []
        self.state = IDLE
        self.problem = ""  # why nothing could be checked
        self.units_problem = ""  # why the units were not
        self.samples, self.of_samples = 0, 0  # on which the units were watched, of how many
        self.outdated = False  # the table changed since
        self._job: Job | None = None
        self._told = 0  # percent
        self._counts: Counter[str] = Counter()
        document.file_changed.connect(self._reset)
        document.network_changed.connect(self._reset)
        document.table_changed.connect(self._on_table)
        jobs.status_changed.connect(self._on_status)

    @property
    def possible(self) -> bool:
        """Whether there is anything to check."""
        file = self._document.file
        return self._document.network is not None or (file is not None and bool(file.tensors))

    def look(self) -> None:
        """Somebody looks: check, unless that was done, or would take long."""
        obstacle, file = self._document.obstacle, self._document.file
        loading = obstacle is not None and obstacle.kind == LOADING
        small = file is None or file.nbytes <= MOST_BYTES
        if self.state == IDLE and self.possible and not loading and small:
            self.start()

    def start(self) -> None:
        """Check everything, from the beginning."""
        if not self.possible:
            return
        self._stop()
        self._clear()
        request = self._request()
        self.state = RUNNING
        title = self.tr("Checking the health of {name}").format(name=self._document.name)
        self._job = self._jobs.submit(
            Job(
                title,
                Priority.BACKGROUND,
                lambda: checking(self._engine, request),
                done=self._done,
                part=self._part,
                failed=self._failed,
            )
        )
        self.changed.emit()

    def stop(self) -> None:
        """Stop, as somebody asked; what was found stays."""
        self._stop()
        if self.state == RUNNING:
            self.state = STOPPED
            self.changed.emit()

    def count(self, severity: str) -> int:
        """How many findings are so grave."""
        return self._counts[severity]

    @property
    def gravest(self) -> str:
        """The gravest severity among the findings, "" without any."""
        return next((one for one in SEVERITIES if self.count(one)), "")

    # ----------------------------------------------------------------------------------------------- inside

    def _request(self) -> HealthRequest:
        document = self._document
        network, file = document.network, document.file
        readable = file is not None and bool(file.tensors)
        values = self._values()
        return HealthRequest(file.path if file is not None and readable else "", network, values)

    def _values(self) -> np.ndarray | None:
        """The table's samples that are whole, or evenly chosen ones of them."""
        import numpy as np

        table = self._document.table
        if self._document.network is None or table is None or not table.samples:
            return None
        good = np.flatnonzero(table.good_rows())
        self.of_samples = len(good)
        if len(good) > MOST_SAMPLES:
            good = good[np.linspace(0, len(good) - 1, MOST_SAMPLES).astype(np.intp)]
        self.samples = len(good)
        return table.values[good].astype(np.float64)

    def _reset(self) -> None:
        self._stop()
        self._clear()
        self.state = IDLE
        self.changed.emit()

    def _clear(self) -> None:
        self.rows, self.problem, self.units_problem = [], "", ""
        self._counts.clear()
        self.samples = self.of_samples = 0
        self.outdated = False
        self.cleared.emit()

    def _stop(self) -> None:
        if self._job is not None:
            self._job.cancel()
            self._job = None

    def _part(self, news: HealthNews) -> None:
        self.rows += news.rows
        self._counts.update(row.severity for row in news.rows)
        self.units_problem = news.problem or self.units_problem
        if news.rows:
            self.found.emit(news.rows)
        self.changed.emit()

    def _done(self, _result: None) -> None:
        self._job, self.state = None, DONE
        self.changed.emit()

    def _failed(self, failure: Failure) -> None:
        self._job, self.state, self.problem = None, FAILED, failure.sentence
        self.changed.emit()

    def _on_table(self) -> None:
        if self.samples and self.state != IDLE and not self.outdated:
            self.outdated = True
            self.changed.emit()

    def _on_status(self) -> None:
        """How far it is; whoever presses Esc stops it too."""
        if self._job is None:
            return
        if self._job.cancelled:
            self._job, self.state = None, STOPPED
            self.changed.emit()
        elif round(100 * self.share) != self._told:
            self._told = round(100 * self.share)
            self.progressed.emit()

    @property
    def share(self) -> float:
        """How far it is, 0 … 1; 0 while others go first."""
        progress = self._jobs.progress_of(self._job) if self._job is not None else None
        return progress.done / progress.total if progress is not None and progress.total else 0.0
