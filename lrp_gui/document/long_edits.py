"""Edits of more numbers than a frame has time for: the worker makes them on a copy of the table, which then takes over.

Until then the table is as it was, and can be looked at, saved, and edited; an edit that comes in between goes first,
and the long one is given up, for its rows may mean others now.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QObject

from lrp_gui.document.state import Message
from lrp_gui.jobs.queue import Failure, Job, JobQueue, Priority
from lrp_gui.jobs.steps import Progress, Steps

if TYPE_CHECKING:
    from lrp_gui.document.document import Document
    from lrp_gui.document.table import InputTable

# So many numbers are changed at once, in about ten milliseconds.
AT_ONCE = 200_000

Found = TypeVar("Found")


class LongEdits(QObject):
    """One edit at a time on its way through the worker; Esc or Undo stops it."""

    def __init__(self, document: Document, jobs: JobQueue, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document, self._jobs = document, jobs
        self._job: Job | None = None
        document.take_long_edits(self)

    @property
    def running(self) -> bool:
        """Whether an edit is on its way."""
        return self._job is not None and not self._job.cancelled

    def run(self, title: str, work: Callable[[InputTable], Found], done: Callable[[Found], None]) -> None:
        """Make an edit in the worker.

        Parameters
        ----------
        title
            What it is called in the Edit menu, and in the status bar meanwhile.
        work
            Changes a copy of the table, in the worker.
        done
            Gets what `work` gave, in the main thread, if the table is still what the copy was made of.
        """
        table = self._document.table
        if table is None:
            return
        if self.running and self._job is not None:
            self._say(
                self.tr("{title} is still on its way; wait for it, or stop it with Esc.").format(title=self._job.title)
            )
            return
        copy, state = table.copy(), table.state

        def steps() -> Steps[Found]:
            yield Progress(text=title)
            return work(copy)

        def finish(found: Found) -> None:
            self._job = None
            if self._document.table is not table or table.state != state:
                self.give_up(title)
            else:
                done(found)

        self._job = self._jobs.submit(Job(title, Priority.CHECK, steps, done=finish, failed=self._failed))

    def stop(self) -> None:
        """Leave the table as it is."""
        if self._job is not None:
            self._job.cancel()
            self._job = None

    def give_up(self, title: str) -> None:
        """Say that nothing came of an edit."""
        self._say(
            self.tr("{title} was not done, for something else changed meanwhile; do it again.").format(title=title)
        )

    def _failed(self, failure: Failure) -> None:
        self._job = None
        self._say(failure.sentence, failure.details)

    def _say(self, sentence: str, details: str = "") -> None:
        self._document.message.emit(Message(sentence, details))
