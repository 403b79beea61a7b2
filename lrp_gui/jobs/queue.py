"""One worker thread with one queue, and what comes back from it into the main thread.

The worker always advances the most urgent job by one step. A table that is being explained in the
background therefore pauses while the sample that somebody looks at is explained, and a cancelled
job ends at its next step. Where that step is a long one and other jobs wait, another worker takes
those over, and the step comes to its end behind; nobody hears of what it gives.
"""

from __future__ import annotations

import itertools
import logging
import time
import traceback
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, NamedTuple

from PySide6.QtCore import QObject, QTimer, Signal

from lrp_gui.jobs import stuck
from lrp_gui.jobs.known import NoEngine, is_no_engine, is_out_of_memory, let_go_of_frames, no_engine
from lrp_gui.jobs.steps import Progress, Steps
from lrp_gui.jobs.worker import Worker
from lrp_gui.languages import engine, tr

log = logging.getLogger("lrp_gui.jobs")

# Who cancels does not want to wait; a job that takes longer to stop is noted in the log.
STOP_SECONDS = 0.2
# So long after a job was cancelled others wait for it no more; and so many may come to their end behind.
TAKE_OVER_SECONDS, MOST_BEHIND = 0.05, 2
# Work that takes so many seconds is noted in the log.
WORTH_A_LINE = 0.5
# So many jobs that have ended are remembered.
REMEMBERED = 200
WATCH_MS = 40  # between two looks for jobs that do not stop, while there are any


class Priority(IntEnum):
    """Smaller goes first."""

    VIEWS = 0
    CHECK = 1  # what somebody types is looked at while they type
    OPEN = 2
    SAMPLE = 3
    TABLE = 4
    ENGINE = 5
    BACKGROUND = 6  # whole files and tables are gone through while nobody waits for anything else


class Failure(NamedTuple):
    """Why a job gave up: one sentence for the person, and for what was not foreseen the details for a fault report."""

    sentence: str
    details: str
    error: BaseException


class JobStatus(NamedTuple):
    """What the worker does now, for the status bar."""

    title: str
    progress: Progress
    left: float | None = None  # seconds, where it can be told


DONE, FAILED, CANCELLED = "done", "failed", "cancelled"


class Past(NamedTuple):
    """A job that has ended: how, and how long it took from its first step. Alike ones in a row are counted."""

    number: int
    title: str
    end: str
    seconds: float
    failure: Failure | None = None
    times: int = 1


def _nothing(_value: Any) -> None:
    """Stand in for a callback that nobody gave."""


@dataclass(eq=False, slots=True)
class Job:
    """One piece of work and who hears of it. All callbacks run in the main thread."""

    title: str
    priority: Priority
    make: Callable[[], Steps[Any]]
    done: Callable[[Any], None] = _nothing
    part: Callable[[Any], None] = _nothing
    failed: Callable[[Failure], None] = _nothing
    number: int = 0
    cancelled: bool = False
    ended: bool = False
    steps: Steps[Any] | None = None
    reported: float = 0.0
    began: float = 0.0  # time.monotonic() of its first step; 0 while it waits
    cancelled_at: float = 0.0
    failure: Failure | None = None

    @property
    def essential(self) -> bool:
        """Whether the window cannot do without it, so that nobody's Esc may stop it."""
        return self.priority in {Priority.VIEWS, Priority.ENGINE}

    def cancel(self) -> None:
        """Stop at the next step; no callback runs any more, not even for results on their way."""
        if not self.cancelled:
            self.cancelled_at = time.monotonic()
        self.cancelled = True


