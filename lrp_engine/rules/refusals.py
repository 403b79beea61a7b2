"""Why no rule covers a node: what its kind would allow, and its arguments do not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch.fx import Node

from ..networks.graphs.graph import arguments, live_inputs, operation_name, operation_of
from ..networks.graphs.operations import AFFINE, NORMALIZATION, OUTPUT, RECURRENT, UNSUPPORTED
from .recurrent import refusal as recurrent_refusal


def _rounds(node: Node, live: set[Node]) -> str:  # noqa: ARG001
    return "it rounds" if node.kwargs.get("rounding_mode") or len(node.args) > 2 else ""


def _scaled(node: Node, live: set[Node]) -> str:
    scaled = node.kwargs.get("beta", 1) != 1 or node.kwargs.get("alpha", 1) != 1
    if scaled or node.args[0] in live:
        return "its terms are scaled, or its bias depends on the input"
    return ""


def _in_weights(node: Node, live: set[Node]) -> str:
    args = [*arguments(node), None]
    biased = args[2] is not None and args[0] not in live
    return "the input is in its weights, and it has a bias" if biased else ""


def _exponent(node: Node, live: set[Node]) -> str:
    args = arguments(node)
    return "base and exponent depend on the input" if args[0] in live and args[1] in live else ""


def _statistics(node: Node, live: set[Node]) -> str:
    args = arguments(node)
    from_batch = any(n in live for n in args[1:5]) or args[5] or None in args[3:5]
    return "its statistics come from the batch; put the network in evaluation mode" if from_batch else ""


def _drops(node: Node, live: set[Node]) -> str:  # noqa: ARG001
    return "it drops at random; put the network in evaluation mode" if len(node.args) > 2 and node.args[2] else ""


# What to ask of an operation beyond its kind.
_ASKED: dict[str, Callable[[Node, set[Node]], str]] = {
    "div": _rounds,
    "addmm": _scaled,
    "linear": _in_weights,
    **dict.fromkeys(("conv1d", "conv2d", "conv3d", "convolution"), _in_weights),
    "pow": _exponent,
    "batch_norm": _statistics,
    **dict.fromkeys(("dropout", "feature_dropout", "alpha_dropout", "feature_alpha_dropout"), _drops),
}


def refusal(node: Node, kind: str, live: set[Node]) -> str:
    """Why no rule covers the node, or ""."""
    if operation_of(node) is None:
        return "not in the table of operations"
    if kind == UNSUPPORTED:
        return "a statistic, or one of several results"
    if kind == OUTPUT:
        return f"a {operation_name(node)} before the end of the network"
    if kind == RECURRENT:
        return recurrent_refusal(node, live)
    if kind in {AFFINE, NORMALIZATION} and not live_inputs(node, live):
        return "none of its inputs carries relevance"
    asked: Any = _ASKED.get(operation_name(node))
    return asked(node, live) if asked else ""
