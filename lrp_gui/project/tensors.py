"""Arrays and lists of texts in a safetensors file: written block by block, read back with every shape checked."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

import msgspec
import numpy as np

from lrp_gui.languages import tr
from lrp_gui.project.schema import damaged

if TYPE_CHECKING:
    from lrp_engine.files.tensors import TensorInfo

_DTYPES = {"float64": "F64", "float32": "F32", "int64": "I64", "uint8": "U8"}


@dataclass(frozen=True, slots=True)
class Blocks:
    """An array that comes in parts along its first axis."""

    shape: tuple[int, ...]
    parts: Iterable[np.ndarray]
    dtype: str = "float64"


Array = np.ndarray | Blocks


def write_tensors(stream: BinaryIO, arrays: Mapping[str, Array]) -> Iterator[int]:
    """Write a safetensors file; yields how many bytes are written after each block.

    Raises
    ------
    OSError
        If there is no room.
    """
    header, end = {}, 0
    for name, array in arrays.items():
        dtype = array.dtype if isinstance(array, Blocks) else array.dtype.name
        size = int(np.prod(array.shape, dtype=np.int64)) * np.dtype(dtype).itemsize
        header[name] = {"dtype": _DTYPES[dtype], "shape": list(array.shape), "data_offsets": [end, end + size]}
        end += size
    text = msgspec.json.encode(header)
    text += b" " * (-len(text) % 8)
    stream.write(struct.pack("<Q", len(text)) + text)
    written = 0
    for array in arrays.values():
        for part in array.parts if isinstance(array, Blocks) else (array,):
            block = np.ascontiguousarray(part)
            stream.write(block.data.cast("B") if block.size else b"")
            written += block.nbytes
            yield written


def packed(name: str, texts: Sequence[str]) -> dict[str, np.ndarray]:
    """A list of texts as two tensors: all of them in a row, and where each ends."""
    # Half of a surrogate pair, which a hostile table may hold, is no text that can be written.
    encoded = [text.encode("utf-8", errors="replace") for text in texts]
    ends = np.cumsum([len(one) for one in encoded], dtype=np.int64) if encoded else np.zeros(0, dtype=np.int64)
    return {f"{name}.text": np.frombuffer(b"".join(encoded), dtype=np.uint8), f"{name}.ends": ends}


class Tensors:
    """What was read, asked for by name and shape.

    Parameters
    ----------
    tensors
        By name.
    file
        What a person calls the file they lie in.
    """

    def __init__(self, tensors: Mapping[str, TensorInfo], file: str) -> None:
        self._tensors, self._file = tensors, file

    def __contains__(self, name: str) -> bool:
        return name in self._tensors

    def array(self, name: str, dtype: str, shape: tuple[int | None, ...]) -> np.ndarray:
        """A tensor, as an array of one's own; None stands for any size.

        Raises
        ------
        FormatError
            If it is not there, or is of another type or shape.
        """
        info = self._tensors.get(name)
        if info is None:
            raise damaged(self._file, tr("its tensor “{name}” is missing").format(name=name))
        fits = len(info.shape) == len(shape) and all(
            wanted in (None, size) for size, wanted in zip(info.shape, shape, strict=True)
        )
        if info.dtype != dtype or not fits:
            wanted = " × ".join("any" if one is None else str(one) for one in shape)
            what = tr("its tensor “{name}” is {dtype} of {shape}, not {wanted_dtype} of {wanted}")
            found = " × ".join(map(str, info.shape))
            raise damaged(
                self._file,
                what.format(name=name, dtype=info.dtype, shape=found, wanted_dtype=dtype, wanted=wanted),
            )
        return np.array(info.read())

    def numbers(self, name: str, shape: tuple[int | None, ...] | None = None) -> np.ndarray:
        """The same of any type and, without a shape, of any shape."""
        info = self._tensors.get(name)
        if info is None or info.dtype not in _DTYPES:
            raise damaged(self._file, tr("its tensor “{name}” is missing").format(name=name))
        return self.array(name, info.dtype, info.shape if shape is None else shape)

    def texts(self, name: str, count: int | None = None) -> list[str]:
        """A list of texts.

        Raises
        ------
        FormatError
            If it is not there, has another length, or its parts do not fit together.
        """
        whole = self.array(f"{name}.text", "uint8", (None,)).tobytes()
        ends = self.array(f"{name}.ends", "int64", (count,))
        starts = np.concatenate([[0], ends[:-1]]) if len(ends) else ends
        if len(ends) and (int(ends[-1]) != len(whole) or int(ends[0]) < 0 or bool((ends < starts).any())):
            raise damaged(self._file, tr("the texts “{name}” do not fit their places").format(name=name))
        try:
            return [whole[first:last].decode() for first, last in zip(starts.tolist(), ends.tolist(), strict=True)]
        except UnicodeDecodeError as error:
            raise damaged(self._file, tr("“{name}” is no text").format(name=name)) from error
