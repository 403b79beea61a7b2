"""What pictures need of a layer's relevance, added up once: in the worker, where it may take its time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Sums:
    """Sums over one layer's relevance, its numbers that are none left out.

    `channels` (channels,) sums over all but the first axis, of a vector its units; `plane` (height, width) over the
    channels, None where the shape has no such plane.
    """

    positive: float
    negative: float
    largest: float  # of |R|
    finite: bool  # whether all of it are numbers
    channels: np.ndarray
    plane: np.ndarray | None

    @property
    def total(self) -> float:
        """ΣR."""
        return self.positive + self.negative

    @property
    def size(self) -> float:
        """Σ|R|."""
        return self.positive - self.negative


def sums_of(relevance: np.ndarray) -> Sums:
    """Add up what was found at one layer. Rows are added pairwise, so float32 is exact enough, and twice as fast."""
    values = np.asarray(relevance)
    finite = not values.size or bool(np.isfinite(values.sum()))
    if not finite:  # rarely: then it is looked at one by one
        finite = bool(np.isfinite(values).all())
        values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    high, low = (float(values.max()), float(values.min())) if values.size else (0.0, 0.0)
    channels = _channels(values)
    total = float(channels.sum())
    if low < 0 < high:
        positive = float(np.maximum(values, 0).sum())
        negative = float(np.minimum(values, 0).sum())
    else:
        positive, negative = (total, 0.0) if low >= 0 else (0.0, total)
    return Sums(positive, negative, max(high, -low), finite, channels, _plane(values))


def _channels(values: np.ndarray) -> np.ndarray:
    if values.ndim < 2:
        return np.atleast_1d(values).astype(np.float64)
    return values.reshape(len(values), -1).sum(axis=1).astype(np.float64)


def _plane(values: np.ndarray) -> np.ndarray | None:
    if values.ndim == 3 and min(values.shape[1:]) > 1:
        return values.sum(axis=0).astype(np.float64)
    return values if values.ndim == 2 and min(values.shape) > 1 else None
