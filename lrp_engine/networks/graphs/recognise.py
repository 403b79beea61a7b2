"""Functions written by hand are recognised: a softmax by its structure, a GELU and its like by what they compute.

An activation is a part of the graph that holds only elementwise operations of one live value and of plain numbers. It
is compared with the known functions over a grid of values; so the order and association of its terms do not matter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.fx import Graph, Node

from .graph import evaluate, live_nodes, operation_name
from .writing import Given, Writer

aten = torch.ops.aten

_STRAIGHT = {"add", "sub", "rsub", "mul", "neg", "clone", "alias", "detach", "_to_copy"}
_BENT = {  # without one of these there is nothing to recognise
    *("div", "pow", "square", "sqrt", "exp", "expm1", "log", "log1p", "erf", "erfc", "reciprocal", "abs"),
    *("tanh", "sigmoid", "softplus", "relu", "relu6", "hardtanh", "clamp", "clamp_min", "clamp_max", "hardsigmoid"),
}
_ELEMENTWISE = _STRAIGHT | _BENT
_LARGEST = 24  # nodes that one function is written in

_KNOWN: dict[str, tuple[Any, dict[str, Any]]] = {
    "gelu": (aten.gelu.default, {}),
    "gelu (tanh form)": (aten.gelu.default, {"approximate": "tanh"}),
    "silu": (aten.silu.default, {}),
    "mish": (aten.mish.default, {}),
    "sigmoid": (aten.sigmoid.default, {}),
    "softplus": (aten.softplus.default, {}),
    "hardswish": (aten.hardswish.default, {}),
    "hardsigmoid": (aten.hardsigmoid.default, {}),
}
_GRID = torch.cat([torch.linspace(-9, 9, 361, dtype=torch.float64), torch.tensor([-20.0, 20.0], dtype=torch.float64)])
_CLOSE = 2e-6  # a function that rounds its constants to single precision is the same; GELU's two forms differ by 5e-4


def recognise(graph: Graph, tensors: dict[str, Tensor]) -> list[str]:
    """Replace functions that are written by hand, in place, and say of each sort how many there were.

    The nodes' shapes have to be known. The outermost are looked at first: a SiLU may hold a sigmoid by hand.
    """
    writer = Writer(graph, tensors, live_nodes(graph))
    found: Counter[str] = Counter()
    left = set(graph.nodes)
    for node in reversed(list(graph.nodes)):
        if node not in left or node.op != "call_function" or node not in writer.live:
            continue
        name, new = "softmax", _softmax(writer, node)
        if new is None:
            name, new = _activation(writer, node)
        if new is not None:
            writer.put(node, new)
            found[name] += 1
            graph.eliminate_dead_code()
            left = set(graph.nodes)
    return [f"{count} handwritten {name} recognised." for name, count in sorted(found.items())]


# ------------------------------------------------------------------------------------------------ softmax


def _softmax(w: Writer, node: Node) -> Node | None:
    """exp(x − shift) over its sum, or exp(x − logsumexp(x)); the shift may be any value that the axis shares."""
    name = operation_name(node)
    if name == "exp":
        return _from_logsumexp(w, node)
    if name not in {"div", "mul"} or node.target in {aten.div.Tensor_mode, aten.div.Scalar_mode}:
        return None
    for above, below in ((node.args[0], node.args[1]), (node.args[1], node.args[0])):
        total = below if name == "div" else _inside(below, "reciprocal")
        axis = _summed_axis(total, above)
        if axis is not None and isinstance(above, Node) and operation_name(above) == "exp":
            scores: Any = above.args[0]
            return w.at(node)(aten.softmax.int, _unshifted(scores, axis), axis)
        if name == "div":
            break
    return None


def _from_logsumexp(w: Writer, node: Node) -> Node | None:
    difference = node.args[0]
    if not isinstance(difference, Node) or difference.target is not aten.sub.Tensor or len(difference.args) != 2:
        return None
    scores, total = difference.args
    if not isinstance(total, Node) or operation_name(total) != "logsumexp" or total.args[0] is not scores:
        return None
    given = Given(total)
    axes, dims = given["dim"], len(given.shape("self"))
    if len(axes) != 1 or not given["keepdim"]:
        return None
    return w.at(node)(aten.softmax.int, scores, axes[0] % dims)


def _inside(value: Any, operation: str) -> Any:
    return value.args[0] if isinstance(value, Node) and operation_name(value) == operation else None


def _reduced_axis(value: Any, operations: set[str], source: Any) -> int | None:
    """The one axis over which `value` reduces `source` by one of the operations, keeping its place."""
    if not isinstance(value, Node) or not isinstance(source, Node) or "shape" not in source.meta:
        return None
    dims = len(source.meta["shape"])
    kept = None
    while operation_name(value) in {"detach", "alias", "clone", "unsqueeze", "expand"}:
        if operation_name(value) == "unsqueeze":
            kept = value.args[1] % dims  # type: ignore[operator]
        value = value.args[0]
        if not isinstance(value, Node):
            return None
    if operation_name(value) not in operations or not value.args or not _alike(value.args[0], source):
        return None
    given = Given(value)
    axes = given.get("dim")
    axes = [axes] if isinstance(axes, int) else axes
    if not axes or len(axes) != 1:
        return None
    axis = axes[0] % dims
    return axis if given["keepdim"] or kept == axis else None


def _alike(one: Any, other: Any, depth: int = 6) -> bool:
    """Whether two arguments are the same, or written twice: `x.exp() / x.exp().sum(1)`."""
    if not isinstance(one, Node) or not isinstance(other, Node):
        return type(one) is type(other) and one == other
    if one is other:
        return True
    same = one.op == other.op == "call_function" and one.target is other.target and one.kwargs == other.kwargs
    return (
        same
        and depth > 0
        and len(one.args) == len(other.args)
        and all(_alike(a, b, depth - 1) for a, b in zip(one.args, other.args, strict=True))
    )


def _summed_axis(total: Any, source: Any) -> int | None:
    return _reduced_axis(total, {"sum"}, source)


def _unshifted(scores: Node, axis: int) -> Node:
    """`x` where the scores are x minus its largest value along the axis, or minus a plain number."""
    if operation_name(scores) != "sub" or not isinstance(scores.args[0], Node) or len(scores.args) != 2:
        return scores
    x, shift = scores.args[0], scores.args[1]
    if isinstance(shift, int | float) or _reduced_axis(shift, {"amax"}, x) == axis:
        return x
    whole = isinstance(shift, Node) and operation_name(shift) in {"max", "amax"} and shift.args[0] is x
    shape = shift.meta.get("shape") if isinstance(shift, Node) else None
    return x if whole and shape == () else scores


# ------------------------------------------------------------------------------------------------ activations


def _activation(w: Writer, node: Node) -> tuple[str, Node | None]:
    if operation_name(node) not in _ELEMENTWISE:
        return "", None
    for leaf, inner in _inputs(w, node):
        if not any(operation_name(one) in _BENT for one in inner):
            continue
        name = _name_of(_on_grid(w, leaf, inner))
        target, settings = _KNOWN.get(name, (None, {}))
        # it may be that function already, with something around it that changes nothing
        if target is not None and not any(one.target is target for one in inner):
            return name, w.at(node)(target, leaf, **settings)
    return "", None


def _inputs(w: Writer, root: Node) -> Iterator[tuple[Node, list[Node]]]:
    """Every value that `root` is an elementwise function of, the nearest first, with the nodes between, in order."""
    waiting, inner = {root}, []
    while len(inner) < _LARGEST:
        latest = max(waiting)
        live = [argument for argument in latest.all_input_nodes if argument in w.live]
        if operation_name(latest) not in _ELEMENTWISE or not live or not _plain(w, latest, live):
            return
        waiting.remove(latest)
        inner.append(latest)
        waiting.update(live)
        if len(waiting) == 1:
            yield next(iter(waiting)), inner[::-1]


def _plain(w: Writer, node: Node, live: list[Node]) -> bool:
    """Whether all else that the node reads are plain numbers, and no live value is broadcast."""
    shape = node.meta.get("shape")
    others = [argument for argument in node.all_input_nodes if argument not in live]
    return (
        shape is not None
        and all(argument.meta.get("shape") == shape for argument in live)
        and all(argument.op == "get_attr" and w.tensors[str(argument.target)].numel() == 1 for argument in others)
    )


def _on_grid(w: Writer, leaf: Node, inner: list[Node]) -> Tensor:
    values: dict[Node, Any] = {leaf: _GRID}
    for node in inner:
        for argument in node.all_input_nodes:
            if argument not in values:
                values[argument] = w.tensors[str(argument.target)].reshape(())
        values[node] = evaluate(node, values)
    return values[inner[-1]].to(_GRID.dtype)  # formats of eight bits compare with no other


def _name_of(got: Tensor) -> str:
    for name, (target, settings) in _KNOWN.items():
        wanted = target(_GRID, **settings)
        if bool(((got - wanted).abs() <= _CLOSE * (1 + wanted.abs())).all()):
            return name
    return ""
