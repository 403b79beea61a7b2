"""Operators that treat each number for itself."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.fx import Node

from ..emitter import Emitter
from ..values import TEXTS, Call
from .common import aten, scalar, unary
from .first_versions import operands
from .quantized_formats import rounded

# ------------------------------------------------------------------------------------------------ arithmetic


def add(emit: Emitter, node: Call) -> Any:
    """Add; a bias that stands by itself becomes the bias of the layer before it."""
    a, b = operands(emit, node)
    if isinstance(a, Tensor) and isinstance(b, Node):
        a, b = b, a
    merged = _with_bias(emit, a, b) if isinstance(a, Node) and isinstance(b, Tensor) else None
    return emit(aten.add.Tensor, a, scalar(b)) if merged is None else merged


_CONVOLUTIONS = {aten.conv1d.default, aten.conv2d.default, aten.conv3d.default}


def _with_bias(emit: Emitter, x: Node, bias: Tensor) -> Node | None:
    """The layer that gave `x`, with this bias; None if that is no layer without one, or the bias is none."""
    if (len(x.args) > 2 and x.args[2] is not None) or not bias.is_floating_point():
        return None
    shape = emit.shape(x)
    if x.target is aten.linear.default and tuple(bias.shape) == (shape[-1],) != (1,):
        return emit(x.target, *x.args[:2], bias)
    each = (*([1] * (bias.dim() + 1 - len(shape))), *shape[1:2], *([1] * (len(shape) - 2)))  # a number for each channel
    if x.target in _CONVOLUTIONS and tuple(bias.shape) == each and bias.numel() > 1:
        return emit(x.target, *x.args[:2], emit(aten.reshape.default, bias, [-1]), *x.args[3:])
    return None


def divide(emit: Emitter, node: Call) -> Any:
    """Div; of whole numbers, rounded towards zero."""
    a, b = operands(emit, node)
    if emit.dtype(a).is_floating_point:
        return emit(aten.div.Tensor, a, scalar(b))
    return emit(aten.div.Tensor_mode, a, b, rounding_mode="trunc")


def multiply(emit: Emitter, node: Call) -> Any:
    """Mul."""
    a, b = operands(emit, node)
    a, b = (b, a) if isinstance(a, Tensor) and not isinstance(b, Tensor) else (a, b)
    return emit(aten.mul.Tensor, a, scalar(b))


def power(emit: Emitter, node: Call) -> Any:
    """Pow; the result has the format of the base."""
    base, exponent = operands(emit, node)
    dtype = emit.dtype(base)
    if isinstance(exponent, Tensor) and exponent.numel() == 1 and exponent.dim() <= emit.rank(base):
        value = exponent.item()
        value = int(value) if value == int(value) else value
        if dtype.is_floating_point or (isinstance(value, int) and value >= 0):
            return emit(aten.pow.Tensor_Scalar, base, value)
    if dtype.is_floating_point:
        return emit(aten.pow.Tensor_Tensor, base, emit.cast(exponent, dtype))
    wide = emit(aten.pow.Tensor_Tensor, emit.cast(base, torch.float64), emit.cast(exponent, torch.float64))
    return emit.cast(wide, dtype)


def modulo(emit: Emitter, node: Call) -> Any:
    """Mod: with the divisor's sign, or as C's fmod has it."""
    return emit(aten.fmod.Tensor if node.attribute("fmod", 0) else aten.remainder.Tensor, node.input(0), node.input(1))


def _chain(target: Any) -> Callable[[Emitter, Call], Any]:
    def chained(emit: Emitter, node: Call) -> Any:
        result = node.input(0)
        for place in range(1, len(node.inputs)):
            result = emit(target, result, node.input(place))
        return result

    return chained


def _of_two(target: Any) -> Callable[[Emitter, Call], Any]:
    def emitted(emit: Emitter, node: Call) -> Any:
        a, b = operands(emit, node)
        arithmetic = target is aten.sub.Tensor
        return emit(target, a, scalar(b) if arithmetic else b)

    return emitted


def mean(emit: Emitter, node: Call) -> Any:
    """Mean of several values."""
    return emit(aten.div.Tensor, _chain(aten.add.Tensor)(emit, node), len(node.inputs))


def clip(emit: Emitter, node: Call) -> Any:
    """Clip: its bounds are inputs since opset 11."""
    x = node.input(0)
    low = node.optional(1) if len(node.inputs) > 1 else node.attribute("min")
    high = node.optional(2) if len(node.inputs) > 2 else node.attribute("max")
    if all(bound is None or not isinstance(bound, Node) for bound in (low, high)):
        low, high = (_bound(emit, bound) for bound in (low, high))
        if low is None and high is None:
            return x
        if low == 0 and high is None:
            return emit(aten.relu.default, x)
        return emit(aten.relu6.default, x) if (low, high) == (0, 6) else emit(aten.clamp.default, x, low, high)
    if low is not None:
        x = emit(aten.maximum.default, x, emit.tensor(low, emit.dtype(x)) if isinstance(low, float) else low)
    if high is not None:
        x = emit(aten.minimum.default, x, emit.tensor(high, emit.dtype(x)) if isinstance(high, float) else high)
    return x


def _bound(emit: Emitter, bound: Any) -> Any:
    if bound is None or isinstance(bound, int | float):
        return bound
    return emit.constant(bound).reshape(-1)[0].item()


# ------------------------------------------------------------------------------------------------ conditions, bits


def is_infinite(emit: Emitter, node: Call) -> Any:
    """IsInf, of either sign or of one."""
    x, below, above = node.input(0), node.attribute("detect_negative", 1), node.attribute("detect_positive", 1)
    found = emit(aten.isinf.default, x)
    if below and above:
        return found
    if not below and not above:
        return emit(aten.zeros_like.default, found)
    side = emit(aten.gt.Scalar if above else aten.lt.Scalar, x, 0)
    return emit(aten.logical_and.default, found, side)


def shift_bits(emit: Emitter, node: Call) -> Any:
    """BitShift; what is shifted out is lost, also where it is computed in a wider format."""
    x, by = node.input(0), node.input(1)
    if node.attribute("direction") == "LEFT":
        return emit(aten.bitwise_left_shift.Tensor, x, by)
    return emit(aten.bitwise_right_shift.Tensor, x, by)


def where(emit: Emitter, node: Call) -> Any:
    """Where."""
    return emit(aten.where.self, node.input(0), node.input(1), node.input(2))


_NAMES = "FLOAT UINT8 INT8 UINT16 INT16 INT32 INT64 STRING BOOL FLOAT16 DOUBLE UINT32 UINT64"
_FIRST_NAMES: dict[str, int] = dict(zip(_NAMES.split(), range(1, 14), strict=True))
_TEXT = 8


def cast(emit: Emitter, node: Call) -> Any:
    """Cast: half precision is computed in single, so that a cast to it changes nothing; to less, it rounds."""
    to = node.required("to")
    number = _FIRST_NAMES.get(to, 0) if isinstance(to, str) else to  # before opset 6 it was a name
    return TEXTS if number == _TEXT else _cast(emit, node, emit.format_of(number), emit.dtype_of(number))


def cast_like(emit: Emitter, node: Call) -> Any:
    """CastLike."""
    like = node.input(1)
    return _cast(emit, node, emit.format(like), emit.dtype(like))


def _cast(emit: Emitter, node: Call, format_: str, dtype: torch.dtype) -> Any:
    x = node.input(0)
    if format_ == "float8_e8m0fnu":
        return _power_of_two(emit, x, node.attribute("round_mode", "up"))
    if format_.startswith(("float8", "float4")) and emit.format(x) != format_:
        return rounded(emit, emit.cast(x, torch.float32), format_, saturate=bool(node.attribute("saturate", 1)))
    return emit.cast(x, dtype)


def _power_of_two(emit: Emitter, x: Any, mode: str) -> Any:
    """A number's exponent alone."""
    exponent = emit(aten.log2.default, emit.cast(x, torch.float32))
    if mode == "nearest":
        exponent = emit(aten.sub.Tensor, exponent, math.log2(1.5))
    turned = emit(aten.floor.default if mode == "down" else aten.ceil.default, exponent)
    return emit(aten.exp2.default, emit(aten.clamp.default, turned, -127.0, 127.0))


