"""Tables written: CSV, Parquet, Excel, NPZ."""

from __future__ import annotations

import errno
import io
import math
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    import xlsxwriter

# As spreadsheet programs read them.
MOST_ROWS, MOST_COLUMNS = 1_048_576, 16_384
AT_ONCE = 2**20  # cells of a text that are written between two looks at whether it is still wanted
COMPRESSED = 2**24  # numbers; more of them take minutes to compress, and hardly shrink
_EXACT = 2**53  # whole numbers below are whole in float64, too

Columns = Mapping[str, "Sequence[Any] | np.ndarray"]
Steps = Generator[tuple[int, int], None, None]


@dataclass(frozen=True, slots=True)
class Style:
    """How a text is written.

    Attributes
    ----------
    separator : str
        What stands between cells; "" for what the suffix says.
    decimal_comma : bool
        Whether to write 3,14.
    """

    separator: str = ""
    decimal_comma: bool = False


AS_USUAL = Style()


def write_table(path: str | Path, columns: Columns, style: Style = AS_USUAL) -> Path:
    """Write columns of equal length, in the format that the suffix names.

    Parameters
    ----------
    path : str or Path
        Ends with .csv, .tsv, .parquet, .xlsx or .npz. A file that is there is replaced once the new one is whole.
    columns : mapping
        Name -> numbers or texts, one for each sample. NaN is an empty cell. An NPZ file takes arrays of more axes, too.
    style : Style
        How a text is written.

    Returns
    -------
    Path
        Where it was written.

    Raises
    ------
    InputError
        If the suffix is none of these, the columns differ in length, the format cannot hold them, or the place cannot
        be written to.
    """
    for _ in writing_table(path, columns, style):
        pass
    return Path(path)


def writing_table(path: str | Path, columns: Columns, style: Style = AS_USUAL) -> Steps:
    """Write as `write_table` does, a part at a time: yields how many rows are written, and of how many.

    Whoever closes it before its end leaves nothing behind.
    """
    path = Path(path)
    write = WRITERS.get(path.suffix.lower())
    if write is None:
        raise InputError(f"{path.name} names no format for tables; end it with {', '.join(WRITERS)}.")
    lengths = {name: len(column) for name, column in columns.items() if path.suffix.lower() != ".npz"}
    odd = next((name for name, length in lengths.items() if length != next(iter(lengths.values()))), None)
    if odd is not None:
        first = next(iter(lengths))
        raise InputError(f"The column “{odd}” has {lengths[odd]} rows, but “{first}” has {lengths[first]}.")
    # With the format's own suffix, which numpy would add otherwise.
    part = path.with_name(f".{path.stem}.part{path.suffix}")
    try:
        yield from write(part, columns, style)
        part.replace(path)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}.") from error
    finally:
        part.unlink(missing_ok=True)


def cell_text(cell: object, *, decimal_comma: bool = False) -> str:
    """A cell among texts: a number in the shortest way that reads back as it."""
    if not isinstance(cell, float):
        return str(cell)
    if math.isnan(cell):
        return ""
    short = f"{cell:.15g}"
    text = short if float(short) == cell else repr(cell)
    return text.replace(".", ",") if decimal_comma else text


def _series(name: str, column: Sequence[Any] | np.ndarray, *, whole: bool = False) -> pl.Series:
    """A column for polars; with `whole`, numbers without decimals are written without a point."""
    import numpy as np
    import polars as pl

    if not isinstance(column, np.ndarray):
        kinds = {type(cell) for cell in column}
        if str in kinds and len(kinds) > 1:
            column = [None if cell is None else cell_text(cell) for cell in column]
        series = pl.Series(name, column, strict=False)
    else:
        series = pl.Series(name, column)
    if whole and series.dtype == pl.String:
        return series.replace("", None)  # an empty cell, not one with quotes
    if not series.dtype.is_float():
        return series
    series = series.fill_nan(None)
    values = series.drop_nulls()
    if whole and bool(((values == values.round()) & (values.abs() < _EXACT)).all()):
        return series.cast(pl.Int64)
    return series


def _text(series: pl.Series, style: Style) -> pl.Series:
    """Numbers as a person writes them: 45, not 45.0."""
    import polars as pl

    if not series.dtype.is_float():
        return series
    texts = series.cast(pl.String).str.strip_suffix(".0")
    return texts.str.replace(".", ",", literal=True) if style.decimal_comma else texts


def _csv(path: Path, columns: Columns, style: Style) -> Steps:
    import polars as pl

    separator = style.separator or ("\t" if path.suffix.lower() == ".tsv" else ",")
    frame = pl.DataFrame([_series(name, column, whole=True) for name, column in columns.items()])
    with path.open("wb") as stream:
        for first, step in _slices(frame.height, len(columns)):
            texts = pl.DataFrame([_text(series, style) for series in frame.slice(first, step)])
            texts.write_csv(stream, separator=separator, include_header=first == 0)
            yield min(first + step, frame.height), frame.height


