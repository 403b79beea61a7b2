"""The worker: a thread that advances one job by one step, and looks again which is the most urgent."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QThread

from lrp_gui.jobs.steps import Cancelled, Part, Progress, here

if TYPE_CHECKING:
    from lrp_gui.jobs.queue import Job

log = logging.getLogger("lrp_gui.jobs")

# Progress is for people: more often than this only keeps the main thread busy.
PROGRESS_INTERVAL = 0.05
# The main thread asks for the interpreter lock at each event; the default of 5 ms adds up to a visible stall.
SWITCH_INTERVAL = 0.0005


class Worker(QThread):
    """Advances the jobs; knows nothing of who asked for them."""

    def __init__(self, report: Callable[[Job, str, Any], None], parent: QObject) -> None:
        super().__init__(parent)
        self.setObjectName("engine worker")
        self._report = report
        self._changed = threading.Condition()
        self._jobs: list[Job] = []
        self._stopping = False
        self.at: Job | None = None  # the one whose step runs

    def add(self, job: Job) -> None:
        """Take a job on; from any thread."""
        with self._changed:
            self._jobs.append(job)
            self._changed.notify()

    def stop(self) -> None:
        """Let go of all jobs, and end."""
        with self._changed:
            self._stopping = True
            self._changed.notify()

    def hand_over(self, job: Job) -> list[Job] | None:
        """Give all jobs away but the one whose step runs; when that comes to its end, so does the thread.

        None where that step has ended since, and there is no need.
        """
        with self._changed:
            if self.at is not job:
                return None
            rest = [one for one in self._jobs if one is not job]
            self._jobs = [job]
            self._stopping = True
        return rest

    def run(self) -> None:
        """The thread's life: take the most urgent job, advance it, look again."""
        sys.setswitchinterval(SWITCH_INTERVAL)
        while (job := self._next()) is not None:
            goes_on = self._advance(job)
            with self._changed:
                self.at = None
                if not goes_on:
                    self._jobs.remove(job)
            if not goes_on:
                self._report(job, "ended", None)

    def _next(self) -> Job | None:
        with self._changed:
            while not self._jobs and not self._stopping:
                self._changed.wait()
            if not self._stopping:
                # Cancelled ones first: they only have to be let go.
                self.at = min(self._jobs, key=lambda job: (not job.cancelled, job.priority, job.number))
                return self.at
            left, self._jobs = self._jobs, []
        for job in left:
            self._close(job)
            self._report(job, "ended", None)
        return None

    def _advance(self, job: Job) -> bool:
        """Run one step; False when the job has come to its end, whichever way."""
        if job.cancelled:
            self._close(job)
            return False

        def listen(step: Progress | Part) -> None:
            if job.cancelled:
                raise Cancelled
            self._tell(job, step)

        here.listener = listen
        try:
            if job.steps is None:
                job.began = time.monotonic()
                job.steps = job.make()
            step = next(job.steps)
        except StopIteration as stop:
            self._report(job, "done", stop.value)
            return False
        except Cancelled:
            return False
        # The thread must outlive every fault of a job; the person reads the sentence, the log has the rest.
        except BaseException as error:  # noqa: BLE001
            from lrp_gui.jobs.queue import failure_from

            self._report(job, "failed", failure_from(error, job.title))
            return False
        self._tell(job, step)
        return True

    def _tell(self, job: Job, step: Progress | Part) -> None:
        if isinstance(step, Part):
            self._report(job, "part", step.value)
            return
        now = time.monotonic()
        if now - job.reported >= PROGRESS_INTERVAL:
            job.reported = now
            self._report(job, "progress", step)

    def _close(self, job: Job) -> None:
        if job.steps is None:
            return
        try:
            job.steps.close()
        except Exception:
            log.exception("%s: could not be closed", job.title)
