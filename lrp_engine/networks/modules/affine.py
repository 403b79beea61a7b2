"""Layers with weights that are affine maps, lookups, and tensors of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .base import Builder, LayerType, MisfitError, Parameters, Shape, Slot, channels, image, many, windows

if TYPE_CHECKING:
    from torch.fx import Node

GROUP = "Layers with weights"


def _has_bias(p: Parameters) -> bool:
    return p["bias"]


def _linear() -> LayerType:
    def shape(shapes: Sequence[Shape], p: Parameters) -> Shape:
        channels(shapes[0], p["in_features"], axis=-1, what="features")
        return (*shapes[0][:-1], p["out_features"])

    return LayerType(
        GROUP,
        shape,
        lambda b, _: b("linear.default", b.x, b["weight"], b["bias"]),
        ("in_features", "out_features"),
        {"bias": True},
        (
            Slot("weight", lambda p: (p["out_features"], p["in_features"])),
            Slot("bias", lambda p: (p["out_features"],), _has_bias),
        ),
    )


def _convolution(dims: int) -> LayerType:
    def weight(p: Parameters) -> tuple[int, ...]:
        return (p["out_channels"], p["in_channels"] // p["groups"], *many(p["kernel_size"], dims))

    def shape(shapes: Sequence[Shape], p: Parameters) -> Shape:
        sizes = image(shapes, dims)
        channels(shapes[0], p["in_channels"])
        kernel, stride, dilation = (many(p[key], dims) for key in ("kernel_size", "stride", "dilation"))
        if p["padding"] == "same":
            if stride != [1] * dims:
                raise ValueError("padding “same” goes with stride 1 only")
            return (shapes[0][0], p["out_channels"], *sizes)
        padding = [0] * dims if p["padding"] == "valid" else many(p["padding"], dims)
        return (shapes[0][0], p["out_channels"], *windows(sizes, kernel, stride, padding, dilation))

    def build(b: Builder, p: Parameters) -> Node:
        stride, dilation = many(p["stride"], dims), many(p["dilation"], dims)
        worded = isinstance(p["padding"], str)
        padding = p["padding"] if worded else many(p["padding"], dims)
        overload = "padding" if worded else "default"
        return b(f"conv{dims}d.{overload}", b.x, b["weight"], b["bias"], stride, padding, dilation, p["groups"])

    return LayerType(
        GROUP,
        shape,
        build,
        ("in_channels", "out_channels", "kernel_size"),
        {"stride": 1, "padding": 0, "dilation": 1, "groups": 1, "bias": True},
        (Slot("weight", weight), Slot("bias", lambda p: (p["out_channels"],), _has_bias)),
        {"padding": ("same", "valid")},
    )


def _transposed(dims: int) -> LayerType:
    names = ("kernel_size", "stride", "padding", "output_padding", "dilation")

    def weight(p: Parameters) -> tuple[int, ...]:
        return (p["in_channels"], p["out_channels"] // p["groups"], *many(p["kernel_size"], dims))

    def shape(shapes: Sequence[Shape], p: Parameters) -> Shape:
        sizes = image(shapes, dims)
        channels(shapes[0], p["in_channels"])
        found = []
        columns = zip(sizes, *(many(p[name], dims) for name in names), strict=True)
        for size, kernel, stride, padding, more, dilation in columns:
            if min(kernel, stride, dilation) < 1 or padding < 0 or not 0 <= more < max(stride, dilation):
                raise ValueError("output_padding has to be smaller than the stride, and no size below 1")
            length = ((size or 0) - 1) * stride - 2 * padding + dilation * (kernel - 1) + more + 1
            if length < 1:
                raise MisfitError(f"nothing is left of {size} behind a padding of {padding}")
            found.append(length)
        return (shapes[0][0], p["out_channels"], *found)

    def build(b: Builder, p: Parameters) -> Node:
        _, stride, padding, more, dilation = (many(p[name], dims) for name in names)
        overload = "default" if dims == 1 else "input"
        target = f"conv_transpose{dims}d.{overload}"
        return b(target, b.x, b["weight"], b["bias"], stride, padding, more, p["groups"], dilation)

    return LayerType(
        GROUP,
        shape,
        build,
        ("in_channels", "out_channels", "kernel_size"),
        {"stride": 1, "padding": 0, "output_padding": 0, "dilation": 1, "groups": 1, "bias": True},
        (Slot("weight", weight), Slot("bias", lambda p: (p["out_channels"],), _has_bias)),
    )


def _embedding() -> LayerType:
    return LayerType(
        GROUP,
        lambda shapes, p: (*shapes[0], p["embedding_dim"]),
        lambda b, _: b("embedding.default", b["weight"], b.x),
        ("num_embeddings", "embedding_dim"),
        {},
        (Slot("weight", lambda p: (p["num_embeddings"], p["embedding_dim"])),),
        takes="tokens",
        note='reads an input with `"dtype": "int64"`',
    )


def _parameter() -> LayerType:
    def build(b: Builder, _: Parameters) -> Node:
        node = b[""]
        assert node is not None  # its slot is always there
        return node

    return LayerType(
        GROUP,
        lambda _, p: tuple(many(p["shape"], len(p["shape"]))),
        build,
        ("shape",),
        {},
        (Slot("", lambda p: tuple(p["shape"])),),
        inputs=(0, 0),
        note="a tensor of the weights as a value: positions, a class token; `shape` is all of its axes",
    )


TYPES: dict[str, LayerType] = {
    "Linear": _linear(),
    **{f"Conv{d}d": _convolution(d) for d in (1, 2, 3)},
    **{f"ConvTranspose{d}d": _transposed(d) for d in (1, 2, 3)},
    "Embedding": _embedding(),
    "Parameter": _parameter(),
}
