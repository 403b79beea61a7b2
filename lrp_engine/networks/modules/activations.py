"""Activations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .base import Builder, LayerType, MisfitError, Parameters, Shape, Slot, axis_of, same, unit_axis

if TYPE_CHECKING:
    from torch.fx import Node

GROUP = "Activations"


def _plain(operation: str, **optional: Any) -> LayerType:
    """A function of each value; its parameters are passed on in their order."""
    return LayerType(GROUP, same, lambda b, p: b(operation, b.x, *(p[name] for name in optional)), optional=optional)


def _gelu() -> LayerType:
    return LayerType(
        GROUP,
        same,
        lambda b, p: b("gelu.default", b.x, approximate=p["approximate"]),
        optional={"approximate": "none"},
        words={"approximate": ("none", "tanh")},
    )


def _softmax(operation: str) -> LayerType:
    def shape(shapes: Sequence[Shape], p: Parameters) -> Shape:
        unit_axis(p["dim"], shapes[0], "compares")
        return shapes[0]

    return LayerType(GROUP, shape, lambda b, p: b(operation, b.x, p["dim"]), optional={"dim": -1})


def _glu() -> LayerType:
    def shape(shapes: Sequence[Shape], p: Parameters) -> Shape:
        axis = unit_axis(p["dim"], shapes[0], "gates")
        size = shapes[0][axis] or 0
        if size % 2:
            raise MisfitError(f"it halves axis {axis}, whose size {size} is odd")
        return tuple(size // 2 if at == axis else other for at, other in enumerate(shapes[0]))

    return LayerType(GROUP, shape, lambda b, p: b("glu.default", b.x, p["dim"]), optional={"dim": -1})


def _prelu() -> LayerType:
    def shape(shapes: Sequence[Shape], p: Parameters) -> Shape:
        count = p["num_parameters"]
        if count != 1 and shapes[0][axis_of(1, shapes[0])] != count:
            raise MisfitError(f"it has {count} slopes for {shapes[0][1]} channels")
        return shapes[0]

    return LayerType(
        GROUP,
        shape,
        lambda b, _: b("prelu.default", b.x, b["weight"]),
        optional={"num_parameters": 1},
        slots=(Slot("weight", lambda p: (p["num_parameters"],)),),
    )


def _softsign(b: Builder, _: Parameters) -> Node:
    return b("div.Tensor", b.x, b("add.Scalar", b("abs.default", b.x), 1))


TYPES: dict[str, LayerType] = {
    "ReLU": _plain("relu.default"),
    "ReLU6": _plain("relu6.default"),
    "LeakyReLU": _plain("leaky_relu.default", negative_slope=0.01),
    "PReLU": _prelu(),
    "ELU": _plain("elu.default", alpha=1.0),
    "CELU": _plain("celu.default", alpha=1.0),
    "SELU": _plain("selu.default"),
    "GELU": _gelu(),
    "SiLU": _plain("silu.default"),
    "Mish": _plain("mish.default"),
    "Tanh": _plain("tanh.default"),
    "Hardtanh": _plain("hardtanh.default", min_val=-1.0, max_val=1.0),
    "Hardswish": _plain("hardswish.default"),
    "Hardsigmoid": _plain("hardsigmoid.default"),
    "Hardshrink": _plain("hardshrink.default", lambd=0.5),
    "Softshrink": _plain("softshrink.default", lambd=0.5),
    "Softplus": _plain("softplus.default", beta=1.0, threshold=20.0),
    "Softsign": LayerType(GROUP, same, _softsign),
    "Sigmoid": _plain("sigmoid.default"),
    "LogSigmoid": _plain("log_sigmoid.default"),
    "Threshold": LayerType(
        GROUP, same, lambda b, p: b("threshold.default", b.x, p["threshold"], p["value"]), ("threshold", "value")
    ),
    "GLU": _glu(),
    "Softmax": _softmax("softmax.int"),
    "LogSoftmax": _softmax("log_softmax.int"),
}
