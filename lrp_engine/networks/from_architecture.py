"""From a state dict and an architecture to a network: the layers are built straight into the graph."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch.fx import Graph, Node

from ..errors import ArchitectureError
from .architecture import Architecture, OutputEntry
from .build import described, finish
from .fitting import Fit, Placed, fit
from .modules import Builder
from .tensors import to_torch

if TYPE_CHECKING:
    from ..files import WeightFile
    from .network import Network

_LISTED = 5  # of what does not fit
ASSUMED = "Assumed: "  # how the note on what an architecture was not told begins


def build(architecture: Architecture, weights: WeightFile) -> Network:
    """Connect the tensors of `weights` as `architecture` says.

    Raises
    ------
    ArchitectureError
        If a layer's type or parameters are unknown, a tensor is missing or has another shape, or a layer cannot take
        what it reads; the sentence names the layer, the tensor and both shapes.
    """
    fitted = fit(architecture, weights.tensors)
    if fitted.problems:
        raise ArchitectureError(_told(fitted))
    graph = Graph()
    values: dict[str, Node] = {}
    inputs = {}
    for entry in architecture.inputs:
        values[entry.name] = graph.placeholder(entry.name)
        inputs[entry.name] = ((None, *entry.shape), getattr(torch, entry.dtype))
    for placed in fitted.layers:
        values[placed.entry.name] = _write(graph, placed, values)
    graph.output(tuple(values[layer] for _, layer in fitted.outputs))

    keys = {key for placed in fitted.layers for key in placed.tensors.values()}
    tensors = {key: to_torch(weights.tensors[key]) for key in sorted(keys)}
    _floating(tensors)
    notes = [ASSUMED + sentence for sentence in architecture.assumptions]
    unused = [name for name in fitted.unused if name in weights.weights]
    if unused:
        more = ", …" if len(unused) > 5 else ""
        notes.append(f"The architecture leaves {len(unused)} tensors unused: {', '.join(unused[:5])}{more}.")
    network = finish(
        graph,
        tensors,
        inputs,
        parameters=frozenset().union(*(placed.learned for placed in fitted.layers)),
        notes=notes,
        name=architecture.name or Path(weights.path).stem,
        output_names=tuple(name for name, _ in fitted.outputs),
    )
    return described(
        network, {e.name: e.features for e in architecture.inputs}, architecture.outputs or [OutputEntry()]
    )


def _told(fitted: Fit) -> str:
    sentences = [problem.sentence.rstrip(".") for problem in fitted.problems[:_LISTED]]
    told = "; ".join([sentences[0], *(f"{text[:1].lower()}{text[1:]}" for text in sentences[1:])])
    more = len(fitted.problems) - _LISTED
    return f"{told}{f', and {more} more' if more > 0 else ''}."


def _write(graph: Graph, placed: Placed, values: dict[str, Node]) -> Node:
    entry = placed.entry
    nodes = {slot: graph.create_node("get_attr", key) for slot, key in placed.tensors.items()}
    meta = {"layer": entry.name, "module": entry.type, "source": f"architecture.json: layer “{entry.name}”"}
    shapes = [shape for shape in placed.shapes if shape is not None]
    builder = Builder(graph, [values[name] for name in placed.sources], shapes, nodes, meta)
    return placed.kind.build(builder, placed.parameters)


def _floating(tensors: dict[str, torch.Tensor]) -> None:
    """Half precision and double weights run in float32: one number format through the whole network."""
    for key, tensor in tensors.items():
        if tensor.is_floating_point():
            tensors[key] = tensor.float()
