"""Jobs that read files: a network, and the table that belongs to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from lrp_gui.jobs.requests import TableData
from lrp_gui.jobs.steps import Progress, Steps

if TYPE_CHECKING:
    from lrp_gui.document.results import Feature, NetworkInfo

# What is taken for a table among files that are given together, the first for one that lies beside weights. Numpy's
# files are weights there.
TABLE_SUFFIXES = (".csv", ".tsv", ".txt", ".parquet", ".xlsx", ".jsonl", ".ndjson", ".png", ".jpg", ".jpeg")
BESIDE = 2


def features_of(network: NetworkInfo) -> tuple[Feature, ...]:
    """The table's columns: the units of every input, one input after the other."""
    return tuple(feature for one in network.inputs for feature in one.features)


def read_table(network: NetworkInfo, path: str) -> Steps[TableData]:
    """Read a table and find the network's inputs among its columns.

    Raises
    ------
    lrp_engine.LrpError
        If the file is no table, or has too few, too many or unknown columns.
    """
    from lrp_engine.files.table import match_columns, picture_input, read_table

    yield Progress(text=f"Reading {Path(path).name}")
    raw = read_table(path, picture_input([one.shape for one in network.inputs]))
    yield Progress(text=f"Reading {Path(path).name}")
    features = features_of(network)
    matched = match_columns(features, all(one.named for one in network.inputs), raw)  # type: ignore[arg-type]
    values, bad = matched.take(raw)
    used = set(matched.order)
    extras = tuple((name, raw.column(column)) for column, name in enumerate(raw.names) if column not in used)
    typed = {cell: text for cell, (text, _reason) in bad.items()}
    return TableData(str(path), values, typed, extras, raw.notes + matched.notes)


def table_beside(network: NetworkInfo) -> Steps[TableData | None]:
    """The table that lies beside the weights and fits them: the one of the same name, or the only one there."""
    from lrp_engine.errors import LrpError

    for path in _candidates(Path(network.path)):
        try:
            return (yield from read_table(network, str(path)))
        except LrpError:
            continue  # nobody asked for this file; one that does not fit is not ours
    return None


def _candidates(weights: Path) -> Iterator[Path]:
    try:
        tables = sorted(path for path in weights.parent.iterdir() if path.suffix.lower() in TABLE_SUFFIXES[:BESIDE])
    except OSError:
        return
    same = [path for path in tables if path.stem == weights.stem]
    yield from same or (tables if len(tables) == 1 else [])
