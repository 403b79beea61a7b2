"""What the numbers of a tensor are like, unit by unit, in one pass over the file, a block at a time.

Units with the same weights are found without comparing each with each: every unit's weights, scaled to length 1, are
projected on a few fixed random directions, and rows whose projections agree are the same (Johnson and Lindenstrauss
1984: a projection of a difference is as long as the difference, on average).
"""

from __future__ import annotations

import math
from collections.abc import Generator
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING

from ..files.blocks import boxes

if TYPE_CHECKING:
    import numpy as np

    from ..files import TensorInfo

BLOCK = 2**18  # numbers in memory at a time
DIRECTIONS = 4
SAME = 2e-5  # how far projections of rows of length 1 may lie apart
KEPT = 2**20  # numbers of a line that are kept as they are
_SEED = 20150710
_MIXING = (-7046029254386353131, 7640891576956012809, -4417276706812531889, 1609587929392839161)  # odd, and large


class Profile:
    """The numbers of a tensor as rows of weights, one row for each unit.

    Attributes
    ----------
    rows, fan : int
        How many units, and how many weights each has. A line of numbers is one row.
    count, zeros, nans, infs : int
    low, high, squares : float
        Of the numbers that are finite: extremes, and the sum of their squares.
    peak, bad : int or None
        Where the largest magnitude, and the first number that is not finite, lie in C order, units first.
    lows, highs, norms : ndarray (rows,)
        Extremes and length of each row.
    used : ndarray (fan,) of bool
        Whether any row has a number other than zero there.
    values : ndarray or None
        The numbers of a line, if there are not too many.
    digest : bytes
        Of the numbers as they are stored.
    """

    def __init__(self, info: TensorInfo, axis: int = 0) -> None:
        import numpy as np

        self.info = info
        self.axis = axis if len(info.shape) > 1 else 0
        shape = info.shape
        line = len(shape) < 2
        self.rows = 1 if line else shape[self.axis]
        self.count = math.prod(shape)
        self.fan = self.count // max(self.rows, 1)
        self.zeros = self.nans = self.infs = 0
        self.low, self.high, self.squares = math.inf, -math.inf, 0.0
        self.peak: int | None = None
        self.bad: int | None = None
        self.lows, self.highs = np.full(self.rows, np.inf), np.full(self.rows, -np.inf)
        self.norms = np.zeros(self.rows)
        self.used = np.zeros(self.fan, dtype=bool)
        self.values: np.ndarray | None = np.empty(self.count) if line and self.count <= KEPT else None
        self._codes = np.zeros((self.rows, DIRECTIONS))
        self._hash = blake2b(digest_size=16)
        self._largest = -1.0

    @property
    def finite(self) -> int:
        """How many numbers are finite."""
        return self.count - self.nans - self.infs

    @property
    def rms(self) -> float:
        """The root of the mean of the squares."""
        return math.sqrt(self.squares / self.finite) if self.finite else 0.0

    @property
    def digest(self) -> bytes:
        """Of the numbers as they are stored."""
        return self._hash.digest()

    def reading(self) -> Generator[int, None, None]:
        """Go through the numbers; yields after each block how many there were in it.

        Raises
        ------
        FormatError
            If the file has gone or changed since it was opened, or the tensor cannot be read.
        """
        import numpy as np

        info = self.info
        whole = None if info.in_parts else info.read()
        for first, slices in boxes(self._turned, BLOCK):
            own = list(slices[1:])
            own[self.axis : self.axis] = slices[:1]
            block = info.part(own) if whole is None else whole[tuple(own)]
            block = np.moveaxis(block, self.axis, 0) if self.axis else block
            self._hash.update(np.ascontiguousarray(block).data if block.size else b"")
            row, column = divmod(first, self.fan) if self.fan else (0, 0)
            rows = max(1, block.size // self.fan) if self.rows > 1 else 1
            self._add(_real(block).reshape(rows, -1), row, column, first)
            yield block.size

    def same_rows(self) -> tuple[list[list[int]], bool]:
        """Rows that are the same up to a positive factor, in groups of two and more; whether all are equal exactly."""
        import numpy as np

        rows = np.flatnonzero((self.norms > 0) & np.isfinite(self.norms))
        if len(rows) < 2:
            return [], True
        with np.errstate(all="ignore"):
            codes = self._codes[rows] / self.norms[rows, None]
        codes[~np.isfinite(codes)] = 0.0
        group = np.arange(len(rows))
        for shift in (0.0, 0.5):  # what a grid's line parts, the other grid keeps together
            cells = np.floor(codes / SAME + shift).astype(np.int64)
            # one number of each cell's four: sorting rows would hold the interpreter for a tenth of a second
            keys = np.einsum("ij,j->i", cells, np.array(_MIXING, dtype=np.int64))
            _keys, member = np.unique(keys, return_inverse=True)
            first = np.full(member.max() + 1, len(rows))
            np.minimum.at(first, member.ravel(), group)
            group = first[member.ravel()]
        order = np.argsort(group, kind="stable")
        starts = np.flatnonzero(np.diff(group[order], prepend=-1))
        groups = [rows[part].tolist() for part in np.split(order, starts[1:]) if len(part) > 1]
        norms = self.norms
        exact = all(np.ptp(norms[one]) <= 1e-6 * norms[one].max() for one in groups)
        return sorted(groups), exact

    def place(self, at: int) -> tuple[int, ...]:
        """The place in the tensor of a number that lies there in C order, units first."""
        import numpy as np

        if not self.info.shape:
            return ()
        place = [int(one) for one in np.unravel_index(at, self._turned)]
        place.insert(self.axis, place.pop(0))
        return tuple(place)

    @property
    def _turned(self) -> tuple[int, ...]:
        """The shape with the units' axis first."""
        shape = list(self.info.shape)
        return (shape.pop(self.axis), *shape) if shape else ()

    def _add(self, numbers: np.ndarray, row: int, column: int, first: int) -> None:
        """Take in a block: whole rows, or a part of one."""
        import numpy as np

        if not numbers.size:
            return
        if self.values is not None:
            self.values[first : first + numbers.size] = numbers.ravel()
        low, high = float(numbers.min()), float(numbers.max())
        bad = 0
        if not (math.isfinite(low) and math.isfinite(high)):
            wrong = ~np.isfinite(numbers)
            bad = int(wrong.sum())
            nans = int(np.isnan(numbers).sum())
            self.nans, self.infs = self.nans + nans, self.infs + bad - nans
            if self.bad is None:
                self.bad = first + int(wrong.ravel().argmax())
            numbers[wrong] = 0.0
            low, high = (float(numbers.min()), float(numbers.max()))
        self.zeros += numbers.size - int(np.count_nonzero(numbers)) - bad
        if bad < numbers.size:
            self.low, self.high = min(self.low, low), max(self.high, high)
        largest = max(-low, high)
        if largest > self._largest:
            self._largest = largest
            self.peak = first + int(numbers.argmax() if high >= -low else numbers.argmin())
        part = slice(row, row + len(numbers))
        columns = slice(column, column + numbers.shape[1])
        self.lows[part] = np.minimum(self.lows[part], numbers.min(axis=1))
        self.highs[part] = np.maximum(self.highs[part], numbers.max(axis=1))
        self.used[columns] |= (numbers != 0).any(axis=0)
        with np.errstate(over="ignore", invalid="ignore"):
            squares = np.einsum("ij,ij->i", numbers, numbers)
            self.squares += float(squares.sum())
            self.norms[part] = np.sqrt(np.square(self.norms[part]) + squares)
            # not `@`, which would take every core for so little
            self._codes[part] += np.einsum("ij,kj->ik", numbers, _directions(column, numbers.shape[1]))


@lru_cache(maxsize=4)
def _directions(column: int, count: int) -> np.ndarray:
    """The part of the random directions that these columns have."""
    import numpy as np

    return np.random.default_rng((_SEED, column)).standard_normal((DIRECTIONS, count))


def _real(numbers: np.ndarray) -> np.ndarray:
    """A copy in float64, which may be written over; complex numbers by their absolute value."""
    import numpy as np

    return np.array(np.abs(numbers) if numbers.dtype.kind == "c" else numbers, dtype=np.float64, order="C")
