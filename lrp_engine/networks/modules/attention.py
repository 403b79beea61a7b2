"""Attention: torch.nn's multi-head attention and encoder layer, samples on the first axis, tokens on the second."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .base import Builder, LayerType, MisfitError, Parameters, Shape, Slot, say

if TYPE_CHECKING:
    from torch.fx import Node

GROUP = "Attention"


def _heads(width: int, heads: int) -> None:
    if heads < 1 or width % heads:
        raise ValueError(f"{width} features do not make {heads} heads of one size")


def _sequence(shape: Shape, width: int) -> None:
    if len(shape) != 3 or shape[2] != width:
        raise MisfitError(f"it takes tokens of {width} features, but is given {say(shape)}")


def _attend(b: Builder, inputs: Sequence[Node], p: dict[str, Any], prefix: str = "") -> Node:
    """softmax(q kᵀ / √d) v per head (Vaswani et al. 2017), between torch.nn.MultiheadAttention's projections."""
    width, heads = p["embed_dim"], p["num_heads"]
    weight, bias = b[f"{prefix}in_proj_weight"], b[f"{prefix}in_proj_bias"]
    if len(set(inputs)) == 1:
        together = b("linear.default", inputs[0], weight, bias)
        projected = [b("slice.Tensor", together, 2, n * width, (n + 1) * width) for n in range(3)]
    else:
        projected = []
        for number, node in enumerate(inputs):
            rows = (0, number * width, (number + 1) * width)
            own = None if bias is None else b("slice.Tensor", bias, *rows)
            projected.append(b("linear.default", node, b("slice.Tensor", weight, *rows), own))
    parted = [b("transpose.int", b("unflatten.int", one, 2, [heads, width // heads]), 1, 2) for one in projected]
    seen = b("scaled_dot_product_attention.default", *parted, None, 0.0, p["causal"])
    flat = b("flatten.using_ints", b("transpose.int", seen, 1, 2), 2, 3)
    return b("linear.default", flat, b[f"{prefix}out_proj.weight"], b[f"{prefix}out_proj.bias"])


def _attention_slots(width: str, prefix: str = "") -> tuple[Slot, ...]:
    def has_bias(p: Parameters) -> bool:
        return p["bias"]

    return (
        Slot(f"{prefix}in_proj_weight", lambda p: (3 * p[width], p[width])),
        Slot(f"{prefix}in_proj_bias", lambda p: (3 * p[width],), has_bias),
        Slot(f"{prefix}out_proj.weight", lambda p: (p[width], p[width])),
        Slot(f"{prefix}out_proj.bias", lambda p: (p[width],), has_bias),
    )


def _multihead() -> LayerType:
    def shape(shapes: Sequence[Shape], p: Parameters) -> Shape:
        _heads(p["embed_dim"], p["num_heads"])
        for one in shapes:
            _sequence(one, p["embed_dim"])
        if len(shapes) == 3 and shapes[1][1] != shapes[2][1]:
            raise MisfitError(f"there are {shapes[1][1]} keys but {shapes[2][1]} values")
        return shapes[0]

    def build(b: Builder, p: Parameters) -> Node:
        query, *others = b.inputs
        key = others[0] if others else query
        return _attend(b, (query, key, others[-1] if others else query), p)

    return LayerType(
        GROUP,
        shape,
        build,
        ("embed_dim", "num_heads"),
        {"bias": True, "causal": False},
        _attention_slots("embed_dim"),
        inputs=(1, 3),
        note="one input attends to itself; two are the query, and what it attends to; three are query, key and value",
    )


def _norm_slots(name: str) -> tuple[Slot, Slot]:
    return (
        Slot(f"{name}.weight", lambda p: (p["d_model"],)),
        Slot(f"{name}.bias", lambda p: (p["d_model"],), lambda p: p["bias"]),
    )


def _encoder_layer() -> LayerType:
    def shape(shapes: Sequence[Shape], p: Parameters) -> Shape:
        _heads(p["d_model"], p["nhead"])
        _sequence(shapes[0], p["d_model"])
        return shapes[0]

    def norm(b: Builder, x: Node, name: str, p: Parameters) -> Node:
        b.part(name, "LayerNorm")
        tensors = (b[f"{name}.weight"], b[f"{name}.bias"])
        return b("layer_norm.default", x, [p["d_model"]], *tensors, p["layer_norm_eps"])

    def attend(b: Builder, x: Node, p: Parameters) -> Node:
        b.part("self_attn", "MultiheadAttention")
        own = {"embed_dim": p["d_model"], "num_heads": p["nhead"], "causal": p["causal"]}
        return _attend(b, (x, x, x), own, "self_attn.")

    def feed(b: Builder, x: Node, p: Parameters) -> Node:
        inner = b.part("linear1", "Linear")("linear.default", x, b["linear1.weight"], b["linear1.bias"])
        words = {"relu": "ReLU", "gelu": "GELU"}
        active = b.part("activation", words[p["activation"]])(f"{p['activation']}.default", inner)
        return b.part("linear2", "Linear")("linear.default", active, b["linear2.weight"], b["linear2.bias"])

    def add(b: Builder, x: Node, y: Node, name: str) -> Node:
        return b.part(name, "Add")("add.Tensor", x, y)

    def build(b: Builder, p: Parameters) -> Node:
        if p["norm_first"]:
            x = add(b, b.x, attend(b, norm(b, b.x, "norm1", p), p), "add1")
            fed = feed(b, norm(b, x, "norm2", p), p)
            return b.part()("add.Tensor", x, fed)
        x = norm(b, add(b, b.x, attend(b, b.x, p), "add1"), "norm1", p)
        x = add(b, x, feed(b, x, p), "add2")
        tensors = (b["norm2.weight"], b["norm2.bias"])
        return b.part()("layer_norm.default", x, [p["d_model"]], *tensors, p["layer_norm_eps"])

    def has_bias(p: Parameters) -> bool:
        return p["bias"]

    return LayerType(
        GROUP,
        shape,
        build,
        ("d_model", "nhead"),
        {
            "dim_feedforward": 2048,
            "activation": "relu",
            "layer_norm_eps": 1e-5,
            "norm_first": False,
            "bias": True,
            "causal": False,
        },
        (
            *_attention_slots("d_model", "self_attn."),
            Slot("linear1.weight", lambda p: (p["dim_feedforward"], p["d_model"])),
            Slot("linear1.bias", lambda p: (p["dim_feedforward"],), has_bias),
            Slot("linear2.weight", lambda p: (p["d_model"], p["dim_feedforward"])),
            Slot("linear2.bias", lambda p: (p["d_model"],), has_bias),
            *_norm_slots("norm1"),
            *_norm_slots("norm2"),
        ),
        {"activation": ("relu", "gelu")},
        note="its parts are layers of their own: `NAME.self_attn`, `NAME.linear1` …",
    )


TYPES: dict[str, LayerType] = {"MultiheadAttention": _multihead(), "TransformerEncoderLayer": _encoder_layer()}
