"""Shapes: read, computed with, and given to values."""

from __future__ import annotations

from typing import Any

import torch
from torch.fx import Node

from ..emitter import Emitter, merge
from ..values import Call

aten = torch.ops.aten


def constant(emit: Emitter, node: Call) -> Any:
    """Constant: whichever of its attributes is given."""
    for name in ("value", "value_float", "value_int", "value_floats", "value_ints", "sparse_value"):
        value = node.attribute(name)
        if value is not None:
            return torch.tensor(value, dtype=torch.float32) if "float" in name else emit.tensor(value)
    raise emit.refusal("it holds a text")


def shape(emit: Emitter, node: Call) -> Any:
    """Shape, from `start` to `end`."""
    part = slice(node.attribute("start", 0), node.attribute("end"))
    return merge([torch.tensor(example.shape[part], dtype=torch.int64) for example in emit.examples(node.input(0))])


def reshape(emit: Emitter, node: Call) -> Any:
    """Reshape; 0 keeps a size. In a file that is made for one sample, a leading 1 stands for the samples."""
    x = node.input(0)
    given = node.attribute("shape") if len(node.inputs) < 2 else emit.ints(node.input(1))
    sizes = list(given)
    if not node.attribute("allowzero", 0):
        sizes = [emit.size(x, place) if _is(size, 0) else size for place, size in enumerate(sizes)]
    if emit.pinned and sizes and _is(sizes[0], 1) and emit.rank(x) and emit.is_sized(x, 0):
        sizes[0] = emit.size(x, 0)
    return emit.reshape(x, sizes)


def _is(size: Any, number: int) -> bool:
    return not isinstance(size, Node) and size == number


def flatten(emit: Emitter, node: Call) -> Any:
    """Flatten: always to two axes."""
    x, axis = node.input(0), node.attribute("axis", 1)
    rank = emit.rank(x)
    axis = axis + rank if axis < 0 else axis
    if axis == 1 and rank > 1:
        return emit(aten.flatten.using_ints, x, 1, -1)
    sizes = emit.sizes(x)
    if not any(isinstance(size, Node) for size in sizes[:axis]):
        before = 1
        for size in sizes[:axis]:
            before *= size
        return emit.reshape(x, [before, -1])
    after = 1
    for size in sizes[axis:]:
        after *= size
    return emit.reshape(x, [-1, after])


def gather(emit: Emitter, node: Call) -> Any:
    """Gather: a lookup of tokens in a table of weights, one place, or several along an axis."""
    x, index, axis = node.input(0), node.input(1), node.attribute("axis", 0)
    rank = emit.rank(x)
    axis = axis + rank if axis < 0 else axis
    if isinstance(x, torch.Tensor) and x.is_floating_point() and rank == 2 and axis == 0 and isinstance(index, Node):
        return emit(aten.embedding.default, x, emit.cast(index, torch.int64))
    if isinstance(index, torch.Tensor) and index.dim() == 0:
        return emit(aten.select.int, x, axis, int(index))
    index = emit.cast(index, torch.int64)
    if isinstance(index, torch.Tensor):
        size = emit.size(x, axis)
        if not isinstance(size, Node):
            index = torch.where(index < 0, index + size, index)
        if index.dim() == 1:
            return emit(aten.index_select.default, x, axis, index)
    return emit(aten.index.Tensor, x, [None] * axis + [index])


OPERATORS = {
    "Constant": constant,
    "Shape": shape,
    "Reshape": reshape,
    "Flatten": flatten,
    "Gather": gather,
}
