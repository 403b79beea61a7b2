"""A large table from a text file, read as numbers: what is no number is looked at again, and nothing typed is lost.

The lines are counted and measured first, so that an uneven one is named; polars then reads the cells. Whatever it does
not take for a number is read once more as text, by the rules of `cells`. Labels of other columns are read when they are
asked for: 007 is no 7.
"""

from __future__ import annotations

import codecs
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING

from ..errors import FormatError
from .cells import number
from .table_cells import Unusable, WrittenCells
from .table_options import AS_FOUND, SEPARATORS, Reading
from .table_raw import RawTable, check_count, damaged, from_text, header
from .tensors import check_unchanged, file_stamp

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

LARGEST = 4 * 1024**3  # bytes
_BLOCK = 4 * 1024**2
_HEAD = 256 * 1024  # bytes in which the separator, the decimal sign and the header are found
_AGAIN = 2**24  # cells that are looked at again at once
_MOST_TYPED = 2_000_000  # cells that are no numbers, in columns that are mostly numbers


@dataclass(frozen=True, slots=True)
class _Lines:
    """What a look at every line found."""

    first: int  # the first line that is not blank, counted from 0
    second: int  # and the one after it
    count: int  # lines that are not blank
    width: int
    uneven: tuple[int, int] | None  # the first of another length: its number, and its cells
    odd: int  # how many are of another length


def read_quickly(
    path: Path, reading: Reading = AS_FOUND, progress: Callable[[int, int], None] | None = None
) -> RawTable:
    """Read a large table of text; `progress` is told how many bytes of how many were looked at.

    Raises
    ------
    FormatError
        As for small ones, or if it is too large.
    """
    size = path.stat().st_size
    if size > LARGEST:
        raise FormatError(
            f"{path.name} has {size / 1024**3:,.1f} GiB; tables of text up to {LARGEST // 1024**3} GiB can be opened, "
            "so save it as Parquet, or fewer rows."
        )
    notes: list[str] = []
    with _as_utf8(path, notes, reading) as (source, encoding):
        return _read(path, source, notes, replace(reading, encoding=encoding), reading, progress)


def _read(
    path: Path,
    source: Path,
    notes: list[str],
    reading: Reading,
    wanted: Reading,
    progress: Callable[[int, int], None] | None,
) -> RawTable:
    from .table_text import lines_of, separator_of

    with source.open("rb") as stream:
        head = stream.read(_HEAD).decode("utf-8-sig", "ignore")
    separator = wanted.separator or separator_of(head)
    if separator in ";|" and not wanted.separator:
        notes.append(f"The cells are separated by {SEPARATORS[separator]}.")
    reading = replace(reading, separator=separator)
    lines = _measure(path, source, separator, progress)
    check_count(path, lines.count - 1, lines.width)
    _say_uneven(path, lines, notes, reading)
    # The first lines alone tell of the header and of the decimals, by the rules for small tables.
    start = head[: max(head.rfind("\n"), 0)] or head
    sample = list(lines_of(path, start, separator))[:1000]
    small = from_text(path, sample, [], commas=separator != ",", reading=replace(wanted, uneven="fill", alike="number"))
    comma = small.decimal_comma
    names = small.names
    if small.named:
        names = header(path, (*sample[0][1], *[""] * lines.width)[: lines.width], notes, reading)
    else:
        names = tuple(f"column {position}" for position in range(1, lines.width + 1))
        if wanted.header is None:
            notes.append("The first line holds numbers, so the table was read as one without column names.")
    if comma and not wanted.decimal:
        notes.append("Decimal commas were read as decimal points.")
    reader = _Reader(
        path, source, separator, lines, reading, skip=lines.second if small.named else lines.first, comma=comma
    )
    values, texts, typed = reader.read()
    if small.named and not sample[0][1][-1] and lines.width > 1 and lines.width - 1 not in texts:
        import numpy as np

        if np.isnan(values[:, -1]).all() and not any(column == lines.width - 1 for _row, column in typed):
            names, values = names[:-1], values[:, :-1]  # some programs end every line with a separator
    found = replace(reading, decimal="," if comma else ".", header=small.named)
    return RawTable(
        names,
        WrittenCells(values, texts, reader.column),
        values,
        small.named,
        Unusable(values, texts, typed, decimal_comma=comma),
        comma,
        tuple(notes),
        found=found,
    )


def _say_uneven(path: Path, lines: _Lines, notes: list[str], reading: Reading) -> None:
    """Refuse lines of another length, or say what becomes of them."""
    if lines.uneven is None:
        return
    place, cells = lines.uneven
    counted = f"{cells} cell" if cells == 1 else f"{cells} cells"
    said = f"Line {place} of {path.name} has {counted}, but the first line has {lines.width}"
    said += f" ({lines.odd:,} lines are of another length)" if lines.odd > 1 else ""
    if reading.uneven != "fill":
        more = "" if reading.uneven == "refuse" else "; lines of so large a file can be filled up, but not left out"
        raise FormatError(f"{said}{more}.", choice="uneven")
    notes.append(f"{said}; what is missing was left empty, and what is too much was cut off.")


