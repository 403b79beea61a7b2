"""Whether an imported graph computes what the file's graph computes, however many samples there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.fx import Graph, Node

from ...errors import CaptureError, LrpError
from ..graphs.graph import evaluate
from .inputs import Input

if TYPE_CHECKING:
    from ..network import Network

Held = tuple[dict[str, Tensor], dict[str, Any]]  # example inputs and outputs, by name

_CLOSE = 1e-4  # of the largest number, between a sample in a batch and the same sample elsewhere


def check_apart(held: Sequence[Held], names: Sequence[str]) -> None:
    """Refuse outputs that are no sample's own: the first sample of one batch is the second one of the other.

    Raises
    ------
    CaptureError
        If its output differs, or an output has no axis for the samples.
    """
    (_, few), (_, more) = held
    for name in names:
        one, other = few[name], more[name]
        if not one.is_floating_point():
            continue  # it is not explained, and a tie between largest numbers may fall either way
        axes = [axis for axis, (a, b) in enumerate(zip(one.shape, other.shape, strict=True)) if a != b]
        if len(axes) != 1 or 3 * one.shape[axes[0]] != 2 * other.shape[axes[0]]:
            raise CaptureError(f"The output “{name}” has no axis for the samples.")
        times = one.shape[axes[0]] // 2
        if not _close(one.narrow(axes[0], 0, times), other.narrow(axes[0], times, times)):
            raise CaptureError(f"The output “{name}” of one sample depends on the samples beside it.")


def _close(one: Tensor, other: Tensor) -> bool:
    scale = float(one.nan_to_num(0, 0, 0).abs().max()) if one.numel() else 0.0
    return torch.allclose(one, other, rtol=_CLOSE, atol=_CLOSE * scale, equal_nan=True)


def verify(network: Network, inputs: Sequence[Input], held: Held, *, batch: bool) -> None:
    """Run the finished graph on one sample, and compare it with what the file's graph gave.

    Parameters
    ----------
    held : tuple of dict
        Example inputs and outputs by name; with `batch` several samples, of which the first is taken.

    Raises
    ------
    CaptureError
        If it gives anything else.
    """
    given, outputs = held
    alone = {e.name: given[e.name] if e.axis is None else given[e.name].narrow(e.axis, 0, 1) for e in inputs}
    with torch.no_grad():
        results = run_graph(network.graph, network.tensors, alone, network.output_nodes)
    for entry, got in zip(network.outputs, results, strict=True):
        wanted = outputs[entry.name]
        if None in entry.shape and batch:
            axis = entry.shape.index(None)
            wanted = wanted.narrow(axis, 0, wanted.shape[axis] // 2)
        if wanted.shape != got.shape or not _close(wanted, got.to(wanted.dtype)):
            raise CaptureError(f"The output “{entry.name}” of a sample alone differs from the same sample in a batch.")


def run_graph(graph: Graph, tensors: Mapping[str, Tensor], given: Mapping[str, Tensor], results: Any) -> list[Any]:
    """The values of some nodes.

    Raises
    ------
    CaptureError
        If a node does not run.
    """
    values: dict[Node, Any] = {}
    readers = {node: len(node.users) for node in graph.nodes}
    for node in graph.nodes:
        if node.op == "placeholder":
            values[node] = given[str(node.target)]
        elif node.op == "get_attr":
            values[node] = tensors[str(node.target)]
        elif node.op == "call_function":
            try:
                values[node] = evaluate(node, values)
            except LrpError:
                raise
            except Exception as error:  # any operation may refuse its arguments in its own way
                raise CaptureError(f"The node {node.name} does not run: {error}") from error
            for argument in node.all_input_nodes:
                readers[argument] -= 1
                if not readers[argument]:
                    values.pop(argument, None)
    return [values[node] for node in results]
