"""What is asked of an explanation, checked against the network: inputs, what to keep and to pass, how much at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.fx import Node

from .errors import InputError
from .networks.graphs.graph import arguments, operation_of, walk_back
from .networks.graphs.operations import ACTIVATION, LOOKUP, RECURRENT, SOFTMAX, SUM
from .plan import Plan

if TYPE_CHECKING:
    from .networks.network import Layer, Network, NetworkInput

KEEPS = ("inputs", "layers", "nodes")
# Where the free memory is not told.
_MEMORY = 4 * 2**30


def checked(network: Network, inputs: Any, device: torch.device | None = None) -> dict[str, Tensor]:
    """The inputs by name, as tensors of the network's types.

    Raises
    ------
    InputError
        If a name, shape or type does not fit, there are no samples, or a value is not finite.
    """
    names = [entry.name for entry in network.inputs]
    if not isinstance(inputs, Mapping):
        if len(names) > 1:
            raise InputError(f"The network takes {len(names)} inputs; give them by name: {', '.join(names)}.")
        inputs = {names[0]: inputs}
    wrong = set(inputs) ^ set(names)
    if wrong:
        raise InputError(f"The inputs should be {', '.join(names)}; got {', '.join(map(str, inputs)) or 'none'}.")
    given = {entry.name: _tensor(entry, inputs[entry.name], device) for entry in network.inputs}
    counts = {given[entry.name].shape[entry.axis] for entry in network.inputs if entry.axis is not None}
    if len(counts) > 1:
        raise InputError(f"The inputs have different numbers of samples: {', '.join(map(str, sorted(counts)))}.")
    return given


def _tensor(entry: NetworkInput, value: Any, device: torch.device | None) -> Tensor:
    if isinstance(value, np.ndarray) and not value.flags.writeable:
        value = value.copy()  # torch warns of memory that it must not write
    try:
        tensor = torch.as_tensor(value).detach()
    except (TypeError, ValueError, RuntimeError) as error:
        raise InputError(f"The input “{entry.name}” is not a tensor or array of numbers.") from error
    wanted = getattr(torch, entry.dtype)
    if tensor.is_complex() or (tensor.is_floating_point() and not wanted.is_floating_point):
        raise InputError(f"The input “{entry.name}” is {tensor.dtype}; the network takes {entry.dtype}.")
    fits = tensor.dim() == len(entry.shape) and all(
        want is None or have == want or axis == entry.axis
        for axis, (have, want) in enumerate(zip(tensor.shape, entry.shape, strict=True))
    )
    if not fits:
        want = "×".join("samples" if s is None else str(s) for s in entry.shape) or "one number"
        have = "×".join(map(str, tensor.shape)) or "one number"
        raise InputError(f"The input “{entry.name}” is {have}; the network takes {want}.")
    if entry.axis is not None and not tensor.shape[entry.axis]:
        raise InputError(f"The input “{entry.name}” has no samples.")
    # a copy: what is asked of the result later is still about these values
    tensor = tensor.to(device if device is not None else "cpu", wanted, copy=True)
    if not tensor.is_floating_point() or bool(tensor.sum().isfinite()):
        return tensor
    bad = (~torch.isfinite(tensor)).nonzero()
    if len(bad):
        place = bad[0].tolist()
        sample = place.pop(entry.axis) if entry.axis is not None else 0
        raise InputError(
            f"Sample {sample} of the input “{entry.name}” holds {tensor[tuple(bad[0])].item()} at unit "
            f"{', '.join(map(str, place))}; every value has to be a finite number."
        )
    return tensor


def part(network: Network, given: dict[str, Tensor], start: int, size: int) -> dict[str, Tensor]:
    """The inputs of some of the samples; an input without samples goes to all."""
    return {
        entry.name: given[entry.name]
        if entry.axis is None
        else given[entry.name].narrow(entry.axis, start, min(size, given[entry.name].shape[entry.axis] - start))
        for entry in network.inputs
    }


def references(network: Network, reference: Any, samples: int, device: torch.device | None) -> dict[str, Tensor]:
    """The reference, checked like the inputs; one sample stands for all."""
    given = checked(network, reference, device)
    found = {}
    for entry in network.inputs:
        value = given[entry.name]
        if entry.axis is not None:
            count = value.shape[entry.axis]
            if count not in {1, samples}:
                raise InputError(f"There are {count} references for {samples} samples; give one, or one for each.")
            value = value.expand(*[samples if axis == entry.axis else size for axis, size in enumerate(value.shape)])
        found[entry.name] = value
    return found


def kept_nodes(network: Network, plan: Plan, keep: str | Collection[str]) -> frozenset[Node]:
    """The nodes whose relevance is kept; the inputs always are.

    Raises
    ------
    InputError
        If `keep` names neither a kind of thing nor a layer or node.
    """
    by_name = {node.name: node for node in network.graph.nodes}
    ends = {layer.path: plan.settled(by_name[layer.nodes[-1]]) for layer in network.layers}
    kept = {node for node in network.graph.nodes if node.op == "placeholder"}
    if keep == "nodes":
        kept |= {port for step in plan.backward for port in step.ports}
    elif keep == "layers":
        kept |= set(ends.values())
    elif keep != "inputs":
        for name in [keep] if isinstance(keep, str) or not isinstance(keep, Collection) else keep:
            node = ends.get(name) or by_name.get(name)
            if node is None:
                raise InputError(
                    f"keep has to be one of {', '.join(KEEPS)}, or a list of layers and nodes; there is no “{name}”."
                )
            kept.add(plan.settled(node))
    return frozenset(kept)


def flows(network: Network, asked: str | Collection[str]) -> frozenset[str]:
    """The layers whose flow is computed along the way, if relevance reaches them and they have weights.

    Raises
    ------
    InputError
        If there is no such layer.
    """
    found = frozenset([asked] if isinstance(asked, str) else asked)
    known = [layer.path for layer in network.layers]
    for path in sorted(found - set(known)):
        raise InputError(f"There is no layer “{path}” to show the flow into; they are {', '.join(known[:12])}.")
    return found


def masks(network: Network, plan: Plan, through: Mapping[str, Any], device: torch.device | None) -> dict[Node, Tensor]:
    """For each layer that relevance has to pass some units of: its node, and a mask over one sample's value.

    Raises
    ------
    InputError
        If there is no such layer or unit.
    """
    by_name = {node.name: node for node in network.graph.nodes}
    layers = {layer.path: layer for layer in network.layers}
    found = {}
    for path, units in through.items():
        if path not in layers:
            raise InputError(f"There is no layer “{path}” to pass through; they are {', '.join(list(layers)[:12])}.")
        node = plan.settled(by_name[layers[path].nodes[-1]])
        found[node] = _mask(layers[path], node, units).to(device)
    return found


def _mask(layer: Layer, node: Node, units: Any) -> Tensor:
    shape = [1 if size is None else size for size in node.meta["shape"]]
    samples = node.meta.get("samples")
    if samples is not None:
        shape[samples[0]] = 1
    try:
        given = torch.as_tensor(units)
    except (TypeError, ValueError, RuntimeError) as error:
        raise InputError(f"Units of “{layer.path}” to pass are a list of numbers, or an array of booleans.") from error
    mask = torch.zeros(shape, dtype=node.meta["dtype"])
    if given.dtype == torch.bool:
        if list(given.shape) != [size for axis, size in enumerate(shape) if samples is None or axis != samples[0]]:
            raise InputError(f"The mask for “{layer.path}” is {'×'.join(map(str, given.shape))}; it does not fit.")
        return given.reshape(shape).to(mask.dtype)
    axis = units_axis(node) % len(shape)
    for unit in given.flatten().tolist():
        if not isinstance(unit, int) or not 0 <= unit < shape[axis]:
            raise InputError(f"There is no unit {unit} in “{layer.path}”: they are 0 to {shape[axis] - 1}.")
        mask.narrow(axis, unit, 1).fill_(1)
    return mask


def units_axis(node: Node) -> int:
    """Where a value's units stand; what works number by number has them where the layer before it has them."""
    for one in walk_back(node, _number_by_number):
        row = operation_of(one)
        if row is None:
            break
        if row.family == "convolution":
            x, weight = (given.meta["shape"] for given in arguments(one)[:2])
            return len(x) - len(weight) + 1  # 0, if there is no axis of samples
        if "pool" in row.name or row.name in {"batch_norm", "group_norm", "instance_norm"}:
            return 1
        if row.family == "dense" or row.kind in {LOOKUP, RECURRENT} or row.name in {"layer_norm", "rms_norm"}:
            return -1
    return 1 if len(node.meta["shape"]) > 3 else -1


