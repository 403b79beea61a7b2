"""Jobs that read files: a network, and the table that belongs to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from lrp_gui.jobs.requests import TableData
from lrp_gui.jobs.steps import Steps

if TYPE_CHECKING:
    from lrp_gui.document.results import Feature, NetworkInfo
    from lrp_gui.jobs.imported import Plan

# What is taken for a table among files that are given together, the first for one that lies beside weights. Numpy's
# files are weights there.
TABLE_SUFFIXES = (".csv", ".tsv", ".txt", ".parquet", ".xlsx", ".jsonl", ".ndjson", ".png", ".jpg", ".jpeg")
BESIDE = 2
PICTURE_SUFFIXES = TABLE_SUFFIXES[-3:]


def features_of(network: NetworkInfo) -> tuple[Feature, ...]:
    """The table's columns: the units of every input, one input after the other."""
    return tuple(chain.from_iterable(one.features for one in network.inputs))  # a picture has a hundred thousand


def read_table(
    network: NetworkInfo, paths: str | Sequence[str], plans: Mapping[str, Plan] | None = None
) -> Steps[TableData]:
    """Read a table and find the network's inputs among its columns, as they were mapped before if they were.

    Raises
    ------
    lrp_engine.LrpError
        If the file is no table, or has too few, too many or unknown columns.
    """
    from lrp_gui.jobs.importing import read_as_planned

    return (yield from read_as_planned(network, [paths] if isinstance(paths, str) else paths, plans or {}))


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
