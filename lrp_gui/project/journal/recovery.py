"""What a start finds of programs that ended suddenly: offered one after the other, to be taken back or thrown away."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QLockFile, QObject, Signal

from lrp_gui.document.state import Message
from lrp_gui.jobs.queue import Failure, Job, JobQueue, Priority
from lrp_gui.jobs.steps import Progress, Steps
from lrp_gui.project.journal import places, volume
from lrp_gui.project.journal.volume import Found

if TYPE_CHECKING:
    from lrp_gui.document.document import Document
    from lrp_gui.project.file import Loaded
    from lrp_gui.project.session import Session


class Recovery(QObject):
    """Looks for journals of processes that are gone, and holds their locks while it offers what is in them."""

    offered = Signal(object)  # a Found, or None when nothing is left to offer

    def __init__(self, document: Document, jobs: JobQueue, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document, self._jobs, self._session = document, jobs, session
        self._locks: dict[Path, QLockFile] = {}
        self.found: list[Found] = []
        self._taken: Found | None = None  # taken back, and not safe in this process's journal yet

    def look(self, own: Callable[[], Path | None] = lambda: None) -> None:
        """Look for work that was not saved; `own` gives this process's folder."""
        folders = []
        for folder in _folders():
            if folder != own() and (lock := places.locked(folder)) is not None:
                self._locks[folder] = lock
                folders.append(folder)
        if folders:
            title = self.tr("Looking for work that was not saved")
            job = Job(title, Priority.CHECK, lambda: _looking(folders), done=self._take_stock, failed=self._failed)
            self._jobs.submit(job)

    @property
    def current(self) -> Found | None:
        """What is offered now."""
        return self.found[0] if self.found else None

    def recover(self) -> None:
        """Take the work back; its journal stays until this process has written its own."""
        found = self.current
        if found is not None:
            self._session.unless_precious(lambda: self._replay(found))

    def throw_away(self) -> None:
        """Nobody wants it."""
        found = self.current
        if found is not None:
            volume.remove(found.folder)
            self._next()

    def later(self) -> None:
        """Leave all of it for another start."""
        self.found = []
        self._release()
        self.offered.emit(None)

    def settle(self) -> None:
        """What was taken back is in the journal of this process now."""
        if self._taken is not None:
            volume.remove(self._taken.folder)
            self._taken = None
            self._release()

    def _replay(self, found: Found) -> None:
        def done(loaded: Loaded) -> None:
            self._taken = found
            self._session.recover(loaded, found.project)
            self._next()

        title = self.tr("Recovering {name}").format(name=found.name)
        replay = lambda: volume.replaying(found.folder)  # noqa: E731
        self._jobs.submit(Job(title, Priority.OPEN, replay, done=done, failed=self._failed))

    def _take_stock(self, found: list[Found]) -> None:
        self.found = sorted(found, key=lambda one: -one.when)
        if self.found:
            self.offered.emit(self.current)
        else:
            self._release()

    def _next(self) -> None:
        self.found = self.found[1:]
        self.offered.emit(self.current)
        self._release()

    def _release(self) -> None:
        """Let go of the folders in which nothing waits any more; empty ones go."""
        waiting = {one.folder.parent for one in (*self.found, *([self._taken] if self._taken else []))}
        for folder in [folder for folder in self._locks if folder not in waiting]:
            places.remove(folder, self._locks.pop(folder))

    def _failed(self, failure: Failure) -> None:
        self._document.message.emit(Message(failure.sentence, failure.details))


def _folders() -> list[Path]:
    try:
        return sorted(path for path in places.journals().iterdir() if path.is_dir())
    except OSError:
        return []


def _looking(folders: list[Path]) -> Steps[list[Found]]:
    """What is in the journals of ended processes; what holds nothing goes."""
    found = []
    for folder in folders:
        for one in sorted(path for path in folder.iterdir() if path.is_dir()):
            yield Progress()
            work = volume.found_in(one)
            if work is None:
                volume.remove(one)
            else:
                found.append(work)
    return found
