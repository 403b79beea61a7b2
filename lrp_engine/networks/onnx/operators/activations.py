"""Activations."""

from __future__ import annotations

import math
from typing import Any

from torch import Tensor

from ..emitter import Emitter
from ..values import Call
from .common import aten, unary

_SELU_ALPHA = 1.67326319217681884765625
_SELU_GAMMA = 1.05070102214813232421875


def gelu(emit: Emitter, node: Call) -> Any:
    """Gelu, exact or by tanh."""
    return emit(aten.gelu.default, node.input(0), approximate=node.attribute("approximate", "none"))


def leaky_relu(emit: Emitter, node: Call) -> Any:
    """LeakyRelu."""
    return emit(aten.leaky_relu.default, node.input(0), node.attribute("alpha", 0.01))


def elu(emit: Emitter, node: Call) -> Any:
    """Elu."""
    return emit(aten.elu.default, node.input(0), node.attribute("alpha", 1.0))


def celu(emit: Emitter, node: Call) -> Any:
    """Celu."""
    return emit(aten.celu.default, node.input(0), node.attribute("alpha", 1.0))


def selu(emit: Emitter, node: Call) -> Any:
    """Selu, with any constants."""
    alpha, gamma = node.attribute("alpha", _SELU_ALPHA), node.attribute("gamma", _SELU_GAMMA)
    if math.isclose(alpha, _SELU_ALPHA, rel_tol=1e-4) and math.isclose(gamma, _SELU_GAMMA, rel_tol=1e-4):
        return emit(aten.selu.default, node.input(0))
    return emit(aten.elu.default, node.input(0), alpha, gamma)


def prelu(emit: Emitter, node: Call) -> Any:
    """PRelu: a slope for each channel, or for whatever it is broadcast over."""
    x, slope = node.input(0), node.input(1)
    rank, shape = emit.rank(x), emit.shape(slope)
    each = len(shape) == rank - 1 and all(size == 1 for size in shape[1:])
    if rank > 1 and isinstance(slope, Tensor) and (slope.numel() == 1 or (each and shape[0] == emit.shape(x)[1])):
        return emit(aten.prelu.default, x, emit(aten.reshape.default, slope, [-1]))
    if node.opset < 7 and len(shape) == 1 and rank > 2:  # before, a slope's one axis was that of the channels
        slope = emit.reshape(slope, [-1, *([1] * (rank - 2))])
    bent = emit(aten.mul.Tensor, x, slope)
    return emit(aten.where.self, emit(aten.lt.Scalar, x, 0), bent, x)


def thresholded_relu(emit: Emitter, node: Call) -> Any:
    """ThresholdedRelu."""
    return emit(aten.threshold.default, node.input(0), node.attribute("alpha", 1.0), 0.0)


def softplus(emit: Emitter, node: Call) -> Any:
    """Softplus."""
    return emit(aten.softplus.default, node.input(0))


def softsign(emit: Emitter, node: Call) -> Any:
    """Softsign, as PyTorch has it written out."""
    x = node.input(0)
    return emit(aten.div.Tensor, x, emit(aten.add.Tensor, emit(aten.abs.default, x), 1))


def hard_sigmoid(emit: Emitter, node: Call) -> Any:
    """HardSigmoid: PyTorch's, or with other slopes a ramp between 0 and 1."""
    x, alpha, beta = node.input(0), node.attribute("alpha", 0.2), node.attribute("beta", 0.5)
    if math.isclose(alpha, 1 / 6, rel_tol=1e-5) and beta == 0.5:
        return emit(aten.hardsigmoid.default, x)
    ramp = emit(aten.add.Tensor, emit(aten.mul.Tensor, x, alpha), beta)
    return emit(aten.clamp.default, ramp, 0.0, 1.0)


def swish(emit: Emitter, node: Call) -> Any:
    """Swish: x times the sigmoid of αx."""
    x, alpha = node.input(0), node.attribute("alpha", 1.0)
    if alpha == 1:
        return emit(aten.silu.default, x)
    return emit(aten.mul.Tensor, x, emit(aten.sigmoid.default, emit(aten.mul.Tensor, x, alpha)))


def shrink(emit: Emitter, node: Call) -> Any:
    """Shrink: nothing below `lambd`, what is above comes nearer to 0 by `bias`."""
    x, bias, edge = node.input(0), node.attribute("bias", 0.0), node.attribute("lambd", 0.5)
    if emit.dtype(x).is_floating_point and bias == 0:
        return emit(aten.hardshrink.default, x, edge)
    if emit.dtype(x).is_floating_point and bias == edge:
        return emit(aten.softshrink.default, x, edge)
    dtype = emit.dtype(x)
    above, below = emit(aten.sub.Tensor, x, bias), emit(aten.add.Tensor, x, bias)
    rest = emit(aten.where.self, emit(aten.lt.Scalar, x, -edge), below, emit(aten.zeros_like.default, below))
    return emit.cast(emit(aten.where.self, emit(aten.gt.Scalar, x, edge), above, rest), dtype)


def swiglu(emit: Emitter, node: Call) -> Any:
    """SwiGLU: the swish of the first input times the second."""
    return emit(aten.mul.Tensor, swish(emit, node), node.input(1))


OPERATORS = {
    "Celu": celu,
    "Elu": elu,
    "Gelu": gelu,
    "HardSigmoid": hard_sigmoid,
    "HardSwish": unary(aten.hardswish.default),
    "LeakyRelu": leaky_relu,
    "Mish": unary(aten.mish.default),
    "PRelu": prelu,
    "Relu": unary(aten.relu.default),
    "Selu": selu,
    "Shrink": shrink,
    "Sigmoid": unary(aten.sigmoid.default),
    "Softplus": softplus,
    "Softsign": softsign,
    "SwiGLU": swiglu,
    "Swish": swish,
    "Tanh": unary(aten.tanh.default),
    "ThresholdedRelu": thresholded_relu,
}
