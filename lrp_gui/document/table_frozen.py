"""A table as it stood at one moment, cheap to take: its numbers are copied only where they are about to change."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from lrp_gui.document.results import Feature

# Numbers of a block: 1 MiB of them is copied in a fraction of a millisecond.
BLOCK_NUMBERS = 1 << 17


class FrozenColumn:
    """The rows of a `Column` as they were. One thread reads it, from the top; the main thread announces writes.

    A block that is about to be written into is copied before, unless it was read already.

    Parameters
    ----------
    data
        (rows, …), not a copy.
    """

    def __init__(self, data: np.ndarray) -> None:
        self._data = data
        self._step = max(1, BLOCK_NUMBERS // max(1, data[:1].size))
        self._saved: dict[int, np.ndarray] = {}
        self._read = 0  # blocks that nobody reads any more
        self._whole: np.ndarray | None = None
        self._lock = threading.Lock()

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the whole."""
        return self._data.shape

    @property
    def ended(self) -> bool:
        """Whether writes need no longer be announced."""
        return self._read * self._step >= len(self._data)

    def before_write(self, rows: np.ndarray | None = None) -> None:
        """Keep what stands in these rows, or in all of them, before it changes."""
        count = -(-len(self._data) // self._step)
        touched = range(count) if rows is None else np.unique(np.asarray(rows) // self._step).tolist()
        with self._lock:
            for block in touched:
                if self._read <= block < count and block not in self._saved:
                    self._saved[block] = self._data[block * self._step : (block + 1) * self._step].copy()

    def blocks(self) -> Iterator[np.ndarray]:
        """All rows, a block at a time, once."""
        while not self.ended:
            first = self._read * self._step
            with self._lock:
                block = self._saved.pop(self._read, None)
                if block is None:
                    block = self._data[first : first + self._step].copy()
                self._read += 1
            yield block

    def whole(self) -> np.ndarray:
        """All rows as one array, which is kept; for one reader, and not beside `blocks`."""
        if self._whole is None:
            whole, filled = np.empty_like(self._data), 0
            for block in self.blocks():
                whole[filled : filled + len(block)] = block
                filled += len(block)
            self._whole = whole
        return self._whole

    def release(self) -> None:
        """Nobody reads it any more."""
        with self._lock:
            self._read = len(self._data)
            self._saved.clear()


@dataclass(frozen=True, slots=True, eq=False)
class FrozenTable:
    """An `InputTable` as it stood at one moment, for one reader in another thread.

    Names and texts are by the ids of the rows, also of rows that undo may bring back.
    """

    features: tuple[Feature, ...]
    path: str
    state: int
    edited: bool
    next_id: int
    values: FrozenColumn  # (samples, features)
    row_ids: FrozenColumn  # (samples,)
    given: Sequence[str]  # the names of the rows 0, 1, … of the file; none where they are called by their number
    names: Mapping[int, str]  # row id -> name that somebody gave
    typed: Mapping[int, Mapping[int, str]]  # column -> row id -> what is no finite number
    extras: tuple[tuple[str, FrozenColumn], ...]  # name, (samples,) of texts or numbers

    @property
    def samples(self) -> int:
        """The number of rows."""
        return self.values.shape[0]

    @property
    def ids(self) -> np.ndarray:
        """(samples,) what each row is; for the reader."""
        return self.row_ids.whole()

    def release(self) -> None:
        """Nobody reads it any more."""
        for column in (self.values, self.row_ids, *(column for _name, column in self.extras)):
            column.release()

    def name_of(self, row_id: int) -> str:
        """What a row is called, by what it is."""
        if (name := self.names.get(row_id)) is not None:
            return name
        return self.given[row_id] if row_id < len(self.given) else str(row_id + 1)
