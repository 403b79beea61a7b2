"""Norms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from .base import Builder, LayerType, MisfitError, Parameters, Shape, Slot, channels, image, many, say

if TYPE_CHECKING:
    from torch.fx import Node

GROUP = "Norms"


def _affine(p: Parameters) -> bool:
    return p["affine"]


def _of_channels(key: str) -> tuple[Slot, Slot]:
    return (
        Slot("weight", lambda p: (p[key],), _affine),
        Slot("bias", lambda p: (p[key],), _affine),
    )


def _channelwise(dims: int, *, flat: bool) -> Callable[[Sequence[Shape], Parameters], Shape]:
    """Each channel by itself; `flat`: features without further axes will do, too."""

    def shape(shapes: Sequence[Shape], p: Parameters) -> Shape:
        if not flat or len(shapes[0]) != 2:
            image(shapes, dims)
        channels(shapes[0], p["num_features"])
        return shapes[0]

    return shape


def _running(present: Callable[[Parameters], bool]) -> tuple[Slot, Slot]:
    return (
        Slot("running_mean", lambda p: (p["num_features"],), present, learned=False),
        Slot("running_var", lambda p: (p["num_features"],), present, learned=False),
    )


def _batch_norm(dims: int) -> LayerType:
    def build(b: Builder, p: Parameters) -> Node:
        tensors = (b["weight"], b["bias"], b["running_mean"], b["running_var"])
        return b("batch_norm.default", b.x, *tensors, False, 0.1, p["eps"], False)

    return LayerType(
        GROUP,
        _channelwise(dims, flat=dims == 1),
        build,
        ("num_features",),
        {"eps": 1e-5, "affine": True},
        (*_of_channels("num_features"), *_running(lambda _: True)),
    )


def _instance_norm(dims: int) -> LayerType:
    def build(b: Builder, p: Parameters) -> Node:
        tensors = (b["weight"], b["bias"], b["running_mean"], b["running_var"])
        return b("instance_norm.default", b.x, *tensors, not p["track_running_stats"], 0.1, p["eps"], False)

    return LayerType(
        GROUP,
        _channelwise(dims, flat=False),
        build,
        ("num_features",),
        {"eps": 1e-5, "affine": False, "track_running_stats": False},
        (*_of_channels("num_features"), *_running(lambda p: p["track_running_stats"])),
    )


def _group_norm() -> LayerType:
    def shape(shapes: Sequence[Shape], p: Parameters) -> Shape:
        channels(shapes[0], p["num_channels"])
        if p["num_channels"] % p["num_groups"]:
            raise ValueError(f"{p['num_channels']} channels do not make {p['num_groups']} groups of one size")
        return shapes[0]

    return LayerType(
        GROUP,
        shape,
        lambda b, p: b("group_norm.default", b.x, p["num_groups"], b["weight"], b["bias"], p["eps"], False),
        ("num_groups", "num_channels"),
        {"eps": 1e-5, "affine": True},
        _of_channels("num_channels"),
    )


def _normalized(p: Parameters) -> tuple[int, ...]:
    shape = p["normalized_shape"]
    return tuple(shape) if isinstance(shape, list) else (shape,)


def _last_axes(shapes: Sequence[Shape], p: Parameters) -> Shape:
    wanted = _normalized(p)
    if len(shapes[0]) <= len(wanted) or shapes[0][-len(wanted) :] != wanted:
        raise MisfitError(f"it takes {say(wanted)} as the last axes, but is given {say(shapes[0])}")
    return shapes[0]


def _layer_norm() -> LayerType:
    return LayerType(
        GROUP,
        _last_axes,
        lambda b, p: b(
            "layer_norm.default", b.x, many(list(_normalized(p)), len(_normalized(p))), b["weight"], b["bias"], p["eps"]
        ),
        ("normalized_shape",),
        {"eps": 1e-5, "elementwise_affine": True, "bias": True},
        (
            Slot("weight", _normalized, lambda p: p["elementwise_affine"]),
            Slot("bias", _normalized, lambda p: p["elementwise_affine"] and p["bias"]),
        ),
    )


def _rms_norm() -> LayerType:
    return LayerType(
        GROUP,
        _last_axes,
        lambda b, p: b("rms_norm.default", b.x, list(_normalized(p)), b["weight"], p["eps"]),
        ("normalized_shape",),
        {"eps": None, "elementwise_affine": True},
        (Slot("weight", _normalized, lambda p: p["elementwise_affine"]),),
    )


TYPES: dict[str, LayerType] = {
    **{f"BatchNorm{d}d": _batch_norm(d) for d in (1, 2, 3)},
    **{f"InstanceNorm{d}d": _instance_norm(d) for d in (1, 2, 3)},
    "GroupNorm": _group_norm(),
    "LayerNorm": _layer_norm(),
    "RMSNorm": _rms_norm(),
}
