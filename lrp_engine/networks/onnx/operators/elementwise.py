"""Operations that treat each number for itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from ..emitter import Emitter
from ..values import Call

aten = torch.ops.aten


def _unary(target: Any) -> Callable[[Emitter, Call], Any]:
    return lambda emit, node: emit(target, node.input(0))


def _binary(target: Any) -> Callable[[Emitter, Call], Any]:
    return lambda emit, node: emit(target, node.input(0), node.input(1))


OPERATORS = {
    "Relu": _unary(aten.relu.default),
    "Sigmoid": _unary(aten.sigmoid.default),
    "Tanh": _unary(aten.tanh.default),
    "Add": _binary(aten.add.Tensor),
    "Sub": _binary(aten.sub.Tensor),
    "Mul": _binary(aten.mul.Tensor),
}
