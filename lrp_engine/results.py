"""From what the passes left to an `Explanation`: chunks joined, nodes named, numbers checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.fx import Node

from .explanation import Explanation
from .ledger import LedgerRow, joined
from .rules.weighted import AffineStep

if TYPE_CHECKING:
    from .networks.network import Network
    from .plan import Plan

# Relevance this many times the explained score means that large positive and negative shares cancel.
ALARM = 100.0


@dataclass
class Chunk:
    """What the passes over some of the samples left."""

    inputs: dict[str, Tensor]
    outputs: list[Tensor]
    score: Tensor
    targets: tuple[str, ...]
    relevance: dict[Node, Tensor]
    values: dict[Node, Tensor]
    ledger: list[LedgerRow]
    flows: dict[str, Tensor]


def assemble(
    network: Network, plan: Plan, composite: str, chunks: list[Chunk], more_flow: Callable[[str], Tensor]
) -> Explanation:
    """Join the chunks and name what is in them."""
    by_name = {node.name: node for node in network.graph.nodes}
    first = chunks[0]

    def together(of: str, node: Node) -> Tensor:
        return _joined([getattr(chunk, of)[node] for chunk in chunks])

    layers, activations = {}, {}
    for layer in network.layers:
        node = plan.settled(by_name[layer.nodes[-1]])
        if node in first.relevance and node in first.values:
            layers[layer.path] = together("relevance", node)
            activations[layer.path] = together("values", node)
    nodes = {node.name: together("relevance", node) for node in network.graph.nodes if node in first.relevance}
    score = _joined([chunk.score for chunk in chunks])
    ledger = joined([chunk.ledger for chunk in chunks])
    notes = list(network.notes)
    if plan.stands_for:
        notes.append(f"{len(plan.stands_for)} batch norms are computed in the layer before them.")
    return Explanation(
        inputs={name: _joined([chunk.inputs[name] for chunk in chunks]) for name in first.inputs},
        outputs={
            output.name: _joined([chunk.outputs[index] for chunk in chunks])
            for index, output in enumerate(network.outputs)
        },
        score=score,
        targets=tuple(words for chunk in chunks for words in chunk.targets),
        composite=composite,
        layers=layers,
        activations=activations,
        nodes=nodes,
        ledger=ledger,
        flows={path: _joined([chunk.flows[path] for chunk in chunks]) for path in first.flows},
        sources=_sources(network, plan),
        notes=tuple(notes),
        warnings=_warnings(layers, ledger, score),
        _more_flow=more_flow,
    )


def _joined(parts: list[Tensor]) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(parts)


def _sources(network: Network, plan: Plan) -> dict[str, str]:
    """For each layer with weights the layer or input that it feeds from."""
    weighted = [step for step in plan.backward if isinstance(step, AffineStep) and step.has_flow]
    names = {plan.subjects[step.node].meta.get("layer", "") for step in weighted}
    return {layer.path: layer.sources[0] for layer in network.layers if layer.path in names}


def _warnings(layers: dict[str, Tensor], ledger: list[LedgerRow], score: Tensor) -> tuple[str, ...]:
    warnings = []
    if ledger and not torch.isfinite(torch.stack([row.passed_on for row in ledger])).all():
        row = next(row for row in ledger if not torch.isfinite(row.passed_on).all())
        warnings.append(f"Relevance is not finite from the node {row.node} in layer “{row.layer}” on.")
    for path, relevance in layers.items():
        largest = relevance.reshape(len(score), -1).abs().amax(1)
        alarming = int((largest > ALARM * score.abs()).sum())
        if alarming:
            where = f" for {alarming} of {len(score)} samples" if len(score) > 1 else ""
            warnings.append(
                f"In layer “{path}” single relevances exceed {ALARM:g} times the explained score{where}: large "
                "positive and negative shares cancel there. A larger ε or the gamma composite gives steadier pictures."
            )
            break
    return tuple(warnings)
