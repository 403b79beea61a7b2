"""Paths through the columns of an MLP: the strongest one through a unit, and the one through units picked by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

NOWHERE = -2  # the unit of a column that a path does not come through


def strongest_path(matrices: Sequence[np.ndarray], outputs: np.ndarray, column: int, unit: int) -> tuple[int, ...]:
    """From a unit along the strongest edge each time, back to the input and on to the output; a unit per column.

    Without a unit, or with one that the column does not have, from the output that carries most.
    """
    last = len(matrices)
    sizes = [matrix.shape[1] for matrix in matrices] + [outputs.size]
    if column < 0 or not 0 <= unit < sizes[column]:
        column, unit = last, _strongest(outputs)
    units = {column: unit}
    for n in range(column, 0, -1):
        units[n - 1] = _strongest(matrices[n - 1][units[n]])
    for n in range(column, last):
        units[n + 1] = _strongest(matrices[n][:, units[n]])
    return tuple(units[n] for n in range(last + 1))


def flowing(matrices: Sequence[np.ndarray], path: Sequence[int], column: int) -> tuple[int, ...]:
    """A path from one of its columns to both sides as far as something flows along it; beyond that `NOWHERE`."""
    units = [NOWHERE] * len(path)
    units[column] = path[column]
    for n in range(column, 0, -1):
        if not matrices[n - 1][path[n], path[n - 1]]:
            break
        units[n - 1] = path[n - 1]
    for n in range(column, len(path) - 1):
        if not matrices[n][path[n + 1], path[n]]:
            break
        units[n + 1] = path[n + 1]
    return tuple(units)


def picked_path(matrices: Sequence[np.ndarray], picked: Mapping[int, int]) -> tuple[int, ...]:
    """The path through a unit of each of some columns; where columns lie between, the one on which most flows.

    Returns
    -------
    A unit per column, `NOWHERE` before the first and behind the last that was picked.
    """
    units = [NOWHERE] * (len(matrices) + 1)
    columns = sorted(picked)
    for n in columns:
        units[n] = picked[n]
    for low, high in pairwise(columns):
        units[low : high + 1] = _between(matrices[low:high], picked[low], picked[high])
    return tuple(units)


def _between(matrices: Sequence[np.ndarray], first: int, last: int) -> list[int]:
    """From unit `last` of the right-most column to unit `first` of the left-most: the largest product of shares."""
    reached, back = None, []
    for n in range(len(matrices) - 1, -1, -1):
        sizes = np.abs(matrices[n])
        with np.errstate(divide="ignore"):
            share = np.log(sizes) - np.log(np.maximum(sizes.sum(axis=1, keepdims=True), np.finfo(float).tiny))
        if reached is None:
            best, came = share[last], np.full(share.shape[1], last)
        else:
            through = reached[:, None] + share
            came = through.argmax(axis=0)
            best = through[came, np.arange(share.shape[1])]
        back.append(came)
        reached = best
    path, unit = [first], first
    for came in reversed(back):
        unit = int(came[unit])
        path.append(unit)
    return path


def flow_along(matrices: Sequence[np.ndarray], relevance: Sequence[np.ndarray], path: Sequence[int]) -> float:
    """Relevance that goes exactly this way: what its unit nearest the output holds, times the share at each edge.

    Over all paths from that unit to the inputs it sums to what arrives there.
    """
    through = [n for n, unit in enumerate(path) if unit >= 0]
    if not through:
        return 0.0
    amount = float(relevance[through[-1]][path[through[-1]]])
    for n in reversed(through[:-1]):
        held = float(relevance[n + 1][path[n + 1]])
        amount *= float(matrices[n][path[n + 1], path[n]]) / held if held else 0.0
    return amount


def _strongest(values: np.ndarray) -> int:
    return int(np.argmax(np.abs(values)))
