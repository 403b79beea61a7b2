"""The operators of a TorchScript program: those on tensors are torch's own, those on numbers, lists and texts are here.

TorchScript has its own operators for what Python has a language for (`aten::add.int`, `aten::len.t`). They are computed
in Python, so that sizes stay symbolic while the program is captured.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor

from ...errors import UnsupportedOperation

# TorchScript writes number formats and memory formats as these numbers.
DTYPES = (
    *(torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.float16, torch.float32, torch.float64),
    *(torch.complex32, torch.complex64, torch.complex128, torch.bool, torch.qint8, torch.quint8, torch.qint32),
    torch.bfloat16,
)
_MEMORY_FORMATS = (torch.contiguous_format, torch.preserve_format, torch.channels_last, torch.channels_last_3d)
_BY_TYPE = {"ScalarType": DTYPES, "MemoryFormat": _MEMORY_FORMATS, "Layout": (torch.strided,)}
# These take plain numbers where their schemas say Tensor.
_TAKES_NUMBERS = {"add", "add_", "sub", "sub_", "mul", "mul_", "div", "div_", "rsub", "pow"}
# These reach beyond the tensors that they are given.
_OUTSIDE = {"from_file", "save"}


class Raised(Exception):
    """The program raised an error."""


def dtype_number(value: Tensor) -> int:
    """The tensor's number format as TorchScript numbers it."""
    return DTYPES.index(value.dtype)


def _divided(a: Any, b: Any, rounding: str | None = None) -> Any:
    if rounding == "trunc":
        return int(a / b)
    return a // b if rounding == "floor" else a / b


def _text(form: str, *values: Any) -> str:
    for value in values:
        form = form.replace("{}", str(value), 1)
    return form


def _pop(items: list[Any], place: int = -1) -> Any:
    return items.pop(place)


def _set_item(items: Any, key: Any, value: Any) -> Any:
    items[key] = value
    return items


def _append(items: list[Any], value: Any) -> list[Any]:
    items.append(value)
    return items


def _range_length(start: int, end: int, step: int) -> int:
    return len(range(start, end, step))


def _smallest(first: Any, *rest: Any) -> Any:
    return min(first, *rest) if rest else min(first)


def _largest(first: Any, *rest: Any) -> Any:
    return max(first, *rest) if rest else max(first)


def _nothing(*_: Any) -> None:
    return None


# Computed in Python where no tensor is among the arguments.
_ON_NUMBERS: dict[str, Callable[..., Any]] = {
    "add": lambda a, b, alpha=1: a + b if alpha == 1 else a + b * alpha,
    "sub": lambda a, b, alpha=1: a - b * alpha,
    "rsub": lambda a, b, alpha=1: b - a * alpha,
    "mul": operator.mul,
    "div": _divided,
    "floordiv": operator.floordiv,
    "floor_divide": operator.floordiv,
    "remainder": operator.mod,
    "fmod": math.fmod,
    "neg": operator.neg,
    "pow": operator.pow,
    "abs": abs,
    "floor": math.floor,
    "ceil": math.ceil,
    "round": round,
    "sqrt": math.sqrt,
    "exp": math.exp,
    "log": math.log,
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
    "__and__": operator.and_,
    "__or__": operator.or_,
    "__xor__": operator.xor,
    "Int": lambda value: value if isinstance(value, torch.SymInt) else int(value),
    "Float": lambda value: torch.sym_float(value) if isinstance(value, torch.SymInt) else float(value),
    "Bool": bool,
    "IntImplicit": lambda value: value,
    "FloatImplicit": lambda value: value,
    "ScalarImplicit": lambda value: value,
    "str": str,
    "to": lambda value, *_: value,
    "min": _smallest,
    "max": _largest,
    "sum": sum,
    "any": any,
    "all": all,
}

# Computed in Python where the first argument is a list, tuple or dictionary.
_ON_ITEMS: dict[str, Callable[..., Any]] = {
    "slice": lambda items, start=None, end=None, step=1: items[start:end:step],
    "add": operator.add,
    "add_": operator.iadd,
    "mul": operator.mul,
    "eq": operator.eq,
    "ne": operator.ne,
    "copy": lambda items: items.copy(),
    "clear": lambda items: items.clear(),
    "remove": lambda items, value: items.remove(value),
    "reverse": lambda items: items.reverse(),
    "index": lambda items, value: items.index(value),
    "count": lambda items, value: items.count(value),
    "sorted": sorted,
    "get": lambda table, key, default=None: table.get(key, default),
    "update": lambda table, more: table.update(more),
}

