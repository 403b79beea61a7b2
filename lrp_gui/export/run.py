"""Many samples on their way out: one is explained in the worker, then drawn in turns, then the next."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QObject, Signal

from lrp_gui.document.series import Explained, SampleSeries
from lrp_gui.export.exporters import ExportError
from lrp_gui.export.paced import Paced
from lrp_gui.viewer.pictures import Maker

STEPS = 100  # of the progress, for one sample


class Output(Protocol):
    """A folder of pictures, or a report."""

    def sample(self, one: Explained, recipe: str = "") -> Generator[tuple[int, int], None, None]:
        """Take one sample, a piece at a time."""
        ...

    def others(self, makers: Sequence[tuple[str, Maker]]) -> Generator[tuple[int, int], None, None]:
        """Take the pictures that are not of one sample."""
        ...

    def finish(self) -> Path:
        """All came; says where it is."""
        ...

    def abandon(self) -> None:
        """No more comes."""
        ...


class Run(QObject):
    """From the first sample to the file; say `begin`."""

    progressed = Signal(int, int)
    left_out = Signal(str)
    finished = Signal(Path, int)  # where, and how many samples
    failed = Signal(str)

    def __init__(
        self,
        series: SampleSeries,
        output: Output,
        recipe_of: Callable[[Explained], str],
        parent: QObject,
        others: Sequence[tuple[str, Maker]] = (),
    ) -> None:
        super().__init__(parent)
        self._series, self._output, self._recipe_of = series, output, recipe_of
        self._others = others  # pictures that are not of one sample
        self._drawing: Paced | None = None
        self._count = 0
        self._open = True
        series.came.connect(self._draw)
        series.left_out.connect(self.left_out)
        series.ended.connect(self._end)

    def begin(self) -> None:
        """Start with the first sample."""
        self._series.next()

    def stop(self) -> None:
        """Stop wherever it is: a half report goes, pictures that are whole stay."""
        if not self._open:
            return
        self._open = False
        self._series.stop()
        if self._drawing is not None:
            self._drawing.stop()
        self._output.abandon()

    def _draw(self, one: Explained) -> None:
        if not self._open:
            return
        self._drawing = Paced(self._output.sample(one, self._recipe_of(one)), self)
        self._drawing.progressed.connect(self._progress)
        self._drawing.finished.connect(self._next)
        self._drawing.failed.connect(self._fail)

    def _progress(self, done: int, total: int) -> None:
        part = STEPS * done // max(1, total)
        self.progressed.emit((self._series.done - 1) * STEPS + part, self._series.total * STEPS)

    def _next(self, _value: object) -> None:
        self._count += 1
        self._drawing = None
        self.progressed.emit(self._series.done * STEPS, self._series.total * STEPS)
        self._series.next()

    def _end(self) -> None:
        if not self._open:
            return
        if not self._count:
            self.stop()
            self.failed.emit(self.tr("No sample could be explained, so nothing was written."))
            return
        self._drawing = Paced(self._output.others(self._others), self)
        self._drawing.finished.connect(self._finish)
        self._drawing.failed.connect(self._fail)

    def _finish(self, _value: object) -> None:
        self._open = False
        try:
            path = self._output.finish()
        except ExportError as error:
            self.failed.emit(str(error))
        else:
            self.finished.emit(path, self._count)

    def _fail(self, error: Exception) -> None:
        self.stop()
        if not isinstance(error, OSError):
            raise error
        self.failed.emit(str(error))
