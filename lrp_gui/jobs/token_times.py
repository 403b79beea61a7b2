"""Relevance of a recurrent network by layer and time step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lrp_gui.jobs.steps import Progress, Steps
from lrp_gui.jobs.token_grid import OTHER, RECURRENT, Gap, Mixing, Point, TokenGrid
from lrp_gui.jobs.token_rows import rows_of
from lrp_gui.jobs.token_stream import Structure
from lrp_gui.languages import thousands, tr

if TYPE_CHECKING:
    from torch.fx import Node

    from lrp_engine import Explanation, Network
    from lrp_gui.jobs.requests import SampleRequest

Explain = Callable[..., Steps["Explanation"]]

MOST_STEPS = 512
SEQUENCE = ("samples", "steps", "units")
BOTH_WAYS = 7  # among the arguments of aten's recurrent operations
# Of how many steps' relevance it is followed where in time it goes: an explanation for each.
MOST_FOLLOWED = 48


@dataclass(frozen=True, slots=True)
class Layer:
    """A recurrent operation: the sequence that it reads, those that it gives, and its last states."""

    node: Node
    reads: Node
    gives: Node | None
    states: tuple[Node, ...]


def find_times(structure: Structure) -> tuple[Layer, ...]:
    """The recurrent layers, one behind the other, as far as they run over the same steps."""
    from lrp_engine.networks.graphs.operations import RECURRENT as KIND

    found: list[Layer] = []
    for node in structure.nodes:
        if structure.kind(node) != KIND:
            continue
        outputs = {user.args[1]: user for user in node.users if structure.names.get(user) == "getitem"}
        states = tuple(outputs[place] for place in (1, 2) if place in outputs)
        one = Layer(node, structure.inputs[node][0], outputs.get(0), states)
        if not steps_of(one.reads) or (found and not _follows(structure, one, found[-1])):
            continue
        found.append(one)
    return tuple(found)


def _follows(structure: Structure, one: Layer, before: Layer) -> bool:
    return (
        before.gives is not None
        and structure.reads(one.reads, before.gives)
        and (steps_of(one.reads) == steps_of(before.reads))
    )


def steps_of(node: Node) -> int:
    """How many steps a sequence has: the axis that is neither of the samples nor of the units; 0 of anything else."""
    shape, samples = node.meta.get("shape") or (), node.meta.get("samples")
    axes = [axis for axis in range(len(shape) - 1) if samples is None or axis != samples[0]]
    return shape[axes[0]] or 0 if len(shape) == 3 and len(axes) == 1 else 0


def times_grid(
    network: Network, request: SampleRequest, structure: Structure, layers: tuple[Layer, ...], explain: Explain
) -> Steps[TokenGrid]:
    """Points are the sequences between the recurrent layers; each layer hands back through time."""
    steps = steps_of(layers[0].reads)
    if steps > MOST_STEPS:
        return TokenGrid(
            problem=tr("The series has {steps} steps; up to {most_steps} can be drawn on a grid.").format(
                steps=thousands(steps), most_steps=MOST_STEPS
            )
        )
    kept = {node.name for one in layers for node in (one.reads, *one.states, *((one.gives,) if one.gives else ()))}
    explanation = yield from explain(keep=sorted(kept))
    points: list[Point] = []
    gaps: list[Gap] = []
    notes: list[str] = []
    before: Node | None = None
    for one in layers:
        read = _by_step(explanation, one.reads, steps)
        if not points:
            points.append(_point(explanation, one.reads, "sequence", read))
        elif structure.settled(one.reads) is not before:  # a norm, or the like, between two recurrent layers
            none = np.zeros(steps)
            gaps.append(Gap(OTHER, one.reads.meta.get("layer", ""), none, read, none))
            points.append(_point(explanation, one.reads, "sequence", read))
        given = _given(explanation, one, steps)
        mixing = yield from _followed(network, request, one, given, read)
        layer = one.node.meta.get("layer", "")
        if mixing is None:
            notes.append(
                tr(
                    "From which step “{layer}” hands its relevance back to which is not known, only how much each gets."
                ).format(layer=layer)
            )
        none = np.zeros(steps)
        gaps.append(Gap(RECURRENT, layer, given, none, read, mixing))
        before = one.gives
        points.append(
            _point(explanation, one.gives or one.node, structure.names[one.node].split("_")[0].upper(), given)
        )
    source, first, positions, _patches = rows_of(network, structure, layers[0].reads, steps)
    positions = tr("time step") if positions == "position" else positions
    return TokenGrid(
        tuple(points),
        tuple(gaps),
        *(positions, source, first),
        explained=float(explanation.score[0]),
        notes=tuple(notes),
    )


def _point(explanation: Explanation, node: Node, name: str, relevance: np.ndarray) -> Point:
    """A sequence; where all its relevance is known, with the strongest unit of each step."""
    found = explanation.nodes.get(node.name)
    layer = node.meta.get("layer", "")
    if found is None or found.dim() != len(SEQUENCE):
        return Point(layer, name, relevance, node.name)
    units = found.shape[-1]
    strongest = found.reshape(-1, units).abs().argmax(1).numpy()
    return Point(layer, name, relevance, node.name, strongest, units)


def _by_step(explanation: Explanation, node: Node, steps: int) -> np.ndarray:
    """(steps,) of a sequence with one sample."""
    found = explanation.nodes.get(node.name)
    return np.zeros(steps) if found is None else found.numpy().astype(np.float64).reshape(steps, -1).sum(1)


def _given(explanation: Explanation, one: Layer, steps: int) -> np.ndarray:
    """What arrives at each step's state: in the sequence, and as the last state that is read besides."""
    given = np.zeros(steps) if one.gives is None else _by_step(explanation, one.gives, steps)
    arguments = one.node.args
    both = len(arguments) > BOTH_WAYS and arguments[BOTH_WAYS] is True
    for state in one.states:
        found = explanation.nodes.get(state.name)
        if found is None:
            continue
        by_run = found.numpy().astype(np.float64).reshape(found.shape[0], -1).sum(1)
        ahead, back = (by_run[::2], by_run[1::2]) if both else (by_run, by_run[:0])
        given[-1] += ahead.sum()
        given[0] += back.sum()
    return given