# Computed in Python whatever the arguments are.
_ALWAYS: dict[str, Callable[..., Any]] = {
    "__is__": operator.is_,
    "__isnot__": operator.is_not,
    "__not__": operator.not_,
    "__contains__": operator.contains,
    "__getitem__": operator.getitem,
    "_set_item": _set_item,
    "__range_length": _range_length,
    "__derive_index": lambda index, start, step: start + index * step,
    "format": _text,
    "append": _append,
    "extend": lambda items, more: items.extend(more),
    "insert": lambda items, place, value: items.insert(place, value),
    "pop": _pop,
    "list": list,
    "keys": lambda table: list(table.keys()),
    "values": lambda table: list(table.values()),
    "items": lambda table: list(table.items()),
    "warn": _nothing,
    "dim": lambda x: x.dim(),
    "ndimension": lambda x: x.dim(),
    "size": lambda x, axis=None: list(x.shape) if axis is None else x.shape[axis],
    "numel": lambda x: x.numel(),
    "len": lambda x: x.shape[0] if isinstance(x, Tensor) else len(x),
    "is_floating_point": lambda x: x.is_floating_point(),
    "is_complex": lambda x: x.is_complex(),
    "is_grad_enabled": lambda: True,  # see prim::requires_grad
    "item": lambda x: x.item(),
    "detach": lambda x: x,
}

# From a tensor to a number: the value decides what is computed.
_TO_NUMBER: dict[str, Callable[[Any], Any]] = {
    "Int": lambda x: x.item() if x.is_floating_point() is False else int(x.item()),
    "Float": lambda x: float(x.item()),
    "Bool": bool,
    "IntImplicit": lambda x: x.item(),
    "FloatImplicit": lambda x: x.item(),
    "ScalarImplicit": lambda x: x.item(),
}


def call(schema: str, args: list[Any]) -> Any:
    """Call an operator.

    Parameters
    ----------
    schema : str
        As TorchScript writes it: “aten::add.Tensor(Tensor self, …) -> Tensor”.

    Raises
    ------
    UnsupportedOperation
        If it is none of torch's own (of another library, or quantised), or reaches beyond its arguments.
    """
    full = schema.partition("(")[0]
    space, _, rest = full.partition("::")
    name, _, overload = rest.partition(".")
    live = _holds_tensor(args)
    if space == "aten" and name in _ALWAYS and not (name == "detach" and not live):
        return _ALWAYS[name](*args)
    if space == "aten" and name in _ON_ITEMS and args and isinstance(args[0], list | tuple | dict | str):
        return _ON_ITEMS[name](*args)
    if space == "aten" and not live and name in _ON_NUMBERS:
        return _ON_NUMBERS[name](*args)
    if space == "aten" and name in _TO_NUMBER:
        return _TO_NUMBER[name](args[0])
    if space == "aten" and name in _REWRITTEN:
        return _REWRITTEN[name](overload, args)
    target = None
    if space == "aten" and name not in _OUTSIDE:
        target = getattr(getattr(torch.ops.aten, name, None), overload or "default", None)
    if not isinstance(target, torch._ops.OpOverload):
        raise UnsupportedOperation(
            f"The TorchScript program calls {full or 'an unnamed operator'}, which is none of torch's own operators on "
            "plain tensors.",
            (full,),
        )
    positional, named = [], {}
    for (key, kind, is_named), value in zip(_arguments(target), args, strict=False):
        fit = _fit(value, kind, name)
        if is_named:
            named[key] = fit
        else:
            positional.append(fit)
    return target(*positional, **named)


@cache
def _arguments(target: Any) -> list[tuple[str, str, bool]]:
    return [(a.name, str(a.real_type), a.kwarg_only) for a in target._schema.arguments]


def _fit(value: Any, kind: str, name: str) -> Any:
    """An argument as torch's Python wants it."""
    if kind in {"Tensor", "Optional[Tensor]"} and isinstance(value, bool | int | float) and name not in _TAKES_NUMBERS:
        return torch.tensor(value)
    for part, table in _BY_TYPE.items():
        if part in kind and type(value) is int:
            return table[value]
    return value


