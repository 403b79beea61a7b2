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
from .graph import evaluate, operation_name
from .network import Shape

_FEW, _MORE = 2, 3
_SMALL = 32 * 2**20  # bytes of weights and of one sample


class DoesNotFit(CaptureError):
    """A node cannot run on the shapes that it is given."""


def annotate(
    graph: Graph,
    tensors: dict[str, torch.Tensor],
    inputs: dict[str, tuple[Shape, torch.dtype]],
    examples: dict[str, torch.Tensor] | None = None,
) -> None:
    """Write `shape`, `dtype` and `samples` into each node's meta.

    Parameters
    ----------
    graph : torch.fx.Graph
    tensors : dict
        Weights and constants by `get_attr` name.
    inputs : dict
        For each placeholder's target, which is the input's name, its shape (None where the samples run) and dtype.
    examples : dict, optional
        Values of the inputs, for a graph that was traced with them; zeros otherwise, which are valid tokens too.

    Raises
    ------
    CaptureError
        If a node cannot run on these shapes; it names the node and its layer.
    """
    sample = sum(prod(size for size in shape if size is not None) * dtype.itemsize for shape, dtype in inputs.values())
    small = sample + sum(tensor.nbytes for tensor in tensors.values()) <= _SMALL
    device = "cpu" if small or examples else "meta"
    with torch.no_grad():
        few = _run(graph, tensors, _values(inputs, _FEW, device, examples), device)
        dynamic = any(None in shape for shape, _ in inputs.values())
        more = _run(graph, tensors, _values(inputs, _MORE, device), device) if dynamic else few
    alone = one_at_a_time(inputs)
    for node in graph.nodes:
        if node.op == "output":
            continue
        describe(node, few[node], more[node], alone=alone)


def describe(node: Node, few: Any, more: Any, *, alone: bool) -> None:
    """Write into the node's meta what its values with two and with three samples show; `alone`: one is all there is."""
    if isinstance(few, torch.Tensor):
        shape, samples = _compare(tuple(few.shape), tuple(more.shape))
        node.meta["shape"] = shape
        node.meta["samples"] = (0, 1) if alone and shape[:1] == (1,) else samples
        node.meta["dtype"] = few.dtype


def one_at_a_time(inputs: dict[str, tuple[Shape, torch.dtype]]) -> bool:
    """Whether every input has a first axis of one, which stands for the samples, and no axis of any size."""
    return all(shape[:1] == (1,) and None not in shape for shape, _ in inputs.values())


def _compare(few: tuple[int, ...], more: tuple[int, ...]) -> tuple[Shape, tuple[int, int] | None]:
    axes = [axis for axis, (a, b) in enumerate(zip(few, more, strict=True)) if a != b]
    shape = tuple(None if axis in axes else size for axis, size in enumerate(few))
    return shape, (axes[0], few[axes[0]] // _FEW) if axes else None


def _values(
    inputs: dict[str, tuple[Shape, torch.dtype]],
    samples: int,
    device: str,
    examples: dict[str, torch.Tensor] | None = None,
) -> dict[str, torch.Tensor]:
    values = {}
    for name, (shape, dtype) in inputs.items():
        if any(size is not None and size < 1 for size in shape):
            raise CaptureError(f"The input “{name}” has a size below 1 in its shape {shape}.")
        if examples:
            values[name] = examples[name].to(device, dtype)
        else:
            values[name] = torch.zeros([samples if s is None else s for s in shape], dtype=dtype, device=device)
    return values


def _run(
    graph: Graph, tensors: dict[str, torch.Tensor], given: dict[str, torch.Tensor], device: str
) -> dict[Node, Any]:
    values: dict[Node, Any] = {}
    held: dict[str, torch.Tensor] = {}
    for node in graph.nodes:
        if node.op == "placeholder":
            values[node] = given[str(node.target)]
        elif node.op == "get_attr":
            name = str(node.target)
            values[node] = held.setdefault(name, tensors[name].to(device))
        elif node.op == "call_function":
            try:
                _check_states(node, values)
                values[node] = evaluate(node, values)
            except LrpError:
                raise
            except Exception as error:  # any operation may refuse its arguments in its own way
                where = node.meta.get("layer") or node.name
                reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
                raise DoesNotFit(
                    f"The node {node.name} in layer “{where}” does not fit what it is given: {reason}"
                ) from error
    return values


_RECURRENT = {"lstm", "gru", "rnn_tanh", "rnn_relu"}


def _check_states(node: Node, values: dict[Node, Any]) -> None:
    """Refuse an initial state of another number of samples: torch would read beyond its memory."""
    if operation_name(node) not in _RECURRENT:
        return
    x, states = values[node.args[0]], node.args[1]  # type: ignore[index]
    samples = x.shape[0 if node.args[8] else 1]
    for state in states if isinstance(states, list | tuple) else [states]:
        if isinstance(state, Node) and values[state].shape[1] != samples:
            raise CaptureError(
                f"The initial state of {node.name} in layer “{node.meta.get('layer') or 'the top'}” is made for "
                f"{values[state].shape[1]} samples, but it is given {samples}; make it as large as the input."
            )
