"""Opening files: what is a network, what is a table, and that a failure leaves everything as it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from lrp_gui.document.state import Contents, ExplainSettings, Message
from lrp_gui.jobs.opening import TABLE_SUFFIXES, features_of, read_table
from lrp_gui.jobs.queue import Failure, Job, JobQueue, Priority

if TYPE_CHECKING:
    from lrp_gui.document.document import Document
    from lrp_gui.document.results import NetworkInfo
    from lrp_gui.document.table import InputTable
    from lrp_gui.jobs.engine import Engine
    from lrp_gui.jobs.requests import Opened, TableData

ARCHITECTURE_SUFFIX = ".json"


@dataclass(frozen=True, slots=True)
class Paths:
    """Files that were given together, by what they are taken for."""

    weights: tuple[str, ...]
    tables: tuple[str, ...]
    architectures: tuple[str, ...]


def sorted_paths(paths: Sequence[str]) -> Paths:
    """Tell tables and architectures from weights by their suffix; everything else may be weights."""
    tables = tuple(path for path in paths if path.lower().endswith(TABLE_SUFFIXES))
    architectures = tuple(path for path in paths if path.lower().endswith(ARCHITECTURE_SUFFIX))
    weights = tuple(path for path in paths if path not in tables and path not in architectures)
    return Paths(weights, tables, architectures)


class Opener(QObject):
    """Reads files in the worker and hands what they hold to the document."""

    def __init__(self, document: Document, jobs: JobQueue, engine: Engine, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document, self._jobs, self._engine = document, jobs, engine
        self._job: Job | None = None
        # Weights that wait for somebody to say how they are connected.
        self.wanting_architecture = ""

    def open(self, paths: Sequence[str]) -> None:
        """Open files that were chosen, dropped or given on the command line together."""
        given = sorted_paths([str(path) for path in paths])
        architecture = given.architectures[0] if given.architectures else ""
        weights = given.weights[0] if given.weights else ""
        if architecture and not weights:
            weights = self.wanting_architecture
        table = given.tables[0] if given.tables else ""
        if weights:
            self._open_network(weights, architecture, table)
        elif table:
            self.open_table(table)
        elif architecture:
            self._say(
                self.tr("{name} describes an architecture; open it together with its weight file.").format(
                    name=Path(architecture).name
                )
            )
        if len(given.weights) > 1 or len(given.tables) > 1:
            self._say(
                self.tr("One network and one table are open at a time: {names} were left out.").format(
                    names=", ".join(Path(path).name for path in given.weights[1:] + given.tables[1:])
                )
            )

    def open_table(self, path: str) -> None:
        """Replace the table of the open network."""
        network = self._document.network
        if network is None:
            self._say(
                self.tr("Open a network first: {name} can only be read as the inputs of one.").format(
                    name=Path(path).name
                )
            )
            return
        self._submit(
            Path(path).name,
            Job("", Priority.OPEN, lambda: read_table(network, path), done=self._table_read, failed=self._failed),
        )

    def _open_network(self, weights: str, architecture: str, table: str) -> None:
        def failed(failure: Failure) -> None:
            self._network_failed(weights, failure)

        weights = str(Path(weights).absolute())
        self._submit(
            Path(weights).name,
            Job(
                "",
                Priority.OPEN,
                lambda: self._engine.open(weights, architecture, table),
                done=self._opened,
                failed=failed,
            ),
        )

    def _submit(self, name: str, job: Job) -> None:
        if self._job is not None:
            self._job.cancel()
        job.title = self.tr("Opening {name}").format(name=name)
        self._job = self._jobs.submit(job)

    def _opened(self, opened: Opened) -> None:
        from lrp_gui.document.table import fresh_table

        self.wanting_architecture = ""
        network = opened.network
        table = fresh_table(features_of(network)) if opened.table is None else _input_table(network, opened.table)
        settings = ExplainSettings(composite=self._document.settings.composite)
        name = Path(network.path).name
        self._document.open(Contents(network, table, settings, sample=0), self.tr("Open {name}").format(name=name))
        if opened.problem:
            self._say(opened.problem, remedy="open_table")

    def _table_read(self, data: TableData) -> None:
        network = self._document.network
        if network is None:
            return
        contents = Contents(
            network, _input_table(network, data), self._document.settings, 0, self._document.selected_layer
        )
        self._document.open(contents, self.tr("Open {name}").format(name=Path(data.path).name))

    def _network_failed(self, weights: str, failure: Failure) -> None:
        from lrp_engine.errors import NeedsArchitecture

        if isinstance(failure.error, NeedsArchitecture):
            self.wanting_architecture = weights
            self._say(failure.sentence, failure.details, remedy="open_architecture")
        else:
            self._failed(failure)

    def _failed(self, failure: Failure) -> None:
        self._say(failure.sentence, failure.details)

    def _say(self, sentence: str, details: str = "", remedy: str = "") -> None:
        self._document.message.emit(Message(sentence, details, remedy))


def _input_table(network: NetworkInfo, data: TableData) -> InputTable:
    from lrp_gui.document.table import InputTable

    return InputTable.from_columns(features_of(network), data.values, data.typed, data.extras, data.path)
