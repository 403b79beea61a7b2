"""From what the passes left to an `Explanation`: chunks joined, nodes named, numbers checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.fx import Node

from .explanation import Explanation, Later
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
    weights: dict[str, Tensor]
    shares: dict[tuple[str, str], tuple[Tensor, Tensor]] = field(default_factory=dict)


def assemble(network: Network, plan: Plan, chunks: list[Chunk], later: Later, notes: Sequence[str] = ()) -> Explanation:
    """Join the chunks and name what is in them."""
    by_name = {node.name: node for node in network.graph.nodes}
    first = chunks[0]

    def together(of: str, node: Node) -> Tensor:
        return _on_cpu(_joined([getattr(chunk, of)[node] for chunk in chunks], node))

    layers, activations = {}, {}
    for layer in network.layers:
        node = plan.settled(by_name[layer.nodes[-1]])
        if node in first.relevance and node in first.values:
            layers[layer.path] = together("relevance", node)
            activations[layer.path] = together("values", node)
    ends = {plan.settled(by_name[layer.nodes[-1]]).name for layer in network.layers}
    nodes = {node.name: together("relevance", node) for node in network.graph.nodes if node in first.relevance}
    score = _on_cpu(torch.cat([chunk.score for chunk in chunks]))
    ledger = joined([chunk.ledger for chunk in chunks])
    inputs = {str(node.target): node for node in network.graph.nodes if node.op == "placeholder"}
    said = [*network.notes, *notes]
    if plan.stands_for:
        said.append(f"{len(plan.stands_for)} batch norms are computed in the layer before them.")
    return Explanation(
        inputs={name: together("relevance", inputs[name]) for name in first.inputs},
        outputs={
            output.name: _on_cpu(_joined([chunk.outputs[index] for chunk in chunks], node))
            for index, (output, node) in enumerate(zip(network.outputs, network.output_nodes, strict=True))
        },
        score=score,
        targets=tuple(words for chunk in chunks for words in chunk.targets),
        composite=plan.composite.name,
        layers=layers,
        activations=activations,
        nodes=nodes,
        ledger=ledger,
        flows={path: _on_cpu(torch.cat([chunk.flows[path] for chunk in chunks])) for path in first.flows},
        weights={path: _on_cpu(torch.cat([chunk.weights[path] for chunk in chunks])) for path in first.weights},
        sources=_sources(network, plan),
        shares={key: _both([chunk.shares[key] for chunk in chunks]) for key in first.shares},
        notes=tuple(said),
        # Where layers are kept, only their ends and the inputs are watched: what else is kept makes no warning.
        warnings=_warnings(
            network,
            {n: r for n, r in nodes.items() if not layers or n in ends or by_name[n].op == "placeholder"},
            ledger,
            score,
        ),
        _later=later,
    )


def _on_cpu(value: Tensor) -> Tensor:
    return value.detach().cpu()


def _both(parts: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    """Positive and negative amounts of all chunks' samples."""
    positive, negative = zip(*parts, strict=True)
    return _on_cpu(torch.cat(positive)), _on_cpu(torch.cat(negative))


def _joined(parts: list[Tensor], node: Node) -> Tensor:
    """One tensor of several chunks' samples, wherever they run; what belongs to no sample is the same in all."""
    samples = node.meta.get("samples")
    return parts[0] if len(parts) == 1 or samples is None else torch.cat(parts, dim=samples[0])


def _sources(network: Network, plan: Plan) -> dict[str, str]:
    """For each layer with weights the layer or input that it feeds from."""
    weighted = [step for step in plan.backward if isinstance(step, AffineStep) and step.has_flow]
    names = {plan.subjects[step.node].meta.get("layer", "") for step in weighted}
    return {layer.path: layer.sources[0] for layer in network.layers if layer.path in names}


def _warnings(network: Network, nodes: dict[str, Tensor], ledger: list[LedgerRow], score: Tensor) -> tuple[str, ...]:
    """What looks wrong, with the first node, on the way from the output, where it does."""
    warnings = []
    if ledger and not torch.isfinite(torch.stack([row.passed_on for row in ledger])).all():
        row = next(row for row in ledger if not torch.isfinite(row.passed_on).all())
        warnings.append(f"Relevance is not finite from the node {row.node} in layer “{row.layer}” on.")
    by_name = {node.name: node for node in network.graph.nodes}
    for name in reversed(nodes):
        node = by_name[name]
        samples = node.meta.get("samples")
        if samples is None or not nodes[name].numel():
            continue
        by_sample = nodes[name].movedim(samples[0], 0).reshape(len(score), -1)
        alarming = int((by_sample.abs().amax(1) > ALARM * score.abs()).sum())
        if alarming:
            where = f" for {alarming} of {len(score)} samples" if len(score) > 1 else ""
            layer = node.meta.get("layer") or str(node.target)
            warnings.append(
                f"At the node {name} in layer “{layer}” single relevances exceed {ALARM:g} times the explained "
                f"score{where}: large positive and negative shares cancel there. A larger ε or the gamma composite "
                "gives steadier pictures."
            )
            break
    return tuple(warnings)
