"""Shapes: read, computed with, and given to values."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.fx import Node

from ..emitter import Emitter, merge
from ..guards import bounded
from ..values import TEXTS, Call
from .common import aten, axes_of, is_number, positive, product


def constant(emit: Emitter, node: Call) -> Any:
    """Constant: whichever of its attributes is given."""
    for name in ("value", "value_float", "value_int", "value_floats", "value_ints", "sparse_value"):
        value = node.attribute(name)
        if getattr(value, "dtype", None) == "string":
            return TEXTS
        if value is not None:
            return torch.tensor(value, dtype=torch.float32) if "float" in name else emit.tensor(value)
    return TEXTS


def shape(emit: Emitter, node: Call) -> Any:
    """Shape, from `start` to `end`."""
    part = slice(node.attribute("start", 0), node.attribute("end"))
    return merge([torch.tensor(example.shape[part], dtype=torch.int64) for example in emit.examples(node.input(0))])


def size(emit: Emitter, node: Call) -> Any:
    """Size: how many numbers there are."""
    return merge([torch.tensor(example.numel()) for example in emit.examples(node.input(0))])


def reshape(emit: Emitter, node: Call) -> Any:
    """Reshape; 0 keeps a size. In a file that is made for one sample, a leading 1 stands for the samples."""
    x = node.input(0)
    given = node.attribute("shape") if len(node.inputs) < 2 else emit.ints(node.input(1))
    sizes = list(given)
    if not node.attribute("allowzero", 0):
        sizes = [emit.size(x, place) if is_number(one, 0) else one for place, one in enumerate(sizes)]
    if emit.pinned and sizes and is_number(sizes[0], 1) and emit.rank(x) and emit.is_sized(x, 0):
        sizes[0] = emit.size(x, 0)
    return emit.reshape(x, sizes)


def flatten(emit: Emitter, node: Call) -> Any:
    """Flatten: always to two axes."""
    x, axis = node.input(0), node.attribute("axis", 1)
    rank = emit.rank(x)
    axis = positive(axis, rank)
    if axis == 1 and rank > 1:
        return emit(aten.flatten.using_ints, x, 1, -1)
    sizes = emit.sizes(x)
    if not any(isinstance(one, Node) for one in sizes[:axis]):
        return emit.reshape(x, [product(emit, sizes[:axis]), -1 if 0 not in sizes else product(emit, sizes[axis:])])
    return emit.reshape(x, [-1, product(emit, sizes[axis:])])


def transpose(emit: Emitter, node: Call) -> Any:
    """Transpose; without an order, the axes from the last to the first."""
    x = node.input(0)
    rank = emit.rank(x)
    return emit(aten.permute.default, x, list(node.attribute("perm") or reversed(range(rank))))


def squeeze(emit: Emitter, node: Call) -> Any:
    """Squeeze: these axes, or all of size 1."""
    x, axes = node.input(0), axes_of(emit, node)
    if axes is None:
        axes = [axis for axis, one in enumerate(emit.sizes(x)) if is_number(one, 1)]
    return emit(aten.squeeze.dims, x, axes) if axes else x


def unsqueeze(emit: Emitter, node: Call) -> Any:
    """Unsqueeze: the axes count in what it gives."""
    x, axes = node.input(0), axes_of(emit, node) or []
    rank = emit.rank(x) + len(axes)
    for axis in sorted(positive(one, rank) for one in axes):
        x = emit(aten.unsqueeze.default, x, axis)
    return x


def concat(emit: Emitter, node: Call) -> Any:
    """Concat."""
    parts = [node.input(place) for place in range(len(node.inputs))]
    return parts[0] if len(parts) == 1 else emit(aten.cat.default, parts, node.attribute("axis", 1))


def split(emit: Emitter, node: Call) -> Any:
    """Split: into these lengths, or into equal parts of which the last may be smaller."""
    x = node.input(0)
    axis = positive(node.attribute("axis", 0), emit.rank(x))
    given = emit.integers(node.input(1)) if node.optional(1) is not None else node.attribute("split")
    if given is None:
        parts = node.attribute("num_outputs", node.outputs)
        whole = emit.shape(x)[axis]
        each = -(-whole // parts)
        given = [max(min(each, whole - number * each), 0) for number in range(node.outputs)]
    ends = [sum(given[: number + 1]) for number in range(len(given))]
    return tuple(emit(aten.slice.Tensor, x, axis, end - length, end) for end, length in zip(ends, given, strict=True))


def cut(emit: Emitter, node: Call) -> Any:
    """Slice; its settings are inputs since opset 10. Backwards, it is turned round first."""
    x = node.input(0)
    rank = emit.rank(x)
    if len(node.inputs) > 1:
        starts, ends = emit.ints(node.input(1)), emit.ints(node.input(2))
        axes = emit.integers(node.input(3)) if node.optional(3) is not None else list(range(len(starts)))
        steps = emit.integers(node.input(4)) if node.optional(4) is not None else [1] * len(starts)
    else:
        starts, ends = node.required("starts"), node.required("ends")
        axes = node.attribute("axes") or list(range(len(starts)))
        steps = [1] * len(starts)
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        x = _cut(emit, x, positive(axis, rank), start, end, step)
    return x


def _cut(emit: Emitter, x: Any, axis: int, start: Any, end: Any, step: int) -> Any:
    length = emit.size(x, axis)
    if step > 0:
        if is_number(start, 0) and step == 1 and not isinstance(end, Node) and _covers(end, length):
            return x
        return emit(aten.slice.Tensor, x, axis, start, end, step)
    if any(isinstance(one, Node) for one in (length, start, end)):
        if step == -1 and start == -1 and not isinstance(end, Node) and end < -(2**31):
            return emit(aten.flip.default, x, [axis])
        raise emit.refusal("it goes backwards along the samples")
    first = min(max(start + length if start < 0 else start, 0), length - 1)
    last = min(max(end + length if end < 0 else end, -1), length - 1)
    places = list(range(first, last, step))
    if places == list(range(length - 1, -1, -1)):
        return emit(aten.flip.default, x, [axis])
    return emit(aten.index_select.default, x, axis, torch.tensor(places, dtype=torch.int64))


def _covers(end: int, length: Any) -> bool:
    return end >= 2**31 - 1 or (not isinstance(length, Node) and end >= length)


def expand(emit: Emitter, node: Call) -> Any:
    """Expand: broadcast both ways, so that a 1 in the wanted shape keeps a size."""
    x, wanted = node.input(0), emit.ints(node.input(1))
    sizes = emit.sizes(x)
    rank = max(len(sizes), len(wanted))
    sizes, wanted = [1] * (rank - len(sizes)) + sizes, [1] * (rank - len(wanted)) + wanted
    merged = [own if is_number(other, 1) else other for own, other in zip(sizes, wanted, strict=True)]
    return emit(aten.expand.default, x, merged)


def tile(emit: Emitter, node: Call) -> Any:
    """Tile."""
    return emit(aten.repeat.default, node.input(0), emit.ints(node.input(1)))


def range_of(emit: Emitter, node: Call) -> Any:
    """Range."""
    start, limit, step = (node.input(place) for place in range(3))
    dtype = emit.dtype(start)
    if any(not isinstance(value, Tensor) for value in (start, limit, step)):
        numbers = [emit.ints(value)[0] for value in (start, limit, step)]
        return emit(aten.arange.start_step, *numbers, dtype=dtype)
    first, last, by = (value.reshape(-1)[0].item() for value in (start, limit, step))
    count = max(-int(-(last - first) // by), 0)
    bounded(count)
    return torch.tensor(first, dtype=dtype) + torch.arange(count).to(dtype) * torch.tensor(by, dtype=dtype)


def constant_of_shape(emit: Emitter, node: Call) -> Any:
    """ConstantOfShape."""
    value = node.attribute("value")
    value = torch.zeros(1) if value is None else emit.tensor(value)
    return emit(aten.full.default, emit.ints(node.input(0)), value.reshape(-1)[0].item(), dtype=value.dtype)


def eye_like(emit: Emitter, node: Call) -> Any:
    """EyeLike."""
    x, k, number = node.input(0), node.attribute("k", 0), node.attribute("dtype")
    dtype = emit.dtype(x) if number is None else emit.dtype_of(number)
    rows, columns = (emit.size(x, axis) for axis in (0, 1))
    row = emit(aten.unsqueeze.default, emit(aten.arange.default, rows), 1)
    column = emit(aten.arange.default, columns)
    return emit.cast(emit(aten.eq.Tensor, emit(aten.add.Tensor, row, k), column), dtype)


_MODES = {"reflect": "reflect", "edge": "replicate", "wrap": "circular"}


def pad(emit: Emitter, node: Call) -> Any:
    """Pad; a negative padding cuts off."""
    x = node.input(0)
    rank = emit.rank(x)
    pads = emit.ints(node.input(1)) if len(node.inputs) > 1 else node.attribute("pads") or node.attribute("paddings")
    axes = emit.integers(node.input(3)) if node.optional(3) is not None else list(range(rank))
    mode = node.attribute("mode", "constant")
    begins, ends = [0] * rank, [0] * rank
    for place, axis in enumerate(axes):
        begins[axis], ends[axis] = pads[place], pads[place + len(axes)]
    if mode == "constant":
        value = node.optional(2)
        filled = node.attribute("value", 0.0) if value is None else emit.constant(value).reshape(-1)[0].item()
        if not any(isinstance(one, Node) or one for one in (*begins, *ends)):
            return x
        sides = [side for pair in zip(reversed(begins), reversed(ends), strict=True) for side in pair]
        while len(sides) > 2 and is_number(sides[-1], 0) and is_number(sides[-2], 0):
            sides = sides[:-2]  # without the axes before, it is written as exporters do
        return emit(aten.constant_pad_nd.default, x, sides, filled)
    for axis, (a, b) in enumerate(zip(begins, ends, strict=True)):
        if not is_number(a, 0) or not is_number(b, 0):
            x = emit(aten.index_select.default, x, axis, _sources(emit, x, axis, a, b, _MODES[mode]))
    return x


def _sources(emit: Emitter, x: Any, axis: int, a: int, b: int, mode: str) -> Tensor:
    """Where each place of the padded axis is read."""
    size = emit.shape(x)[axis]
    if emit.is_sized(x, axis):
        raise emit.refusal("it pads along the samples")
    bounded(a + size + b)
    at = torch.arange(-a, size + b)
    if mode == "replicate":
        return at.clamp(0, size - 1)
    if mode == "circular":
        return at % size
    period = max(2 * (size - 1), 1)
    at = at % period
    return torch.where(at >= size, period - at, at)


def center_crop_pad(emit: Emitter, node: Call) -> Any:
    """CenterCropPad: to these sizes around the middle."""
    x, wanted = node.input(0), emit.integers(node.input(1))
    rank = emit.rank(x)
    axes = [positive(axis, rank) for axis in node.attribute("axes") or range(rank)]
    for axis, length in zip(axes, wanted, strict=True):
        has = emit.shape(x)[axis]
        if length < has:
            start = (has - length) // 2
            x = emit(aten.slice.Tensor, x, axis, start, start + length)
        elif length > has:
            before = (length - has) // 2
            sides = [0, 0] * (rank - 1 - axis) + [before, length - has - before]
            x = emit(aten.constant_pad_nd.default, x, sides, 0)
    return x


def depth_to_space(emit: Emitter, node: Call) -> Any:
    """DepthToSpace, in both orders."""
    x, block = node.input(0), node.required("blocksize")
    if node.attribute("mode", "DCR") == "CRD":
        return emit(aten.pixel_shuffle.default, x, block)
    channels, height, width = emit.shape(x)[1:]
    n = emit.size(x, 0)
    x = emit.reshape(x, [n, block, block, channels // block**2, height, width])
    x = emit(aten.permute.default, x, [0, 3, 4, 1, 5, 2])
    return emit.reshape(x, [n, channels // block**2, height * block, width * block])


def space_to_depth(emit: Emitter, node: Call) -> Any:
    """SpaceToDepth, in both orders."""
    x, block = node.input(0), node.required("blocksize")
    if node.attribute("mode", "DCR") == "CRD":
        return emit(aten.pixel_unshuffle.default, x, block)
    channels, height, width = emit.shape(x)[1:]
    n = emit.size(x, 0)
    x = emit.reshape(x, [n, channels, height // block, block, width // block, block])
    x = emit(aten.permute.default, x, [0, 3, 5, 1, 2, 4])
    return emit.reshape(x, [n, channels * block**2, height // block, width // block])


def reverse_sequence(emit: Emitter, node: Call) -> Any:
    """ReverseSequence: the first entries of each sample, turned round."""
    x, lengths = node.input(0), emit.constant(node.input(1))
    time, batch = node.attribute("time_axis", 0), node.attribute("batch_axis", 1)
    steps = torch.arange(emit.shape(x)[time])
    places = torch.where(steps < lengths[:, None], lengths[:, None] - 1 - steps, steps)  # (samples, steps)
    order = places if batch < time else places.t()
    sizes = emit.sizes(x)
    order = emit(aten.reshape.default, order, [n if axis in {time, batch} else 1 for axis, n in enumerate(sizes)])
    return emit(aten.gather.default, x, time, emit(aten.expand.default, order, sizes))


def trilu(emit: Emitter, node: Call) -> Any:
    """Trilu."""
    k = node.optional(1)
    target = aten.triu.default if node.attribute("upper", 1) else aten.tril.default
    return emit(target, node.input(0), 0 if k is None else emit.integers(k)[0])


def col2im(emit: Emitter, node: Call) -> Any:
    """Col2Im: windows are laid over each other and added."""
    x, image, block = node.input(0), emit.integers(node.input(1)), emit.integers(node.input(2))
    axes = len(image)
    dilations = node.attribute("dilations") or [1] * axes
    strides = node.attribute("strides") or [1] * axes
    pads = node.attribute("pads") or [0] * (2 * axes)
    begins, ends = pads[:axes], pads[axes:]
    if axes == 2 and begins == ends:
        return emit(aten.col2im.default, x, image, block, dilations, begins, strides)
    taps = product(emit, block)
    channels = emit.shape(x)[1] // taps
    whole = [size + a + b for size, a, b in zip(image, begins, ends, strict=True)]
    counts = [(size - (k - 1) * d - 1) // s + 1 for size, k, d, s in zip(whole, block, dilations, strides, strict=True)]
    bounded(taps, product(emit, counts), product(emit, whole))
    # where each window's taps lie in the flat image, one after the other
    flat = torch.zeros(1, 1, dtype=torch.int64)
    for size, k, d, s, count in zip(whole, block, dilations, strides, counts, strict=True):
        at = torch.arange(k)[:, None] * d + torch.arange(count) * s
        flat = (flat[:, None, :, None] * size + at[None, :, None, :]).flatten(2, 3).flatten(0, 1)
    bounded(flat.numel(), product(emit, whole))
    merged = torch.zeros(flat.numel(), product(emit, whole))
    merged[torch.arange(flat.numel()), flat.reshape(-1)] = 1.0
    columns = emit.reshape(x, [emit.size(x, 0), channels, flat.numel()])
    image_of = emit(aten.linear.default, columns, merged.t().contiguous())
    result = emit.reshape(image_of, [emit.size(x, 0), channels, *whole])
    for axis, (a, size) in enumerate(zip(begins, image, strict=True), 2):
        result = emit(aten.slice.Tensor, result, axis, a, a + size) if whole[axis - 2] != size else result
    return result


OPERATORS = {
    "CenterCropPad": center_crop_pad,
    "Col2Im": col2im,
    "Concat": concat,
    "Constant": constant,
    "ConstantOfShape": constant_of_shape,
    "DepthToSpace": depth_to_space,
    "Expand": expand,
    "EyeLike": eye_like,
    "Flatten": flatten,
    "Pad": pad,
    "Range": range_of,
    "Reshape": reshape,
    "ReverseSequence": reverse_sequence,
    "Shape": shape,
    "Size": size,
    "Slice": cut,
    "SpaceToDepth": space_to_depth,
    "Split": split,
    "Squeeze": squeeze,
    "Tile": tile,
    "Transpose": transpose,
    "Trilu": trilu,
    "Unsqueeze": unsqueeze,
}
