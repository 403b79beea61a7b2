"""Relevance on a grid of positions (tokens, patches, time steps) × points on the way through the network.

Plain values, as in `results`. Every array with one entry a position sums over all units there, with its sign.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

MOST_MIXED = 4096  # of what goes from position to position in one block, the strongest are kept
ATTENTION, MLP, RECURRENT, OTHER = "attention", "MLP", "recurrent", "between"


@dataclass(frozen=True, slots=True)
class Heads:
    """The attention inside a block. Query i reads key j.

    Attributes
    ----------
    layer : str
        Where it is computed.
    maps : numpy.ndarray or None
        (heads, query, key): the attention map A. None where all of them together are too large to be kept.
    handed : numpy.ndarray or None
        (heads, query, key): relevance that goes through A from position i back to position j, "A × relevance".
    totals : numpy.ndarray
        (heads,): what arrived at each head's output.
    rows : numpy.ndarray or None
        (heads, position): in windows, the row of the grid that each position of a map is, -1 for padding. None where
        a map's positions are the grid's rows.
    """

    layer: str
    maps: np.ndarray | None
    handed: np.ndarray | None
    totals: np.ndarray
    rows: np.ndarray | None = None


@dataclass(frozen=True, slots=True)
class Mixing:
    """What goes in a block from positions on the right back to positions on the left, the strongest first.

    Attributes
    ----------
    right, left, amount : numpy.ndarray
        (pairs,): from where, to where, how much.
    others : int
        How many more pairs carry anything.
    others_sum, others_size : float
        Their sum, and the sum of their sizes.
    """

    right: np.ndarray
    left: np.ndarray
    amount: np.ndarray
    others: int = 0
    others_sum: float = 0.0
    others_size: float = 0.0

    @classmethod
    def of(cls, matrix: np.ndarray, most: int = MOST_MIXED) -> Mixing:
        """From (right, left); what is no number counts as nothing."""
        right, left = (axis.ravel() for axis in np.indices(matrix.shape))
        return cls.of_pairs(right, left, np.asarray(matrix, dtype=float).ravel(), most)

    @classmethod
    def of_pairs(cls, right: np.ndarray, left: np.ndarray, amount: np.ndarray, most: int = MOST_MIXED) -> Mixing:
        """From pairs each of which comes once; what is no number counts as nothing."""
        values = np.nan_to_num(amount, nan=0.0, posinf=0.0, neginf=0.0)
        order = np.argsort(-np.abs(values), kind="stable")[: np.count_nonzero(values)]
        kept, rest = order[:most], values[order[most:]]
        return cls(right[kept], left[kept], values[kept], rest.size, float(rest.sum()), float(np.abs(rest).sum()))

    @classmethod
    def of_windows(cls, heads: Heads) -> Mixing | None:
        """From an attention whose rows are known, over all of its windows and heads; None where they are not."""
        rows, handed = heads.rows, heads.handed
        if rows is None or handed is None or handed.shape != (*rows.shape, rows.shape[1]):
            return None
        right, left = (np.broadcast_to(axis, handed.shape) for axis in (rows[:, :, None], rows[:, None, :]))
        known = (right >= 0) & (left >= 0)  # padding is no row: what it gets has ended in a constant
        every = int(rows.max()) + 1
        pairs, place = np.unique(right[known] * every + left[known], return_inverse=True)
        amount = np.bincount(place, np.nan_to_num(handed[known].astype(float), nan=0.0, posinf=0.0, neginf=0.0))
        return cls.of_pairs(pairs // every, pairs % every, amount)

    def to_left(self, positions: int) -> np.ndarray:
        """(positions,): what the kept pairs bring to each position on the left."""
        return np.bincount(self.left, self.amount, positions)


@dataclass(frozen=True, slots=True)
class Point:
    """A place on the residual stream (or a sequence between recurrent layers)."""

    layer: str
    name: str
    relevance: np.ndarray  # (positions,)
    tensor: str = ""  # the node of the graph
    strongest: np.ndarray | None = None  # (positions,): which of the position's units has most |R|
    units: int = 0  # of each position


@dataclass(frozen=True, slots=True)
class Gap:
    """What lies between two points: a block, and the stream beside it.

    Attributes
    ----------
    kind : str
        What the block is: `ATTENTION`, `MLP`, `RECURRENT`, or `OTHER`: a norm and the like, or what is none of these.
    layer : str
        The block's own layer.
    branch : numpy.ndarray
        (positions,): relevance that the block's output gets.
    skip : numpy.ndarray
        (positions,): what the stream hands on beside the block.
    into : numpy.ndarray
        (positions,): what the block hands to the point on its left: that point's relevance less `skip`.
    mixing : Mixing or None
        What goes from positions of the block back to positions on its left; None where it is not known.
    alone : bool
        Every position is treated alone: there is no `mixing`.
    """

    kind: str
    layer: str
    branch: np.ndarray
    skip: np.ndarray
    into: np.ndarray
    mixing: Mixing | None = None
    alone: bool = False
    heads: tuple[Heads, ...] = ()


@dataclass(frozen=True, slots=True)
class TokenGrid:
    """All of it: gaps[n] lies between points[n], nearer the input, and points[n + 1].

    Attributes
    ----------
    positions : str
        What the rows are: "token", "patch", "time step" or "position".
    source : str
        The network's input that the rows belong to; "" where that is not known.
    first : int
        The row of the input's first position: rows before it (a class token) belong to no input.
    patches : tuple of int
        Rows and columns of the patches of an image; () for sequences.
    explained : float
        The score.
    texts : tuple of str
        What each position's token stands for; () where nobody knows.
    problem : str
        Why there is no grid, in one sentence; then all else is empty.
    parts : tuple of TokenGrid
        Where a network holds several streams (it merges positions, or one part reads another), all of them in forward
        order; what stands beside `parts` is the longest. () where there is only one.
    last : bool
        The score is what lies behind it, and not another part.
    reached : int
        The first point to which relevance has come; what is left of it is of an earlier explanation, or nought.
    whole : bool
        All of it is there; if not, relevance is still on its way, or is still being followed through the attentions.
    """

    points: tuple[Point, ...] = ()
    gaps: tuple[Gap, ...] = ()
    positions: str = "position"
    source: str = ""
    first: int = 0
    patches: tuple[int, int] | tuple[()] = ()
    explained: float = 0.0
    problem: str = ""
    texts: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())
    parts: tuple[TokenGrid, ...] = ()
    last: bool = True
    reached: int = 0
    whole: bool = True

    def over(self, before: TokenGrid | None) -> TokenGrid:
        """With the numbers of an earlier explanation of the same network where relevance has not come yet."""
        if before is None or not self.reached or not self._like(before):
            return self
        parts = ()
        if len(self.parts) == len(before.parts):
            parts = tuple(one.over(old) for one, old in zip(self.parts, before.parts, strict=True))
        here = slice(0, self.reached)
        return replace(
            self,
            points=before.points[here] + self.points[self.reached :],
            gaps=before.gaps[here] + self.gaps[self.reached :],
            parts=parts or self.parts,
        )

    def _like(self, other: TokenGrid) -> bool:
        same = self.rows == other.rows and len(self.points) == len(other.points)
        return same and [point.tensor for point in self.points] == [point.tensor for point in other.points]

    @property
    def rows(self) -> int:
        """How many positions there are."""
        return len(self.points[0].relevance) if self.points else 0
