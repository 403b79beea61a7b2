"""What the units of an input mean to a person, and the way from a table's numbers to the network's."""

from __future__ import annotations

import math
import re
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
    low, high : float
        The range in which values are to be expected, in the table's units; infinite where nothing is known.
    integer : bool
        Whether only whole numbers make sense.
    categories : tuple
        (number in the table, what it means) where only some numbers make sense.
    """

    name: str
    unit: str = ""
    mean: float = 0.0
    scale: float = 1.0
    low: float = -math.inf
    high: float = math.inf
    integer: bool = False
    categories: tuple[tuple[float, str], ...] = ()


_IN_BRACKETS = re.compile(r"\s*[(\[]([^()\[\]]*)[)\]]\s*$")
_RANGE = re.compile(r"\s*([-−+]?[\d.]+)\s*(?:\.\.\.?|…|–| to )\s*([-−+]?[\d.]+)\s*(.*)")


def header_feature(title: str) -> Feature:
    """Read what a table's header says of a column: “bmi (kg/m²)”, “age [0..120 years]”, “sex [female|male]”.

    Of categories that carry no number the first is 0.
    """
    found = _IN_BRACKETS.search(title)
    name = title[: found.start()].strip() if found else title.strip()
    if not found or not name:
        return Feature(title.strip())
    inside = found.group(1).strip()
    if "|" in inside:
        return Feature(name, categories=tuple(_category(n, part) for n, part in enumerate(inside.split("|"))))
    bounds = _RANGE.fullmatch(inside)
    if bounds:
        try:
            low, high = (float(bounds.group(side).replace("−", "-")) for side in (1, 2))
        except ValueError:
            low, high = math.inf, -math.inf
        if low <= high:
            return Feature(name, bounds.group(3).strip(), low=low, high=high)
    return Feature(name, inside)


def _category(number: int, text: str) -> tuple[float, str]:
    """“1=female” or “female”."""
    value, equals, word = text.partition("=")
    try:
        return (float(value), word.strip()) if equals else (float(number), text.strip())
    except ValueError:
        return float(number), text.strip()


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
