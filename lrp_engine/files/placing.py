"""From a tensor as a pickle describes it to one that can be read: where its storage lies decides."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ..errors import FormatError
from .dtypes import DTYPES
from .tensor_records import QUANTISED, AnyTensor, ArrayRecord, Scales, SparseRecord, Storage, TensorRecord
from .tensors import MOST_REPEATED, Quantization, Region, TensorInfo, c_strides, shown, tensor_in

if TYPE_CHECKING:
    import numpy as np

_FULLEST = 16  # how many times what a sparse tensor takes in the file it may take when its zeros are filled in


def number_size(dtype: str) -> int:
    """Bytes a number of a storage takes; 1 where a storage only counts bytes."""
    known = DTYPES.get(QUANTISED.get(dtype, dtype))
    return known.size if known else 1


class Placing:
    """Makes `TensorInfo` out of records.

    Parameters
    ----------
    file : str
        The file's name, for errors.
    place : callable
        Gives the bytes of a storage; the tensor's name is for errors.
    big_endian : bool
        Whether numbers' bytes stand in that order.
    """

    def __init__(self, file: str, place: Callable[[Storage, str], Region], *, big_endian: bool) -> None:
        self.file = file
        self.place = place
        self.big_endian = big_endian

    def info(self, name: str, record: AnyTensor) -> TensorInfo:
        """Describe the tensor.

        Raises
        ------
        FormatError
            If it does not lie within its storage, or is otherwise impossible.
        """
        if isinstance(record, SparseRecord):
            return self._sparse(name, record)
        if isinstance(record, ArrayRecord):
            return self._array(name, record)
        quantization = self._quantization(name, record)
        info = tensor_in(
            self.place(record.storage, name),
            name,
            QUANTISED.get(record.dtype, record.dtype),
            record.shape,
            strides=record.strides,
            offset=record.offset,
            big_endian=self.big_endian,
            file=self.file,
            quantization=quantization,
            called=record.dtype,
        )
        detail = _detail(record)
        return replace(info, detail=detail) if detail else info

    def _array(self, name: str, record: ArrayRecord) -> TensorInfo:
        def load() -> np.ndarray:
            import numpy as np

            return np.frombuffer(record.content, dtype=np.uint8)

        strides = c_strides(record.shape[::-1])[::-1] if record.fortran and _plain(record.shape) else None
        region = Region(len(record.content), load)
        return tensor_in(
            region, name, record.dtype, record.shape, strides=strides, big_endian=record.big_endian, file=self.file
        )

    def _quantization(self, name: str, record: TensorRecord) -> Quantization | None:
        found = record.quantised
        if found is None:
            return None
        if found.axis is None:
            return Quantization(_one(found.scales), _one(found.zero_points))
        size = record.shape[found.axis]
        return Quantization(self._each(name, found.scales, size), self._each(name, found.zero_points, size), found.axis)

    def _each(self, name: str, values: TensorRecord | list, size: int) -> Callable[[], np.ndarray]:
        """Read one number for each place along an axis."""
        count = math.prod(values.shape) if isinstance(values, TensorRecord) and _plain(values.shape) else -1
        if isinstance(values, list):
            count = len(values) if all(isinstance(value, int | float) for value in values) else -1
        if count != size:
            raise FormatError(
                f"The scales of the tensor “{shown(name)}” in {self.file} are not as many as it has places: "
                "the file is damaged."
            )
        info = self.info(name, values) if isinstance(values, TensorRecord) else None

        def read() -> np.ndarray:
            import numpy as np

            found = np.asarray(values) if info is None else info.read()
            return found.reshape(-1).astype(np.float64)

        return read

    def _sparse(self, name: str, record: SparseRecord) -> TensorInfo:
        where = f"The sparse tensor “{shown(name)}” in {self.file}"
        if not _plain(record.shape) or math.prod(record.shape) > 2**48:
            raise FormatError(f"{where} has an impossible shape: the file is damaged.")
        places = [self.info(name, part) for part in record.places]
        values = self.info(name, record.values)
        nbytes = values.nbytes + sum(part.nbytes for part in places)
        count = values.shape[0] if values.shape else 0
        detail = f"sparse ({shown(record.layout)}), {count} of {math.prod(record.shape)} numbers are stored"

        def source() -> np.ndarray:
            import numpy as np

            from .sparse import filled

            dense = math.prod(record.shape) * 16
            if dense > max(_FULLEST * nbytes, MOST_REPEATED):
                raise FormatError(f"{where} would take {dense} bytes with its zeros, too many to read.")
            try:
                return filled(record.layout, [part.read() for part in places], values.read(), record.shape)
            except (IndexError, ValueError, np.exceptions.AxisError) as error:
                raise FormatError(f"{where} cannot be filled in: {error}.") from error

        return TensorInfo(name, record.shape, values.dtype, nbytes, source, detail)


def _one(value: float) -> Callable[[], np.ndarray]:
    def read() -> np.ndarray:
        import numpy as np

        return np.array([value], dtype=np.float64)

    return read


def _plain(shape: Sequence[object]) -> bool:
    return len(shape) <= 32 and all(type(size) is int and 0 <= size < 2**48 for size in shape)


def _detail(record: TensorRecord) -> str:
    """What is to be known of a tensor, which lies within its storage, if it is not simply all of it."""
    said = []
    if record.quantised is not None:
        said.append(_scales(record.quantised))
    count = math.prod(record.shape)
    if count > 1 and record.strides != c_strides(record.shape):
        said.append(f"a view with steps {'×'.join(map(str, record.strides))}")
    stored = record.storage.count * number_size(record.storage.dtype) // number_size(record.dtype)
    if count < stored:
        said.append(f"{count} of the {stored} numbers of its storage")
    return ", ".join(said)


def _scales(found: Scales) -> str:
    if found.axis is None:
        return f"quantised, scale {found.scales:g}, zero point {found.zero_points:g}"
    return f"quantised, a scale for each place along axis {found.axis}"
