"""Tables written: CSV, Parquet, Excel, NPZ."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError

if TYPE_CHECKING:
    import numpy as np

# As spreadsheet programs read them.
MOST_ROWS, MOST_COLUMNS = 1_048_576, 16_384

Columns = Mapping[str, "Sequence[Any] | np.ndarray"]


def write_table(path: str | Path, columns: Columns) -> Path:
    """Write columns of equal length, in the format that the suffix names.

    Parameters
    ----------
    path : str or Path
        Ends with .csv, .tsv, .parquet, .xlsx or .npz. A file that is there is replaced once the new one is whole.
    columns : mapping
        Name -> numbers or texts, one for each sample.

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
    path = Path(path)
    write = WRITERS.get(path.suffix.lower())
    if write is None:
        raise InputError(f"{path.name} names no format for tables; end it with {', '.join(WRITERS)}.")
    lengths = {name: len(column) for name, column in columns.items()}
    odd = next((name for name, length in lengths.items() if length != next(iter(lengths.values()))), None)
    if odd is not None:
        first = next(iter(lengths))
        raise InputError(f"The column “{odd}” has {lengths[odd]} rows, but “{first}” has {lengths[first]}.")
    # With the format's own suffix, which numpy would add otherwise.
    part = path.with_name(f".{path.stem}.part{path.suffix}")
    try:
        write(part, columns)
        part.replace(path)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}.") from error
    finally:
        part.unlink(missing_ok=True)
    return path


def _plain(column: Sequence[Any] | np.ndarray) -> list[Any]:
    """The column as Python's own numbers and texts."""
    return column.tolist() if hasattr(column, "tolist") else list(column)  # type: ignore[union-attr]


def _csv(path: Path, columns: Columns) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, delimiter="\t" if path.suffix.lower() == ".tsv" else ",", lineterminator="\n")
        writer.writerow(columns)
        rows = zip(*map(_plain, columns.values()), strict=True)
        writer.writerows([repr(cell) if isinstance(cell, float) else cell for cell in row] for row in rows)


def _parquet(path: Path, columns: Columns) -> None:
    import polars as pl

    pl.DataFrame({name: _plain(column) for name, column in columns.items()}).write_parquet(path)


def _excel(path: Path, columns: Columns) -> None:
    import xlsxwriter

    rows = len(next(iter(columns.values()), ()))
    if rows >= MOST_ROWS or len(columns) > MOST_COLUMNS:
        raise InputError(
            f"An Excel sheet takes {MOST_ROWS - 1:,} rows of {MOST_COLUMNS:,} columns, but the table has {rows:,} rows "
            f"of {len(columns):,}; write it as .parquet or .csv."
        )
    # Texts stay texts: one that begins with “=” is no formula, and one with “http:” no link.
    safe = {"strings_to_formulas": False, "strings_to_urls": False}
    options = {**safe, "nan_inf_to_errors": True, "constant_memory": True}
    with xlsxwriter.Workbook(path, options) as book:
        sheet = book.add_worksheet()
        sheet.freeze_panes(1, 0)
        for row, cells in enumerate([tuple(columns), *zip(*map(_plain, columns.values()), strict=True)]):
            sheet.write_row(row, 0, cells)


def _npz(path: Path, columns: Columns) -> None:
    import numpy as np

    arrays = {name.replace("/", "∕"): np.asarray(column) for name, column in columns.items()}
    objects = next((name for name, array in arrays.items() if array.dtype == object), None)
    if objects is not None:
        raise InputError(f"The column “{objects}” holds both numbers and texts; write the table as .csv.")
    np.savez_compressed(path, allow_pickle=False, **arrays)  # type: ignore[arg-type]


WRITERS: dict[str, Callable[[Path, Columns], None]] = {
    ".csv": _csv,
    ".tsv": _csv,
    ".parquet": _parquet,
    ".xlsx": _excel,
    ".npz": _npz,
}
