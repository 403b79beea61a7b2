"""Convolutions, plain, transposed and with offsets."""

from __future__ import annotations

from typing import Any

import torch

from ..emitter import Emitter
from ..values import Call
from .common import Windows, aten, windows

_PLAIN = {1: aten.conv1d.default, 2: aten.conv2d.default, 3: aten.conv3d.default}
_TRANSPOSED = {1: aten.conv_transpose1d.default, 2: aten.conv_transpose2d.input, 3: aten.conv_transpose3d.input}


def conv(emit: Emitter, node: Call) -> Any:
    """Conv: paddings that differ between the sides are put on before."""
    return convolve(emit, node, node.input(0), node.input(1), node.optional(2))


def convolve(emit: Emitter, node: Call, x: Any, weight: Any, bias: Any) -> Any:
    """A convolution with the node's attributes."""
    axes = emit.rank(x) - 2
    if axes not in _PLAIN:
        raise emit.refusal(f"a convolution over {axes} axes is not among what torch computes")
    moves = windows(emit, node, x, list(emit.shape(weight)[2:]))
    begins = moves.begins
    if not moves.even or min(begins) < 0:
        x, begins = emit(aten.constant_pad_nd.default, x, moves.padding(), 0.0), [0] * axes
    group = node.attribute("group", 1)
    return emit(_PLAIN[axes], x, weight, bias, moves.strides, begins, moves.dilations, group)


def conv_transpose(emit: Emitter, node: Call) -> Any:
    """ConvTranspose, whose padding may follow from the size that is wanted."""
    x, weight, bias = node.input(0), node.input(1), node.optional(2)
    axes = emit.rank(x) - 2
    if axes not in _TRANSPOSED:
        raise emit.refusal(f"a convolution over {axes} axes is not among what torch computes")
    group, moves = node.attribute("group", 1), windows(emit, node, x, list(emit.shape(weight)[2:]))
    extra = list(node.attribute("output_padding") or [0] * axes)
    begins, ends = _transposed_pads(node, moves, list(emit.shape(x)[2:]), extra)
    largest = [max(s, d) for s, d in zip(moves.strides, moves.dilations, strict=True)]
    # what is cut off less at the end is padding of the output
    added = [a - b + e for a, b, e in zip(begins, ends, extra, strict=True)]
    fits = all(0 <= one < most for one, most in zip(added, largest, strict=True))
    if fits and min(begins) >= 0:
        return emit(_TRANSPOSED[axes], x, weight, bias, moves.strides, begins, added, group, moves.dilations)
    zeros = [0] * axes
    whole = emit(_TRANSPOSED[axes], x, weight, None, moves.strides, zeros, zeros, group, moves.dilations)
    sides = [
        side for a, b, e in zip(reversed(begins), reversed(ends), reversed(extra), strict=True) for side in (-a, e - b)
    ]
    cut = emit(aten.constant_pad_nd.default, whole, sides, 0.0)
    return cut if bias is None else emit(aten.add.Tensor, cut, emit(aten.reshape.default, bias, [-1] + [1] * axes))


