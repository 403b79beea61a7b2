"""The two passes over one chunk of samples: forward, where values are recorded, and backward, where relevance goes.

Several targets share the forward pass: the backward pass then runs on the samples repeated once for each target.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.fx import Node

from .errors import InputError, TargetError
from .ledger import SINKS, LedgerRow
from .networks.graphs.ranges import Range
from .plan import Plan
from .results import Chunk
from .rules.relevance import Relevance
from .rules.steps import Differences, HandedBack, Record, RuleStep, Step, Values, factor_of
from .rules.weighted import AffineStep
from .seeds import Logits, Seed, Seeds, seeds_of
from .targets import Target

if TYPE_CHECKING:
    from .networks.network import Network


@dataclass(frozen=True)
class Wanted:
    """What of the passes is to be left.

    Attributes
    ----------
    kept : frozenset of Node
        Whose relevance and value.
    flows, weights : frozenset of str
        The layers whose flow between units, whose relevance of weights.
    shares : bool
        What each reader of a value that has several hands back to it.
    through : dict
        Node -> a mask over its value that relevance has to pass.
    """

    kept: frozenset[Node] = frozenset()
    flows: frozenset[str] = frozenset()
    weights: frozenset[str] = frozenset()
    shares: bool = False
    through: dict[Node, Tensor] = field(default_factory=dict)


class Passes:
    """Both passes over one chunk of samples."""

    def __init__(
        self,
        network: Network,
        plan: Plan,
        inputs: dict[str, Tensor],
        wanted: Wanted,
        *,
        reference: dict[str, Tensor] | None = None,
        bounds: dict[Node, Range] | None = None,
    ) -> None:
        self.network = network
        self.plan = plan
        self.wanted = wanted
        self.record = Record(Values(plan.constants, self._again), bounds=bounds or {})
        self.steps = {step.node: step for step in plan.steps}
        self.placeholders = [node for node in network.graph.nodes if node.op == "placeholder"]
        self.record.values.update({node: inputs[str(node.target)] for node in self.placeholders})
        self.differences: Differences | None = None
        if reference is not None:
            self.differences = Differences(self.record, Record(dict(plan.constants)))
            self.differences.reference.values.update({n: reference[str(n.target)] for n in self.placeholders})
        else:
            self.record.overwritten = plan.overwritable - wanted.kept
        self.outputs: list[Tensor] = []

    def forward(self) -> Generator[str, None, None]:
        """Run the network and keep what the way back needs; yields the layer of each step."""
        # Gradients are off within a step, never across a yield: there the caller's own code runs.
        values = self.record.values
        held = self.plan.needed - self.plan.cheap
        held |= self.wanted.kept | {*self.network.output_nodes, *self.placeholders}
        for step, last_read in zip(self.plan.steps, self.plan.last_read, strict=True):
            with torch.no_grad():
                values[step.node] = _computed(step, self.record)
                if self.differences is not None:
                    self.differences.reference.values[step.node] = _computed(step, self.differences.reference)
            for node in last_read:
                # against a reference every step may look at its values
                if self.differences is None and node not in held and node not in self.plan.constants:
                    self.record.values.pop(node, None)
            yield step.node.meta.get("layer", "")
        # an output may be a view of what the way back writes over, or of the caller's own tensor
        self.outputs = [values[node].clone() for node in self.network.output_nodes]

    def backward(
        self, targets: Sequence[Target], start: int, total: int, *, last: bool = True
    ) -> Generator[str, None, list[Chunk]]:
        """Hand relevance back; yields the layer of each step, and returns one chunk of results for each target.

        Parameters
        ----------
        targets : sequence
            What is explained, all of them on one way back.
        start, total : int
            Of all samples, the first of this chunk, and how many there are.
        last : bool
            Nothing else will be explained on this forward pass: values are let go on the way.
        """
        back = self.way_back(targets, start, total, last=last)
        yield from back.run()
        return back.chunks()

    def way_back(self, targets: Sequence[Target], start: int, total: int, *, last: bool = True) -> Backward:
        """The way back before its first step; parameters as those of `backward`."""
        return Backward(self, targets, start, total, forget=last and len(targets) == 1)

    def _again(self, node: Node) -> Any:
        """Compute a value that was let go of once more."""
        with torch.no_grad():
            return self.steps[node].forward(self.record)

    def forget(self, node: Node) -> None:
        """Let go of a node's value and of what its step noted."""
        for record in (self.record, self.differences and self.differences.reference):
            if record is not None:
                record.values.pop(node, None)
                record.notes.pop(node, None)