def _slices(rows: int, columns: int) -> Iterator[tuple[int, int]]:
    step = max(1, AT_ONCE // max(columns, 1))
    yield from ((first, step) for first in range(0, max(rows, 1), step))


def _parquet(path: Path, columns: Columns, _style: Style) -> Steps:
    import polars as pl

    frame = pl.DataFrame([_series(name, column) for name, column in columns.items()])
    yield 0, frame.height
    try:
        frame.write_parquet(path)
    except pl.exceptions.PolarsError as error:  # polars says what the system refused in words only
        reason = re.search(r"IO error: (.*?) \(os error \d+\)", str(error))
        if reason is not None:
            raise OSError(reason[1]) from error
        if shutil.disk_usage(path.parent).free < frame.estimated_size():  # of the end of a file it says something else
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error
        raise


def _excel(path: Path, columns: Columns, _style: Style) -> Steps:
    import xlsxwriter

    rows = len(next(iter(columns.values()), ()))
    if rows >= MOST_ROWS or len(columns) > MOST_COLUMNS:
        raise InputError(
            f"An Excel sheet takes {MOST_ROWS - 1:,} rows of {MOST_COLUMNS:,} columns, but the table has {rows:,} rows "
            f"of {len(columns):,}; write it as .parquet or .csv."
        )
    # Texts stay texts: one that begins with “=” is no formula, and one with “http:” no link.
    safe = {"strings_to_formulas": False, "strings_to_urls": False}
    # What it writes elsewhere before, it leaves there where it fails.
    with tempfile.TemporaryDirectory(prefix="lrp-explorer-") as folder, _UntilRefused(path) as target:
        book = xlsxwriter.Workbook(target, {**safe, "constant_memory": True, "tmpdir": folder})
        try:
            sheet = book.add_worksheet()
            sheet.freeze_panes(1, 0)
            sheet.write_row(0, 0, tuple(columns))
            for first, step in _slices(rows, len(columns)):
                parts = [_plain(column[first : first + step]) for column in columns.values()]
                for row, cells in enumerate(zip(*parts, strict=True), start=first + 1):
                    sheet.write_row(row, 0, [_for_excel(cell) for cell in cells])
                yield min(first + step, rows), rows
            _close(book)
            target.flush()
        finally:
            target.refused = True
            for sheet in book.worksheets():
                waiting = getattr(sheet, "row_data_fh", None)
                if waiting is not None:
                    waiting.close()


class _UntilRefused(io.BufferedWriter):
    """A file for xlsxwriter, whose zip tries to end itself once more when it is collected: then nothing is written."""

    def __init__(self, path: Path) -> None:
        super().__init__(io.FileIO(path, "w"))
        self.refused = False

    def write(self, data: Any) -> int:
        return len(data) if self.refused else self._trying(super().write, data)

    def seek(self, place: int, whence: int = 0) -> int:
        return 0 if self.refused else self._trying(super().seek, place, whence)

    def tell(self) -> int:
        return 0 if self.refused else super().tell()

    def flush(self) -> None:
        if not self.refused:
            self._trying(super().flush)

    def _trying(self, do: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return do(*arguments)
        except OSError:
            self.refused = True
            raise


def _close(book: xlsxwriter.Workbook) -> None:
    """Put the sheet together; what the system refuses is an OSError here as everywhere.

    Raises
    ------
    OSError
        If there is no room, or no right to write.
    """
    from xlsxwriter.exceptions import FileCreateError

    try:
        book.close()
    except FileCreateError as error:
        reason = error.args[0] if error.args else error
        raise reason if isinstance(reason, OSError) else OSError(str(reason)) from error


def _for_excel(cell: Any) -> Any:
    """A sheet knows neither NaN, which is left empty, nor infinity, which is written out."""
    if not isinstance(cell, float) or math.isfinite(cell):
        return cell
    return None if math.isnan(cell) else str(cell)


def _plain(column: Sequence[Any] | np.ndarray) -> list[Any]:
    """The column as Python's own numbers and texts."""
    return column.tolist() if hasattr(column, "tolist") else list(column)  # type: ignore[union-attr]


def _npz(path: Path, columns: Columns, _style: Style) -> Steps:
    import numpy as np

    arrays = {name.replace("/", "∕"): _array(name, column) for name, column in columns.items()}
    yield 0, len(next(iter(arrays.values()), ()))
    save = np.savez_compressed if sum(array.size for array in arrays.values()) < COMPRESSED else np.savez
    save(path, allow_pickle=False, **arrays)  # type: ignore[arg-type]


def _array(name: str, column: Sequence[Any] | np.ndarray) -> np.ndarray:
    import numpy as np

    mixed = not isinstance(column, np.ndarray) and len({isinstance(cell, str) for cell in column}) > 1
    array = np.asarray(column, dtype=object if mixed else None)
    if array.dtype == object:
        raise InputError(f"The column “{name}” holds both numbers and texts; write the table as .csv.")
    return array


WRITERS: dict[str, Callable[[Path, Columns, Style], Steps]] = {
    ".csv": _csv,
    ".tsv": _csv,
    ".parquet": _parquet,
    ".xlsx": _excel,
    ".npz": _npz,
}
