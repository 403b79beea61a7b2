"""A tensor in a file: known by name, shape and type at once, its numbers mapped from the disk when asked for."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import FormatError
from .drives import is_far
from .dtypes import DTYPES, Dtype

if TYPE_CHECKING:
    import numpy as np

MOST_DIMENSIONS = 32  # numpy's oldest limit; no network comes near
MOST_NUMBERS = 2**48
MOST_REPEATED = 64 * 1024**2  # bytes that may be read of a tensor that repeats the numbers it has in the file
BLOCK = 2**20  # numbers that are held at a time where a tensor is gone through
_REACH = 4  # how many times a block's numbers may lie between its first and its last


@dataclass(frozen=True, slots=True)
class Region:
    """A stretch of raw bytes that tensors lie in.

    Attributes
    ----------
    size : int
        Its length in bytes.
    load : callable
        Give the bytes as a read-only uint8 array, mapped where the file holds them as they are.
    part : callable or None
        Give `count` bytes from the `first` on, likewise; None where only all of them can be had.
    """

    size: int
    load: Callable[[], np.ndarray]
    part: Callable[[int, int], np.ndarray] | None = None

    def within(self, start: int, size: int) -> Region:
        """Describe the stretch of `size` bytes that begins at `start`."""
        part = self.part
        return Region(
            size,
            lambda: part(start, size) if part else self.load()[start : start + size],
            (lambda first, count: part(start + first, count)) if part else None,
        )


@dataclass(frozen=True, slots=True)
class Quantization:
    """How whole numbers stand for real ones: real = (whole - zero point) · scale.

    Attributes
    ----------
    scales, zero_points : callable
        Read them, as float64: one of each, or one for each place along `axis`.
    axis : int or None
        None where one scale holds for the whole tensor.
    """

    scales: Callable[[], np.ndarray]
    zero_points: Callable[[], np.ndarray]
    axis: int | None = None


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """One tensor of a weight file.

    Attributes
    ----------
    name : str
        As in the file's dictionary.
    shape : tuple of int
        Its sizes.
    dtype : str
        What the file holds, as torch calls it: “float32”, “bfloat16”, “qint8” …
    nbytes : int
        What its numbers take in the file.
    detail : str
        What else is to be known of it: its scale and zero point, that it is sparse, a view …
    quantization : Quantization or None
        How its whole numbers stand for real ones.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    nbytes: int
    source: Callable[[], np.ndarray] = field(repr=False, compare=False)
    detail: str = field(default="", compare=False)
    quantization: Quantization | None = field(default=None, repr=False, compare=False)
    stream: Callable[[int], Iterator[np.ndarray]] | None = field(default=None, repr=False, compare=False)
    window: Callable[[tuple[slice, ...]], np.ndarray] | None = field(default=None, repr=False, compare=False)

    def read(self) -> np.ndarray:
        """Read the numbers.

        Returns
        -------
        ndarray
            Of this shape, and read-only where it is a view of the mapped file. bfloat16 and the float8 formats come as
            float32, which holds each of their values exactly; quantised tensors as the float32 numbers that they stand
            for; sparse ones with their zeros.

        Raises
        ------
        FormatError
            If the file has gone or changed since it was opened.
        """
        return self.source()

    @property
    def in_parts(self) -> bool:
        """Whether `part` reads no more of the file than it gives."""
        return self.window is not None

    def part(self, slices: Sequence[slice]) -> np.ndarray:
        """Read a box of the tensor.

        Parameters
        ----------
        slices : sequence of slice
            Where it lies: a start and a stop within the tensor for each axis, without steps.

        Returns
        -------
        ndarray
            Of the slices' sizes, otherwise as `read` gives it. Tensors of compressed files and sparse ones are read
            whole for it: see `in_parts`.

        Raises
        ------
        FormatError
            As `read`.
        """
        return self.window(tuple(slices)) if self.window is not None else self.read()[tuple(slices)]

    def blocks(self, numbers: int = BLOCK) -> Iterator[np.ndarray]:
        """Read the numbers a block at a time: flat, each once, in the order in which they lie in the file.

        Parameters
        ----------
        numbers : int
            How many a block has at most. No more than one block is in memory, but for tensors of compressed files and
            sparse ones, which are read whole.

        Raises
        ------
        FormatError
            As `read`.
        """
        if self.stream is not None:
            yield from self.stream(numbers)
            return
        flat = self.read().reshape(-1)
        for first in range(0, flat.size, numbers):
            yield flat[first : first + numbers]