def _holds_tensor(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(map(_holds_tensor, value))
    return isinstance(value, Tensor)


def _convolution(_: str, args: list[Any]) -> Any:
    """What traced programs call whatever the convolution is."""
    x, weight, bias, stride, padding, dilation, transposed, output_padding, groups = args[:9]
    aten, dims = torch.ops.aten, len(stride)
    if transposed:
        target = {1: aten.conv_transpose1d, 2: aten.conv_transpose2d.input, 3: aten.conv_transpose3d.input}[dims]
        return target(x, weight, bias, stride, padding, output_padding, groups, dilation)
    target = {1: aten.conv1d, 2: aten.conv2d, 3: aten.conv3d}[dims].default
    return target(x, weight, bias, stride, padding, dilation, groups)


def _to(overload: str, args: list[Any]) -> Any:
    """Another number format; another device is none, as everything stands on the CPU."""
    x = args[0]
    if overload in {"other", "prim_other"}:
        return x.to(args[1].dtype) if isinstance(args[1], Tensor) else x
    wanted = next((value for value in args[1:] if type(value) is int), None)
    return x if wanted is None else torch.ops.aten.to.dtype(x, DTYPES[wanted])


def _tensor(_: str, args: list[Any]) -> Any:
    dtype = next((DTYPES[value] for value in args[1:2] if type(value) is int), None)
    return torch.tensor(args[0], dtype=dtype)


def _attention(x: Tensor, units: int, heads: int, weight: Any, bias: Any, out: Any, out_bias: Any) -> Tensor:
    """The self-attention of torch's fast path, opened."""
    aten = torch.ops.aten
    samples, length = x.shape[0], x.shape[1]
    qkv = aten.linear(x, weight, bias).view([samples, length, 3, heads, units // heads]).permute([2, 0, 3, 1, 4])
    mixed = aten.scaled_dot_product_attention(qkv.select(0, 0), qkv.select(0, 1), qkv.select(0, 2))
    return aten.linear(mixed.transpose(1, 2).reshape([samples, length, units]), out, out_bias)


def _unmasked(mask: Any) -> None:
    if mask is not None:
        raise UnsupportedOperation(
            "The TorchScript program holds the fast path of a transformer with a mask; trace it with "
            "torch.backends.mha.set_fastpath_enabled(False).",
            ("_transformer_encoder_layer_fwd",),
        )


def _native_attention(_: str, args: list[Any]) -> tuple[Tensor, None]:
    query, key, value, *rest = args[:9]
    _unmasked(args[9])
    if query is not key or query is not value:
        raise UnsupportedOperation("The fast path of an attention between different sequences is not supported.")
    return _attention(query, *rest), None


def _encoder_layer(_: str, args: list[Any]) -> Tensor:
    """The fast path of `nn.TransformerEncoderLayer`, opened."""
    x, units, heads, *attention = args[:7]
    gelu, norm_first, eps, scale_1, shift_1, scale_2, shift_2, weight_1, bias_1, weight_2, bias_2 = args[7:18]
    _unmasked(args[18] if len(args) > 18 else None)
    aten = torch.ops.aten

    def norm_1(value: Tensor) -> Tensor:
        return aten.layer_norm(value, [units], scale_1, shift_1, eps)

    def norm_2(value: Tensor) -> Tensor:
        return aten.layer_norm(value, [units], scale_2, shift_2, eps)

    def wide(value: Tensor) -> Tensor:
        inner = aten.linear(value, weight_1, bias_1)
        return aten.linear(aten.gelu(inner) if gelu else aten.relu(inner), weight_2, bias_2)

    if norm_first:
        x = x + _attention(norm_1(x), units, heads, *attention)
        return x + wide(norm_2(x))
    x = norm_1(x + _attention(x, units, heads, *attention))
    return norm_2(x + wide(x))


_REWRITTEN: dict[str, Callable[[str, list[Any]], Any]] = {
    "_convolution": _convolution,
    "to": _to,
    "tensor": _tensor,
    "as_tensor": _tensor,
    "_native_multi_head_attention": _native_attention,
    "_transformer_encoder_layer_fwd": _encoder_layer,
}
