"""What no graph can hold, and what a person can do about it: one sentence each, before anything is run."""

from __future__ import annotations

from typing import Any

import torch
from torch.fx import Graph, Node

from ...errors import CaptureError
from ..graphs.graph import operation_name
from ..graphs.writing import Given

_PACKED = "packed sequences are not supported; pad them to one length, and read each one's last step from the output"
# A step so wide ends the process in oneDNN's adjoint convolution (torch 2.13: from some 20 000 on).
_WIDEST_STRIDE = 4096
_RECURRENT = {"lstm", "gru", "rnn_tanh", "rnn_relu"}


def refuse(graph: Graph) -> None:
    """Refuse a graph that cannot be explained as it is meant.

    Raises
    ------
    CaptureError
        If a node draws random numbers, works on packed sequences, is an LSTM with projections, or normalizes by the
        statistics of the batch; the sentence names the node, its layer and its line.
    """
    for node in graph.nodes:
        if node.op == "call_function" and isinstance(node.target, torch._ops.OpOverload):
            reason = _reason(node, node.target)
            if reason:
                raise CaptureError(f"{_where(node)}: {reason}.")


def _where(node: Node) -> str:
    layer, source = node.meta.get("layer"), node.meta.get("source")
    return f"{operation_name(node)} in layer “{layer or 'the top'}”" + (f" ({source})" if source else "")


def _reason(node: Node, target: torch._ops.OpOverload) -> str:
    name = operation_name(node)
    if name in {"_pack_padded_sequence", "_pad_packed_sequence"}:
        return _PACKED
    given = Given(node)
    if name in _RECURRENT:
        return _recurrent(given, target, name)
    if name.startswith("conv") and "stride" in given and max(given["stride"], default=1) > _WIDEST_STRIDE:
        return f"its stride is {max(given['stride'])}, and more than {_WIDEST_STRIDE} cannot be computed"
    if "batch_norm" in name and given.get("training", name == "_native_batch_norm_legit"):
        return (
            "it normalizes by the statistics of the batch, so that one sample's output depends on the others; "
            "use a batch norm with running statistics"
        )
    if torch.Tag.nondeterministic_seeded in target.tags and _draws(given):
        return "it draws random numbers, so that the output differs from call to call; switch this off for evaluation"
    return ""


def _draws(given: Given) -> bool:
    switches: tuple[Any, ...] = tuple(given[key] for key in ("train", "training", "dropout_p") if key in given)
    return not switches or any(switches)


def _recurrent(given: Given, target: torch._ops.OpOverload, name: str) -> str:
    if target._overloadname != "input":
        return _PACKED
    each = 4 if given["has_biases"] else 2
    runs = given["num_layers"] * (2 if given["bidirectional"] else 1)
    if name == "lstm" and len(given["params"]) != each * runs:
        return "an LSTM with projections (proj_size) is not supported; use a linear layer behind an LSTM without them"
    return ""
