"""What the numbers of a tensor are like, found by going through them a block at a time."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .tensors import TensorInfo

if TYPE_CHECKING:
    import numpy as np

BINS = 64
BLOCK = 2**19

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Statistics:
    """Of all finite numbers of a tensor; of complex ones their absolute values.

    Attributes
    ----------
    count : int
        Numbers in all.
    min, max, mean, std : float
        Of those that are finite; std is that of the whole population. NaN if there are none.
    norm : float
        The root of the sum of squares.
    zeros, nans, infs : int
        How many there are.
    histogram : tuple of int
        How many lie in each of as many equal parts between `min` and `max`, the last with its upper end; empty if
        there are no finite numbers.
    """

    count: int
    min: float
    max: float
    mean: float
    std: float
    norm: float
    zeros: int
    nans: int
    infs: int
    histogram: tuple[int, ...] = ()

    @property
    def edges(self) -> tuple[float, ...]:
        """Where the parts of the histogram begin, and where the last ends."""
        parts = len(self.histogram)
        return tuple(self.min + (self.max - self.min) * (k / parts) for k in range(parts + 1)) if parts else ()


def statistics(
    info: TensorInfo, block: int = BLOCK, progress: Progress | None = None, *, bins: int = BINS
) -> Statistics:
    """Go through a tensor twice: for its extent, its mean and so on, then for the histogram.

    Parameters
    ----------
    info : TensorInfo
    block : int
        How many numbers are in memory at a time; the default takes some 10 MB.
    progress : callable, optional
        Gets after each block how many numbers were gone through, and how many there are to go through in all. What it
        raises ends the work.
    bins : int
        Parts of the histogram; 0 leaves it out, and the second time through.

    Raises
    ------
    FormatError
        If the file has gone or changed since it was opened, or the tensor cannot be read.
    """
    steps = measuring(info, block, bins=bins)
    while True:
        try:
            done, total = next(steps)
        except StopIteration as stop:
            return stop.value
        if progress is not None:
            progress(done, total)


def measuring(
    info: TensorInfo, block: int = BLOCK, *, bins: int = BINS
) -> Generator[tuple[int, int], None, Statistics]:
    """Do the same a step at a time: yields after each block what `progress` would get, and returns the statistics.

    Raises
    ------
    FormatError
        As `statistics`.
    """
    done, total = 0, math.prod(info.shape) * (2 if bins else 1)
    sums = _Sums()
    for numbers in info.blocks(block):
        sums.add(_real(numbers))
        done += numbers.size
        yield done, total
    low, high = (sums.low, sums.high) if sums.finite else (math.nan, math.nan)
    counts: list[int] = []
    if bins and sums.finite:
        counts = [0] * bins
        for numbers in info.blocks(block):
            for place, count in enumerate(_counted(_real(numbers), low, high, bins)):
                counts[place] += int(count)
            done += numbers.size
            yield done, total
    elif bins:
        yield total, total
    return Statistics(
        count=sums.count,
        min=low,
        max=high,
        mean=sums.mean if sums.finite else math.nan,
        std=math.sqrt(max(sums.squares, 0.0) / sums.finite) if sums.finite else math.nan,
        norm=math.sqrt(max(sums.squares + sums.finite * sums.mean * sums.mean, 0.0)),
        zeros=sums.zeros,
        nans=sums.nans,
        infs=sums.infs,
        histogram=tuple(counts),
    )


class _Sums:
    """Means and squared distances from them are merged block by block, which loses nothing where the mean is large."""

    def __init__(self) -> None:
        self.count = self.finite = self.zeros = self.nans = self.infs = 0
        self.low, self.high = math.inf, -math.inf
        self.mean = self.squares = 0.0

    def add(self, numbers: np.ndarray) -> None:
        import numpy as np

        self.count += numbers.size
        low, high = (float(numbers.min()), float(numbers.max())) if numbers.size else (0.0, 0.0)
        if not (math.isfinite(low) and math.isfinite(high)):
            self.nans += int(np.isnan(numbers).sum())
            self.infs += int(np.isinf(numbers).sum())
            numbers = numbers[np.isfinite(numbers)]
            low, high = (float(numbers.min()), float(numbers.max())) if numbers.size else (0.0, 0.0)
        if not numbers.size:
            return
        self.zeros += int(np.count_nonzero(numbers == 0))
        self.low, self.high = min(self.low, low), max(self.high, high)
        with np.errstate(over="ignore", invalid="ignore"):  # numbers near the end of float64 have no finite square
            mean = float(numbers.mean())
            numbers -= mean  # a copy of the file's, and not np.dot, which would take every core for so little
            squares = float(np.square(numbers, out=numbers).sum())
        total = self.finite + numbers.size
        apart = mean - self.mean
        self.squares += squares + apart * apart * (self.finite * numbers.size / total)
        self.mean += apart * (numbers.size / total)
        self.finite = total


def _real(numbers: np.ndarray) -> np.ndarray:
    """A copy in float64, which may be written over; complex numbers by their absolute value."""
    import numpy as np

    return (np.abs(numbers) if numbers.dtype.kind == "c" else numbers).astype(np.float64)


def _counted(numbers: np.ndarray, low: float, high: float, bins: int) -> np.ndarray:
    """How many numbers lie in each part."""
    import numpy as np

    if not high > low:
        return np.bincount([0], weights=[np.isfinite(numbers).sum()], minlength=bins)
    extent = high - low
    if not math.isfinite(extent):  # beyond what float64 holds
        numbers *= 0.5
        low, extent = low / 2, high / 2 - low / 2
    with np.errstate(all="ignore"):
        numbers -= low
        numbers /= extent
        numbers *= bins
        if not math.isfinite(float(numbers.sum())):
            numbers = numbers[np.isfinite(numbers)]
    counts = np.bincount(numbers.astype(np.intp), minlength=bins + 1)
    counts[bins - 1] += counts[bins]  # the largest number, and those that rounding takes there
    return counts[:bins]
