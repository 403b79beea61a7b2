"""Which cells of a table cannot be used, and which are unlikely: as masks over blocks, with their counts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np

from lrp_engine.files.cells import number
from lrp_engine.files.features import header_feature
from lrp_gui.document.results import Feature

# Rows at a time: masks of a large table stay small, and a thread that checks it gives way often enough.
BLOCK = 65_536


class Problem(IntEnum):
    """What is the matter with a cell. The first ones keep its sample from being explained, the others only mark it."""

    FINE = 0
    MISSING = 1
    TEXT = 2  # a number belongs here
    INFINITE = 3
    RANGE = 4
    CATEGORY = 5
    WHOLE = 6


BLOCKING = (Problem.MISSING, Problem.TEXT, Problem.INFINITE)


@dataclass(frozen=True, slots=True, eq=False)
class Audit:
    """What is known of a whole table: which rows can be explained, and how many cells have which problem."""

    good: np.ndarray  # (samples,) of bool
    counts: np.ndarray  # (len(Problem),)


class Checks:
    """What the features say of their values, ready for whole blocks.

    Parameters
    ----------
    features
        One a column.
    """

    def __init__(self, features: Sequence[Feature]) -> None:
        self._features = tuple(features)
        self._low = np.array([one.low for one in features])
        self._high = np.array([one.high for one in features])
        self._whole = np.array([one.integer for one in features], dtype=bool)
        self._categories = {
            column: np.sort([value for value, _name in one.categories])
            for column, one in enumerate(features)
            if one.categories
        }
        self._bounded = np.isfinite(self._low) | np.isfinite(self._high)

    def codes(self, values: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """(rows, columns) of `Problem`, by the numbers alone: a text is still one that is missing."""
        # A column after the other in memory, as the table's own.
        codes = np.zeros(values.shape[::-1], dtype=np.uint8).T
        finite = np.isfinite(values)
        if not finite.all():
            codes[~finite] = Problem.INFINITE
            codes[np.isnan(values)] = Problem.MISSING
        for place in np.flatnonzero(self._whole[columns] | self._bounded[columns]).tolist():
            column, cells, marks = int(columns[place]), values[:, place], codes[:, place]
            well = finite[:, place]
            if self._bounded[column]:
                marks[well & ((cells < self._low[column]) | (cells > self._high[column]))] = Problem.RANGE
            if self._whole[column]:
                marks[well & (cells != np.round(cells))] = Problem.WHOLE
        for column, known in self._categories.items():
            for place in np.flatnonzero(columns == column).tolist():
                strange = finite[:, place] & ~np.isin(values[:, place], known)
                codes[strange, place] = Problem.CATEGORY
        return codes

    def code(self, column: int, value: float) -> Problem:
        """The same of one number."""
        one = self._features[column]
        if not math.isfinite(value):
            return Problem.MISSING if math.isnan(value) else Problem.INFINITE
        if one.categories and value not in self._categories[column]:
            return Problem.CATEGORY
        if one.integer and value != round(value):
            return Problem.WHOLE
        return Problem.FINE if one.low <= value <= one.high else Problem.RANGE

    def audit(self, values: np.ndarray) -> Audit:
        """Look at a whole table, by blocks."""
        samples, columns = len(values), np.arange(len(self._features))
        good, counts = np.ones(samples, dtype=bool), np.zeros(len(Problem), dtype=np.int64)
        for first in range(0, samples, BLOCK):
            block = values[first : first + BLOCK]
            # Their sum is finite where each of them is: one look at most blocks.
            if not self._bounded.any() and not self._whole.any() and not self._categories and _all_finite(block):
                counts[Problem.FINE] += block.size
                continue
            codes = self.codes(block, columns)
            counts += counted(codes)
            good[first : first + BLOCK] = usable(codes)
        return Audit(good, counts)


def counted(codes: np.ndarray) -> np.ndarray:
    """(len(Problem),) how often each stands there."""
    counts = np.zeros(len(Problem), dtype=np.int64)
    counts[Problem.FINE] = codes.size
    if codes.any():  # np.bincount would first write each of them as a whole number of eight bytes
        for problem in list(Problem)[1:]:
            counts[problem] = np.count_nonzero(codes == problem)
        counts[Problem.FINE] -= counts[1:].sum()
    return counts


def usable(codes: np.ndarray) -> np.ndarray:
    """(rows,) of bool: which rows have no cell that keeps them from being explained."""
    return np.asarray(~((codes > Problem.FINE) & (codes <= max(BLOCKING))).any(axis=1))


def read_cell(text: str, feature: Feature) -> tuple[float, str]:
    """A typed text as the feature's number, and why it is none; a category may be typed by its name."""
    value, reason = number(text)
    if reason and feature.categories:
        wanted = text.strip().casefold()
        for category, name in feature.categories:
            if name and name.casefold() == wanted:
                return category, ""
    return value, reason


def _all_finite(block: np.ndarray) -> bool:
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(np.add.reduce(block, axis=None))) or bool(np.isfinite(block).all())


def with_header(features: Sequence[Feature], header: Mapping[int, str], *, named: bool) -> tuple[Feature, ...]:
    """The features with what the header of a table's file says of them where nothing else does.

    Parameters
    ----------
    features
        The network's.
    header
        Feature -> the title of the column in which it was found.
    named
        Whether the network names its features itself.
    """
    found = list(features)
    for column, title in header.items():
        known, said = features[column], header_feature(title)
        quiet = (known.low, known.high, known.categories) == (-np.inf, np.inf, ())
        found[column] = replace(
            known,
            name=known.name if named else said.name,
            unit=known.unit or said.unit,
            low=said.low if quiet else known.low,
            high=said.high if quiet else known.high,
            categories=said.categories if quiet else known.categories,
        )
    return tuple(found)
