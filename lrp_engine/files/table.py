"""A table of samples from a CSV or TSV file, with every cell as it was typed.

The standard library's reader is used: it keeps the text of each cell and the line it stands in, which the table editor
shows and the errors name, and it reads the tables that a person edits in milliseconds.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import FormatError
from .cells import number, writes_decimal_comma, writes_decimal_point
from .columns import Matched, match_columns, row_problems
from .features import standardise

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Matched", "RawTable", "match_columns", "read_table", "row_problems", "standardise"]

LARGEST_FILE = 512 * 1024**2
LARGEST_CELL = 1024**2

_SEPARATORS = (",", ";", "\t", "|")
_SAMPLE_LINES = 50
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(frozen=True, slots=True, eq=False)
class RawTable:
    """What a table file holds, before it is matched to a network.

    Attributes
    ----------
    names : tuple of str
        The columns' names; invented ones (“column 1” …) if the file has no header.
    cells : tuple of tuple of str
        (samples, columns), as typed.
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
    """

    names: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    values: np.ndarray
    named: bool
    bad: dict[tuple[int, int], tuple[str, str]]
    decimal_comma: bool = False
    notes: tuple[str, ...] = ()


def read_table(path: str | Path) -> RawTable:
    """Read a table whose cells are separated by commas, semicolons, tabs or bars.

    Raises
    ------
    FormatError
        If the file is missing, empty or no text, or if its lines do not have the same number of cells; the sentence
        names the line.
    """
    path = Path(path)
    notes: list[str] = []
    text = _text(path, notes)
    separator = _separator(text)
    lines = list(_lines(path, text, separator))
    if not lines:
        raise FormatError(f"{path.name} is empty; a table needs a line of names and at least one line of numbers.")
    lines = _without_empty_last_column(lines)
    _check_widths(path, lines)

    body = [cells for _, cells in lines]
    comma = separator != "," and _has_decimal_commas(body)
    if comma:
        notes.append("Decimal commas were read as decimal points.")
    named = any(number(cell, decimal_comma=comma)[1] == "not a number" for cell in body[0])
    if named:
        names = _header(path, body.pop(0))
        if not body:
            raise FormatError(f"{path.name} holds column names but no line of numbers.")
    else:
        names = tuple(f"column {position}" for position in range(1, len(body[0]) + 1))
        notes.append("The first line holds numbers, so the table was read as one without column names.")
    cells = tuple(tuple(row) for row in body)
    values, bad = _numbers(cells, decimal_comma=comma)
    return RawTable(names, cells, values, named, bad, comma, tuple(notes))


def _text(path: Path, notes: list[str]) -> str:
    if path.is_dir():
        raise FormatError(f"{path.name} is a folder; choose a CSV file in it.")
    try:
        size = path.stat().st_size
        if size > LARGEST_FILE:
            raise FormatError(
                f"{path.name} has {size / 1024**2:,.0f} MiB; tables up to {LARGEST_FILE // 1024**2} MiB can be opened."
            )
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise FormatError(f"There is no file {path}.") from error
    except OSError as error:
        raise FormatError(f"{path.name} cannot be read: {error.strerror or error}.") from error
    encoding = next((name for bom, name in _BOMS if content.startswith(bom)), "utf-8")
    if encoding != "utf-16" and b"\0" in content[:65536]:
        raise FormatError(f"{path.name} is not a text table; save it as CSV first.")
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding != "utf-8":
            raise FormatError(f"{path.name} is not the {encoding} text that its first bytes announce.") from error
    notes.append("The file is not UTF-8; it was read as Latin-1, so check names with accents.")
    return content.decode("latin-1")


def _separator(text: str) -> str:
    """The separator that splits the first lines into the same number of cells, the more cells the better."""
    sample = text[:65536].splitlines(keepends=True)[: _SAMPLE_LINES + 1]
    if len(text) > sum(map(len, sample)) and len(sample) > 1:
        sample.pop()

    def fits(separator: str) -> tuple[int, int]:
        try:
            widths = Counter(len(row) for row in csv.reader(sample, delimiter=separator) if row)
        except csv.Error:
            return 0, 0
        # The first line's width decides; a separator inside some cells only splits lines unevenly.
        first = next((len(row) for row in csv.reader(sample, delimiter=separator) if row), 0)
        return (widths[first], first) if first > 1 else (0, 0)

    best = max(_SEPARATORS, key=fits)
    return best if fits(best) > (0, 0) else ","


def _lines(path: Path, text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each line that is not blank, with its number in the file."""
    csv.field_size_limit(LARGEST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield reader.line_num, [cell.strip() for cell in row]
    except csv.Error as error:
        raise FormatError(f"{path.name} cannot be read at line {reader.line_num}: {error}.") from error


def _without_empty_last_column(lines: list[tuple[int, list[str]]]) -> list[tuple[int, list[str]]]:
    """Some programs end every line with a separator."""
    while len(lines[0][1]) > 1 and all(len(row) == len(lines[0][1]) and not row[-1] for _, row in lines):
        lines = [(line, row[:-1]) for line, row in lines]
    return lines


def _check_widths(path: Path, lines: list[tuple[int, list[str]]]) -> None:
    width = len(lines[0][1])
    for line, row in lines:
        if len(row) != width:
            raise FormatError(f"Line {line} of {path.name} has {_cells(len(row))}, but the first line has {width}.")


def _cells(count: int) -> str:
    return f"{count} cell" if count == 1 else f"{count} cells"


def _header(path: Path, row: list[str]) -> tuple[str, ...]:
    names = tuple(name or f"column {position}" for position, name in enumerate(row, start=1))
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        at = " and ".join(str(i) for i, name in enumerate(names, start=1) if name == twice[0])
        raise FormatError(f"{path.name} has the column name “{twice[0]}” more than once, in columns {at}; rename one.")
    return names


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


def _numbers(
    cells: tuple[tuple[str, ...], ...], *, decimal_comma: bool
) -> tuple[np.ndarray, dict[tuple[int, int], tuple[str, str]]]:
    import numpy as np

    values = np.empty((len(cells), len(cells[0])), dtype=np.float64)
    bad: dict[tuple[int, int], tuple[str, str]] = {}
    for i, row in enumerate(cells):
        for j, text in enumerate(row):
            values[i, j], reason = number(text, decimal_comma=decimal_comma)
            if reason:
                bad[i, j] = (text, reason)
    return values, bad
