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
from torch.fx.node import map_aggregate

from ...errors import CaptureError, LrpError
from ..beats import beat
from ..network import Shape
from .graph import callable_of, evaluate, operation_name

_FEW, _MORE = 2, 3
_SMALL = 32 * 2**20  # bytes of weights and of one sample
_MOST_MADE = 128 * 2**20  # bytes that are made of a small network to see its shapes
_SURELY_SMALL = 2**23  # numbers
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
        beat()
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
                values[node] = _evaluate(node, values, device)
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


def _evaluate(node: Node, values: dict[Node, Any], device: str) -> Any:
    """A node's value; what the graph puts on the CPU, say a mask of its own, is left without numbers where all else is.

    Only where it cannot be otherwise: numbers that are there may be asked for.
    """
    try:
        return evaluate(node, values)
    except Exception:
        if device != "meta":
            raise
        hollow = {one: _on_meta(values[one]) for one in node.all_input_nodes}
        args, kwargs = map_aggregate((node.args, node.kwargs), lambda a: _without_numbers(a, hollow))
        return callable_of(node)(*args, **kwargs)


def _without_numbers(argument: Any, hollow: dict[Node, Any]) -> Any:
    if isinstance(argument, Node):
        return hollow[argument]
    return torch.device("meta") if isinstance(argument, torch.device) else argument


def _check_size(node: Node, values: dict[Node, Any]) -> None:
    """Stop before a node is run whose value would be large; where it may be, it is first made without numbers."""
    if _numbers_at_most(node, values) <= _SURELY_SMALL:
        return
    hollow = {one: _on_meta(values[one]) for one in node.all_input_nodes}
    try:
        made = evaluate(node, hollow)
    except Exception:  # noqa: BLE001 – it needs its numbers, or does not fit: then running it will tell
        return
    if sum(one.nbytes for one in _tensors(made)) > _MOST_MADE // 2:
        raise _TooLarge


def _on_meta(value: Any) -> Any:
    return value.to("meta") if isinstance(value, torch.Tensor) else value


def _tensors(value: Any) -> list[torch.Tensor]:
    several = value if isinstance(value, tuple | list) else [value]
    return [one for one in several if isinstance(one, torch.Tensor)]


def _hollow(value: Any) -> Any:
    """A tensor of the same shape and format that holds one number."""
    return value.new_zeros(()).expand(value.shape) if isinstance(value, torch.Tensor) else value


_MULTIPLIED = ("repeat", "expand", "full", "zeros", "ones", "empty", "arange")
_WIDENED = ("conv", "pad", "upsample", "fold")
_OF_ONE = ("conv", "linear", "mm", "norm", "index", "lstm", "gru", "rnn")


def _numbers_at_most(node: Node, values: dict[Node, Any]) -> int:
    """About how many numbers the node could make or has to read, as far as that is easily seen."""
    name = operation_name(node)
    several = [values[one] for one in node.all_input_nodes if isinstance(values[one], torch.Tensor)]
    most = sum(one.numel() for one in several)
    if len(several) == 2 and ("matmul" in name or name in {"mm", "bmm"}):
        most = max(most, several[0].numel() // max([1, *several[0].shape[-1:]]) * max([1, *several[1].shape[-1:]]))
    elif len(several) > 1 and not any(part in name for part in _OF_ONE):
        axes = max(one.dim() for one in several)
        sizes = [[1] * (axes - one.dim()) + list(one.shape) for one in several]
        most = max(most, prod(max(along) for along in zip(*sizes, strict=True)))
    multiplied, widened = (any(part in name for part in parts) for parts in (_MULTIPLIED, _WIDENED))
    for argument in (*node.args, *node.kwargs.values()) if multiplied or widened else ():
        listed = argument if isinstance(argument, list | tuple) else [argument]
        numbers = [abs(one) for one in listed if isinstance(one, int) and not isinstance(one, bool)]
        if multiplied:
            most = max(most, (most if name == "repeat" else 1) * prod(one for one in numbers if one))
        elif numbers and several and several[0].dim() > 2:
            channels = max([several[0].shape[1], *(one.shape[0] for one in several[1:2] if one.dim())])
            wide = prod(size + 2 * max(numbers) for size in several[0].shape[2:])
            most = max(most, several[0].shape[0] * channels * wide)
    return most


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
