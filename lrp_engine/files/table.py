"""A table of samples from a file: what it is, its content says.

Text keeps every cell as it was typed, which the table editor shows and the errors name; files that hold numbers are
read as such. The libraries for Parquet, Excel and pictures are imported when such a file is opened.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from ..errors import FormatError
from .archive import Archive
from .columns import Matched, match_columns, row_problems
from .features import standardise
from .table_options import AS_FOUND, Reading
from .table_pictures import FITS, PictureInput, looks_like_picture, picture_input, read_pictures
from .table_raw import RawTable
from .table_text import peek_text, read_text

__all__ = [
    "FITS",
    "Matched",
    "PictureInput",
    "RawTable",
    "Reading",
    "match_columns",
    "peek_table",
    "picture_input",
    "read_table",
    "row_problems",
    "standardise",
]


# Whatever begins with a brace may also be a name in a CSV file.
JSON_LINES = (".jsonl", ".ndjson", ".json")
PEEKED = 256 * 1024  # bytes of a text that are enough for a look at it


def read_table(
    path: str | Path | Sequence[str | Path],
    picture: PictureInput | None = None,
    reading: Reading = AS_FOUND,
    progress: Callable[[int, int], None] | None = None,
) -> RawTable:
    """Read a table: CSV, TSV and the like, JSON lines, Parquet, Excel, numpy's arrays, pictures.

    Parameters
    ----------
    path : str, Path or sequence of them
        The file, recognised by its content (JSON lines by its suffix); or a folder of pictures, or several pictures.
    picture : PictureInput, optional
        How a picture becomes numbers; without it, in its own size and from 0 to 1.
    reading : Reading
        How the file is read, where somebody chose.
    progress : callable, optional
        Told how much is done of how much, of large texts and of many pictures; what it raises ends the reading.

    Raises
    ------
    FormatError
        If the file is missing, damaged, empty, too large or no table; the sentence names the row and the column where
        there is one.
    UntrustedFile
        If it holds nothing but pickled Python objects, which are not read.
    """
    return _read(path, picture, reading, 0, progress)


def peek_table(path: str | Path | Sequence[str | Path], reading: Reading = AS_FOUND, rows: int = 50) -> RawTable:
    """Read the first rows of a table, to look at them: lines of another length are filled up, names numbered.

    Raises
    ------
    FormatError, UntrustedFile
        As `read_table`.
    """
    table = _read(path, None, replace(reading, uneven="fill", alike="number"), rows)
    return replace(table, found=replace(table.found, uneven=reading.uneven, alike=reading.alike))


def _read(
    path: str | Path | Sequence[str | Path],
    picture: PictureInput | None,
    reading: Reading,
    most: int,
    progress: Callable[[int, int], None] | None = None,
) -> RawTable:
    if not isinstance(path, str | Path):
        if len(path) > 1:
            return read_pictures([Path(one) for one in path][: most or None], picture, progress=progress)
        path = path[0]
    path = Path(path)
    head = _head(path)
    try:
        if looks_like_picture(path, head):
            return read_pictures(path, picture, most, progress)
        if path.is_dir():
            raise FormatError(f"{path.name} is a folder without PNG or JPEG files; choose a table in it.")
        if head.startswith(b"PAR1"):
            from .table_parquet import read_parquet

            return read_parquet(path, most)
        if head.startswith(b"\x93NUMPY") or _members(path, head, ".npy"):
            from .table_arrays import read_arrays

            return read_arrays(path)
        if _members(path, head, "xl/"):
            from .table_excel import read_excel

            return read_excel(path, reading, most)
        if head.startswith(b"\xd0\xcf\x11\xe0"):
            raise FormatError(f"{path.name} is an Excel file of the old kind, or encrypted; save it as .xlsx.")
        if path.suffix.lower() in JSON_LINES:
            from .table_json import read_json_lines

            return read_json_lines(path, PEEKED if most else 0)
        return peek_text(path, reading, PEEKED) if most else read_text(path, reading, progress)
    except OSError as error:
        raise FormatError(f"{path.name} cannot be read: {error.strerror or error}.") from error


def _head(path: Path) -> bytes:
    try:
        if path.is_dir():
            return b""
        if path.exists() and not path.is_file():
            raise FormatError(f"{path.name} is not a file on a disk.")  # reading a pipe could wait for ever
        with path.open("rb") as stream:
            return stream.read(512)
    except FileNotFoundError as error:
        raise FormatError(f"There is no file {path}.") from error
    except (OSError, ValueError) as error:
        raise FormatError(f"{path.name} cannot be read: {getattr(error, 'strerror', None) or error}.") from error


def _members(path: Path, head: bytes, part: str) -> bool:
    """Whether it is a zip that has members which begin or end like this.

    Raises
    ------
    FormatError
        If it is one, but damaged or made to harm.
    """
    if not head.startswith(b"PK\3\4"):
        return False
    return any(name.startswith(part) or name.endswith(part) for name in Archive(path).members)
