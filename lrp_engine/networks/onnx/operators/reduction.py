"""Operators that make one number of many: sums, means, largest values, norms, and running sums."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from ..emitter import Emitter
from ..values import Call
from .common import aten, axes_of, positive

Reduce = Callable[[Emitter, Any, list[int], bool], Any]


def _reducing(reduce: Reduce) -> Callable[[Emitter, Call], Any]:
    def operator(emit: Emitter, node: Call) -> Any:
        x = node.input(0)
        axes = axes_of(emit, node)
        if not axes:
            if node.attribute("noop_with_empty_axes", 0):
                return reduce(emit, x, [], True)
            axes = list(range(emit.rank(x)))
        axes = sorted(positive(axis, emit.rank(x)) for axis in axes)
        return reduce(emit, x, axes, bool(node.attribute("keepdims", 1)))

    return operator


def _sum(emit: Emitter, x: Any, axes: list[int], keep: bool) -> Any:
    return emit(aten.sum.dim_IntList, x, axes, keep, dtype=emit.dtype(x)) if axes else x


def _mean(emit: Emitter, x: Any, axes: list[int], keep: bool) -> Any:
    if emit.dtype(x).is_floating_point:
        return emit(aten.mean.dim, x, axes, keep) if axes else x
    total = emit(aten.mean.dim, emit.cast(x, torch.float64), axes, keep)
    return emit.cast(emit(aten.trunc.default, total), emit.dtype(x))


def _extreme(target: Any, *, largest: bool) -> Reduce:
    def reduce(emit: Emitter, x: Any, axes: list[int], keep: bool) -> Any:
        if not axes:
            return x
        if all(emit.shape(x)[axis] for axis in axes):
            return emit(target, x, axes, keep)
        dtype = emit.dtype(x)  # of nothing, the value that changes nothing
        info = torch.finfo(dtype) if dtype.is_floating_point else torch.iinfo(dtype) if dtype != torch.bool else None
        if info is None:
            value: Any = not largest
        elif dtype.is_floating_point:
            value = float("-inf") if largest else float("inf")
        else:
            value = info.min if largest else info.max
        zeros = emit(aten.sum.dim_IntList, x, axes, keep)
        return emit(aten.full_like.default, zeros, value, dtype=dtype)

    return reduce


def _product(emit: Emitter, x: Any, axes: list[int], keep: bool) -> Any:
    for axis in reversed(axes):
        x = emit(aten.prod.dim_int, x, axis, keep, dtype=emit.dtype(x))
    return x


def _l1(emit: Emitter, x: Any, axes: list[int], keep: bool) -> Any:
    return _sum(emit, emit(aten.abs.default, x), axes, keep)


def _squares(emit: Emitter, x: Any, axes: list[int], keep: bool) -> Any:
    return _sum(emit, emit(aten.mul.Tensor, x, x), axes, keep)


def _l2(emit: Emitter, x: Any, axes: list[int], keep: bool) -> Any:
    dtype = emit.dtype(x)
    if dtype.is_floating_point:
        return emit(aten.sqrt.default, _squares(emit, x, axes, keep))
    root = emit(aten.sqrt.default, emit.cast(_squares(emit, x, axes, keep), torch.float64))
    return emit.cast(root, dtype)


def _log_sum(emit: Emitter, x: Any, axes: list[int], keep: bool) -> Any:
    return emit(aten.log.default, _sum(emit, x, axes, keep))


def _log_sum_exp(emit: Emitter, x: Any, axes: list[int], keep: bool) -> Any:
    if not axes:
        return x
    if emit.dtype(x).is_floating_point:
        return emit(aten.logsumexp.default, x, axes, keep)
    total = emit(aten.logsumexp.default, emit.cast(x, torch.float64), axes, keep)
    return emit.cast(total, emit.dtype(x))


def _best(target: Any) -> Callable[[Emitter, Call], Any]:
    def operator(emit: Emitter, node: Call) -> Any:
        x, axis, keep = node.input(0), node.attribute("axis", 0), bool(node.attribute("keepdims", 1))
        if not node.attribute("select_last_index", 0):
            return emit(target, x, axis, keep)
        last = emit.shape(x)[axis] - 1
        return emit(aten.rsub.Scalar, emit(target, emit(aten.flip.default, x, [axis]), axis, keep), last)

    return operator


def _running(target: Any, neutral: float) -> Callable[[Emitter, Call], Any]:
    def operator(emit: Emitter, node: Call) -> Any:
        x = node.input(0)
        axis = positive(emit.integers(node.input(1))[0], emit.rank(x))
        size = emit.shape(x)[axis]
        if node.attribute("reverse", 0):
            x = emit(aten.flip.default, x, [axis])
        if node.attribute("exclusive", 0):
            first = emit(aten.slice.Tensor, x, axis, 0, size - 1)
            one = emit(aten.full_like.default, emit(aten.slice.Tensor, x, axis, 0, 1), neutral)
            x = emit(aten.cat.default, [one, first], axis)
        total = emit(target, x, axis, dtype=emit.dtype(x))
        return emit(aten.flip.default, total, [axis]) if node.attribute("reverse", 0) else total

    return operator


OPERATORS = {
    "ArgMax": _best(aten.argmax.default),
    "ArgMin": _best(aten.argmin.default),
    "CumProd": _running(aten.cumprod.default, 1),
    "CumSum": _running(aten.cumsum.default, 0),
    "ReduceL1": _reducing(_l1),
    "ReduceL2": _reducing(_l2),
    "ReduceLogSum": _reducing(_log_sum),
    "ReduceLogSumExp": _reducing(_log_sum_exp),
    "ReduceMax": _reducing(_extreme(aten.amax.default, largest=True)),
    "ReduceMean": _reducing(_mean),
    "ReduceMin": _reducing(_extreme(aten.amin.default, largest=False)),
    "ReduceProd": _reducing(_product),
    "ReduceSum": _reducing(_sum),
    "ReduceSumSquare": _reducing(_squares),
}
