"""The worker's jobs as rows: what runs, what waits, what is being stopped, and below what has ended."""

from __future__ import annotations

import time
from dataclasses import dataclass

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from lrp_gui.document.words import duration
from lrp_gui.jobs.queue import CANCELLED, DONE, FAILED, Failure, Job, JobQueue
from lrp_gui.languages import mark, tr

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole
TITLE, STATE, TIME = range(3)
COLUMNS = (mark("Job"), mark("State"), mark("Time"))
RUNNING, WAITING, STOPPING = "running", "waiting", "stopping"
STATES = {
    RUNNING: mark("running"),
    WAITING: mark("waiting"),
    STOPPING: mark("is being stopped"),
    DONE: mark("done"),
    FAILED: mark("failed"),
    CANCELLED: mark("cancelled"),
}
SHARE_ROLE = Role.UserRole  # how far a running job is, 0 … 1; None where nobody knows


@dataclass(frozen=True, slots=True)
class Row:
    """One line. `job` is there while it has not ended."""

    number: int
    title: str
    state: str
    seconds: float
    job: Job | None = None
    text: str = ""  # what it is at
    share: float | None = None
    left: float | None = None
    failure: Failure | None = None
    times: int = 1

    @property
    def cancellable(self) -> bool:
        """Whether somebody may stop it."""
        return self.job is not None and not self.job.essential and not self.job.cancelled


def rows_of(jobs: JobQueue) -> list[Row]:
    """What there is now: open jobs in the order in which the worker takes them, then those that ended, newest first."""
    now, found = time.monotonic(), []
    running = next((job for job in jobs.jobs if not job.cancelled), None)
    for job in jobs.jobs:
        progress = jobs.progress_of(job)
        total = progress.total if progress is not None else 0
        found.append(
            Row(
                number=job.number,
                title=job.title,
                state=STOPPING if job.cancelled else RUNNING if job is running else WAITING,
                seconds=now - job.began if job.began else 0.0,
                job=job,
                text=progress.text if progress is not None else "",
                share=progress.done / total if progress is not None and total else None,
                left=jobs.time_left(job),
            )
        )
    ended = (
        Row(past.number, past.title, past.end, past.seconds, failure=past.failure, times=past.times)
        for past in reversed(jobs.past)
    )
    return [*found, *ended]


class JobsModel(QAbstractTableModel):
    """Filled by `refresh`; nothing is asked of the queue in between."""

    def __init__(self, jobs: JobQueue, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self.rows: list[Row] = []

    def refresh(self) -> bool:
        """Look again; whether other jobs are there than before."""
        rows = rows_of(self._jobs)
        same = [row.number for row in rows] == [row.number for row in self.rows]
        if same:
            self.rows = rows
            if rows:
                self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, len(COLUMNS) - 1))
            return False
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()
        return True

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008, D102
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008, D102
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole) -> object:  # noqa: D102
        if orientation == Qt.Orientation.Horizontal and role == Role.DisplayRole:
            return tr(COLUMNS[section])
        return None

    def data(self, index: Index, role: int = Role.DisplayRole) -> object:  # noqa: D102
        if not index.isValid():
            return None
        row, column = self.rows[index.row()], index.column()
        if role == Role.DisplayRole:
            return (self._title, self._state, self._time)[column](row)
        if role == SHARE_ROLE and column == STATE:
            return row.share if row.state == RUNNING else None
        if role == Role.ToolTipRole:
            return row.failure.sentence if row.failure is not None else row.text or row.title
        return None

    def _title(self, row: Row) -> str:
        return row.title if row.times == 1 else tr("{title} ({n} times)").format(title=row.title, n=row.times)

    def _state(self, row: Row) -> str:
        state = tr(STATES[row.state])
        if row.state == RUNNING and row.share is not None:
            return tr("{share} %").format(share=round(100 * row.share))
        return state

    def _time(self, row: Row) -> str:
        if row.left is not None and row.state == RUNNING:
            return tr("{time} left").format(time=duration(row.left))
        return duration(row.seconds) if row.seconds or row.job is None else ""
