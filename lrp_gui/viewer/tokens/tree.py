"""What of a grid is drawn: the nodes and edges that carry most on the way back from the output, and what is left."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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

    def pieces(self, size: int) -> Iterator[Edges]:
        """So many at a time, the weakest ones first."""
        for first in reversed(range(0, len(self.amount), size)):
            yield self.part(np.arange(first, min(first + size, len(self.amount))))


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


def tree_of(
    grid: TokenGrid,
    visibility: Visibility,
    kept: tuple[int, int] = (-1, -1),
    room: int = 0,
    held: Sequence[int] = (),
    chosen_by: Sequence[TokenGrid] = (),
) -> Tree:
    """The nodes of each point that reach the first slider's share, each with its strongest way back from the output.

    Parameters
    ----------
    kept : tuple of int
        A point and a position that are drawn whatever they carry; -1 for none.
    room : int
        For how many rows there is room; 0 for all. Of more positions those have a row at which most relevance is.
    held : sequence of int
        Positions that have a row before others do.
    chosen_by : sequence of TokenGrid
        The grids, of as many positions, whose relevance says which have a row; without any this one's own.
    """
    rows = _rows(chosen_by or (grid,), room, kept[1], held)
    has_row = np.zeros(grid.rows, dtype=bool)
    has_row[rows] = True
    shown = [np.zeros(grid.rows, dtype=bool) for _ in grid.points]
    for one, point in zip(shown, grid.points, strict=True):
        one[smallest_set(point.relevance, visibility.units)] = True
    if kept[0] >= 0:
        shown[kept[0]][kept[1]] = True
    every = [every_edge(gap) for gap in grid.gaps]
    shown = [one & has_row for one in shown]
    for n, edges in enumerate(every):  # from the inputs on: what is drawn can be reached from the output
        strongest = _parents(edges.part(np.flatnonzero(has_row[edges.right])), grid.rows)[shown[n]]
        shown[n + 1][strongest[strongest >= 0]] = True
    most = MOST_EDGES // max(len(every), 1)
    drawn = []
    for n, edges in enumerate(every):
        inside = np.flatnonzero(shown[n + 1][edges.right] & shown[n][edges.left])
        picked = inside[smallest_set(edges.amount[inside], visibility.edges, most)]
        drawn.append(edges.part(_with_ways(edges, picked, shown[n], shown[n + 1])))
    mixed = [gap.mixing for gap in grid.gaps if gap.mixing is not None]
    total = sum(float(np.abs(edges.amount).sum()) for edges in every) + sum(one.others_size for one in mixed)
    count = sum(len(edges.amount) for edges in every) + sum(one.others for one in mixed)
    carried = sum(float(np.abs(edges.amount).sum()) for edges in drawn)
    return Tree(
        shown=tuple(map(np.flatnonzero, shown)),
        edges=tuple(drawn),
        folded=tuple(float(point.relevance[~one].sum()) for point, one in zip(grid.points, shown, strict=True)),
        left_out=tuple(
            _arriving(all_of) - _arriving(some) + (gap.mixing.others_sum if gap.mixing is not None else 0.0)
            for gap, all_of, some in zip(grid.gaps, every, drawn, strict=True)
        ),
        rows=rows,
        counts=(sum(len(one.amount) for one in drawn), count),
        carried=carried / total if total else 0.0,
        held=_held(grid.points[0].relevance, rows),
    )


def _rows(grids: Sequence[TokenGrid], room: int, kept: int, held: Sequence[int]) -> np.ndarray:
    """The positions with most of the relevance at any point, and what is chosen; all where they have room."""
    rows = grids[0].rows
    if not room or rows <= room:
        return np.arange(rows)
    weights = np.zeros(rows)
    for point in (point for grid in grids for point in grid.points):
        size = np.abs(np.nan_to_num(point.relevance, nan=0.0, posinf=0.0, neginf=0.0))
        weights = np.maximum(weights, size / (size.sum() or 1.0))
    weights[list(held)] += 2.0  # more than any other can have
    if kept >= 0:
        weights[kept] = np.inf
    return np.sort(np.argsort(-weights, kind="stable")[:room])


def _held(relevance: np.ndarray, rows: np.ndarray) -> float:
    size = np.abs(np.nan_to_num(relevance, nan=0.0, posinf=0.0, neginf=0.0))
    return float(size[rows].sum() / size.sum()) if size.any() else 1.0


def _with_ways(edges: Edges, picked: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """What was picked, and besides for each drawn node the edges by which most arrives: none hangs in the air.

    Only from nodes that are drawn on the right: of positions without a row nothing can be. `left` and `right` say of
    each position whether it is drawn there.
    """
    drawn = left[edges.left] & right[edges.right]
    best = _strongest(edges, np.flatnonzero((edges.kind != TO_BLOCK) & drawn), len(left))
    best = best[best >= 0]
    through = np.zeros(len(left), dtype=bool)
    through[edges.right[best[edges.kind[best] == FROM_BLOCK]]] = True
    to_block = np.flatnonzero((edges.kind == TO_BLOCK) & through[edges.right])
    ways = np.concatenate([best, to_block])
    return np.concatenate([picked, ways[~np.isin(ways, picked)]])


def _arriving(edges: Edges) -> float:
    """What edges bring to the point on the left."""
    return float(edges.amount[edges.kind != TO_BLOCK].sum())


def _parents(edges: Edges, positions: int) -> np.ndarray:
    """For each position on the left the one on the right from which most comes; -1 where nothing does."""
    best = _strongest(edges, np.flatnonzero(edges.kind != TO_BLOCK), positions)
    return np.where(best >= 0, edges.right[best] if len(edges.right) else -1, -1)


def _strongest(edges: Edges, among: np.ndarray, positions: int) -> np.ndarray:
    """For each position on the left the edge of these by which most arrives; -1 where none does."""
    found = np.full(positions, -1)
    order = among[np.argsort(np.abs(edges.amount[among]), kind="stable")]
    found[edges.left[order]] = order  # the strongest comes last
    return found
