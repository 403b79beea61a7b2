"""What the dialogs about connections and consent ask of the worker, for one opened file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from lrp_gui.jobs.queue import Failure, Job, JobQueue, Priority

if TYPE_CHECKING:
    from collections.abc import Callable

    from lrp_gui.document.files import CandidateRow, Check, Consent, Source
    from lrp_gui.jobs.engine import Engine
    from lrp_gui.jobs.steps import Steps

# Long enough not to check every letter, short enough to seem immediate.
TYPING_MS = 220


class Connector(QObject):
    """Asks one thing at a time; what is asked later takes the place of what was asked before."""

    candidates_found = Signal(tuple)  # of CandidateRow
    checked = Signal(object)  # a Check
    consent_found = Signal(object)  # a Consent
    failed = Signal(str)
    progressed = Signal(int, int)

    def __init__(self, jobs: JobQueue, engine: Engine, source: Source, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs, self._engine = jobs, engine
        self.source = source
        self._job: Job | None = None
        self._text = ""
        self._typing = QTimer(self, interval=TYPING_MS, singleShot=True)
        self._typing.timeout.connect(self._check)
        jobs.status_changed.connect(self._tell_progress)

    @property
    def busy(self) -> bool:
        """Whether an answer is due."""
        running = self._job is not None and not self._job.ended and not self._job.cancelled
        return self._typing.isActive() or running

    def look_for_candidates(self) -> None:
        """Ask in which ways the tensors may be connected."""
        path = self.source.path
        title = self.tr("Looking for ways to connect {name}").format(name=Path(path).name)
        self._ask(title, lambda: self._engine.candidates(path), self._found)

    def check(self, text: str, *, soon: bool = False) -> None:
        """Ask whether an architecture fits; `soon`: somebody is typing, so wait for a pause."""
        self.stop()
        self._text = text
        self._typing.start(TYPING_MS if soon else 0)

    def look_for_consent(self) -> None:
        """Ask what would run, and for its hash."""
        source = self.source
        title = self.tr("Reading {name}").format(name=Path(source.path).name)
        self._ask(title, lambda: self._engine.consent(source), self._consent)

    def stop(self) -> None:
        """Ask nothing any more."""
        self._typing.stop()
        if self._job is not None:
            self._job.cancel()
            self._job = None

    def _check(self) -> None:
        text, path = self._text, self.source.path
        self._ask(self.tr("Checking the architecture"), lambda: self._engine.check(path, text), self._checked)

    def _ask(self, title: str, make: Callable[[], Steps[object]], done: Callable[..., None]) -> None:
        self.stop()
        self._job = self._jobs.submit(Job(title, Priority.CHECK, make, done=done, failed=self._failed))

    def _found(self, rows: tuple[CandidateRow, ...]) -> None:
        self.candidates_found.emit(rows)

    def _checked(self, check: Check) -> None:
        self.checked.emit(check)

    def _consent(self, consent: Consent) -> None:
        self.consent_found.emit(consent)

    def _failed(self, failure: Failure) -> None:
        self.failed.emit(failure.sentence)

    def _tell_progress(self) -> None:
        status = self._jobs.status
        if self.busy and status is not None and status.progress.total:
            self.progressed.emit(status.progress.done, status.progress.total)
