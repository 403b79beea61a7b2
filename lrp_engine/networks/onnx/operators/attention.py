"""Attention opened into its products around a softmax, and rotary positions.

Values are (samples, heads, sequence, width); those with three axes hold the heads side by side in the last one.
"""

from __future__ import annotations

from math import inf, sqrt
from typing import Any

import torch
from torch import Tensor

from ..emitter import Emitter
from ..values import Call

aten = torch.ops.aten

LOWEST = torch.finfo(torch.float32).min  # instead of minus infinity, which makes nan of a row that holds nothing else


def apart(emit: Emitter, value: Any, heads: int) -> Any:
    """(samples, sequence, heads · width) as (samples, heads, sequence, width)."""
    return emit(aten.transpose.int, emit(aten.unflatten.int, value, 2, [heads, -1]), 1, 2)


def together(emit: Emitter, value: Any) -> Any:
    """The other way."""
    return emit(aten.flatten.using_ints, emit(aten.transpose.int, value, 1, 2), 2, 3)


class Mask:
    """Which keys a query may see: conditions, and numbers that are added to the scores.

    Attributes
    ----------
    allowed : Value or None
        True where it may be looked.
    added : Value or None
        A floating mask.
    """

    def __init__(self, emit: Emitter) -> None:
        self.emit = emit
        self.allowed: Any = None
        self.added: Any = None

    def allow(self, condition: Any) -> None:
        """Another condition."""
        both = condition if self.allowed is None else self.emit(aten.logical_and.default, self.allowed, condition)
        self.allowed = both

    def give(self, mask: Any) -> None:
        """A mask of either kind."""
        if self.emit.dtype(mask) is torch.bool:
            self.allow(mask)
        else:
            self.added = mask if self.added is None else self.emit(aten.add.Tensor, self.added, mask)

    def on_scores(self, scores: Any, lowest: float = LOWEST) -> Any:
        """The scores, as low as they get where nothing may be seen."""
        emit = self.emit
        if self.added is not None:
            bounded = emit(aten.clamp_min.default, self.added, lowest) if self._may_block() else self.added
            scores = emit(aten.add.Tensor, scores, bounded)
        if self.allowed is not None:
            scores = emit(aten.masked_fill.Scalar, scores, emit(aten.logical_not.default, self.allowed), lowest)
        return scores

    def on_weights(self, weights: Any) -> Any:
        """The attention, 0 where a row may see nothing."""
        emit = self.emit
        blocked = []
        if self.allowed is not None and not _every_row(self.allowed):
            blocked.append(emit(aten.logical_not.default, self.allowed))
        if self.added is not None and self._may_block():
            blocked.append(emit(aten.eq.Scalar, self.added, -inf))
        for one in blocked:
            weights = emit(aten.masked_fill.Scalar, weights, one, 0.0)
        return weights

    def _may_block(self) -> bool:
        return not isinstance(self.added, Tensor) or bool((self.added == -inf).any())


def _every_row(allowed: Any) -> bool:
    return isinstance(allowed, Tensor) and bool(allowed.any(-1).all())


def scores_of(emit: Emitter, q: Any, k: Any, scale: float) -> Any:
    """Q kᵀ · scale; fewer heads of keys are shared."""
    product = emit(aten.matmul.default, q, emit(aten.transpose.int, shared(emit, q, k), -2, -1))
    return emit(aten.mul.Tensor, product, scale)


def shared(emit: Emitter, q: Any, value: Any) -> Any:
    """Keys or values with as many heads as there are of queries."""
    times = emit.shape(q)[1] // emit.shape(value)[1]
    return value if times == 1 else emit(aten.repeat_interleave.self_int, value, times, 1)


def capped(emit: Emitter, scores: Any, cap: float) -> Any:
    """Bounded scores, cap · tanh(scores / cap); a cap of 0 is none."""
    if not cap:
        return scores
    return emit(aten.mul.Tensor, emit(aten.tanh.default, emit(aten.div.Tensor, scores, cap)), cap)


def attention(emit: Emitter, node: Call) -> Any:
    """Attention (opset 23): also with a cache, with fewer heads of keys, causal or within a window."""
    q, k, v = (node.input(place) for place in range(3))
    packed = emit.rank(q) == 3
    if packed:
        heads, of_keys = node.required("q_num_heads"), node.required("kv_num_heads")
        q, k, v = apart(emit, q, heads), apart(emit, k, of_keys), apart(emit, v, of_keys)
    past = 0
    if node.optional(4) is not None:
        past = emit.shape(node.input(4))[2]
        k = emit(aten.cat.default, [node.input(4), k], 2)
        v = emit(aten.cat.default, [node.input(5), v], 2)
    mask = _mask(emit, node, q, k, past)
    raw = scores_of(emit, q, k, node.attribute("scale") or 1 / sqrt(emit.shape(q)[-1]))
    scores = capped(emit, raw, node.attribute("softcap", 0.0))
    weights = mask.on_weights(emit(aten.softmax.int, mask.on_scores(scores), -1))
    result = emit(aten.matmul.default, weights, shared(emit, q, v))
    result = together(emit, result) if packed else result
    if node.outputs < 4:
        return result, k, v
    looked_at = {0: raw, 1: scores, 3: weights}
    mode = node.attribute("qk_matmul_output_mode", 0)
    return result, k, v, looked_at[mode] if mode in looked_at else mask.on_scores(scores, -inf)