def _followed(
    network: Network, request: SampleRequest, one: Layer, given: np.ndarray, read: np.ndarray
) -> Steps[Mixing | None]:
    """What each state hands back to each step of the sequence, by explaining through it alone."""
    steps = len(given)
    active = np.flatnonzero(given)
    if len(active) == 1:
        mixing = np.zeros((steps, steps))
        mixing[active[0]] = read
        return Mixing.of(mixing)
    layer = next((layer for layer in network.layers if one.gives and layer.nodes[-1] == one.gives.name), None)
    if layer is None or one.gives is None or len(active) > MOST_FOLLOWED or request.reference is not None:
        return None
    import lrp_engine
    from lrp_gui.jobs import convert

    inputs = convert.network_inputs(network, request.network, request.values[None])
    target = lrp_engine.parse_target(request.target, request.network.outputs)
    sizes = [size or 1 for size in one.gives.meta["shape"]]
    axis = one.gives.meta["samples"][0]
    mixing = np.zeros((steps, steps))
    for n, step in enumerate(active):
        yield Progress(
            n, len(active), tr("Following step {step} of “{path}” back in time").format(step=step + 1, path=layer.path)
        )
        mask = np.zeros([size for place, size in enumerate(sizes) if place != axis], dtype=bool)
        mask[step] = True
        found = lrp_engine.explain(
            *(network, inputs),
            target=target,
            composite=request.composite,
            keep=[one.reads.name],
            through={layer.path: mask},
        )
        mixing[step] = _by_step(found, one.reads, steps)
    return Mixing.of(mixing)
