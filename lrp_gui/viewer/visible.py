"""What is drawn and what is folded away: the smallest sets that carry a given share of |R|."""

from __future__ import annotations

import numpy as np


def smallest_set(weights: np.ndarray, share: float, most: int | None = None) -> np.ndarray:
    """Indices, largest first, of the fewest entries of `weights` whose |values| reach `share` of the total.

    Entries that are zero or no number never belong to it; `most` caps its size.
    """
    size = np.abs(np.nan_to_num(np.asarray(weights, dtype=float).ravel(), nan=0.0, posinf=0.0, neginf=0.0))
    total = size.sum()
    if total == 0 or share <= 0:
        return np.empty(0, dtype=int)
    order = np.argsort(-size, kind="stable")
    reached = np.cumsum(size[order])
    # A hair below the share, so that 100 % is reached although sums are rounded.
    count = int(np.searchsorted(reached, share * total * (1 - 1e-12))) + 1
    count = min(count, int(np.count_nonzero(size)), size.size if most is None else most)
    return order[:count]


def strongest_channels(relevance: np.ndarray, most: int, chosen: int = -1) -> np.ndarray:
    """At most so many channels of (channels, …) by their |ΣR|, largest first, as bars and opened boxes have them.

    Where sums are alike, the larger Σ|R| comes first; channels without any relevance are left out. `chosen` is the
    last where it would not be there.
    """
    flat = np.asarray(relevance, dtype=float).reshape(len(relevance), -1)
    none = dict.fromkeys(("nan", "posinf", "neginf"), 0.0)
    sums, sizes = np.nan_to_num(np.abs(flat.sum(1)), **none), np.nan_to_num(np.abs(flat).sum(1), **none)
    order = np.lexsort((-sizes, -sums))
    top = order[sizes[order] > 0][:most]
    if 0 <= chosen < len(flat) and chosen not in top:
        top = np.append(top[: most - 1], chosen)
    return top
