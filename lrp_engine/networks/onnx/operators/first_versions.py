"""What ONNX's first versions had: operators that are gone, and broadcasting along a named axis."""

from __future__ import annotations

from typing import Any

from ..emitter import Emitter
from ..values import Call
from .common import aten, positive


def affine(emit: Emitter, node: Call) -> Any:
    """Affine: αx + β."""
    scaled = emit(aten.mul.Tensor, node.input(0), node.attribute("alpha", 1.0))
    return emit(aten.add.Tensor, scaled, node.attribute("beta", 0.0))


def scaled_tanh(emit: Emitter, node: Call) -> Any:
    """ScaledTanh: α tanh(βx)."""
    inner = emit(aten.mul.Tensor, node.input(0), node.attribute("beta", 1.0))
    return emit(aten.mul.Tensor, emit(aten.tanh.default, inner), node.attribute("alpha", 1.0))


def parametric_softplus(emit: Emitter, node: Call) -> Any:
    """ParametricSoftplus: α softplus(βx)."""
    inner = emit(aten.mul.Tensor, node.input(0), node.attribute("beta", 1.0))
    return emit(aten.mul.Tensor, emit(aten.softplus.default, inner), node.attribute("alpha", 1.0))


def scale(emit: Emitter, node: Call) -> Any:
    """Scale."""
    return emit(aten.mul.Tensor, node.input(0), node.attribute("scale", 1.0))


def image_scaler(emit: Emitter, node: Call) -> Any:
    """ImageScaler: scaled, then shifted for each channel."""
    x, bias = emit(aten.mul.Tensor, node.input(0), node.attribute("scale", 1.0)), node.attribute("bias")
    if not bias:
        return x
    shift = emit.tensor(bias, emit.dtype(x)).reshape([-1, *([1] * (emit.rank(x) - 2))])
    return emit(aten.add.Tensor, x, shift)


def crop(emit: Emitter, node: Call) -> Any:
    """Crop: what lies within a border, or as much as is wanted."""
    x, (left, top, right, bottom) = node.input(0), node.required("border")
    wanted = node.attribute("scale")
    for axis, before, after, size in ((2, top, bottom, 0), (3, left, right, 1)):
        end = before + wanted[size] if wanted else emit.shape(x)[axis] - after
        x = emit(aten.slice.Tensor, x, axis, before, end)
    return x


def operands(emit: Emitter, node: Call) -> tuple[Any, Any]:
    """The two operands; before opset 7 the second one's axes could begin at a named axis of the first."""
    a, b = node.input(0), node.input(1)
    axis = node.attribute("axis")
    if node.opset >= 7 or axis is None or not node.attribute("broadcast", 0):
        return a, b
    behind = emit.rank(a) - positive(axis, emit.rank(a)) - emit.rank(b)
    return a, emit(aten.reshape.default, b, [*emit.sizes(b), *([1] * behind)]) if behind > 0 else b


OPERATORS = {
    "Affine": affine,
    "Crop": crop,
    "ImageScaler": image_scaler,
    "ParametricSoftplus": parametric_softplus,
    "Scale": scale,
    "ScaledTanh": scaled_tanh,
}
