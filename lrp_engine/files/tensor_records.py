"""Tensors as a pickle describes them: which numbers of which storage, before it is known where that storage lies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .pickle_machine import Name, Record

# Whole numbers that stand for real ones -> how they lie in the file
QUANTISED = {"qint8": "int8", "quint8": "uint8", "qint32": "int32"}

STORAGES = {
    "DoubleStorage": "float64",
    "FloatStorage": "float32",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
    "ComplexDoubleStorage": "complex128",
    "ComplexFloatStorage": "complex64",
    "QInt8Storage": "qint8",
    "QUInt8Storage": "quint8",
    "QInt32Storage": "qint32",
    "UntypedStorage": "",
    "_UntypedStorage": "",
}

# numpy's one-letter kinds with their sizes
ARRAYS = {
    "f2": "float16",
    "f4": "float32",
    "f8": "float64",
    "c8": "complex64",
    "c16": "complex128",
    "b1": "bool",
    "i1": "int8",
    "i2": "int16",
    "i4": "int32",
    "i8": "int64",
    "u1": "uint8",
    "u2": "uint16",
    "u4": "uint32",
    "u8": "uint64",
}


@dataclass(frozen=True, slots=True)
class Storage:
    """A flat run of numbers that tensors are views of.

    `dtype` is empty where only bytes are counted; `start` is where it begins in the run that the file holds under
    `key`, which old files let storages share.
    """

    key: str
    dtype: str
    count: int
    start: int = 0


@dataclass(frozen=True, slots=True)
class Scales:
    """The scales and zero points of a quantised tensor: numbers, tensors or lists of numbers; `axis` they lie along."""

    scales: Any
    zero_points: Any
    axis: int | None = None


@dataclass(frozen=True, slots=True)
class TensorRecord:
    """A tensor: where in which storage, in numbers."""

    storage: Storage
    dtype: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    quantised: Scales | None = None


@dataclass(frozen=True, slots=True)
class SparseRecord:
    """A sparse tensor: its layout (“COO”, “CSR” …), the tensors that say where its values stand, and these."""

    layout: str
    places: tuple[Any, ...]
    values: Any
    shape: tuple[int, ...]

    @property
    def storage(self) -> Storage:
        """Where its values lie."""
        return self.values.storage


@dataclass(frozen=True, slots=True, eq=False)
class ArrayRecord:
    """A numpy array, whose bytes stand in the pickle itself."""

    dtype: str
    shape: tuple[int, ...]
    content: bytes
    fortran: bool = False
    big_endian: bool = False


@dataclass(frozen=True, slots=True)
class OtherTensor:
    """A tensor without numbers that could be shown: nested, on no device and so on."""

    what: str


AnyTensor = TensorRecord | SparseRecord | ArrayRecord


def storage(identifier: Any) -> Storage | Name:
    """Read torch's persistent identifier.

    It is ("storage", class, key, device, count), in old files with (key of the view, start, count) after it, or, also
    in old files, ("module", class, file, source) for a class: its name then.
    """
    if not isinstance(identifier, tuple) or not identifier:
        raise TypeError("a persistent identifier that torch does not write")
    if identifier[0] in ("module", b"module") and len(identifier) == 4 and isinstance(identifier[1], Name):
        return identifier[1]
    if len(identifier) < 5 or identifier[0] not in ("storage", b"storage"):
        raise ValueError("a persistent identifier that torch does not write")
    _, kind, key, _, count = identifier[:5]
    view = identifier[5] if len(identifier) > 5 else None
    if not isinstance(kind, Name) or not isinstance(key, str) or type(count) is not int:
        raise TypeError("a storage that torch does not write")
    dtype = STORAGES.get(kind.name, kind.name)
    if view is None:
        return Storage(key, dtype, count)
    _, start, length = view
    if type(start) is not int or type(length) is not int or not 0 <= start <= start + length <= count:
        raise TypeError("a part of a storage that torch does not write")
    return Storage(key, dtype, count, start)


def tensor(held: Any, offset: Any, shape: Any, strides: Any, *_: Any) -> TensorRecord:
    """Read `_rebuild_tensor_v2`."""
    if not isinstance(held, Storage) or not isinstance(shape, tuple) or not isinstance(strides, tuple):
        raise TypeError("a tensor that torch does not write")
    return TensorRecord(held, held.dtype or "uint8", offset, shape, strides)


def tensor_of_type(held: Any, offset: Any, shape: Any, strides: Any, *rest: Any) -> TensorRecord:
    """Torch's newer number types have no storage class: the type is given apart."""
    plain = tensor(held, offset, shape, strides)
    dtype = rest[2]
    if not isinstance(dtype, Name) or dtype.module != "torch":
        raise TypeError("a number type that torch does not write")
    return TensorRecord(plain.storage, dtype.name, offset, shape, strides)


