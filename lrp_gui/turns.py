"""Work of the main thread in small pieces, with the event loop in between."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from PySide6.QtCore import QObject, QTimer

# Timers that are due at once are all served in one go, before any painting or typing; a millisecond lets those through.
PAUSE_MS = 1


class Turns(QObject):
    """Runs steps one after the other, and lets the window live between any two of them."""

    def __init__(self, steps: Iterable[Callable[[], object]], parent: QObject) -> None:
        super().__init__(parent)
        self._steps = deque(steps)
        self._timer = QTimer(self)
        self._timer.setInterval(PAUSE_MS)
        self._timer.timeout.connect(self._step)
        self._timer.start()

    def _step(self) -> None:
        if not self._steps:
            self._timer.stop()
            self.deleteLater()
            return
        step = self._steps.popleft()
        step()
