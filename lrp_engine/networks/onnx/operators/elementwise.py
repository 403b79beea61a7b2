"""Operators that treat each number for itself."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.fx import Node

from ..emitter import Emitter
from ..values import Call
from .common import aten, binary, scalar, unary
from .quantized_formats import rounded

_SELU_ALPHA = 1.67326319217681884765625
_SELU_GAMMA = 1.05070102214813232421875


# ------------------------------------------------------------------------------------------------ arithmetic


def add(emit: Emitter, node: Call) -> Any:
    """Add; a bias that stands by itself becomes the bias of the layer before it."""
    a, b = node.input(0), node.input(1)
    if isinstance(a, Tensor) and isinstance(b, Node):
        a, b = b, a
    merged = _with_bias(emit, a, b) if isinstance(a, Node) and isinstance(b, Tensor) else None
    return emit(aten.add.Tensor, a, scalar(b)) if merged is None else merged


def _with_bias(emit: Emitter, x: Node, bias: Tensor) -> Node | None:
    """The layer that gave `x`, with this bias; None if that is no layer without one, or the bias is none."""
    plain = x.target is aten.linear.default and (len(x.args) == 2 or x.args[2] is None)
    if not plain or bias.dim() != 1 or not bias.is_floating_point():
        return None
    return emit(x.target, *x.args[:2], bias) if bias.shape[0] == emit.shape(x)[-1] > 1 else None


def divide(emit: Emitter, node: Call) -> Any:
    """Div; of whole numbers, rounded towards zero."""
    a, b = node.input(0), node.input(1)
    if emit.dtype(a).is_floating_point:
        return emit(aten.div.Tensor, a, scalar(b))
    return emit(aten.div.Tensor_mode, a, b, rounding_mode="trunc")


def multiply(emit: Emitter, node: Call) -> Any:
    """Mul."""
    a, b = node.input(0), node.input(1)
    a, b = (b, a) if isinstance(a, Tensor) and not isinstance(b, Tensor) else (a, b)
    return emit(aten.mul.Tensor, a, scalar(b))


def power(emit: Emitter, node: Call) -> Any:
    """Pow; the result has the format of the base."""
    base, exponent = node.input(0), node.input(1)
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


# ------------------------------------------------------------------------------------------------ activations


def gelu(emit: Emitter, node: Call) -> Any:
    """Gelu, exact or by tanh."""
    return emit(aten.gelu.default, node.input(0), approximate=node.attribute("approximate", "none"))


def leaky_relu(emit: Emitter, node: Call) -> Any:
    """LeakyRelu."""
    return emit(aten.leaky_relu.default, node.input(0), node.attribute("alpha", 0.01))


def elu(emit: Emitter, node: Call) -> Any:
    """Elu."""
    return emit(aten.elu.default, node.input(0), node.attribute("alpha", 1.0))


def celu(emit: Emitter, node: Call) -> Any:
    """Celu."""
    return emit(aten.celu.default, node.input(0), node.attribute("alpha", 1.0))


def selu(emit: Emitter, node: Call) -> Any:
    """Selu, with any constants."""
    alpha, gamma = node.attribute("alpha", _SELU_ALPHA), node.attribute("gamma", _SELU_GAMMA)
    if math.isclose(alpha, _SELU_ALPHA, rel_tol=1e-4) and math.isclose(gamma, _SELU_GAMMA, rel_tol=1e-4):
        return emit(aten.selu.default, node.input(0))
    return emit(aten.elu.default, node.input(0), alpha, gamma)


def prelu(emit: Emitter, node: Call) -> Any:
    """PRelu: a slope for each channel, or for whatever it is broadcast over."""
    x, slope = node.input(0), node.input(1)
    rank, shape = emit.rank(x), emit.shape(slope)
    each = len(shape) == rank - 1 and all(size == 1 for size in shape[1:])
    if rank > 1 and isinstance(slope, Tensor) and (slope.numel() == 1 or (each and shape[0] == emit.shape(x)[1])):
        return emit(aten.prelu.default, x, emit(aten.reshape.default, slope, [-1]))
    if node.opset < 7 and len(shape) == 1 and rank > 2:  # before, a slope's one axis was that of the channels
        slope = emit.reshape(slope, [-1, *([1] * (rank - 2))])
    bent = emit(aten.mul.Tensor, x, slope)
    return emit(aten.where.self, emit(aten.lt.Scalar, x, 0), bent, x)


def thresholded_relu(emit: Emitter, node: Call) -> Any:
    """ThresholdedRelu."""
    return emit(aten.threshold.default, node.input(0), node.attribute("alpha", 1.0), 0.0)


def softplus(emit: Emitter, node: Call) -> Any:
    """Softplus."""
    return emit(aten.softplus.default, node.input(0))


def softsign(emit: Emitter, node: Call) -> Any:
    """Softsign, as PyTorch has it written out."""
    x = node.input(0)
    return emit(aten.div.Tensor, x, emit(aten.add.Tensor, emit(aten.abs.default, x), 1))


def hard_sigmoid(emit: Emitter, node: Call) -> Any:
    """HardSigmoid: PyTorch's, or with other slopes a ramp between 0 and 1."""
    x, alpha, beta = node.input(0), node.attribute("alpha", 0.2), node.attribute("beta", 0.5)
    if math.isclose(alpha, 1 / 6, rel_tol=1e-5) and beta == 0.5:
        return emit(aten.hardsigmoid.default, x)
    ramp = emit(aten.add.Tensor, emit(aten.mul.Tensor, x, alpha), beta)
    return emit(aten.clamp.default, ramp, 0.0, 1.0)


