"""Pools: largest values, means and norms of windows."""

from __future__ import annotations

from itertools import product as combinations
from typing import Any

import torch

from ..emitter import Emitter
from ..guards import bounded
from ..values import Call
from .common import Windows, aten, product, windows

_MAX = {1: aten.max_pool1d.default, 2: aten.max_pool2d.default, 3: aten.max_pool3d.default}
_MEAN = {1: aten.avg_pool1d.default, 2: aten.avg_pool2d.default, 3: aten.avg_pool3d.default}
_WHOLE = {
    1: aten.adaptive_avg_pool1d.default,
    2: aten.adaptive_avg_pool2d.default,
    3: aten.adaptive_avg_pool3d.default,
}
_LOWEST = torch.finfo(torch.float32).min  # not −∞, which times 0 is no number


# ------------------------------------------------------------------------------------------------ largest values


def max_pool(emit: Emitter, node: Call) -> Any:
    """MaxPool; its second output says where in the whole tensor each value stood."""
    x = node.input(0)
    dtype = emit.dtype(x)
    moves = _moves(emit, node, x)
    if not dtype.is_floating_point:
        x = emit.cast(x, torch.float32)
    if node.outputs > 1:
        values, places = _with_places(emit, node, x, moves)
        return emit.cast(values, dtype), places
    axes = len(moves.kernel)
    plain, ceil = _as_torch(emit, x, moves)
    if plain:
        y = emit(_MAX[axes], x, moves.kernel, moves.strides, moves.begins, moves.dilations, ceil)
    else:
        y = emit(_MAX[axes], _framed(emit, x, moves), moves.kernel, moves.strides, [0] * axes, moves.dilations)
    return emit.cast(y, dtype)


def _moves(emit: Emitter, node: Call, x: Any) -> Windows:
    axes = emit.rank(x) - 2
    if axes not in _MAX:
        raise emit.refusal(f"a pool over {axes} axes is not among what torch computes")
    return windows(emit, node, x, node.required("kernel_shape"))


def _as_torch(emit: Emitter, x: Any, moves: Windows) -> tuple[bool, bool]:
    """Whether torch's own padding gives these windows, and whether it then has to round up."""
    if any(2 * a > k for a, k in zip(moves.begins, moves.kernel, strict=True)):
        return False, False
    sizes = emit.shape(x)[2:]
    alike = Windows(moves.kernel, moves.strides, moves.dilations, moves.begins, moves.begins)
    for ceil in (False, True):
        same = Windows(alike.kernel, alike.strides, alike.dilations, alike.begins, alike.begins, ceil)
        if same.counts(sizes) == moves.counts(sizes) and (moves.even or _reaches(sizes, moves)):
            return True, ceil
    return False, False


def _reaches(sizes: Any, moves: Windows) -> bool:
    """Whether each last window ends behind the input: then more padding at the end changes nothing."""
    rows = zip(sizes, moves.counts(sizes), moves.strides, moves.begins, moves.reach, strict=True)
    return all((count - 1) * s - a + reach >= size for size, count, s, a, reach in rows)


def _with_places(emit: Emitter, node: Call, x: Any, moves: Windows) -> tuple[Any, Any]:
    """Values, and for each its place in the flat tensor: samples, channels, then the axes."""
    axes = len(moves.kernel)
    sizes = list(emit.shape(x)[2:])
    pads = moves.begins
    plain, ceil = _as_torch(emit, x, moves)
    if not plain:
        x, pads = _framed(emit, x, moves), [0] * axes
    lifted = emit(aten.unsqueeze.default, x, 2) if axes == 1 else x  # torch says no places along one axis
    front = [1] if axes == 1 else []
    target = aten.max_pool3d_with_indices.default if axes == 3 else aten.max_pool2d_with_indices.default
    both = emit(
        target,
        lifted,
        [*front, *moves.kernel],
        [*front, *moves.strides],
        [0] * len(front) + list(pads),
        [*front, *moves.dilations],
        ceil,
    )
    values, places = emit.item(both, 0), emit.item(both, 1)
    if axes == 1:
        values, places = emit(aten.squeeze.dim, values, 2), emit(aten.squeeze.dim, places, 2)
    if not plain:
        places = _without_padding(emit, places, list(emit.shape(x)[2:]), sizes, moves)
    if node.attribute("storage_order", 0):
        rows, columns = sizes[-2:]
        row = emit(aten.div.Tensor_mode, places, columns, rounding_mode="floor")
        column = emit(aten.sub.Tensor, places, emit(aten.mul.Tensor, row, columns))
        places = emit(aten.add.Tensor, emit(aten.mul.Tensor, column, rows), row)
    return values, emit(aten.add.Tensor, places, _starts(emit, x, sizes))


