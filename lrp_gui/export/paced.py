"""Something that is written a piece at a time, with the window alive in between, and that can be stopped."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import Any

from PySide6.QtCore import QObject, Signal

from lrp_gui.turns import Turns


class Paced(QObject):
    """Takes a generator of (done, total) to its end, a piece a turn of the event loop."""

    progressed = Signal(int, int)
    finished = Signal(object)  # what the generator returned
    failed = Signal(object)  # the exception

    def __init__(self, steps: Generator[tuple[int, int], None, Any], parent: QObject) -> None:
        super().__init__(parent)
        self._steps: Generator[tuple[int, int], None, Any] | None = steps
        Turns(self._turns(), self)

    @property
    def running(self) -> bool:
        """Whether there is anything left to do."""
        return self._steps is not None

    def stop(self) -> None:
        """Leave it; what is half written goes."""
        if self._steps is not None:
            self._steps.close()
            self._steps = None

    def _turns(self) -> Iterator[Callable[[], None]]:
        while self._steps is not None:
            yield self._advance

    def _advance(self) -> None:
        steps = self._steps
        if steps is None:
            return
        try:
            done, total = next(steps)
        except StopIteration as stop:
            self._steps = None
            self.finished.emit(stop.value)
        except Exception as error:  # noqa: BLE001  (whoever started it says what it means)
            self._steps = None
            self.failed.emit(error)
        else:
            self.progressed.emit(done, total)
