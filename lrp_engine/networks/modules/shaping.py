"""Layers that move, pick or sum values; their axes count that of the samples, which is axis 0."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING

from .base import Builder, LayerType, MisfitError, Parameters, Shape, axis_of, same, say, size_of, unit_axis

if TYPE_CHECKING:
    from torch.fx import Node

GROUP = "Moving, picking, summing"


def _flatten() -> LayerType:
    def shape(shapes: Sequence[Shape], p: Parameters) -> Shape:
        given = shapes[0]
        start, end = axis_of(p["start_dim"], given), axis_of(p["end_dim"], given)
        if start > end:
            raise MisfitError(f"it runs from axis {start} back to axis {end}")
        if None in given[start : end + 1] and end > start:
            raise MisfitError("it would fold the samples into their values; start_dim is 1")
        return (
            (*given[:start], prod(size or 0 for size in given[start : end + 1]), *given[end + 1 :])
            if (end > start)
            else given
        )

    return LayerType(
        GROUP,
        shape,
        lambda b, p: b("flatten.using_ints", b.x, p["start_dim"], p["end_dim"]),
        optional={"start_dim": 1, "end_dim": -1},
        takes="any",
    )


def _resolved(sizes: Sequence[int], count: int, what: str) -> list[int]:
    """The sizes with -1 worked out."""
    open_ends = [size for size in sizes if size == -1]
    known = prod(size for size in sizes if size != -1)
    if len(open_ends) > 1 or any(size < 1 and size != -1 for size in sizes):
        raise ValueError("sizes have to be at least 1, and one of them may be -1")
    if (open_ends and count % known) or (not open_ends and known != count):
        raise MisfitError(f"{what} {count} values cannot become {say(sizes)}")
    return [count // known if size == -1 else size for size in sizes]


def _unflatten() -> LayerType:
    def sizes(shape: Shape, p: Parameters) -> tuple[int, list[int]]:
        axis = unit_axis(p["dim"], shape, "parts values")
        return axis, _resolved(p["unflattened_size"], shape[axis] or 0, "its")

    def shape(shapes: Sequence[Shape], p: Parameters) -> Shape:
        axis, found = sizes(shapes[0], p)
        return (*shapes[0][:axis], *found, *shapes[0][axis + 1 :])

    def build(b: Builder, p: Parameters) -> Node:
        axis, found = sizes(b.shapes[0], p)
        return b("unflatten.int", b.x, axis, found)

    return LayerType(GROUP, shape, build, ("dim", "unflattened_size"), takes="any")


def _reshape() -> LayerType:
    def shape(shapes: Sequence[Shape], p: Parameters) -> Shape:
        if shapes[0][:1] != (None,):
            raise MisfitError("it reshapes what lies behind the samples’ axis, which is not the first one here")
        return (None, *_resolved(p["shape"], size_of(shapes[0]), "its"))

    return LayerType(
        GROUP,
        shape,
        lambda b, p: b("reshape.default", b.x, [-1, *_resolved(p["shape"], size_of(b.shapes[0]), "its")]),
        ("shape",),
        takes="any",
        note="`shape` is without the samples’ axis",
    )


def _permute() -> LayerType:
    def shape(shapes: Sequence[Shape], p: Parameters) -> Shape:
        if sorted(p["dims"]) != list(range(len(shapes[0]))):
            raise MisfitError(f"{p['dims']} is no order of its {len(shapes[0])} axes, 0 to {len(shapes[0]) - 1}")
        return tuple(shapes[0][axis] for axis in p["dims"])

    return LayerType(GROUP, shape, lambda b, p: b("permute.default", b.x, p["dims"]), ("dims",), takes="any")


def _transpose() -> LayerType:
    def shape(shapes: Sequence[Shape], p: Parameters) -> Shape:
        found = list(shapes[0])
        one, other = axis_of(p["dim0"], found), axis_of(p["dim1"], found)
        found[one], found[other] = found[other], found[one]
        return tuple(found)

    return LayerType(
        GROUP, shape, lambda b, p: b("transpose.int", b.x, p["dim0"], p["dim1"]), ("dim0", "dim1"), takes="any"
    )


def _over_axes(operation: str) -> LayerType:
    """A sum, mean or maximum over axes."""

    def axes(shape: Shape, p: Parameters) -> list[int]:
        dims = p["dim"] if isinstance(p["dim"], list) else [p["dim"]]
        return [unit_axis(dim, shape, "collects") for dim in dims]

    def shape(shapes: Sequence[Shape], p: Parameters) -> Shape:
        gone = axes(shapes[0], p)
        kept = [1 if axis in gone else size for axis, size in enumerate(shapes[0])]
        return tuple(kept if p["keepdim"] else (size for axis, size in enumerate(kept) if axis not in gone))

    return LayerType(
        GROUP, shape, lambda b, p: b(operation, b.x, axes(b.shapes[0], p), p["keepdim"]), ("dim",), {"keepdim": False}
    )


def _select() -> LayerType:
    def shape(shapes: Sequence[Shape], p: Parameters) -> Shape:
        axis = unit_axis(p["dim"], shapes[0], "picks")
        size = shapes[0][axis] or 0
        if not -size <= p["index"] < size:
            raise MisfitError(f"it picks number {p['index']} of {size}")
        return tuple(other for at, other in enumerate(shapes[0]) if at != axis)

    return LayerType(
        GROUP,
        shape,
        lambda b, p: b("select.int", b.x, p["dim"], p["index"]),
        ("dim", "index"),
        takes="any",
        note="`index` -1 is the last: the last time step",
    )


def _slice() -> LayerType:
    def taken(shape: Shape, p: Parameters) -> tuple[int, int, int]:
        axis = unit_axis(p["dim"], shape, "cuts")
        start, stop, _ = slice(p["start"], p["end"]).indices(shape[axis] or 0)
        return axis, start, stop

    def shape(shapes: Sequence[Shape], p: Parameters) -> Shape:
        axis, start, stop = taken(shapes[0], p)
        if stop <= start:
            raise MisfitError(f"nothing of {shapes[0][axis]} lies between {p['start']} and {p['end']}")
        return tuple(stop - start if at == axis else size for at, size in enumerate(shapes[0]))

    return LayerType(
        GROUP,
        shape,
        lambda b, p: b("slice.Tensor", b.x, *taken(b.shapes[0], p)),
        ("dim",),
        {"start": 0, "end": None},
        takes="any",
    )


def _squeeze() -> LayerType:
    def shape(shapes: Sequence[Shape], p: Parameters) -> Shape:
        axis = axis_of(p["dim"], shapes[0])
        if shapes[0][axis] != 1:
            raise MisfitError(f"axis {axis} has {shapes[0][axis] or 'any number of'} values, not one")
        return tuple(size for at, size in enumerate(shapes[0]) if at != axis)

    return LayerType(GROUP, shape, lambda b, p: b("squeeze.dim", b.x, p["dim"]), ("dim",), takes="any")


def _unsqueeze() -> LayerType:
    def shape(shapes: Sequence[Shape], p: Parameters) -> Shape:
        found = list(shapes[0])
        found.insert(axis_of(p["dim"], [*found, 1]), 1)
        return tuple(found)

    return LayerType(GROUP, shape, lambda b, p: b("unsqueeze.default", b.x, p["dim"]), ("dim",), takes="any")


def _scaled(b: Builder, p: Parameters) -> Node:
    node = b("mul.Scalar", b.x, p["factor"]) if p["factor"] != 1 else b("clone.default", b.x)
    return b("add.Scalar", node, p["offset"]) if p["offset"] else node


def _copy(b: Builder, _: Parameters) -> Node:
    return b("clone.default", b.x)


TYPES: dict[str, LayerType] = {
    "Flatten": _flatten(),
    "Unflatten": _unflatten(),
    "Reshape": _reshape(),
    "Permute": _permute(),
    "Transpose": _transpose(),
    "Squeeze": _squeeze(),
    "Unsqueeze": _unsqueeze(),
    "Select": _select(),
    "Slice": _slice(),
    "Mean": _over_axes("mean.dim"),
    "Sum": _over_axes("sum.dim_IntList"),
    "Max": _over_axes("amax.default"),
    "Scale": LayerType(
        GROUP, same, _scaled, optional={"factor": 1.0, "offset": 0.0}, note="each value times `factor`, plus `offset`"
    ),
    **{
        name: LayerType(GROUP, same, _copy, optional={"p": 0.5})
        for name in ("Dropout", "Dropout1d", "Dropout2d", "Dropout3d")
    },
    "Identity": LayerType(GROUP, same, _copy, takes="any"),
}
