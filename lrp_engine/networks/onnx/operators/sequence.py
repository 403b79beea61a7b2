"""Sequences of tensors, which loops collect, and optional values: lists and None while the graph is made."""

from __future__ import annotations

from typing import Any

import torch
from torch.fx import Node

from ....errors import FormatError
from ..emitter import Emitter
from ..values import Call

aten = torch.ops.aten


def _sequence(node: Call, place: int = 0) -> list[Any]:
    value = node.input(place)
    if not isinstance(value, list):
        raise FormatError(f"The input {place} of {node.where} is no sequence.")
    return value


def _position(emit: Emitter, node: Call, value: Any, length: int, *, behind: bool = False) -> int:
    """A place in a sequence, also counted from its end; `behind` allows the one behind the last value."""
    place = emit.integers(value)[0]
    if not -length <= place < length + behind:
        raise FormatError(f"The place {place} in {node.where} is outside a sequence of {length}.")
    return place + length if place < 0 else place


def at(emit: Emitter, node: Call) -> Any:
    """SequenceAt."""
    values = _sequence(node)
    return values[_position(emit, node, node.input(1), len(values))]


def construct(emit: Emitter, node: Call) -> Any:  # noqa: ARG001
    """SequenceConstruct."""
    return [one for one in node.inputs if one is not None]


def empty(emit: Emitter, node: Call) -> Any:  # noqa: ARG001
    """SequenceEmpty."""
    return []


def insert(emit: Emitter, node: Call) -> Any:
    """SequenceInsert: at the end, unless a place is given."""
    values = list(_sequence(node))
    place = node.optional(2)
    values.insert(
        len(values) if place is None else _position(emit, node, place, len(values), behind=True), node.input(1)
    )
    return values


def erase(emit: Emitter, node: Call) -> Any:
    """SequenceErase: the last one, unless a place is given."""
    values = list(_sequence(node))
    place = node.optional(1)
    del values[-1 if place is None else _position(emit, node, place, len(values))]
    return values


def length(emit: Emitter, node: Call) -> Any:  # noqa: ARG001
    """SequenceLength."""
    return torch.tensor(len(_sequence(node)))


def split(emit: Emitter, node: Call) -> Any:
    """SplitToSequence: parts of one size or of the given ones; without either single ones, whose axis may go."""
    x, sizes = node.input(0), node.optional(1)
    axis = node.attribute("axis", 0) % emit.rank(x)
    total = emit.size(x, axis)
    if isinstance(total, Node):
        raise emit.refusal("it parts the samples")
    if sizes is None:
        parts, keeps = [1] * total, bool(node.attribute("keepdims", 1))
    else:
        given, keeps = emit.constant(sizes), True
        if given.dim():
            parts = [int(one) for one in given]
        else:
            each = max(int(given), 1)
            parts = [min(each, total - start) for start in range(0, total, each)]
    if not keeps:
        return [emit(aten.select.int, x, axis, place) for place in range(total)]
    ends = [sum(parts[: place + 1]) for place in range(len(parts))]
    return [emit(aten.slice.Tensor, x, axis, end - part, end) for part, end in zip(parts, ends, strict=True)]


def concat(emit: Emitter, node: Call) -> Any:
    """ConcatFromSequence: side by side, or on an axis of their own."""
    values, axis = _sequence(node), node.required("axis")
    if node.attribute("new_axis", 0):
        return emit(aten.stack.default, values, axis)
    return emit(aten.cat.default, values, axis)


def mapped(emit: Emitter, node: Call) -> Any:
    """SequenceMap: its body runs on every element."""
    first = _sequence(node)
    columns: list[list[Any]] = [[] for _ in node.required("body").outputs]
    for place in range(len(first)):
        given = [one[place] if isinstance(one, list) else one for one in node.inputs]
        for column, value in zip(columns, emit.body(node.required("body"), *given), strict=True):
            column.append(value)
    return tuple(columns)


def optional(emit: Emitter, node: Call) -> Any:  # noqa: ARG001
    """Optional: its value, or nothing."""
    return node.optional(0)


def has_element(emit: Emitter, node: Call) -> Any:  # noqa: ARG001
    """OptionalHasElement."""
    return torch.tensor(node.optional(0) is not None)


def element(emit: Emitter, node: Call) -> Any:  # noqa: ARG001
    """OptionalGetElement."""
    return node.input(0)


OPERATORS = {
    "SequenceAt": at,
    "SequenceConstruct": construct,
    "SequenceEmpty": empty,
    "SequenceInsert": insert,
    "SequenceErase": erase,
    "SequenceLength": length,
    "SplitToSequence": split,
    "ConcatFromSequence": concat,
    "SequenceMap": mapped,
    "Optional": optional,
    "OptionalHasElement": has_element,
    "OptionalGetElement": element,
}
