"""Decodes a Parquet file in a process of its own, for what is damaged can end the process that decodes it.

Run as a program. It is told a path, says what the file holds, is told what of it is wanted and where to put it, and
says when it is done: a line of JSON each. Numbers go straight into a file that both processes map, a column after the
other; texts go into a second one. It knows nothing of this package, so that it starts as fast as its libraries.
"""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import polars as pl

# So many columns, or numbers, are decoded before they are put in their place.
TOGETHER, AT_ONCE = 8, 1 << 23


def described(path: str) -> dict[str, Any]:
    """What the file holds: its number of rows, and of each column the name and how it is read."""
    lazy = pl.scan_parquet(path, glob=False)
    kinds = lazy.collect_schema()
    rows = lazy.select(pl.len()).collect().item() if kinds else 0
    return {"rows": rows, "columns": [(name, kind_of(kind)) for name, kind in kinds.items()]}


def kind_of(kind: pl.DataType) -> str:
    """How a column is read: as numbers, as texts, or not at all."""
    if kind.is_nested():
        return "records" if kind.base_type().__name__ == "Struct" else "lists"
    if kind == pl.Boolean:
        return "boolean"
    if kind.is_numeric():
        return "number"
    return "nothing" if kind in (pl.Binary, pl.Object, pl.Null) else "text"


def decode(
    path: str, rows: int, room: int, numbers: list[str], texts: list[str], target: str, text_target: str
) -> None:
    """Decode columns of numbers into the file `target`, in float64, and those of texts into `text_target`.

    Each column of numbers has room for `room` rows, of which the first `rows` are written.
    """
    with Path(target).open("r+b", buffering=0) as file:
        file.truncate(max(room * len(numbers) * 8, 1))
    together = max(TOGETHER, AT_ONCE // max(rows, 1))
    groups = [range(first, min(first + together, len(numbers))) for first in range(0, len(numbers), together)]
    with ThreadPoolExecutor(2) as pool:  # while one group is decoded, another is put in its place
        list(pool.map(lambda group: _put(path, rows, room, numbers, group, target), groups))
    if texts:
        frame = pl.read_parquet(path, columns=texts, n_rows=rows, glob=False)
        # By number: they come in the file's order.
        columns = [frame[name].cast(pl.String).fill_null("").alias(str(place)) for place, name in enumerate(texts)]
        pl.DataFrame(columns).write_ipc(text_target)


def _put(path: str, rows: int, room: int, names: list[str], group: range, target: str) -> None:
    """Decode some columns, and write each into its place."""
    frame = pl.read_parquet(path, columns=[names[column] for column in group], n_rows=rows, glob=False)
    with Path(target).open("r+b", buffering=0) as file:
        for column in group:
            file.seek(column * room * 8)
            for chunk in frame[names[column]].get_chunks():
                part = chunk.cast(pl.Float64)
                if part.null_count():
                    part = part.fill_null(float("nan"))
                left: Any = part.to_numpy().view("B")
                while len(left):  # the system takes no more than two GiB at once
                    left = left[file.write(left) :]


def main() -> None:
    """Answer, as long as there is somebody who asks."""
    asked = json.loads(sys.stdin.readline())
    sys.stdout.write(json.dumps(described(asked["path"])) + "\n")
    sys.stdout.flush()
    if line := sys.stdin.readline():
        decode(asked["path"], **json.loads(line))
        sys.stdout.write("{}\n")


if __name__ == "__main__":
    main()
