"""The numbers of all tensors of the open file: asked for once, kept while the file is open."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from lrp_gui.document.state import Message
from lrp_gui.jobs.measuring import Measured, Oddity, measure_all
from lrp_gui.jobs.queue import Failure, Job, JobQueue, Priority

if TYPE_CHECKING:
    from lrp_gui.document.document import Document
    from lrp_gui.document.files import FileInfo


class Measurement(QObject):
    """Follows the document's file; `run` asks the worker for everything that is not known yet."""

    news = Signal()  # more is known, or it ended, or was stopped
    done = Signal()  # all is known

    def __init__(self, document: Document, jobs: JobQueue, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document, self._jobs = document, jobs
        self._file: FileInfo | None = document.file
        self._job: Job | None = None
        self.found: dict[str, Measured] = {}
        self.odd: dict[str, Oddity] = {}
        self.complete = False
        document.file_changed.connect(self._follow)
        jobs.status_changed.connect(self._notice_stopped)

    @property
    def running(self) -> bool:
        """Whether tensors are being measured."""
        return self._job is not None

    @property
    def share(self) -> float:
        """How many of the tensors are known, 0 … 1."""
        count = len(self._file.tensors) if self._file is not None else 0
        return len(self.found) / count if count else 0.0

    def run(self) -> None:
        """Measure all tensors of the open file."""
        file = self._file
        if file is None or not file.tensors or self.running or self.complete:
            return
        names = tuple(row.name for row in file.tensors)
        # Behind whatever somebody waits for in the picture.
        job = Job(
            self.tr("Measuring {name}").format(name=file.name), Priority.TABLE, partial(measure_all, file.path, names)
        )
        job.part, job.done, job.failed = self._take, self._end, self._fail
        self._job = self._jobs.submit(job)
        self.news.emit()

    def stop(self) -> None:
        """Measure no more; what is known stays."""
        if self._job is not None:
            self._job.cancel()
            self._job = None
            self.news.emit()

    def _take(self, found: list[Measured]) -> None:
        self.found |= {one.name: one for one in found}
        self.news.emit()

    def _end(self, odd: dict[str, Oddity]) -> None:
        self._job, self.odd, self.complete = None, odd, True
        self.news.emit()
        self.done.emit()

    def _fail(self, failure: Failure) -> None:
        self._job = None
        self._document.message.emit(Message(failure.sentence, failure.details))
        self.news.emit()

    def _follow(self) -> None:
        if self._document.file is not self._file:
            self.stop()
            self._file = self._document.file
            self.found, self.odd, self.complete = {}, {}, False
            self.news.emit()

    def _notice_stopped(self) -> None:
        if self._job is not None and self._job.cancelled:  # by Esc
            self._job = None
            self.news.emit()