def _number_by_number(node: Node) -> bool:
    row = operation_of(node)
    return row is not None and (row.kind in {ACTIVATION, SUM, SOFTMAX} or row.family == "scaling" or "drop" in row.name)


def chunk_size(
    network: Network,
    plan: Plan,
    kept: Collection[Node],
    samples: int,
    targets: int,
    batch: int | None,
    memory: int | None,
) -> tuple[int, int, str]:
    """How many samples to take at a time, how many targets on one way back, and what to say about it.

    Raises
    ------
    InputError
        If the network's fixed number of samples does not divide theirs, or `batch` or `memory` is no such number.
    """
    for name, number in (("batch", batch), ("memory", memory)):
        if number is not None and (isinstance(number, bool) or not hasattr(number, "__index__") or number < 1):
            raise InputError(f"{name} has to be a whole number of at least 1, not {number}.")
    fixed = [entry.shape[entry.axis] for entry in network.inputs if entry.axis is not None]
    (size,) = {size for size in fixed if size is not None} or {None}
    if size is not None:
        if samples % size:
            raise InputError(f"The network takes {size} samples at a time; {samples} cannot be split so.")
        return size, 1, ""  # sizes stand in such a graph: it cannot hand back for several targets at once
    if all(entry.axis is None for entry in network.inputs):
        return 1, 1, ""
    if samples == targets == 1:
        return 1, 1, ""  # nothing to split: an edit in the table need not ask how much memory is free
    one = max(plan.bytes_per_sample(kept), 1)
    budget = memory or _free_memory() // 2
    together = max(1, min(targets, budget // (one * min(samples, batch or samples))))
    if batch is not None:
        return min(batch, samples), together, ""
    fits = max(1, budget // one)
    if fits >= samples:
        return samples, together, ""
    note = (
        f"The {samples} samples were taken {fits} at a time: all of them need about "
        f"{one * samples / 2**30:.1f} GiB, and {budget / 2**30:.1f} GiB may be used."
    )
    return fits, 1, note


def _free_memory() -> int:
    """Bytes that can be had without swapping, as Linux tells them."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return _MEMORY
    found = [line for line in lines if line.startswith("MemAvailable:")]
    return int(found[0].split()[1]) * 1024 if found else _MEMORY
