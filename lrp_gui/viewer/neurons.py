"""An MLP as columns of neurons with relevance on every edge between them, ready to be laid out.

Layers that hand every relevance on as it is (ReLU, dropout, flatten) stand in the column of the layer they
follow: their relevance is the same numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from lrp_gui.document.results import NetworkInfo, SampleResult
from lrp_gui.viewer.neuron_paths import flow_along, flowing, picked_path, strongest_path
from lrp_gui.viewer.visible import smallest_set

MOST_UNITS = 220  # circles in one column; the weakest beyond it are folded
MOST_EDGES = 2400  # ribbons in one picture
THROUGH = ("activation", "movement")


@dataclass(frozen=True, slots=True)
class Visibility:
    """The two sliders."""

    units: float = 0.80
    edges: float = 0.98


@dataclass(frozen=True, slots=True)
class Column:
    """One column of units. `members` are the layers whose output it shows, `shown` its drawn units in order."""

    layer: str
    members: tuple[str, ...]
    relevance: np.ndarray
    activation: np.ndarray
    shown: np.ndarray
    hidden: np.ndarray
    is_input: bool = False
    is_output: bool = False


@dataclass(frozen=True)
class Gap:
    """The edges between two columns: matrix[j, i] from unit j (nearer the output) back to unit i.

    `edges` are the drawn ones as rows of (j, i), strongest first, all between shown units.
    """

    matrix: np.ndarray
    edges: np.ndarray

    @cached_property
    def size(self) -> np.ndarray:
        """|R| of every edge."""
        return np.abs(self.matrix)

    @cached_property
    def of_right(self) -> np.ndarray:
        """Σ|R| that each right unit hands back."""
        return self.size.sum(axis=1, dtype=float)

    @cached_property
    def of_left(self) -> np.ndarray:
        """Σ|R| that each left unit gets."""
        return self.size.sum(axis=0, dtype=float)


@dataclass(frozen=True, slots=True)
class NeuronGraph:
    """Columns from input to output, and the gaps between them (gaps[n] lies left of columns[n + 1]).

    Of each column `kept` are units that are drawn whatever they carry, that of the strongest path first.
    """

    columns: tuple[Column, ...]
    gaps: tuple[Gap, ...]
    visibility: Visibility = Visibility()
    barycentre: bool = False
    kept: tuple[tuple[int, ...], ...] = ()

    @property
    def edge_count(self) -> tuple[int, int]:
        """Drawn edges and all edges."""
        return sum(len(gap.edges) for gap in self.gaps), sum(gap.matrix.size for gap in self.gaps)

    @property
    def carried(self) -> float:
        """The share of all |R| on edges that the drawn ones carry."""
        total = sum(float(gap.of_left.sum()) for gap in self.gaps)
        drawn = sum(float(gap.size[gap.edges[:, 0], gap.edges[:, 1]].sum(dtype=float)) for gap in self.gaps)
        return drawn / total if total else 0.0

    def column_of(self, layer: str) -> int:
        """The column that shows a layer, or -1."""
        return next((n for n, column in enumerate(self.columns) if layer in column.members), -1)

    def path(self, column: int = -1, unit: int = -1) -> tuple[int, ...]:
        """The strongest path through a unit (without one: from the output that carries most), a unit per column."""
        return strongest_path([gap.matrix for gap in self.gaps], self.columns[-1].relevance, column, unit)

    def flowing(self, column: int = -1, unit: int = -1) -> tuple[int, ...]:
        """The part of the strongest path through a unit on which something flows; `NOWHERE` beyond it."""
        start = column if column >= 0 and unit >= 0 else len(self.gaps)
        return flowing([gap.matrix for gap in self.gaps], self.path(column, unit), start)

    def through(self, picked: Iterable[tuple[str, int]]) -> tuple[int, ...]:
        """The path through units that were picked, by layer and number; () where there is none of them."""
        columns = {self.column_of(layer): unit for layer, unit in picked}
        columns = {n: unit for n, unit in columns.items() if n >= 0 and 0 <= unit < self.columns[n].relevance.size}
        return picked_path([gap.matrix for gap in self.gaps], columns) if columns else ()

    def flow_along(self, path: tuple[int, ...]) -> float:
        """How much relevance goes exactly this way."""
        return flow_along([gap.matrix for gap in self.gaps], [column.relevance for column in self.columns], path)

    def shows(self, path: tuple[int, ...]) -> bool:
        """Whether every unit and edge of a path is drawn."""
        return all(
            bool(np.any(np.all(gap.edges == (right, left), axis=1)))
            for gap, left, right in zip(self.gaps, path, path[1:], strict=False)
            if left >= 0 and right >= 0
        ) and all(unit < 0 or unit in column.shown for column, unit in zip(self.columns, path, strict=False))


def neuron_graph(
    network: NetworkInfo,
    result: SampleResult,
    visibility: Visibility | None = None,
    barycentre: bool = False,
    chosen: tuple[str, int] = ("", -1),
    picked: Sequence[tuple[str, int]] = (),
) -> NeuronGraph | None:
    """The columns of an MLP; None where the network is something else or some edges are not known.

    `chosen` is a layer and one of its units: the strongest path through it is never folded away. Nor is the one
    through the units that were `picked`.
    """
    visibility = visibility or Visibility()
    chain = _chain(network, result)
    if chain is None:
        return None
    matrices = [_finite(result.flows[layer].matrix) for layer, _ in chain[1:]]
    at = next((n for n, (_, members) in enumerate(chain) if chosen[0] in members), -1)
    strongest = path = strongest_path(matrices, _finite(result.layers[chain[-1][0]].relevance.ravel()), at, chosen[1])
    column_of = {layer: n for n, (_, members) in enumerate(chain) for layer in members}
    by_hand = {column_of[layer]: unit for layer, unit in picked if layer in column_of}
    if by_hand:
        path = tuple(a if a >= 0 else b for a, b in zip(picked_path(matrices, by_hand), path, strict=True))
    if at >= 0 and strongest[at] == chosen[1] != path[at]:
        kept = [(unit, chosen[1]) if n == at else (unit,) for n, unit in enumerate(path)]
    else:
        kept = [(unit,) for unit in path]
    columns = [
        _column(result, layer, members, visibility, (n == 0, n == len(chain) - 1), kept[n])
        for n, (layer, members) in enumerate(chain)
    ]
    if barycentre:
        columns = _by_barycentre(columns, matrices)
    gaps = _gaps(matrices, columns, visibility, kept)
    return NeuronGraph(tuple(columns), gaps, visibility, barycentre, tuple(kept))


def of_same_units(graphs: Sequence[NeuronGraph]) -> list[NeuronGraph]:
    """Graphs that are compared, each with all units that any shows, in one order; as they are where sizes differ.

    What is kept in any of them is shown in all; else no column shows more than `MOST_UNITS`.
    """
    if len({tuple(column.relevance.size for column in graph.columns) for graph in graphs}) > 1:
        return list(graphs)
    first = graphs[0]
    columns = [_with_units(column, _units_of(graphs, n)) for n, column in enumerate(first.columns)]
    if first.barycentre:
        together = zip(*(graph.gaps for graph in graphs), strict=True)
        columns = _by_barycentre(columns, [sum(gap.size for gap in gaps) for gaps in together])  # type: ignore[misc]
    found = []
    for graph in graphs:
        own = [_with_units(one, units.shown) for one, units in zip(graph.columns, columns, strict=True)]
        gaps = _gaps([gap.matrix for gap in graph.gaps], own, graph.visibility, graph.kept)
        found.append(replace(graph, columns=tuple(own), gaps=gaps))
    return found


def _units_of(graphs: Sequence[NeuronGraph], n: int) -> np.ndarray:
    """The units that column n of any graph shows; of too many those with the largest share of one's relevance."""
    columns = [graph.columns[n] for graph in graphs]
    shown = np.unique(np.concatenate([column.shown for column in columns]))
    if shown.size <= MOST_UNITS:
        return shown
    sizes = [np.abs(_finite(column.relevance)) for column in columns]
    weights = np.max([size / (size.sum() or 1.0) for size in sizes], axis=0)[shown]
    kept = [unit for graph in graphs for unit in graph.kept[n] if unit >= 0]
    strongest = shown[np.argsort(-weights, kind="stable")[:MOST_UNITS]]
    return np.union1d(strongest, np.array(kept, dtype=shown.dtype))


