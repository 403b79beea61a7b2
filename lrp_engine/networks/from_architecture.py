"""From a state dict and an architecture to a network: the layers are built straight into the graph."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch.fx import Graph, Node

from ..errors import ArchitectureError
from .architecture import Architecture, LayerEntry, OutputEntry
from .build import described, finish
from .modules import LAYER_TYPES, LayerType
from .tensors import to_torch

if TYPE_CHECKING:
    from ..files import WeightFile
    from .network import Network


def build(architecture: Architecture, weights: WeightFile) -> Network:
    """Connect the tensors of `weights` as `architecture` says.

    Raises
    ------
    ArchitectureError
        If a layer's type or parameters are unknown, or a tensor is missing or has another shape; the sentence names
        the layer, the tensor and both shapes.
    """
    graph = Graph()
    values: dict[str, Node] = {}
    inputs = {}
    for entry in architecture.inputs:
        values[entry.name] = graph.placeholder(entry.name)
        inputs[entry.name] = ((None, *entry.shape), torch.float32)

    tensors: dict[str, torch.Tensor] = {}
    learned: set[str] = set()
    previous = architecture.inputs[0].name
    for entry in architecture.layers:
        kind = LAYER_TYPES.get(entry.type)
        if kind is None:
            known = ", ".join(LAYER_TYPES)
            raise ArchitectureError(f"The layer “{entry.name}” has the unknown type “{entry.type}”; known are {known}.")
        if entry.name in values:
            raise ArchitectureError(f"The name “{entry.name}” is used twice; give each layer a name of its own.")
        parameters = _parameters(entry, kind)
        source = _source(entry, previous, values)
        try:
            slots = _slots(entry, kind, parameters, weights)
            nodes = {slot: None if key is None else graph.create_node("get_attr", key) for slot, key in slots.items()}
            node = kind.build(graph, source, parameters, nodes.__getitem__)
        except (TypeError, ValueError, ZeroDivisionError) as error:
            raise ArchitectureError(
                f"The layer “{entry.name}” ({entry.type}) has a parameter that makes no sense: {error}."
            ) from error
        for slot in kind.slots:
            key = slots[slot.name]
            if key is not None and key not in tensors:
                tensors[key] = to_torch(weights.tensors[key])
                if slot.learned:
                    learned.add(key)
        node.meta.update(layer=entry.name, module=entry.type, source=f"architecture.json: layer “{entry.name}”")
        values[entry.name] = node
        previous = entry.name

    named = architecture.outputs or [OutputEntry()]
    graph.output(tuple(values[_output(o, previous, values)] for o in named))
    _floating(tensors)
    unused = sorted(set(weights.tensors) - set(tensors))
    notes = (
        [f"The architecture leaves {len(unused)} tensors unused: {', '.join(unused[:5])}."] if _telling(unused) else []
    )
    network = finish(
        graph,
        tensors,
        inputs,
        parameters=frozenset(learned),
        notes=notes,
        name=architecture.name or Path(weights.path).stem,
        output_names=tuple(o.name for o in named),
    )
    return described(network, {e.name: e.features for e in architecture.inputs}, named)


def _parameters(entry: LayerEntry, kind: LayerType) -> dict[str, Any]:
    missing = [name for name in kind.required if name not in entry.parameters]
    unknown = [name for name in entry.parameters if name not in kind.required and name not in kind.optional]
    if missing or unknown:
        what = f"lacks {', '.join(missing)}" if missing else f"has the unknown parameter {', '.join(unknown)}"
        takes = ", ".join((*kind.required, *kind.optional)) or "none"
        raise ArchitectureError(f"The layer “{entry.name}” ({entry.type}) {what}; it takes {takes}.")
    return {**kind.optional, **entry.parameters}


def _slots(
    entry: LayerEntry, kind: LayerType, parameters: dict[str, Any], weights: WeightFile
) -> dict[str, str | None]:
    """For each slot of the layer its tensor's name in the weights, or None where the layer has none."""
    prefix = entry.name if entry.weights is None else entry.weights
    found: dict[str, str | None] = {}
    for slot in kind.slots:
        found[slot.name] = None
        if slot.present(parameters):
            key = f"{prefix}.{slot.name}" if prefix else slot.name
            _check(weights, key, entry, slot.shape(parameters))
            found[slot.name] = key
    return found


def _check(weights: WeightFile, key: str, entry: LayerEntry, expected: tuple[int, ...]) -> None:
    info = weights.tensors.get(key)
    says = "×".join(map(str, expected)) or "one number"
    if info is None:
        raise ArchitectureError(
            f"The architecture's layer “{entry.name}” ({entry.type}) needs the tensor “{key}” ({says}), "
            "which the weights do not have."
        )
    if tuple(info.shape) != tuple(expected):
        has = "×".join(map(str, info.shape)) or "one number"
        raise ArchitectureError(
            f"The tensor “{key}” is {has} in the weights, but {says} by the architecture's layer “{entry.name}”."
        )


def _source(entry: LayerEntry, previous: str, values: dict[str, Any]) -> Any:
    if len(entry.inputs) > 1:
        raise ArchitectureError(f"The layer “{entry.name}” ({entry.type}) takes one input, not {len(entry.inputs)}.")
    name = entry.inputs[0] if entry.inputs else previous
    if name not in values:
        raise ArchitectureError(f"The layer “{entry.name}” reads “{name}”, which no input or earlier layer is called.")
    return values[name]


def _output(entry: OutputEntry, previous: str, values: dict[str, Any]) -> str:
    name = entry.layer or previous
    if name not in values:
        raise ArchitectureError(f"The output “{entry.name}” reads “{name}”, which no layer is called.")
    return name


def _floating(tensors: dict[str, Any]) -> None:
    """Half precision and double weights run in float32: one number format through the whole network."""
    for key, tensor in tensors.items():
        if tensor.is_floating_point():
            tensors[key] = tensor.float()


def _telling(unused: list[str]) -> bool:
    return any(not name.endswith("num_batches_tracked") for name in unused)
