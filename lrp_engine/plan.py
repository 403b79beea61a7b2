"""A plan: a network compiled for one composite: nodes become steps, batch norm is merged, constants are folded.

Compiling goes from the outputs back, as relevance does: only what relevance can reach needs a rule, and whether it
arrives as a factor is known before the step that it arrives at is made.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import prod
from threading import Lock
from typing import Any

import torch
from torch.fx import Node

from .composites import Composite, Entry, NodeFacts
from .errors import CompositeError, UnsupportedOperation
from .networks.build import logit_node
from .networks.graphs.graph import evaluate, kind_of, live_inputs, live_nodes, operation_name
from .networks.graphs.layers import merges
from .networks.graphs.operations import ACTIVATION, AFFINE, BILINEAR, KINDS, NORMALIZATION, PRODUCT, SOFTMAX
from .networks.graphs.ranges import ranges
from .networks.network import Network
from .rulebook import CONVENTIONS, Rule
from .rules.affine_maps import WeightCache, Weightless
from .rules.products import bilinear_family, product_family
from .rules.refusals import refusal
from .rules.simple import ActivationStep, SumStep
from .rules.steps import Context, GradientStep, RuleStep, Step
from .rules.table import GRADIENTS_OF_THEIR_OWN, STEPS
from .rules.weighted import AffineStep, affine_map, batch_norm_map, merged_map

PLANS_KEPT = 4  # of one network
_KEEPING = Lock()  # several threads may explain at once


@dataclass(frozen=True)
class Plan:
    """What the two passes go through.

    Attributes
    ----------
    steps : list of Step
        In forward order.
    backward : list of RuleStep
        In backward order: those that relevance can reach.
    logits : dict
        Name of each explained output -> the node that is explained.
    stands_for : dict
        Nodes that were merged away -> the node whose value and relevance they share.
    subjects : dict
        Each step's node -> the node that its ledger row names: itself, or the map that a batch norm was merged into.
    needed : set of Node
        Whose values the backward pass looks at.
    last_read : list
        For each step, the nodes that no later step reads.
    cheap : set of Node
        Of the needed, those that are computed again rather than held: functions of what is held, as large as that.
    overwritable : set of Node
        Whose value the ReLU behind them may write over, unless it is asked for.
    """

    steps: list[Step]
    backward: list[RuleStep]
    constants: dict[Node, Any]
    logits: dict[str, Node]
    stands_for: dict[Node, Node]
    subjects: dict[Node, Node]
    needed: set[Node]
    last_read: list[list[Node]]
    overwritable: set[Node]
    cheap: set[Node]
    composite: Composite

    def settled(self, node: Node) -> Node:
        """The node itself, or the one that it was merged into."""
        return self.stands_for.get(node, node)

    def bytes_per_sample(self, kept: Collection[Node]) -> int:
        """About how much memory both passes take for each sample, results included."""
        held = {node for node in (self.needed - self.cheap) | set(kept) if node not in self.constants}
        held -= self.overwritable
        # relevance on its way: what arrives, a share, a modified forward pass, what is handed back
        working = 5 * max((_bytes(step.node) for step in self.steps), default=0)
        return sum(_bytes(node) for node in held) + sum(_bytes(node) for node in kept) + working


def _bytes(node: Node) -> int:
    dtype = node.meta.get("dtype")
    sizes = [size for size in node.meta.get("shape", ()) if size is not None]
    samples = node.meta.get("samples")
    return prod(sizes) * (samples[1] if samples else 1) * (dtype.itemsize if dtype is not None else 4)


def plan_of(
    network: Network,
    composite: Composite,
    outputs: Sequence[str] = (),
    on_unsupported: str = "refuse",
    device: torch.device | None = None,
) -> Plan:
    """The plan, from the network's cache if it was made before.

    Parameters
    ----------
    outputs : sequence of str
        The outputs that are explained; the first one if empty.
    on_unsupported : {"refuse", "gradient"}
        What to do about operations that no rule covers.
    device : torch.device, optional
        Where to compute; where the weights are if None.

    Raises
    ------
    UnsupportedOperation
        If relevance would reach operations that no rule covers; all of them are named with layer and source line.
    CompositeError
        If the composite asks for a rule that its node cannot take, or none of its entries finds a node.
    """
    plans = network.cache.setdefault("plans", {})
    names = tuple(outputs) or (network.outputs[0].name,)
    key = (composite.to_json(), names, on_unsupported, device)
    plan = plans.get(key)
    if plan is None:
        plan = _Compiler(network, composite, names, on_unsupported, device).plan()
        with _KEEPING:
            while len(plans) >= PLANS_KEPT:  # modified weights are shared; plans themselves are small
                plans.pop(next(iter(plans)))
            plans[key] = plan
    return plan


class _Compiler:
    def __init__(
        self, network: Network, composite: Composite, outputs: tuple[str, ...], on_unsupported: str, device: Any
    ) -> None:
        self.network = network
        self.composite = composite
        self.nodes = list(network.graph.nodes)
        self.live = live_nodes(network.graph)
        self.constants = _constants(network, device)
        self.on_unsupported = on_unsupported
        shared = network.cache.get("shared", network.cache)
        cache = shared.setdefault(("weights", device) if device else "weights", WeightCache())
        self.context = Context(
            self.live,
            self.constants,
            cache,
            ranges(network.graph, self.live, self.constants),
            conventions=composite.conventions,
            device=device,
        )
        by_name = {entry.name: node for entry, node in zip(network.outputs, network.output_nodes, strict=True)}
        self.logits = {name: logit_node(by_name[name]) for name in outputs}
        self.results = set(network.output_nodes)
        self.stands_for: dict[Node, Node] = {}
        self.merged: dict[Node, Node] = {}  # batch norm -> the map before it
        self.refused: list[tuple[Node, str]] = []
        self.overwritable: set[Node] = set()
        weighted = [n for n in self.nodes if n in self.live and kind_of(n, self.live)[1] in {"dense", "convolution"}]
        self.positions = {node: index for index, node in enumerate(weighted)}

    def plan(self) -> Plan:
        made = self._backward()
        self._refuse()
        self._refuse_what_finds_nothing()
        steps = [
            made.get(node) or Step(node, self.context)
            for node in self.nodes
            if node.op == "call_function" and node not in self.constants and node not in self.stands_for
        ]
        backward = [made[step.node] for step in reversed(steps) if step.node in made]
        subjects = {step.node: self.merged.get(step.node, step.node) for step in steps}
        return Plan(
            *(steps, backward, self.constants, self.logits, self.stands_for, subjects, self._needed(backward)),
            *(_last_read(steps), self.overwritable, _cheap(backward), self.composite),
        )

    def facts(self) -> dict[str, tuple[NodeFacts, str]]:
        """What a composite can look at, for every node that may need a rule, and why no rule covers it, or ""."""
        found = {}
        for node in self.nodes:
            if node.op != "call_function" or node not in self.live:
                continue
            kind, family = kind_of(node, self.live)
            if family != "output of several":
                found[node.name] = (self._facts(node), refusal(node, kind, self.live))
        return found

    def _backward(self) -> dict[Node, RuleStep]:
        """A step for every node that relevance reaches, made from the outputs back."""
        # node -> whether relevance arrives as a factor; at the logits a seed may be relevance itself
        self.arriving: dict[Node, bool] = dict.fromkeys(self.logits.values(), False)
        self.mixed: set[Node] = set()
        made: dict[Node, RuleStep] = {}
        for node in reversed(self.nodes):
            if node.op != "call_function" or node not in self.live or node in self.stands_for:
                continue
            if kind_of(node, self.live)[1] == "output of several":
                continue  # relevance arrives at the node that it picks from
            ports = [user for user in node.users if user in self.arriving and _picks(user)]
            if node not in self.arriving and not ports:
                continue
            if self._rectified(node, made):
                self.context.rectified.add(node)
            step = self._step(node)
            if step is None:
                continue
            if ports:
                step.ports = ports
            made[node] = step
            if node in self.context.rectified and _has_memory_of_its_own(step) and node not in self.results:
                self.overwritable.add(node)
            form = step.factors(all(self.arriving[port] for port in step.ports))
            for receiver in step.inputs:
                if receiver in self.arriving and self.arriving[receiver] != form:
                    self.mixed.add(receiver)
                self.arriving[receiver] = self.arriving.get(receiver, True) and form
        return made

    def _rectified(self, node: Node, made: dict[Node, RuleStep]) -> bool:
        """Whether only a ReLU reads the node, and passes factors on: then there is no relevance where it cuts."""
        if len(node.users) != 1 or node in self.logits.values():
            return False
        (reader,) = node.users
        step = made.get(reader)
        return isinstance(step, ActivationStep) and step.rectifies and self.arriving.get(reader, False)

    def _refuse(self) -> None:
        if not self.refused:
            return
        says = [f"{operation_name(node)} ({why}) at {_where(node)}" for node, why in self.refused[:5]]
        more = f"; and {len(self.refused) - 5} more" if len(self.refused) > 5 else ""
        raise UnsupportedOperation(
            f"No rule covers {'; '.join(says)}{more}. Covered are: {', '.join(KINDS)}. To go on with the gradient "
            "there, ask for on_unsupported=“gradient”.",
            tuple(operation_name(node) for node, _ in self.refused),
        )

    def _refuse_what_finds_nothing(self) -> None:
        """A composite of one's own that means no node is a mistake; those by name are for all kinds of networks.

        A node that relevance does not reach, or for which an entry before decides, is none: it is there.
        """
        own = [entry for entry in self.composite.entries if entry.select.layer or entry.select.node]
        facts = [one for one, _refused in self.facts().values()] if own else []
        for entry in own:
            if not any(entry.select.takes(one) and entry.rule.fits(one.kind, one.family) for one in facts):
                self._refuse_what_fits_nothing(entry, facts)
                raise CompositeError(
                    f"No node of this network is chosen by “{entry.select}” of the composite "
                    f"{self.composite.name}; the layers are called "
                    f"{', '.join(layer.path for layer in self.network.layers[:12])}."
                )

    def _refuse_what_fits_nothing(self, entry: Entry, facts: Sequence[NodeFacts]) -> None:
        chosen = [one for one in facts if entry.select.takes(one)]
        if chosen:
            last = chosen[-1]
            raise CompositeError(
                f"The rule {entry.rule.name} cannot be given to “{last.layer}” ({last.operation}, of the kind "
                f"{last.kind}), which is chosen by “{entry.select}” of the composite {self.composite.name}."
            )

    def _step(self, node: Node) -> RuleStep | None:
        kind, family = kind_of(node, self.live)
        why = refusal(node, kind, self.live)
        if why and self.on_unsupported == "gradient":
            words = f"{why}; approximated by the gradient"
            return GradientStep(node, self.context, Rule("gradient"), words, "unsupported", remainder="unsupported")
        if why:
            self.refused.append((node, why))
            return None
        self._merge(node, kind)
        subject = self.merged.get(node, node)
        facts = self._facts(subject)
        rule, reason = self.composite.choose(facts)
        if not rule.fits(facts.kind, facts.family):
            raise CompositeError(f"The rule {rule} cannot be given to “{facts.layer}” ({facts.operation}).")
        if node in self.merged:
            map_, x = merged_map(subject, node, facts.family, self.context)
            return AffineStep(node, self.context, rule, reason, map_, x, merged=True)
        if kind == AFFINE:
            map_, x = affine_map(node, family, self.context)
            return AffineStep(node, self.context, rule, reason, map_, x)
        if rule.name == "slope":
            return GradientStep(node, self.context, rule, reason, kind, remainder="cut")
        if family == "batch norm":
            map_, x = batch_norm_map(node, self.context)
            return AffineStep(node, self.context, rule, reason, map_, x)
        if rule.name in {"guided", "deconvnet"} or (rule.name == "gradient" and kind not in GRADIENTS_OF_THEIR_OWN):
            return GradientStep(node, self.context, rule, reason, kind, remainder="unsupported")
        return STEPS[kind](node, self.context, rule, reason)

    def _merge(self, node: Node, kind: str) -> None:
        if kind != NORMALIZATION or not CONVENTIONS[self.composite.conventions].merges_batch_norm:
            return
        before = merges(node, self.live)
        if before is not None and before not in self.results and not refusal(before, AFFINE, self.live):
            self.merged[node] = before
            self.stands_for[before] = node

    def _facts(self, node: Node) -> NodeFacts:
        kind, family = kind_of(node, self.live)
        if kind == PRODUCT:
            family = product_family(node, self.context)
        elif kind == BILINEAR:
            family = bilinear_family(node, self.context)
        return NodeFacts(
            *(kind, family, operation_name(node), node.meta.get("layer", "")),
            position=self.positions.get(node),
            count=len(self.positions),
            node=node.name,
        )

    def _needed(self, backward: Sequence[RuleStep]) -> set[Node]:
        """Whose values the backward pass looks at: its steps, the ledger's sums, and where two forms meet."""
        needed = {*self.logits.values(), *self.mixed}
        for step in backward:
            needed |= step.reads
            if not step.conserves:
                needed.update(step.inputs)
        return needed


