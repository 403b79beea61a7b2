"""A table from a Parquet file."""

from __future__ import annotations

import json
import mmap
import os
import subprocess
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import own_programs
from ..errors import FormatError
from .table_raw import RawTable, check_count, damaged, from_values

if TYPE_CHECKING:
    import numpy as np

SPARE_SHARE = 64  # of the rows; what nobody writes into takes no memory
_LEFT_OUT = {"lists": "holds lists", "records": "holds records"}


def read_parquet(path: Path, most: int = 0) -> RawTable:
    """Read a Parquet file. Nested columns are left out, and said.

    It is decoded once, by another process, into memory that this one then maps; `values` are a column after the other,
    with room behind each, so that whoever takes them over can put rows in without moving all to another place.

    Parameters
    ----------
    path : Path
        The file.
    most : int
        Read no more than so many rows; 0 for all.

    Raises
    ------
    FormatError
        If it is damaged, empty, too large, or has nothing but nested columns.
    """
    notes: list[str] = []
    with _shared() as (target, region), _decoder(path) as ask:
        found = ask({"path": str(path.absolute())})
        kinds: list[tuple[str, str]] = [(name, kind) for name, kind in found["columns"]]
        left_out = {name: _LEFT_OUT[kind] for name, kind in kinds if kind in _LEFT_OUT}
        kept = [(name, kind) for name, kind in kinds if name not in left_out]
        for position, (name, _kind) in enumerate(kinds, start=1):
            if name in left_out:
                notes.append(f"The column “{name}” (column {position}) {left_out[name]}, and was left out.")
        if kinds and not kept:
            raise FormatError(f"{path.name} holds no column of numbers: {notes[0][:1].lower()}{notes[0][1:]}")
        rows = min(found["rows"], most) if most else found["rows"]
        check_count(path, rows, len(kept))
        if any(kind == "boolean" for _name, kind in kept):
            notes.append("true and false were read as 1 and 0.")
        numbers = [name for name, kind in kept if kind in ("number", "boolean")]
        texts = [name for name, kind in kept if kind == "text"]
        with tempfile.TemporaryDirectory() as folder:
            beside = str(Path(folder) / "texts")
            room = rows + rows // SPARE_SHARE
            wanted = {"numbers": numbers, "texts": texts, "target": target, "text_target": beside}
            ask({"rows": rows, "room": room, **wanted})
            columns = region(room * len(numbers)).reshape(len(numbers), room)[:, :rows]
            cells = _texts(path, beside) if texts else []
    names = tuple(name for name, _kind in kept)
    if len(numbers) == len(kept):
        return from_values(names, columns.T, notes, left_out=left_out or None, kind="parquet")
    place = {name: position for position, name in enumerate(numbers)}
    return _mixed(names, columns, place, dict(zip(texts, cells, strict=True)), notes, left_out)


def _mixed(
    names: tuple[str, ...],
    columns: np.ndarray,
    place: dict[str, int],
    texts: dict[str, list[str]],
    notes: list[str],
    left_out: dict[str, str],
) -> RawTable:
    """Put columns of numbers between those of texts, and of neither."""
    import numpy as np

    rows = columns.shape[1]
    values = np.empty((len(names), rows))
    for column, name in enumerate(names):
        values[column] = columns[place[name]] if name in place else np.nan
    by_column = {column: texts[name] for column, name in enumerate(names) if name in texts}
    return from_values(names, values.T, notes, texts=by_column, left_out=left_out or None, kind="parquet")


def _texts(path: Path, file: str) -> list[list[str]]:
    import polars as pl

    with damaged(path, "Parquet"):
        return [column.to_list() for column in pl.read_ipc(file)]


@contextmanager
def _decoder(path: Path) -> Iterator[Any]:
    """A process that decodes the file; what it is asked it answers, or a sentence is raised.

    Raises
    ------
    FormatError
        If the file ends it.
    """
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(  # noqa: S603
            own_programs.command("lrp_engine.files.table_decoding", "-P"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            close_fds=False,
        ) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        stdin, stdout = process.stdin, process.stdout

        def ask(what: dict[str, Any]) -> dict[str, Any]:
            try:
                stdin.write(json.dumps(what).encode() + b"\n")
                stdin.flush()
                answer = stdout.readline()
            except OSError:
                answer = b""
            if not answer:
                code = process.wait()
                said.seek(0)
                last = said.read().decode("utf-8", "replace").strip().rpartition("\n")[2][:200] if code == 1 else ""
                raise FormatError(f"{path.name} cannot be read as Parquet: {last or 'it is damaged'}.")
            return json.loads(answer)

        try:
            yield ask
        finally:
            if process.poll() is None:
                process.kill()


@contextmanager
def _shared() -> Iterator[tuple[str, Any]]:
    """A file for numbers that two processes map: its path, and what makes an array of its first numbers.

    On Linux it lies in memory; elsewhere on the disk, until the array is forgotten.
    """
    import numpy as np

    if hasattr(os, "memfd_create"):
        file = os.memfd_create("table", 0)
        path = f"/proc/self/fd/{file}"
        os.set_inheritable(file, True)
    else:
        file, path = tempfile.mkstemp()

    def region(count: int) -> np.ndarray:
        shared = mmap.mmap(file, max(count * 8, 1))
        if not hasattr(os, "memfd_create"):
            weakref.finalize(shared, _forget, path)
        return np.frombuffer(shared, dtype=np.float64, count=count)

    try:
        yield path, region
    finally:
        os.close(file)


def _forget(path: str) -> None:
    with suppress(OSError):  # where a file that is mapped cannot go, it stays among the temporary ones
        Path(path).unlink()
