"""Relevance on a grid of positions (tokens, patches, time steps) × points on the way through the network.

Plain values, as in `results`. Every array with one entry a position sums over all units there, with its sign.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

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
    """

    layer: str
    maps: np.ndarray | None
    handed: np.ndarray | None
    totals: np.ndarray


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
    mixing : numpy.ndarray or None
        (positions, positions): what goes from position i of the block back to position j. None where it is not known;
        a block that treats every position alone has it on the diagonal.
    alone : bool
        Every position is treated alone: `mixing` is then left out.
    """

    kind: str
    layer: str
    branch: np.ndarray
    skip: np.ndarray
    into: np.ndarray
    mixing: np.ndarray | None = None
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

    @property
    def rows(self) -> int:
        """How many positions there are."""
        return len(self.points[0].relevance) if self.points else 0
