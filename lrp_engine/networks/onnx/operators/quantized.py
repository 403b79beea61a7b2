"""Quantised operators, in single precision with exact rounding.

Whole numbers are held as floating ones, so that relevance reaches them; rounding and clipping are activations, which it
passes. What a node yields is q; what is calculated with is q less its zero point, and where the next node asks for just
that (`emit.centred`) the zero point is not put on and off again: relevance would be shared with it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.fx import Node

from ..emitter import Emitter
from ..values import Call
from .quantized_formats import BOUNDS, rounded

aten = torch.ops.aten

_MICROSOFT = "com.microsoft"


def quantize(emit: Emitter, node: Call) -> Any:
    """QuantizeLinear: round(x / scale) + zero point, by tensor, axis or block."""
    x, zero = emit.cast(node.input(0), torch.float32), node.optional(2)
    format_ = emit.format(zero) if zero is not None else emit.format_of(node.attribute("output_dtype", 0)) or "uint8"
    scale, zero = (_spread(emit, node, x, one) for one in (node.input(1), zero))
    return _put(emit, emit(aten.div.Tensor, x, emit.cast(scale, torch.float32)), zero, format_)


def dequantize(emit: Emitter, node: Call) -> Any:
    """DequantizeLinear: (q − zero point) · scale."""
    q = node.input(0)
    scale, zero = (_spread(emit, node, q, one) for one in (node.input(1), node.optional(2)))
    return emit(aten.mul.Tensor, _centred(emit, q, zero), emit.cast(scale, torch.float32))


def dynamic(emit: Emitter, node: Call) -> Any:
    """DynamicQuantizeLinear: the scale and the zero point are made of the values' extremes."""
    return _dynamic(emit, node.input(0))


def _dynamic(emit: Emitter, x: Any) -> tuple[Any, Any, Any]:
    axes = list(range(emit.rank(x)))
    if any(emit.is_sized(x, axis) for axis in axes):
        raise emit.refusal("its scale is made of all samples together; one sample at a time can be taken")
    low = emit(aten.clamp.default, emit(aten.amin.default, x, axes), None, 0.0)
    high = emit(aten.clamp.default, emit(aten.amax.default, x, axes), 0.0)
    # `lift` changes nothing; it is a constant to relevance, as a quantity that the values are only measured by
    scale = emit(aten.lift.default, emit(aten.div.Tensor, emit(aten.sub.Tensor, high, low), 255.0))
    zero = emit(aten.neg.default, emit(aten.div.Tensor, emit(aten.lift.default, low), scale))
    zero = emit(aten.round.default, emit(aten.clamp.default, zero, 0.0, 255.0))
    zero = emit(aten.nan_to_num.default, zero, 0.0)  # of nothing but zeros
    return _put(emit, emit(aten.div.Tensor, x, scale), zero, "uint8"), scale, zero


def _put(emit: Emitter, scaled: Any, zero: Any, format_: str) -> Any:
    """Round and clip to the format's numbers; the zero point is on top."""
    if format_ not in BOUNDS:
        return rounded(emit, scaled, format_)
    low, high = BOUNDS[format_]
    centred = emit(aten.round.default, scaled)
    if _is_nothing(zero):
        return emit(aten.clamp.default, centred, float(low), float(high))
    zero = emit.cast(zero, torch.float32)
    if isinstance(zero, Tensor) and zero.numel() == 1:
        point = float(zero)
        centred = emit(aten.clamp.default, centred, low - point, high - point)
    else:
        centred = emit(
            aten.clamp.Tensor,
            centred,
            emit(aten.rsub.Scalar, zero, float(low)),
            emit(aten.rsub.Scalar, zero, float(high)),
        )
    whole = emit(aten.add.Tensor, centred, zero)
    if isinstance(whole, Node):
        emit.centred[whole] = centred, zero
    return whole


def _centred(emit: Emitter, value: Any, zero: Any) -> Any:
    """A quantised value less its zero point."""
    if isinstance(value, Node) and value in emit.centred:
        known, point = emit.centred[value]
        same = isinstance(zero, Tensor) and isinstance(point, Tensor) and torch.equal(zero.float(), point)
        if same or zero is point:
            return known
    value = emit.cast(value, torch.float32)
    return value if _is_nothing(zero) else emit(aten.sub.Tensor, value, emit.cast(zero, torch.float32))


def _is_nothing(zero: Any) -> bool:
    return zero is None or (isinstance(zero, Tensor) and not bool(zero.any()))


