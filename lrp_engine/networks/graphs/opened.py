"""The canonical form: compound operations are opened into plain ones, so that each node has one tensor and one rule.

Attention becomes matrix products around a softmax, a gated linear unit a product with a sigmoid, a split its slices,
a batch norm one node. What the network computes stays the same.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor
from torch.fx import Graph, Node

from .attention import ATTENTIONS
from .graph import live_nodes, operation_name
from .writing import Given, Writer

aten = torch.ops.aten

# One value: what stands in the node's place, or None to leave it. Several values: the same for one of them, by number.
One = Callable[[Writer, Given], Node | None]
Several = Callable[[Writer, Given, int], Node | None]


def canonical(graph: Graph, tensors: dict[str, Tensor]) -> bool:
    """Rewrite compound operations in place; the nodes' shapes have to be known.

    Parameters
    ----------
    graph : torch.fx.Graph
    tensors : dict
        Weights and constants by `get_attr` name; a causal mask is added to them.

    Returns
    -------
    bool
        Whether there are nodes now whose shapes are not known.
    """
    writer = Writer(graph, tensors, live_nodes(graph))
    for node in list(graph.nodes):
        if node.op != "call_function":
            continue
        name = operation_name(node)
        if name.startswith("_assert") and not node.users:
            graph.erase_node(node)
        elif name in _VIEWS:
            node.target = aten.reshape.default
        else:
            new = ONE[name](writer.at(node), Given(node)) if name in ONE else None
            if new is not None:
                writer.put(node, new)
            elif name in SEVERAL:
                _each(writer, node, SEVERAL[name])
    graph.eliminate_dead_code()
    return writer.leaves_unknown


def _each(writer: Writer, node: Node, build: Several) -> None:
    for reader in list(node.users):
        if reader.target is operator.getitem and isinstance(reader.args[1], int):
            new = build(writer.at(reader), Given(node), reader.args[1])
            if new is not None:
                writer.put(reader, new)


# ------------------------------------------------------------------------------------------------ parts of a tensor


def _cut(w: Writer, x: Node, axis: int, start: int, stop: int) -> Node:
    return w(aten.slice.Tensor, x, axis, start, stop)


def _part(w: Writer, g: Given, number: int, sizes: Callable[[Given, int], list[int]]) -> Node | None:
    axis = g["dim"] % len(g.shape("self"))
    length = g.shape("self")[axis]
    if length is None:
        return None  # along the samples: their number is open
    ends = sizes(g, length)
    return _cut(w, g["self"], axis, sum(ends[:number]), min(sum(ends[: number + 1]), length))


def _equal(g: Given, length: int) -> list[int]:
    """The parts of `split` (all of one size) and of `split_with_sizes`."""
    size = g.first("split_size", "split_sizes")
    return list(size) if isinstance(size, list | tuple) else [size] * -(-length // size)


def _chunks(g: Given, length: int) -> list[int]:
    size = -(-length // g["chunks"])
    return [size] * -(-length // size)


def _tensor_split(g: Given, length: int) -> list[int]:
    if "indices" in g:
        ends = [0, *(min(i % length if i < 0 else i, length) for i in g["indices"]), length]
        return [b - a for a, b in pairwise(ends)]
    sections = g["sections"]
    return [length // sections + (number < length % sections) for number in range(sections)]


def _glu(w: Writer, g: Given) -> Node | None:
    axis = g["dim"] % len(g.shape("self"))
    length = g.shape("self")[axis]
    if length is None:
        return None
    signal, gate = _cut(w, g["self"], axis, 0, length // 2), _cut(w, g["self"], axis, length // 2, length)
    return w(aten.mul.Tensor, signal, w(aten.sigmoid.default, gate))


# ------------------------------------------------------------------------------------------------ choosing values


def _extreme(largest: bool) -> Several:
    values, places = (aten.amax, aten.argmax) if largest else (aten.amin, aten.argmin)

    def build(w: Writer, g: Given, number: int) -> Node | None:
        if "dim" not in g:
            return None
        if number == 0:
            return w(values.default, g["self"], [g["dim"]], g["keepdim"])
        return w(places.default, g["self"], g["dim"], g["keepdim"])

    return build


def _of_two(target: Any) -> One:
    """The form of `max` and `min` that takes two values."""
    return lambda w, g: w(target, g["self"], g["other"]) if "other" in g else None


def _aminmax(w: Writer, g: Given, number: int) -> Node:
    axes = [] if g["dim"] is None else [g["dim"]]
    return w((aten.amin, aten.amax)[number].default, g["self"], axes, g["keepdim"])


def _sorted(w: Writer, g: Given, number: int) -> Node:
    """The values are gathered from where they stood: a movement; what says where is an index like any other."""
    count = g.get("k")
    descending = g["largest"] if count is not None else g["descending"]
    order = w(aten.argsort.default, g["self"], g["dim"], descending)
    if count is not None:
        order = w(aten.slice.Tensor, order, g["dim"], 0, count)
    return w(aten.gather.default, g["self"], g["dim"], order) if number == 0 else order


def _gathered(w: Writer, g: Given, number: int) -> Node | None:
    """The values of `median`, `mode`, `kthvalue` and `cummax`, gathered by the places that they also yield."""
    if number or "dim" not in g:
        return None
    keeps = g.get("keepdim", True)
    places = w(operator.getitem, g.node, 1)
    places = places if keeps else w(aten.unsqueeze.default, places, g["dim"])
    values = w(aten.gather.default, g["self"], g["dim"], places)
    return values if keeps else w(aten.squeeze.dim, values, g["dim"])


def _pool(target: Any) -> Several:
    names = ("self", "kernel_size", "stride", "padding", "dilation", "ceil_mode")
    return lambda w, g, number: None if number else w(target, *(g[name] for name in names))


def _adaptive_max(w: Writer, g: Given, number: int) -> Node | None:
    """A plain pool where its windows are of one size; else gathered by the places that it also yields."""
    axes = len(g["output_size"])
    sizes = g.shape("self")[-axes:]
    if number or None in sizes:
        return None
    pairs = [(size or 0, wanted) for size, wanted in zip(sizes, g["output_size"], strict=True)]
    if all(size % wanted == 0 for size, wanted in pairs):
        kernel = [size // wanted for size, wanted in pairs]
        target = {1: aten.max_pool1d, 2: aten.max_pool2d, 3: aten.max_pool3d}[axes]
        return w(target.default, g["self"], kernel, kernel)
    flat, places = (w(aten.flatten.using_ints, one, -axes, -1) for one in (g["self"], w(operator.getitem, g.node, 1)))
    return w(aten.unflatten.int, w(aten.gather.default, flat, -1, places), -1, list(g["output_size"]))


# ------------------------------------------------------------------------------------------------ products and sums


def _matmul(first: str, second: str) -> One:
    return lambda w, g: w(aten.matmul.default, g[first], g[second])


def _if_live(weight: str, build: One) -> One:
    """Only a product of two live values is opened; with a constant it is a dense layer as it stands."""
    return lambda w, g: build(w, g) if g[weight] in w.live else None


def _linear(w: Writer, g: Given) -> Node:
    weight = g["weight"]
    turned = w(aten.transpose.int, weight, 0, 1) if len(g.shape("weight")) == 2 else weight
    product = w(aten.matmul.default, g["input"], turned)
    return product if g["bias"] is None else w(aten.add.Tensor, product, g["bias"])


def _added(build: One) -> One:
    """The form beta · self + alpha · product."""

    def whole(w: Writer, g: Given) -> Node:
        product: Any = build(w, g)
        bias = g["self"] if g["beta"] == 1 else w(aten.mul.Tensor, g["self"], g["beta"])
        scaled = product if g["alpha"] == 1 else w(aten.mul.Tensor, product, g["alpha"])
        return w(aten.add.Tensor, scaled, bias)

    return whole


def _outer(first: str, second: str) -> One:
    return lambda w, g: w(aten.mul.Tensor, w(aten.unsqueeze.default, g[first], 1), g[second])


def _summed_over_batch(w: Writer, g: Given) -> Node:
    return w(aten.sum.dim_IntList, w(aten.matmul.default, g["batch1"], g["batch2"]), [0])


def _plus(target: Any) -> One:
    """The form self + value · (tensor1 ∘ tensor2)."""
    return lambda w, g: w(aten.add.Tensor, g["self"], w(target, g["tensor1"], g["tensor2"]), alpha=g["value"])


def _differences(w: Writer, g: Given) -> Node | None:
    """Each value less the one before it, n times."""
    x, axis = g["self"], g["dim"] % len(g.shape("self"))
    parts = [part for part in (g["prepend"], x, g["append"]) if part is not None]
    lengths = [part.meta["shape"][axis] for part in parts]
    if None in lengths:
        return None
    x, length = x if len(parts) == 1 else w(aten.cat.default, parts, axis), sum(lengths)
    for left in range(length, length - g["n"], -1):
        x = w(aten.sub.Tensor, _cut(w, x, axis, 1, left), _cut(w, x, axis, 0, left - 1))
    return x


def _lerp(w: Writer, g: Given) -> Node:
    weight = g["weight"]
    rest = 1 - weight if isinstance(weight, int | float) else w(aten.rsub.Scalar, weight, 1)
    return w(aten.add.Tensor, w(aten.mul.Tensor, g["self"], rest), w(aten.mul.Tensor, g["end"], weight))


# ------------------------------------------------------------------------------------------------ norms


def _batch_norm(w: Writer, g: Given, number: int) -> Node | None:
    if number or g.get("training", False):
        return None
    eps = g.first("eps", "epsilon")
    tensors = (g[name] for name in ("input", "weight", "bias", "running_mean", "running_var"))
    return w(aten.batch_norm.default, *tensors, False, 0.1, eps, False)


def _instance_norm(w: Writer, g: Given) -> Node | None:
    if g["use_input_stats"]:
        return None
    tensors = (g[name] for name in ("input", "weight", "bias", "running_mean", "running_var"))
    return w(aten.batch_norm.default, *tensors, False, 0.1, g["eps"], False)


def _layer_norm(w: Writer, g: Given, number: int) -> Node | None:
    names = ("input", "normalized_shape", "weight", "bias", "eps")
    return None if number else w(aten.layer_norm.default, *(g[name] for name in names), False)


def _group_norm(w: Writer, g: Given, number: int) -> Node | None:
    names = ("input", "group", "weight", "bias", "eps")
    return None if number else w(aten.group_norm.default, *(g[name] for name in names), False)


def _rms_norm(w: Writer, g: Given, number: int) -> Node | None:
    names = ("input", "normalized_shape", "weight", "eps")
    return None if number else w(aten.rms_norm.default, *(g[name] for name in names))


def _with_mean(target: Any) -> Several:
    def build(w: Writer, g: Given, number: int) -> Node | None:
        axes, keepdim = g.get("dim"), g.get("keepdim", False)
        correction = g["correction"] if "correction" in g else int(g["unbiased"])
        if number == 0:
            return w(target, g["self"], axes, correction=correction, keepdim=keepdim)
        return w(aten.mean.dim, g["self"], axes, keepdim)

    return build


# ------------------------------------------------------------------------------------------------ plainer forms


def _softmax(target: Any) -> One:
    """Also where it stands with a number format that it has anyway."""

    def build(w: Writer, g: Given) -> Node | None:
        plain = g.node.target is target
        if plain and (g["dtype"] is None or g["dtype"] != g["self"].meta.get("dtype")):
            return None
        return w(target, g["self"], g["dim"])

    return build


def _rrelu(w: Writer, g: Given) -> Node | None:
    return None if g["training"] else w(aten.leaky_relu.default, g["self"], (g["lower"] + g["upper"]) / 2)


def _dropout(w: Writer, g: Given) -> Node | None:
    return None if g["train"] else w(aten.clone.default, g["input"])


def _native_dropout(w: Writer, g: Given, number: int) -> Node | None:
    return None if number or g["train"] else w(aten.clone.default, g["input"])


def _copy(w: Writer, g: Given) -> Node | None:
    same = g.shape("self") == g.shape("src") and g["self"].meta.get("dtype") == g["src"].meta.get("dtype")
    return w(aten.clone.default, g["src"]) if same else None


def _padded(w: Writer, g: Given) -> Node | None:
    """A convolution whose padding is a word: "same" is what keeps the size, and may be one more at the end."""
    if not isinstance(g["padding"], str):
        return None
    kernel = g.shape("weight")[2:]
    dilation = g["dilation"] * (len(kernel) if len(g["dilation"]) == 1 else 1)
    totals = [d * ((k or 1) - 1) if g["padding"] == "same" else 0 for d, k in zip(dilation, kernel, strict=True)]
    x, before = g["input"], [total // 2 for total in totals]
    if any(total % 2 for total in totals):
        sides = [side for total in reversed(totals) for side in (total // 2, total - total // 2)]
        x, before = w(aten.constant_pad_nd.default, x, sides, 0.0), [0] * len(totals)
    plain = {1: aten.conv1d, 2: aten.conv2d, 3: aten.conv3d}[len(kernel)].default
    return w(plain, x, g["weight"], g["bias"], g["stride"], before, g["dilation"], g["groups"])


def _whole(w: Writer, g: Given) -> Node | None:
    """A slice of everything, as `x[:, None]` makes one."""
    del w
    everything = not g["start"] and (g["end"] is None or g["end"] == _END) and g["step"] == 1
    return g["self"] if everything else None


_END = 2**63 - 1  # what a slice without an end has for one


def _joined(w: Writer, g: Given) -> Node | None:
    """Without the empty parts that a cache begins with."""
    parts = [part for part in g["tensors"] if 0 not in part.meta["shape"]]
    if not parts or len(parts) == len(g["tensors"]):
        return None
    return parts[0] if len(parts) == 1 else w(aten.cat.default, parts, g["dim"])


def _as_another(w: Writer, g: Given) -> Node | None:
    """Of the other tensor only its number format counts."""
    wanted = g["other"].meta.get("dtype")
    return g["self"] if g["self"].meta.get("dtype") == wanted else w(aten._to_copy.default, g["self"], dtype=wanted)


def _same_format(w: Writer, g: Given) -> Node | None:
    """A change of number format that changes nothing is no node; `w` has nothing to write."""
    del w
    return g["self"] if g.node.meta.get("dtype") == g["self"].meta.get("dtype") else None


# A view needs values that lie in memory as the exporter saw them; those of other forms of an operation may not.
_VIEWS = {"view", "_unsafe_view"}

ONE: dict[str, One] = {
    **ATTENTIONS.one,
    "glu": _glu,
    "bmm": _matmul("self", "mat2"),
    "mv": _matmul("self", "vec"),
    "dot": _matmul("self", "tensor"),
    "mm": _if_live("mat2", _if_live("self", _matmul("self", "mat2"))),
    "linear": _if_live("weight", _linear),
    "addmm": _if_live("mat1", _if_live("mat2", _added(_matmul("mat1", "mat2")))),
    "baddbmm": _added(_matmul("batch1", "batch2")),
    "addbmm": _added(_summed_over_batch),
    "addmv": _added(_matmul("mat", "vec")),
    "addr": _added(_outer("vec1", "vec2")),
    "outer": _outer("self", "vec2"),
    "addcmul": _plus(aten.mul.Tensor),
    "addcdiv": _plus(aten.div.Tensor),
    "lerp": _lerp,
    "diff": _differences,
    "max": _of_two(aten.maximum.default),
    "min": _of_two(aten.minimum.default),
    "instance_norm": _instance_norm,
    "softmax": _softmax(aten.softmax.int),
    "_softmax": _softmax(aten.softmax.int),
    "log_softmax": _softmax(aten.log_softmax.int),
    "_log_softmax": _softmax(aten.log_softmax.int),
    "rrelu": _rrelu,
    **dict.fromkeys(("dropout", "feature_dropout", "alpha_dropout", "feature_alpha_dropout"), _dropout),
    "copy": _copy,
    "_to_copy": _same_format,
    "type_as": _as_another,
    "cat": _joined,
    "slice": _whole,
    **dict.fromkeys(("conv1d", "conv2d", "conv3d"), _padded),
}

SEVERAL: dict[str, Several] = {
    **ATTENTIONS.several,
    **dict.fromkeys(("split", "split_with_sizes", "unsafe_split"), lambda w, g, n: _part(w, g, n, _equal)),
    **dict.fromkeys(("chunk", "unsafe_chunk"), lambda w, g, n: _part(w, g, n, _chunks)),
    "tensor_split": lambda w, g, n: _part(w, g, n, _tensor_split),
    "unbind": lambda w, g, n: w(aten.select.int, g["self"], g["dim"], n),
    "max": _extreme(largest=True),
    "min": _extreme(largest=False),
    "aminmax": _aminmax,
    **dict.fromkeys(("sort", "topk"), _sorted),
    **dict.fromkeys(("median", "mode", "kthvalue", "cummax", "cummin"), _gathered),
    "max_pool1d_with_indices": _pool(aten.max_pool1d.default),
    "max_pool2d_with_indices": _pool(aten.max_pool2d.default),
    "max_pool3d_with_indices": _pool(aten.max_pool3d.default),
    **dict.fromkeys(("adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_max_pool3d"), _adaptive_max),
    **dict.fromkeys(
        ("_native_batch_norm_legit_no_training", "native_batch_norm", "cudnn_batch_norm", "_batch_norm_no_update"),
        _batch_norm,
    ),
    "native_layer_norm": _layer_norm,
    "native_group_norm": _group_norm,
    "_fused_rms_norm": _rms_norm,
    "var_mean": _with_mean(aten.var.correction),
    "std_mean": _with_mean(aten.std.correction),
    "native_dropout": _native_dropout,
}
