"""Attention without a softmax, step by step, and attention with parts of the file's own."""

from __future__ import annotations

from math import sqrt
from typing import Any

import torch

from ..emitter import Emitter
from ..values import Call
from .attention import apart, scores_of, shared, together
from .common import aten

_STEPS = 512


def linear_attention(emit: Emitter, node: Call) -> Any:
    """LinearAttention: a state that each step adds to, and reads from."""
    heads, of_keys = node.required("q_num_heads"), node.required("kv_num_heads")
    rule = node.attribute("update_rule", "gated_delta")
    q = apart(emit, node.input(0), heads)
    k, v = (apart(emit, node.input(place), of_keys) for place in (1, 2))
    scale = node.attribute("scale", 0.0) or 1 / sqrt(emit.shape(q)[-1])
    steps = emit.shape(q)[2]
    if steps > _STEPS:
        raise emit.refusal(f"its sequence of {steps} steps would be written out; export it for at most {_STEPS}")
    decay, beta = (_of_heads(emit, node.optional(place), of_keys) for place in (4, 5))
    if beta is None and "delta" in rule:
        beta = torch.ones(1, 1, steps, 1)
    if node.optional(3) is not None:
        state = node.input(3)
    else:
        sizes = [emit.size(k, 0), of_keys, emit.shape(k)[-1], emit.shape(v)[-1]]
        state = emit(aten.full.default, sizes, 0.0, dtype=emit.dtype(v))
    outputs = []
    for step in range(steps):
        query, key, value = (emit(aten.slice.Tensor, one, 2, step, step + 1) for one in (q, k, v))
        column = emit(aten.transpose.int, key, 2, 3)  # (samples, heads, width, 1)
        if "gated" in rule and decay is not None:
            by = emit(aten.exp.default, emit(aten.slice.Tensor, decay, 2, step, step + 1))
            state = emit(aten.mul.Tensor, state, emit(aten.transpose.int, by, 2, 3))
        if "delta" in rule:
            value = emit(aten.sub.Tensor, value, emit(aten.matmul.default, key, state))
            value = emit(aten.mul.Tensor, value, emit(aten.slice.Tensor, beta, 2, step, step + 1))
        state = emit(aten.add.Tensor, state, emit(aten.matmul.default, column, value))
        read = emit(aten.matmul.default, query, shared(emit, query, state))
        outputs.append(emit(aten.mul.Tensor, read, scale))
    whole = emit(aten.cat.default, outputs, 2) if len(outputs) > 1 else outputs[0]
    return together(emit, whole), state


def _of_heads(emit: Emitter, value: Any, heads: int) -> Any:
    """Numbers of each step and head, or of each step alone."""
    if value is None:
        return None
    return emit(aten.unsqueeze.default, value, 1) if emit.shape(value)[2] == 1 else apart(emit, value, heads)


def flex_attention(emit: Emitter, node: Call) -> Any:
    """FlexAttention: graphs of the file's own change the scores, and what the softmax makes of them."""
    q, k, v = (node.input(place) for place in range(3))
    scores = scores_of(emit, q, k, node.attribute("scale") or 1 / sqrt(emit.shape(q)[-1]))
    if node.attribute("score_mod") is not None:
        (scores,) = emit.body(node.attribute("score_mod"), scores)
    weights = emit(aten.softmax.int, scores, -1)
    if node.attribute("prob_mod") is not None:
        (weights,) = emit.body(node.attribute("prob_mod"), weights)
    return emit(aten.matmul.default, weights, shared(emit, q, v))


OPERATORS = {"LinearAttention": linear_attention, ("ai.onnx.preview", "FlexAttention"): flex_attention}
