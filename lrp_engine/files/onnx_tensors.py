"""The tensors of an ONNX model: inside the file as bytes or as lists of numbers, or in another file beside it."""

from __future__ import annotations

import math
import stat
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any, NoReturn

from ..errors import FormatError
from .dtypes import DTYPES
from .onnx_fields import ENTRY, ONNX_DTYPES, SPARSE, TENSOR
from .protobuf import BYTES, VARINT, Place, Wire, varints
from .tensors import MOST_DIMENSIONS, MOST_NUMBERS, Region, TensorInfo, file_stamp, mapped, shown, tensor_in

if TYPE_CHECKING:
    import numpy as np

MOST_TENSORS = 40_000
MOST_MADE_DENSE = 2**25  # numbers of a sparse tensor; little bytes can state a large shape

_NARROW = {"uint4": 4, "int4": 4, "float4_e2m1fn": 4, "uint2": 2, "int2": 2}  # bits; several numbers share a byte
_FLOAT4 = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0)

# Which list holds the numbers of a format where they are not given as bytes, and how wide they are there (0: varints)
_LISTS = {
    **dict.fromkeys(("float32", "complex64"), ("float_data", 4)),
    **dict.fromkeys(("float64", "complex128"), ("double_data", 8)),
    "int64": ("int64_data", 0),
    **dict.fromkeys(("uint32", "uint64"), ("uint64_data", 0)),
}


