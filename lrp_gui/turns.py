"""Work of the main thread in small pieces, with the event loop in between.

Timers that are due at once are all served in one go, together with all painting that is due: many small pieces make one
long turn. So pieces stand in one line, and a turn of the event loop takes from it only while it is young.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable

from PySide6.QtCore import QAbstractEventDispatcher, QCoreApplication, QObject, QTimer
from shiboken6 import isValid

# A turn that follows at once gets no painting or typing in between; a millisecond lets those through.
PAUSE_MS = 1
YOUNG = 0.004  # seconds of this thread: a turn that has painted for so long begins no more work
PATIENCE = 3  # so many turns in a row that were filled by painting, and work is begun all the same


class _Line(QObject):
    """Who waits, first come first served, and how old the turn of the event loop is."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._waiting: deque[Soon] = deque()
        self._began = time.thread_time()
        self._late = 0  # turns in a row without room
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._serve)
        dispatcher = QAbstractEventDispatcher.instance()
        assert dispatcher is not None
        dispatcher.awake.connect(self._begin)

    def put(self, one: Soon) -> None:
        self._waiting.append(one)
        if not self._timer.isActive():
            self._timer.start(PAUSE_MS)

    @property
    def busy(self) -> bool:
        return any(map(isValid, self._waiting))

    def drop(self, one: Soon) -> None:
        self._waiting.remove(one)

    def _begin(self) -> None:
        self._began = time.thread_time()

    @property
    def _old(self) -> bool:
        return time.thread_time() - self._began > YOUNG

    def _serve(self) -> None:
        if self._old and self._late < PATIENCE:
            self._late += 1
            self._timer.start(PAUSE_MS)
            return
        self._late = 0
        while self._waiting:
            one = self._waiting.popleft()
            if self._waiting:  # asked for before: what is done now may fail, or wait in an event loop of its own
                self._timer.start(PAUSE_MS)
            if isValid(one):
                one.run()
            if self._old:
                return


_lines: list[_Line] = []


def _line() -> _Line:
    """The one of this application; all of it belongs to the main thread."""
    if not _lines or not isValid(_lines[0]):
        application = QCoreApplication.instance()
        assert application is not None
        _lines[:] = [_Line(application)]
    return _lines[0]


def waiting() -> bool:
    """Whether anything was asked for that is not done yet."""
    return _line().busy


class Soon(QObject):
    """One piece of work, asked for any number of times and done once: in a turn of the event loop with room for it."""

    def __init__(self, work: Callable[[], object], parent: QObject) -> None:
        super().__init__(parent)
        self._work = work
        self._waits = False

    def start(self, *_news: object) -> None:
        """Ask for it; what a signal carries is of no matter."""
        if not self._waits:
            self._waits = True
            _line().put(self)

    def stop(self) -> None:
        """Nobody wants it any more."""
        if self._waits:
            self._waits = False
            _line().drop(self)

    def isActive(self) -> bool:  # noqa: N802 - as of a QTimer, in whose place it stands
        """Whether it was asked for and is not done."""
        return self._waits

    def run(self) -> None:
        """Do it now."""
        self._waits = False
        self._work()


class Turns(QObject):
    """Runs steps one after the other, and lets the window live between any two of them.

    A step is asked for when the one before has been taken. One that fails ends the rest; `failed` hears of it, or else
    it is raised.
    """

    def __init__(
        self,
        steps: Iterable[Callable[[], object]],
        parent: QObject,
        failed: Callable[[Exception], object] | None = None,
    ) -> None:
        super().__init__(parent)
        self._steps = iter(steps)
        self._failed = failed
        self._soon = Soon(self._step, self)
        self._soon.start()

    def _step(self) -> None:
        step = next(self._steps, None)
        if step is None:
            self._end()
            return
        self._soon.start()
        try:
            step()
        except Exception as error:
            if self._failed is None:
                raise
            self._end()
            self._failed(error)

    def _end(self) -> None:
        self._soon.stop()
        self.deleteLater()
