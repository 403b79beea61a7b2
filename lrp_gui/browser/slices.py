"""Work of a tree in slices of the main thread, so that no keystroke and no scrolling waits for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from typing import TypeVar

from PySide6.QtCore import QObject, QTimer

# A frame takes 16 ms, and painting wants its part of it.
SLICE_SECONDS = 0.005
# So many yields are taken at once, whatever they take: a small tree is there without any turn of the event loop.
AT_ONCE = 6
# How much is done between two yields.
STRIDE = 100

Result = TypeVar("Result")
Sliced = Generator[None, None, Result]


class Slices(QObject):
    """Runs one generator at a time; another one takes the place of what was not finished."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._steps: Sliced[None] | None = None
        self._failed: Callable[[Exception], None] | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(1)  # what is due at once would be served before any painting
        self._timer.timeout.connect(self._turn)

    @property
    def busy(self) -> bool:
        """Whether something is not finished."""
        return self._steps is not None

    def start(self, steps: Sliced[None], failed: Callable[[Exception], None] | None = None) -> None:
        """Begin; `failed` hears of what it raises, which is raised here otherwise."""
        self.cancel()
        self._steps, self._failed = steps, failed
        if self._advance(least=AT_ONCE):
            self._timer.start()

    def cancel(self) -> None:
        """Leave it as it is."""
        self._timer.stop()
        if self._steps is not None:
            steps, self._steps = self._steps, None
            steps.close()

    def finish(self) -> None:
        """Do at once what is left."""
        while self._steps is not None:
            self._advance(least=AT_ONCE)
        self._timer.stop()

    def _turn(self) -> None:
        if not self._advance():
            self._timer.stop()

    def _advance(self, least: int = 1) -> bool:
        """Whether there is more to do after this slice."""
        until = time.perf_counter() + SLICE_SECONDS
        steps = self._steps
        try:
            while steps is not None and steps is self._steps:
                next(steps)
                least -= 1
                if least <= 0 and time.perf_counter() > until:
                    return True
        except StopIteration:
            if steps is self._steps:
                self._steps = None
        except Exception as error:
            self._steps = None
            if self._failed is None:
                raise
            self._failed(error)
        return self._steps is not None
