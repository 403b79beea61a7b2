"""What the tabs about the chosen sample ask: its values as they were, the data's ranges, and what the network said."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from lrp_gui.document.ranges import Ranges
from lrp_gui.jobs.queue import Failure, Job, JobQueue, Priority
from lrp_gui.jobs.requests import TableRequest

if TYPE_CHECKING:
    from lrp_gui.document.compared import Comparison
    from lrp_gui.document.document import Document
    from lrp_gui.document.results import SampleResult, TableResult
    from lrp_gui.document.sweep import Sweep
    from lrp_gui.document.wording import Wording
    from lrp_gui.jobs.engine import Engine

# Samples whose values are remembered as they were: what somebody looked at last, within a budget of numbers.
MOST_NUMBERS = 8_000_000
SETTLE_MS = 60


@dataclass(frozen=True, slots=True)
class Said:
    """What the network made of the original."""

    outputs: np.ndarray  # (output units,)
    explained: float


@dataclass(slots=True)
class Original:
    """A sample as it was when it was first chosen, or kept."""

    values: np.ndarray  # (features,)
    typed: dict[int, str] = field(default_factory=dict)  # column -> text that was no number
    asked: tuple[Any, ...] | None = None  # what `said` is the answer to
    said: Said | None = None


class WhatIf(QObject):
    """Follows the chosen sample, and remembers what it was."""

    changed = Signal()  # the original, or what the network said of it

    def __init__(self, document: Document, jobs: JobQueue, engine: Engine, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document, self._jobs, self._engine = document, jobs, engine
        self.ranges = Ranges(document, jobs, self)
        self._originals: OrderedDict[int, Original] = OrderedDict()  # by what a row is, wherever it stands
        self._job: Job | None = None
        self._active = False
        self._start = QTimer(self, interval=SETTLE_MS, singleShot=True)
        self._start.timeout.connect(self._ask)
        document.table_replaced.connect(self._on_replaced)
        document.sample_selected.connect(self._on_sample)
        document.result_changed.connect(self._on_result)
        document.columns_changed.connect(self._on_replaced)
        self.start()

    def start(self) -> None:
        """Remember from now on."""
        self._on_sample(self._document.selected_sample)

    @cached_property
    def sweep(self) -> Sweep:
        """The sweep of one feature."""
        from lrp_gui.document.sweep import Sweep

        return Sweep(self._document, self._jobs, self._engine, self.ranges, self)

    @cached_property
    def wording(self) -> Wording:
        """The words behind the numbers of a network that reads tokens."""
        from lrp_gui.document.wording import Wording

        return Wording(self._document, self._jobs, self)

    @cached_property
    def comparison(self) -> Comparison:
        """The reference beside the sample."""
        from lrp_gui.document.compared import Comparison

        return Comparison(self._document, self._jobs, self._engine, self)

    # ------------------------------------------------------------------------------------ as it was

    @property
    def original(self) -> Original | None:
        """The chosen sample as it was."""
        return self._originals.get(self._id)

    @property
    def _id(self) -> int:
        table, row = self._document.table, self._document.selected_sample
        return int(table.ids[row]) if table is not None and 0 <= row < table.samples else -1

    @property
    def edited_columns(self) -> np.ndarray:
        """The columns in which the chosen sample is not what it was."""
        original, table = self.original, self._document.table
        if original is None or table is None:
            return np.empty(0, dtype=np.intp)
        now = table.values[self._document.selected_sample]
        same = (now == original.values) | (np.isnan(now) & np.isnan(original.values))
        return np.flatnonzero(~same)

    def keep(self) -> None:
        """From here on the chosen sample counts as it is now."""
        self._originals.pop(self._id, None)
        self._on_sample(self._document.selected_sample)
        self._on_result()

    def reset(self, columns: np.ndarray | None = None) -> None:
        """Put the chosen sample's features back to what they were, in one step: all of them, or some."""
        original, table, row = self.original, self._document.table, self._document.selected_sample
        if original is None or table is None:
            return
        columns = self.edited_columns if columns is None else np.asarray(columns)
        if not len(columns):
            return
        names = self.tr("{count} features").format(count=len(columns))
        if len(columns) == 1:
            names = table.features[int(columns[0])].name
        text = self.tr("Reset {name} of sample {sample}").format(name=names, sample=table.names[row])
        texts = [(row, column, original.typed[column]) for column in columns.tolist() if column in original.typed]
        if texts:  # the step has to bring back what was typed, too
            numbers = [column for column in columns.tolist() if column not in original.typed]
            cells = [(row, column, repr(float(original.values[column]))) for column in numbers]
            self._document.edit_cells([*texts, *cells], text)
        else:
            self._document.edit_values(np.array([row]), columns, original.values[columns][None], text)

    # ------------------------------------------------------------------------- what was said of it

    def set_active(self, active: bool) -> None:
        """Whether anybody looks; nothing is explained for nobody."""
        self._active = active
        if active:
            self._start.start()

    @property
    def said(self) -> Said | None:
        """What the network made of the sample as it was, by today's settings; None while that is not known."""
        original = self.original
        return original.said if original is not None and original.asked == self._question() else None

    def _question(self) -> tuple[Any, ...]:
        settings = self._document.settings
        reference = settings.reference
        compared = reference.values_in(self._document.table) if reference.explains else None
        against = b"" if compared is None else compared.tobytes()
        return self._document.network, settings.target, settings.rules, against

    def _on_result(self) -> None:
        """An explanation of the sample as it was comes for nothing; otherwise it is asked for when it is missed."""
        result, original = self._document.result, self.original
        if original is None or result is None or result.row != self._document.selected_sample:
            return
        if not len(self.edited_columns) and not self._document.stale:
            original.asked, original.said = self._question(), Said(result.outputs.copy(), result.explained)
            self.changed.emit()
        elif self.said is None and self._active:
            self._start.start()

    def _ask(self) -> None:
        """Have the original explained, by the settings of now."""
        original, network = self.original, self._document.network
        if original is None or network is None or self.said is not None or not len(self.edited_columns):
            return
        if not self._active or not np.isfinite(original.values).all():
            return
        if self._job is not None:
            self._job.cancel()
        settings, question = self._document.settings, self._question()
        reference = settings.reference.values_in(self._document.table) if settings.reference.explains else None
        request = TableRequest(network, [0], original.values[None], settings.target, settings.rules, reference)

        def take(part: TableResult) -> None:
            if not part.refused:
                original.asked, original.said = question, Said(part.outputs[0], float(part.explained[0]))
            self.changed.emit()

        self._job = self._jobs.submit(
            Job(
                self.tr("Explaining the sample as it was"),
                Priority.TABLE,
                lambda: self._engine.explain_table(request),
                part=take,
                failed=self._failed,
            )
        )

    def _failed(self, _failure: Failure) -> None:
        """The sample itself is explained in the same way: what is wrong is said there."""
        self.changed.emit()

    # ------------------------------------------------------------------------- news of the document

    def _on_sample(self, row: int) -> None:
        table = self._document.table
        if table is not None and 0 <= row < table.samples:
            key = self._id
            if key not in self._originals:
                values = np.array(table.values[row], dtype=np.float64)
                texts = {column: table.text(row, column) for column in np.flatnonzero(~np.isfinite(values)).tolist()}
                self._originals[key] = Original(values, texts)
            self._originals.move_to_end(key)
            while len(self._originals) > 1 and len(self._originals) * table.values.shape[1] > MOST_NUMBERS:
                self._originals.popitem(last=False)
        self.changed.emit()

    def _on_replaced(self) -> None:
        self._originals.clear()
        self._on_sample(self._document.selected_sample)


def of_inputs(result: SampleResult, names: list[str]) -> np.ndarray:
    """(features,) the relevance of all inputs one after the other, as the table has their columns."""
    return np.concatenate([np.ravel(result.inputs[name]) for name in names]) if names else np.empty(0)