class _Reader:
    """Reads columns of a file whose lines are known."""

    def __init__(
        self, path: Path, source: Path, separator: str, lines: _Lines, reading: Reading, *, skip: int, comma: bool
    ) -> None:
        self._path, self._source, self._separator, self._lines = path, source, separator, lines
        self._skip, self._comma, self._reading = skip, comma, reading
        self._stamp = file_stamp(path)
        self._keep: np.ndarray | None = None  # rows in which something stands

    def read(self) -> tuple[np.ndarray, dict[int, Sequence[str]], dict[tuple[int, int], str]]:
        """Values, columns that are texts, and other cells that are no numbers."""
        import numpy as np
        import polars as pl

        frame = self._frame(range(self._lines.width), pl.Float64)
        rows = frame.height
        values = np.empty((self._lines.width, rows))
        odd: list[int] = []
        for column, name in enumerate(list(frame.columns)):
            series = frame.drop_in_place(name)
            if series.null_count():
                series = series.fill_null(float("nan"))
            values[column] = series.to_numpy()
            if not np.isfinite(values[column]).all():
                odd.append(column)
        texts: dict[int, Sequence[str]] = {}
        typed: dict[tuple[int, int], str] = {}
        together = max(1, _AGAIN // max(rows, 1))
        for first in range(0, len(odd), together):
            some = odd[first : first + together]
            strings = self._frame(some, pl.String)
            for column, name in zip(some, list(strings.columns), strict=True):
                self._again(column, strings.drop_in_place(name), values, texts, typed)
        return self._without_blank_rows(values, texts, typed)

    def _again(
        self,
        column: int,
        series: pl.Series,
        values: np.ndarray,
        texts: dict[int, Sequence[str]],
        typed: dict[tuple[int, int], str],
    ) -> None:
        """Read the cells of a column that are no finite numbers once more, as a person may have typed them."""
        import numpy as np

        row = values[column]
        places = np.flatnonzero(~np.isfinite(row))
        cells = series.gather(places).fill_null("").str.strip_chars()
        known = {text: number(text, decimal_comma=self._comma) for text in cells.unique().to_list()}
        row[places] = [known[text][0] for text in cells]
        bad = [(place, text) for place, text in zip(places.tolist(), cells, strict=True) if text and known[text][1]]
        if len(bad) > len(row) // 2:
            texts[column] = series.fill_null("").str.strip_chars().to_list()
            return
        typed.update({(place, column): text for place, text in bad})
        if len(typed) > _MOST_TYPED:
            raise FormatError(
                f"{self._path.name} has over {_MOST_TYPED // 10**6} million cells that are no numbers; choose another "
                "separator or decimal sign.",
                choice="separator",
            )

    def _without_blank_rows(
        self, values: np.ndarray, texts: dict[int, Sequence[str]], typed: dict[tuple[int, int], str]
    ) -> tuple[np.ndarray, dict[int, Sequence[str]], dict[tuple[int, int], str]]:
        """Leave out lines of nothing but separators."""
        import numpy as np

        places = np.flatnonzero(np.isnan(values[0]))
        places = places[np.isnan(values[:, places]).all(axis=0)]
        said = {row for row, _column in typed}
        said |= {int(row) for row in places for cells in texts.values() if cells[int(row)]}
        blank = [row for row in places.tolist() if row not in said]
        if not blank:
            return values.T, texts, typed
        keep = np.ones(values.shape[1], dtype=bool)
        keep[blank] = False
        at = np.cumsum(keep) - 1
        texts = {column: [cells[row] for row in np.flatnonzero(keep).tolist()] for column, cells in texts.items()}
        typed = {(int(at[row]), column): text for (row, column), text in typed.items()}
        self._keep = keep
        return np.ascontiguousarray(values[:, keep]).T, texts, typed

    def column(self, column: int) -> Sequence[str]:
        """One column as it is written in the file."""
        import polars as pl

        check_unchanged(self._path, self._stamp)
        with _as_utf8(self._path, [], self._reading) as (self._source, _encoding):
            series = self._frame([column], pl.String).to_series().fill_null("").str.strip_chars()
        return (series if self._keep is None else series.filter(pl.Series(self._keep))).to_list()

    def _frame(self, columns: Sequence[int], kind: type[pl.DataType]) -> pl.DataFrame:
        import polars as pl

        with damaged(self._path, "a table of text"):
            return pl.read_csv(
                self._source,
                has_header=False,
                skip_rows=self._skip,
                separator=self._separator,
                schema={f"column_{n}": kind for n in range(1, self._lines.width + 1)},
                columns=list(columns),
                ignore_errors=True,
                decimal_comma=self._comma and self._separator != ",",
                truncate_ragged_lines=self._reading.uneven == "fill",
                glob=False,
            )


@contextmanager
def _as_utf8(path: Path, notes: list[str], reading: Reading) -> Iterator[tuple[Path, str]]:
    """The file itself where it is UTF-8, else one beside it; and its encoding.

    Raises
    ------
    FormatError
        If it is no text.
    """
    from .table_text import encoding_of

    with path.open("rb") as stream:
        first = stream.read(_HEAD)
        encoding = reading.encoding or encoding_of(path, first)
        old = b"\r" in first and b"\n" not in first
        if encoding == "utf-8":
            broken = _broken(stream, "utf-8")
            if broken < 0 and not old:
                yield path, "utf-8"
                return
            if broken >= 0 and reading.encoding:
                raise FormatError(
                    f"{path.name} is no UTF-8 text: at byte {broken + 1:,} stands what it does not have.",
                    choice="encoding",
                )
            if broken >= 0:
                notes.append("The file is not UTF-8; it was read as Latin-1, so check names with accents.")
                encoding = "latin-1"
        if encoding.startswith("utf-16") and not reading.encoding:
            notes.append("The file was read as UTF-16.")
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder) / "table"
            with target.open("wb") as out:
                _rewrite(path, stream, out, encoding)
            yield target, encoding


