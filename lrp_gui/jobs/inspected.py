"""What the worker finds out about one tensor: plain, frozen values of numpy arrays and numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

TILE_ROWS, TILE_COLUMNS = 64, 32
KERNEL_SIDE = 64  # larger ones are pictures of their own


@dataclass(frozen=True, slots=True)
class Slice:
    """A plane of a tensor.

    Attributes
    ----------
    rows, columns : int
        The axes that run down and across; −1 where the tensor has no such axis.
    places : tuple of int
        Where the plane lies, a place for each axis; those of its own axes count for nothing.
    """

    rows: int
    columns: int
    places: tuple[int, ...]

    def shape(self, sizes: tuple[int, ...]) -> tuple[int, int]:
        """How many rows and columns it has in a tensor of these sizes; a single number is one of each."""
        return (sizes[self.rows] if self.rows >= 0 else 1, sizes[self.columns] if self.columns >= 0 else 1)


def first_slice(sizes: tuple[int, ...]) -> Slice:
    """The plane to begin with: of a convolution all of its channels, else the last two axes."""
    axes = len(sizes)
    if axes < 2:
        return Slice(axes - 1, -1, (0,) * axes)  # a line runs down, as in a table
    if axes in {3, 4} and max(sizes[2:]) <= KERNEL_SIDE // 4:
        return Slice(0, 1, (0, 0, *(size // 2 for size in sizes[2:])))
    return Slice(axes - 2, axes - 1, (0,) * axes)


def has_kernels(sizes: tuple[int, ...]) -> bool:
    """Whether a tensor has the shape of a two-dimensional convolution's weights."""
    return len(sizes) == 4 and min(sizes) > 0 and sizes[2] * sizes[3] > 1 and max(sizes[2:]) <= KERNEL_SIDE


@dataclass(frozen=True, slots=True)
class Summary:
    """The statistics of a tensor; NaN for what no finite number tells.

    Attributes
    ----------
    histogram : ndarray of int
        How many numbers lie in each of the equal parts between `min` and `max`; empty if none is finite.
    detail : str
        What else the file says of it.
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
    histogram: np.ndarray
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Plane:
    """A slice, made small enough to be looked at.

    Attributes
    ----------
    slice : Slice
    shape : (int, int)
        Of the slice itself.
    mean, extreme : ndarray, (rows, columns)
        Of each block of numbers the mean and the one with the largest magnitude; NaN where none is finite. Of complex
        numbers the absolute values.
    step : (int, int)
        How many rows and columns a block has.
    bad : int
        Numbers that are not finite.
    """

    slice: Slice
    shape: tuple[int, int]
    mean: np.ndarray
    extreme: np.ndarray
    step: tuple[int, int]
    bad: int


@dataclass(frozen=True, slots=True)
class Kernels:
    """Kernels side by side: down the output channels, across the input channels.

    Attributes
    ----------
    image : ndarray
        With NaN between the kernels.
    outputs, inputs : range
        Which channels are in it.
    bands : int
        Into so many columns of output channels it is broken, where there are few inputs.
    """

    image: np.ndarray
    outputs: range
    inputs: range
    bands: int


@dataclass(frozen=True, slots=True)
class Tile:
    """Numbers of a slice as they are, from a row and a column on: at most `TILE_ROWS` × `TILE_COLUMNS`."""

    slice: Slice
    row: int
    column: int
    values: np.ndarray


@dataclass(frozen=True, slots=True)
class Share:
    """How much of the work is done, 0 … 1."""

    done: float
