"""A table from a text file: CSV, TSV, or separated by semicolons or bars.

The standard library's reader is used: it keeps the text of each cell and the line it stands in, which the table editor
shows and the errors name, and it reads the tables that a person edits in milliseconds.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from ..errors import FormatError
from .table_raw import LARGEST_TEXT, RawTable, from_text

LARGEST_CELL = 1024**2

_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_SAMPLE_LINES = 50
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def read_text(path: Path) -> RawTable:
    """Read a table whose cells are separated by commas, semicolons, tabs or bars.

    Raises
    ------
    FormatError
        If the file is no text, or if its lines do not have the same number of cells; the sentence names the line.
    """
    notes: list[str] = []
    text = text_of(path, notes)
    separator = _separator(text)
    if separator in ";|":
        notes.append(f"The cells are separated by {_SEPARATORS[separator]}.")
    return from_text(path, list(_lines(path, text, separator)), notes, commas=separator != ",")


def text_of(path: Path, notes: list[str]) -> str:
    """Read a text file in the encoding that it is written in, which is noted where it is not UTF-8.

    Raises
    ------
    FormatError
        If the file is too large, or no text.
    """
    if path.stat().st_size > LARGEST_TEXT:
        raise FormatError(
            f"{path.name} has {path.stat().st_size / 1024**2:,.0f} MiB; tables of text up to "
            f"{LARGEST_TEXT // 1024**2} MiB can be opened, so save it as Parquet, or fewer rows."
        )
    content = path.read_bytes()
    encoding = next((name for bom, name in _BOMS if content.startswith(bom)), "") or _without_mark(content)
    if not encoding.startswith("utf-16") and b"\0" in content[:65536]:
        raise FormatError(f"{path.name} is not a text table; save it as CSV first.")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding != "utf-8":
            raise FormatError(f"{path.name} is not the {encoding} text that its first bytes announce.") from error
        notes.append("The file is not UTF-8; it was read as Latin-1, so check names with accents.")
        return content.decode("latin-1")
    if encoding.startswith("utf-16"):
        notes.append("The file was read as UTF-16.")
    return text


def _without_mark(content: bytes) -> str:
    """UTF-16 without a mark at its beginning: every other byte of a text of numbers is zero."""
    first = content[:1024]
    if len(first) >= 4 and len(content) % 2 == 0:
        half = len(first) // 2
        for place, name in ((1, "utf-16-le"), (0, "utf-16-be")):
            if first[place::2].count(0) > 0.9 * half and not first[1 - place :: 2].count(0):
                return name
    return "utf-8"


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
