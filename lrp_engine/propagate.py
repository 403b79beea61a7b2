"""The two passes: forward, where values are recorded, and backward, where relevance is handed back."""

from __future__ import annotations

from collections.abc import Collection, Generator, Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.fx import Node

from .composites import Composite, as_composite
from .errors import InputError
from .explanation import Explanation, Progress
from .ledger import SINKS, LedgerRow
from .plan import Plan, plan_of
from .results import Chunk, assemble
from .rules.relevance import Relevance
from .rules.steps import Record, RuleStep
from .rules.weighted import AffineStep
from .targets import Seed, Target, seed_of

if TYPE_CHECKING:
    from .networks.network import Network, NetworkInput

KEEPS = ("inputs", "layers", "nodes")


def explain(
    network: Network,
    inputs: Any,
    target: Target = "max",
    composite: str | Composite = "epsilon_plus",
    *,
    batch: int | None = None,
    keep: str = "layers",
    flows: Collection[str] = (),
) -> Explanation:
    """Explain a network's output on some samples by layer-wise relevance propagation (Bach et al. 2015).

    Parameters
    ----------
    network : Network
    inputs : tensor, array, or dict of them by input name
        In the network's own units; the first axis runs over samples.
    target
        What is explained: an output unit, "max" (each sample's largest), a difference "2-5", {unit: weight}, a seed of
        the output's shape, or a list with one of these per sample. Behind a final sigmoid or softmax it is the logit.
    composite : str or Composite
        Which rule goes to which node.
    batch : int, optional
        How many samples to take at a time; all at once if None.
    keep : {"inputs", "layers", "nodes"}
        How much of the relevance on its way is kept.
    flows : collection of str
        Layers whose flow is computed along the way; others are computed when asked for.

    Returns
    -------
    Explanation

    Raises
    ------
    InputError, TargetError, CompositeError, UnsupportedOperation
        If what is given does not fit the network, or no rule covers one of its operations.
    """
    steps = explaining(network, inputs, target, composite, batch=batch, keep=keep, flows=flows)
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            return stop.value


def explaining(
    network: Network,
    inputs: Any,
    target: Target = "max",
    composite: str | Composite = "epsilon_plus",
    *,
    batch: int | None = None,
    keep: str = "layers",
    flows: Collection[str] = (),
) -> Generator[Progress, None, Explanation]:
    """The same as `explain`, step by step: yields progress, and returns the explanation. Closing it cancels."""
    if keep not in KEEPS:
        raise InputError(f"keep has to be one of {', '.join(KEEPS)}, not “{keep}”.")
    composite = as_composite(composite)
    given = _checked(network, inputs)
    samples = next(iter(given.values())).shape[0]
    plan = plan_of(network, composite)
    size = _chunk_size(network, samples, batch)
    starts = range(0, samples, size)
    chunks: list[Chunk] = []
    per_chunk = len(plan.steps) + len(plan.backward)
    for number, start in enumerate(starts):
        part = {name: value[start : start + size] for name, value in given.items()}
        one = _target_of(target, start, size, samples)
        passes = _Passes(network, plan, part, one, keep, flows)
        for done, layer in passes.run():
            yield Progress(number * per_chunk + done, len(starts) * per_chunk, layer)
        chunks.append(passes.chunk())

    def more_flow(layer: str) -> Tensor:
        again = explain(network, given, target, composite, batch=batch, keep="inputs", flows=(layer,))
        return again.flows[layer]

    return assemble(network, plan, composite.name, chunks, more_flow)


def _chunk_size(network: Network, samples: int, batch: int | None) -> int:
    fixed = [entry.shape[0] for entry in network.inputs if entry.shape and entry.shape[0] is not None]
    if fixed:
        if samples % fixed[0]:
            raise InputError(f"The network takes {fixed[0]} samples at a time; {samples} cannot be split so.")
        return fixed[0]
    if batch is not None and batch < 1:
        raise InputError(f"batch has to be at least 1, not {batch}.")
    return min(batch or samples, samples)


def _target_of(target: Target, start: int, size: int, samples: int) -> Target:
    """The part of a target that belongs to a chunk: lists and full seeds run over samples."""
    if isinstance(target, list | tuple) or (hasattr(target, "shape") and len(target) == samples and target.ndim > 1):
        return target[start : start + size]
    return target