def bit_cast(emit: Emitter, node: Call) -> Any:
    """BitCast, of a constant: the same bits as another kind of number."""
    x, dtype = emit.constant(node.input(0)), emit.dtype_of(node.required("to"))
    same = x.dtype.is_floating_point == dtype.is_floating_point or torch.bool in {x.dtype, dtype}
    if same or x.element_size() != dtype.itemsize:
        return x.to(dtype)  # whole numbers of either sign: wider ones are cut
    return x.view(dtype)


def identity(_emit: Emitter, node: Call) -> Any:
    """Identity."""
    return node.input(0)


def dropout(emit: Emitter, node: Call) -> Any:
    """Dropout, which does nothing outside training; its mask is then all ones."""
    x = node.input(0)
    training = node.optional(2)
    if training is not None and bool(emit.constant(training)):
        ratio = node.optional(1)
        if ratio is None or emit.number(ratio) != 0:
            raise emit.refusal("it drops values at random; export the network for inference")
    if node.outputs < 2:
        return x
    mask = emit(aten.ones_like.default, x, dtype=torch.bool if node.opset >= 10 else emit.dtype(x))
    return x, mask


OPERATORS = {
    "Abs": unary(aten.abs.default),
    "Acos": unary(aten.acos.default),
    "Acosh": unary(aten.acosh.default),
    "Add": add,
    "And": _of_two(aten.logical_and.default),
    "Asin": unary(aten.asin.default),
    "Asinh": unary(aten.asinh.default),
    "Atan": unary(aten.atan.default),
    "Atanh": unary(aten.atanh.default),
    "BitCast": bit_cast,
    "BitShift": shift_bits,
    "BitwiseAnd": _chain(aten.bitwise_and.Tensor),
    "BitwiseNot": unary(aten.bitwise_not.default),
    "BitwiseOr": _chain(aten.bitwise_or.Tensor),
    "BitwiseXor": _chain(aten.bitwise_xor.Tensor),
    "Cast": cast,
    "CastLike": cast_like,
    "Ceil": unary(aten.ceil.default),
    "Clip": clip,
    "Cos": unary(aten.cos.default),
    "Cosh": unary(aten.cosh.default),
    "Div": divide,
    "Dropout": dropout,
    "Equal": _of_two(aten.eq.Tensor),
    "Erf": unary(aten.erf.default),
    "Exp": unary(aten.exp.default),
    "Floor": unary(aten.floor.default),
    "Greater": _of_two(aten.gt.Tensor),
    "GreaterOrEqual": _of_two(aten.ge.Tensor),
    "Identity": identity,
    "IsInf": is_infinite,
    "IsNaN": unary(aten.isnan.default),
    "Less": _of_two(aten.lt.Tensor),
    "LessOrEqual": _of_two(aten.le.Tensor),
    "Log": unary(aten.log.default),
    "Max": _chain(aten.maximum.default),
    "Mean": mean,
    "Min": _chain(aten.minimum.default),
    "Mod": modulo,
    "Mul": multiply,
    "Neg": unary(aten.neg.default),
    "Not": unary(aten.logical_not.default),
    "Or": _of_two(aten.logical_or.default),
    "Pow": power,
    "Reciprocal": unary(aten.reciprocal.default),
    "Round": unary(aten.round.default),
    "Sign": unary(aten.sign.default),
    "Sin": unary(aten.sin.default),
    "Sinh": unary(aten.sinh.default),
    "Sqrt": unary(aten.sqrt.default),
    "Sub": _of_two(aten.sub.Tensor),
    "Sum": _chain(aten.add.Tensor),
    "Tan": unary(aten.tan.default),
    "Where": where,
    "Xor": _of_two(aten.logical_xor.default),
}