def quantised(held: Any, offset: Any, shape: Any, strides: Any, scheme: Any, *_: Any) -> TensorRecord | OtherTensor:
    """Read `_rebuild_qtensor`; the scheme is (kind, scale, zero point), or tensors or lists and an axis."""
    plain = tensor(held, offset, shape, strides)
    if plain.dtype not in QUANTISED:
        return OtherTensor("quantised, several numbers in a byte")
    if not isinstance(scheme, tuple) or len(scheme) not in (3, 4):
        raise TypeError("a quantisation that torch does not write")
    _, scales, zero_points, *axes = scheme
    if axes and not (type(axes[0]) is int and 0 <= axes[0] < len(shape)):
        raise ValueError("a quantisation along no axis")
    allowed = TensorRecord | list if axes else int | float
    if not isinstance(scales, allowed) or not isinstance(zero_points, allowed):
        raise TypeError("a quantisation that torch does not write")
    found = Scales(scales, zero_points, axes[0] if axes else None)
    return TensorRecord(plain.storage, plain.dtype, offset, shape, strides, found)


def sparse(layout: Any, data: Any) -> SparseRecord:
    """Read `_rebuild_sparse_tensor`: (indices, values, size, …), or (compressed, plain indices, values, size)."""
    named = layout.arguments[0] if isinstance(layout, Record) and layout.arguments else layout
    named = str(named) if isinstance(named, Name) else named
    if not isinstance(named, str) or not isinstance(data, tuple):
        raise TypeError("a sparse tensor that torch does not write")
    name = named.removeprefix("torch.sparse_").upper()
    count = 1 if name == "COO" else 2
    places, values, shape = data[:count], data[count], data[count + 1]
    if not all(isinstance(part, TensorRecord) for part in (*places, values)) or not isinstance(shape, tuple):
        raise TypeError("a sparse tensor that torch does not write")
    return SparseRecord(name, places, values, shape)


def array(record: Record) -> ArrayRecord | None:
    """Make the array of numpy's `_reconstruct`, whose state is (version, shape, type, order, bytes); None of others."""
    state = record.state
    if not isinstance(state, tuple) or len(state) != 5:
        return None
    _, shape, dtype, fortran, content = state
    return array_of(dtype, shape, content, fortran=fortran is True)


def array_of(dtype: Any, shape: Any, content: Any, *, fortran: bool = False) -> ArrayRecord | None:
    """Make an array of a pickled `numpy.dtype` and bytes; None if they are of another kind."""
    if not isinstance(dtype, Record) or not dtype.arguments or not isinstance(dtype.arguments, tuple):
        return None
    known = ARRAYS.get(dtype.arguments[0]) if isinstance(dtype.arguments[0], str) else None
    if known is None or not isinstance(content, bytes) or not isinstance(shape, tuple):
        return None
    order = dtype.state[1] if isinstance(dtype.state, tuple) and len(dtype.state) > 1 else "<"
    return ArrayRecord(known, shape, content, fortran, order == ">")
