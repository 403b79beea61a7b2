"""A tensor in a file: known by name, shape and type at once, its numbers mapped from the disk when asked for."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import FormatError
from .dtypes import DTYPES

if TYPE_CHECKING:
    import numpy as np

MOST_DIMENSIONS = 32  # numpy's oldest limit; no network comes near
MOST_NUMBERS = 2**48


@dataclass(frozen=True, slots=True)
class Region:
    """A stretch of raw bytes that tensors lie in.

    Attributes
    ----------
    size : int
        Its length in bytes.
    load : callable
        Give the bytes as a read-only uint8 array, mapped where the file holds them as they are.
    """

    size: int
    load: Callable[[], np.ndarray]


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
        What the file holds, as torch calls it: “float32”, “bfloat16” …
    nbytes : int
        What its numbers take in the file.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    nbytes: int
    source: Callable[[], np.ndarray] = field(repr=False, compare=False)

    def read(self) -> np.ndarray:
        """Read the numbers.

        Returns
        -------
        ndarray
            Of this shape, and read-only where it is a view of the mapped file. bfloat16 and the float8 formats come as
            float32, which holds each of their values exactly.

        Raises
        ------
        FormatError
            If the file has gone or changed since it was opened.
        """
        return self.source()


def mapped(path: Path, size: int, stamp: tuple[int, int], offset: int = 0) -> Region:
    """Describe `size` bytes at `offset`; each load maps them anew, so that no file stays open.

    `stamp` is the file's length and time of change at opening: a map of a file that has shrunk would end the process.
    """

    def load() -> np.ndarray:
        import numpy as np

        check_unchanged(path, stamp)
        if size == 0:
            return np.empty(0, dtype=np.uint8)
        try:
            return np.memmap(path, dtype=np.uint8, mode="r", offset=offset, shape=(size,))
        except OSError as error:
            raise FormatError(f"{path.name} cannot be read any more: {error.strerror or error}.") from error

    return Region(size, load)


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
    contiguous = steps == c_strides(sizes) or count <= 1

    def source() -> np.ndarray:
        import numpy as np

        stored = np.dtype(kind.stored)
        stored = stored.newbyteorder(">") if big_endian else stored
        if not count:
            array = np.empty(sizes, dtype=stored)
        else:
            start = offset * kind.size
            raw = region.load()[start : (last + 1) * kind.size].view(stored)
            if contiguous:
                array = raw[:count].reshape(sizes)
            else:
                array = np.lib.stride_tricks.as_strided(
                    raw, sizes, [step * kind.size for step in steps], writeable=False
                )
        if big_endian:
            array = array.astype(np.dtype(kind.stored))
        return kind.decode(array) if kind.decode else array

    return TensorInfo(name, sizes, dtype, count * kind.size, source)


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
    line = "".join(letter if letter.isprintable() else "·" for letter in str(text)[: most + 1])
    return line if len(line) <= most else line[: most - 1] + "…"
