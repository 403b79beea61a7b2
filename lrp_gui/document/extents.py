"""How far numbers go: the smallest, mean and largest of a column."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Extent:
    """What is known of a column; NaN where it holds no number."""

    low: float
    mean: float
    high: float
    missing: int  # cells without a number


def extent(values: np.ndarray) -> Extent:
    """Of (samples,) values, those that are numbers."""
    good = values if np.isfinite(values).all() else values[np.isfinite(values)]
    missing = len(values) - len(good)
    if not len(good):
        return Extent(np.nan, np.nan, np.nan, missing)
    return Extent(float(good.min()), float(good.mean(dtype=np.float64)), float(good.max()), missing)
