"""Matrix products."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from ..emitter import Emitter
from ..values import Call
from .common import aten


def matmul(emit: Emitter, node: Call) -> Any:
    """MatMul: a dense layer where its second factor is one matrix of weights."""
    return product(emit, node.input(0), node.input(1))


def product(emit: Emitter, a: Any, b: Any) -> Any:
    """The matrix product of two values."""
    if isinstance(b, Tensor) and not isinstance(a, Tensor) and b.dim() == 2:
        return emit(aten.linear.default, a, emit(aten.t.default, b))
    return emit(aten.matmul.default, a, b)


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
    if c is None:
        return emit(aten.linear.default, a, b)
    if beta != 1:
        c = emit(aten.mul.Tensor, c, beta)
    units = emit.shape(b)[0]
    if isinstance(c, Tensor) and c.dim() == 2 and c.shape[0] == 1:
        c = emit(aten.reshape.default, c, [-1])
    if isinstance(c, Tensor) and c.dim() < 2 and c.numel() == 1 != units:
        c = emit(aten.expand.default, c, [units])
    if isinstance(c, Tensor) and tuple(c.shape) == (units,):
        return emit(aten.linear.default, a, b, c)
    return emit(aten.add.Tensor, emit(aten.linear.default, a, b), c)


def einsum(emit: Emitter, node: Call) -> Any:
    """Einsum."""
    equation = str(node.required("equation")).replace(" ", "")
    return emit(aten.einsum.default, equation, [node.input(place) for place in range(len(node.inputs))])


def determinant(emit: Emitter, node: Call) -> Any:
    """Det."""
    return emit(aten.linalg_det.default, node.input(0))


OPERATORS = {"MatMul": matmul, "Gemm": gemm, "Einsum": einsum, "Det": determinant}
