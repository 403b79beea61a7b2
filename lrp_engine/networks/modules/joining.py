"""Layers that bring several values together: what makes a graph of a chain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .base import Builder, LayerType, MisfitError, Parameters, Shape, axis_of, broadcast, say

if TYPE_CHECKING:
    from torch.fx import Node

GROUP = "Several inputs"
MOST = 1000  # inputs of one layer


def _elementwise(operation: str, most: int = MOST) -> LayerType:
    def build(b: Builder, _: Parameters) -> Node:
        node = b.x
        for other in b.inputs[1:]:
            node = b(operation, node, other)
        return node

    return LayerType(GROUP, lambda shapes, _: broadcast(shapes), build, inputs=(2, most))


def _concat() -> LayerType:
    def whole(shapes: Sequence[Shape]) -> list[Shape]:
        """With one of each parameter for every sample."""
        dynamic = any(shape[:1] == (None,) for shape in shapes)
        return [(None, *shape[1:]) if dynamic and shape[:1] == (1,) else shape for shape in shapes]

    def shape(shapes: Sequence[Shape], p: Parameters) -> Shape:
        each = whole(shapes)
        axis = axis_of(p["dim"], each[0])
        if each[0][axis] is None:
            raise MisfitError(f"it joins along axis {axis}, where the samples run")
        for other in each[1:]:
            if other[:axis] != each[0][:axis] or other[axis + 1 :] != each[0][axis + 1 :]:
                raise MisfitError(
                    f"{say(each[0])} and {say(other)} differ in another axis than {axis}, along which it joins them"
                )
        return (*each[0][:axis], sum(one[axis] or 0 for one in each), *each[0][axis + 1 :])

    def build(b: Builder, p: Parameters) -> Node:
        like = next((node for node, shape in zip(b.inputs, b.shapes, strict=True) if shape[:1] == (None,)), None)
        parts = []
        for node, one, other in zip(b.inputs, b.shapes, whole(b.shapes), strict=True):
            if one != other:
                samples = b("sym_size.int", like, 0)
                parts.append(b("expand.default", node, [samples, *(-1 for _ in one[1:])]))
            else:
                parts.append(node)
        return b("cat.default", parts, p["dim"])

    return LayerType(
        GROUP,
        shape,
        build,
        optional={"dim": 1},
        inputs=(2, MOST),
        takes="any",
        note="a Parameter whose first axis is 1 is taken once for every sample",
    )


def _stack() -> LayerType:
    def shape(shapes: Sequence[Shape], p: Parameters) -> Shape:
        if len(set(shapes)) > 1:
            raise MisfitError(f"the shapes {' and '.join(map(say, shapes))} differ")
        found = list(shapes[0])
        found.insert(axis_of(p["dim"], [*found, 1]), len(shapes))
        return tuple(found)

    return LayerType(
        GROUP,
        shape,
        lambda b, p: b("stack.default", list(b.inputs), p["dim"]),
        optional={"dim": 1},
        inputs=(2, MOST),
        takes="any",
    )


def _matmul() -> LayerType:
    def shape(shapes: Sequence[Shape], _: Parameters) -> Shape:
        one, other = shapes
        if len(one) < 2 or len(other) < 2 or one[-1] is None or one[-1] != other[-2]:
            raise MisfitError(f"rows of {say(one)} do not meet columns of {say(other)}")
        return (*broadcast([one[:-2], other[:-2]]), one[-2], other[-1])

    return LayerType(GROUP, shape, lambda b, _: b("matmul.default", *b.inputs), inputs=(2, 2))


TYPES: dict[str, LayerType] = {
    "Add": _elementwise("add.Tensor"),
    "Sub": _elementwise("sub.Tensor", 2),
    "Mul": _elementwise("mul.Tensor"),
    "Div": _elementwise("div.Tensor", 2),
    "Maximum": _elementwise("maximum.default"),
    "Minimum": _elementwise("minimum.default"),
    "Concat": _concat(),
    "Stack": _stack(),
    "MatMul": _matmul(),
}
