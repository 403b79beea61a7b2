"""Two explanations side by side: what each is of, what was asked of the worker for them, and what came back."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from lrp_gui.document.more import More
from lrp_gui.document.reference import MEAN, NONE, ZEROS, Reference, make, sample_name, taking_mean
from lrp_gui.document.words import counted
from lrp_gui.jobs.comparing_results import Contrast, OneSided, Refused, comparing
from lrp_gui.jobs.queue import Failure, Job, JobQueue, Priority
from lrp_gui.jobs.requests import SampleRequest
from lrp_gui.languages import tr

if TYPE_CHECKING:
    import numpy as np

    from lrp_engine import Composite
    from lrp_gui.document.document import Document
    from lrp_gui.document.results import NetworkInfo, SampleResult
    from lrp_gui.document.table import InputTable
    from lrp_gui.jobs.engine import Engine
    from lrp_gui.jobs.steps import Steps

SETTLE_MS = 60
# Explanations that are kept: both that are shown, and both before them, for whoever goes back and forth.
KEPT = 4
# Against what a side is explained: nothing, means, zeros, the other side's sample, or the window's reference.
OTHER_SIDE, WINDOW = "other side", "window"
AGAINST = (NONE, MEAN, ZEROS, OTHER_SIDE, WINDOW)
IDLE, RUNNING, DONE, STOPPED, FAILED = "idle", "running", "done", "stopped", "failed"
LETTERS = ("A", "B")


@dataclass(frozen=True, slots=True)
class Side:
    """What one of the two explanations is of.

    Attributes
    ----------
    sample : int
        The id of a row of the table, which stays with it.
    target : str
        As a person types it.
    rules : str or Composite
        The composite, by name or as it was changed in the window.
    against : str
        One of `AGAINST`.
    model : str
        The file of another network; "" for the open one.
    """

    sample: int
    target: str
    rules: str | Composite
    against: str = NONE
    model: str = ""

    @property
    def composite(self) -> str:
        """What its composite is called."""
        return self.rules if isinstance(self.rules, str) else self.rules.name


class SideBySide(QObject):
    """Holds two sides for as long as the network is open, and keeps what is known of them up to date."""

    changed = Signal()  # the state, or what was found
    sides_changed = Signal()
    more_changed = Signal()  # what the graphs ask for besides came

    def __init__(self, document: Document, jobs: JobQueue, engine: Engine, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document, self.jobs, self._engine = document, jobs, engine
        self.sides: tuple[Side, Side] | None = None
        self.contrast: Contrast | None = None
        self.alone: OneSided | None = None  # the side that is there while the other one was refused
        self.state, self.problem = IDLE, ""
        self.problems = ("", "")  # why A, or B, was refused
        self.networks: dict[str, NetworkInfo] = {}  # others, by path
        self.more = More(jobs, engine, self), More(jobs, engine, self)  # of A and of B
        for one in self.more:
            one.changed.connect(self.more_changed)
        self._active = False
        self._job: Job | None = None
        self._loading: Job | None = None
        self._known: OrderedDict[tuple[Any, ...], SampleResult] = OrderedDict()
        self._asked: tuple[Any, ...] | None = None
        self._start = QTimer(self, interval=SETTLE_MS, singleShot=True)
        self._start.timeout.connect(self.run)
        document.network_changed.connect(self._on_replaced)
        document.table_replaced.connect(self._on_replaced)
        for news in (document.cells_changed, document.rows_inserted, document.rows_removed, document.settings_changed):
            news.connect(self._due)
        jobs.status_changed.connect(self._on_status)

    # ------------------------------------------------------------------------------------- what is asked

    def set_active(self, active: bool) -> None:
        """Whether anybody looks."""
        self._active = active
        if active:
            self._due()

    def begin(self, rows: tuple[int, int] | None = None) -> None:
        """Put the window's explanation on the left; on the right what was there, or the next sample.

        Parameters
        ----------
        rows
            Two samples of the table, where somebody chose them.
        """
        document = self._document
        table, row, settings = document.table, document.selected_sample, document.settings
        if table is None or not table.samples or document.network is None:
            return
        first, second = rows or (max(0, row), (max(0, row) + 1) % table.samples)
        against = WINDOW if settings.reference.explains else NONE
        a = Side(int(table.ids[first]), settings.target, settings.rules, against)
        before = self.sides
        b = before[1] if before and rows is None and before[1] != a else replace(a, sample=int(table.ids[second]))
        self._put((a, b))

    def change(self, which: int, **changes: Any) -> None:
        """Ask something else of a side, 0 or 1."""
        if self.sides is not None:
            sides = list(self.sides)
            sides[which] = replace(sides[which], **changes)
            self._put((sides[0], sides[1]))

    def swap(self) -> None:
        """Left becomes right."""
        if self.sides is not None:
            self._put((self.sides[1], self.sides[0]))

    def choose_row(self, which: int, row: int) -> None:
        """Choose a side's sample by its place in the table."""
        table = self._document.table
        if table is not None and 0 <= row < table.samples:
            self.change(which, sample=int(table.ids[row]))

    def row_of(self, side: Side) -> int:
        """Where a side's sample stands in the table; -1 where it is gone."""
        import numpy as np

        table = self._document.table
        if table is None:
            return -1
        if side.sample < table.samples and table.ids[side.sample] == side.sample:
            return side.sample
        found = np.flatnonzero(table.ids == side.sample)
        return int(found[0]) if found.size else -1

    def network_of(self, side: Side) -> NetworkInfo | None:
        """The network that a side is of."""
        return self.networks.get(side.model) if side.model else self._document.called

    # --------------------------------------------------------------------------------- another network

    def open_network(self, which: int, path: str) -> None:
        """Let a side be of another network, which is read first."""
        document = self._document
        if document.network is None or self.sides is None:
            return
        if path in self.networks:
            self.change(which, model=path)
            return
        self._stop()
        self.state, self.problem = RUNNING, ""
        self._loading = self.jobs.submit(
            Job(
                self.tr("Loading {name}").format(name=Path(path).name),
                Priority.OPEN,
                lambda: _loading(self._engine, path),
                done=lambda network: self._loaded(which, path, network),
                failed=self._not_loaded,
            )
        )
        self.changed.emit()

    def _loaded(self, which: int, path: str, network: NetworkInfo) -> None:
        self._loading = None
        own = self._document.called
        self.problem = misfit(own, network) if own is not None else ""
        if self.problem:
            self.state = FAILED
            self.changed.emit()
            return
        self.networks[path] = network
        self.change(which, model=path)

    def _not_loaded(self, failure: Failure) -> None:
        """What was compared before still holds."""
        self._loading, self.state, self.problem = None, FAILED, failure.sentence
        self.changed.emit()

    # ------------------------------------------------------------------------------------------- work

    @property
    def share(self) -> float:
        """How far it is, 0 … 1."""
        job = self._loading or self._job
        progress = self.jobs.progress_of(job) if job is not None else None
        return progress.done / progress.total if progress is not None and progress.total else 0.0

    def run(self) -> None:
        """Explain both, unless that is known, and tell them apart."""
        self._start.stop()
        if self.sides is None or not self._active or self._loading is not None:
            return
        asked = self._questions(self.sides)
        if isinstance(asked, str):
            self._stop()
            self._asked = None
            self.state, self.problem, self.contrast, self.alone = FAILED, asked, None, None
            self.problems = ("", "")
            self.changed.emit()
            return
        first, second = asked
        keys = first.key, second.key
        if keys == self._asked and self.state in (RUNNING, DONE):
            return
        self._stop()
        self._asked, self.state, self.problem = keys, RUNNING, ""
        known = self._known.get(keys[0]), self._known.get(keys[1])
        self._job = self.jobs.submit(
            Job(
                self.tr("Comparing two explanations"),
                Priority.TABLE,
                lambda: _comparing(self._engine, (first, second), known),
                done=lambda found: self._done(found, keys),
                failed=self._failed,
            )
        )
        self.changed.emit()

    def stop(self) -> None:
        """Stop, as somebody asked; what was found before stays."""
        for job in (self._job, self._loading):
            if job is not None:
                job.cancel()
        self._on_status()

    def again(self) -> None:
        """Compare once more."""
        self._asked = None
        self.run()

    def _questions(self, sides: tuple[Side, Side]) -> tuple[_Wanted, _Wanted] | str:
        """What is asked of the worker for each side; or why nothing can be."""
        table = self._document.table
        if table is None:
            return self.tr("There is no table: open one to compare its samples.")
        if not table.samples:
            return self.tr("The table has no samples: add two to compare them.")
        return self._wanted(table, *sides), self._wanted(table, *reversed(sides))

    def _wanted(self, table: InputTable, side: Side, other: Side) -> _Wanted:
        """What is asked for a side; where it cannot be explained, why."""
        network, row, reference = self.network_of(side), self.row_of(side), self._reference(side, other)
        if network is None:
            return _refused(self.tr("The network is not open any more; choose one."))
        if row < 0:
            return _refused(self.tr("The sample is gone from the table; choose another one."))
        problem = table.row_problem(row) or (reference.problem_in(table) if reference.kind != MEAN else "")
        if problem:
            return _refused(problem)
        values = reference.values_in(table)
        mean = table.state if reference.kind == MEAN else 0
        key = (
            *(id(network), table.values[row].tobytes(), table.names[row], side.target, side.rules),
            *(reference.kind, mean, b"" if values is None else values.tobytes(), reference.name_in(table)),
        )
        request = SampleRequest(
            *(network, row, table.names[row], table.values[row].copy(), side.target, side.rules),
            *(values, reference.name_in(table) if reference else ""),
        )
        own = self._document.called
        columns = columns_for(own, network) if own is not None and network is not own else None
        return _Wanted(key, request, columns, table if reference.kind == MEAN else None)

    def _reference(self, side: Side, other: Side) -> Reference:
        """What a side is explained against; of the mean only that it is one: it is taken in the worker."""
        document = self._document
        if side.against == WINDOW:
            return document.settings.reference
        if side.against == OTHER_SIDE:
            row = self.row_of(other)
            table = document.table
            if table is not None and row >= 0:
                return Reference("copy", sample_name(table.names[row]), -1, True, table.values[row].copy())
            return Reference()
        if side.against == MEAN:
            return Reference(MEAN, tr("the mean"), -1, True)
        return make(side.against, document, explains=True) if side.against else Reference()

    def _done(self, found: Contrast | OneSided | Refused, keys: tuple[Any, Any]) -> None:
        requests: tuple[SampleRequest | None, SampleRequest | None] = (None, None)
        self.contrast, self.alone, self.state, self.problems = None, None, FAILED, ("", "")
        if isinstance(found, Refused):
            self.problems = a, b = found.problems
            self.problem = f"A: {a} B: {b}" if a != b else self.tr("A and B: {problem}").format(problem=a)
        elif isinstance(found, OneSided):
            self._keep(keys[found.which], found.result)
            self.alone, self.problem = found, f"{LETTERS[1 - found.which]}: {found.problem}"
            self.problems = (found.problem, "") if found.which else ("", found.problem)
            requests = (None, found.request) if found.which else (found.request, None)
        else:
            for key, result in zip(keys, found.results, strict=True):
                self._keep(key, result)
            self.contrast, self.state = found, DONE
            requests = found.requests or (None, None)
        self._job = None
        self._asked = keys if self.state == DONE else None
        for one, request in zip(self.more, requests, strict=True):
            one.begin(request)
        self.changed.emit()

    def _keep(self, key: tuple[Any, ...], result: SampleResult) -> None:
        self._known[key] = result
        self._known.move_to_end(key)
        while len(self._known) > KEPT:
            self._known.popitem(last=False)

    def _failed(self, failure: Failure) -> None:
        self._job, self._asked = None, None
        self.state, self.problem, self.contrast, self.alone = FAILED, failure.sentence, None, None
        self.problems = ("", "")
        self.changed.emit()

    def _put(self, sides: tuple[Side, Side]) -> None:
        self.sides = sides
        self.sides_changed.emit()
        self._due()

    def _due(self, *_news: object) -> None:
        if self._active and self.sides is not None:
            self._start.start()

    def _on_replaced(self) -> None:
        """Another network or table: nothing of the old ones can be compared."""
        self._stop()
        self.sides, self.contrast, self.alone, self._asked = None, None, None, None
        self._known.clear()
        self.networks.clear()
        for one in self.more:
            one.begin(None)
        self.state, self.problem = IDLE, ""
        self.sides_changed.emit()
        self.changed.emit()

    def _on_status(self) -> None:
        """Whoever presses Esc stops it too."""
        if any(job is not None and job.cancelled for job in (self._job, self._loading)):
            self._job = self._loading = self._asked = None
            self.state = STOPPED
            self.changed.emit()

    def _stop(self) -> None:
        for job in (self._job, self._loading):
            if job is not None:
                job.cancel()
        self._job = self._loading = None