def _checked(network: Network, inputs: Any) -> dict[str, Tensor]:
    names = [entry.name for entry in network.inputs]
    if not isinstance(inputs, Mapping):
        if len(names) > 1:
            raise InputError(f"The network takes {len(names)} inputs; give them by name: {', '.join(names)}.")
        inputs = {names[0]: inputs}
    wrong = set(inputs) ^ set(names)
    if wrong:
        raise InputError(f"The inputs should be {', '.join(names)}; got {', '.join(map(str, inputs)) or 'none'}.")
    given = {entry.name: _tensor(entry, inputs[entry.name]) for entry in network.inputs}
    counts = {value.shape[0] for value in given.values()}
    if len(counts) > 1:
        raise InputError(f"The inputs have different numbers of samples: {', '.join(map(str, sorted(counts)))}.")
    return given


def _tensor(entry: NetworkInput, value: Any) -> Tensor:
    try:
        tensor = torch.as_tensor(value).detach().cpu()
    except (TypeError, ValueError, RuntimeError) as error:
        raise InputError(f"The input “{entry.name}” is not a tensor or array of numbers.") from error
    wanted = getattr(torch, entry.dtype)
    if tensor.is_complex() or (tensor.is_floating_point() and not wanted.is_floating_point):
        raise InputError(f"The input “{entry.name}” is {tensor.dtype}; the network takes {entry.dtype}.")
    fits = tensor.dim() == len(entry.shape) and all(
        want is None or have == want or axis == 0
        for axis, (have, want) in enumerate(zip(tensor.shape, entry.shape, strict=True))
    )
    if not fits:
        want = "×".join("samples" if s is None else str(s) for s in entry.shape)
        have = "×".join(map(str, tensor.shape)) or "one number"
        raise InputError(f"The input “{entry.name}” is {have}; the network takes {want}.")
    if not tensor.shape[0]:
        raise InputError(f"The input “{entry.name}” has no samples.")
    tensor = tensor.to(wanted)
    bad = (~torch.isfinite(tensor)).nonzero()
    if len(bad):
        sample, *unit = bad[0].tolist()
        raise InputError(
            f"Sample {sample} of the input “{entry.name}” holds {tensor[tuple(bad[0])].item()} at unit "
            f"{', '.join(map(str, unit))}; every value has to be a finite number."
        )
    return tensor


class _Passes:
    """Both passes over one chunk of samples."""

    def __init__(
        self,
        network: Network,
        plan: Plan,
        inputs: dict[str, Tensor],
        target: Target,
        keep: str,
        flows: Collection[str],
    ) -> None:
        self.network = network
        self.plan = plan
        self.target = target
        self.record = Record(dict(plan.constants))
        self.placeholders = [node for node in network.graph.nodes if node.op == "placeholder"]
        for node in self.placeholders:
            self.record.values[node] = inputs[str(node.target)]
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
            value = values[node]
            self.relevance[node] = arriving[node].of(value) if node in arriving else torch.zeros_like(value)

    def _start(self) -> dict[Node, Relevance]:
        logits = self.record.values[self.plan.logit]
        output = self.network.outputs[0]
        self.seed = seed_of(self.target, logits, output.classes, output.activation)
        start = Relevance(r=self.seed.relevance, g=self.seed.weights)
        self.score = start.of(logits).reshape(logits.shape[0], -1).sum(1)
        self.nothing = torch.zeros_like(self.score)
        return {self.plan.logit: start}

    def _back(self, step: RuleStep, arriving: dict[Node, Relevance], arrived: dict[Node, Tensor]) -> None:
        node, values = step.node, self.record.values
        here = arriving.pop(node, None)
        if here is None:
            return  # no relevance comes this way
        if node in self.kept:
            self.values[node] = values[node]
            self.relevance[node] = here.of(values[node])
        layer = self.plan.subjects[node].meta.get("layer", "")
        if layer in self.wanted_flows and isinstance(step, AffineStep) and step.has_flow:
            self.flows[layer] = step.flow(self.record, here)
        shares, absorbed = step.backward(self.record, here)
        passed_on = self.nothing
        for source, share in zip(step.inputs, shares, strict=True):
            value = values[source]
            amount = share.amount(value).per_sample(source.meta.get("samples"))
            passed_on = amount if passed_on is self.nothing else passed_on + amount
            arrived[source] = arrived[source] + amount if source in arrived else amount
            arriving[source] = arriving[source].plus(share, value) if source in arriving else share
        sinks: dict[str, Tensor] = dict.fromkeys(SINKS, self.nothing)
        for sink, amount in absorbed:
            total = amount.per_sample(step.samples)
            sinks[sink] = total if sinks[sink] is self.nothing else sinks[sink] + total
        self.ledger.append(
            LedgerRow(
                *(self.plan.subjects[step.node].name, layer, step.kind, step.rule_words, step.reason),
                arrived=arrived[node],
                passed_on=passed_on,
                **sinks,
            )
        )
        if node not in self.kept:
            values.pop(node)  # its readers have all been handled
        self.record.notes.pop(node, None)

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
