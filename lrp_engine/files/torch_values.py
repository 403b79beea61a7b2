"""What torch writes into a pickle, as data: which call stands for which plain value."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from .pickle_machine import Constructor, Name, Record, checked_key
from .tensor_records import OtherTensor, array_of, quantised, sparse, tensor, tensor_of_type


def _parameter(value: Any, *_: Any) -> Any:
    return value


def _other(what: str) -> Constructor:
    return lambda *_: OtherTensor(what)


def _dictionary(*arguments: Any) -> dict[Any, Any]:
    """Make a dictionary of the last argument: a defaultdict's first one is the function that it would call."""
    content = arguments[-1] if arguments and not isinstance(arguments[-1], Name) else ()
    pairs = content.items() if isinstance(content, dict) else content or ()
    return {checked_key(key): value for key, value in pairs}


def _list(items: Any = ()) -> list[Any]:
    """Make a list of a container; of a text it would be one of letters, which takes eight times its memory."""
    if not isinstance(items, list | tuple | dict | set | frozenset):
        raise TypeError("items of an unusual kind")
    return list(items)


def _tuple(items: Any = ()) -> tuple[Any, ...]:
    return tuple(_list(items))


def _set(items: Any = ()) -> set[Any]:
    return set(map(checked_key, _list(items)))


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


def _numpy_buffer(content: Any, dtype: Any, shape: Any, order: Any = "C", *_: Any) -> Any:
    """Newer protocols write an array's bytes apart."""
    return array_of(dtype, shape, content, fortran=order == "F") or Record("numpy.ndarray", (dtype, shape))


def _numbers(items: Any = ()) -> list[Any]:
    """How TorchScript writes lists: also those of tensors."""
    return list(items) if isinstance(items, list | tuple) else []


def _queue(items: Any = (), *_: Any) -> list[Any]:
    return _numbers(items)


def _typed(value: Any, *_: Any) -> Any:
    """How TorchScript writes the type of a container beside it."""
    return value


_INERT = (
    "argparse.Namespace",
    "builtins.range",
    "builtins.slice",
    "datetime.date",
    "datetime.datetime",
    "datetime.timedelta",
    "datetime.timezone",
    "decimal.Decimal",
    "fractions.Fraction",
    "functools.partial",
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
    "torch._utils._rebuild_tensor": tensor,
    "torch._utils._rebuild_tensor_v2": tensor,
    "torch._utils._rebuild_tensor_v3": tensor_of_type,
    "torch._utils._rebuild_parameter": _parameter,
    "torch._utils._rebuild_parameter_with_state": _parameter,
    "torch.nn.parameter.Parameter": _parameter,
    "torch._utils._rebuild_qtensor": quantised,
    "torch._utils._rebuild_sparse_tensor": sparse,
    "torch._utils._rebuild_nested_tensor": _other("nested"),
    "torch._utils._rebuild_meta_tensor_no_storage": _other("empty (meta)"),
    "torch._utils._rebuild_wrapper_subclass": _other("wrapped"),
    "torch._utils._rebuild_device_tensor_from_numpy": _parameter,
    "torch._utils._rebuild_device_tensor_from_cpu_tensor": _parameter,
    "torch.Size": _tuple,
    "torch.jit._pickle.build_intlist": _numbers,
    "torch.jit._pickle.build_doublelist": _numbers,
    "torch.jit._pickle.build_boollist": _numbers,
    "torch.jit._pickle.build_tensorlist": _numbers,
    "torch.jit._pickle.build_complexlist": _numbers,
    "torch.jit._pickle.restore_type_tag": _typed,
    "collections.OrderedDict": _dictionary,
    "collections.defaultdict": _dictionary,
    "collections.Counter": _dictionary,
    "collections.deque": _queue,
    "builtins.dict": _dictionary,
    "builtins.list": _list,
    "builtins.tuple": _tuple,
    "builtins.set": _set,
    "builtins.frozenset": _set,
    "builtins.bytes": _bytes,
    "builtins.bytearray": _bytes,
    "builtins.complex": complex,
    "_codecs.encode": _encode,
    "numpy.core.multiarray.scalar": _numpy_scalar,
    "numpy._core.multiarray.scalar": _numpy_scalar,
    "numpy.core.numeric._frombuffer": _numpy_buffer,
    "numpy._core.numeric._frombuffer": _numpy_buffer,
    **{name: _inert(name) for name in _INERT},
}