def _mask(emit: Emitter, node: Call, q: Any, k: Any, past: int) -> Mask:
    mask, rows, columns = Mask(emit), emit.shape(q)[2], emit.shape(k)[2]
    if node.optional(3) is not None:
        given = node.input(3)
        missing = columns - emit.shape(given)[-1]
        if missing > 0:
            nothing = False if emit.dtype(given) is torch.bool else -inf
            given = emit(aten.constant_pad_nd.default, given, [0, missing], nothing)
        mask.give(given)
    valid, keys = node.optional(6), torch.arange(columns)
    offset: Any = past
    if valid is not None:  # of each sample the keys that are no padding
        valid = emit(aten.reshape.default, valid, [-1, 1, 1, 1])
        mask.allow(emit(aten.lt.Tensor, keys.reshape(1, 1, 1, -1), valid))
        offset = offset if past else emit(aten.sub.Tensor, valid, rows)
    position = emit(aten.add.Tensor, torch.arange(rows).reshape(-1, 1), offset)
    if node.attribute("is_causal", 0):
        mask.allow(emit(aten.le.Tensor, keys, position))
    left, right = node.attribute("left_window_size", -1), node.attribute("right_window_size", -1)
    if left >= 0:
        mask.allow(emit(aten.ge.Tensor, keys, emit(aten.sub.Tensor, position, left)))
    if right >= 0:
        mask.allow(emit(aten.le.Tensor, keys, emit(aten.add.Tensor, position, right)))
    return mask


# ---------------------------------------------------------------------------------------------------- rotary positions


def rotary(emit: Emitter, node: Call) -> Any:
    """RotaryEmbedding (opset 23)."""
    cosines, sines = (_at(emit, node.input(place), node.optional(3)) for place in (1, 2))
    return turned(emit, node, node.input(0), cosines, sines)


def _at(emit: Emitter, table: Any, positions: Any) -> Any:
    """The rows of a table for positions (samples, sequence); without positions it has them already."""
    return table if positions is None else emit(aten.index.Tensor, table, [emit.cast(positions, torch.int64)])


def turned(emit: Emitter, node: Call, x: Any, cosines: Any, sines: Any) -> Any:
    """Pairs of numbers turned by an angle.

    Parameters
    ----------
    x : Value
        (samples, heads, sequence, width), or the heads side by side.
    cosines, sines : Value
        (samples, sequence, half of what is turned).
    """
    packed = emit.rank(x) == 3
    x = apart(emit, x, node.required("num_heads")) if packed else x
    width = emit.shape(x)[-1]
    size = node.attribute("rotary_embedding_dim", 0) or width
    cosines, sines = (emit(aten.unsqueeze.default, one, -3) for one in (cosines, sines))
    part = x if size == width else emit(aten.slice.Tensor, x, -1, 0, size)
    if node.attribute("interleaved", 0):
        a, b = (emit(aten.slice.Tensor, part, -1, start, size, 2) for start in (0, 1))
    else:
        a, b = (emit(aten.slice.Tensor, part, -1, start, start + size // 2) for start in (0, size // 2))
    product = aten.mul.Tensor
    real = emit(aten.sub.Tensor, emit(product, a, cosines), emit(product, b, sines))
    imaginary = emit(aten.add.Tensor, emit(product, a, sines), emit(product, b, cosines))
    if node.attribute("interleaved", 0):
        whole = emit(aten.flatten.using_ints, emit(aten.stack.default, [real, imaginary], -1), -2, -1)
    else:
        whole = emit(aten.cat.default, [real, imaginary], -1)
    if size != width:
        whole = emit(aten.cat.default, [whole, emit(aten.slice.Tensor, x, -1, size, width)], -1)
    return together(emit, whole) if packed else whole


def scatter_into_cache(emit: Emitter, node: Call) -> Any:
    """TensorScatter: an update is written into a cache, from a place on."""
    cache, update, places = node.input(0), node.input(1), node.optional(2)
    axis = node.attribute("axis", -2) % emit.rank(cache)
    longest, count = emit.shape(cache)[axis], emit.shape(update)[axis]
    if places is None:
        return emit(aten.slice_scatter.default, cache, update, axis, 0, count)
    rank = emit.rank(cache)
    starts = emit(aten.reshape.default, emit.cast(places, torch.int64), [-1] + [1] * (rank - 1))
    steps = torch.arange(count).reshape([-1 if place == axis else 1 for place in range(rank)])
    index = emit(aten.add.Tensor, starts, steps)
    if node.attribute("mode", "linear") == "circular":
        index = emit(aten.remainder.Scalar, index, longest)
    index = emit(aten.expand.default, index, emit.sizes(update))
    return emit(aten.scatter.src, cache, axis, index, update)


OPERATORS = {"Attention": attention, "RotaryEmbedding": rotary, "TensorScatter": scatter_into_cache}
