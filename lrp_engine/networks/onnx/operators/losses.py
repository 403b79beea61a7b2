"""Losses, and other operators that a file for training may hold."""

from __future__ import annotations

from typing import Any

import torch

from ..emitter import Emitter
from ..values import Call
from .common import aten


def negative_log_likelihood(emit: Emitter, node: Call) -> Any:
    """NegativeLogLikelihoodLoss."""
    return _loss(emit, node, node.input(0))


def cross_entropy(emit: Emitter, node: Call) -> Any:
    """SoftmaxCrossEntropyLoss; its second output is the log-softmax."""
    logs = emit(aten.log_softmax.int, node.input(0), 1)
    loss = _loss(emit, node, logs)
    return (loss, logs) if node.outputs > 1 else loss


def _loss(emit: Emitter, node: Call, logs: Any) -> Any:
    target, weight = emit.cast(node.input(1), torch.int64), node.optional(2)
    ignored, reduction = node.attribute("ignore_index"), node.attribute("reduction", "mean")
    counted = None
    if ignored is not None:
        counted = emit(aten.ne.Scalar, target, ignored)
        target = emit(aten.where.self, counted, target, emit(aten.zeros_like.default, target))
    chosen = emit(aten.gather.default, logs, 1, emit(aten.unsqueeze.default, target, 1))
    loss = emit(aten.neg.default, emit(aten.squeeze.dim, chosen, 1))
    share = None
    if weight is not None:
        flat = emit(aten.index_select.default, weight, 0, emit.reshape(target, [-1]))
        share = emit.reshape(flat, emit.sizes(target))
    if counted is not None:
        mask = emit.cast(counted, emit.dtype(loss))
        share = mask if share is None else emit(aten.mul.Tensor, share, mask)
    if share is not None:
        loss = emit(aten.mul.Tensor, loss, share)
    if reduction == "none":
        return loss
    total = emit(aten.sum.default, loss)
    if reduction == "sum":
        return total
    return (
        emit(aten.mean.default, loss) if share is None else emit(aten.div.Tensor, total, emit(aten.sum.default, share))
    )


OPERATORS = {
    "NegativeLogLikelihoodLoss": negative_log_likelihood,
    "SoftmaxCrossEntropyLoss": cross_entropy,
}
