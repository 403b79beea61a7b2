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
    """Add up what was found at one layer, in float64 whatever it is kept in."""
    values = np.asarray(relevance)
    if not np.isfinite(values.sum(dtype=np.float64)):  # rarely: then it is looked at one by one
        clean = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
        finite = bool(np.isfinite(values).all())
    else:
        clean, finite = values, True
    positive = float(np.maximum(clean, 0).sum(dtype=np.float64))
    negative = float(np.minimum(clean, 0).sum(dtype=np.float64))
    largest = max(float(clean.max()), -float(clean.min())) if clean.size else 0.0
    return Sums(positive, negative, largest, finite, _channels(clean), _plane(clean))


def _channels(values: np.ndarray) -> np.ndarray:
    if values.ndim < 2:
        return np.atleast_1d(values).astype(np.float64)
    return values.sum(axis=tuple(range(1, values.ndim)), dtype=np.float64)


def _plane(values: np.ndarray) -> np.ndarray | None:
    if values.ndim == 3 and min(values.shape[1:]) > 1:
        return values.sum(axis=0, dtype=np.float64)
    return values if values.ndim == 2 and min(values.shape) > 1 else None
