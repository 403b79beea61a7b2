"""The sweep of one feature of the chosen sample: what of it is asked of the worker, and what has come back."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from lrp_gui.jobs.queue import Failure, Job, JobQueue, Priority
from lrp_gui.jobs.sweeping import Stretch, SweepRequest, sweeping

if TYPE_CHECKING:
    from lrp_gui.document.document import Document
    from lrp_gui.document.ranges import Ranges
    from lrp_gui.document.results import NetworkInfo
    from lrp_gui.document.state import Touched
    from lrp_gui.jobs.engine import Engine

# What is being dragged is swept when it rests: the sample itself goes first.
SETTLE_MS = 120
POINTS = 41
POINT_CHOICES = (21, 41, 101)


@dataclass(slots=True)
class Curve:
    """What came out along a feature; NaN where a point is not explained (yet)."""

    points: np.ndarray  # (points,) in the table's units
    outputs: np.ndarray  # (points, output units)
    explained: np.ndarray  # (points,)
    relevance: np.ndarray  # (points,) of the feature
    refused: dict[int, str]

    @property
    def known(self) -> np.ndarray:
        """(points,) of bool."""
        return np.isfinite(self.explained)


class Sweep(QObject):
    """Follows the chosen sample and the settings while somebody looks (`set_active`).

    An edit of the feature that is swept only moves the marker; any other edit makes another curve.
    """

    chosen = Signal()  # another feature, or none
    changed = Signal()  # the curve, or why there is none

    def __init__(
        self, document: Document, jobs: JobQueue, engine: Engine, ranges: Ranges, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._document, self._jobs, self._engine, self.ranges = document, jobs, engine, ranges
        self._active, self._job = False, None
        self._network = document.network  # whose feature it is
        self._made: tuple[Any, ...] | None = None  # what the curve is of
        self.column, self.count = -1, POINTS
        self.curve: Curve | None = None
        self.problem = ""
        self.target = ""
        self.fixed = ""  # the class that is explained throughout, where "max" would change along the way
        self._start = QTimer(self, interval=SETTLE_MS, singleShot=True)
        self._start.timeout.connect(self.run)
        document.table_replaced.connect(self._on_replaced)
        document.columns_changed.connect(self._due)
        document.cells_changed.connect(self._on_cells)
        for signal in (document.sample_selected, document.settings_changed, document.result_changed, ranges.changed):
            signal.connect(self._due)
        jobs.status_changed.connect(self._notice_stopped)

    @property
    def busy(self) -> bool:
        """Whether a curve is due or on its way."""
        return self._start.isActive() or (self._job is not None and not self._job.ended)

    @property
    def stopped(self) -> bool:
        """Whether somebody stopped it before it was whole."""
        return self.curve is not None and not self.busy and bool(np.isnan(self.curve.explained).sum() > self._refused)

    @property
    def _refused(self) -> int:
        return len(self.curve.refused) if self.curve is not None else 0

    def set_active(self, active: bool) -> None:
        """Whether anybody looks; nothing is swept for nobody."""
        self._active = active
        if active:
            self._due()
        else:
            self._stop()

    def choose(self, column: int) -> None:
        """Sweep another feature."""
        if column != self.column:
            self._stop()
            self.column, self.curve, self._made, self.problem = column, None, None, ""
            self.chosen.emit()
            self.changed.emit()
            self._start.start(0)

    def set_count(self, count: int) -> None:
        """With another number of points."""
        self.count = count
        self._start.start(0)

    def stop(self) -> None:
        """Stop, as somebody asked; what has come stays."""
        self._stop()
        self.changed.emit()

    def run(self) -> None:
        """Make the curve, unless it is there."""
        self._start.stop()
        document, table, row = self._document, self._document.table, self._document.selected_sample
        network = document.network
        if not self._active or table is None or network is None or row < 0 or self.column < 0:
            return
        values = table.values[row].astype(np.float64)
        values[self.column] = 0.0  # whatever stands there
        settings = document.settings
        if document.stale and settings.auto:
            return  # the sample's own explanation comes first, and calls again
        self.problem = "" if np.isfinite(values).all() else self._problem_of(row)
        if settings.reference.explains:
            self.problem = self.problem or settings.reference.problem_in(table)
        self.ranges.ask([self.column])
        extent = self.ranges.of(self.column)
        if self.problem or extent is None:
            self._stop()
            self.curve, self._made = (None, None) if self.problem else (self.curve, self._made)
            self.changed.emit()
            return
        known = self.curve.points if self.curve is not None else None
        points = _same_span(known, extent.points(self.count), float(table.values[row, self.column]))
        reference = settings.reference.values_in(table) if settings.reference.explains else None
        compared = b"" if reference is None else reference.tobytes()
        made = (network, tuple(points), values.tobytes(), settings.target, settings.rules, compared)
        if made == self._made and (self.busy or not self.stopped):
            return
        if made != self._made:  # while the marker is dragged, the curve stays that of one class
            outputs = document.result.outputs if document.result is not None and not document.stale else None
            self.target, self.fixed = fixed_target(settings.target, network, outputs)
        self._stop()
        same = self._made is not None and made[1] == self._made[1]
        if not same or self.curve is None:
            self.curve = _blank(points)
        self._made, self.curve.refused = made, {}
        request = SweepRequest(
            network, table.names[row], values, self.column, tuple(points), self.target, settings.rules, reference
        )
        self._job = self._jobs.submit(
            Job(
                self.tr("Sweeping {name}").format(name=table.features[self.column].name),
                Priority.TABLE,
                lambda: sweeping(self._engine, request),
                done=lambda _nothing: self.changed.emit(),
                part=self._take,
                failed=self._failed,
            )
        )
        self.changed.emit()

    def _problem_of(self, row: int) -> str:
        table = self._document.table
        return table.row_problem(row) if table is not None else ""

    def _take(self, stretch: Stretch) -> None:
        curve = self.curve
        if curve is None:
            return
        if curve.outputs.shape[1] != stretch.outputs.shape[1]:
            curve.outputs = np.full((len(curve.points), stretch.outputs.shape[1]), np.nan)
        curve.outputs[stretch.places] = stretch.outputs
        curve.explained[stretch.places] = stretch.explained
        curve.relevance[stretch.places] = stretch.relevance
        curve.refused.update(stretch.refused)
        self.changed.emit()

    def _failed(self, failure: Failure) -> None:
        self.problem = failure.sentence
        self.changed.emit()

    def _due(self, *_news: object) -> None:
        if self._active:
            self._start.start()

    def _on_cells(self, touched: Touched) -> None:
        reference = self._document.settings.reference
        ours = self._document.selected_sample in touched.rows
        if ours or (reference.explains and reference.row in touched.rows):
            self._due()

    def _on_replaced(self) -> None:
        self._stop()
        table = self._document.table
        self.curve, self._made, self.problem = None, None, ""
        if table is None or self._document.network is not self._network or self.column >= len(table.features):
            self.column = -1
        self._network = self._document.network
        self.chosen.emit()
        self.changed.emit()
        self._due()

    def _stop(self) -> None:
        self._start.stop()
        if self._job is not None:
            self._job.cancel()
            self._job = None

    def _notice_stopped(self) -> None:
        if self._job is not None and self._job.cancelled:
            self._job = None
            self.changed.emit()


def fixed_target(target: str, network: NetworkInfo, outputs: np.ndarray | None) -> tuple[str, str]:
    """The target of every point, and the class that it is where "max" would mean another one along the way."""
    classes = len(network.outputs)
    plain = bool(network.layers) and network.layers[-1].shape == (classes,)
    if target != "max" or outputs is None or not plain or outputs.size != classes or classes < 2:
        return target, ""
    best = int(np.argmax(outputs))
    return str(best), network.outputs[best]


def _same_span(known: np.ndarray | None, points: list[float], value: float) -> np.ndarray:
    """The curve's own points while the value lies among them: a marker that is dragged must not move the ends."""
    if known is not None and len(known) == len(points) and (math.isnan(value) or known[0] <= value <= known[-1]):
        return known
    return np.array(points)


def _blank(points: np.ndarray) -> Curve:
    nothing = np.full(len(points), np.nan)
    return Curve(np.array(points), np.full((len(points), 1), np.nan), nothing, nothing.copy(), {})
