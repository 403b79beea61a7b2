"""When to explain: after which change, which rows, and what happens to a job that is overtaken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer

from lrp_gui.document.more import More
from lrp_gui.document.reference import NO_REFERENCE
from lrp_gui.document.state import Message, Touched
from lrp_gui.jobs.queue import Failure, Job, JobQueue, Priority
from lrp_gui.jobs.requests import SampleRequest, TableRequest

if TYPE_CHECKING:
    import numpy as np

    from lrp_engine import Composite
    from lrp_gui.document.document import Document
    from lrp_gui.document.due import Due
    from lrp_gui.document.results import Arriving, SampleResult, TableResult
    from lrp_gui.jobs.engine import Engine
    from lrp_gui.jobs.steps import Steps

# Long enough to take a pasted block or a scrolled list as one change, short enough not to be felt.
DEBOUNCE_MS = 15
# What is not replaced by then is blanked: an old number must not stand beside a new input. Sooner would only flicker.
BLANK_MS = 150
# The table waits until the sample's picture is drawn: both at once would only slow each other down.
TABLE_MS = 40
# Of what views ask for besides an explanation, what can be had along with it.
ALONG = ("tokens",)
# So much of the table goes to the worker at a time: a large one is not copied whole.
CELLS_AT_ONCE = 1 << 18
# So many old results are blanked in a turn, and so many rows are looked through for them.
BLANK_AT_ONCE, BLANK_REACH = 1 << 17, 1 << 21


class Explainer(QObject):
    """Listens to the document and keeps its results up to date through the worker."""

    def __init__(self, document: Document, jobs: JobQueue, engine: Engine, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document, self._jobs, self.engine = document, jobs, engine
        document.take_more(More(jobs, engine, self))
        # Rows whose table result is missing or of an earlier state. None without a table.
        self._due: Due | None = None
        self._blanked = 0  # of the rows before this one no old result is shown
        self._looked_at: np.ndarray | None = None  # the rows on the screen
        self._asked = self._wanted()
        self._beside: dict[str, Any] = {}  # what of `ALONG` came with the sample's explanation
        self._sample_job: Job | None = None
        self._table_job: Job | None = None
        self._start = _single_shot(self, DEBOUNCE_MS, self.run)
        self._table = _single_shot(self, TABLE_MS, self._explain_table)
        self._blank = _single_shot(self, BLANK_MS, self._blank_due)
        document.table_replaced.connect(self._on_replaced)
        document.cells_changed.connect(self._on_cells)
        document.rows_inserted.connect(self._on_inserted)
        document.rows_removed.connect(self._on_removed)
        document.rows_moved.connect(self._on_moved)
        document.looked_at.connect(self._on_looked_at)
        document.sample_selected.connect(self._on_sample)
        document.settings_changed.connect(self._on_settings)

    @property
    def busy(self) -> bool:
        """Whether an explanation is due, running, or on its way."""
        timers, jobs = (self._start, self._table), (self._sample_job, self._table_job)
        return any(timer.isActive() for timer in timers) or any(map(self._job_runs, jobs))

    @property
    def pending(self) -> bool:
        """Whether `run` would bring anything up to date."""
        document = self._document
        return document.network is not None and (self._any_due() or document.stale or document.result is None)

    def run(self) -> None:
        """Explain now: the chosen sample first, then every row that changed."""
        self._start.stop()
        self._stop_jobs()
        if self._document.network is None or self._document.table is None:
            return
        if not self._explain_sample():
            self._explain_table()

    def explain_anew(self) -> None:
        """What was explained would be computed otherwise now."""
        if self._document.network is not None:
            self._all_due()
            self._changed()

    def explains(self, job: Job) -> bool:
        """Whether this is the job that explains the sample or the table now."""
        return job is self._sample_job or job is self._table_job

    def cancel(self) -> None:
        """Stop explaining; what is there stays, marked as out of date."""
        self._start.stop()
        running = self._job_runs(self._sample_job)
        self._stop_jobs()
        if running:
            self._document.put_arriving(None, stopped=self._document.result is None)
            self._document.mark_stale()

    # -------------------------------------------------------------------------------- what changed

    def _on_replaced(self) -> None:
        self._stop_jobs()
        self._blank.stop()  # it was for the old table: what a project brings along stays until it is explained again
        self._looked_at = None
        self._all_due()
        self._asked = self._wanted()
        self._start.start()  # something new is explained once, whatever the mode

    def _on_cells(self, touched: Touched) -> None:
        reference, table = self._document.settings.reference, self._document.table
        if table is None or (touched.columns.size and touched.columns.min() >= len(table.features)):
            return  # what is no input changes no explanation
        if reference.explains and reference.row in touched.rows:
            self._all_due()
        elif self._due is not None:
            self._due.mark(touched.rows)
        self._changed()

    def _on_inserted(self, at: int, count: int) -> None:
        if self._due is not None:
            self._due.inserted(at, count)
        self._changed()

    def _on_removed(self, at: int, count: int) -> None:
        if self._due is not None:
            self._due.removed(at, count)
        self._changed()

    def _on_moved(self, before: np.ndarray) -> None:
        if self._due is not None:
            self._due.moved(before)
        self._changed()

    def _on_looked_at(self, rows: np.ndarray) -> None:
        """What was not kept of these rows is computed again, unless they are on their way."""
        self._looked_at = rows
        waits = self._document.stale and not self._document.settings.auto  # for somebody to say so
        if not self.busy and not waits:
            self._table.start()

    def _on_sample(self, _row: int) -> None:
        if self._document.settings.auto or self._start.isActive():
            self._start.start()
        else:
            self._document.put_result(None)

    def _on_settings(self) -> None:
        settings = self._document.settings
        asked = self._wanted()
        if asked != self._asked:
            self._asked = asked
            self._all_due()
            self._changed()
        elif settings.auto and self.pending:
            self._start.start()

    def _all_due(self) -> None:
        table = self._document.table
        if table is None:
            self._due = None
            return
        from lrp_gui.document.due import Due

        self._due = Due(table.samples)

    def _any_due(self) -> bool:
        return self._due is not None and self._due.count > 0

    def _changed(self) -> None:
        self._stop_jobs()
        self._document.mark_stale()
        self._blanked = 0
        if not self._blank.isActive():
            self._blank.start(BLANK_MS)
        if self._document.settings.auto:
            self._start.start()
        else:
            self._document.put_arriving(None)

    # ---------------------------------------------------------------------------------------- jobs

    def _explain_sample(self) -> bool:
        """Whether there is a sample to explain; the table follows it."""
        document, row = self._document, self._document.selected_sample
        network, table = document.called, document.table
        if network is None or table is None or row < 0:
            document.put_result(None)
            return False
        problem = table.row_problem(row) or self._reference_problem()
        if problem:
            document.put_result(None, problem)
            return False
        reference, against = self._compared()
        if document.stopped:
            document.put_arriving(None)
        values = table.values[row].copy()
        along = tuple(kind for kind in document.looked_at_more if kind in ALONG)
        asked = *self._asked[:2], reference, against, along
        request = SampleRequest(network, row, table.names[row], values, *asked)
        self._beside = {}
        self._sample_job = self._jobs.submit(
            Job(
                self.tr("Explaining sample {name}").format(name=table.names[row]),
                Priority.SAMPLE,
                lambda: self.engine.explain_sample(request),
                part=self._sample_part,
                done=lambda result: self._sample_done(result, request),
                failed=self._sample_failed,
            )
        )
        return True

    def _explain_table(self) -> None:
        """The rows that changed, those on the screen first; of a large table so many at a time."""
        network, table, due = self._document.network, self._document.table, self._due
        if network is None or table is None or due is None or self._reference_problem():
            return
        explained, left = table.samples - due.count, due.count
        most = max(1, CELLS_AT_ONCE // max(1, len(table.features)))
        rows, again = self._seen_first(due, most)
        if not again and table.blocked:
            well = table.good_rows()[rows]
            self._note_refused(rows[~well])
            if len(rows) and not well.any():
                self._table.start()  # the others in another turn
            rows = rows[well]
        if not rows.size:
            return
        run = int(rows[-1]) - int(rows[0]) + 1 == len(rows)
        values = table.values[rows[0] : rows[-1] + 1].copy() if run else table.values[rows]
        against = self._compared()[0]
        explained = 0 if again else explained
        request = TableRequest(
            network, rows.tolist(), values, *self._asked[:2], against, explained, explained + max(left, len(rows))
        )
        self._table_job = self._jobs.submit(
            Job(
                self.tr("Explaining the table"),
                Priority.TABLE,
                lambda: self._table_steps(request, table.samples),
                part=lambda part: self._table_part(*part, again=again),
                done=lambda _none: self._explain_table(),
                failed=self._table_failed,
            )
        )

    def _table_steps(self, request: TableRequest, samples: int) -> Steps[None]:
        """In the worker: what the engine yields; beside the first part of a table a result to put all parts into."""
        from lrp_gui.document import scores
        from lrp_gui.jobs.steps import Part

        new = None
        for step in self.engine.explain_table(request):
            if not isinstance(step, Part):
                yield step
                continue
            part, known = step.value, self._document.table_result
            # To fill arrays for millions of rows takes long.
            if new is None and (known is None or len(known.rows) != samples):
                new = scores.blank(samples, part.outputs.shape[1], part.relevance.shape[1])
            yield Part((part, new))

    def _seen_first(self, due: Due, most: int) -> tuple[np.ndarray, bool]:
        """Which rows are next: of those that are due, and whether they are only computed again for being looked at."""
        known, table, seen = self._document.table_result, self._document.table, self._looked_at
        if table is None or seen is None:
            return due.next(most), False
        import numpy as np

        from lrp_gui.document import scores

        seen = seen[seen < table.samples][: scores.FEWEST]
        if due.count:
            first = seen[due.among(seen)][:most]
            return (np.sort(first) if first.size else due.next(most)), False
        if known is None or len(known.rows) != table.samples:
            return seen[:0], False
        return scores.wanting(known, seen)[:most], True

    def _wanted(self) -> tuple[str, str | Composite, tuple[int, bool]]:
        """What is asked of the engine: when it changes, no result holds any more."""
        settings = self._document.settings
        reference = settings.reference if settings.reference.explains else NO_REFERENCE
        return settings.target, settings.rules, reference.identity

    def _compared(self) -> tuple[np.ndarray | None, str]:
        """The reference to explain against, and what it is called."""
        reference, table = self._document.settings.reference, self._document.table
        if not reference.explains:
            return None, ""
        return reference.values_in(table), reference.name_in(table)

    def _reference_problem(self) -> str:
        reference = self._document.settings.reference
        return reference.problem_in(self._document.table) if reference.explains else ""

    def _stop_jobs(self) -> None:
        self._table.stop()
        for job in (self._sample_job, self._table_job):
            if job is not None:
                job.cancel()
        self._sample_job = self._table_job = None

    @staticmethod
    def _job_runs(job: Job | None) -> bool:
        return job is not None and not job.ended and not job.cancelled

    def _sample_done(self, result: SampleResult, request: SampleRequest) -> None:
        self._document.put_result(result, request=request, parts=self._beside)
        self._table.start()

    def _sample_part(self, part: Arriving | dict[str, Any]) -> None:
        if isinstance(part, dict):
            self._beside = part
        else:
            self._document.put_arriving(part)

    def _sample_failed(self, failure: Failure) -> None:
        self._document.put_result(None, failure.sentence)
        self._table.start()

    def _table_part(self, part: TableResult, new: TableResult | None, *, again: bool = False) -> None:
        from lrp_gui.document import scores

        table = self._document.table
        if table is None:
            return
        known = self._document.table_result
        if known is None or len(known.rows) != table.samples:
            known = new or scores.blank(table.samples, part.outputs.shape[1], part.relevance.shape[1])
        if self._due is not None:
            self._due.finish(part.rows)
        # Where not all can be kept, what is seen may take the place of what is not, but not the other way round.
        seen = again or (self._looked_at is not None and part.rows[0] in self._looked_at)
        self._document.put_table_result(scores.put(known, part, seen=seen))

    def _table_failed(self, failure: Failure) -> None:
        # The chosen sample goes first; where both stumble over the same thing, saying it once is enough.
        if failure.sentence != self._document.problem:
            self._document.message.emit(Message(failure.sentence, failure.details))

    # ----------------------------------------------------------------------------- the old results

    def _note_refused(self, rows: np.ndarray) -> None:
        """Rows that cannot be explained lose their old result and get the reason instead."""
        from lrp_gui.document import scores

        known, table = self._document.table_result, self._document.table
        if self._due is not None:
            self._due.finish(rows)
        if known is None or table is None or not len(rows):
            return
        # Why a row is not explained is said when somebody asks for it: there may be many.
        scores.forget(known, rows)
        self._document.put_table_result(known)

    def _blank_due(self) -> None:
        """Take what is out of date away, of a large table in several turns."""
        from lrp_gui.document import scores

        known, due = self._document.table_result, self._due
        if known is None or due is None or len(due) != len(known.rows) or not due.count:
            return
        rows, self._blanked = due.scan(
            self._blanked, BLANK_AT_ONCE, lambda piece: scores.found(known, piece), BLANK_REACH
        )
        if len(rows):
            scores.forget(known, rows)
            self._document.put_table_result(known)
        if self._blanked < len(due):
            self._blank.start(0)


def _single_shot(parent: QObject, milliseconds: int, call: Any) -> QTimer:
    timer = QTimer(parent)
    timer.setSingleShot(True)
    timer.setInterval(milliseconds)
    timer.timeout.connect(call)
    return timer
