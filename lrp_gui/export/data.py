"""The numbers behind a picture: columns for a table, arrays for NumPy; made in the worker, for a layer may be large."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from lrp_gui.document.exporting import FORMATS
from lrp_gui.document.results import LedgerRow
from lrp_gui.jobs import importing
from lrp_gui.jobs.queue import Failure, Job, JobQueue, Priority
from lrp_gui.languages import tr

if TYPE_CHECKING:
    from lrp_gui.document.results import NetworkInfo, SampleResult
    from lrp_gui.viewer.picture import Drawing

__all__ = ["FORMATS", "Numbers", "numbers_of", "write_numbers"]

MOST_COPIED = 100_000  # cells; a clipboard is no file


@dataclass(frozen=True, slots=True)
class Numbers:
    """`columns` of equal length, and the same as `arrays` in their own shapes."""

    columns: dict[str, Any]
    arrays: dict[str, np.ndarray] = field(default_factory=dict)

    def for_file(self, path: str) -> dict[str, Any]:
        """What a file of this suffix holds."""
        if not path.lower().endswith(".npz"):
            return self.columns
        return self.arrays or {name: np.asarray(column) for name, column in self.columns.items()}

    @property
    def cells(self) -> int:
        """How many there are."""
        return sum(len(column) for column in self.columns.values())

    def text(self) -> str:
        """Lines of cells between tabs, as spreadsheets take them."""
        rows = zip(*(column.tolist() if hasattr(column, "tolist") else column for column in self.columns.values()),
                   strict=True)  # fmt: skip
        lines = ["\t".join(self.columns), *("\t".join(map(str, row)) for row in rows)]
        return "\n".join(lines) + "\n"


def numbers_of(network: NetworkInfo, result: SampleResult, title: str, picture: Drawing | None) -> Numbers:
    """What a picture shows.

    Parameters
    ----------
    title
        Of one of the viewer's pictures, as the list of them calls it.
    picture
        The picture itself: where it shows more than one part of the explanation, its own numbers are given.
    """
    from lrp_gui.export.drawn import drawn_numbers

    own = drawn_numbers(picture)
    if own is not None:
        return Numbers(*own)
    kind, _, name = title.partition(" ")
    if kind == "input" and name in result.inputs:
        return _inputs(network, result, (name,))
    if kind == "layer" and name in result.layers:
        return _layer(result, name)
    if title == "conservation":
        return _ledger(result)
    if title.endswith("graph") or title.startswith("graph"):
        return _edges(result) if result.flows else _layers(network, result)
    return _everything(network, result)


def write_numbers(
    jobs: JobQueue,
    path: str,
    gather: Callable[[], Numbers],
    done: Callable[[str], None],
    failed: Callable[[Failure], None],
) -> None:
    """Write them in the worker, in the format that the path's suffix names."""
    title = tr("Writing {path}").format(path=path)
    make = lambda: importing.write(path, lambda: gather().for_file(path), None, lambda: True)  # noqa: E731
    jobs.submit(Job(title, Priority.TABLE, make, done=done, failed=failed))


def _inputs(network: NetworkInfo, result: SampleResult, names: tuple[str, ...]) -> Numbers:
    """A row for each feature, in the table's units and in the network's."""
    columns: dict[str, list[Any]] = {name: [] for name in ("input", "feature", "unit", "value", "in network units")}
    columns["relevance"] = []
    arrays = {}
    for one in network.inputs:
        if one.name not in names:
            continue
        values, relevance = np.ravel(result.values[one.name]), np.ravel(result.inputs[one.name])
        mean = np.array([feature.mean for feature in one.features])
        scale = np.array([feature.scale for feature in one.features])
        columns["input"] += [one.name] * values.size
        columns["feature"] += [feature.name for feature in one.features]
        columns["unit"] += [feature.unit for feature in one.features]
        columns["value"] += (values.astype(np.float64) * scale + mean).tolist()
        columns["in network units"] += values.tolist()
        columns["relevance"] += relevance.tolist()
        arrays[f"value {one.name}"], arrays[f"relevance {one.name}"] = result.values[one.name], result.inputs[one.name]
    return Numbers(columns, arrays)


def _layer(result: SampleResult, path: str) -> Numbers:
    """A row for each unit, with its place."""
    found = result.layers[path]
    shape = found.relevance.shape
    places = np.unravel_index(np.arange(found.relevance.size), shape) if shape else (np.zeros(1, int),)
    columns: dict[str, Any] = {f"axis {axis}": place for axis, place in enumerate(places)}
    columns |= {"activation": np.ravel(found.activation), "relevance": np.ravel(found.relevance)}
    return Numbers(columns, {"activation": found.activation, "relevance": found.relevance})


def _ledger(result: SampleResult) -> Numbers:
    """A row for each node, from output to input."""
    return Numbers({one.name: [getattr(row, one.name) for row in result.ledger] for one in fields(LedgerRow)})


def _edges(result: SampleResult) -> Numbers:
    """A row for each edge between two dense layers."""
    columns: dict[str, list[Any]] = {name: [] for name in ("layer", "unit", "from", "from unit")}
    amounts, arrays = [], {}
    for layer, flow in result.flows.items():
        units, sources = np.indices(flow.matrix.shape)
        columns["layer"] += [layer] * flow.matrix.size
        columns["unit"] += units.ravel().tolist()
        columns["from"] += [flow.source] * flow.matrix.size
        columns["from unit"] += sources.ravel().tolist()
        amounts.append(np.ravel(flow.matrix))
        arrays[f"{layer} from {flow.source}"] = flow.matrix
    return Numbers({**columns, "relevance": np.concatenate(amounts)}, arrays)


def _layers(network: NetworkInfo, result: SampleResult) -> Numbers:
    """A row for each layer: what arrived there, apart by sign."""
    rows = [(one, result.layers[one.path].relevance) for one in network.layers if one.path in result.layers]
    return Numbers(
        {
            "layer": [one.path for one, _ in rows],
            "operation": [one.operation for one, _ in rows],
            "shape": ["×".join(map(str, one.shape)) for one, _ in rows],
            "positive relevance": [float(r[r > 0].sum()) for _, r in rows],
            "negative relevance": [float(r[r < 0].sum()) for _, r in rows],
        }
    )


def _everything(network: NetworkInfo, result: SampleResult) -> Numbers:
    """As columns the inputs; as arrays every layer and edge, too."""
    found = _inputs(network, result, tuple(result.inputs))
    arrays = dict(found.arrays) | {"outputs": result.outputs, "explained": np.array(result.explained)}
    for path, layer in result.layers.items():
        arrays |= {f"activation {path}": layer.activation, f"relevance {path}": layer.relevance}
    if result.flows:
        arrays |= {f"edges {name}": matrix for name, matrix in _edges(result).arrays.items()}
    arrays |= {f"ledger {name}": np.array(column) for name, column in _ledger(result).columns.items()}
    return Numbers(found.columns, arrays)
