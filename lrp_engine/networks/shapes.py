"""Shapes of every node, found by running the graph.

Large networks run on torch's `meta` device, without memory or arithmetic. Its first use imports torch's compiler, which
takes longer than running a small network for real, so small ones do that.

The graph is run with two and with three samples; where a size differs, the samples run there. An axis may hold several
values of each sample (a sequence folded into the batch): `samples` is then (axis, times).
"""

from __future__ import annotations

from math import prod
from typing import Any

import torch
from torch.fx import Graph, Node

from ..errors import CaptureError, LrpError
from .graph import evaluate
from .network import Shape

_FEW, _MORE = 2, 3
_SMALL = 32 * 2**20  # bytes of weights and of one sample


def annotate(graph: Graph, tensors: dict[str, torch.Tensor], inputs: dict[str, tuple[Shape, torch.dtype]]) -> None:
    """Write `shape`, `dtype` and `samples` into each node's meta.

    Parameters
    ----------
    graph : torch.fx.Graph
    tensors : dict
        Weights and constants by `get_attr` name.
    inputs : dict
        For each placeholder's target, which is the input's name, its shape (None where the samples run) and dtype.

    Raises
    ------
    CaptureError
        If a node cannot run on these shapes; it names the node and its layer.
    """
    sample = sum(prod(size for size in shape if size is not None) * dtype.itemsize for shape, dtype in inputs.values())
    small = sample + sum(tensor.nbytes for tensor in tensors.values()) <= _SMALL
    device = "cpu" if small else "meta"
    with torch.no_grad():
        few = _run(graph, tensors, inputs, _FEW, device)
        more = _run(graph, tensors, inputs, _MORE, device) if any(None in s for s, _ in inputs.values()) else few
    for node in graph.nodes:
        if node.op == "output":
            continue
        one, other = few[node], more[node]
        if isinstance(one, torch.Tensor):
            node.meta["shape"], node.meta["samples"] = _compare(tuple(one.shape), tuple(other.shape))
            node.meta["dtype"] = one.dtype


def _compare(few: tuple[int, ...], more: tuple[int, ...]) -> tuple[Shape, tuple[int, int] | None]:
    axes = [axis for axis, (a, b) in enumerate(zip(few, more, strict=True)) if a != b]
    shape = tuple(None if axis in axes else size for axis, size in enumerate(few))
    return shape, (axes[0], few[axes[0]] // _FEW) if axes else None


def _run(
    graph: Graph,
    tensors: dict[str, torch.Tensor],
    inputs: dict[str, tuple[Shape, torch.dtype]],
    samples: int,
    device: str,
) -> dict[Node, Any]:
    values: dict[Node, Any] = {}
    held: dict[str, torch.Tensor] = {}
    for node in graph.nodes:
        if node.op == "placeholder":
            shape, dtype = inputs[str(node.target)]
            if any(size is not None and size < 1 for size in shape):
                raise CaptureError(f"The input “{node.target}” has a size below 1 in its shape {shape}.")
            values[node] = torch.zeros([s or samples for s in shape], dtype=dtype, device=device)
        elif node.op == "get_attr":
            name = str(node.target)
            values[node] = held.setdefault(name, tensors[name].to(device))
        elif node.op == "call_function":
            try:
                values[node] = evaluate(node, values)
            except LrpError:
                raise
            except Exception as error:  # any operation may refuse its arguments in its own way
                where = node.meta.get("layer") or node.name
                reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
                raise CaptureError(
                    f"The node {node.name} in layer “{where}” does not fit what it is given: {reason}"
                ) from error
    return values
