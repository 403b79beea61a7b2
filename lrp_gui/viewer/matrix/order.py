"""In which order samples and features stand: as they are, by a number, or alike beside each other."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

BLOCK = 200  # rows whose distances are computed between two yields
MERGES = 40  # merges between two yields


def alike(rows: np.ndarray) -> Generator[None, None, np.ndarray]:
    """Put rows that are alike beside each other: average linkage by the angle between them, by chains of neighbours.

    Parameters
    ----------
    rows
        (rows, columns), finite.

    Yields
    ------
    Between small pieces of work, so that a window can live in between.

    Returns
    -------
    ndarray
        (rows,) the order. Of two groups that are joined, the ends that are more alike meet.
    """
    count = len(rows)
    if count < 3:
        return np.arange(count)
    sizes = np.linalg.norm(rows, axis=1, keepdims=True)
    unit = np.divide(rows, sizes, out=np.zeros(rows.shape), where=sizes > 0)
    far = np.empty((count, count))
    for first in range(0, count, BLOCK):
        far[first : first + BLOCK] = 1.0 - unit[first : first + BLOCK] @ unit.T
        yield
    near = far.copy()
    np.fill_diagonal(far, np.inf)
    weight = np.ones(count)
    groups: list[list[int]] = [[n] for n in range(count)]
    alive = np.ones(count, dtype=bool)
    chain: list[int] = []
    for merge in range(count - 1):
        if not chain:
            chain.append(int(np.argmax(alive)))
        while True:
            last = chain[-1]
            best = int(np.argmin(far[last]))
            if len(chain) > 1 and far[last, chain[-2]] <= far[last, best]:
                best = chain[-2]
                break
            chain.append(best)
        b, a = chain.pop(), chain.pop()
        groups[a] = _joined(groups[a], groups[b], near)
        row = (weight[a] * far[a] + weight[b] * far[b]) / (weight[a] + weight[b])
        row[a] = np.inf
        far[a], far[:, a] = row, row
        far[b], far[:, b] = np.inf, np.inf
        weight[a] += weight[b]
        alive[b] = False
        groups[b] = []
        if merge % MERGES == MERGES - 1:
            yield
    return np.array(next(group for group in groups if group))


def _joined(first: list[int], second: list[int], far: np.ndarray) -> list[int]:
    """One after the other, each turned so that the ends that meet are the nearest."""
    ways = {
        (turn, back): far[first[0] if turn else first[-1], second[-1] if back else second[0]]
        for turn in (False, True)
        for back in (False, True)
    }
    turn, back = min(ways, key=lambda way: ways[way])
    return (first[::-1] if turn else first) + (second[::-1] if back else second)


def by_number(values: np.ndarray) -> np.ndarray:
    """The largest first; what is no number comes last."""
    return np.argsort(-np.nan_to_num(values, nan=-np.inf), kind="stable")
