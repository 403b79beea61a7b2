"""Which cells of a table cannot be used, and which are unlikely: as masks over blocks, with their counts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
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
        # What is finite lies between these, and what lies between these is finite.
        largest = np.finfo(np.float64).max
        self._least, self._most = np.maximum(self._low, -largest), np.minimum(self._high, largest)
        self._free = not self._whole.any() and not self._categories and bool(np.isinf([self._low, self._high]).all())

    def codes(self, values: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """(rows, columns) of `Problem`, by the numbers alone: a text is still one that is missing."""
        # A column after the other in memory, as the table's own.
        codes = np.zeros(values.shape[::-1], dtype=np.uint8).T
        for rows, places, found in self._wrong(values, columns):
            codes[rows, places] = found
        return codes

    def _wrong(self, values: np.ndarray, columns: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Rows and places of the cells that are not fine, few as a rule, and what is the matter with them.

        Piece by piece: what is compared has to stay near the processor.
        """
        height = min(len(values), BLOCK)
        width = max(1, BLOCK // max(height, 1))
        for top in range(0, len(values), BLOCK):
            for left in range(0, len(columns), width):
                own, cells = columns[left : left + width], values[top : top + BLOCK, left : left + width]
                fine = self._as_expected(cells, own)
                if not fine.all():
                    rows, places = np.divmod(np.flatnonzero(~fine), fine.shape[1])  # quicker than np.nonzero
                    yield top + rows, left + places, self._named(cells[rows, places], own[places])

    def _as_expected(self, cells: np.ndarray, columns: np.ndarray) -> np.ndarray:
        fine = cells >= self._least[columns]
        fine &= cells <= self._most[columns]
        whole = self._whole[columns]
        if whole.any():
            fine[:, whole] &= cells[:, whole] == np.round(cells[:, whole])
        for column, known in self._categories.items():
            for place in np.flatnonzero(columns == column).tolist():
                fine[:, place] &= np.isin(cells[:, place], known)
        return fine

    def _named(self, cells: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """What is the matter with cells, each of its own column; the later sentence says more."""
        found = np.full(len(cells), Problem.RANGE, dtype=np.uint8)
        found[self._whole[columns] & (cells != np.round(cells))] = Problem.WHOLE
        for column, known in self._categories.items():
            found[(columns == column) & ~np.isin(cells, known)] = Problem.CATEGORY
        found[np.isinf(cells)] = Problem.INFINITE
        found[np.isnan(cells)] = Problem.MISSING
        return found

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
        good, counts = np.ones(len(values), dtype=bool), np.zeros(len(Problem), dtype=np.int64)
        columns = np.arange(len(self._features))
        for first in range(0, len(values), BLOCK):
            block = values[first : first + BLOCK]
            counts[Problem.FINE] += block.size
            # Their sum is finite where each of them is: one look at most blocks.
            if self._free and _all_finite(block):
                continue
            for rows, _places, found in self._wrong(block, columns):
                counts += np.bincount(found, minlength=len(Problem))
                counts[Problem.FINE] -= len(found)
                good[first + rows[found <= max(BLOCKING)]] = False
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
