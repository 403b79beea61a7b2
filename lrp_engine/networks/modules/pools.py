"""Pools, changes of resolution and padding: layers without weights that look at neighbours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from .base import Builder, LayerType, MisfitError, Parameters, Shape, image, many, windows

if TYPE_CHECKING:
    from torch.fx import Node

GROUP = "Pools, resolution, padding"


def _pool(dims: int, *, largest: bool) -> LayerType:
    def taken(p: Parameters) -> tuple[list[int], list[int], list[int]]:
        kernel = many(p["kernel_size"], dims)
        stride = kernel if p["stride"] is None else many(p["stride"], dims)
        return kernel, stride, many(p["padding"], dims)

    def shape(shapes: Sequence[Shape], p: Parameters) -> Shape:
        kernel, stride, padding = taken(p)
        if any(2 * edge > size for edge, size in zip(padding, kernel, strict=True)):
            raise ValueError("the padding of a pool is at most half its window")
        dilation = many(p["dilation"], dims) if largest else None
        sizes = windows(image(shapes, dims), kernel, stride, padding, dilation, ceil=p["ceil_mode"])
        return (*shapes[0][:2], *sizes)

    def build(b: Builder, p: Parameters) -> Node:
        kernel, stride, padding = taken(p)
        if largest:
            dilation = many(p["dilation"], dims)
            return b(f"max_pool{dims}d.default", b.x, kernel, stride, padding, dilation, p["ceil_mode"])
        return b(f"avg_pool{dims}d.default", b.x, kernel, stride, padding, p["ceil_mode"], p["count_include_pad"])

    optional = {"stride": None, "padding": 0, "ceil_mode": False}
    optional |= {"dilation": 1} if largest else {"count_include_pad": True}
    return LayerType(GROUP, shape, build, ("kernel_size",), optional)


def _adaptive(dims: int, *, largest: bool) -> LayerType:
    def shape(shapes: Sequence[Shape], p: Parameters) -> Shape:
        image(shapes, dims)
        wanted = many(p["output_size"], dims)
        if min(wanted) < 1:
            raise ValueError("a size has to be at least 1")
        return (*shapes[0][:2], *wanted)

    def build(b: Builder, p: Parameters) -> Node:
        wanted = many(p["output_size"], dims)
        if not largest:
            return b(f"adaptive_avg_pool{dims}d.default", b.x, wanted)
        import operator

        both = b(f"adaptive_max_pool{dims}d.default", b.x, wanted)
        return b.call(operator.getitem, "largest", (both, 0))

    return LayerType(GROUP, shape, build, ("output_size",))


_MODES = {
    1: {"nearest": "upsample_nearest1d", "linear": "upsample_linear1d"},
    2: {"nearest": "upsample_nearest2d", "bilinear": "upsample_bilinear2d", "bicubic": "upsample_bicubic2d"},
    3: {"nearest": "upsample_nearest3d", "trilinear": "upsample_trilinear3d"},
}


def _upsample() -> LayerType:
    def taken(shape: Shape, p: Parameters) -> tuple[str, list[int] | None, list[float] | None]:
        dims = len(shape) - 2
        mode = _MODES.get(dims, {}).get(p["mode"])
        if mode is None:
            raise MisfitError(f"the mode “{p['mode']}” is not for values with {dims} axes behind the channels")
        if (p["size"] is None) == (p["scale_factor"] is None):
            raise ValueError("it takes either size or scale_factor")
        if p["size"] is not None:
            return mode, many(p["size"], dims), None
        factor = p["scale_factor"]
        return mode, None, [float(f) for f in factor] if isinstance(factor, list) else [float(factor)] * dims

    def shape(shapes: Sequence[Shape], p: Parameters) -> Shape:
        _, wanted, factors = taken(shapes[0], p)
        sizes = wanted or [int((size or 0) * f) for size, f in zip(shapes[0][2:], factors or (), strict=True)]
        if min(sizes) < 1:
            raise ValueError("a size has to be at least 1")
        return (*shapes[0][:2], *sizes)

    def build(b: Builder, p: Parameters) -> Node:
        mode, sizes, factors = taken(b.shapes[0], p)
        corners = () if p["mode"] == "nearest" else (p["align_corners"],)
        return b(f"{mode}.vec", b.x, sizes, *corners, factors)

    modes = tuple(dict.fromkeys(mode for modes in _MODES.values() for mode in modes))
    optional = {"size": None, "scale_factor": None, "mode": "nearest", "align_corners": False}
    return LayerType(GROUP, shape, build, (), optional, words={"mode": modes})


def _shuffle(*, larger: bool) -> LayerType:
    key = "upscale_factor" if larger else "downscale_factor"

    def shape(shapes: Sequence[Shape], p: Parameters) -> Shape:
        height, width = image(shapes, 2)
        samples, depth, factor = shapes[0][0], shapes[0][1] or 0, p[key]
        if factor < 1:
            raise ValueError("the factor has to be at least 1")
        if larger:
            if depth % factor**2:
                raise MisfitError(f"it takes a multiple of {factor**2} channels, but is given {depth}")
            return (samples, depth // factor**2, (height or 0) * factor, (width or 0) * factor)
        if (height or 0) % factor or (width or 0) % factor:
            raise MisfitError(f"{height}×{width} cannot be parted into squares of {factor}")
        return (samples, depth * factor**2, (height or 0) // factor, (width or 0) // factor)

    name = "pixel_shuffle.default" if larger else "pixel_unshuffle.default"
    return LayerType(GROUP, shape, lambda b, p: b(name, b.x, p[key]), (key,))


def _pad(dims: int, kind: str) -> LayerType:
    """`padding` as torch.nn has it: one number, or (left, right, top, bottom, …), the last axis first."""

    def shape(shapes: Sequence[Shape], p: Parameters) -> Shape:
        sides = many(p["padding"], 2 * dims)
        sizes = list(image(shapes, dims))
        for number in range(dims):
            axis = -1 - number
            before, after, size = sides[2 * number], sides[2 * number + 1], sizes[axis] or 0
            if kind == "reflection" and max(before, after) >= size:
                raise MisfitError(f"it reflects {max(before, after)} of {size} values; there have to be more")
            if size + before + after < 1:
                raise MisfitError(f"nothing is left of {size} values")
            sizes[axis] = size + before + after
        return (*shapes[0][:2], *sizes)

    def build(b: Builder, p: Parameters) -> Node:
        sides = many(p["padding"], 2 * dims)
        if kind in {"zero", "constant"}:
            return b("constant_pad_nd.default", b.x, sides, float(p.get("value", 0.0)))
        return b(f"{kind}_pad{dims}d.default", b.x, sides)

    return LayerType(GROUP, shape, build, ("padding", "value") if kind == "constant" else ("padding",))


def _each(name: str, make: Callable[[int], LayerType]) -> dict[str, LayerType]:
    return {f"{name}{dims}d": make(dims) for dims in (1, 2, 3)}


TYPES: dict[str, LayerType] = {
    **_each("MaxPool", lambda dims: _pool(dims, largest=True)),
    **_each("AvgPool", lambda dims: _pool(dims, largest=False)),
    **_each("AdaptiveAvgPool", lambda dims: _adaptive(dims, largest=False)),
    **_each("AdaptiveMaxPool", lambda dims: _adaptive(dims, largest=True)),
    "Upsample": _upsample(),
    "PixelShuffle": _shuffle(larger=True),
    "PixelUnshuffle": _shuffle(larger=False),
    **_each("ZeroPad", lambda dims: _pad(dims, "zero")),
    **_each("ConstantPad", lambda dims: _pad(dims, "constant")),
    **_each("ReflectionPad", lambda dims: _pad(dims, "reflection")),
    **_each("ReplicationPad", lambda dims: _pad(dims, "replication")),
}
