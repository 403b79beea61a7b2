"""The last steps that every source of networks shares: canonical graph, shapes, layers, outputs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch.fx import Graph, Node

from ..errors import ArchitectureError, CaptureError
from .architecture import FeatureEntry, OutputEntry, classes_of, features_of
from .captured.refused import refuse
from .graphs.formats import widen
from .graphs.graph import live_nodes, operation_name, operation_of, walk_back
from .graphs.layers import find_layers
from .graphs.opened import canonical
from .graphs.operations import MOVEMENT, OUTPUT_ACTIVATIONS
from .graphs.recognise import recognise
from .graphs.shapes import annotate, one_at_a_time
from .graphs.unfolded import mixed, unfold
from .network import Network, NetworkInput, NetworkOutput, Shape


def finish(
    graph: Graph,
    tensors: dict[str, torch.Tensor],
    inputs: dict[str, tuple[Shape, torch.dtype]],
    *,
    parameters: frozenset[str],
    notes: list[str] | None = None,
    name: str = "",
    output_names: tuple[str, ...] = (),
    examples: dict[str, torch.Tensor] | None = None,
    metadata: dict[str, Any] | None = None,
    known: bool = False,
) -> Network:
    """Make a `Network` of a functional ATen graph.

    Parameters
    ----------
    graph : torch.fx.Graph
        Placeholders are inputs, `get_attr` nodes name entries of `tensors`; the output node holds a tuple of nodes.
    tensors : dict
        Weights and constants.
    inputs : dict
        Placeholder name -> (shape with None where the samples run, dtype).
    parameters : frozenset of str
        The names in `tensors` that were learned.
    examples : dict, optional
        Values of the inputs, for a graph of one size that may only fit these.
    known : bool
        Whether the nodes' shapes stand in their meta already.

    Raises
    ------
    CaptureError
        If the graph holds what cannot be explained, or nothing that it yields depends on its inputs.
    """
    notes = list(notes or ())
    graph.eliminate_dead_code()
    refuse(graph)
    notes += widen(graph, tensors, inputs)
    if not known:
        annotate(graph, tensors, inputs, examples)
    if canonical(graph, tensors):
        annotate(graph, tensors, inputs, examples)
    if unfold(graph):
        annotate(graph, tensors, inputs, examples)
    notes += recognise(graph, tensors)
    inside = mixed(graph)
    if inside:
        notes.append(
            f"Samples run inside an axis at {', '.join(node.name for node in inside[:3])}: the ledger's amounts there "
            "belong to the samples together, and several targets should be explained one by one."
        )
    names = _keep_explained(graph, notes, output_names)
    used = {str(node.target) for node in graph.nodes if node.op == "get_attr"}
    tensors = {key: value.detach() for key, value in tensors.items() if key in used}
    layers = find_layers(graph, tensors, parameters)
    (results,) = next(node for node in graph.nodes if node.op == "output").args
    outputs = tuple(
        NetworkOutput(label, node.meta["shape"], activation=_activation(node, notes, label))
        for label, node in zip(names, results, strict=True)
    )
    return Network(
        graph=graph,
        tensors=tensors,
        inputs=_inputs(inputs, notes),
        outputs=outputs,
        layers=layers,
        notes=tuple(notes),
        name=name,
        parameters=parameters & frozenset(tensors),
        metadata=metadata or {},
    )


def _inputs(inputs: dict[str, tuple[Shape, torch.dtype]], notes: list[str]) -> tuple[NetworkInput, ...]:
    axes: dict[str, int | None]
    if any(None in shape for shape, _ in inputs.values()):
        axes = {key: shape.index(None) if None in shape else None for key, (shape, _) in inputs.items()}
    elif one_at_a_time(inputs):
        notes.append("The network takes one sample at a time: its sample axis is fixed.")
        axes = dict.fromkeys(inputs, 0)
    else:
        notes.append("The network's inputs have fixed sizes; they are taken whole, as one sample.")
        axes = dict.fromkeys(inputs)
    return tuple(
        NetworkInput(key, shape, str(dtype).removeprefix("torch."), axis=axes[key])
        for key, (shape, dtype) in inputs.items()
    )


def _keep_explained(graph: Graph, notes: list[str], names: tuple[str, ...]) -> tuple[str, ...]:
    """Drop the outputs that nobody can explain: integers, and what does not depend on the inputs."""
    last = next(node for node in graph.nodes if node.op == "output")
    (results,) = last.args
    single = len(results) == 1  # type: ignore[arg-type]
    names = names or (("output",) if single else tuple(node.name for node in results))  # type: ignore[union-attr]
    live = live_nodes(graph)
    kept, dropped = [], []
    for label, node in zip(names, results, strict=True):  # type: ignore[arg-type]
        floating = node.meta["dtype"].is_floating_point
        (kept if floating and node in live else dropped).append((label, node))
    if not kept:
        raise CaptureError(
            "None of the network's outputs is a floating tensor that depends on its inputs; nothing can be explained."
        )
    if dropped:
        said = ", ".join(label for label, _ in dropped)
        notes.append(f"Not explained, as not a floating tensor that depends on the inputs: {said}.")
        last.args = (tuple(node for _, node in kept),)
        graph.eliminate_dead_code()
    return tuple(label for label, _ in kept)


def described(network: Network, features: dict[str, list[FeatureEntry]], outputs: list[OutputEntry]) -> Network:
    """The network with the names that a description gives to its input and output units.

    Raises
    ------
    ArchitectureError
        If the description names an input that the network does not have, or counts its units otherwise.
    """
    unknown = set(features) - {entry.name for entry in network.inputs}
    if unknown:
        has = ", ".join(entry.name for entry in network.inputs)
        raise ArchitectureError(f"The description names the input “{min(unknown)}”; the network has {has}.")
    if outputs and len(outputs) != len(network.outputs):
        raise ArchitectureError(
            f"The description names {len(outputs)} outputs; the network has {len(network.outputs)}."
        )
    network.inputs = tuple(
        replace(entry, features=features_of(entry.name, entry.unit_shape, features.get(entry.name, [])))
        for entry in network.inputs
    )
    if outputs:
        network.outputs = tuple(
            replace(entry, name=given.name, classes=classes_of(given, entry.units))
            for entry, given in zip(network.outputs, outputs, strict=True)
        )
    return network


def logit_node(result: Node) -> Node:
    """The node that is explained for an output: its logit where a sigmoid or softmax ends the network."""
    for node in walk_back(result, _moves):
        if operation_name(node) in OUTPUT_ACTIVATIONS and isinstance(node.args[0], Node):
            return node.args[0]
    return result


def _moves(node: Node) -> bool:
    row = operation_of(node)
    return (
        row is not None
        and row.kind == MOVEMENT
        and node.meta.get("shape") == getattr(node.args[0], "meta", {}).get("shape")
    )


def _activation(result: Node, notes: list[str], label: str) -> str:
    for node in walk_back(result, _moves):
        activation = OUTPUT_ACTIVATIONS.get(operation_name(node), "")
        if activation:
            notes.append(f"The output “{label}” ends in a {activation}; the logit before it is explained.")
            return activation
    return ""
