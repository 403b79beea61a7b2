"""What torch writes into a pickle, as data: tensors as places in storages, and the plain values around them."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .pickle_machine import Constructor, Name, Record, checked_key


@dataclass(frozen=True, slots=True)
class Storage:
    """A flat run of numbers that tensors are views of. `dtype` is empty where only bytes are counted."""

    key: str
    dtype: str
    count: int


@dataclass(frozen=True, slots=True)
class TensorRecord:
    """A tensor: where in which storage, in numbers."""

    storage: Storage
    dtype: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class OtherTensor:
    """A tensor that is not a plain view of numbers: sparse, quantised, nested and so on."""

    what: str


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
    "UntypedStorage": "",
    "_UntypedStorage": "",
}


def storage(identifier: Any) -> Storage:
    """Read torch's persistent identifier: ("storage", class, key, device, count)."""
    if not isinstance(identifier, tuple) or len(identifier) < 5 or identifier[0] != "storage":
        raise ValueError("a persistent identifier that torch does not write")
    _, kind, key, _, count = identifier[:5]
    if not isinstance(kind, Name) or not isinstance(key, str) or type(count) is not int:
        raise TypeError("a storage that torch does not write")
    return Storage(key, STORAGES.get(kind.name, kind.name), count)


def _tensor(held: Any, offset: Any, shape: Any, strides: Any, *_: Any) -> TensorRecord:
    if not isinstance(held, Storage) or not isinstance(shape, tuple) or not isinstance(strides, tuple):
        raise TypeError("a tensor that torch does not write")
    return TensorRecord(held, held.dtype or "uint8", offset, shape, strides)


def _tensor_of_type(held: Any, offset: Any, shape: Any, strides: Any, *rest: Any) -> TensorRecord:
    """Torch's newer number types have no storage class: the type is given apart."""
    plain = _tensor(held, offset, shape, strides)
    dtype = rest[2]
    if not isinstance(dtype, Name) or dtype.module != "torch":
        raise TypeError("a number type that torch does not write")
    return TensorRecord(plain.storage, dtype.name, offset, shape, strides)


def _parameter(value: Any, *_: Any) -> Any:
    return value


def _of_class(rebuild: Any, kind: Any, arguments: Any, *_: Any) -> Any:
    """A tensor with attributes of its own: the attributes are left out."""
    constructor = TORCH_VALUES.get(str(rebuild)) if isinstance(rebuild, Name) else None
    if constructor is None or not isinstance(arguments, tuple):
        return Record(str(kind), (arguments,))
    return constructor(*arguments)


def _other(what: str) -> Constructor:
    return lambda *_: OtherTensor(what)


def _dictionary(*arguments: Any) -> dict[Any, Any]:
    """Make a dictionary of the last argument: a defaultdict's first one is the function that it would call."""
    content = arguments[-1] if arguments and not isinstance(arguments[-1], Name) else ()
    pairs = content.items() if isinstance(content, dict) else content or ()
    return {checked_key(key): value for key, value in pairs}


def _set(items: Any = ()) -> set[Any]:
    return set(map(checked_key, items))


def _encode(text: str, encoding: str = "utf-8") -> bytes:
    """How old protocols write bytes."""
    if encoding not in ("latin1", "latin-1", "utf-8", "ascii"):
        raise ValueError("an unusual encoding")
    return text.encode(encoding)


def _bytes(content: Any = b"", encoding: str = "latin-1") -> bytes:
    if isinstance(content, str):
        return _encode(content, encoding)
    if not isinstance(content, bytes | list):
        raise TypeError("bytes of an unusual kind")  # bytes(10**12) would take that much memory
    return bytes(content)


# numpy's one-letter kinds with their sizes, as struct knows them
_SCALARS = {
    "f2": "e",
    "f4": "f",
    "f8": "d",
    "b1": "?",
    "i1": "b",
    "i2": "h",
    "i4": "i",
    "i8": "q",
    "u1": "B",
    "u2": "H",
    "u4": "I",
    "u8": "Q",
}


def _numpy_scalar(kind: Any, content: Any = b"") -> Any:
    """Make a number of a numpy scalar: a best accuracy is often one."""
    letter = _SCALARS.get(str(kind.arguments[0])) if isinstance(kind, Record) and kind.arguments else None
    if letter is None or not isinstance(content, bytes):
        return Record("numpy.scalar", (kind, content))
    return struct.unpack("<" + letter, content)[0]


def _inert(name: str) -> Constructor:
    """Values whose making has no effect: kept by name and arguments."""
    return lambda *arguments: Record(name, arguments)


_INERT = (
    "argparse.Namespace",
    "datetime.date",
    "datetime.datetime",
    "datetime.timedelta",
    "datetime.timezone",
    "decimal.Decimal",
    "numpy.core.multiarray._reconstruct",
    "numpy._core.multiarray._reconstruct",
    "numpy.dtype",
    "pathlib.Path",
    "pathlib.PosixPath",
    "pathlib.PurePosixPath",
    "pathlib.WindowsPath",
    "pathlib._local.PosixPath",
    "pathlib._local.WindowsPath",
    "torch.device",
    "torch.serialization._get_layout",
    "types.SimpleNamespace",
    "uuid.UUID",
)

TORCH_VALUES: dict[str, Callable[..., Any]] = {
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_tensor_v3": _tensor_of_type,
    "torch._utils._rebuild_parameter": _parameter,
    "torch._utils._rebuild_parameter_with_state": _parameter,
    "torch.nn.parameter.Parameter": _parameter,
    "torch._tensor._rebuild_from_type_v2": _of_class,
    "torch._utils._rebuild_qtensor": _other("quantised"),
    "torch._utils._rebuild_sparse_tensor": _other("sparse"),
    "torch._utils._rebuild_sparse_csr_tensor": _other("sparse"),
    "torch._utils._rebuild_nested_tensor": _other("nested"),
    "torch._utils._rebuild_meta_tensor_no_storage": _other("empty (meta)"),
    "torch._utils._rebuild_wrapper_subclass": _other("wrapped"),
    "torch._utils._rebuild_device_tensor_from_numpy": _other("device"),
    "torch._utils._rebuild_device_tensor_from_cpu_tensor": _parameter,
    "torch.Size": tuple,
    "collections.OrderedDict": _dictionary,
    "collections.defaultdict": _dictionary,
    "collections.Counter": _dictionary,
    "builtins.dict": _dictionary,
    "builtins.list": list,
    "builtins.tuple": tuple,
    "builtins.set": _set,
    "builtins.frozenset": _set,
    "builtins.bytes": _bytes,
    "builtins.bytearray": _bytes,
    "builtins.complex": complex,
    "_codecs.encode": _encode,
    "numpy.core.multiarray.scalar": _numpy_scalar,
    "numpy._core.multiarray.scalar": _numpy_scalar,
    **{name: _inert(name) for name in _INERT},
}