def _spread(emit: Emitter, node: Call, x: Any, value: Any) -> Any:
    """A scale or zero point in a shape that stands against x: one number, one for each place on an axis, or blocks."""
    if value is None or emit.rank(value) == 0:
        return value
    rank, axis = emit.rank(x), node.attribute("axis", 1)
    axis = axis + rank if axis < 0 else axis
    block = node.attribute("block_size", 0)
    if emit.rank(value) == 1 and not block:
        if emit.shape(value) == (1,):
            return emit(aten.reshape.default, value, [])
        return emit(aten.reshape.default, value, [-1 if place == axis else 1 for place in range(rank)])
    size = emit.size(x, axis)
    if isinstance(size, Node):
        raise emit.refusal("its blocks run along the samples")
    block = block or -(-size // emit.shape(value)[axis])
    return emit(aten.slice.Tensor, emit(aten.repeat_interleave.self_int, value, block, axis), axis, 0, size)


def _on_axis(emit: Emitter, value: Any, rank: int, axis: int) -> Any:
    """Numbers for each place on an axis."""
    if value is None or emit.rank(value) != 1 or emit.shape(value) == (1,):
        return value
    return emit(aten.reshape.default, value, [-1 if place == axis % rank else 1 for place in range(rank)])


# ------------------------------------------------------------------------------------------- products of whole numbers


def conv_integer(emit: Emitter, node: Call) -> Any:
    """ConvInteger."""
    x, w = node.input(0), node.input(1)
    zero = _on_axis(emit, node.optional(3), emit.rank(w), 0)
    return emit.run("Conv", _centred(emit, x, node.optional(2)), _centred(emit, w, zero), **node.attributes)


def matmul_integer(emit: Emitter, node: Call) -> Any:
    """MatMulInteger."""
    return _product(emit, node.input(0), node.optional(2), node.input(1), node.optional(3))


def _product(emit: Emitter, a: Any, of_a: Any, b: Any, of_b: Any) -> Any:
    """The matrix product, where a zero point may stand for each row of a, and for each column of b."""
    of_a = _on_axis(emit, of_a, emit.rank(a), -2) if emit.rank(a) > 1 else of_a
    return emit.run("MatMul", _centred(emit, a, of_a), _centred(emit, b, of_b))


def qlinear_conv(emit: Emitter, node: Call) -> Any:
    """QLinearConv."""
    x, of_x, zero_x, w, of_w, zero_w, of_y, zero_y = (node.input(place) for place in range(8))
    bias, rank = node.optional(8), emit.rank(x)
    zero_w = _on_axis(emit, zero_w, rank, 0)
    of_w = _on_axis(emit, of_w, rank, 1)
    bias = None if bias is None else emit.cast(bias, torch.float32)
    total = emit.run("Conv", _centred(emit, x, zero_x), _centred(emit, w, zero_w), bias, **node.attributes)
    return _scaled(emit, total, of_x, of_w, of_y, zero_y)


def qlinear_matmul(emit: Emitter, node: Call) -> Any:
    """QLinearMatMul."""
    a, of_a, zero_a, b, of_b, zero_b, of_y, zero_y = (node.input(place) for place in range(8))
    of_a = _on_axis(emit, of_a, max(emit.rank(a), 2), -2)
    return _scaled(emit, _product(emit, a, zero_a, b, zero_b), of_a, of_b, of_y, zero_y)


def _scaled(emit: Emitter, total: Any, of_a: Any, of_b: Any, of_y: Any, zero: Any) -> Any:
    both = emit(aten.mul.Tensor, emit.cast(of_a, torch.float32), emit.cast(of_b, torch.float32))
    factor = emit(aten.div.Tensor, both, emit.cast(of_y, torch.float32))
    return _put(emit, emit(aten.mul.Tensor, total, factor), zero, emit.format(zero))


# ------------------------------------------------------------------------------------------------------ onnxruntime's


def _plain(emit: Emitter, q: Any, scale: Any, zero: Any) -> Any:
    return emit(aten.mul.Tensor, _centred(emit, q, zero), emit.cast(scale, torch.float32))


def _again(emit: Emitter, value: Any, scale: Any, zero: Any) -> Any:
    format_ = "uint8" if zero is None else emit.format(zero)
    return _put(emit, emit(aten.div.Tensor, value, emit.cast(scale, torch.float32)), zero, format_)


def _of_two(operation: str) -> Callable[[Emitter, Call], Any]:
    """An operator on two quantised values, and the scale and zero point of what it yields."""

    def emitted(emit: Emitter, node: Call) -> Any:
        a, b = (_plain(emit, node.input(i), node.input(i + 1), node.optional(i + 2)) for i in (0, 3))
        return _again(emit, emit.run(operation, a, b), node.input(6), node.optional(7))

    return emitted


def _of_one(operation: str) -> Callable[[Emitter, Call], Any]:
    """The same of one quantised value."""

    def emitted(emit: Emitter, node: Call) -> Any:
        if node.attribute("channels_last", 0):
            raise emit.refusal("its channels stand last; export the network with channels first")
        attributes = {name: value for name, value in node.attributes.items() if name != "channels_last"}
        x = _plain(emit, node.input(0), node.input(1), node.optional(2))
        return _again(emit, emit.run(operation, x, opset=13, **attributes), node.input(3), node.optional(4))

    return emitted


def qlinear_concat(emit: Emitter, node: Call) -> Any:
    """QLinearConcat: the scale and zero point of the result stand first."""
    given = node.inputs[2:]
    parts = [_plain(emit, *given[start : start + 3]) for start in range(0, len(given), 3)]
    whole = emit(aten.cat.default, parts, node.required("axis"))
    return _again(emit, whole, node.input(0), node.input(1))


def qgemm(emit: Emitter, node: Call) -> Any:
    """QGemm: floating where no scale of the result is given."""
    a, b = (_plain(emit, node.input(i), node.input(i + 1), node.optional(i + 2)) for i in (0, 3))
    bias = node.optional(6)
    if bias is not None:  # whole numbers, in the scale of the product
        both = emit(aten.mul.Tensor, node.input(1), node.input(4))
        bias = emit(
            aten.mul.Tensor, emit.cast(bias, torch.float32), emit(aten.mul.Scalar, both, node.attribute("alpha", 1.0))
        )
    result = emit.run("Gemm", a, b, bias, opset=13, **node.attributes)
    return result if node.optional(7) is None else _again(emit, result, node.input(7), node.optional(8))


def dynamic_matmul(emit: Emitter, node: Call) -> Any:
    """DynamicQuantizeMatMul."""
    q, scale, zero = _dynamic(emit, node.input(0))
    weight = _plain(emit, node.input(1), node.input(2), node.optional(3))
    product = emit.run("MatMul", _plain(emit, q, scale, zero), weight)
    return product if node.optional(4) is None else emit(aten.add.Tensor, product, node.input(4))


def matmul_to_float(emit: Emitter, node: Call) -> Any:
    """MatMulIntegerToFloat."""
    a, b, of_a, of_b = (node.input(place) for place in range(4))
    product = _product(emit, a, node.optional(4), b, node.optional(5))
    product = emit(aten.mul.Tensor, product, emit(aten.mul.Tensor, of_a, of_b))
    return product if node.optional(6) is None else emit(aten.add.Tensor, product, node.input(6))


OPERATORS = {
    "QuantizeLinear": quantize,
    "DequantizeLinear": dequantize,
    "DynamicQuantizeLinear": dynamic,
    "ConvInteger": conv_integer,
    "MatMulInteger": matmul_integer,
    "QLinearConv": qlinear_conv,
    "QLinearMatMul": qlinear_matmul,
    (_MICROSOFT, "QuantizeLinear"): quantize,
    (_MICROSOFT, "DequantizeLinear"): dequantize,
    (_MICROSOFT, "QLinearAdd"): _of_two("Add"),
    (_MICROSOFT, "QLinearMul"): _of_two("Mul"),
    (_MICROSOFT, "QLinearSigmoid"): _of_one("Sigmoid"),
    (_MICROSOFT, "QLinearLeakyRelu"): _of_one("LeakyRelu"),
    (_MICROSOFT, "QLinearSoftmax"): _of_one("Softmax"),
    (_MICROSOFT, "QLinearAveragePool"): _of_one("AveragePool"),
    (_MICROSOFT, "QLinearGlobalAveragePool"): _of_one("GlobalAveragePool"),
    (_MICROSOFT, "QLinearConcat"): qlinear_concat,
    (_MICROSOFT, "QGemm"): qgemm,
    (_MICROSOFT, "DynamicQuantizeMatMul"): dynamic_matmul,
    (_MICROSOFT, "MatMulIntegerToFloat"): matmul_to_float,
}
