"""The open file beside another one: what was asked of the worker, what came back, and which tensor is chosen."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from lrp_gui.document.files import TensorRow
from lrp_gui.document.inspecting import Beside
from lrp_gui.document.state import Message
from lrp_gui.jobs.comparing import CHANGES, Begun, DifferenceRow, comparing
from lrp_gui.jobs.queue import Failure, Job, JobQueue, Priority

if TYPE_CHECKING:
    from lrp_gui.document.document import Document

IDLE, RUNNING, DONE, STOPPED, FAILED = "idle", "running", "done", "stopped", "failed"


class FileComparison(QObject):
    """Holds for as long as the file is open that was compared."""

    begun = Signal()  # both files are open
    changed = Signal()  # the state
    progressed = Signal()  # by a percent
    found = Signal(tuple)  # of DifferenceRow: more of them
    cleared = Signal()
    chosen = Signal()  # another tensor of the comparison, or none

    def __init__(self, document: Document, jobs: JobQueue, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document, self._jobs = document, jobs
        self.rows: list[DifferenceRow] = []
        self.notes: tuple[str, ...] = ()
        self.state, self.problem = IDLE, ""
        self.other = ""  # the other file's path
        self.tensors = 0  # how many rows there will be
        self.row: DifferenceRow | None = None  # the chosen one
        self._by_name: dict[str, DifferenceRow] = {}
        self._counts: Counter[str] = Counter()
        self._file = document.file
        self._job: Job | None = None
        self._told = 0  # percent
        document.file_changed.connect(self._on_file)
        document.tensor_selected.connect(self._on_tensor)
        jobs.status_changed.connect(self._on_status)

    @property
    def other_name(self) -> str:
        """The other file's name, without its folder."""
        return Path(self.other).name

    @property
    def share(self) -> float:
        """How far it is, 0 … 1."""
        progress = self._jobs.progress_of(self._job) if self._job is not None else None
        return progress.done / progress.total if progress is not None and progress.total else 0.0

    @property
    def counts(self) -> dict[str, int]:
        """Of each change that there is, how many tensors."""
        return {change: self._counts[change] for change in CHANGES if self._counts[change]}

    def compare(self, other: str) -> None:
        """Put the open file beside this one."""
        file = self._document.file
        if file is None or not file.tensors:
            return
        self.clear()
        self.other, self.state, self._file = other, RUNNING, file
        title = self.tr("Comparing {name} with {other}").format(name=file.name, other=self.other_name)
        self._job = self._jobs.submit(
            Job(
                title,
                Priority.BACKGROUND,
                lambda: comparing(file.path, other),
                done=self._done,
                part=self._part,
                failed=self._failed,
            )
        )
        self.changed.emit()

    def stop(self) -> None:
        """Stop, as somebody asked; what was found stays."""
        if self._job is not None:
            self._job.cancel()
        self._on_status()

    def again(self) -> None:
        """Compare once more, from the beginning."""
        if self.other:
            self.compare(self.other)

    def clear(self) -> None:
        """Forget the comparison."""
        if self._job is not None:
            self._job.cancel()
        self._job, self.state, self.problem, self.other = None, IDLE, "", ""
        self.rows, self.notes, self.tensors, self._by_name = [], (), 0, {}
        self._counts.clear()
        self.cleared.emit()
        self.changed.emit()
        self._choose(None)

    def choose(self, row: DifferenceRow) -> None:
        """Look at this tensor: in the document, where its file has it."""
        self._choose(row)
        if row.name != self._document.selected_tensor or row.name:
            self._document.select_tensor(row.name)

    @property
    def beside(self) -> Beside | None:
        """The chosen tensor in the other file."""
        row = self.row
        if row is None or not row.other:
            return None
        there = TensorRow(row.other, row.other_shape, row.other_dtype, 0, self.other_name)
        return Beside(self.other, there, comparable=row.comparable)

    # ----------------------------------------------------------------------------------------------- inside

    def _choose(self, row: DifferenceRow | None) -> None:
        if row is not self.row:
            self.row = row
            self.chosen.emit()

    def _on_tensor(self, name: str) -> None:
        """Somebody chose a tensor elsewhere."""
        if name:
            self._choose(self._by_name.get(name))
        elif self.row is not None and self.row.name:
            self._choose(None)

    def _on_file(self) -> None:
        if self._document.file is not self._file:
            self._file = self._document.file
            if self.state != IDLE:
                self.clear()

    def _part(self, part: Begun | tuple[DifferenceRow, ...]) -> None:
        if isinstance(part, Begun):
            self.tensors, self.notes = part.tensors, part.notes
            self.begun.emit()
            return
        self.rows += part
        self._counts.update(row.change for row in part)
        self._by_name |= {row.name: row for row in part if row.name}
        self.found.emit(part)
        if self.row is None and self._document.selected_tensor in self._by_name:
            self._choose(self._by_name[self._document.selected_tensor])

    def _done(self, _result: None) -> None:
        self._job, self.state = None, DONE
        self.changed.emit()

    def _failed(self, failure: Failure) -> None:
        self._job, self.state, self.problem = None, FAILED, failure.sentence
        self._document.message.emit(Message(failure.sentence, failure.details))
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