def _with_units(column: Column, shown: np.ndarray) -> Column:
    return replace(column, shown=shown, hidden=np.setdiff1d(np.arange(column.relevance.size), shown))


def _gaps(
    matrices: Sequence[np.ndarray], columns: Sequence[Column], visibility: Visibility, kept: Sequence[tuple[int, ...]]
) -> tuple[Gap, ...]:
    most = MOST_EDGES // len(matrices)
    return tuple(
        Gap(matrix, _edges(matrix, left, right, visibility.edges, most, (kept[n + 1][0], kept[n][0])))
        for n, (matrix, left, right) in enumerate(zip(matrices, columns, columns[1:], strict=False))
    )


def is_chain(network: NetworkInfo, result: SampleResult | None) -> bool:
    """Whether every edge between two columns is known, so that the network can be drawn neuron by neuron."""
    return result is not None and result.words.flows and _chain(network, result) is not None


def _chain(network: NetworkInfo, result: SampleResult) -> list[tuple[str, tuple[str, ...]]] | None:
    """The columns' layers from input to output, each with the layers that share it."""
    if len(network.inputs) != 1 or not result.flows:
        return None
    source_name = network.inputs[0].name
    chain: list[tuple[str, list[str]]] = [(source_name, [source_name])]
    for layer in network.layers:
        if layer.path not in result.layers:
            continue
        if len(layer.sources) != 1 or layer.sources[0] not in chain[-1][1]:
            return None
        if layer.path in result.flows:
            matrix = result.flows[layer.path].matrix
            before = result.inputs[source_name] if len(chain) == 1 else result.layers[chain[-1][0]].relevance
            if matrix.shape != (result.layers[layer.path].relevance.size, before.size):
                return None
            chain.append((layer.path, [layer.path]))
        elif layer.kind in THROUGH or layer.merged_into:
            chain[-1][1].append(layer.path)
        else:
            return None
    return [(layer, tuple(members)) for layer, members in chain] if len(chain) > 1 else None


