"""Normalizations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch.fx import Node

from ..emitter import Emitter
from ..values import Call
from .common import aten, axes_of, positive


def batch_norm(emit: Emitter, node: Call) -> Any:
    """BatchNormalization by running statistics; in training mode, by the batch's."""
    x, scale, shift, mean, var = (node.input(place) for place in range(5))
    eps, momentum = node.attribute("epsilon", 1e-5), node.attribute("momentum", 0.9)
    if node.attribute("training_mode", 0) == 0:  # `is_test`, before opset 7, says what a trainer should do
        y = emit(aten.batch_norm.default, x, scale, shift, mean, var, False, 1 - momentum, eps, False)
        return y if node.outputs < 2 else (y, mean, var, mean, var)[: node.outputs]
    axes = [axis for axis in range(emit.rank(x)) if axis != 1]
    now = emit(aten.mean.dim, x, axes, False)
    spread = emit(aten.var.correction, x, axes, correction=0)
    y = affine(emit, _normal(emit, x, axes, eps), scale, shift)
    kept = [
        emit(aten.add.Tensor, emit(aten.mul.Tensor, old, momentum), emit(aten.mul.Tensor, new, 1 - momentum))
        for old, new in ((mean, now), (var, spread))
    ]
    return (y, *kept)[: max(node.outputs, 1)]


def _normal(emit: Emitter, x: Any, axes: Sequence[int], eps: float) -> Any:
    """Less its mean, divided by its deviation, written out."""
    centred = emit(aten.sub.Tensor, x, emit(aten.mean.dim, x, axes, True))
    var = emit(aten.mean.dim, emit(aten.mul.Tensor, centred, centred), axes, True)
    return emit(aten.mul.Tensor, centred, emit(aten.rsqrt.default, emit(aten.add.Tensor, var, eps)))


def affine(emit: Emitter, x: Any, scale: Any, shift: Any) -> Any:
    """Scaled and shifted for each channel."""
    sides = [1] * (emit.rank(x) - 2)
    if scale is not None:
        x = emit(aten.mul.Tensor, x, emit.reshape(scale, [-1, *sides]))
    return x if shift is None else emit(aten.add.Tensor, x, emit.reshape(shift, [-1, *sides]))


def instance_norm(emit: Emitter, node: Call) -> Any:
    """InstanceNormalization."""
    x, scale, shift = node.input(0), node.input(1), node.input(2)
    eps = node.attribute("epsilon", 1e-5)
    return emit(aten.instance_norm.default, x, scale, shift, None, None, True, 0.0, eps, False)


def layer_norm(emit: Emitter, node: Call) -> Any:
    """LayerNormalization from an axis to the last; its other outputs are the mean and the deviation's inverse."""
    x, scale, shift = node.input(0), node.input(1), node.optional(2)
    axis, eps = positive(node.attribute("axis", -1), emit.rank(x)), node.attribute("epsilon", 1e-5)
    y = normalized(emit, x, scale, shift, axis, eps)
    if node.outputs < 2:
        return y
    axes = list(range(axis, emit.rank(x)))
    mean = emit(aten.mean.dim, x, axes, True)
    centred = emit(aten.sub.Tensor, x, mean)
    var = emit(aten.mean.dim, emit(aten.mul.Tensor, centred, centred), axes, True)
    return y, mean, emit(aten.rsqrt.default, emit(aten.add.Tensor, var, eps))


def normalized(emit: Emitter, x: Any, scale: Any, shift: Any, axis: int, eps: float) -> Any:
    """A layer norm over the axes from `axis` on."""
    sizes = emit.sizes(x)[axis:]
    if any(isinstance(size, Node) for size in sizes):
        y = _normal(emit, x, list(range(axis, emit.rank(x))), eps)
        y = y if scale is None else emit(aten.mul.Tensor, y, scale)
        return y if shift is None else emit(aten.add.Tensor, y, shift)
    scale, shift = (_shaped(emit, value, sizes) for value in (scale, shift))
    return emit(aten.layer_norm.default, x, sizes, scale, shift, eps)


def _shaped(emit: Emitter, value: Any, sizes: list[int]) -> Any:
    if value is None or list(emit.shape(value)) == sizes:
        return value
    if emit.rank(value) > len(sizes):
        value = emit(aten.reshape.default, value, list(emit.shape(value)[-len(sizes) :]))
    return emit(aten.expand.default, value, sizes)


def rms_norm(emit: Emitter, node: Call) -> Any:
    """RMSNormalization."""
    x, scale = node.input(0), node.optional(1)
    axis = positive(node.attribute("axis", -1), emit.rank(x))
    return root_mean_square(emit, x, scale, axis, node.attribute("epsilon", 1e-5))


def root_mean_square(emit: Emitter, x: Any, scale: Any, axis: int, eps: float) -> Any:
    """A norm by the root of the mean square over the axes from `axis` on."""
    sizes = emit.sizes(x)[axis:]
    if any(isinstance(size, Node) for size in sizes):
        axes = list(range(axis, emit.rank(x)))
        square = emit(aten.mean.dim, emit(aten.mul.Tensor, x, x), axes, True)
        y = emit(aten.mul.Tensor, x, emit(aten.rsqrt.default, emit(aten.add.Tensor, square, eps)))
        return y if scale is None else emit(aten.mul.Tensor, y, scale)
    return emit(aten.rms_norm.default, x, sizes, _shaped(emit, scale, sizes), eps)


