"""A table from a text file: CSV, TSV, or separated by semicolons or bars.

The standard library's reader is used: it keeps the text of each cell and the line it stands in, which the table editor
shows and the errors name, and it reads the tables that a person edits in milliseconds. Large files are read as numbers
(`table_quick`).
"""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from ..errors import FormatError
from .table_options import AS_FOUND, ENCODINGS, SEPARATORS, Reading
from .table_raw import LARGEST_TEXT, RawTable, from_text

LARGEST_CELL = 1024**2
QUICK = 4 * 1024**2  # bytes from which on a file is read as numbers

_SAMPLE_LINES = 50
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def read_text(path: Path, reading: Reading = AS_FOUND, progress: Callable[[int, int], None] | None = None) -> RawTable:
    """Read a table whose cells are separated by commas, semicolons, tabs or bars; of a large one say how far it is.

    Raises
    ------
    FormatError
        If the file is no text, or if its lines do not have the same number of cells; the sentence names the line.
    """
    if path.stat().st_size > QUICK:
        from .table_quick import read_quickly

        return read_quickly(path, reading, progress)
    notes: list[str] = []
    text, encoding = text_of(path, notes, reading)
    return of_text(path, text, notes, replace(reading, encoding=encoding))


def peek_text(path: Path, reading: Reading, most: int) -> RawTable:
    """Read the first lines of a table of text: of so many bytes.

    Raises
    ------
    FormatError
        As `read_text`.
    """
    notes: list[str] = []
    text, encoding = text_of(path, notes, reading, most)
    return of_text(path, text, notes, replace(reading, encoding=encoding))


def of_text(path: Path, text: str, notes: list[str], reading: Reading) -> RawTable:
    """Read a table that was decoded.

    Raises
    ------
    FormatError
        As `read_text`.
    """
    separator = reading.separator or separator_of(text)
    if separator in ";|" and not reading.separator:
        notes.append(f"The cells are separated by {SEPARATORS[separator]}.")
    lines = list(lines_of(path, text, separator))
    reading = replace(reading, separator=separator)
    return from_text(path, lines, notes, commas=separator != ",", reading=reading)


def text_of(path: Path, notes: list[str], reading: Reading = AS_FOUND, most: int = 0) -> tuple[str, str]:
    """Read a text file in the encoding that it is written in, which is noted where it is not UTF-8.

    Parameters
    ----------
    path : Path
        The file.
    notes : list of str
        What was assumed is added.
    reading : Reading
        May name an encoding.
    most : int
        Read no more than so many bytes, and no more than whole lines; 0 for all.

    Returns
    -------
    text, encoding : str

    Raises
    ------
    FormatError
        If the file is too large, or no text.
    """
    if path.stat().st_size > LARGEST_TEXT and not most:
        raise FormatError(
            f"{path.name} has {path.stat().st_size / 1024**2:,.0f} MiB; tables of text up to "
            f"{LARGEST_TEXT // 1024**2} MiB can be opened, so save it as Parquet, or fewer rows."
        )
    with path.open("rb") as stream:
        content = stream.read(most) if most else stream.read()
        whole = not most or not stream.read(1)
    encoding = reading.encoding or encoding_of(path, content)
    if not whole:
        content = content[: len(content) - len(content) % 2]
    try:
        text = codecs.getincrementaldecoder("utf-8-sig" if encoding == "utf-8" else encoding)().decode(
            content, final=whole
        )
    except UnicodeDecodeError as error:
        if reading.encoding:
            name = ENCODINGS.get(encoding, encoding)
            raise FormatError(
                f"{path.name} is no {name} text: at byte {error.start + 1:,} stands what {name} does not have.",
                choice="encoding",
            ) from error
        if encoding != "utf-8" or content.startswith(codecs.BOM_UTF8):
            raise FormatError(f"{path.name} is not the {encoding} text that its first bytes announce.") from error
        notes.append("The file is not UTF-8; it was read as Latin-1, so check names with accents.")
        encoding, text = "latin-1", content.decode("latin-1")
    if encoding.startswith("utf-16") and not reading.encoding:
        notes.append("The file was read as UTF-16.")
    return (text if whole else text[: max(text.rfind("\n"), text.rfind("\r")) + 1] or text), encoding


def encoding_of(path: Path, content: bytes) -> str:
    """What the first bytes say of the encoding; UTF-8 where they say nothing.

    Raises
    ------
    FormatError
        If it is no text.
    """
    encoding = next((name for bom, name in _BOMS if content.startswith(bom)), "") or _without_mark(content)
    if not encoding.startswith("utf-16") and b"\0" in content[:65536]:
        raise FormatError(f"{path.name} is not a text table; save it as CSV first.")
    return encoding


def _without_mark(content: bytes) -> str:
    """UTF-16 without a mark at its beginning: every other byte of a text of numbers is zero."""
    first = content[:1024]
    if len(first) >= 4 and len(content) % 2 == 0:
        half = len(first) // 2
        for place, name in ((1, "utf-16-le"), (0, "utf-16-be")):
            if first[place::2].count(0) > 0.9 * half and not first[1 - place :: 2].count(0):
                return name
    return "utf-8"


def separator_of(text: str) -> str:
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

    best = max(SEPARATORS, key=fits)
    return best if fits(best) > (0, 0) else ","


def lines_of(path: Path, text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each line that is not blank, with its number in the file."""
    csv.field_size_limit(LARGEST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield reader.line_num, [cell.strip() for cell in row]
    except csv.Error as error:
        raise FormatError(
            f"{path.name} cannot be read at line {reader.line_num}: {error}.", choice="separator"
        ) from error