def _transposed_pads(node: Call, moves: Windows, sizes: list[int], extra: list[int]) -> tuple[list[int], list[int]]:
    """What is cut off the output at both sides."""
    wanted, auto = node.attribute("output_shape"), node.attribute("auto_pad", "NOTSET")
    if not wanted and auto not in {"SAME_UPPER", "SAME_LOWER"}:
        return moves.begins, moves.ends
    wanted = list(wanted or [size * s for size, s in zip(sizes, moves.strides, strict=True)])[-len(sizes) :]
    totals = [
        s * (size - 1) + e + reach - w
        for size, s, e, reach, w in zip(sizes, moves.strides, extra, moves.reach, wanted, strict=True)
    ]
    small, large = [total // 2 for total in totals], [total - total // 2 for total in totals]
    return (small, large) if auto == "SAME_UPPER" else (large, small)


def deform_conv(emit: Emitter, node: Call) -> Any:
    """DeformConv over two axes: values are read between the pixels, then multiplied with the weights."""
    x, weight, offset = node.input(0), node.input(1), node.input(2)
    bias, mask = node.optional(3), node.optional(4)
    if emit.rank(x) != 4:
        raise emit.refusal("it moves over other than two axes")
    moves = windows(emit, node, x, list(emit.shape(weight)[2:]))
    group, parts = node.attribute("group", 1), node.attribute("offset_group", 1)
    samples, (channels, *sizes) = emit.size(x, 0), emit.shape(x)[1:]
    taps = moves.kernel[0] * moves.kernel[1]
    rows, columns = moves.counts(sizes)
    # a frame of zeros: what is read beyond it is 0 in any case
    x, sizes = emit(aten.constant_pad_nd.default, x, [1, 1, 1, 1], 0.0), [size + 2 for size in sizes]
    # where each tap of each window reads, in pixels, before the offsets
    places = []
    for axis, count in enumerate((rows, columns)):
        starts = torch.arange(count) * moves.strides[axis] - moves.begins[axis] + 1
        shape = [1, 1, 1, rows if axis == 0 else 1, columns if axis == 1 else 1]
        inner = torch.arange(moves.kernel[axis]) * moves.dilations[axis]
        inner = inner.repeat_interleave(moves.kernel[1]) if axis == 0 else inner.repeat(moves.kernel[0])
        places.append((inner.reshape(1, 1, taps, 1, 1) + starts.reshape(shape)).to(torch.float32))
    moved = emit.reshape(offset, [samples, parts, taps, 2, rows, columns])
    grid = []
    for axis, size in enumerate(sizes):
        at = emit(aten.add.Tensor, emit(aten.select.int, moved, 3, axis), places[axis])
        grid.append(emit(aten.sub.Tensor, emit(aten.mul.Tensor, at, 2.0 / (size - 1)), 1.0))
    both = emit(aten.stack.default, [grid[1], grid[0]], -1)
    both = emit.reshape(both, [-1, taps * rows, columns, 2])
    split = emit.reshape(x, [-1, channels // parts, *sizes])
    read = emit(aten.grid_sampler.default, split, both, 0, 0, True)
    read = emit.reshape(read, [-1, parts, channels // parts, taps, rows, columns])
    if mask is not None:
        read = emit(aten.mul.Tensor, read, emit.reshape(mask, [-1, parts, 1, taps, rows, columns]))
    # a convolution whose windows lie side by side
    read = emit.reshape(read, [-1, channels * taps, rows, columns])
    kernel = emit(aten.reshape.default, weight, [emit.shape(weight)[0], -1, 1, 1])
    return emit(aten.conv2d.default, read, kernel, bias, [1, 1], [0, 0], [1, 1], group)


def causal_conv(emit: Emitter, node: Call) -> Any:
    """CausalConvWithState: a convolution over time, after what the last call left."""
    x, weight, bias, state = node.input(0), node.input(1), node.optional(2), node.optional(3)
    back = emit.shape(weight)[-1] - 1
    axis = emit.rank(x) - 1
    if state is not None:
        x = emit(aten.cat.default, [state, x], axis)
    else:
        x = emit(aten.constant_pad_nd.default, x, [back, 0], 0.0)
    axes = emit.rank(x) - 2
    group = emit.shape(x)[1] // emit.shape(weight)[1]
    y = emit(_PLAIN[axes], x, weight, bias, [1] * axes, [0] * axes, [1] * axes, group)
    if node.attribute("activation", "none") in {"silu", "swish"}:
        y = emit(aten.silu.default, y)
    if node.outputs < 2:
        return y
    length = emit.shape(x)[axis]
    return y, emit(aten.slice.Tensor, x, axis, length - back, length)


OPERATORS = {
    "Conv": conv,
    "ConvTranspose": conv_transpose,
    "DeformConv": deform_conv,
    "CausalConvWithState": causal_conv,
}