# ---------------------------------------------------------------------------------------------- the worker's part


@dataclass(frozen=True, slots=True, eq=False)
class _Wanted:
    """What is asked for a side in the open network's columns, and how they become those of the side's own network.

    Attributes
    ----------
    key : tuple
        What makes it the same again.
    request : SampleRequest or str
        A sentence where the side is refused.
    columns : ndarray or None
        Which of the open network's columns the side's network takes; None for all as they are.
    table : InputTable or None
        Whose mean is the reference; None where it is another one.
    """

    key: tuple[Any, ...]
    request: SampleRequest | str
    columns: np.ndarray | None = None
    table: InputTable | None = None

    def asked(self) -> Steps[SampleRequest | str]:
        """The request as the engine takes it."""
        request = self.request
        if isinstance(request, str):
            return request
        if self.table is not None:
            mean = yield from taking_mean(self.table, explains=True)
            request = replace(request, reference=mean.values, against=mean.title)
        if self.columns is not None:
            request = replace(request, values=request.values[self.columns])
            if request.reference is not None:
                request = replace(request, reference=request.reference[self.columns])
        return request


def _refused(problem: str) -> _Wanted:
    return _Wanted(("refused", problem), problem)


def _comparing(
    engine: Engine, wanted: tuple[_Wanted, _Wanted], known: tuple[SampleResult | None, SampleResult | None]
) -> Steps[Contrast | OneSided | Refused]:
    first = yield from wanted[0].asked()
    second = yield from wanted[1].asked()
    return (yield from comparing(engine, (first, second), known))


