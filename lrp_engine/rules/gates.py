"""Which operand of a product is the gate: what says how much passes, while the other says what passes."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, NamedTuple

from torch.fx import Node

from ..networks.graphs.graph import arguments, kind_of, live_inputs, operation_name, operation_of
from ..networks.graphs.operations import ACTIVATION, MOVEMENT, SUM
from .steps import Context

# A norm that is written by hand multiplies with one of these, or divides by it.
_STATISTICS = {"rsqrt", "reciprocal", "sqrt", "var", "std", "linalg_vector_norm", "norm"}
_CUT_OFF = {"clamp", "clamp_min", "clamp_max", "maximum", "minimum"}


class Gate(NamedTuple):
    """A gate, and why it is one."""

    operand: Node
    reason: str


def gate_of(operands: list[Node], context: Context) -> Gate | None:
    """The operand that is made of integers; else the one that is never negative and bounded; else a statistic.

    Exactly one of them has to be it. What is made of integers alone is a mask, or a count of what it lets through.
    Of two bounded operands the one that never exceeds 1 is the gate, or else the one that is repeated along an axis:
    ReLU6(x) · sigmoid(y) scales a ReLU6, and the gates of squeeze-and-excitation scale whole channels.

    Parameters
    ----------
    operands : list of torch.fx.Node
        The live operands, each as often as it stands there.
    """
    mask = _only(operands, lambda one: _integers(one, context), "is a mask, held")
    if mask is not None:
        return mask
    bounded = [one for one in operands if context.range_of(one).is_gate]
    for better in (lambda one: context.range_of(one).high <= 1, lambda one: _is_repeated(one, operands)):
        if len(bounded) > 1:
            bounded = [one for one in bounded if better(one)] or bounded
    if len(bounded) == 1:
        return Gate(bounded[0], f"{_words(_source(bounded[0], context))} is the gate")
    if bounded:
        return None
    return _only(operands, lambda one: _statistic(one, context), "is a statistic, held")


def activated(operands: list[Node], context: Context) -> Gate | None:
    """The operand that is the output of an activation, if exactly one is: the gate of a gated MLP under CP-LRP."""

    def activation(one: Node) -> Node | None:
        source = _source(one, context)
        return source if kind_of(source, context.live)[0] == ACTIVATION else None

    return _only(operands, activation, "is the gate")


def _only(operands: list[Node], found: Callable[[Node], Node | None], words: str) -> Gate | None:
    hits = [(one, source) for one in operands if (source := found(one)) is not None]
    return Gate(hits[0][0], f"{_words(hits[0][1])} {words}") if len(hits) == 1 else None


def _words(node: Node) -> str:
    return operation_name(node) if node.op == "call_function" else str(node.target)


def _integers(node: Node, context: Context) -> Node | None:
    """The input of integers that an operand comes from, or None."""
    source = _source(node, context, _CUT_OFF)
    dtype = source.meta.get("dtype")
    return source if source.op == "placeholder" and dtype is not None and not dtype.is_floating_point else None


def _statistic(node: Node, context: Context) -> Node | None:
    """The statistic that an operand is, behind what moves, scales, shifts or cuts it off; or None."""
    source = _source(node, context, _CUT_OFF)
    name, args = operation_name(source), arguments(source)
    if name in _STATISTICS:
        return source
    if name == "pow" and len(args) > 1:
        exponent: Any = context.constants.get(args[1]) if isinstance(args[1], Node) else args[1]
        return source if isinstance(exponent, int | float) and (exponent < 0 or exponent == 0.5) else None
    # a constant divided by a live value
    return source if name == "div" and args[0] not in context.live else None


def _source(node: Node, context: Context, also: Collection[str] = ()) -> Node:
    """Where an operand comes from, behind movements, scalings, shifts and divisions by other live values."""
    while node.op == "call_function":
        row, name = operation_of(node), operation_name(node)
        live = live_inputs(node, context.live)
        if name == "div" and len(live) > 1 and node.args[0] in context.live:
            live = arguments(node)[:1]
        if row is None or len(live) != 1 or (name == "div" and live[0] is not node.args[0]):
            break
        if not (row.kind in {MOVEMENT, SUM} or row.family == "scaling" or name in also):
            break
        node = live[0]
    return node


def _is_repeated(node: Node, operands: list[Node]) -> bool:
    """Whether the operand has size 1, or no axis at all, where another has more."""
    shape = node.meta.get("shape", ())
    for other in operands:
        longer = other.meta.get("shape", ())
        padded = [1] * (len(longer) - len(shape)) + list(shape)
        if any(isinstance(a, int) and a == 1 and b != 1 for a, b in zip(padded, longer, strict=False)):
            return True
    return False
