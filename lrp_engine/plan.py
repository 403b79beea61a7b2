"""A plan: a network compiled for one composite: nodes become steps, batch norm is merged, constants are folded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch.fx import Node

from .composites import Composite, NodeFacts
from .errors import CompositeError, UnsupportedOperation
from .networks.build import logit_node
from .networks.graph import arguments, evaluate, live_nodes, operation_name, operation_of
from .networks.layers import merges
from .networks.network import Network
from .networks.operations import AFFINE, KINDS, NORMALIZATION, Operation
from .rules.affine_maps import WeightCache
from .rules.simple import SIMPLE_STEPS, fill_of
from .rules.steps import Context, RuleStep, Step
from .rules.weighted import AffineStep, affine_map, batch_norm_map, merged_map


@dataclass(frozen=True)
class Plan:
    """What the two passes go through.

    Attributes
    ----------
    steps : list of Step
        In forward order; those up to the logits can hand relevance back.
    backward : list of RuleStep
        In backward order.
    logit : torch.fx.Node
        What is explained.
    stands_for : dict
        Nodes that were merged away -> the node whose value and relevance they share.
    subjects : dict
        Each step's node -> the node that its ledger row names: itself, or the map that a batch norm was merged into.
    """

    steps: list[Step]
    backward: list[RuleStep]
    constants: dict[Node, Any]
    live: set[Node]
    logit: Node
    stands_for: dict[Node, Node]
    subjects: dict[Node, Node]

    def settled(self, node: Node) -> Node:
        """The node itself, or the one that it was merged into."""
        return self.stands_for.get(node, node)


def plan_of(network: Network, composite: Composite) -> Plan:
    """The plan, from the network's cache if it was made before.

    Raises
    ------
    UnsupportedOperation
        If the network holds operations that no rule covers; all of them are named with layer and source line.
    CompositeError
        If the composite asks for a rule that its node cannot take.
    """
    plans = network.cache.setdefault("plans", {})
    key = composite.to_json()
    if key not in plans:
        while len(plans) >= 4:  # modified weights are shared; plans themselves are small
            plans.pop(next(iter(plans)))
        plans[key] = _Compiler(network, composite).plan()
    return plans[key]


class _Compiler:
    def __init__(self, network: Network, composite: Composite) -> None:
        self.network = network
        self.composite = composite
        self.graph = network.graph
        self.live = live_nodes(network.graph)
        self.constants = _constants(network)
        cache = network.cache.setdefault("weights", WeightCache())
        self.context = Context(self.live, self.constants, cache, _nonnegative(network.graph.nodes, self.live))
        self.logit = logit_node(network.output_nodes[0])
        self.explained = _ancestors(self.logit) & self.live
        self.stands_for: dict[Node, Node] = {}
        self.merged: dict[Node, Node] = {}  # batch norm -> the map before it

    def plan(self) -> Plan:
        self._refuse_unsupported()
        for node in self.explained:
            before = merges(node, self.live)
            if before is not None and before in self.explained:
                self.merged[node] = before
                self.stands_for[before] = node
        weighted = [
            n
            for n in self.graph.nodes
            if n in self.explained and _classify(n, self.live)[1] in {"dense", "convolution"}
        ]
        self.positions = {node: index for index, node in enumerate(weighted)}
        steps = [
            self._step(node)
            for node in self.graph.nodes
            if node.op == "call_function" and node not in self.constants and node not in self.stands_for
        ]
        backward = [step for step in reversed(steps) if isinstance(step, RuleStep)]
        subjects = {step.node: self.merged.get(step.node, step.node) for step in steps}
        return Plan(steps, backward, self.constants, self.live, self.logit, self.stands_for, subjects)

    def _refuse_unsupported(self) -> None:
        refused = [
            (node, why)
            for node in self.graph.nodes
            if node in self.explained and node.op == "call_function" and (why := _unsupported(node, self.live))
        ]
        if not refused:
            return
        says = [
            f"{operation_name(node)} ({why}) at node {node.name} in layer “{node.meta.get('layer') or 'the top'}”"
            + (f", {node.meta['source']}" if node.meta.get("source") else "")
            for node, why in refused[:5]
        ]
        more = f"; and {len(refused) - 5} more" if len(refused) > 5 else ""
        raise UnsupportedOperation(
            f"No rule covers {'; '.join(says)}{more}. Covered are: {', '.join(KINDS)}.",
            tuple(operation_name(node) for node, _ in refused),
        )

    def _step(self, node: Node) -> Step:
        if node not in self.explained:
            return Step(node, self.context)
        kind, family = _classify(node, self.live)
        subject = self.merged.get(node, node)
        subject_kind, subject_family = _classify(subject, self.live)
        facts = NodeFacts(
            *(subject_kind, subject_family, operation_name(subject), subject.meta.get("layer", "")),
            position=self.positions.get(subject),
            count=len(self.positions),
        )
        rule, reason = self.composite.choose(facts)
        if not rule.fits(subject_kind, subject_family):
            raise CompositeError(f"The rule {rule} cannot be given to “{facts.layer}” ({facts.operation}).")
        if node in self.merged:
            map_, x = merged_map(subject, node, subject_family, self.context)
            return AffineStep(node, self.context, rule, reason, map_, x, merged=True)
        if kind == AFFINE:
            map_, x = affine_map(node, family, self.context)
            return AffineStep(node, self.context, rule, reason, map_, x)
        if kind == NORMALIZATION:
            map_, x = batch_norm_map(node, self.context)
            return AffineStep(node, self.context, rule, reason, map_, x)
        return SIMPLE_STEPS[kind](node, self.context, rule, reason)


def _classify(node: Node, live: set[Node]) -> tuple[str, str]:
    """The node's kind and family, as its live inputs make it."""
    row = operation_of(node)
    if row is None:
        return "", ""
    if row.name == "matmul":
        # x · W is a dense layer; W · x is linear too, but has no dense form
        first, second = node.args[:2]
        dense = first in live and second not in live and len(_shape(second)) == 2
        return row.kind, "dense" if dense else "weightless"
    return row.kind, row.family