def group_norm(emit: Emitter, node: Call) -> Any:
    """GroupNormalization; before opset 21 its scale and bias are given for each group."""
    x, scale, shift, groups = node.input(0), node.input(1), node.input(2), node.required("num_groups")
    channels = emit.shape(x)[1]
    if node.opset < 21 and channels != groups:
        scale, shift = (emit(aten.repeat_interleave.self_int, v, channels // groups, 0) for v in (scale, shift))
    return emit(aten.group_norm.default, x, groups, scale, shift, node.attribute("epsilon", 1e-5), False)


def lp_normalization(emit: Emitter, node: Call) -> Any:
    """LpNormalization along one axis; what has no length stays 0."""
    x, axis, p = node.input(0), node.attribute("axis", -1), node.attribute("p", 2)
    if p == 1:
        length = emit(aten.sum.dim_IntList, emit(aten.abs.default, x), [axis], True)
    else:
        squares = emit(aten.sum.dim_IntList, emit(aten.mul.Tensor, x, x), [axis], True)
        length = emit(aten.sqrt.default, squares)
    tiny = torch.finfo(emit.dtype(x)).tiny
    return emit(aten.div.Tensor, x, emit(aten.clamp_min.default, length, tiny))


def mean_variance(emit: Emitter, node: Call) -> Any:
    """MeanVarianceNormalization."""
    axes = axes_of(emit, node) or [0, 2, 3]
    x = node.input(0)
    centred = emit(aten.sub.Tensor, x, emit(aten.mean.dim, x, axes, True))
    var = emit(aten.mean.dim, emit(aten.mul.Tensor, centred, centred), axes, True)
    return emit(aten.div.Tensor, centred, emit(aten.add.Tensor, emit(aten.sqrt.default, var), 1e-9))


def local_response(emit: Emitter, node: Call) -> Any:
    """LRN: divided by what neighbouring channels have, as PyTorch writes it out."""
    x, size = node.input(0), node.required("size")
    alpha, beta = node.attribute("alpha", 1e-4), node.attribute("beta", 0.75)
    squares = emit(aten.mul.Tensor, x, x)
    flat = emit.reshape(squares, [emit.size(x, 0), 1, emit.shape(x)[1], -1])
    padded = emit(aten.constant_pad_nd.default, flat, [0, 0, (size - 1) // 2, size // 2], 0.0)
    mean = emit(aten.avg_pool2d.default, padded, [size, 1], [1, 1])
    mean = emit.reshape(mean, emit.sizes(x))
    below = emit(aten.add.Tensor, emit(aten.mul.Tensor, mean, alpha), node.attribute("bias", 1.0))
    return emit(aten.div.Tensor, x, emit(aten.pow.Tensor_Scalar, below, beta))


def softmax(emit: Emitter, node: Call) -> Any:
    """Softmax."""
    return _along(emit, node, aten.softmax.int)


def log_softmax(emit: Emitter, node: Call) -> Any:
    """LogSoftmax."""
    return _along(emit, node, aten.log_softmax.int)


def hardmax(emit: Emitter, node: Call) -> Any:
    """Hardmax: 1 at the first largest value, 0 elsewhere."""
    x = node.input(0)

    def largest(value: Any, axis: int) -> Any:
        best = emit(aten.argmax.default, value, axis, True)
        numbers = torch.arange(emit.shape(value)[axis]).reshape([-1] + [1] * (emit.rank(value) - 1 - axis))
        return emit.cast(emit(aten.eq.Tensor, numbers, best), emit.dtype(x))

    return _flattened(emit, node, largest)


def _along(emit: Emitter, node: Call, target: Any) -> Any:
    return _flattened(emit, node, lambda value, axis: emit(target, value, axis))


def _flattened(emit: Emitter, node: Call, compute: Any) -> Any:
    """Before opset 13 all axes from the given one on count as one."""
    x = node.input(0)
    rank = emit.rank(x)
    axis = positive(node.attribute("axis", -1 if node.opset >= 13 else 1), rank)
    if node.opset >= 13 or axis == rank - 1:
        return compute(x, axis)
    if axis and all(size == 1 for size in emit.shape(x)[axis + 1 :]):
        return compute(x, axis)
    flat = emit(aten.flatten.using_ints, x, axis, -1)
    return emit.reshape(compute(flat, axis), emit.sizes(x))


OPERATORS = {
    "BatchNormalization": batch_norm,
    "GroupNormalization": group_norm,
    "Hardmax": hardmax,
    "InstanceNormalization": instance_norm,
    "LRN": local_response,
    "LayerNormalization": layer_norm,
    "LogSoftmax": log_softmax,
    "LpNormalization": lp_normalization,
    "MeanVarianceNormalization": mean_variance,
    "RMSNormalization": rms_norm,
    "Softmax": softmax,
}
