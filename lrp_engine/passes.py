"""The two passes over one chunk of samples: forward, where values are recorded, and backward, where relevance goes."""

from __future__ import annotations

from collections.abc import Collection, Generator
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.fx import Node

from .errors import TargetError
from .ledger import SINKS, LedgerRow
from .plan import Plan
from .results import Chunk
from .rules.relevance import Relevance
from .rules.steps import Differences, HandedBack, Record, RuleStep
from .rules.weighted import AffineStep
from .targets import Seed, Target, seed_of

if TYPE_CHECKING:
    from .networks.network import Network


class Passes:
    """Both passes over one chunk of samples."""

    def __init__(
        self,
        network: Network,
        plan: Plan,
        inputs: dict[str, Tensor],
        target: Target,
        keep: str,
        flows: Collection[str],
        reference: dict[str, Tensor] | None = None,
    ) -> None:
        self.network = network
        self.plan = plan
        self.target = target
        self.record = Record(dict(plan.constants))
        self.placeholders = [node for node in network.graph.nodes if node.op == "placeholder"]
        for node in self.placeholders:
            self.record.values[node] = inputs[str(node.target)]
        self.differences: Differences | None = None
        if reference is not None:
            self.differences = Differences(self.record, Record(dict(plan.constants)))
            self.differences.reference.values.update({n: reference[str(n.target)] for n in self.placeholders})
        self.kept = self._kept(keep)
        self.wanted_flows = frozenset(flows)
        self.flows: dict[str, Tensor] = {}
        self.relevance: dict[Node, Tensor] = {}
        self.values: dict[Node, Tensor] = {}
        self.ledger: list[LedgerRow] = []
        self.outputs: list[Tensor] = []
        self.seed: Seed
        self.score: Tensor
        self.nothing: Tensor  # zero for every sample

    def _kept(self, keep: str) -> set[Node]:
        kept = set(self.placeholders)
        if keep == "nodes":
            kept |= {step.node for step in self.plan.backward}
        elif keep == "layers":
            by_name = {node.name: node for node in self.network.graph.nodes}
            kept |= {self.plan.settled(by_name[layer.nodes[-1]]) for layer in self.network.layers}
        return kept

    def run(self) -> Generator[tuple[int, str], None, None]:
        """Go through both passes; yields how many steps are done, and the layer of the last."""
        # Gradients are off within a step, never across a yield: there the caller's own code runs.
        values = self.record.values
        done = 0
        for step in self.plan.steps:
            with torch.no_grad():
                values[step.node] = step.forward(self.record)
                if self.differences is not None:
                    self.differences.reference.values[step.node] = step.forward(self.differences.reference)
            done += 1
            yield done, step.node.meta.get("layer", "")
        with torch.no_grad():
            self.outputs = [values[node].clone() for node in self.network.output_nodes]
            arriving = self._start()
        arrived = {self.plan.logit: self.score}
        for step in self.plan.backward:
            with torch.no_grad():
                self._back(step, arriving, arrived)
            done += 1
            yield done, step.node.meta.get("layer", "")
        for node in self.placeholders:
            value = self._value(node)
            self.relevance[node] = arriving[node].of(value) if node in arriving else torch.zeros_like(value)

    def _value(self, node: Node) -> Tensor:
        """What relevance is a share of: the node's value, or its difference to the reference."""
        return self.record.values[node] if self.differences is None else self.differences.of(node)

    def _start(self) -> dict[Node, Relevance]:
        output = self.network.outputs[0]
        self.seed = seed_of(self.target, self.record.values[self.plan.logit], output.classes, output.activation)
        if self.differences is not None and self.seed.weights is None:
            raise TargetError("A seed cannot be compared with a reference; name output units instead.")
        start = Relevance(r=self.seed.relevance, g=self.seed.weights)
        explained = self._value(self.plan.logit)
        self.score = start.of(explained).reshape(explained.shape[0], -1).sum(1)
        self.nothing = torch.zeros_like(self.score)
        return {self.plan.logit: start}

    def _hand_back(self, step: RuleStep, here: Relevance) -> HandedBack:
        """What the step makes of what arrived; and the flow between its units, where that is wanted."""
        layer = self._layer(step)
        flowing = step if layer in self.wanted_flows and isinstance(step, AffineStep) and step.has_flow else None
        if self.differences is None:
            if flowing is not None:
                self.flows[layer] = flowing.flow(self.record, here)
            return step.backward(self.record, here)
        assert here.g is not None
        if flowing is not None:
            self.flows[layer] = flowing.rescaled_flow(self.differences, here.g)
        return HandedBack([Relevance(g=g) for g in step.rescale(self.differences, here.g)], [])

    def _layer(self, step: RuleStep) -> str:
        return self.plan.subjects[step.node].meta.get("layer", "")

    def _back(self, step: RuleStep, arriving: dict[Node, Relevance], arrived: dict[Node, Tensor]) -> None:
        node = step.node
        here = arriving.pop(node, None)
        if here is None:
            return  # no relevance comes this way
        if node in self.kept:
            self.values[node] = self.record.values[node]
            self.relevance[node] = here.of(self._value(node))
        shares, absorbed = self._hand_back(step, here)
        passed_on = self.nothing
        for source, share in zip(step.inputs, shares, strict=True):
            value = self._value(source)
            amount = share.amount(value).per_sample(source.meta.get("samples"))
            passed_on = amount if passed_on is self.nothing else passed_on + amount
            arrived[source] = arrived[source] + amount if source in arrived else amount
            arriving[source] = arriving[source].plus(share, value) if source in arriving else share
        sinks: dict[str, Tensor] = dict.fromkeys(SINKS, self.nothing)
        for sink, amount in absorbed:
            total = amount.per_sample(step.samples)
            sinks[sink] = total if sinks[sink] is self.nothing else sinks[sink] + total
        subject = self.plan.subjects[node]
        self.ledger.append(
            LedgerRow(
                *(subject.name, self._layer(step), step.kind, step.rule_words, step.reason),
                arrived=arrived[node],
                passed_on=passed_on,
                **sinks,
            )
        )
        if node not in self.kept:
            self._forget(node)  # its readers have all been handled

    def _forget(self, node: Node) -> None:
        for record in (self.record, self.differences and self.differences.reference):
            if record is not None:
                record.values.pop(node)
                record.notes.pop(node, None)

    def chunk(self) -> Chunk:
        """What this chunk contributes to the explanation."""
        return Chunk(
            inputs={str(node.target): self.relevance[node] for node in self.placeholders},
            outputs=self.outputs,
            score=self.score,
            targets=self.seed.words,
            relevance=self.relevance,
            values=self.values,
            ledger=self.ledger,
            flows=self.flows,
        )