def _shape(argument: Any) -> tuple[Any, ...]:
    return argument.meta.get("shape", ()) if isinstance(argument, Node) else ()


def _unsupported(node: Node, live: set[Node]) -> str:
    """Why no rule covers the node, or ""."""
    row = operation_of(node)
    args = arguments(node)
    if row is None:
        return "not in the table of operations"
    feeding = [n for n in node.all_input_nodes if n in live]
    if row.kind == AFFINE and sum(isinstance(a, Node) and a in live for a in args) > 1:
        return "more than one of its inputs depends on the network's input"
    if row.name == "div" and args[0] not in live:
        return "the input is in the denominator"
    if row.name == "div" and (len(args) > 2 or node.kwargs.get("rounding_mode")):
        return "it rounds"
    if row.name in {"linear", "addmm"} and feeding != [args[1 if row.name == "addmm" else 0]]:
        return "the input is in its weights"
    if row.name == "addmm" and (node.kwargs.get("beta", 1) != 1 or node.kwargs.get("alpha", 1) != 1):
        return "its terms are scaled"
    from_batch = row.kind == NORMALIZATION and (any(n in live for n in args[1:5]) or args[5] or None in args[3:5])
    if from_batch:
        return "its statistics come from the batch; put the network in evaluation mode"
    if row.name in {"dropout", "feature_dropout"} and args[2]:
        return "it drops at random; put the network in evaluation mode"
    if row.kind not in SIMPLE_STEPS and row.kind not in {AFFINE, NORMALIZATION}:
        return f"a {row.kind} before the end of the network"
    return ""


def _constants(network: Network) -> dict[Node, Any]:
    """The values of all nodes that depend on no input, not even on its size."""
    found: dict[Node, Any] = {}
    with torch.no_grad():
        for node in network.graph.nodes:
            if node.op == "get_attr":
                found[node] = network.tensors[str(node.target)]
            elif node.op == "call_function" and all(a in found for a in node.all_input_nodes):
                found[node] = evaluate(node, found)
    return found


def _ancestors(node: Node) -> set[Node]:
    seen = {node}
    waiting = [node]
    while waiting:
        for argument in waiting.pop().all_input_nodes:
            if argument not in seen:
                seen.add(argument)
                waiting.append(argument)
    return seen


def _nonnegative(nodes: Any, live: set[Node]) -> set[Node]:
    """Nodes whose values are never negative, whatever the input is."""
    found: set[Node] = set()
    for node in nodes:
        row: Operation | None = operation_of(node)
        if row is None or node not in live:
            continue
        feeding = [n for n in node.all_input_nodes if n in live]
        keeps = row.keeps_sign and len(feeding) == len(node.all_input_nodes) and fill_of(node) >= 0
        if row.nonnegative or (keeps and all(n in found for n in feeding)):
            found.add(node)
    return found
