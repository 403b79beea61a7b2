"""The table on its way out: its samples with what was found about them, as columns for a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject, Signal

from lrp_gui.document.predicting import predictions
from lrp_gui.document.state import Message
from lrp_gui.jobs import importing
from lrp_gui.jobs.queue import Failure, Job, JobQueue, Priority
from lrp_gui.languages import mark

if TYPE_CHECKING:
    from collections.abc import Callable

    from lrp_gui.document.document import Document
    from lrp_gui.document.table import InputTable

# What a file may hold, in the order of its columns, and how it is called in the dialog.
INPUTS, OTHERS, OUTPUTS, RELEVANCE = "inputs", "others", "outputs", "relevance"
PARTS = (INPUTS, OTHERS, OUTPUTS, RELEVANCE)
# The formats by their suffixes.
FORMATS = (
    (".csv", "CSV"),
    (".tsv", "TSV"),
    (".parquet", "Parquet"),
    (".xlsx", "Excel"),
    (".npz", mark("NumPy archive")),
)


# The column of the samples' names; read as such again.
SAMPLE_NAMES = importing.SAMPLE_NAMES


@dataclass(frozen=True, slots=True)
class Selection:
    """What of the table is written."""

    rows: np.ndarray  # of the table
    parts: tuple[str, ...] = PARTS


class TableExport(QObject):
    """Gathers the columns here, and writes them in the worker."""

    written = Signal(str)  # the path
    ended = Signal()  # whichever way

    def __init__(self, document: Document, jobs: JobQueue, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document, self._jobs = document, jobs

    def explained(self) -> np.ndarray:
        """(samples,) of bool: of which samples outputs and relevance are known."""
        table, result = self._document.table, self._document.table_result
        samples = table.samples if table is not None else 0
        if result is None or len(result.rows) != samples:
            return np.zeros(samples, dtype=bool)
        return np.asarray(np.isfinite(result.explained))

    def write(self, path: str, selection: Selection, *, separator: str = "", decimal_comma: bool = False) -> None:
        """Write it, as the suffix of the path says."""
        from lrp_engine.files.table_writing import Style

        table = self._document.table
        if table is None:
            self.ended.emit()
            return
        together = path.lower().endswith(".npz")
        self._submit(
            path,
            lambda: self._columns(table, selection, together=together),
            table,
            Style(separator, decimal_comma),
            lambda: None,
        )

    def save(self, table: InputTable, path: str, then: Callable[[], object] | None = None) -> None:
        """Write what a person may have edited, and nothing that was computed; it is kept then."""
        together, rows, state = path.lower().endswith(".npz"), np.arange(table.samples), table.state

        def kept() -> None:
            if table.state == state:  # it was not edited since
                table.mark_kept()
            if then is not None:
                then()

        selection = Selection(rows, (INPUTS, OTHERS))
        self._submit(path, lambda: self._columns(table, selection, together=together), table, None, kept)

    def _submit(
        self,
        path: str,
        gather: Callable[[], Mapping[str, Any]],
        table: InputTable,
        style: Any,
        done: Callable[[], None],
    ) -> None:
        name, state = Path(path).name, table.state

        def finish(_path: str) -> None:
            self.written.emit(path)
            done()
            self.ended.emit()

        self._jobs.submit(
            Job(
                self.tr("Writing {name}").format(name=name),
                Priority.TABLE,
                lambda: importing.write(path, gather, style, lambda: table.state == state),
                done=finish,
                failed=self._failed,
            )
        )

    def _failed(self, failure: Failure) -> None:
        self._document.message.emit(Message(failure.sentence, failure.details))
        self.ended.emit()

    # ----------------------------------------------------------------------------------------------- columns

    def _columns(self, table: InputTable, selection: Selection, *, together: bool) -> dict[str, Any]:
        """All that was chosen; made in the worker, for a million rows take a while."""
        rows = selection.rows
        columns: dict[str, Any] = {}
        if INPUTS in selection.parts:
            columns |= self._inputs(table, rows, together=together)
        if OTHERS in selection.parts:
            columns |= self._others(table, rows)
        if OUTPUTS in selection.parts:
            _add(columns, self._outputs(rows, together=together))
        if RELEVANCE in selection.parts:
            _add(columns, self._relevance(table, rows, together=together))
        return columns

    def _inputs(self, table: InputTable, rows: np.ndarray, *, together: bool) -> dict[str, Any]:
        """The samples' names where they have some, and a column for each feature; with `together` one array of them."""
        names = [table.names[int(row)] for row in rows]
        columns: dict[str, Any] = {}
        if not all(name.isdigit() for name in names):
            columns[SAMPLE_NAMES] = names
        if together:
            columns["inputs"] = table.values[rows]
            columns["feature_names"] = np.array([feature.name for feature in table.features])
            return columns
        typed: dict[int, dict[int, str]] = {}
        for (row, column), text in table.typed.items():
            typed.setdefault(column, {})[row] = text
        every = len(rows) == table.samples
        for column, feature in enumerate(table.features):
            values = table.values[:, column]
            cells: Any = values.copy() if every else values[rows]
            if column in typed:  # numbers, and what was typed in their place
                texts = typed[column]
                cells = [texts.get(int(row), float(values[row])) for row in rows]
            _add(columns, {feature.name: cells})
        return columns

    def _others(self, table: InputTable, rows: np.ndarray) -> dict[str, Any]:
        columns: dict[str, Any] = {}
        for extra in table.extras:
            cells = extra.cells[rows]
            _add(columns, {extra.name: cells if cells.dtype.kind == "f" else [str(cell) for cell in cells]})
        return columns

    def _outputs(self, rows: np.ndarray, *, together: bool) -> dict[str, Any]:
        network, result = self._document.network, self._document.table_result
        if network is None or result is None:
            return {}
        outputs = np.asarray(result.outputs[rows], dtype=np.float64)
        codes, named = predictions(network, outputs)
        words = np.array(named)[codes]
        columns: dict[str, Any] = {"prediction": words, "explained": np.asarray(result.explained[rows])}
        if together:
            return {**columns, "outputs": outputs, "output_names": np.array(network.outputs)}
        return columns | {f"output {name}": outputs[:, unit] for unit, name in enumerate(network.outputs)}

    def _relevance(self, table: InputTable, rows: np.ndarray, *, together: bool) -> dict[str, Any]:
        result = self._document.table_result
        if result is None:
            return {}
        relevance = np.asarray(result.relevance[rows])
        if together:
            return {"relevance": relevance}
        return {f"relevance {one.name}": relevance[:, unit] for unit, one in enumerate(table.features)}


def _add(columns: dict[str, Any], more: Mapping[str, Any] | dict[str, Any]) -> None:
    """Put columns behind others; one of a name that is there gets a number behind its own."""
    for name, cells in more.items():
        free, copy = name, 1
        while free in columns:
            copy += 1
            free = f"{name} ({copy})"
        columns[free] = cells


def named_rows(every: int, explained: np.ndarray, selected: Sequence[int]) -> dict[str, np.ndarray]:
    """The choices of rows: all, the explained ones, the selected ones."""
    return {
        "all": np.arange(every),
        "explained": np.flatnonzero(explained),
        "selected": np.array(sorted(set(selected)), dtype=np.intp),
    }
