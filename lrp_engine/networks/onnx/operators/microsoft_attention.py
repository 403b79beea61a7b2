"""onnxruntime's attentions, opened into their products around a softmax."""

from __future__ import annotations

from math import sqrt
from typing import Any

import torch

from ..emitter import Emitter
from ..guards import bounded
from ..values import Call
from .attention import Mask, apart, capped, scores_of, shared, together, turned
from .common import aten

_DOMAIN = "com.microsoft"


def attention(emit: Emitter, node: Call) -> Any:
    """Attention: one matrix makes queries, keys and values."""
    x, weight, bias = node.input(0), node.input(1), node.optional(2)
    heads, whole = node.required("num_heads"), emit.shape(weight)[1]
    if node.attribute("do_rotary", 0):
        raise emit.refusal("its rotary positions are made inside it; export the network without this fusion")
    widths = list(node.attribute("qkv_hidden_sizes") or [whole // 3] * 3)
    projected = emit.run("MatMul", x, weight)
    projected = projected if bias is None else emit.run("Add", projected, bias)
    ends = [sum(widths[: number + 1]) for number in range(3)]
    q, k, v = (
        apart(emit, emit(aten.slice.Tensor, projected, 2, end - width, end), heads)
        for end, width in zip(ends, widths, strict=True)
    )
    present = None
    if node.optional(4) is not None:  # both parts of a cache stand in one value
        k = emit(aten.cat.default, [emit(aten.select.int, node.input(4), 0, 0), k], 2)
        v = emit(aten.cat.default, [emit(aten.select.int, node.input(4), 0, 1), v], 2)
    if node.outputs > 1:
        present = emit(aten.stack.default, [k, v], 0)
    mask = Mask(emit)
    if node.optional(3) is not None:
        _index(emit, node, mask, node.input(3), emit.shape(k)[2])
    if node.optional(5) is not None:
        mask.give(node.input(5))
    if node.attribute("unidirectional", 0):
        mask.allow(_before(emit, q, k))
    y = _looked(emit, node, q, k, v, mask)
    return (y, present)[: max(node.outputs, 1)]


def _looked(emit: Emitter, node: Call, q: Any, k: Any, v: Any, mask: Mask) -> Any:
    """The attention itself, its heads side by side again."""
    scores = scores_of(emit, q, k, node.attribute("scale", 0.0) or 1 / sqrt(emit.shape(q)[-1]))
    scores = mask.on_scores(capped(emit, scores, node.attribute("softcap", 0.0)))
    weights = emit(aten.softmax.int, scores, -1)
    return together(emit, emit(aten.matmul.default, weights, shared(emit, q, v)))


def _before(emit: Emitter, q: Any, k: Any) -> Any:
    """Whether a key stands not behind its query; the last ones of both stand at the same place."""
    rows, columns = emit.shape(q)[2], emit.shape(k)[2]
    bounded(rows, columns)
    return torch.arange(columns) <= torch.arange(rows).reshape(-1, 1) + columns - rows


def _index(emit: Emitter, node: Call, mask: Mask, index: Any, keys: int) -> None:
    """A mask of whole numbers: which keys there are, or how many of each sample."""
    rank, places = emit.rank(index), torch.arange(keys)
    lowest = node.attribute("mask_filter_value", -10000.0)
    if rank == 1:
        samples = emit.shape(node.input(0))[0]
        if emit.shape(index)[0] != samples:
            raise emit.refusal("its mask gives a first and last key for each sample, which this version does not read")
        kept = emit(aten.lt.Tensor, places, emit(aten.reshape.default, index, [-1, 1]))
        rank = 2
    else:
        kept = emit(aten.ne.Scalar, index, 0)
    if rank == 2:
        kept = emit(aten.unsqueeze.default, emit(aten.unsqueeze.default, kept, 1), 1)
    elif rank == 3:
        kept = emit(aten.unsqueeze.default, kept, 1)
    hidden = emit.cast(emit(aten.logical_not.default, kept), torch.float32)
    mask.give(emit(aten.mul.Tensor, hidden, float(lowest)))


def multi_head(emit: Emitter, node: Call) -> Any:
    """MultiHeadAttention: of queries, keys and values that other nodes made."""
    q, k, v, bias = node.input(0), node.optional(1), node.optional(2), node.optional(3)
    heads, mask = node.required("num_heads"), Mask(emit)
    if emit.rank(q) == 5:  # (samples, sequence, heads, 3, width)
        q, k, v = (emit(aten.transpose.int, emit(aten.select.int, q, 3, part), 1, 2) for part in range(3))
    elif k is not None and emit.rank(k) == 5:
        q = apart(emit, _biased(emit, q, bias, 0), heads)
        k, v = (emit(aten.transpose.int, emit(aten.select.int, k, 3, part), 1, 2) for part in range(2))
    else:
        k, v = q if k is None else k, q if v is None else v
        start = [0, emit.shape(q)[-1]]
        q = apart(emit, _biased(emit, q, bias, start[0]), heads)
        if emit.rank(k) == 4:  # the keys and values of another sequence, which have their heads already
            pass
        else:
            start.append(start[1] + emit.shape(k)[-1])
            k = apart(emit, _biased(emit, k, bias, start[1]), heads)
            v = apart(emit, _biased(emit, v, bias, start[2]), heads)
    if node.optional(6) is not None:
        k = emit(aten.cat.default, [node.input(6), k], 2)
        v = emit(aten.cat.default, [node.input(7), v], 2)
    if node.optional(4) is not None:
        _index(emit, node, mask, node.input(4), emit.shape(k)[2])
    if node.optional(5) is not None:
        mask.give(node.input(5))
    if node.attribute("unidirectional", 0):
        mask.allow(_before(emit, q, k))
    return (_looked(emit, node, q, k, v, mask), k, v)[: max(node.outputs, 1)]


def _biased(emit: Emitter, x: Any, bias: Any, start: int) -> Any:
    if bias is None:
        return x
    part = emit(aten.slice.Tensor, bias, 0, start, start + emit.shape(x)[-1])
    return emit.run("Add", x, part)


def group_query(emit: Emitter, node: Call) -> Any:
    """GroupQueryAttention: fewer heads of keys, a cache, and rotary positions; causal."""
    heads, of_keys = node.required("num_heads"), node.required("kv_num_heads")
    q, k, v = node.input(0), node.optional(1), node.optional(2)
    if node.attribute("smooth_softmax", 0) or node.optional(11) is not None:
        raise emit.refusal("its softmax has a sink, which this version does not compute")
    if k is None:  # all three stand side by side
        width = emit.shape(q)[-1] // (heads + 2 * of_keys)
        ends = [heads * width, (heads + of_keys) * width, (heads + 2 * of_keys) * width]
        whole = q
        q, k, v = (emit(aten.slice.Tensor, whole, 2, a, b) for a, b in zip([0, *ends], ends, strict=False))
    q, k, v = apart(emit, q, heads), apart(emit, k, of_keys), apart(emit, v, of_keys)
    past = 0 if node.optional(3) is None else emit.shape(node.input(3))[2]
    if node.attribute("do_rotary", 0):
        positions = node.optional(9)
        if positions is None:
            positions = torch.arange(past, past + emit.shape(q)[2]).reshape(1, -1)
        q, k = (_turned(emit, node, one, positions) for one in (q, k))
    if past:
        k = emit(aten.cat.default, [node.input(3), k], 2)
        v = emit(aten.cat.default, [node.input(4), v], 2)
    mask, rows, columns = Mask(emit), emit.shape(q)[2], emit.shape(k)[2]
    bounded(rows, columns)
    place, keys = torch.arange(rows).reshape(-1, 1) + columns - rows, torch.arange(columns)
    mask.allow(keys <= place)
    window = node.attribute("local_window_size", -1)
    if window > 0:
        mask.allow(keys > place - window)
    if node.optional(10) is not None:
        mask.give(node.input(10))
    return (_looked(emit, node, q, k, v, mask), k, v)[: max(node.outputs, 1)]


def rotary(emit: Emitter, node: Call) -> Any:
    """RotaryEmbedding: positions are given for each sample, or where the first one stands."""
    x, positions = node.input(0), node.input(1)
    length = emit.shape(x)[-2] if emit.rank(x) == 4 else emit.shape(x)[1]
    if emit.rank(positions) == 1:
        first = emit(aten.reshape.default, positions, [1, 1])
        positions = emit(aten.add.Tensor, first, torch.arange(length).reshape(1, -1))
    cosines, sines = (_rows(emit, node.input(place), positions) for place in (2, 3))
    attributes = dict(node.attributes)
    if emit.rank(x) == 3 and not attributes.get("num_heads"):
        attributes["num_heads"] = emit.shape(x)[-1] // (2 * emit.shape(cosines)[-1])
    inner = Call(node.name, node.operation, node.domain, node.opset, node.inputs, attributes, 1)
    return turned(emit, inner, x, cosines, sines)


def _turned(emit: Emitter, node: Call, x: Any, positions: Any) -> Any:
    cosines, sines = (_rows(emit, node.input(place), positions) for place in (7, 8))
    size = 2 * emit.shape(cosines)[-1]
    attributes = {"interleaved": node.attribute("rotary_interleaved", 0), "rotary_embedding_dim": size}
    inner = Call(node.name, node.operation, node.domain, node.opset, node.inputs, attributes, 1)
    return turned(emit, inner, x, cosines, sines)


def _rows(emit: Emitter, table: Any, positions: Any) -> Any:
    return emit(aten.index.Tensor, table, [emit.cast(positions, torch.int64)])


OPERATORS = {
    (_DOMAIN, "Attention"): attention,
    (_DOMAIN, "GroupQueryAttention"): group_query,
    (_DOMAIN, "MultiHeadAttention"): multi_head,
    (_DOMAIN, "RotaryEmbedding"): rotary,
}