def _has_memory_of_its_own(step: RuleStep) -> bool:
    """Whether the step's value is computed; an einsum without a constant side may be a view of its input."""
    return isinstance(step, SumStep) or (isinstance(step, AffineStep) and not isinstance(step.map, Weightless))


def _cheap(backward: Sequence[RuleStep]) -> set[Node]:
    """Functions without weights whose value is as large as what they are computed from: GELU, softmax, scores."""
    found = set()
    for step in backward:
        rectifies = isinstance(step, ActivationStep) and step.rectifies
        if step.kind not in {ACTIVATION, SOFTMAX, BILINEAR} or rectifies or step.ports != [step.node]:
            continue
        if _bytes(step.node) >= sum(_bytes(node) for node in live_inputs(step.node, set(step.node.all_input_nodes))):
            found.add(step.node)
    return found


def _picks(node: Node) -> bool:
    return getattr(node.target, "__name__", "") == "getitem"


def _where(node: Node) -> str:
    layer = node.meta.get("layer") or "the top"
    source = f", {node.meta['source']}" if node.meta.get("source") else ""
    return f"node {node.name} in layer “{layer}”{source}"


def _last_read(steps: Sequence[Step]) -> list[list[Node]]:
    seen: set[Node] = set()
    found: list[list[Node]] = []
    for step in reversed(steps):
        reads = {*step.node.all_input_nodes, *step.inputs, step.node}
        found.append([node for node in reads if node not in seen])
        seen |= reads
    return found[::-1]


def _constants(network: Network, device: torch.device | None) -> dict[Node, Any]:
    """The values of all nodes that depend on no input, not even on its size."""
    found: dict[Node, Any] = {}
    with torch.no_grad():
        for node in network.graph.nodes:
            if node.op == "get_attr":
                found[node] = network.tensors[str(node.target)].to(device)
            elif node.op == "call_function" and all(a in found for a in node.all_input_nodes):
                value = evaluate(node, found)
                found[node] = value.to(device) if isinstance(value, torch.Tensor) else value
    return found


def node_facts(network: Network) -> dict[str, tuple[NodeFacts, str]]:
    """Of every node what composites look at, by name, and why no rule covers it, or "" where one does.

    With them, `Composite.choose` tells rules without explaining anything. That a batch norm is merged,
    `Layer.merged_into` says.
    """
    return _Compiler(network, Composite("none"), (network.outputs[0].name,), "refuse", None).facts()