def swish(emit: Emitter, node: Call) -> Any:
    """Swish: x times the sigmoid of αx."""
    x, alpha = node.input(0), node.attribute("alpha", 1.0)
    if alpha == 1:
        return emit(aten.silu.default, x)
    return emit(aten.mul.Tensor, x, emit(aten.sigmoid.default, emit(aten.mul.Tensor, x, alpha)))


def shrink(emit: Emitter, node: Call) -> Any:
    """Shrink: nothing below `lambd`, what is above comes nearer to 0 by `bias`."""
    x, bias, edge = node.input(0), node.attribute("bias", 0.0), node.attribute("lambd", 0.5)
    if emit.dtype(x).is_floating_point and bias == 0:
        return emit(aten.hardshrink.default, x, edge)
    if emit.dtype(x).is_floating_point and bias == edge:
        return emit(aten.softshrink.default, x, edge)
    dtype = emit.dtype(x)
    above, below = emit(aten.sub.Tensor, x, bias), emit(aten.add.Tensor, x, bias)
    rest = emit(aten.where.self, emit(aten.lt.Scalar, x, -edge), below, emit(aten.zeros_like.default, below))
    return emit.cast(emit(aten.where.self, emit(aten.gt.Scalar, x, edge), above, rest), dtype)


def swiglu(emit: Emitter, node: Call) -> Any:
    """SwiGLU: the swish of the first input times the second."""
    return emit(aten.mul.Tensor, swish(emit, node), node.input(1))


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


def cast(emit: Emitter, node: Call) -> Any:
    """Cast: half precision is computed in single, so that a cast to it changes nothing; to less, it rounds."""
    return _cast(emit, node, emit.format_of(node.required("to")), emit.dtype_of(node.required("to")))


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
    "And": binary(aten.logical_and.default),
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
    "Celu": celu,
    "Clip": clip,
    "Cos": unary(aten.cos.default),
    "Cosh": unary(aten.cosh.default),
    "Div": divide,
    "Dropout": dropout,
    "Elu": elu,
    "Equal": _chain(aten.eq.Tensor),
    "Erf": unary(aten.erf.default),
    "Exp": unary(aten.exp.default),
    "Floor": unary(aten.floor.default),
    "Gelu": gelu,
    "Greater": _chain(aten.gt.Tensor),
    "GreaterOrEqual": _chain(aten.ge.Tensor),
    "HardSigmoid": hard_sigmoid,
    "HardSwish": unary(aten.hardswish.default),
    "Identity": identity,
    "IsInf": is_infinite,
    "IsNaN": unary(aten.isnan.default),
    "LeakyRelu": leaky_relu,
    "Less": _chain(aten.lt.Tensor),
    "LessOrEqual": _chain(aten.le.Tensor),
    "Log": unary(aten.log.default),
    "Max": _chain(aten.maximum.default),
    "Mean": mean,
    "Min": _chain(aten.minimum.default),
    "Mish": unary(aten.mish.default),
    "Mod": modulo,
    "Mul": multiply,
    "Neg": unary(aten.neg.default),
    "Not": unary(aten.logical_not.default),
    "Or": binary(aten.logical_or.default),
    "PRelu": prelu,
    "Pow": power,
    "Reciprocal": unary(aten.reciprocal.default),
    "Relu": unary(aten.relu.default),
    "Round": unary(aten.round.default),
    "Selu": selu,
    "Shrink": shrink,
    "Sigmoid": unary(aten.sigmoid.default),
    "Sign": unary(aten.sign.default),
    "Sin": unary(aten.sin.default),
    "Sinh": unary(aten.sinh.default),
    "Softplus": softplus,
    "Softsign": softsign,
    "Sqrt": unary(aten.sqrt.default),
    "Sub": binary(aten.sub.Tensor),
    "Sum": _chain(aten.add.Tensor),
    "SwiGLU": swiglu,
    "Swish": swish,
    "Tan": unary(aten.tan.default),
    "Tanh": unary(aten.tanh.default),
    "ThresholdedRelu": thresholded_relu,
    "Where": where,
    "Xor": binary(aten.logical_xor.default),
}
