"""Work of the main thread in small pieces, with the event loop in between."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PySide6.QtCore import QObject, QTimer

# Timers that are due at once are all served in one go, before any painting or typing; a millisecond lets those through.
PAUSE_MS = 1


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
        self._timer = QTimer(self)
        self._timer.setInterval(PAUSE_MS)
        self._timer.timeout.connect(self._step)
        self._timer.start()

    def _step(self) -> None:
        step = next(self._steps, None)
        if step is None:
            self._end()
            return
        try:
            step()
        except Exception as error:
            if self._failed is None:
                raise
            self._end()
            self._failed(error)

    def _end(self) -> None:
        self._timer.stop()
        self.deleteLater()
