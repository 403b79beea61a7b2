"""What the units of an input mean to a person, and the way from a table's numbers to the network's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, slots=True)
class Feature:
    """One input unit as the person knows it: network value = (table value − mean) / scale.

    Attributes
    ----------
    name : str
        As it stands above the table's column.
    unit : str
        What the table's value is measured in; empty if unknown or none.
    mean, scale : float
        What the network was trained with; 0 and 1 where it takes the table's values as they are.
    """

    name: str
    unit: str = ""
    mean: float = 0.0
    scale: float = 1.0


def numbered(count: int, first: int = 1) -> tuple[Feature, ...]:
    """Invent names, x1 to x<count>, for an input that names no features."""
    return tuple(Feature(f"x{number}") for number in range(first, first + count))


def standardise(values: np.ndarray, features: Sequence[Feature]) -> np.ndarray:
    """Turn the table's numbers into the network's.

    Parameters
    ----------
    values : ndarray
        (samples, features), in the table's units.
    features : sequence of Feature
        One a column.

    Returns
    -------
    ndarray
        (samples, features) in float64: (values − mean) / scale.
    """
    import numpy as np

    mean = np.array([feature.mean for feature in features], dtype=np.float64)
    scale = np.array([feature.scale for feature in features], dtype=np.float64)
    return (np.asarray(values, dtype=np.float64) - mean) / scale