def _framed(emit: Emitter, x: Any, moves: Windows) -> Any:
    """The input with just the padding that its windows read, lower than any value."""
    sides = []
    rows = zip(
        emit.shape(x)[2:], moves.counts(emit.shape(x)[2:]), moves.strides, moves.begins, moves.reach, strict=True
    )
    for size, count, s, begin, reach in rows:
        sides.append((begin, (count - 1) * s + reach - size - begin))
    return emit(aten.constant_pad_nd.default, x, [side for pair in reversed(sides) for side in pair], _LOWEST)


def _without_padding(emit: Emitter, places: Any, padded: list[int], sizes: list[int], moves: Windows) -> Any:
    """Places in a padded plane as places in the plane."""
    total, step = torch.tensor(0), 1
    for axis in reversed(range(len(sizes))):
        at = emit(aten.sub.Tensor, emit(aten.remainder.Scalar, places, padded[axis]), moves.begins[axis])
        total = emit(aten.add.Tensor, emit(aten.mul.Tensor, at, step), total)
        places = emit(aten.div.Tensor_mode, places, padded[axis], rounding_mode="floor")
        step *= sizes[axis]
    return total


def _starts(emit: Emitter, x: Any, sizes: list[int]) -> Any:
    """Where each sample's channel begins in the flat tensor."""
    samples, channels = emit.size(x, 0), emit.shape(x)[1]
    plane = 1
    for size in sizes:
        plane *= size
    numbers = emit(aten.arange.default, product(emit, [samples, channels]), dtype=torch.int64)
    scaled = emit(aten.mul.Tensor, numbers, plane)
    return emit.reshape(scaled, [samples, channels] + [1] * len(sizes))


def max_unpool(emit: Emitter, node: Call) -> Any:
    """MaxUnpool: each value goes back to its place, zeros elsewhere."""
    x, places, wanted = node.input(0), node.input(1), node.optional(2)
    axes = emit.rank(x) - 2
    kernel = node.required("kernel_shape")
    strides = node.attribute("strides") or [1] * axes
    pads = node.attribute("pads") or [0] * (2 * axes)
    own = [
        (size - 1) * s - a - b + k
        for size, s, a, b, k in zip(emit.shape(x)[2:], strides, pads[:axes], pads[axes:], kernel, strict=True)
    ]
    sizes = own if wanted is None else [int(size) for size in emit.integers(wanted)[2:]]
    samples, channels = emit.size(x, 0), emit.shape(x)[1]
    plane = 1
    for size in sizes:
        plane *= size
    own_plane = 1
    for size in own:
        own_plane *= size
    # the places count within a tensor of the size that the pool had
    flat = emit.reshape(places, [samples, channels, -1])
    inside = emit(aten.remainder.Scalar, flat, own_plane)
    if own != sizes:
        inside = _moved(emit, inside, own, sizes)
    zeros = emit(aten.full.default, [samples, channels, plane], 0.0, dtype=emit.dtype(x))
    values = emit.reshape(x, [samples, channels, -1])
    back = emit(aten.scatter.src, zeros, 2, inside, values)
    return emit.reshape(back, [samples, channels, *sizes])


def _moved(emit: Emitter, places: Any, sizes: list[int], others: list[int]) -> Any:
    total, step = torch.tensor(0), 1
    for size, other in zip(reversed(sizes), reversed(others), strict=True):
        total = emit(aten.add.Tensor, emit(aten.mul.Tensor, emit(aten.remainder.Scalar, places, size), step), total)
        places = emit(aten.div.Tensor_mode, places, size, rounding_mode="floor")
        step *= other
    return total


# ------------------------------------------------------------------------------------------------ means and norms