def _broken(stream: IO[bytes], encoding: str) -> int:
    """Where a file is no text in this encoding; -1 where it is one."""
    decoder = codecs.getincrementaldecoder(encoding)()
    stream.seek(0)
    at = 0
    while True:
        block = stream.read(_BLOCK)
        if not block.isascii() or decoder.getstate()[0]:
            waiting = len(decoder.getstate()[0])
            try:
                decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                return at - waiting + error.start
        if not block:
            return -1
        at += len(block)


def _rewrite(path: Path, stream: IO[bytes], out: IO[bytes], encoding: str) -> None:
    decoder = codecs.getincrementaldecoder(encoding)()
    stream.seek(0)
    try:
        while block := stream.read(_BLOCK):
            text = decoder.decode(block).replace("\r\n", "\n").replace("\r", "\n")
            out.write(text.encode("utf-8", "replace"))
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise FormatError(f"{path.name} is not the {encoding} text that it seems to be.", choice="encoding") from error


def _measure(path: Path, source: Path, separator: str, progress: Callable[[int, int], None] | None = None) -> _Lines:
    """Count the cells of every line, by blocks.

    Raises
    ------
    FormatError
        If there is nothing in it, or a quote is not closed.
    """
    import numpy as np

    size = source.stat().st_size
    first, second, lines, count, width, odd = -1, -1, 0, 0, 0, 0
    uneven: tuple[int, int] | None = None
    quoted, over, begun = 0, 0, False
    with source.open("rb") as stream:
        while True:
            block = stream.read(_BLOCK)
            last = not block
            if progress is not None:
                progress(stream.tell(), 2 * size)  # counting the lines is about half of the work
            if last:
                if not begun:
                    break
                block = b"\n"  # the file ends without one
            letters = np.frombuffer(block, dtype=np.uint8)
            marks, ends = letters == ord(separator), letters == ord("\n")
            if quoted or b'"' in block:
                inside = ((letters == ord('"')).cumsum(dtype=np.int64) + quoted) & 1
                quoted = int(inside[-1])
                marks, ends = marks & (inside == 0), ends & (inside == 0)
                if last and quoted:
                    raise FormatError(f"{path.name} cannot be read: the quote in its last cell is not closed.")
            at, separators = np.flatnonzero(ends), np.flatnonzero(marks)
            until = np.searchsorted(separators, at)
            cells = np.diff(until, prepend=0) + 1
            length = np.diff(at, prepend=-1) - 1
            if len(at):
                cells[0] += over
                blank = (cells == 1) & _blanks(letters, at, length, begun=begun)
                over = len(separators) - int(until[-1])
                begun = int(at[-1]) < len(letters) - 1
            else:
                over += len(separators)
                begun = True
                blank = np.zeros(0, dtype=bool)
            real = np.flatnonzero(~blank)
            if len(real):
                if first < 0:
                    first, width = lines + int(real[0]), int(cells[real[0]])
                    others = real[1:]
                else:
                    others = real
                if second < 0 and len(others):
                    second = lines + int(others[0])
                wrong = real[cells[real] != width]
                odd += len(wrong)
                if len(wrong) and uneven is None:
                    uneven = lines + int(wrong[0]) + 1, int(cells[wrong[0]])
                count += len(real)
            lines += len(at)
            if last:
                break
    _check_lines(path, source, count)
    return _Lines(first, second, count, width, uneven, odd)


def _check_lines(path: Path, source: Path, count: int) -> None:
    """Refuse a file of nothing, or of nothing but names."""
    if count == 1 and source.stat().st_size <= _BLOCK and not source.read_bytes().strip():
        count = 0
    if count == 0:
        raise FormatError(f"{path.name} is empty; a table needs a line of names and at least one line of numbers.")
    if count == 1:
        raise FormatError(f"{path.name} holds column names but no line of numbers.")


def _blanks(letters: np.ndarray, at: np.ndarray, length: np.ndarray, *, begun: bool) -> np.ndarray:
    """Which lines hold nothing, or the return of a Windows line end; the first may have begun in another block."""
    import numpy as np

    before = letters[np.maximum(at - 1, 0)]
    found = (length == 0) | ((length == 1) & (before == ord("\r")))
    if begun and len(found):
        found[0] = False
    return found