def mapped(path: Path, size: int, stamp: tuple[int, int], offset: int = 0) -> Region:
    """Describe `size` bytes at `offset`; each load maps them anew, so that no file stays open.

    On a drive that may hang they are read instead (`drives`).

    `stamp` is the file's length and time of change at opening: a map of a file that has shrunk would end the process.
    """

    def part(first: int, count: int) -> np.ndarray:
        import numpy as np

        check_unchanged(path, stamp)
        if count == 0:
            return np.empty(0, dtype=np.uint8)
        try:
            if not is_far(path):
                return np.memmap(path, dtype=np.uint8, mode="r", offset=offset + first, shape=(count,))
            read = np.fromfile(path, dtype=np.uint8, count=count, offset=offset + first)
        except OSError as error:
            raise FormatError(f"{path.name} cannot be read any more: {error.strerror or error}.") from error
        if len(read) < count:
            raise FormatError(f"{path.name} has changed since it was opened; open it again.")
        return read

    return Region(size, lambda: part(0, size), part)


def file_stamp(path: Path) -> tuple[int, int]:
    """The file's length and time of change, to notice that it is another one."""
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def check_unchanged(path: Path, stamp: tuple[int, int]) -> None:
    """Raise FormatError if the file has gone or is not the one that was opened."""
    try:
        same = file_stamp(path) == stamp
    except OSError as error:
        raise FormatError(f"{path.name} cannot be read any more: {error.strerror or error}.") from error
    if not same:
        raise FormatError(f"{path.name} has changed since it was opened; open it again.")


def tensor_in(
    region: Region,
    name: str,
    dtype: str,
    shape: Sequence[int],
    *,
    strides: Sequence[int] | None = None,
    offset: int = 0,
    big_endian: bool = False,
    file: str,
    quantization: Quantization | None = None,
    called: str = "",
) -> TensorInfo:
    """Describe the tensor that lies in a region.

    Parameters
    ----------
    region : Region
        Its storage.
    name, dtype : str
        As `TensorInfo` has them.
    shape, strides : sequence of int
        In numbers, not bytes; without strides it lies in C order.
    offset : int
        Of the first number, in numbers.
    big_endian : bool
        Whether the numbers' bytes stand in that order.
    file : str
        The file's name, for the error.
    quantization : Quantization, optional
        What the numbers stand for.
    called : str
        How its type is called, where that is not `dtype`.

    Raises
    ------
    FormatError
        If the type is unknown or the tensor reaches beyond its storage.
    """
    where = f"The tensor “{shown(name)}” in {file}"
    kind = DTYPES.get(dtype)
    if kind is None:
        raise FormatError(f"{where} has the number format {shown(dtype)}, which this version does not read.")
    sizes = tuple(shape)
    if len(sizes) > MOST_DIMENSIONS or not all(map(_possible, sizes)) or math.prod(sizes) > MOST_NUMBERS:
        raise FormatError(f"{where} has an impossible shape: the file is damaged.")
    count = math.prod(sizes)
    steps = tuple(strides) if strides is not None else c_strides(sizes)
    if len(steps) != len(sizes) or not all(map(_possible, (*steps, offset))):
        raise FormatError(f"{where} has an impossible place in the file: the file is damaged.")
    last = offset + sum((size - 1) * step for size, step in zip(sizes, steps, strict=True))
    if count and (last + 1) * kind.size > region.size:
        raise FormatError(
            f"{where} needs {(last + 1) * kind.size} bytes, but the file holds {region.size} for it: "
            "it is cut off or damaged."
        )
    view = _View(region, kind, sizes, steps, offset, big_endian, quantization)
    repeats = count * kind.size > max(region.size, MOST_REPEATED)

    def refuse() -> None:
        if repeats:
            raise FormatError(
                f"{where} says that its {region.size} bytes are repeated to {count * kind.size}, too many to read."
            )

    def source() -> np.ndarray:
        refuse()
        return view.whole()

    def stream(numbers: int) -> Iterator[np.ndarray]:
        refuse()
        return view.blocks(numbers)

    def window(slices: tuple[slice, ...]) -> np.ndarray:
        refuse()
        return view.part(slices)

    parts = window if region.part is not None else None
    return TensorInfo(name, sizes, called or dtype, count * kind.size, source, "", quantization, stream, parts)


