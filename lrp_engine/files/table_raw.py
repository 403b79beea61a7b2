"""What every reader of tables makes: columns with names, numbers, and each cell as it was typed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import FormatError
from .cells import number, writes_decimal_comma, writes_decimal_point
from .table_cells import Unusable, WrittenCells, numbers_of
from .table_options import AS_FOUND, Reading

if TYPE_CHECKING:
    import numpy as np

LARGEST_TEXT = 512 * 1024**2  # bytes of a table that is read as text
MOST_NUMBERS = 2**27  # cells of a table that is read as numbers: one GiB of them

Bad = Mapping[tuple[int, int], tuple[str, str]]


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
    bad : mapping
        (row, column) -> (text, reason) for every cell that cannot be used as a number, both counted from 0; of large
        files and of those that hold numbers found when it is asked for.
    decimal_comma : bool
        Whether the file writes 3,14.
    notes : tuple of str
        What was assumed on reading, in sentences.
    left_out : dict
        Column -> why it is not in the table, as half a sentence: “holds lists”.
    kind : str
        “text”, “parquet”, “excel”, “json”, “arrays” or “pictures”.
    found : Reading
        How it was read, complete for its kind.
    sheets : tuple of str
        Of a workbook, all that it has.
    """

    names: tuple[str, ...]
    cells: Sequence[Sequence[str]]
    values: np.ndarray
    named: bool
    bad: Bad
    decimal_comma: bool = False
    notes: tuple[str, ...] = ()
    left_out: Mapping[str, str] | None = None
    kind: str = "text"
    found: Reading = AS_FOUND
    sheets: tuple[str, ...] = ()

    def column(self, column: int) -> tuple[str, ...]:
        """One column as typed."""
        if isinstance(self.cells, WrittenCells):
            return self.cells.column(column)
        return tuple(row[column] for row in self.cells)

    def numbers(self, column: int) -> np.ndarray | None:
        """One column of a file that holds numbers, NaN where they are missing; None where there are texts."""
        if isinstance(self.cells, WrittenCells) and not self.cells.has_texts(column):
            return self.values[:, column]
        return None


def from_text(
    path: Path,
    lines: list[tuple[int, list[str]]],
    notes: list[str],
    *,
    names: tuple[str, ...] = (),
    row: str = "Line",
    commas: bool = True,
    reading: Reading = AS_FOUND,
    kind: str = "text",
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
    reading : Reading
        How somebody wants it to be read.
    kind : str
        Of what kind the file is.

    Raises
    ------
    FormatError
        If there is no row, if rows differ in length, or if two columns have the same name.
    """
    if not lines:
        raise FormatError(f"{path.name} is empty; a table needs a line of names and at least one line of numbers.")
    if not names:
        lines = _without_empty_last_column(lines)
    lines = _evened(path, lines, notes, row, reading)
    body = [cells for _, cells in lines]
    comma = reading.decimal == "," if reading.decimal else commas and _has_decimal_commas(body)
    if comma and not reading.decimal:
        notes.append("Decimal commas were read as decimal points.")
    named = bool(names) or any(number(cell, decimal_comma=comma)[1] == "not a number" for cell in body[0])
    if reading.header is not None and not names:
        named = reading.header
    if named and not names:
        names = header(path, body.pop(0), notes, reading)
        if not body:
            raise FormatError(f"{path.name} holds column names but no line of numbers.")
    elif not named:
        names = tuple(f"column {position}" for position in range(1, len(body[0]) + 1))
        if reading.header is None:
            notes.append("The first line holds numbers, so the table was read as one without column names.")
    cells = tuple(tuple(cells) for cells in body)
    values, bad = _numbers(cells, decimal_comma=comma)
    found = replace(reading, decimal="," if comma else ".", header=named)
    return RawTable(names, cells, values, named, bad, comma, tuple(notes), kind=kind, found=found)


def _evened(
    path: Path, lines: list[tuple[int, list[str]]], notes: list[str], row: str, reading: Reading
) -> list[tuple[int, list[str]]]:
    """Lines of one length.

    Raises
    ------
    FormatError
        If they are not, and nobody said what to do about it.
    """
    width = len(lines[0][1])
    uneven = [(place, cells) for place, cells in lines if len(cells) != width]
    if not uneven:
        return lines
    place, cells = uneven[0]
    counted = f"{len(cells)} cell" if len(cells) == 1 else f"{len(cells)} cells"
    said = f"{row} {place} of {path.name} has {counted}, but the first line has {width}"
    more = f" ({len(uneven)} lines are of another length)" if len(uneven) > 1 else ""
    if reading.uneven == "refuse":
        raise FormatError(f"{said}{more}.", choice="uneven")
    if reading.uneven == "skip":
        notes.append(f"{said}{more}; what is of another length was left out.")
        return [line for line in lines if len(line[1]) == width]
    notes.append(f"{said}{more}; what is missing was left empty, and what is too much was cut off.")
    return [(place, (cells + [""] * width)[:width]) for place, cells in lines]


def from_values(
    names: tuple[str, ...],
    values: np.ndarray,
    notes: Sequence[str],
    *,
    named: bool = True,
    texts: Mapping[int, Sequence[str]] | None = None,
    left_out: Mapping[str, str] | None = None,
    kind: str = "arrays",
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
    kind : str
        Of what kind the file is.
    """
    texts = texts or {}
    for column, cells in texts.items():
        values[:, column] = numbers_of(cells)
    bad = Unusable(values, texts)
    return RawTable(
        *(names, WrittenCells(values, texts), values, named, bad),
        notes=tuple(notes),
        left_out=left_out,
        kind=kind,
        found=Reading(header=named),
    )


def header(path: Path, row: Sequence[str], notes: list[str], reading: Reading = AS_FOUND) -> tuple[str, ...]:
    """Read the columns' names.

    Raises
    ------
    FormatError
        If a name stands there twice, and nobody said what to do about it.
    """
    names = tuple(name or f"column {position}" for position, name in enumerate(row, start=1))
    twice = [name for name, times in Counter(names).items() if times > 1]
    if not twice:
        return names
    at = " and ".join(str(i) for i, name in enumerate(names, start=1) if name == twice[0])
    said = f"{path.name} has the column name “{twice[0]}” more than once, in columns {at}"
    if reading.alike == "refuse":
        raise FormatError(f"{said}; rename one.", choice="alike")
    notes.append(f"{said}; the later ones got a number behind it.")
    return _numbered(names)


def _numbered(names: Sequence[str]) -> tuple[str, ...]:
    """Tell columns of one name apart: a, a (2), a (3)."""
    taken, found = set(names), list[str]()
    for name in names:
        free, copy = name, 1
        while free in found or (copy > 1 and free in taken):
            copy += 1
            free = f"{name} ({copy})"
        found.append(free)
    return tuple(found)


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
