"""The job that puts the open file beside another one, and what reads the difference of two tensors."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lrp_gui.jobs.inspecting import NEWS_SECONDS, OpenedTensor, Reader
from lrp_gui.jobs.steps import Part, Progress, Steps
from lrp_gui.languages import engine, mark, tr

if TYPE_CHECKING:
    from lrp_engine.files.differences import TensorDifference

# The engine's words for what became of a tensor, what matters most first.
CHANGES = (
    mark("not read"),
    mark("another shape"),
    mark("changed"),
    mark("another type"),
    mark("added"),
    mark("removed"),
    mark("same"),
)


@dataclass(frozen=True, slots=True)
class DifferenceRow:
    """A tensor of the open file beside that of the other; "" and () where a file lacks it, NaN where nothing is known.

    Attributes
    ----------
    norm, other_norm, distance, relative : float
        ‖a‖, ‖b‖, ‖a − b‖ and ‖a − b‖ / ‖a‖.
    largest, cosine : float
        max |a − b|, and of the angle between both.
    changed, bad : int
        How many numbers are not the same, and how many are not finite in one of both.
    """

    name: str
    other: str
    change: str
    shape: tuple[int, ...] = ()
    other_shape: tuple[int, ...] = ()
    dtype: str = ""
    other_dtype: str = ""
    norm: float = math.nan
    other_norm: float = math.nan
    distance: float = math.nan
    relative: float = math.nan
    largest: float = math.nan
    cosine: float = math.nan
    changed: int = 0
    bad: int = 0
    problem: str = ""

    @property
    def comparable(self) -> bool:
        """Whether one can be subtracted from the other."""
        return bool(self.name and self.other) and self.shape == self.other_shape and not self.problem


@dataclass(frozen=True, slots=True)
class Begun:
    """Both files are open: how many tensors will be listed, and what was done to find them in each other."""

    tensors: int
    notes: tuple[str, ...]


def comparing(path: str, other: str) -> Steps[None]:
    """Compare two files tensor by tensor; a `Begun` comes first, then tuples of `DifferenceRow`.

    Raises
    ------
    lrp_engine.LrpError
        If one of them cannot be read as data.
    """
    yield Progress(text=tr("Reading {name}").format(name=Path(other).name))
    from lrp_engine import open_weights
    from lrp_engine.files import differences

    one, two = open_weights(path), open_weights(other)
    matching = differences.matched(one.tensors, two.tensors)
    notes = tuple(
        engine(note).replace(tr("the first file"), one.path.name).replace(tr("the second file"), two.path.name)
        for note in matching.notes
    )
    yield Part(Begun(len(matching.pairs), notes))
    waiting: list[DifferenceRow] = []
    told = time.monotonic()
    for step in differences.comparing(one, two, matching):
        waiting += map(_row, step.found)
        if waiting and time.monotonic() - told > NEWS_SECONDS:
            yield Part(tuple(waiting))
            waiting, told = [], time.monotonic()
        yield Progress(
            1000 * step.done // max(step.total, 1), 1000, tr("Comparing {tensor}").format(tensor=step.tensor)
        )
    yield Part(tuple(waiting))


class DifferenceReader(Reader):
    """Reads a tensor of one file minus that of another, as any other tensor. For the worker only."""

    def __init__(self, other: str, name: str) -> None:
        super().__init__()
        self._beside = Reader()
        self._other, self._other_name = other, name
        self._made: tuple[OpenedTensor, OpenedTensor, OpenedTensor] | None = None

    def _open(self, path: str, name: str) -> Steps[OpenedTensor]:
        from lrp_engine.files.differences import difference_of

        one = yield from super()._open(path, name)
        two = yield from self._beside._open(self._other, self._other_name)
        if self._made is None or self._made[0] is not one or self._made[1] is not two:
            self._made = (one, two, OpenedTensor(difference_of(one.info, two.info)))
        return self._made[2]


def _row(one: TensorDifference) -> DifferenceRow:
    return DifferenceRow(
        *(one.name, one.other, one.change, one.shape, one.other_shape, one.dtype, one.other_dtype),
        *(one.norm, one.other_norm, one.distance, one.relative, one.largest, one.cosine),
        *(one.changed, one.bad, one.problem),
    )
