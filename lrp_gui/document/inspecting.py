"""The tensor that is looked at: what of it is asked of the worker, and what has come back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from lrp_gui.document.state import Message
from lrp_gui.jobs.inspected import TILE_COLUMNS, TILE_ROWS, Kernels, Plane, Share, Slice, Summary, Tile, first_slice
from lrp_gui.jobs.inspecting import Reader
from lrp_gui.jobs.queue import Failure, Job, JobQueue, Priority
from lrp_gui.jobs.steps import Steps

if TYPE_CHECKING:
    from lrp_gui.document.comparing_files import FileComparison
    from lrp_gui.document.document import Document
    from lrp_gui.document.files import FileInfo, TensorRow

SUMMARY, PLANE, KERNELS, TILES, EXPORT = "summary", "plane", "kernels", "tiles", "export"
# Whoever runs down the list with the arrow keys looks at none of them.
SETTLE_MS = 60
# Whose numbers are looked at, while the open file is compared with another one.
THIS, OTHER, DIFFERENCE = "this", "other", "difference"


@dataclass(frozen=True, slots=True)
class Beside:
    """The same tensor in another file; `row.role` is that file's name."""

    path: str
    row: TensorRow
    comparable: bool  # the one can be subtracted from the other


class Inspection(QObject):
    """Follows the document's chosen tensor, while somebody looks (`set_active`).

    While the file is compared with another one, the tensor may be looked at in either, or the difference of both.
    """

    chosen = Signal()  # another tensor, or none
    sliced = Signal()  # another plane of it
    news = Signal(str)  # of a kind: it arrived, failed, was stopped, or came further
    tile = Signal(object)  # a Tile
    written = Signal(str)  # the path of a file

    def __init__(self, document: Document, jobs: JobQueue, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document, self._jobs, self._reader = document, jobs, Reader()
        self._file: FileInfo | None = None
        self._running: dict[str, Job] = {}
        self._active = False
        self._comparison: FileComparison | None = None
        self._wanted = DIFFERENCE  # where there is one
        self._shown: tuple[Any, ...] = ()
        self._path = ""
        self.side = THIS
        self.sides: tuple[str, ...] = (THIS,)
        self.row: TensorRow | None = None
        self.slice: Slice | None = None
        self.found: dict[str, Any] = {}
        self.problems: dict[str, str] = {}
        self.shares: dict[str, float] = {}
        self.stopped: set[str] = set()
        self._start = QTimer(self)
        self._start.setSingleShot(True)
        self._start.setInterval(SETTLE_MS)
        self._start.timeout.connect(self.read)
        document.tensor_selected.connect(self._follow)
        jobs.status_changed.connect(self._notice_stopped)
        self._follow()

    @property
    def summary(self) -> Summary | None:
        """The statistics, once they are there."""
        return self.found.get(SUMMARY)

    @property
    def plane(self) -> Plane | None:
        """The picture of the chosen slice."""
        return self.found.get(PLANE)

    @property
    def kernels(self) -> Kernels | None:
        """The grid of kernels, if somebody asked for it."""
        return self.found.get(KERNELS)

    def set_comparison(self, comparison: FileComparison) -> None:
        """Follow this comparison of two files too."""
        self._comparison = comparison
        comparison.chosen.connect(self._follow)
        self._follow()

    @property
    def beside_name(self) -> str:
        """The name of the file with which this one is compared, "" without one."""
        return self._comparison.other_name if self._comparison is not None and self._comparison.other else ""

    def show_side(self, side: str) -> None:
        """Look at the tensor of this file, of the other, or at the difference, wherever there is one."""
        self._wanted = side
        self._follow()

    def set_active(self, active: bool) -> None:
        """Whether anybody looks; nothing is read for nobody."""
        if active == self._active:
            return
        self._active = active
        if active and self.row is not None and not self.found:
            self._start.start()
        elif not active:
            self._stop(SUMMARY, PLANE, KERNELS, TILES)

    def read(self) -> None:
        """Read what is missing: the picture first, for it is what somebody waits for."""
        self._start.stop()
        if self.row is None or 0 in self.row.shape or not self._active:
            return
        if PLANE not in self.found:
            self._read_plane()
        if SUMMARY not in self.found:
            self._ask(SUMMARY, Priority.TABLE, self.tr("Measuring {name}"), self._reader.measure)

    def show_slice(self, wanted: Slice) -> None:
        """Look at another plane."""
        if self.row is None or wanted == self.slice:
            return
        self.slice = wanted
        self._stop(TILES)
        self.found.pop(PLANE, None)
        self._read_plane()
        self.sliced.emit()

    def ask_kernels(self, output: int, input_: int) -> None:
        """Look at the kernels from these channels on."""

        def make(path: str, name: str) -> Steps[Kernels]:
            return self._reader.kernels(path, name, output, input_)

        self._ask(KERNELS, Priority.SAMPLE, self.tr("Reading kernels of {name}"), make)

    def ask_tiles(self, places: list[tuple[int, int]]) -> None:
        """Numbers of the chosen slice; what was asked before and has not come is not wanted any more."""
        wanted = self.slice
        if wanted is None:
            return
        corners = [(row - row % TILE_ROWS, column - column % TILE_COLUMNS) for row, column in places]

        def make(path: str, name: str) -> Steps[None]:
            return self._reader.tiles(path, name, wanted, corners)

        self._ask(TILES, Priority.CHECK, self.tr("Reading {name}"), make)

    def export(self, target: str) -> None:
        """Write the tensor to a CSV or NPY file."""

        def make(path: str, name: str) -> Steps[str]:
            return self._reader.export(path, name, target)

        self._ask(EXPORT, Priority.TABLE, self.tr("Writing {name}"), make)

    def stop(self) -> None:
        """Stop reading, as somebody asked."""
        for kind in list(self._running):
            self._running[kind].cancel()
        self._notice_stopped()

    @property
    def busy(self) -> bool:
        """Whether anything is due or being read."""
        return self._start.isActive() or bool(self._running)

    # ----------------------------------------------------------------------------------------------- inside

    def _follow(self) -> None:
        document = self._document
        file, name = document.file, document.selected_tensor
        row = next((one for one in file.tensors if one.name == name), None) if file is not None and name else None
        beside = self._comparison.beside if self._comparison is not None else None
        sides = tuple(
            side
            for side, there in (
                (THIS, row is not None or beside is None),
                (OTHER, beside is not None),
                (DIFFERENCE, beside is not None and beside.comparable and row is not None),
            )
            if there
        )
        side = self._wanted if self._wanted in sides else sides[0]
        shown = (file, row, beside, sides, side)
        if shown[1:] == self._shown[1:] and file is self._file:
            return
        self._stop(SUMMARY, PLANE, KERNELS, TILES)
        self._shown, self._file, self.sides, self.side = shown, file, sides, side
        row = self._take_side(row, beside)
        self.row = row
        self.found, self.problems, self.shares, self.stopped = {}, {}, {}, set()
        self.slice = first_slice(row.shape) if row is not None else None
        self.chosen.emit()
        if row is not None and self._active:
            self._start.start()

    def _take_side(self, row: TensorRow | None, beside: Beside | None) -> TensorRow | None:
        """What is shown of both, and what reads it."""
        self._path = self._file.path if self._file is not None else ""
        if self.side == THIS or beside is None:
            if type(self._reader) is not Reader:
                self._reader = Reader()
            return row
        if self.side == OTHER:
            self._path, self._reader = beside.path, Reader()
            return beside.row
        from lrp_gui.jobs.comparing import DifferenceReader

        assert row is not None
        self._reader = DifferenceReader(beside.path, beside.row.name)
        dtype = "complex128" if "complex" in row.dtype + beside.row.dtype else "float64"
        return replace(row, dtype=dtype, role=self.tr("this file − {other}").format(other=beside.row.role))

    def _read_plane(self) -> None:
        wanted = self.slice
        if wanted is None:
            return

        def make(path: str, name: str) -> Steps[Plane]:
            return self._reader.plane(path, name, wanted)

        self._ask(PLANE, Priority.SAMPLE, self.tr("Reading a slice of {name}"), make)

    def _ask(self, kind: str, priority: Priority, title: str, make: Callable[[str, str], Steps[Any]]) -> None:
        path, row = self._path, self.row
        if not path or row is None:
            return
        self._stop(kind)
        self.problems.pop(kind, None)
        self.stopped.discard(kind)
        self.shares[kind] = 0.0
        self._running[kind] = self._jobs.submit(
            Job(
                title.format(name=row.name),
                priority,
                lambda: make(path, row.name),
                done=lambda value: self._done(kind, value),
                part=lambda value: self._part(kind, value),
                failed=lambda failure: self._failed(kind, failure),
            )
        )
        self.news.emit(kind)

    def _stop(self, *kinds: str) -> None:
        for kind in kinds:
            job = self._running.pop(kind, None)
            if job is not None:
                job.cancel()
            self.shares.pop(kind, None)

    def _end(self, kind: str) -> None:
        self._running.pop(kind, None)
        self.shares.pop(kind, None)

    def _done(self, kind: str, value: Any) -> None:
        self._end(kind)
        if kind == EXPORT:
            self.written.emit(value)
        elif kind != TILES:
            self.found[kind] = value
        self.news.emit(kind)

    def _part(self, kind: str, value: Share | Tile) -> None:
        if isinstance(value, Tile):
            self.tile.emit(value)
        elif kind in self._running:
            self.shares[kind] = value.done
            self.news.emit(kind)

    def _failed(self, kind: str, failure: Failure) -> None:
        self._end(kind)
        if kind == EXPORT:
            self._document.message.emit(Message(failure.sentence, failure.details))
        else:
            self.problems[kind] = failure.sentence
        self.news.emit(kind)

    def _notice_stopped(self) -> None:
        """A job that somebody stopped says nothing more: find those."""
        for kind, job in list(self._running.items()):
            if job.cancelled:
                self._end(kind)
                self.stopped.add(kind)
                self.news.emit(kind)
