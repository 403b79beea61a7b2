"""A table from a Parquet file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import FormatError
from .table_raw import RawTable, check_count, damaged, from_values

if TYPE_CHECKING:
    from polars import DataType

_TRIAL = "import sys, polars; polars.read_parquet(open(sys.argv[1], 'rb'))"


def read_parquet(path: Path) -> RawTable:
    """Read a Parquet file. Nested columns are left out, and said.

    Raises
    ------
    FormatError
        If it is damaged, empty, too large, or has nothing but nested columns.
    """
    import polars as pl

    _try_out(path)
    notes: list[str] = []
    with damaged(path, "Parquet"):
        # As a file that is open: a path would be taken for a pattern where it holds * or [.
        with path.open("rb") as stream:
            schema = pl.read_parquet_schema(stream)
        left_out = {name: _nested(kind) for name, kind in schema.items() if kind.is_nested()}
        kept = [name for name in schema if name not in left_out]
        for position, name in enumerate(schema, start=1):
            if name in left_out:
                notes.append(f"The column “{name}” (column {position}) {left_out[name]}, and was left out.")
        if schema and not kept:
            raise FormatError(f"{path.name} holds no column of numbers: {notes[0][:1].lower()}{notes[0][1:]}")
        with path.open("rb") as stream:
            rows = pl.scan_parquet(stream).select(pl.len()).collect().item()
        check_count(path, rows, len(kept))
        with path.open("rb") as stream:
            frame = pl.read_parquet(stream, columns=kept)
        texts = {
            column: frame[name].cast(pl.String).fill_null("").to_list()
            for column, name in enumerate(kept)
            if not (schema[name].is_numeric() or schema[name] == pl.Boolean)
            and schema[name] not in (pl.Binary, pl.Object, pl.Null)
        }
        if any(schema[name] == pl.Boolean for name in kept):
            notes.append("true and false were read as 1 and 0.")
        numbers = frame.select(
            pl.repeat(None, rows, dtype=pl.Float64).alias(name)
            if column in texts or schema[name] in (pl.Binary, pl.Object, pl.Null)
            else pl.col(name).cast(pl.Float64)
            for column, name in enumerate(kept)
        )
        del frame
        values = numbers.to_numpy(order="c", writable=True)
    return from_values(tuple(kept), values, notes, texts=texts, left_out=left_out or None)


def _try_out(path: Path) -> None:
    """Read it in a process of its own first: what is damaged can end the process that decodes it."""
    done = subprocess.run([sys.executable, "-c", _TRIAL, path], capture_output=True, check=False)  # noqa: S603
    if done.returncode:
        last = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2][:200] if done.returncode == 1 else ""
        raise FormatError(f"{path.name} cannot be read as Parquet: {last or 'it is damaged'}.")


def _nested(kind: DataType) -> str:
    return "holds records" if kind.base_type().__name__ == "Struct" else "holds lists"