@dataclass(slots=True)
class TensorReader:
    """Describes the tensors of one model.

    Attributes
    ----------
    wire : Wire
        The model's bytes.
    path : Path
        Its file.
    stamp : tuple of int
        The file's, at opening.
    files : dict of str to Region or None
        The other files that hold numbers, by the names that the model gives them; None for one that is not there.
    """

    wire: Wire
    path: Path
    stamp: tuple[int, int]
    files: dict[str, Region | None] = field(default_factory=dict)
    count: int = 0

    def tensor(self, place: Place, name: str = "") -> TensorInfo:
        """Describe the TensorProto at `place`.

        Raises
        ------
        FormatError
            If its numbers do not fit its shape, or lie in a file that it may not name.
        """
        self.wire.spend(10)
        said = self.wire.read(place, TENSOR)
        name = name or said["name"] or ""
        self.count += 1
        if self.count > MOST_TENSORS:
            raise FormatError(f"{self.path.name} has over {MOST_TENSORS} tensors, more than any model needs.")
        where = f"The tensor “{shown(name)}” in {self.path.name}"
        dtype = ONNX_DTYPES.get(said["data_type"] or 0)
        if dtype is None:
            raise FormatError(f"{where} has the unknown number format {said['data_type'] or 0}.")
        if said["segment"]:
            raise FormatError(f"{where} is stored in segments, which no exporter does; save the model again.")
        shape = tuple(said["dims"])
        if len(shape) > MOST_DIMENSIONS or any(size < 0 for size in shape) or math.prod(shape) > MOST_NUMBERS:
            raise FormatError(f"{where} has an impossible shape: the file is damaged.")
        if dtype == "string":
            return _texts(name, shape, said["string_data"], where)
        if said["data_location"] == 1:
            return self._external(said["external_data"], name, dtype, shape, where)
        if said["raw_data"] is not None:
            start, end = said["raw_data"]
            return self._in(mapped(self.path, end - start, self.stamp, start), name, dtype, shape)
        return self._listed(said, name, dtype, shape, where)

    def _in(self, region: Region, name: str, dtype: str, shape: tuple[int, ...]) -> TensorInfo:
        if dtype in _NARROW:
            return _narrow(region, name, dtype, shape, f"The tensor “{shown(name)}” in {self.path.name}")
        return tensor_in(region, name, dtype, shape, file=self.path.name)

    def _listed(self, said: dict[str, Any], name: str, dtype: str, shape: tuple[int, ...], where: str) -> TensorInfo:
        """A tensor whose numbers are a field of their own kind."""
        key, width = _LISTS.get(dtype, ("int32_data", 0))
        parts: list[tuple[int, Any]] = said[key]
        if width:
            places = [value for wire, value in parts if wire != VARINT]
            return self._in(_joined(self, places), name, dtype, shape)
        places = [value for wire, value in parts if wire == BYTES]
        loose = [value for wire, value in parts if wire == VARINT]
        count = _bytes_of(dtype, math.prod(shape)) if dtype in _NARROW else math.prod(shape)
        region = _joined(self, places)
        if count > region.size + len(loose):
            raise FormatError(
                f"{where} has {count} numbers, but the file holds fewer for it: it is cut off or damaged."
            )
        stored = "u1" if dtype in _NARROW else DTYPES[dtype].stored

        def load() -> np.ndarray:
            import numpy as np

            numbers = np.concatenate([varints(region.load()), np.array(loose, dtype=np.uint64)])
            if len(numbers) != count:
                raise FormatError(f"{where} has {count} numbers, but the file holds {len(numbers)} for it.")
            kind = np.dtype(stored)
            # a format without numbers of its own is stored as its bits
            whole = numbers.astype(f"<u{kind.itemsize}") if kind.kind != "b" else (numbers != 0).astype("u1")
            return whole.view(np.uint8)

        return self._in(Region(count * (1 if dtype in _NARROW else DTYPES[dtype].size), load), name, dtype, shape)

    def _external(self, entries: list[Place], name: str, dtype: str, shape: tuple[int, ...], where: str) -> TensorInfo:
        said = {entry["key"]: entry["value"] or "" for entry in (self.wire.read(e, ENTRY) for e in entries)}
        location = said.get("location", "")
        whole = self._file(location, where)
        count = math.prod(shape)
        size = _bytes_of(dtype, count) if dtype in _NARROW else count * DTYPES[dtype].size
        offset = _whole_number(said.get("offset", "0"), where)
        length = _whole_number(said.get("length", str(size)), where)
        if whole is None:
            return TensorInfo(name, shape, dtype, size, lambda: _missing(where, location))
        if length != size:
            raise FormatError(f"{where} states {length} bytes in “{shown(location)}”, but its shape takes {size}.")
        if offset + length > whole.size:
            raise FormatError(
                f"{where} ends beyond its file “{shown(location)}”, which has {whole.size} bytes: it was cut off."
            )
        return self._in(Region(size, lambda: whole.load()[offset : offset + size]), name, dtype, shape)

    def _file(self, location: str, where: str) -> Region | None:
        """The bytes of a file beside the model; nothing outside the model's folder is ever opened."""
        if location in self.files:
            return self.files[location]
        inside, windows = PurePosixPath(location), PureWindowsPath(location)
        leaves = inside.is_absolute() or windows.anchor or ".." in (*inside.parts, *windows.parts) or "\0" in location
        if not location or leaves:
            raise FormatError(
                f"{where} is said to lie in “{shown(location)}”, outside the model's folder; it is not opened."
            )
        path = self.path.parent / location
        try:
            status = path.stat()
            if not path.resolve().is_relative_to(self.path.parent.resolve()):
                raise FormatError(
                    f"{where} is said to lie in “{shown(location)}”, which links to a place outside the model's "
                    "folder; it is not opened."
                )
            if not stat.S_ISREG(status.st_mode):
                raise FormatError(f"{where} is said to lie in “{shown(location)}”, which is not a file.")
            region = mapped(path, status.st_size, file_stamp(path))
        except (FileNotFoundError, NotADirectoryError):
            region = None
        except (OSError, ValueError, RuntimeError) as error:
            raise FormatError(f"{where} lies in “{shown(location)}”, which cannot be read ({error}).") from error
        self.files[location] = region
        return region

    def sparse(self, place: Place, name: str = "") -> TensorInfo:
        """Describe a SparseTensorProto by its dense form.

        Raises
        ------
        FormatError
            If its indices or values do not fit.
        """
        said = self.wire.read(place, SPARSE)
        if said["values"] is None:
            raise FormatError(f"A sparse tensor in {self.path.name} has no values: the file is damaged.")
        values = self.tensor(said["values"])
        name = name or values.name
        where = f"The sparse tensor “{shown(name)}” in {self.path.name}"
        shape = tuple(said["dims"])
        count = math.prod(shape)
        if len(shape) > MOST_DIMENSIONS or any(size < 0 for size in shape) or values.dtype not in DTYPES:
            raise FormatError(f"{where} has an impossible shape: the file is damaged.")
        if count > MOST_MADE_DENSE:
            raise FormatError(f"{where} has {count} numbers, more than this program writes out of a sparse one.")
        indices = self.tensor(said["indices"]) if said["indices"] is not None else None
        stored = len(values.shape) == 1 and values.shape[0]
        given = indices.shape if indices is not None else (0,)
        if given not in {(stored,), (stored, len(shape))}:
            raise FormatError(f"{where} has not as many indices as values: the file is damaged.")

        def source() -> np.ndarray:
            import numpy as np

            numbers = values.read()
            dense = np.zeros(count, dtype=numbers.dtype)
            if indices is not None:
                at = np.array(indices.read(), dtype=np.int64)
                if at.ndim == 2:
                    at = at @ np.array([math.prod(shape[axis + 1 :]) for axis in range(len(shape))], dtype=np.int64)
                if at.size and (at.min() < 0 or at.max() >= count):
                    raise FormatError(f"{where} has an index beyond its shape: the file is damaged.")
                dense[at] = numbers
            return dense.reshape(shape)

        return TensorInfo(name, shape, values.dtype, count * DTYPES[values.dtype].size, source)


