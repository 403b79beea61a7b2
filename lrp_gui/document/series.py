"""Samples of the table explained in full one after the other, as an export asks for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from lrp_gui.jobs.queue import Failure, Job, JobQueue, Priority
from lrp_gui.jobs.requests import SampleRequest
from lrp_gui.jobs.steps import Steps

if TYPE_CHECKING:
    from lrp_gui.document.document import Document
    from lrp_gui.document.results import NetworkInfo, SampleResult
    from lrp_gui.jobs.engine import Engine

# What was asked for may show that more is needed; so often at most.
MOST_ROUNDS = 4


def nothing(_kind: str) -> Any:
    """Nothing is known besides the explanation."""


@dataclass(frozen=True, slots=True)
class Explained:
    """One sample: what was asked, what came, and by kind (of `jobs.more`) what was wanted besides."""

    network: NetworkInfo
    result: SampleResult
    request: SampleRequest | None = None
    more: Callable[[str], Any] = nothing


# Which kinds are still missing to draw all that is wanted of a sample.
Wants = Callable[[Explained], Sequence[str]]


class SampleSeries(QObject):
    """Hands over one sample at each `next`, so that no more than one is in memory.

    A sample that cannot be explained is left out, with a sentence. When the table is edited meanwhile, the rest would
    not belong to what came before: that ends the series.
    """

    came = Signal(object)  # Explained
    left_out = Signal(str)  # why, in a sentence
    ended = Signal()

    def __init__(
        self,
        document: Document,
        jobs: JobQueue,
        engine: Engine,
        rows: Sequence[int],
        wants: Wants = lambda _explained: (),
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._document, self._jobs, self._engine, self._wants = document, jobs, engine, wants
        self._rows = list(rows)
        self._at = 0
        self._network, self._table = document.called, document.table
        self._state = document.table.state if document.table is not None else None
        self._settings = document.settings
        self._job: Job | None = None

    @property
    def total(self) -> int:
        """How many samples there are."""
        return len(self._rows)

    @property
    def done(self) -> int:
        """How many were handed over or left out."""
        return self._at

    def next(self) -> None:
        """Explain the next sample, or end."""
        network, table = self._network, self._table
        if network is None or table is None or self._at >= len(self._rows):
            self.ended.emit()
            return
        if table.state != self._state or self._document.table is not table:
            left = len(self._rows) - self._at
            self.left_out.emit(
                self.tr("The table was edited meanwhile; {count} samples were left out.").format(count=left)
            )
            self.ended.emit()
            return
        row = self._rows[self._at]
        self._at += 1
        problem = table.row_problem(row)
        if problem:
            self._leave_out(problem)
            return
        reference = self._settings.reference
        against = reference.values_in(table) if reference.explains else None
        request = SampleRequest(
            *(network, row, table.names[row], table.values[row].copy(), self._settings.target, self._settings.rules),
            *(against, reference.name_in(table) if reference.explains else ""),
        )
        self._job = self._jobs.submit(
            Job(
                self.tr("Explaining sample {name}").format(name=request.sample),
                Priority.TABLE,
                lambda: self._engine.explain_sample(request),
                done=lambda result: self._complete(Explained(request.network, result, request), {}, MOST_ROUNDS),
                failed=lambda failure: self._failed(request, failure),
            )
        )

    def stop(self) -> None:
        """Nothing more is wanted."""
        self._at = len(self._rows)
        if self._job is not None:
            self._job.cancel()

    def _complete(self, one: Explained, found: dict[str, Any], rounds: int) -> None:
        """Ask for what is missing, or hand the sample over."""
        kinds = [kind for kind in self._wants(one) if kind not in found] if rounds else []
        request = one.request
        if not kinds or request is None:
            self.came.emit(one)
            return

        def failed(failure: Failure) -> None:
            self.left_out.emit(
                self.tr("A graph of sample {name}: {why}").format(name=request.sample, why=failure.sentence)
            )
            self._complete(one, found | dict.fromkeys(kinds), rounds - 1)

        def done(more: dict[str, Any]) -> None:
            known = found | more
            self._complete(replace(one, more=known.get), known, rounds - 1)

        title = self.tr("Looking closer at sample {name}").format(name=request.sample)
        make = lambda: self._besides(request, kinds)  # noqa: E731
        self._job = self._jobs.submit(Job(title, Priority.TABLE, make, done=done, failed=failed))

    def _besides(self, request: SampleRequest, kinds: Sequence[str]) -> Steps[dict[str, Any]]:
        """In the worker."""
        found = {}
        for kind in kinds:
            found[kind] = yield from self._engine.more(kind, request)
        return found

    def _failed(self, request: SampleRequest, failure: Failure) -> None:
        self._leave_out(self.tr("Sample {name}: {why}").format(name=request.sample, why=failure.sentence))

    def _leave_out(self, sentence: str) -> None:
        self.left_out.emit(sentence)
        self.next()
