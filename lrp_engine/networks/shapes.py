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
_MOST_MADE = 128 * 2**20  # bytes that are made of a small network to see its shapes
_LARGEST, _LARGEST_CONSTANT = 2**38, 2**28  # bytes of one value


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
    dynamic = any(None in shape for shape, _ in inputs.values())

    def run(samples: int, device: str) -> dict[Node, Any]:
        given = examples if samples == _FEW else None
        return _run(graph, tensors, _values(inputs, samples, device, given), device, bounded=not examples)

    with torch.no_grad():
        try:
            few = run(_FEW, device)
            more = run(_MORE, device) if dynamic else few
        except _TooLarge:
            few = run(_FEW, "meta")
            more = run(_MORE, "meta") if dynamic else few
    _refuse_giants(few)
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


class _TooLarge(Exception):
    """What a small network makes is too large to be made only to see its shape."""


def _run(
    graph: Graph, tensors: dict[str, torch.Tensor], given: dict[str, torch.Tensor], device: str, *, bounded: bool
) -> dict[Node, Any]:
    """Every node's value; of a bounded run on the CPU only their shapes are left, without numbers."""
    values: dict[Node, Any] = {}
    bounded = bounded and device == "cpu"
    made = 0
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
                if bounded:
                    _check_size(node, values)
                values[node] = evaluate(node, values)
            except (LrpError, _TooLarge):
                raise
            except Exception as error:  # any operation may refuse its arguments in its own way
                where = node.meta.get("layer") or node.name
                reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
                if bounded and "allocate memory" in reason:
                    raise _TooLarge from error
                raise DoesNotFit(
                    f"The node {node.name} in layer “{where}” does not fit what it is given: {reason.rstrip('.')}."
                ) from error
            if bounded:
                made += sum(one.nbytes for one in _tensors(values[node]))
                if made > _MOST_MADE:
                    raise _TooLarge
    return {node: _hollow(value) for node, value in values.items()} if bounded else values


def _check_size(node: Node, values: dict[Node, Any]) -> None:
    if _numbers_at_least(node, values) > _MOST_MADE // 4:
        raise _TooLarge


def _tensors(value: Any) -> list[torch.Tensor]:
    several = value if isinstance(value, tuple | list) else [value]
    return [one for one in several if isinstance(one, torch.Tensor)]


def _hollow(value: Any) -> Any:
    """A tensor of the same shape and format that holds one number."""
    return value.new_zeros(()).expand(value.shape) if isinstance(value, torch.Tensor) else value


_GROWING = ("expand", "repeat", "pad", "full", "zeros", "ones", "empty", "arange", "conv", "upsample", "fold")


def _numbers_at_least(node: Node, values: dict[Node, Any]) -> int:
    """How many numbers the node's value will surely have, as far as that is easily seen; what is large is made last."""
    name = operation_name(node)
    several = [values[one] for one in node.all_input_nodes if isinstance(values[one], torch.Tensor)]
    if len(several) == 2 and ("matmul" in name or name in {"mm", "bmm"}):
        return several[0].numel() // max(several[0].shape[-1:] or (1,)) * max(several[1].shape[-1:] or (1,))
    least = 0
    if len(several) > 1 and not any(part in name for part in ("conv", "linear", "mm", "norm", "index", "lstm", "gru")):
        axes = max(one.dim() for one in several)
        sizes = [[1] * (axes - one.dim()) + list(one.shape) for one in several]
        least = prod(max(along) for along in zip(*sizes, strict=True))
    if any(part in name for part in _GROWING):
        for argument in (*node.args, *node.kwargs.values()):
            listed = argument if isinstance(argument, list | tuple) else [argument]
            numbers = [abs(one) for one in listed if isinstance(one, int) and not isinstance(one, bool)]
            least = max(least, prod(one for one in numbers if one) if numbers else 0)
    return least


def _refuse_giants(values: dict[Node, Any]) -> None:
    """Refuse what no computer could hold, and constants that would be made at once."""
    fixed: set[Node] = set()
    for node, value in values.items():
        constant = node.op == "call_function" and all(one in fixed for one in node.all_input_nodes)
        if node.op == "get_attr" or constant:
            fixed.add(node)
        size = sum(one.numel() * one.dtype.itemsize for one in _tensors(value))
        if size > (_LARGEST_CONSTANT if constant else _LARGEST):
            where = node.meta.get("layer") or "the top"
            raise CaptureError(
                f"The node {node.name} in layer “{where}” would make {size / 2**30:,.1f} GiB for two samples, more "
                "than any network does: the file is damaged or made to harm."
            )


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
