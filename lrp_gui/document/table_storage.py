"""Columns whose rows come and go: arrays with room to spare, and what a person renamed or typed, kept apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, overload

import numpy as np

from lrp_gui.document.table_frozen import FrozenColumn
from lrp_gui.jobs.steps import report

# Room for a share of the rows more, so that adding samples one by one is not copying the table each time.
SPARE_SHARE, SPARE_ROWS = 8, 16
SHORT = 12  # characters; longer numbers may be those of single precision, written out


def is_run(rows: np.ndarray) -> bool:
    """Whether ascending row numbers are neighbours without a gap."""
    return len(rows) > 0 and int(rows[-1]) - int(rows[0]) + 1 == len(rows)


class Column:
    """An array whose first axis, the rows, grows and shrinks; neighbours move in place.

    Parameters
    ----------
    data
        (rows, …), one or two axes. It is taken over, and keeps its order in memory: of files a column lies after the
        other, and stays so. Where each is followed by room for more rows, that is taken over too.
    """

    def __init__(self, data: np.ndarray) -> None:
        self._room = _with_its_room(data)
        self._rows = len(data)
        self._shared = False
        self._frozen: list[FrozenColumn] = []

    @property
    def data(self) -> np.ndarray:
        """What it holds; writing into it writes into the column. Say so to `before_write` where it may be frozen."""
        return self._room[: self._rows]

    def freeze(self) -> FrozenColumn:
        """What it holds now, for a reader in another thread."""
        frozen = FrozenColumn(self.data)
        self._frozen.append(frozen)
        return frozen

    def before_write(self, rows: np.ndarray | None = None) -> None:
        """Somebody writes into these rows, or into all of them."""
        for frozen in tuple(self._frozen):
            if frozen.ended:
                self._frozen.remove(frozen)
            else:
                frozen.before_write(rows)

    def copy(self) -> Column:
        """The same, which lies in the same memory until it is changed. This one may not be changed before that."""
        column = Column(self._room)
        column._rows, column._shared = self._rows, True
        column._frozen = self._frozen  # whoever reads this one reads the same memory
        return column

    def own(self) -> None:
        """Have memory of its own, in which one may write."""
        if self._shared:
            room = self._like(self._rows)
            for new, old in self._pairs(room):
                new[: self._rows] = old[: self._rows]
            self._move_to(room)

    def keep(self) -> None:
        """The one whose memory it shares is gone."""
        self._shared = False

    def takes(self, rows: np.ndarray) -> bool:
        """Whether rows can be put in without moving all others to another place, or copying them for a reader."""
        return is_run(rows) and self._rows + len(rows) <= len(self._room) and not self._is_read()

    def gives(self, rows: np.ndarray) -> bool:
        """The same of taking rows out."""
        return is_run(rows) and not self._is_read()

    def _is_read(self) -> bool:
        return not all(frozen.ended for frozen in self._frozen)

    def _move_to(self, room: np.ndarray) -> None:
        """Have other memory; who reads what was frozen goes on with the memory that it had, which nobody changes."""
        self._room, self._shared, self._frozen = room, False, []

    def insert(self, rows: np.ndarray, block: np.ndarray) -> None:
        """Put rows in, so that afterwards they stand at `rows`, which are ascending."""
        count, before = len(rows), self._rows
        if self._shared or before + count > len(self._room):
            self._move_to(self._with_room(before + count, rows, block))
        elif is_run(rows):
            self.before_write()
            self._shift(int(rows[0]), int(rows[0]) + count, before - int(rows[0]))
            self._room[int(rows[0]) : int(rows[0]) + count] = block
        else:
            self.before_write()
            old = np.ones(before + count, dtype=bool)
            old[rows] = False
            source = np.cumsum(old) - 1  # of a new row the one before it, which is written over at once
            for line in self._lines(self._room):
                line[: before + count] = line[source]
            self._room[rows] = block
        self._rows = before + count

    def remove(self, rows: np.ndarray) -> None:
        """Take rows out; they are ascending."""
        count = len(rows)
        if self._shared:
            room, kept = self._like(self._rows - count), np.delete(np.arange(self._rows), rows)
            for new, old in self._pairs(room):
                new[: len(kept)] = old[kept]
            self._move_to(room)
        elif is_run(rows):
            self.before_write()
            first, after = int(rows[0]), int(rows[-1]) + 1
            self._shift(after, first, self._rows - after)
        else:
            self.before_write()
            kept = np.delete(np.arange(self._rows), rows)
            for line in self._lines(self._room):
                line[: self._rows - count] = line[kept]
        self._rows -= count
        if self._room.dtype == object:  # what nobody sees any more need not be kept
            self._room[self._rows : self._rows + count] = None

    def _lines(self, room: np.ndarray) -> Iterable[np.ndarray]:
        """What has to be moved: the columns of a table, or rows as a whole."""
        return (room[:, column] for column in range(room.shape[1])) if self._by_column() else (room,)

    def _pairs(self, room: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """What has to be copied to another room, and from where; whoever waits for it hears how far it is."""
        lines = room.shape[1] if self._by_column() else 1
        for done, pair in enumerate(zip(self._lines(room), self._lines(self._room), strict=True)):
            report(done, lines)
            yield pair

    def _by_column(self) -> bool:
        return self._room.ndim == 2 and not self._room.flags.c_contiguous

    def _like(self, rows: int) -> np.ndarray:
        """Room for so many rows and some more, in the same order."""
        shape = (rows + rows // SPARE_SHARE + SPARE_ROWS, *self._room.shape[1:])
        return np.empty(shape, dtype=self._room.dtype, order="F" if self._by_column() else "C")

    def _shift(self, start: int, to: int, count: int) -> None:
        """Move rows to another place. Along one axis numpy does it in place; along two it would copy them first."""
        if count <= 0 or start == to:
            return
        if self._room.ndim == 2 and not self._by_column():
            width, flat = self._room.shape[1], self._room.reshape(-1)
            flat[to * width : (to + count) * width] = flat[start * width : (start + count) * width]
            return
        for line in self._lines(self._room):
            line[to : to + count] = line[start : start + count]

    def _with_room(self, rows: int, places: np.ndarray, block: np.ndarray) -> np.ndarray:
        room = self._like(rows)
        old = np.ones(rows, dtype=bool)
        old[places] = False
        first, after = int(places[0]), int(places[-1]) + 1
        run = is_run(places)
        for new, was in self._pairs(room):
            if run:
                new[:first] = was[:first]
                new[after:rows] = was[first : self._rows]
            else:
                new[:rows][old] = was[: self._rows]
        room[:rows][places] = block
        return room


def _with_its_room(data: np.ndarray) -> np.ndarray:
    """Columns with what lies behind each of them, where they were made with room for more rows."""
    base, size = data.base, data.itemsize
    if data.ndim != 2 or not isinstance(base, np.ndarray) or base.ndim != 1 or data.strides[0] != size:
        return data
    room = data.strides[1] // size
    starts = data.__array_interface__["data"][0] == base.__array_interface__["data"][0]
    if room <= len(data) or base.dtype != data.dtype or base.size != room * data.shape[1] or not starts:
        return data
    return base.reshape(data.shape[1], room).T


class Names(Sequence[str]):
    """The samples' names: their number in the file unless something else is known, made when it is asked for.

    Parameters
    ----------
    ids
        Gives (samples,) of whole numbers: what each row is, wherever it stands.
    given
        The names of the rows 0, 1, … of the file, or none.
    """

    def __init__(self, ids: Callable[[], np.ndarray], given: Sequence[str] = ()) -> None:
        self._ids, self._given = ids, given
        self._other: dict[int, str] = {}

    def of_rows(self, ids: Callable[[], np.ndarray]) -> Names:
        """The same names, for a copy of the table."""
        names = Names(ids, self._given)
        names._other = self._other
        return names

    def __len__(self) -> int:
        return len(self._ids())

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        found = self._ids()[index]
        return self.of(int(found)) if np.ndim(found) == 0 else list(map(self.of, found.tolist()))

    def __iter__(self) -> Iterator[str]:
        return map(self.of, self._ids().tolist())

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, Sequence) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def of(self, row_id: int) -> str:
        """The name of a row, by what it is."""
        other = self._other.get(row_id)
        if other is not None:
            return other
        return self._given[row_id] if row_id < len(self._given) else str(row_id + 1)

    def give(self, row_id: int, name: str) -> None:
        """Call a row something else."""
        self._other[row_id] = name

    def frozen(self) -> tuple[Sequence[str], dict[int, str]]:
        """The names of the file, and by row ids those that somebody gave, as they are now."""
        return self._given, dict(self._other)

    def free(self, wanted: str, count: int) -> list[str]:
        """`count` names that no sample has: the wanted one if it is free, then with a number behind it."""
        return self.free_each([wanted] * count)

    def free_each(self, wanted: Sequence[str]) -> list[str]:
        """For each of these names one that no sample has, and no other of them."""
        taken = set(self._other.values()) | set(self._given)
        # Of the numbers only those can be in the way which somebody wants.
        if not self._given and any(name.isdecimal() for name in wanted):
            taken.update(self)
        found, copies = list[str](), dict[str, int]()
        for name in wanted:
            free, copy = name, copies.get(name, 1)
            while free in taken or (copy > 1 and free == name):
                copy += 1
                free = f"{name} ({copy})"
            copies[name] = copy
            taken.add(free)
            found.append(free)
        return found


class ExtraColumn:
    """A column that is no input, such as the true label: shown, never explained.

    Parameters
    ----------
    name
        As it stands above the column.
    cells
        (samples,) texts, or numbers as an array; NaN is an empty cell.
    """

    def __init__(self, name: str, cells: Sequence[str] | np.ndarray) -> None:
        self.name = name
        if isinstance(cells, np.ndarray) and cells.dtype != object:
            self._column = Column(np.array(cells, dtype=np.float64))
        else:
            texts = np.empty(len(cells), dtype=object)
            texts[:] = cells
            self._column = Column(texts)

    def __len__(self) -> int:
        return len(self._column.data)

    def copy(self) -> ExtraColumn:
        """The same, in the same memory until it is changed; see `Column.copy`."""
        extra = ExtraColumn.__new__(ExtraColumn)
        extra.name, extra._column = self.name, self._column.copy()
        return extra

    def keep(self) -> None:
        """The one whose memory it shares is gone."""
        self._column.keep()

    def freeze(self) -> FrozenColumn:
        """Its cells now, for a reader in another thread."""
        return self._column.freeze()

    @property
    def cells(self) -> np.ndarray:
        """(samples,) of texts, or of numbers."""
        return self._column.data

    @property
    def numbers(self) -> np.ndarray | None:
        """(samples,) where it holds numbers alone, else None."""
        return self.cells if self.cells.dtype != object else None

    @property
    def texts(self) -> Texts:
        """Its cells as they are shown."""
        return Texts(self.cells)

    def write(self, rows: np.ndarray, texts: Sequence[str]) -> None:
        """Put texts into cells; of a column of numbers they make one of texts where they are not the same."""
        self._column.own()
        if self.numbers is not None:
            numbers = np.array([_number_of(text) for text in texts])
            if all(number_text(number) == text for number, text in zip(numbers.tolist(), texts, strict=True)):
                self._column.before_write(rows)
                self.cells[rows] = numbers
                return
            self._column = Column(np.array([*self.texts, None], dtype=object)[:-1])
        self._column.before_write(rows)
        for row, text in zip(rows.tolist(), texts, strict=True):
            self.cells[row] = text

    def insert(self, rows: np.ndarray, cells: np.ndarray) -> None:
        """Put cells in, so that they stand at `rows`."""
        if cells.dtype == object and self.numbers is not None:
            self._column = Column(np.array([*self.texts, None], dtype=object)[:-1])
        elif cells.dtype != object and self.numbers is None:
            cells = np.array([*Texts(cells), None], dtype=object)[:-1]
        self._column.insert(rows, cells)

    def remove(self, rows: np.ndarray) -> np.ndarray:
        """Take cells out, and give them."""
        taken = self.cells[rows].copy()
        self._column.remove(rows)
        return taken


class Texts(Sequence[str]):
    """Cells as texts, made when they are asked for."""

    def __init__(self, cells: np.ndarray) -> None:
        self._cells = cells

    def __len__(self) -> int:
        return len(self._cells)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        found = self._cells[index]
        return list(map(_cell_text, found)) if isinstance(found, np.ndarray) else _cell_text(found)

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, Sequence) else NotImplemented

    __hash__ = None  # type: ignore[assignment]


class Typed:
    """What was typed into cells that hold no finite number, by column and by what the row is: few, so kept apart."""

    def __init__(self) -> None:
        self._columns: dict[int, dict[int, str]] = {}

    def __bool__(self) -> bool:
        return any(self._columns.values())

    def copy(self) -> Typed:
        """The same texts."""
        typed = Typed()
        typed._columns = {column: dict(cells) for column, cells in self._columns.items()}
        return typed

    def get(self, row_id: int, column: int) -> str:
        """What stands in a cell, "" where nothing does."""
        cells = self._columns.get(column)
        return cells.get(row_id, "") if cells else ""

    def put(self, row_id: int, column: int, text: str) -> None:
        """Keep a text; "" forgets the one that was there."""
        if text:
            self._columns.setdefault(column, {})[row_id] = text
        elif column in self._columns:
            self._columns[column].pop(row_id, None)

    def inside(self, ids: np.ndarray, columns: np.ndarray) -> dict[tuple[int, int], str]:
        """The texts in a block: (row of the block, column of the block) -> text."""
        found: dict[tuple[int, int], str] = {}
        for place, column in enumerate(columns.tolist()):
            cells = self._columns.get(column)
            if not cells:
                continue
            if len(cells) > len(ids):
                rows = ((row, cells.get(row_id, "")) for row, row_id in enumerate(ids.tolist()))
            else:
                known = np.fromiter(cells, dtype=np.int64, count=len(cells))
                rows = ((row, cells[int(ids[row])]) for row in np.flatnonzero(np.isin(ids, known)).tolist())
            found |= {(row, place): text for row, text in rows if text}
        return found

    def column(self, column: int) -> Mapping[int, str]:
        """The texts of a column by what their rows are, also of rows that are gone for now."""
        return self._columns.get(column, {})

    def replace(self, column: int, texts: Mapping[int, str]) -> None:
        """Put other texts in the place of all of a column's."""
        self._columns[column] = dict(texts)

    def frozen(self) -> dict[int, dict[int, str]]:
        """Column -> row id -> text, as they are now."""
        return {column: dict(cells) for column, cells in self._columns.items() if cells}


def number_text(value: float) -> str:
    """The shortest text that reads back as the same number: 59, not 59.0; "" for what is missing."""
    if value != value:  # noqa: PLR0124 – NaN alone is unlike itself
        return ""
    short = f"{value:.15g}"
    return short if float(short) == value else repr(float(value))


def shown_text(value: float) -> str:
    """The same to look at: of a number in single precision the digits that tell it apart there, 0.1 for 0.1f.

    Not for files, copies and editors: read back it may be the number beside it.
    """
    text = number_text(value)
    if len(text) <= SHORT or value.is_integer() or not 1e-37 < abs(value) < 1e38:
        return text
    single = np.float32(value)
    return text if float(single) != value else str(single)


def _number_of(text: str) -> float:
    try:
        return float(text) if text else float("nan")
    except ValueError:
        return float("nan")


def _cell_text(cell: Any) -> str:
    return cell if isinstance(cell, str) else number_text(cell)
