"""What of a grid is drawn: the nodes and edges that carry most on the way back from the output, and what is left."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lrp_gui.jobs.token_grid import Gap, TokenGrid
from lrp_gui.viewer.neurons import Visibility
from lrp_gui.viewer.visible import smallest_set

MOST_EDGES = 2400
STREAM, TO_BLOCK, FROM_BLOCK = range(3)


@dataclass(frozen=True, slots=True)
class Edges:
    """Edges of one gap: `kind`, position on the right, position on the left, amount; all of one length."""

    kind: np.ndarray
    right: np.ndarray
    left: np.ndarray
    amount: np.ndarray

    def part(self, places: np.ndarray) -> Edges:
        """Some of them."""
        return Edges(self.kind[places], self.right[places], self.left[places], self.amount[places])


@dataclass(frozen=True, slots=True)
class Tree:
    """The drawn part of a grid.

    Attributes
    ----------
    shown : tuple of numpy.ndarray
        For each point the positions whose nodes are drawn.
    edges : tuple of Edges
        For each gap, the strongest first.
    folded : tuple of float
        For each point the relevance of the positions that are not drawn.
    left_out : tuple of float
        For each gap the relevance that arrives at the point on its left by edges that are not drawn.
    rows : numpy.ndarray
        The positions that have a row, in their order.
    held : float
        The share of |R| at the first point that these rows hold.
    counts : tuple of int
        Drawn edges, and all that carry anything.
    carried : float
        The share of |R| on all edges that the drawn ones carry.
    """

    shown: tuple[np.ndarray, ...]
    edges: tuple[Edges, ...]
    folded: tuple[float, ...]
    left_out: tuple[float, ...]
    rows: np.ndarray
    counts: tuple[int, int]
    carried: float
    held: float


def every_edge(gap: Gap) -> Edges:
    """All edges of a gap that carry anything; of very many between positions, the strongest."""
    rows = np.arange(len(gap.skip))
    parts = [(STREAM, rows, rows, gap.skip), (TO_BLOCK, rows, rows, gap.branch)]
    if gap.mixing is not None:
        parts.append((FROM_BLOCK, gap.mixing.right, gap.mixing.left, gap.mixing.amount))
    else:  # each by itself; or from the block as a whole, where it is not known from which position
        parts.append((FROM_BLOCK, rows, rows, gap.into))
    kind = np.concatenate([np.full(len(part[1]), part[0]) for part in parts])
    right, left, amount = (np.concatenate([part[n] for part in parts]) for n in (1, 2, 3))
    amount = np.nan_to_num(amount.astype(float), nan=0.0, posinf=0.0, neginf=0.0)
    return Edges(kind, right, left, amount).part(np.flatnonzero(amount))


def tree_of(grid: TokenGrid, visibility: Visibility, kept: tuple[int, int] = (-1, -1), room: int = 0) -> Tree:
    """The nodes of each point that reach the first slider's share, each with its strongest way back from the output.

    Parameters
    ----------
    kept : tuple of int
        A point and a position that are drawn whatever they carry; -1 for none.
    room : int
        For how many rows there is room; 0 for all. Of more positions those have a row at which most relevance is.
    """
    rows = _rows(grid, room, kept[1])
    shown = [set(smallest_set(point.relevance, visibility.units).tolist()) for point in grid.points]
    if kept[0] >= 0:
        shown[kept[0]].add(kept[1])
    every = [every_edge(gap) for gap in grid.gaps]
    if len(rows) < grid.rows:
        shown = [one.intersection(rows.tolist()) for one in shown]
    for n, edges in enumerate(every):  # from the inputs on: what is drawn can be reached from the output
        strongest = _parents(edges if len(rows) == grid.rows else edges.part(np.isin(edges.right, rows)))
        shown[n + 1] |= {strongest[position] for position in shown[n] if position in strongest}
    most = MOST_EDGES // max(len(every), 1)
    drawn = []
    for n, edges in enumerate(every):
        inside = np.flatnonzero(_among(edges.right, shown[n + 1]) & _among(edges.left, shown[n]))
        picked = inside[smallest_set(edges.amount[inside], visibility.edges, most)]
        drawn.append(edges.part(_with_ways(edges, picked, shown[n], shown[n + 1])))
    mixed = [gap.mixing for gap in grid.gaps if gap.mixing is not None]
    total = sum(float(np.abs(edges.amount).sum()) for edges in every) + sum(one.others_size for one in mixed)
    count = sum(len(edges.amount) for edges in every) + sum(one.others for one in mixed)
    carried = sum(float(np.abs(edges.amount).sum()) for edges in drawn)
    return Tree(
        shown=tuple(np.array(sorted(one), dtype=int) for one in shown),
        edges=tuple(drawn),
        folded=tuple(
            float(np.delete(point.relevance, sorted(one)).sum()) for point, one in zip(grid.points, shown, strict=True)
        ),
        left_out=tuple(
            _arriving(all_of) - _arriving(some) + (gap.mixing.others_sum if gap.mixing is not None else 0.0)
            for gap, all_of, some in zip(grid.gaps, every, drawn, strict=True)
        ),
        rows=rows,
        counts=(sum(len(one.amount) for one in drawn), count),
        carried=carried / total if total else 0.0,
        held=_held(grid.points[0].relevance, rows),
    )


def _rows(grid: TokenGrid, room: int, kept: int) -> np.ndarray:
    """The positions with most of the relevance at any point, and what is chosen; all where they have room."""
    if not room or grid.rows <= room:
        return np.arange(grid.rows)
    weights = np.zeros(grid.rows)
    for point in grid.points:
        size = np.abs(np.nan_to_num(point.relevance, nan=0.0, posinf=0.0, neginf=0.0))
        weights = np.maximum(weights, size / (size.sum() or 1.0))
    if kept >= 0:
        weights[kept] = np.inf
    return np.sort(np.argsort(-weights, kind="stable")[:room])


def _held(relevance: np.ndarray, rows: np.ndarray) -> float:
    size = np.abs(np.nan_to_num(relevance, nan=0.0, posinf=0.0, neginf=0.0))
    return float(size[rows].sum() / size.sum()) if size.any() else 1.0


def _with_ways(edges: Edges, picked: np.ndarray, left: set[int], right: set[int]) -> np.ndarray:
    """What was picked, and besides for each drawn node the edges by which most arrives: none hangs in the air.

    Only from nodes that are drawn on the right: of positions without a row nothing can be.
    """
    arriving = np.flatnonzero((edges.kind != TO_BLOCK) & _among(edges.left, left) & _among(edges.right, right))
    order = arriving[np.argsort(np.abs(edges.amount[arriving]), kind="stable")]
    best = {int(edges.left[place]): int(place) for place in order}
    through = {int(edges.right[place]) for place in best.values() if edges.kind[place] == FROM_BLOCK}
    to_block = np.flatnonzero((edges.kind == TO_BLOCK) & _among(edges.right, through))
    ways = np.array([*best.values(), *to_block.tolist()], dtype=int)
    return np.concatenate([picked, ways[~np.isin(ways, picked)]])


def _arriving(edges: Edges) -> float:
    """What edges bring to the point on the left."""
    return float(edges.amount[edges.kind != TO_BLOCK].sum())


def _among(values: np.ndarray, chosen: set[int]) -> np.ndarray:
    return np.isin(values, np.fromiter(chosen, dtype=int, count=len(chosen)))


def _parents(edges: Edges) -> dict[int, int]:
    """For each position on the left the one on the right from which most comes."""
    arriving = np.flatnonzero(edges.kind != TO_BLOCK)
    order = arriving[np.argsort(np.abs(edges.amount[arriving]), kind="stable")]
    return dict(zip(edges.left[order].tolist(), edges.right[order].tolist(), strict=True))  # the strongest comes last