def average_pool(emit: Emitter, node: Call) -> Any:
    """AveragePool; the padding counts in a window or does not."""
    x = node.input(0)
    moves = _moves(emit, node, x)
    counted = bool(node.attribute("count_include_pad", 0))
    plain, ceil = _as_torch(emit, x, moves)
    if plain and set(moves.dilations) == {1} and (moves.even or not counted):
        return emit(_MEAN[len(moves.kernel)], x, moves.kernel, moves.strides, moves.begins, ceil, counted)
    total = window_sum(emit, x, moves)
    ones = torch.ones([1, 1, *emit.shape(x)[2:]], dtype=emit.dtype(x))
    if counted:
        ones = aten.constant_pad_nd.default(ones, moves.padding(), 1.0)
        moves = Windows(moves.kernel, moves.strides, moves.dilations, [0] * len(moves.kernel), moves.ends, moves.ceil)
        sizes = [size - b for size, b in zip(ones.shape[2:], moves.ends, strict=True)]
        counts = _sums(emit, ones, moves, moves.counts(sizes))
    else:
        counts = window_sum(emit, ones, moves)
    return emit(aten.mul.Tensor, total, 1.0 / emit.constant(counts))


def window_sum(emit: Emitter, x: Any, moves: Windows) -> Any:
    """The sum over each window, zeros beyond the input."""
    sizes = list(emit.shape(x)[2:])
    counts = moves.counts(sizes)
    if any((*moves.begins, *moves.ends)):
        x = emit(aten.constant_pad_nd.default, x, moves.padding(), 0.0)
    return _sums(emit, x, moves, counts)


def _sums(emit: Emitter, padded: Any, moves: Windows, counts: list[int]) -> Any:
    """Window sums of what is padded already: by a pool, or where it is dilated by adding what each tap reads."""
    needed = [(count - 1) * s + reach for count, s, reach in zip(counts, moves.strides, moves.reach, strict=True)]
    short = [need - size for need, size in zip(needed, emit.shape(padded)[2:], strict=True)]
    if any(one > 0 for one in short):
        sides = [side for one in reversed(short) for side in (0, max(one, 0))]
        padded = emit(aten.constant_pad_nd.default, padded, sides, 0.0)
    if set(moves.dilations) == {1}:
        numbers = 1
        for size in moves.kernel:
            numbers *= size
        pooled = emit(_MEAN[len(moves.kernel)], padded, moves.kernel, moves.strides)
        pooled = emit(aten.mul.Tensor, pooled, float(numbers))
        for axis, count in enumerate(counts, 2):
            if emit.shape(pooled)[axis] > count:
                pooled = emit(aten.slice.Tensor, pooled, axis, 0, count)
        return pooled
    bounded(100_000, *moves.kernel)  # each tap becomes nodes of the graph
    total = None
    for tap in combinations(*(range(size) for size in moves.kernel)):
        part = padded
        for axis, (place, d, s, count) in enumerate(zip(tap, moves.dilations, moves.strides, counts, strict=True), 2):
            start = place * d
            part = emit(aten.slice.Tensor, part, axis, start, start + (count - 1) * s + 1, s)
        total = part if total is None else emit(aten.add.Tensor, total, part)
    return total


def lp_pool(emit: Emitter, node: Call) -> Any:
    """LpPool: the p-norm of each window."""
    x, p = node.input(0), node.attribute("p", 2)
    total = window_sum(emit, _power(emit, x, p), _moves(emit, node, x))
    return emit(aten.pow.Tensor_Scalar, total, 1.0 / p)


def _power(emit: Emitter, x: Any, p: float) -> Any:
    return emit(aten.pow.Tensor_Scalar, x if p == 2 else emit(aten.abs.default, x), p)


def global_average_pool(emit: Emitter, node: Call) -> Any:
    """GlobalAveragePool."""
    x = node.input(0)
    axes = emit.rank(x) - 2
    if axes in _WHOLE:
        return emit(_WHOLE[axes], x, [1] * axes)
    return emit(aten.mean.dim, x, list(range(2, axes + 2)), True)


def global_max_pool(emit: Emitter, node: Call) -> Any:
    """GlobalMaxPool."""
    x = node.input(0)
    return emit(aten.amax.default, x, list(range(2, emit.rank(x))), True)


def global_lp_pool(emit: Emitter, node: Call) -> Any:
    """GlobalLpPool."""
    x, p = node.input(0), node.attribute("p", 2)
    total = emit(aten.sum.dim_IntList, _power(emit, x, p), list(range(2, emit.rank(x))), True)
    return emit(aten.pow.Tensor_Scalar, total, 1.0 / p)


OPERATORS = {
    "AveragePool": average_pool,
    "GlobalAveragePool": global_average_pool,
    "GlobalLpPool": global_lp_pool,
    "GlobalMaxPool": global_max_pool,
    "LpPool": lp_pool,
    "MaxPool": max_pool,
    "MaxUnpool": max_unpool,
}