def _column(
    result: SampleResult,
    layer: str,
    members: tuple[str, ...],
    visibility: Visibility,
    ends: tuple[bool, bool],
    kept: tuple[int, ...],
) -> Column:
    """A layer's column: all of an input or output, of a hidden layer the units that carry most and the kept one."""
    first, last = ends
    if first:
        relevance, activation = result.inputs[layer], result.values[layer]
    else:
        relevance = result.layers[layer].relevance
        # What the next layer reads is the activated value, except at the output: there the logit is explained.
        activation = result.layers[layer if last else members[-1]].activation
    relevance = np.asarray(relevance, dtype=float).ravel()
    activation = np.asarray(activation, dtype=float).ravel()
    if (first or last) and relevance.size <= MOST_UNITS:
        shown = np.arange(relevance.size)
    else:
        shown = smallest_set(relevance, 1.0 if first or last else visibility.units, MOST_UNITS)
        shown = np.union1d(shown, kept)
    hidden = np.setdiff1d(np.arange(relevance.size), shown)
    return Column(layer, members, relevance, activation, shown, hidden, first, last)


def _edges(
    matrix: np.ndarray, left: Column, right: Column, share: float, most: int, kept: tuple[int, int]
) -> np.ndarray:
    """The strongest edges that carry `share` of what flows between shown units, and the kept one."""
    part = matrix[np.ix_(right.shown, left.shown)]
    picked = smallest_set(part, share, most)
    j, i = np.unravel_index(picked, part.shape) if picked.size else (picked, picked)
    edges = np.stack([right.shown[j], left.shown[i]], axis=1)
    if matrix[kept] and not np.any(np.all(edges == kept, axis=1)):
        edges = np.concatenate([edges, [kept]])
    return edges


def _by_barycentre(columns: list[Column], matrices: list[np.ndarray]) -> list[Column]:
    """Hidden columns sorted by where their relevance comes from and goes to: fewer crossings."""
    order = [np.linspace(0, 1, column.relevance.size) for column in columns]
    result = list(columns)
    for _ in range(4):
        for n in range(1, len(columns) - 1):
            left, right = np.abs(matrices[n - 1]), np.abs(matrices[n])
            weight = left.sum(axis=1) + right.sum(axis=0)
            centre = (left @ order[n - 1] + right.T @ order[n + 1]) / np.where(weight > 0, weight, 1)
            shown = columns[n].shown[np.argsort(centre[columns[n].shown], kind="stable")]
            order[n][shown] = np.linspace(0, 1, len(shown))
            result[n] = replace(columns[n], shown=shown)
    return result


def _finite(matrix: np.ndarray) -> np.ndarray:
    values = np.asarray(matrix)
    return values if np.isfinite(values.sum()) else np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