@dataclass(frozen=True, slots=True)
class _View:
    """Where the numbers of a tensor lie in its region, in numbers, and what they are made into."""

    region: Region
    kind: Dtype
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int
    big_endian: bool
    quantization: Quantization | None

    def whole(self) -> np.ndarray:
        return self._at(self.region, tuple(slice(0, size) for size in self.shape))

    def part(self, slices: tuple[slice, ...]) -> np.ndarray:
        return self._at(self.region, slices)

    def blocks(self, numbers: int) -> Iterator[np.ndarray]:
        """Go through the axes as the numbers lie, those with the largest steps outermost."""
        if not math.prod(self.shape):
            return
        region = self.region
        if region.part is None:
            content = region.load()
            region = Region(len(content), lambda: content, lambda first, count: content[first : first + count])
        order = sorted(range(len(self.shape)), key=lambda axis: -self.strides[axis])
        # The innermost axes that fit into a block; a view with gaps also may not reach too far, or it would fill the
        # memory with what lies between.
        inner, span, split, reach = 1, 1, len(order), _REACH * numbers
        while split:
            size, step = self.shape[order[split - 1]], self.strides[order[split - 1]]
            if inner * size > numbers or span + (size - 1) * step > reach:
                break
            inner, span, split = inner * size, span + (size - 1) * step, split - 1
        outer, axis = order[: max(split - 1, 0)], order[split - 1] if split else None
        slices = [slice(0, size) for size in self.shape]
        for places in _places([self.shape[one] for one in outer]):
            for one, place in zip(outer, places, strict=True):
                slices[one] = slice(place, place + 1)
            if axis is None:
                yield self._at(region, tuple(slices)).transpose(order).reshape(-1)
                continue
            length = max(min(numbers // inner, 1 + (reach - span) // max(self.strides[axis], 1)), 1)
            for first in range(0, self.shape[axis], length):
                slices[axis] = slice(first, min(first + length, self.shape[axis]))
                yield self._at(region, tuple(slices)).transpose(order).reshape(-1)

    def _at(self, region: Region, slices: tuple[slice, ...]) -> np.ndarray:
        """Read this part of the tensor."""
        import numpy as np

        size = self.kind.size
        stored = np.dtype(self.kind.stored)
        stored = stored.newbyteorder(">") if self.big_endian else stored
        sizes = tuple(one.stop - one.start for one in slices)
        if not math.prod(sizes):
            array = np.empty(sizes, dtype=stored)
        else:
            first = self.offset + sum(one.start * step for one, step in zip(slices, self.strides, strict=True))
            span = 1 + sum((count - 1) * step for count, step in zip(sizes, self.strides, strict=True))
            raw = region.part(first * size, span * size) if region.part else region.load()[first * size :]
            raw = raw[: span * size].view(stored)
            if math.prod(sizes) == 1 or self.strides == c_strides(sizes):
                array = raw[: math.prod(sizes)].reshape(sizes)
            else:
                steps = [step * size for step in self.strides]
                array = np.lib.stride_tricks.as_strided(raw, sizes, steps, writeable=False)
        if self.big_endian and self.kind.name != "complex32":
            array = array.astype(np.dtype(self.kind.stored))
        array = self.kind.decode(array) if self.kind.decode else array
        return self._dequantised(array, slices) if self.quantization else array

    def _dequantised(self, array: np.ndarray, slices: tuple[slice, ...]) -> np.ndarray:
        import numpy as np

        assert self.quantization is not None
        scales, zero_points, axis = self.quantization.scales(), self.quantization.zero_points(), self.quantization.axis
        if axis is not None:
            along = [1] * len(slices)
            along[axis] = -1
            scales, zero_points = (each[slices[axis]].reshape(along) for each in (scales, zero_points))
        with np.errstate(all="ignore"):  # a damaged scale may be anything
            return ((array.astype(np.float64) - zero_points) * scales).astype(np.float32)


def _places(sizes: list[int]) -> Iterator[tuple[int, ...]]:
    """Every combination of places, the last axis fastest."""
    place = [0] * len(sizes)
    while True:
        yield tuple(place)
        for axis in reversed(range(len(sizes))):
            place[axis] += 1
            if place[axis] < sizes[axis]:
                break
            place[axis] = 0
        else:
            return


def _possible(number: object) -> bool:
    return type(number) is int and 0 <= number <= MOST_NUMBERS


def c_strides(shape: Sequence[int]) -> tuple[int, ...]:
    """Steps, in numbers, between neighbours along each axis when the last axis runs fastest."""
    steps: list[int] = []
    step = 1
    for size in reversed(shape):
        steps.append(step)
        step *= size
    return tuple(reversed(steps))


def shown(text: object, most: int = 80) -> str:
    """A name out of a file, fit for one line of a message."""
    line = str(text)[: most + 1]
    if not line.isprintable():
        line = "".join(letter if letter.isprintable() else "·" for letter in line)
    return line if len(line) <= most else line[: most - 1] + "…"
