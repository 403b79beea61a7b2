"""Matrix products."""

from __future__ import annotations

from typing import Any

import torch

from ..emitter import Emitter
from ..values import Call

aten = torch.ops.aten


def matmul(emit: Emitter, node: Call) -> Any:
    """MatMul."""
    return emit(aten.matmul.default, node.input(0), node.input(1))


def gemm(emit: Emitter, node: Call) -> Any:
    """Gemm: a dense layer where its bias is one number a unit, which is what exporters make of one."""
    a, b, c = node.input(0), node.input(1), node.optional(2)
    alpha, beta = node.attribute("alpha", 1.0), node.attribute("beta", 1.0)
    if node.attribute("transA", 0):
        a = emit(aten.t.default, a)
    if alpha != 1:
        b = emit(aten.mul.Tensor, b, alpha)
    if not node.attribute("transB", 0):
        b = emit(aten.t.default, b)
    if c is not None and beta != 1:
        c = emit(aten.mul.Tensor, c, beta)
    if c is None or (isinstance(c, torch.Tensor) and c.dim() == 1 and c.shape[0] == emit.shape(b)[0]):
        return emit(aten.linear.default, a, b, c)
    return emit(aten.add.Tensor, emit(aten.linear.default, a, b), c)


OPERATORS = {"MatMul": matmul, "Gemm": gemm}
