"""What values a node can take, whatever the input is: interval arithmetic over the graph.

Two questions are answered by it: is a value never negative (then the rules for signed parts are shorter), and is an
operand of a product a gate (never negative and bounded: a sigmoid, a softmax, 1 + tanh, a softmax's row).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from math import inf, isnan
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.fx import Graph, Node

from .graph import arguments, operation_name, operation_of
from .operations import MOVEMENT, SELECTION


class Range(NamedTuple):
    """Bounds that a value never leaves."""

    low: float = -inf
    high: float = inf

    @property
    def nonnegative(self) -> bool:
        """Never below zero."""
        return self.low >= 0

    @property
    def is_gate(self) -> bool:
        """Never below zero, and bounded."""
        return self.low >= 0 and self.high < inf


ANY = Range()
_UNIT = Range(0.0, 1.0)
_POSITIVE = Range(0.0, inf)

# Functions that never fall: their bounds are their values at the bounds of what they are given.
_RISING = {
    *(
        "relu",
        "relu6",
        "leaky_relu",
        "elu",
        "selu",
        "celu",
        "tanh",
        "hardtanh",
        "clamp",
        "clamp_min",
        "clamp_max",
        "clip",
    ),
    *(
        "softplus",
        "hardsigmoid",
        "sigmoid",
        "exp",
        "exp2",
        "erf",
        "expm1",
        "atan",
        "log_sigmoid",
        "softsign",
        "threshold",
    ),
}
# Others whose bounds are known; the lower ends of GELU, SiLU, Mish and Hardswish are rounded down.
_KNOWN: dict[str, Range] = {
    **dict.fromkeys(("abs", "square", "sqrt", "rsqrt", "var", "std", "linalg_vector_norm", "norm", "cosh"), _POSITIVE),
    **dict.fromkeys(("softmax", "_softmax"), _UNIT),
    **dict.fromkeys(("sin", "cos"), Range(-1.0, 1.0)),
    "gelu": Range(-0.18),
    "silu": Range(-0.28),
    "mish": Range(-0.31),
    "hardswish": Range(-0.38),
    "erfc": Range(0.0, 2.0),
}
# Averages and the like stay within what they are given; padding may add zeros to it.
_WITHIN = {
    *("avg_pool1d", "avg_pool2d", "avg_pool3d", "mean", "adaptive_avg_pool1d", "adaptive_avg_pool2d"),
    *(
        "adaptive_avg_pool3d",
        "_adaptive_avg_pool2d",
        "upsample_bilinear2d",
        "upsample_linear1d",
        "upsample_trilinear3d",
    ),
    *("upsample_nearest1d", "upsample_nearest2d", "upsample_nearest3d"),
}
_SIGN_KEPT = {"sum", "cumsum"}


def ranges(
    graph: Graph, live: set[Node], constants: dict[Node, Any], inputs: dict[Node, Range] | None = None
) -> dict[Node, Range]:
    """The range of every live node, with what is known of the inputs."""
    found: dict[Node, Range] = {}
    for node in graph.nodes:
        if node.op == "placeholder":
            found[node] = (inputs or {}).get(node, ANY)
        elif node in live and node.op == "call_function":
            found[node] = _clean(_range(node, found, constants))
    return found


def _clean(bounds: Range) -> Range:
    low, high = bounds
    return Range(-inf if isnan(low) else low, inf if isnan(high) else high)


def _range(node: Node, found: dict[Node, Range], constants: dict[Node, Any]) -> Range:
    name = operation_name(node)
    args = arguments(node)

    def of(value: Any) -> Range:
        return _of(value, found, constants)

    if name in _KNOWN:
        return _KNOWN[name]
    if name in _RISING:
        return _at_the_ends(node, of(args[0]))
    if name in _BINARY and len(args) > 1:
        factor: Any = node.kwargs.get("alpha", 1)
        second = of(args[1])
        return _BINARY[name](of(args[0]), _times(second, Range(factor, factor)) if factor != 1 else second)
    if name in {"neg", "rsub"}:
        first = of(args[0])
        negative = Range(-first.high, -first.low)
        return negative if name == "neg" else _plus(of(args[1]), negative)
    if name == "pow" and isinstance(args[1], int | float):
        return _POSITIVE if args[1] % 2 == 0 or of(args[0]).nonnegative else ANY
    row = operation_of(node)
    kind = row.kind if row else MOVEMENT if node.target is operator.getitem else ""
    if name == "where":
        return _union([of(args[1]), of(args[2])])
    if name in _WITHIN or kind in {MOVEMENT, SELECTION}:
        fill = fill_of(node)
        given = [of(argument) for argument in node.all_input_nodes if _carries(argument, constants)]
        return _union([*given, Range(fill, fill)] if fill is not None else given)
    if name in _SIGN_KEPT:
        first = of(args[0])
        return Range(0.0 if first.low >= 0 else -inf, 0.0 if first.high <= 0 else inf)
    return ANY


def _carries(argument: Node, constants: dict[Node, Any]) -> bool:
    """Masks and indices among the arguments of a movement do not count."""
    value = constants.get(argument)
    dtype = value.dtype if isinstance(value, Tensor) else argument.meta.get("dtype")
    return dtype is None or dtype.is_floating_point


def _of(value: Any, found: dict[Node, Range], constants: dict[Node, Any]) -> Range:
    if isinstance(value, Node):
        if value in found:
            return found[value]
        value = constants.get(value)
    if isinstance(value, Tensor) and value.numel() and not value.is_complex():
        low, high = torch.aminmax(value.detach().double())
        return Range(float(low), float(high))
    return Range(float(value), float(value)) if isinstance(value, int | float) else ANY


def _at_the_ends(node: Node, given: Range) -> Range:
    # infinite ends make some functions return nan (elu: inf · 0); numbers that large are as good
    ends = torch.tensor([max(given.low, -1e30), min(given.high, 1e30)], dtype=torch.float64)
    rest = [a for a in arguments(node)[1:] if not isinstance(a, Node)]
    if len(rest) != len(node.args) - 1:
        return ANY
    low, high = node.target(ends, *rest, **node.kwargs).tolist()  # type: ignore[operator]
    return Range(-inf if low < -1e20 else low, inf if high > 1e20 else high)


def _union(given: Iterable[Range]) -> Range:
    given = list(given)
    return Range(min(one.low for one in given), max(one.high for one in given)) if given else ANY


def _plus(a: Range, b: Range) -> Range:
    return Range(a.low + b.low, a.high + b.high)


def _minus(a: Range, b: Range) -> Range:
    return Range(a.low - b.high, a.high - b.low)


def _times(a: Range, b: Range) -> Range:
    ends = [0.0 if 0.0 in (x, y) else x * y for x in a for y in b]
    return Range(min(ends), max(ends))


def _over(a: Range, b: Range) -> Range:
    if b.low > 0 or b.high < 0:
        return _times(a, Range(1 / b.high, 1 / b.low))
    return _POSITIVE if a.nonnegative and b.nonnegative else ANY


_BINARY: dict[str, Callable[[Range, Range], Range]] = {
    "add": _plus,
    "sub": _minus,
    "mul": _times,
    "div": _over,
    "maximum": lambda a, b: Range(max(a.low, b.low), max(a.high, b.high)),
    "minimum": lambda a, b: Range(min(a.low, b.low), min(a.high, b.high)),
}


def fill_of(node: Node) -> float | None:
    """What an operation puts beside the values it is given: a padding's value, zero where a pool or `tril` pads."""
    name = operation_name(node)
    place = {"constant_pad_nd": 2, "pad": 3, "masked_fill": 2}.get(name)
    if place is not None:
        given = node.args[place] if len(node.args) > place else node.kwargs.get("value", 0)
        return float(given or 0) if isinstance(given, int | float) or given is None else -inf
    padded = name.startswith("avg_pool") and len(node.args) > 3
    return 0.0 if padded or name in {"tril", "triu", "im2col"} else None