def _missing(where: str, location: str) -> NoReturn:
    raise FormatError(f"{where} lies in “{shown(location)}”, which is not beside the model; put it there.")


def _whole_number(text: str, where: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise FormatError(f"{where} has an impossible place in its file: “{shown(text)}”.")
    return int(text)


def _joined(reader: TensorReader, places: list[Place]) -> Region:
    """One region of what may lie in several places, where a writer cut a list."""
    regions = [mapped(reader.path, end - start, reader.stamp, start) for start, end in places]
    if len(regions) == 1:
        return regions[0]

    def load() -> np.ndarray:
        import numpy as np

        return np.concatenate([np.empty(0, dtype=np.uint8), *(region.load() for region in regions)])

    return Region(sum(region.size for region in regions), load)


def _texts(name: str, shape: tuple[int, ...], places: list[Place], where: str) -> TensorInfo:
    def refuse() -> NoReturn:
        raise FormatError(f"{where} holds texts, not numbers.")

    if len(places) != math.prod(shape):
        raise FormatError(f"{where} has {len(places)} texts, but its shape takes {math.prod(shape)}.")
    return TensorInfo(name, shape, "string", sum(end - start for start, end in places), refuse)


def _bytes_of(dtype: str, count: int) -> int:
    return -(-count * _NARROW[dtype] // 8)


def _narrow(region: Region, name: str, dtype: str, shape: tuple[int, ...], where: str) -> TensorInfo:
    """Numbers of which several share a byte, the first in the lowest bits."""
    count, bits = math.prod(shape), _NARROW[dtype]
    if _bytes_of(dtype, count) > region.size:
        raise FormatError(f"{where} needs {_bytes_of(dtype, count)} bytes, but the file holds {region.size} for it.")

    def source() -> np.ndarray:
        import numpy as np

        raw = region.load()[: _bytes_of(dtype, count)]
        shifts = np.arange(0, 8, bits, dtype=np.uint8)
        codes = ((raw[:, None] >> shifts) & (2**bits - 1)).reshape(-1)[:count].reshape(shape)
        if dtype == "float4_e2m1fn":
            return np.array([*_FLOAT4, *(-value for value in _FLOAT4)], dtype=np.float32)[codes]
        if dtype.startswith("int"):
            high = np.int8(2 ** (bits - 1))
            return ((codes.astype(np.int8) ^ high) - high).astype(np.int8)
        return codes

    return TensorInfo(name, shape, dtype, _bytes_of(dtype, count), source)