def failure_from(error: BaseException, title: str) -> Failure:
    """The sentence for an error: an engine error speaks for itself, anything else is a fault of ours."""
    from lrp_engine.errors import LrpError

    details = "".join(traceback.format_exception(error))
    if isinstance(error, LrpError):
        return Failure(engine(str(error)), "", error)
    if is_no_engine(error):
        return Failure(str(error if isinstance(error, NoEngine) else no_engine(error)), details, error)
    if is_out_of_memory(error):
        return Failure(
            tr("{title}: the memory is not enough; close other programs or use fewer samples.").format(title=title),
            details,
            error,
        )
    if isinstance(error, OSError) and error.strerror:
        where = f" {error.filename}" if error.filename else ""
        return Failure(
            tr("{title}: the system refused{where} ({strerror}).").format(
                title=title, where=where, strerror=error.strerror
            ),
            details,
            error,
        )
    kind = type(error).__name__
    return Failure(
        tr("{title}: something unexpected happened ({kind}: {short}).").format(
            title=title, kind=kind, short=_short(error)
        ),
        details,
        error,
    )


def _cancelled_for(job: Job) -> float:
    return time.monotonic() - job.cancelled_at


def _short(error: BaseException, limit: int = 160) -> str:
    text = " ".join(str(error).split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


class JobQueue(QObject):
    """The only door to the worker thread. Lives in the main thread; close it before the program ends."""

    status_changed = Signal()
    idle = Signal()
    ended = Signal()  # a job more is among the `past`
    closing = Signal()  # other threads end as well
    given_up = Signal(str)  # the title of a job that hangs, and that nothing waits for any more
    _reported = Signal(object, str, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._numbers = itertools.count()
        self._open: list[Job] = []
        self._latest: dict[Job, Progress] = {}
        self.past: deque[Past] = deque(maxlen=REMEMBERED)  # the last one last
        self._reported.connect(self._receive)  # emitted in the worker, so it is queued
        self._worker = Worker(self._reported.emit, self)
        self._behind: list[tuple[Worker, Job]] = []  # those whose cancelled job is in a long step still
        self._closed = False
        self._watch = QTimer(self, interval=WATCH_MS)
        self._watch.timeout.connect(self._look_for_stuck)

    @property
    def busy(self) -> bool:
        """Whether anything is waiting, running or on its way back."""
        return bool(self._open)

    @property
    def status(self) -> JobStatus | None:
        """The job the worker is at, or None."""
        active = [job for job in self._open if not job.cancelled]
        if not active:
            return None
        job = min(active, key=lambda job: (job.priority, job.number))
        progress = self._latest.get(job, Progress())
        return JobStatus(progress.text or job.title, progress, self.time_left(job))

    @property
    def jobs(self) -> tuple[Job, ...]:
        """What runs, waits, or is being stopped; the one that the worker is at first."""
        return tuple(sorted(self._open, key=lambda job: (job.cancelled, job.priority, job.number)))

    def time_left(self, job: Job) -> float | None:
        """Seconds until a job ends at the pace that it has had; None where that cannot be told."""
        progress = self._latest.get(job)
        if progress is None or not job.began or not 0 < progress.done <= progress.total:
            return None
        return (time.monotonic() - job.began) * (progress.total - progress.done) / progress.done

    def progress_of(self, job: Job) -> Progress | None:
        """How far a job is, or None while it has told nothing."""
        return self._latest.get(job)

    def submit(self, job: Job) -> Job:
        """Queue a job; the worker starts with the first one."""
        job.number = next(self._numbers)
        if self._closed:
            job.cancel()
            return job
        self._open.append(job)
        self._worker.add(job)
        if not self._worker.isRunning():
            self._worker.start()
        if not self._watch.isActive():
            self._watch.start()
        self.status_changed.emit()
        return job

    @property
    def cancellable(self) -> bool:
        """Whether there is anything that `cancel_work` would stop."""
        return any(not job.cancelled and not job.essential for job in self._open)

    def cancel(self, job: Job) -> None:
        """Cancel one job, unless the window cannot do without it."""
        if not job.essential:
            job.cancel()
            self.status_changed.emit()

    def forget(self) -> None:
        """Remember none of the jobs that have ended."""
        self.past.clear()
        self.ended.emit()

    def cancel_work(self) -> None:
        """Cancel what somebody asked for, queued or running."""
        for job in self._open:
            if not job.essential:
                job.cancel()
        self.status_changed.emit()

    def close(self) -> None:
        """Cancel everything and wait for the thread to end."""
        self._closed = True
        self.closing.emit()
        for job in self._open:
            job.cancel()
        self._watch.stop()
        self._worker.stop()
        for worker in (self._worker, *(worker for worker, _job in self._behind)):
            if not worker.wait(stuck.CLOSING_MS):
                stuck.leave(worker)
        self._behind.clear()
        self._open.clear()

    def _look_for_stuck(self) -> None:
        """Let nobody wait for a job that was cancelled: another thread does the rest. One that hangs is given up."""
        for worker, job in list(self._behind):
            if worker.isFinished():
                self._behind.remove((worker, job))
                worker.deleteLater()
            elif _cancelled_for(job) >= stuck.PATIENCE:
                self._behind.remove((worker, job))
                self._give_up(worker, job)
        if not self._open and not self._behind:
            self._watch.stop()
            return
        job = self._worker.at
        if job is None or not job.cancelled:
            return
        hangs = _cancelled_for(job) >= stuck.PATIENCE
        waited_for = len(self._open) > 1 and len(self._behind) < MOST_BEHIND
        if not hangs and not (waited_for and _cancelled_for(job) >= TAKE_OVER_SECONDS):
            return
        rest = self._worker.hand_over(job)
        if rest is None:
            return
        behind, self._worker = self._worker, Worker(self._reported.emit, self)
        for waiting in rest:
            self._worker.add(waiting)
        self._worker.start()
        if hangs:
            self._give_up(behind, job)
        else:
            self._behind.append((behind, job))

    def _give_up(self, worker: Worker, job: Job) -> None:
        """What a job waits for does not answer; should it come back, nobody listens any more."""
        log.warning("%s: hangs, and is given up", job.title)
        stuck.leave(worker)
        if not job.ended:
            self._end(job)
            self.given_up.emit(job.title)

    def _receive(self, job: Job, what: str, value: Any) -> None:
        """In the main thread: pass on what the worker reported, unless the job was cancelled since."""
        if what == "ended":
            if not job.ended and not self._closed:  # not given up before
                self._end(job)
        elif job.cancelled:
            return
        elif what == "progress":
            self._latest[job] = value
            self.status_changed.emit()
        elif what == "failed":
            job.failure = value
            if value.details:
                log.error("%s\n%s", value.sentence, value.details)
            job.failed(value)
            let_go_of_frames(value.error)
        else:
            {"done": job.done, "part": job.part}[what](value)

    def _end(self, job: Job) -> None:
        job.ended = True
        job.steps = None
        self._latest.pop(job, None)
        if job in self._open:
            self._open.remove(job)
        self._remember(job)
        self.status_changed.emit()
        if not self._open:
            self.idle.emit()

    def _remember(self, job: Job) -> None:
        """Plain values: the job itself holds on to all that its callbacks know."""
        now = time.monotonic()
        if job.cancelled and now - job.cancelled_at > STOP_SECONDS:
            log.info("%s: took %.0f ms to stop", job.title, 1000 * (now - job.cancelled_at))
        if now - job.began > WORTH_A_LINE and job.began:
            log.info("%s: %.1f s", job.title, now - job.began)
        end = CANCELLED if job.cancelled else FAILED if job.failure is not None else DONE
        past = Past(job.number, job.title, end, now - job.began if job.began else 0.0, job.failure)
        last = self.past[-1] if self.past else None
        if last is not None and job.failure is None and (last.title, last.end) == (past.title, end):
            self.past[-1] = past._replace(times=last.times + 1)
        else:
            self.past.append(past)
        self.ended.emit()
