"""A file on its way: the tensors that were read so far are handed to the window while the rest is read."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from lrp_gui.document.files import ReadRows, TensorRow
from lrp_gui.jobs.steps import hand_over, report
from lrp_gui.languages import tr

if TYPE_CHECKING:
    from lrp_engine import WeightFile
    from lrp_engine.files import TensorInfo

FIRST_AFTER = 0.15  # seconds: what is read sooner would only flicker
INTERVAL = 0.2
STRIDE = 100  # tensors between two looks at the clock, and at whether somebody cancelled
LEAST = 500  # tensors: what of a smaller file is there is no help

clock: Callable[[], float] = time.perf_counter


class Reader:
    """Turns the tensors of one file into rows, once each, and says now and then which have come.

    Parameters
    ----------
    path
        The file.
    telling
        Whether anybody waits for parts; how far it is, is reported in any case.
    """

    def __init__(self, path: str, *, telling: bool) -> None:
        self._path, self._telling = path, telling
        self._text = tr("Reading {name}").format(name=Path(path).name)
        self._rows: list[TensorRow] = []
        self._told = 0
        self._due = clock() + FIRST_AFTER

    def found(self, info: TensorInfo, count: int) -> None:
        """Take one more, of that many (0: nobody knows).

        Raises
        ------
        lrp_gui.jobs.steps.Cancelled
            If the file is not wanted any more.
        """
        from lrp_engine.files.roles import role_of

        self._rows.append(TensorRow(info.name, tuple(info.shape), str(info.dtype), info.nbytes, role_of(info.name)))
        done = len(self._rows)
        if done % STRIDE and done != count:
            return
        report(done, count, self._text)
        # The last ones at once: what the file needs takes its time as well.
        if done >= LEAST and (clock() >= self._due or (done == count and self._told)):
            self._tell(count)

    def rows(self, weights: WeightFile) -> tuple[TensorRow, ...]:
        """All rows of the file in its order; those that were told are the same objects, where nothing else came out."""
        known = {row.name: row for row in self._rows}
        return tuple(_same(known.get(row.name), row) for row in rows_of(weights))

    def _tell(self, count: int) -> None:
        if not self._telling:
            return
        first, self._told = self._told, len(self._rows)
        hand_over(ReadRows(self._path, first, tuple(self._rows[first:]), count))
        self._due = clock() + INTERVAL


def rows_of(weights: WeightFile) -> Iterable[TensorRow]:
    """The tensors of an opened file, one after the other."""
    for name, info in weights.tensors.items():
        yield TensorRow(name, tuple(info.shape), str(info.dtype), info.nbytes, weights.roles.get(name, "weight"))


def _same(told: TensorRow | None, row: TensorRow) -> TensorRow:
    return told if told is not None and told == row else row
