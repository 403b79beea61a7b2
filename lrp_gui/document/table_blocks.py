"""What an edit puts into the table and what it takes out: blocks that know how to go back."""

from __future__ import annotations

import tempfile
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import IO, TYPE_CHECKING, Any
from weakref import WeakValueDictionary, finalize

import numpy as np

if TYPE_CHECKING:
    from lrp_gui.document.table import InputTable
    from lrp_gui.document.table_storage import ExtraColumn

# What undo holds in memory; older blocks go to a file that vanishes with the program. Small ones are not worth it.
MEMORY = 256 * 1024**2
SMALLEST = 64 * 1024
TEXT = 50  # numbers are written while one text is


@dataclass(frozen=True, slots=True)
class Row:
    """One sample, complete: its name, numbers, texts in their place (column -> text), and other columns' texts."""

    name: str
    values: np.ndarray  # (features,), NaN where the cell holds text
    typed: dict[int, str] = field(default_factory=dict)
    extras: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class RowBlock:
    """Samples outside the table. What they are called and what was typed into them stays with the table, by `ids`."""

    ids: np.ndarray  # (samples,)
    values: np.ndarray | Shelved  # (samples, features)
    extras: tuple[np.ndarray, ...]  # one (samples,) per extra column

    def __len__(self) -> int:
        return len(self.ids)

    def on(self, shelf: Shelf) -> RowBlock:
        """The same with its numbers on a shelf."""
        return RowBlock(self.ids, shelf.put(self.values), self.extras)


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """Columns as they were before others took their places."""

    columns: np.ndarray  # of features
    values: np.ndarray  # (samples, columns)
    typed: tuple[Mapping[int, str], ...]  # one per column: row id -> text
    extras: tuple[ExtraColumn, ...]  # all of them


@dataclass(frozen=True, slots=True, eq=False)
class Numbers:
    """Numbers for every one of these columns in every one of these rows, and texts where no number stands."""

    rows: np.ndarray
    columns: np.ndarray
    values: np.ndarray | Shelved  # (rows, columns)
    texts: Mapping[tuple[int, int], str] = field(default_factory=dict)  # (row, column) of the block

    @property
    def size(self) -> int:
        """About how many numbers it is worth to write it."""
        return len(self.rows) * len(self.columns) + TEXT * len(self.texts)

    def write(self, table: InputTable) -> Numbers:
        """Do it, and give what undoes it."""
        return table.put(self)

    def on(self, shelf: Shelf) -> Numbers:
        """The same with its numbers on a shelf."""
        return Numbers(self.rows, self.columns, shelf.put(self.values), self.texts)


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """Texts for an extra column."""

    rows: np.ndarray
    extra: int
    cells: Sequence[str]
    features: int  # how many columns stand before it

    @property
    def size(self) -> int:
        """About how many numbers it is worth to write it."""
        return TEXT * len(self.rows)

    @property
    def columns(self) -> np.ndarray:
        """Of the table."""
        return np.array([self.features + self.extra])

    def write(self, table: InputTable) -> Words:
        """Do it, and give what undoes it."""
        column = table.extras[self.extra]
        texts = column.texts
        before = [texts[row] for row in self.rows.tolist()]
        column.write(self.rows, self.cells)
        table.touch()
        return Words(self.rows, self.extra, before, self.features)

    def on(self, _shelf: Shelf) -> Words:
        """The same; texts stay where they are."""
        return self


@dataclass(frozen=True, slots=True, eq=False)
class Titles:
    """Other names for samples."""

    rows: np.ndarray
    names: Sequence[str]

    @property
    def size(self) -> int:
        """About how many numbers it is worth to write it."""
        return TEXT * len(self.rows)

    @property
    def columns(self) -> np.ndarray:
        """None: no cell changes."""
        return np.array([], dtype=np.intp)

    def write(self, table: InputTable) -> Titles:
        """Do it, and give what undoes it."""
        before = [table.names[row] for row in self.rows.tolist()]
        for row, name in zip(self.rows.tolist(), self.names, strict=True):
            table.names.give(int(table.ids[row]), name)
        table.touch()
        return Titles(self.rows, before)

    def on(self, _shelf: Shelf) -> Titles:
        """The same; names stay where they are."""
        return self


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """An edit that was made on a copy of the table: the copy as it is now, and what undoes the edit."""

    table: InputTable
    taken: Any = None
    before: np.ndarray | None = None  # (rows,) which each was, -1 for a new one, where rows moved in several places


# A part of an edit of cells; `write` does it, and gives what undoes it.
Patch = Numbers | Words | Titles


class Shelved:
    """An array that may lie in a file for a while; `np.asarray` brings it back."""

    def __init__(self, array: np.ndarray) -> None:
        self.shape, self._dtype, self.nbytes = array.shape, array.dtype, array.nbytes
        self._array: np.ndarray | None = array
        self._file: IO[bytes] | None = None

    def __array__(self, dtype: object = None, copy: object = None) -> np.ndarray:
        """The numbers; from the file, if they are there."""
        array = self._array  # another thread may be about to lay it down
        if array is not None:
            return array
        assert self._file is not None
        self._file.seek(0)
        return np.frombuffer(self._file.read(), dtype=self._dtype).reshape(self.shape)

    @property
    def in_memory(self) -> bool:
        """Whether it takes room in the memory."""
        return self._array is not None

    def lay_down(self) -> None:
        """Write it to a file.

        Raises
        ------
        OSError
            If there is no room for it; then it stays where it is.
        """
        if self._array is None:
            return
        file = tempfile.TemporaryFile()  # noqa: SIM115 – it lives as long as this does
        try:
            file.write(np.ascontiguousarray(self._array).data)
        except OSError:
            file.close()
            raise
        finalize(self, file.close)
        self._file, self._array = file, None


class Shelf:
    """Where undo keeps its blocks: the newest in memory, the others in files.

    Parameters
    ----------
    memory
        Bytes.
    """

    def __init__(self, memory: int = MEMORY) -> None:
        self._memory = memory
        self._kept: WeakValueDictionary[int, Shelved] = WeakValueDictionary()
        self._order: OrderedDict[int, None] = OrderedDict()
        self._next = 0
        self._one_at_a_time = Lock()  # long edits are made in the worker
        self.full = False  # the disk took no more

    def put(self, array: np.ndarray | Shelved) -> np.ndarray | Shelved:
        """Take an array over; whoever drops what this gives forgets it."""
        if isinstance(array, Shelved) or array.nbytes < SMALLEST or 0 in array.strides:
            return array  # one number for a whole block takes no room
        shelved = Shelved(array)
        with self._one_at_a_time:
            self._next += 1
            self._kept[self._next] = shelved
            self._order[self._next] = None
            self._make_room()
        return shelved

    @property
    def nbytes(self) -> int:
        """What lies in the memory."""
        return sum(one.nbytes for one in self._kept.values() if one.in_memory)

    def _make_room(self) -> None:
        over = self.nbytes - self._memory
        for number in list(self._order):
            if over <= 0 or self.full:
                return
            shelved = self._kept.get(number)
            del self._order[number]
            if shelved is None:
                continue
            try:
                shelved.lay_down()
            except OSError:
                self.full = True  # better too much memory than an edit that cannot be undone
                return
            over -= shelved.nbytes
