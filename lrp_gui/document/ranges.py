"""How far a feature goes in the data: where sliders and sweeps begin and end, and how finely they step."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from lrp_gui.jobs.queue import Job, JobQueue, Priority
from lrp_gui.jobs.steps import Part, Progress, Steps

if TYPE_CHECKING:
    import numpy as np

    from lrp_gui.document.document import Document
    from lrp_gui.document.results import Feature
    from lrp_gui.document.state import Touched

# So many numbers are gone through within a frame.
MOST_AT_ONCE = 200_000
STEPS = 1000
SPREAD = 3.0  # scales to each side of the mean, where the data say nothing


@dataclass(frozen=True, slots=True)
class Range:
    """From where to where, and where that comes from.

    Attributes
    ----------
    whole : bool
        Whether only whole numbers make sense.
    source : str
        "data", "file" (stated beside the weights), or "guess" where there is only one value.
    """

    low: float
    high: float
    whole: bool = False
    source: str = "data"

    @property
    def step(self) -> float:
        """A step that people can read: 1, 2 or 5 times a power of ten, about a hundredth of the range."""
        if self.whole:
            return 1.0
        fine = (self.high - self.low) / 100
        power = 10.0 ** math.floor(math.log10(fine))
        return next(size * power for size in (1, 2, 5, 10) if size * power >= fine * (1 - 1e-9))

    def at(self, share: float) -> float:
        """The value at a share of the range, 0 … 1, in as few digits as the range needs."""
        return self.tidy(self.low + (self.high - self.low) * share)

    def tidy(self, value: float) -> float:
        """The same value without digits that nobody chose, and within the range."""
        if self.whole:
            return float(min(max(round(value), math.ceil(self.low)), math.floor(self.high)))
        digits = -math.floor(math.log10((self.high - self.low) / STEPS))
        return min(max(round(value, digits), self.low), self.high)

    def share(self, value: float) -> float:
        """Where a value stands, 0 … 1."""
        if not math.isfinite(value):
            return 0.0
        return min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)

    def points(self, count: int) -> list[float]:
        """At most so many values from end to end; whole ones where only those make sense."""
        if self.whole:
            low, high = math.ceil(self.low), math.floor(self.high)
            every = max(1, math.ceil((high - low) / max(count - 1, 1)))
            return [float(value) for value in range(low, high + 1, every)]
        return [self.low + (self.high - self.low) * n / (count - 1) for n in range(count)]


def range_for(feature: Feature, low: float, high: float, value: float) -> Range:
    """From what is stated of a feature, what the data hold (NaN for nothing), and the value that has to lie within."""
    whole, source = feature.integer, "data"
    if feature.categories:
        numbers = [number for number, _word in feature.categories]
        low, high, source = min(numbers), max(numbers), "file"
        whole = whole or all(number == round(number) for number in numbers)
    elif math.isfinite(feature.low) and math.isfinite(feature.high):
        low, high, source = feature.low, feature.high, "file"
    if math.isfinite(value) and math.isfinite(low):
        low, high = min(low, value), max(high, value)
    if not (math.isfinite(low) and math.isfinite(high) and high > low):
        middle = low if math.isfinite(low) else value if math.isfinite(value) else feature.mean
        reach = SPREAD * abs(feature.scale) or 1.0
        low, high, source = middle - reach, middle + reach, "guess"
        if whole:
            low, high = float(math.floor(low)), float(math.ceil(high))
    return Range(low, high, whole, source)


class Ranges(QObject):
    """Remembers the ranges, so that a slider that is being dragged keeps its ends; measures them in the worker if long.

    The range of a feature is that of all samples when it was first asked for; edits of the chosen sample do not move
    it, edits of others do.
    """

    changed = Signal()

    def __init__(self, document: Document, jobs: JobQueue, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document, self._jobs = document, jobs
        self._ends: dict[int, tuple[float, float]] = {}
        self._job: Job | None = None
        for signal in (document.table_replaced, document.rows_inserted, document.rows_removed, document.rows_moved):
            signal.connect(self._forget)
        document.columns_changed.connect(self._forget)
        document.cells_changed.connect(self._on_cells)

    def of(self, column: int) -> Range | None:
        """The range of one column; None while it is being measured."""
        table = self._document.table
        ends = self._ends.get(column)
        if table is None or ends is None:
            return None
        row = self._document.selected_sample
        value = float(table.values[row, column]) if row >= 0 else math.nan
        return range_for(table.features[column], *ends, value)

    def ask(self, columns: Iterable[int]) -> None:
        """Measure what is not known yet; `changed` tells when that took until later."""
        table = self._document.table
        missing = [column for column in columns if column not in self._ends]
        if table is None or not missing:
            return
        if table.samples * len(missing) <= MOST_AT_ONCE:
            self._ends.update((column, _ends(table.values[:, column])) for column in missing)
            return
        if self._job is not None:
            self._job.cancel()
        values = table.values
        self._job = self._jobs.submit(
            Job(
                self.tr("Measuring the data's ranges"),
                Priority.SAMPLE,
                lambda: _measuring(values, missing),
                part=lambda found: self._ends.update([found]),
                done=lambda _nothing: self.changed.emit(),
            )
        )

    def _on_cells(self, touched: Touched) -> None:
        rows = touched.rows
        if len(rows) == 1 and int(rows[0]) == self._document.selected_sample:
            return
        for column in touched.columns.tolist():
            self._ends.pop(column, None)

    def _forget(self, *_news: object) -> None:
        if self._job is not None:
            self._job.cancel()
            self._job = None
        self._ends.clear()


def _ends(values: np.ndarray) -> tuple[float, float]:
    from lrp_gui.document.extents import extent

    found = extent(values)
    return found.low, found.high


def _measuring(values: np.ndarray, columns: list[int]) -> Steps[None]:
    for done, column in enumerate(columns):
        yield Part((column, _ends(values[:, column])))
        yield Progress(done + 1, len(columns))