def _computed(step: Step, record: Record) -> Any:
    """The step's value; inputs of the right shape can still be none that the network takes: a token that it lacks."""
    try:
        return step.forward(record)
    except (IndexError, RuntimeError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        where = f"node {step.node.name} in layer “{step.node.meta.get('layer', '')}”"
        raise InputError(f"The network cannot compute the {where} from these inputs: {reason}.") from error


class _Repeated(dict):
    """Recorded values with every sample repeated once for each target, made as they are asked for."""

    def __init__(self, values: dict[Node, Any], times: int) -> None:
        super().__init__()
        self._values = values
        self._times = times

    def __missing__(self, node: Node) -> Any:
        value = self[node] = self._again(node, self._values[node])
        return value

    def _again(self, node: Node, value: Any) -> Any:
        samples = node.meta.get("samples")
        if isinstance(value, list | tuple):
            return type(value)(self._along(one, samples) for one in value)
        return self._along(value, samples)

    def _along(self, value: Any, samples: tuple[int, int] | None) -> Any:
        if samples is None or not isinstance(value, Tensor):
            return value
        return torch.cat([value] * self._times, dim=samples[0])


class Backward:
    """One way back, for one target or for several at once."""

    def __init__(self, passes: Passes, targets: Sequence[Target], start: int, total: int, *, forget: bool) -> None:
        self.passes = passes
        self.plan = passes.plan
        self.differences = passes.differences
        self.times = len(targets)
        self.forget = forget
        self.wanted = passes.wanted
        self.gradient = passes.plan.composite.shows == "gradient"
        given = passes.record
        self.seeds = [self._seeds(target, start, total) for target in targets]
        self.record = given
        self.record.spend = forget and all(node.op == "placeholder" for node in passes.wanted.kept)
        if self.times > 1:
            self.record = self._repeated(given)
            if self.differences is not None:
                self.differences = Differences(self.record, self._repeated(self.differences.reference))
        self.arriving: dict[Node, Relevance] = {}
        self.arrived: dict[Node, Tensor] = {}
        self.relevance: dict[Node, Tensor] = {}
        self.values: dict[Node, Tensor] = {}
        self.flows: dict[str, Tensor] = {}
        self.weights: dict[str, Tensor] = {}
        self.shares: dict[tuple[str, str], tuple[Tensor, Tensor]] = {}
        self.ledger: list[LedgerRow] = []

    def _repeated(self, given: Record) -> Record:
        return Record(
            *(_Repeated(given.values, self.times), _Repeated(given.notes, self.times)),
            overwritten=given.overwritten,
            shapes={node: _more(node, shape, self.times) for node, shape in given.shapes.items()},
            bounds=given.bounds,
        )

    def _seeds(self, target: Target, start: int, total: int) -> Seeds:
        outputs = {entry.name: entry for entry in self.passes.network.outputs}
        logits = {
            name: Logits(
                *(self.passes.record.values[node], outputs[name].classes, outputs[name].activation),
                samples=node.meta.get("samples"),
            )
            for name, node in self.plan.logits.items()
        }
        return seeds_of(target, logits, start=start, total=total)

    def run(self) -> Generator[str, None, None]:
        """Go through the steps from the last to the first."""
        with torch.no_grad():
            self._start()
        for step in self.plan.backward:
            with torch.no_grad():
                self._back(step)
            yield self._layer(step)
        for node in self.passes.placeholders:
            self._keep(node, self.arriving.get(node))

    def _start(self) -> None:
        for name, node in self.plan.logits.items():
            parts = [self._seed(seeds, name, node) for seeds in self.seeds]
            axis = (node.meta.get("samples") or (0, 1))[0]
            weights = [seed.weights for seed in parts if seed.weights is not None]
            value = self._value(node)
            if len(weights) == len(parts):
                here = Relevance(g=torch.cat(weights, axis) if len(weights) > 1 else weights[0])
            elif self.differences is not None:
                raise TargetError("A seed cannot be compared with a reference; name output units instead.")
            else:
                given = [self._given(seed, node) for seed in parts]
                here = Relevance(r=torch.cat(given, axis) if len(given) > 1 else given[0])
            amount = here.amount(value).per_sample(node.meta.get("samples"))
            self._receive(node, here, amount)
        self.score = torch.stack(list(self.arrived.values())).sum(0)
        self.nothing = torch.zeros_like(self.score)

    def _seed(self, seeds: Seeds, name: str, node: Node) -> Seed:
        """What a target says of one output; nothing, if it is about others."""
        return seeds.by_output.get(name) or Seed(torch.zeros_like(self.passes.record.values[node]), None, ())

    def _given(self, seed: Any, node: Node) -> Tensor:
        return self.passes.record.values[node] * seed.weights if seed.relevance is None else seed.relevance.clone()

    def _value(self, node: Node) -> Tensor:
        """What relevance is a share of: the node's value, or its difference to the reference."""
        if self.differences is None:
            return self.record.values[node]
        return self.differences.of(node)

    def _receive(self, node: Node, share: Relevance, amount: Tensor) -> None:
        if node in self.arriving:
            self.arrived[node] = self.arrived[node] + amount
            self.arriving[node] = self.arriving[node].plus(share, lambda: self._value(node))
        else:
            self.arrived[node] = amount
            self.arriving[node] = share

    def _back(self, step: RuleStep) -> None:
        node = step.node
        ports = [port for port in step.ports if port in self.arriving]
        if not ports:
            return  # no relevance comes this way
        arrived = self.arrived[ports[0]]
        for port in ports[1:]:
            arrived = arrived + self.arrived[port]
        sinks: dict[str, Tensor] = dict.fromkeys(SINKS, self.nothing)
        parts: list[Relevance | None] = []
        for port in step.ports:
            here = self.arriving.pop(port, None)
            if here is not None and port in self.wanted.through:
                here = self._cut(port, here, sinks)
            self._keep(port, here)
            parts.append(here)
        shares, absorbed = self._hand_back(step, parts[0] if step.ports == [node] else parts)
        passed_on = self._pass_on(step, shares, arrived)
        for sink, amount in absorbed:
            total = amount if isinstance(amount, Tensor) else amount.per_sample(step.samples)
            sinks[sink] = total if sinks[sink] is self.nothing else sinks[sink] + total
        remainder = step.remainder
        if self.differences is not None and not step.rescales_exactly:
            remainder = "unsupported"
        if remainder:
            sinks[remainder] = arrived - passed_on - sum(sinks.values())
        self.ledger.append(
            LedgerRow(
                *(self.plan.subjects[node].name, self._layer(step), step.kind, step.rule_words, step.reason),
                arrived=arrived,
                passed_on=passed_on,
                **sinks,
            )
        )
        self._settle(node)

    def _pass_on(self, step: RuleStep, shares: list[Relevance], arrived: Tensor) -> Tensor:
        """Give each receiver its share; what they get together."""
        if self.wanted.shares and self.times == 1:
            self._note_shares(step, shares)
        if step.conserves and len(shares) == 1 and not self.wanted.through.keys() & step.ports:
            self._receive(step.inputs[0], shares[0], arrived)
            return arrived
        passed_on = self.nothing
        for source, share in zip(step.inputs, shares, strict=True):
            amount = share.amount(self._value(source)).per_sample(source.meta.get("samples"))
            passed_on = amount if passed_on is self.nothing else passed_on + amount
            self._receive(source, share, amount)
        return passed_on

    def _note_shares(self, step: RuleStep, shares: list[Relevance]) -> None:
        """What it hands to values that others read too, the positive and the negative apart."""
        reader = self.plan.subjects[step.node].name
        for source, share in zip(step.inputs, shares, strict=True):
            samples = source.meta.get("samples")
            if len(source.users) < 2 or samples is None:
                continue
            relevance = share.of(self._value(source)).movedim(samples[0], 0).flatten(1)
            both = relevance.clamp(min=0).sum(1), relevance.clamp(max=0).sum(1)
            key = reader, self.plan.subjects.get(source, source).name
            before = self.shares.get(key)
            self.shares[key] = both if before is None else (before[0] + both[0], before[1] + both[1])

    def _settle(self, node: Node) -> None:
        """Let go of what nobody looks at any more: the node's readers have all been handled."""
        if self.times > 1:
            for record in (self.record, self.differences and self.differences.reference):
                if record is not None:
                    record.values.clear()
                    record.notes.clear()
        elif self.forget:
            self.passes.forget(node)

    def _keep(self, node: Node, here: Relevance | None) -> None:
        if node not in self.wanted.kept:
            return
        value = self._value(node)
        if here is None:
            if node.op != "placeholder":
                return
            found = torch.zeros(value.shape, dtype=value.dtype if value.is_floating_point() else torch.float32)
        else:
            # tokens are numbers of rows: what their vectors got is theirs, and no multiple of the number
            found = factor_of(here, value) if self.gradient and value.is_floating_point() else here.of(value)
            here.owned = False  # what is kept must not be written over
        self.relevance[node] = found
        self.values[node] = self.record.values[node]

    def _cut(self, node: Node, here: Relevance, sinks: dict[str, Tensor]) -> Relevance:
        """Only what passes the mask goes on; the rest is the sink `cut`."""
        mask = self.wanted.through[node]
        value = self._value(node)
        stopped = here.mapped(lambda amount: amount * (1 - mask))
        sinks["cut"] = sinks["cut"] + stopped.amount(value).per_sample(node.meta.get("samples"))
        return here.mapped(lambda amount: amount * mask)

    def _hand_back(self, step: RuleStep, here: Any) -> HandedBack:
        """What the step makes of what arrived; and the flow between its units, where that is wanted."""
        layer = self._layer(step)
        weighted = step if isinstance(step, AffineStep) and step.has_flow else None
        if self.differences is None:
            if weighted and layer in self.wanted.flows:
                self.flows[layer] = weighted.flow(self.record, here)
            if weighted and layer in self.wanted.weights:
                self.weights[layer] = weighted.weight_relevance(self.record, here)
            return step.backward(self.record, here)
        if weighted and layer in self.wanted.flows:
            self.flows[layer] = weighted.rescaled_flow(self.differences, here.g)
        return HandedBack(self._rescaled(step, here), [])

    def _rescaled(self, step: RuleStep, here: Any) -> list[Relevance]:
        assert self.differences is not None
        if not isinstance(here, list):
            g = here.g if here.g is not None else factor_of(here, self._value(step.node))
            return [Relevance(g=g) for g in step.rescale(self.differences, g)]
        factors = [part and factor_of(part, self._value(port)) for port, part in zip(step.ports, here, strict=True)]
        return [Relevance(g=g) for g in step.gradients_of_ports(self.differences.record, factors)]

    def _layer(self, step: RuleStep) -> str:
        return self.plan.subjects[step.node].meta.get("layer", "")

    def chunks(self) -> list[Chunk]:
        """What this way back contributes to the explanation of each target."""
        return [self._chunk(number) for number in range(self.times)]

    def _chunk(self, number: int) -> Chunk:
        samples = len(self.score) // self.times

        def own(value: Tensor, axis: int = 0) -> Tensor:
            if self.times == 1:
                return value
            size = value.shape[axis] // self.times
            return value.narrow(axis, number * size, size).contiguous()

        def of_nodes(values: dict[Node, Tensor]) -> dict[Node, Tensor]:
            return {
                node: value if node.meta.get("samples") is None else own(value, node.meta["samples"][0])
                for node, value in values.items()
            }

        rows = [
            LedgerRow(
                *(row.node, row.layer, row.kind, row.rule, row.reason),
                **{key: own(getattr(row, key)) for key in ("arrived", "passed_on", *SINKS)},
            )
            for row in self.ledger
        ]
        relevance = of_nodes(self.relevance)
        return Chunk(
            inputs={str(node.target): relevance[node] for node in self.passes.placeholders},
            outputs=self.passes.outputs,
            score=own(self.score),
            targets=self.seeds[number].words or ("",) * samples,
            relevance=relevance,
            values=of_nodes(self.values),
            ledger=rows if self.times > 1 else self.ledger,
            flows={layer: own(value) for layer, value in self.flows.items()},
            weights={layer: own(value) for layer, value in self.weights.items()},
            shares=self.shares,
        )


def _more(node: Node, shape: torch.Size, times: int) -> torch.Size:
    """The shape of a value whose samples are repeated."""
    samples = node.meta.get("samples")
    return shape if samples is None else torch.Size(s * times if i == samples[0] else s for i, s in enumerate(shape))
