"""Values chosen by their place: looked up, gathered, scattered, sorted."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.fx import Node

from ..emitter import Emitter
from ..guards import bounded
from ..values import Call
from .common import aten, no_negative, positive, product


def gather(emit: Emitter, node: Call) -> Any:
    """Gather: a lookup of tokens in a table of weights, one place, or several along an axis."""
    x, index = node.input(0), node.input(1)
    rank = emit.rank(x)
    axis = positive(node.attribute("axis", 0), rank)
    if isinstance(x, Tensor) and x.is_floating_point() and rank == 2 and axis == 0 and isinstance(index, Node):
        return emit(aten.embedding.default, x, emit.cast(index, torch.int64))
    if isinstance(index, Tensor) and index.dim() == 0:
        return emit(aten.select.int, x, axis, int(index))
    index = no_negative(emit, index, emit.size(x, axis))
    if emit.rank(index) == 1:
        return emit(aten.index_select.default, x, axis, index)
    return emit(aten.index.Tensor, x, [None] * axis + [index])


def gather_elements(emit: Emitter, node: Call) -> Any:
    """GatherElements."""
    x = node.input(0)
    axis = positive(node.attribute("axis", 0), emit.rank(x))
    return emit(aten.gather.default, x, axis, no_negative(emit, node.input(1), emit.size(x, axis)))


def gather_nd(emit: Emitter, node: Call) -> Any:
    """GatherND: the last axis of the indices counts in several axes at once."""
    x, index, shared = node.input(0), emit.cast(node.input(1), torch.int64), node.attribute("batch_dims", 0)
    last = emit.rank(index) - 1
    places: list[Any] = [_numbers(emit, emit.size(x, axis), axis, last) for axis in range(shared)]
    places += [emit(aten.select.int, index, last, place) for place in range(emit.shape(index)[last])]
    return emit(aten.index.Tensor, x, places)


def _numbers(emit: Emitter, size: Any, axis: int, rank: int) -> Any:
    """0, 1, 2 … along one of `rank` axes."""
    return emit.reshape(emit(aten.arange.default, size), [-1 if one == axis else 1 for one in range(rank)])


_REDUCTIONS = {"add": "sum", "mul": "prod", "max": "amax", "min": "amin"}


def scatter_elements(emit: Emitter, node: Call) -> Any:
    """ScatterElements, also with what is there added, multiplied or compared."""
    x, index, updates = node.input(0), node.input(1), node.input(2)
    axis, reduction = positive(node.attribute("axis", 0), emit.rank(x)), node.attribute("reduction", "none")
    index = no_negative(emit, index, emit.size(x, axis))
    if reduction == "none":
        return emit(aten.scatter.src, x, axis, index, updates)
    if reduction == "add" and emit.dtype(x).is_floating_point:
        return _onto(emit, x, emit(aten.scatter_add.default, _zeros(emit, x), axis, index, updates))
    return emit(aten.scatter_reduce.two, x, axis, index, updates, _REDUCTIONS[reduction])


def scatter_nd(emit: Emitter, node: Call) -> Any:
    """ScatterND."""
    x, index, updates = node.input(0), emit.cast(node.input(1), torch.int64), node.input(2)
    reduction = node.attribute("reduction", "none")
    last = emit.rank(index) - 1
    places = [emit(aten.select.int, index, last, place) for place in range(emit.shape(index)[last])]
    if reduction == "none" or not places:
        return emit(aten.index_put.default, x, places, updates, reduction == "add")
    # the axes that are counted in become one, and each index stands for all that lies behind it
    sizes, depth = emit.sizes(x), len(places)
    flat, rest = torch.tensor(0), product(emit, sizes[depth:])
    for place, size in zip(places, sizes, strict=False):
        flat = emit(aten.add.Tensor, emit(aten.mul.Tensor, flat, size), no_negative(emit, place, size))
    flat, values = emit.reshape(flat, [-1]), emit.reshape(updates, [-1, rest])
    rows = emit.reshape(x, [product(emit, sizes[:depth]), rest])
    if reduction == "add" and emit.dtype(x).is_floating_point:
        added = emit(aten.index_add.default, _zeros(emit, rows), 0, flat, values)
        return _onto(emit, x, emit.reshape(added, sizes))
    places_of = emit(aten.expand.default, emit(aten.unsqueeze.default, flat, 1), [-1, rest])
    return emit.reshape(emit(aten.scatter_reduce.two, rows, 0, places_of, values, _REDUCTIONS[reduction]), sizes)


def _zeros(emit: Emitter, x: Any) -> Any:
    return torch.zeros_like(x) if isinstance(x, Tensor) else emit(aten.zeros_like.default, x)


def _onto(emit: Emitter, x: Any, added: Any) -> Any:
    """What is scattered, on top of what is there: a sum of its own, so that each gets its share."""
    return added if isinstance(x, Tensor) and not bool(x.any()) else emit(aten.add.Tensor, x, added)


def one_hot(emit: Emitter, node: Call) -> Any:
    """OneHot."""
    index, depth, values = node.input(0), emit.integers(node.input(1))[0], node.input(2)
    axis = positive(node.attribute("axis", -1), emit.rank(index) + 1)
    index = no_negative(emit, emit.cast(index, torch.int64), depth)
    bounded(depth)
    numbers = torch.arange(depth).reshape([-1] + [1] * (emit.rank(index) - axis))
    hit = emit(aten.eq.Tensor, emit(aten.unsqueeze.default, index, axis), numbers)
    off, on = (emit(aten.select.int, values, 0, place) for place in (0, 1))
    return emit(aten.where.self, hit, on, off)


def nonzero(emit: Emitter, node: Call) -> Any:
    """NonZero: how many there are is known only where it does not depend on the input."""
    return emit(aten.t.default, emit(aten.nonzero.default, node.input(0)))


def compress(emit: Emitter, node: Call) -> Any:
    """Compress: the entries along an axis, or in the flat tensor, that a condition marks."""
    x, axis = node.input(0), node.attribute("axis")
    marked = emit.constant(node.input(1)).reshape(-1)
    if axis is None:
        x, axis = emit.reshape(x, [-1]), 0
    return emit(aten.index_select.default, x, axis, torch.nonzero(marked).reshape(-1))


def top_k(emit: Emitter, node: Call) -> Any:
    """TopK: the values are read at the places that are found, so that relevance goes back there."""
    x = node.input(0)
    axis = positive(node.attribute("axis", -1), emit.rank(x))
    count = emit.integers(node.input(1))[0] if len(node.inputs) > 1 else node.required("k")
    largest = bool(node.attribute("largest", 1))
    order = emit(aten.argsort.stable, x, stable=True, dim=axis, descending=largest)  # of equal ones the first
    places = emit(aten.slice.Tensor, order, axis, 0, count)
    return emit(aten.gather.default, x, axis, places), places


def unique(emit: Emitter, node: Call) -> Any:
    """Unique, of a constant: how many there are cannot depend on the input."""
    x, axis, ordered = emit.constant(node.input(0)), node.attribute("axis"), bool(node.attribute("sorted", 1))
    if axis is None:
        x, axis = x.reshape(-1), 0
    values, inverse, counts = torch.unique(x, sorted=True, return_inverse=True, return_counts=True, dim=axis)
    first = torch.full([len(counts)], len(inverse)).scatter_reduce(0, inverse, torch.arange(len(inverse)), "amin")
    if not ordered:
        order = torch.argsort(first)
        values, first, counts = values.index_select(axis, order), first[order], counts[order]
        inverse = torch.argsort(order)[inverse]
    return (values, first, inverse, counts)[: max(node.outputs, 1)]


OPERATORS = {
    "Compress": compress,
    "Gather": gather,
    "GatherElements": gather_elements,
    "GatherND": gather_nd,
    "NonZero": nonzero,
    "OneHot": one_hot,
    "Scatter": scatter_elements,
    "ScatterElements": scatter_elements,
    "ScatterND": scatter_nd,
    "TopK": top_k,
    "Unique": unique,
}
