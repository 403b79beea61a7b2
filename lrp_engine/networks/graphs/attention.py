"""Scaled dot-product attention opened up: the attention map becomes a value that one can look at."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, sqrt
from typing import NamedTuple

import torch
from torch.fx import Node

from .writing import Given, Writer

aten = torch.ops.aten


class Openers(NamedTuple):
    """Entries for the table of openers: operations with one value, and with several."""

    one: dict[str, Callable[[Writer, Given], Node | None]]
    several: dict[str, Callable[[Writer, Given, int], Node | None]]


def attention(w: Writer, g: Given, number: int = 0) -> Node | None:
    """softmax(q kᵀ · scale + mask) v (Vaswani et al. 2017), as torch computes it.

    The values are q (…, heads, query, width), k (…, heads, key, width), v (…, heads, key, width of v). Where nothing
    may be attended to, the row is 0: blocked scores are the lowest finite number, since an infinite one would make
    such a row nan.
    """
    queries, keys = g.shape("query"), g.shape("key")
    if number or g["dropout_p"]:
        return None
    q, k, v = g["query"], g["key"], g["value"]
    if g.get("enable_gqa", False):
        times = (queries[-3] or 0) // (keys[-3] or 1)
        k, v = (w(aten.repeat_interleave.self_int, one, times, -3) for one in (k, v))
    width = queries[-1]
    scale = g.get("scale")
    if (g["is_causal"] and None in (queries[-2], keys[-2])) or (scale is None and width is None):
        return None
    scale = 1 / sqrt(width or 1) if scale is None else scale
    scores = w(aten.mul.Tensor, w(aten.matmul.default, q, w(aten.transpose.int, k, -2, -1)), scale)
    lowest = torch.finfo(q.meta["dtype"]).min
    scores, empty = _masked(w, g, scores, lowest)
    weights = w(aten.softmax.int, scores, -1)
    if empty is not None:
        weights = w(aten.masked_fill.Scalar, weights, empty, 0.0)
    return w(aten.matmul.default, weights, v)


def _masked(w: Writer, g: Given, scores: Node, lowest: float) -> tuple[Node, Node | None]:
    """The scores behind the mask, and what has to be set to 0 after the softmax, if a row may be blocked wholly."""
    if g["is_causal"]:
        rows, columns = g.shape("query")[-2], g.shape("key")[-2]
        name = f"causal_mask_{rows}x{columns}"
        blocked = w.constant(name, torch.ones(rows or 0, columns or 0, dtype=torch.bool).triu(1))
        scores = w(aten.masked_fill.Scalar, scores, blocked, lowest)
    mask = g.get("attn_mask", g.get("attn_bias"))
    if mask is None:
        return scores, None
    value = w.fixed(mask)
    if mask.meta["dtype"] == torch.bool:
        blocked = w(aten.logical_not.default, mask)
        empty = None if value is not None and bool(value.any(-1).all()) else blocked
        return w(aten.masked_fill.Scalar, scores, blocked, lowest), empty
    if mask in w.live or (value is not None and not bool((value == -inf).any())):
        return w(aten.add.Tensor, scores, mask), None
    empty = w(aten.eq.Scalar, mask, -inf)
    if value is not None and not bool((value == -inf).all(-1).any()):
        empty = None
    return w(aten.add.Tensor, scores, w(aten.clamp_min.default, mask, lowest)), empty


_KERNELS = (
    *("_scaled_dot_product_flash_attention_for_cpu", "_scaled_dot_product_flash_attention"),
    *("_scaled_dot_product_efficient_attention", "_scaled_dot_product_cudnn_attention"),
)
ATTENTIONS = Openers(
    one={"scaled_dot_product_attention": attention},
    several=dict.fromkeys(_KERNELS, attention),
)
