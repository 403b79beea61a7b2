"""What every reader of tables makes: columns with names, numbers, and each cell as it was typed."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, overload

from ..errors import FormatError
from .cells import number, writes_decimal_comma, writes_decimal_point

if TYPE_CHECKING:
    import numpy as np

LARGEST_TEXT = 512 * 1024**2  # bytes of a table that is read as text
MOST_NUMBERS = 2**27  # cells of a table that is read as numbers: one GiB of them
_BLOCK = 8192  # rows

Bad = dict[tuple[int, int], tuple[str, str]]


@dataclass(frozen=True, slots=True, eq=False)
class RawTable:
    """What a table file holds, before it is matched to a network.

    Attributes
    ----------
    names : tuple of str
        The columns' names; invented ones (“column 1” …) if the file has no header.
    cells : sequence of sequences of str
        (samples, columns), as typed; of files that hold numbers instead of text, made when they are asked for.
    values : ndarray
        (samples, columns) in float64; NaN where the text is no number.
    named : bool
        Whether the file has a header.
    bad : dict
        (row, column) -> (text, reason) for every cell that cannot be used as a number, both counted from 0.
    decimal_comma : bool
        Whether the file writes 3,14.
    notes : tuple of str
        What was assumed on reading, in sentences.
    left_out : dict
        Column -> why it is not in the table, as half a sentence: “holds lists”.
    """

    names: tuple[str, ...]
    cells: Sequence[Sequence[str]]
    values: np.ndarray
    named: bool
    bad: Bad
    decimal_comma: bool = False
    notes: tuple[str, ...] = ()
    left_out: Mapping[str, str] | None = None

    def column(self, column: int) -> tuple[str, ...]:
        """One column as typed."""
        if isinstance(self.cells, WrittenCells):
            return self.cells.column(column)
        return tuple(row[column] for row in self.cells)


class WrittenCells(Sequence[Sequence[str]]):
    """The cells of a file that holds numbers: written out as they are asked for.

    Parameters
    ----------
    values : ndarray
        (samples, columns).
    texts : mapping
        Column -> its cells, where they are texts.
    """

    def __init__(self, values: np.ndarray, texts: Mapping[int, Sequence[str]]) -> None:
        self._values, self._texts = values, texts

    def __len__(self) -> int:
        return len(self._values)

    @overload
    def __getitem__(self, index: int) -> tuple[str, ...]: ...
    @overload
    def __getitem__(self, index: slice) -> list[tuple[str, ...]]: ...
    def __getitem__(self, index: int | slice) -> tuple[str, ...] | list[tuple[str, ...]]:
        if isinstance(index, slice):
            return [self[row] for row in range(*index.indices(len(self)))]
        written = [_written(value) for value in self._values[index].tolist()]
        for column, texts in self._texts.items():
            written[column] = texts[index]
        return tuple(written)

    def column(self, column: int) -> tuple[str, ...]:
        """One column of them."""
        texts = self._texts.get(column)
        return tuple(texts) if texts is not None else tuple(map(_written, self._values[:, column].tolist()))


def from_text(
    path: Path,
    lines: list[tuple[int, list[str]]],
    notes: list[str],
    *,
    names: tuple[str, ...] = (),
    row: str = "Line",
    commas: bool = True,
) -> RawTable:
    """Make a table of rows of text: find the header, and read the numbers.

    Parameters
    ----------
    path : Path
        The file.
    lines : list
        The rows that are not blank, each with its number in the file.
    notes : list of str
        What was assumed so far; more is added.
    names : tuple of str
        The columns' names, where they stand elsewhere than in the first row.
    row : str
        What the file's rows are called.
    commas : bool
        Whether a comma may stand before decimals.

    Raises
    ------
    FormatError
        If there is no row, if rows differ in length, or if two columns have the same name.
    """
    if not lines:
        raise FormatError(f"{path.name} is empty; a table needs a line of names and at least one line of numbers.")
    if not names:
        lines = _without_empty_last_column(lines)
    width = len(lines[0][1])
    for place, cells in lines:
        if len(cells) != width:
            counted = f"{len(cells)} cell" if len(cells) == 1 else f"{len(cells)} cells"
            raise FormatError(f"{row} {place} of {path.name} has {counted}, but the first line has {width}.")
    body = [cells for _, cells in lines]
    comma = commas and _has_decimal_commas(body)
    if comma:
        notes.append("Decimal commas were read as decimal points.")
    named = bool(names) or any(number(cell, decimal_comma=comma)[1] == "not a number" for cell in body[0])
    if named and not names:
        names = header(path, body.pop(0))
        if not body:
            raise FormatError(f"{path.name} holds column names but no line of numbers.")
    elif not named:
        names = tuple(f"column {position}" for position in range(1, width + 1))
        notes.append("The first line holds numbers, so the table was read as one without column names.")
    cells = tuple(tuple(cells) for cells in body)
    values, bad = _numbers(cells, decimal_comma=comma)
    return RawTable(names, cells, values, named, bad, comma, tuple(notes))


def from_values(
    names: tuple[str, ...],
    values: np.ndarray,
    notes: Sequence[str],
    *,
    named: bool = True,
    texts: Mapping[int, Sequence[str]] | None = None,
    left_out: Mapping[str, str] | None = None,
) -> RawTable:
    """Make a table of numbers.

    Parameters
    ----------
    names : tuple of str
        The columns' names.
    values : ndarray
        (samples, columns) in float64. The columns of texts are filled in with the numbers that these are.
    notes : sequence of str
        What was assumed.
    named : bool
        Whether the file names its columns.
    texts : mapping, optional
        Column -> its cells, where they are texts.
    left_out : mapping, optional
        Column -> why it is not in the table.
    """
    import numpy as np

    texts = texts or {}
    bad: Bad = {}
    for column, cells in texts.items():
        for row, text in enumerate(cells):
            values[row, column], reason = number(text)
            if reason:
                bad[row, column] = (text, reason)
    for first in range(0, len(values), _BLOCK):  # by blocks: a window behind this thread gets its turns
        finite = np.isfinite(values[first : first + _BLOCK])
        if finite.all():
            continue
        for row, column in np.argwhere(~finite).tolist():
            if column not in texts:
                value = float(values[first + row, column])
                bad[first + row, column] = (_written(value), "missing" if math.isnan(value) else "infinite")
    return RawTable(names, WrittenCells(values, texts), values, named, bad, notes=tuple(notes), left_out=left_out)


def header(path: Path, row: Sequence[str]) -> tuple[str, ...]:
    """Read the columns' names.

    Raises
    ------
    FormatError
        If a name stands there twice.
    """
    names = tuple(name or f"column {position}" for position, name in enumerate(row, start=1))
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        at = " and ".join(str(i) for i, name in enumerate(names, start=1) if name == twice[0])
        raise FormatError(f"{path.name} has the column name “{twice[0]}” more than once, in columns {at}; rename one.")
    return names


def check_count(path: Path, rows: int, columns: int) -> None:
    """Refuse a table that would fill the memory, before it does.

    Raises
    ------
    FormatError
        If it has more than `MOST_NUMBERS` cells, or none.
    """
    if not rows or not columns:
        raise FormatError(f"{path.name} is empty; a table needs at least one column and one row of numbers.")
    if rows * columns > MOST_NUMBERS:
        raise FormatError(
            f"{path.name} has {rows:,} rows of {columns:,} numbers; tables up to {MOST_NUMBERS // 10**6} million "
            "numbers can be opened, so save fewer rows."
        )


@contextmanager
def damaged(path: Path, what: str) -> Iterator[None]:
    """Say in a sentence of ours what a library says of a file that it cannot read.

    Raises
    ------
    FormatError
        In place of whatever the library raises. One written in Rust that runs into something unforeseen raises what
        is no `Exception`, and would end the thread.
    """
    try:
        yield
    except FormatError:
        raise
    except MemoryError as error:
        raise FormatError(f"{path.name} does not fit into the memory; save fewer rows.") from error
    except BaseException as error:  # see above; what is neither is passed on
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        first = str(error).strip().partition("\n")[0][:200] or type(error).__name__
        raise FormatError(f"{path.name} cannot be read as {what}: {first}") from error


def in_words(parts: Sequence[str], most: int = 5) -> str:
    """Write the first of these, and how many more there are."""
    shown = ", ".join(parts[:most])
    return f"{shown} and {len(parts) - most} more" if len(parts) > most else shown


def _written(value: float) -> str:
    if math.isnan(value):
        return ""
    short = f"{value:.15g}"
    return short if float(short) == value else repr(value)


def _without_empty_last_column(lines: list[tuple[int, list[str]]]) -> list[tuple[int, list[str]]]:
    """Some programs end every line with a separator."""
    while len(lines[0][1]) > 1 and all(len(row) == len(lines[0][1]) and not row[-1] for _, row in lines):
        lines = [(line, row[:-1]) for line, row in lines]
    return lines


def _has_decimal_commas(rows: list[list[str]]) -> bool:
    """Whether some cell can only be a number with a decimal comma, and none has a decimal point."""
    found = False
    for row in rows:
        for cell in row:
            if "," in cell:
                found = found or writes_decimal_comma(cell)
            elif writes_decimal_point(cell):
                return False
    return found


def _numbers(cells: tuple[tuple[str, ...], ...], *, decimal_comma: bool) -> tuple[np.ndarray, Bad]:
    import numpy as np

    values = np.empty((len(cells), len(cells[0])), dtype=np.float64)
    bad: Bad = {}
    for i, row in enumerate(cells):
        for j, text in enumerate(row):
            values[i, j], reason = number(text, decimal_comma=decimal_comma)
            if reason:
                bad[i, j] = (text, reason)
    return values, bad