def _loading(engine: Engine, path: str) -> Steps[NetworkInfo]:
    """A network beside the open one. What has to be asked first is asked where it is opened alone."""
    from lrp_engine.errors import FormatError
    from lrp_gui.document.files import RUNS

    browsed = yield from engine.browse([path])
    if browsed.file.status != RUNS and not browsed.source.trusted:
        raise FormatError(
            tr("{name} does not run by itself: {need}. Open it alone first.").format(
                name=Path(path).name, need=browsed.file.need.rstrip(".")
            )
        )
    opened = yield from engine.open(browsed.source)
    return opened.network


def columns_for(own: NetworkInfo, other: NetworkInfo) -> np.ndarray | None:
    """Which columns of the open network's table another network takes, in its order; None for all as they are."""
    import numpy as np

    here = [feature.name for one in own.inputs for feature in one.features]
    there = [feature.name for one in other.inputs for feature in one.features]
    if here == there or len(set(here)) < len(here) or not set(there) <= set(here):
        return None
    place = {name: n for n, name in enumerate(here)}
    return np.array([place[name] for name in there], dtype=np.intp)


def misfit(own: NetworkInfo, other: NetworkInfo) -> str:
    """Why another network cannot get the open one's samples, in one sentence; "" where it can."""
    here, there = (sum(len(one.features) for one in network.inputs) for network in (own, other))
    if here == there or columns_for(own, other) is not None:
        return ""
    return tr(
        "{name} takes {numbers} a sample and {name2} {numbers2}, and not by the same names: the "
        "samples of one are none of the other."
    ).format(name=other.name, numbers=counted(there, "number"), name2=own.name, numbers2=counted(here, "number"))
