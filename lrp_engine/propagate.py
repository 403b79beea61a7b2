"""Explaining: what is given is checked, split into chunks, sent through both passes, and put together again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

import torch
from torch import Tensor
from torch.fx import Node

from .asked import checked, chunk_size, flows, kept_nodes, masks, part, references
from .composites import AGAINST_REFERENCE, Composite, as_composite
from .errors import CompositeError, InputError, TargetError
from .explanation import Arrived, Explanation, Later, Progress
from .networks.graphs.narrowed import narrowed
from .networks.graphs.ranges import Range, ranges
from .passes import Backward, Passes, Wanted
from .plan import Plan, plan_of
from .results import Chunk, assemble
from .rules.weighted import AffineStep
from .targets import Target, by_output, expand_targets

if TYPE_CHECKING:
    from .networks.network import Network

ON_UNSUPPORTED = ("refuse", "gradient")


class Options(TypedDict, total=False):
    """What `explain`, `explaining` and `explain_each` take by name; see `explain`."""

    batch: int | None
    keep: str | Collection[str]
    flows: Collection[str]
    through: Mapping[str, Any] | None
    conventions: str
    on_unsupported: str
    memory: int | None
    device: str | torch.device | None


def explain(
    network: Network,
    inputs: Any,
    target: Target = "max",
    composite: str | Composite = "epsilon_plus",
    reference: Any = None,
    **options: Unpack[Options],
) -> Explanation:
    """Explain a network's output on some samples by layer-wise relevance propagation (Bach et al. 2015).

    Parameters
    ----------
    network : Network
    inputs : tensor, array, or dict of them by input name
        In the network's own units; the first axis runs over samples, unless the network was captured otherwise.
    target
        What is explained: an output unit, "max" (each sample's largest), "best:2" (its second), a difference "2-5",
        {unit: weight}, an index into a sample's output as a tuple (all that it selects, summed), a boolean array (the
        units that are summed), a seed of the output's shape, or a list with one of these per sample; or {output name:
        one of these} for several outputs. Behind a final sigmoid or softmax it is the logit.
    composite : str or Composite
        Which rule goes to which node.
    reference : tensor, array, or dict of them by input name, optional
        What the samples are compared with: one sample for all of them, or as many. The difference of the score,
        f(x) − f(x⁰), is then handed back by the rule `reference` at every node (DeepLIFT's rescale form, Shrikumar
        2017), and no composite is used.
    batch : int, optional
        How many samples to take at a time; as many as `memory` allows if None.
    keep : {"inputs", "layers", "nodes"}, or collection of layer paths and node names
        How much of the relevance on its way is kept.
    flows : collection of str
        Layers whose flow is computed along the way; others are computed when asked for.
    through : dict, optional
        Layer path -> units (channels behind a convolution, else along the last axis), or a boolean array over one
        sample's values: only relevance that passes them goes on. What is cut off stands in the ledger.
    conventions : {"", "zennit", "captum", "toolbox"}
        Whose definitions of the rules to use.
    on_unsupported : {"refuse", "gradient"}
        What to do where no rule covers an operation; with "gradient", ledger and notes say where.
    memory : int, optional
        Bytes that both passes may take; half of what is free if None.
    device : str or torch.device, optional
        Where to compute; where the weights are if None. Results are on the CPU.

    Returns
    -------
    Explanation

    Raises
    ------
    InputError, TargetError, CompositeError, UnsupportedOperation
        If what is given does not fit the network, or no rule covers one of its operations.
    """
    steps = explaining(network, inputs, target, composite, reference, **options)
    return _result(steps)


def explaining(
    network: Network,
    inputs: Any,
    target: Target = "max",
    composite: str | Composite = "epsilon_plus",
    reference: Any = None,
    **options: Unpack[Options],
) -> Generator[Progress, None, Explanation]:
    """The same as `explain`, step by step: yields progress, and returns the explanation. Closing it cancels."""
    (explanation,) = yield from _explaining(network, inputs, [target], composite, reference, options)
    return explanation


def explain_each(
    network: Network,
    inputs: Any,
    targets: Any = "all",
    composite: str | Composite = "epsilon_plus",
    reference: Any = None,
    **options: Unpack[Options],
) -> list[Explanation]:
    """Explain several targets on one forward pass.

    Parameters
    ----------
    targets : sequence or "all"
        Targets as `explain` takes them, one explanation for each; "all" stands for every unit of the first output.

    Returns
    -------
    list of Explanation
        In the order of `targets`.
    """
    units = {entry.name: entry.units for entry in network.outputs}
    wanted = expand_targets(targets, units)
    if not wanted:
        raise TargetError("There are no targets to explain.")
    return _result(_explaining(network, inputs, wanted, composite, reference, options))


def _result(steps: Generator[Any, None, Any]) -> Any:
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            return stop.value


@dataclass(frozen=True)
class _Call:
    """One call, checked: what both passes are given."""

    network: Network
    plan: Plan
    inputs: dict[str, Tensor]
    reference: dict[str, Tensor] | None
    targets: list[Target]
    wanted: Wanted
    samples: int
    size: int
    together: int  # targets on one way back
    bounds: dict[Node, Range]
    notes: tuple[str, ...]
    whole: Callable[[], _Call] | None = None  # the same on the whole network, where rows that nobody reads are left out


def _explaining(
    network: Network,
    inputs: Any,
    targets: list[Target],
    composite: str | Composite,
    reference: Any,
    options: Options,
) -> Generator[Progress, None, list[Explanation]]:
    call = _call(network, inputs, targets, composite, reference, options)
    chunks: list[list[Chunk]] = [[] for _ in targets]
    starts = range(0, call.samples, call.size)
    groups = [targets[i : i + call.together] for i in range(0, len(targets), call.together)]
    total = len(starts) * (len(call.plan.steps) + len(groups) * len(call.plan.backward))
    done = 0
    for start in starts:
        passes = _passes(call, start)
        for layer in passes.forward():
            done += 1
            yield Progress(done, total, layer)
        for number, group in enumerate(groups):
            way = passes.way_back(group, start, call.samples, last=number == len(groups) - 1)
            alone = len(starts) == len(targets) == 1
            arrived = partial(_so_far, call, way) if alone else None
            yield from _counted(way.run(), done, total, arrived)
            found = way.chunks()
            done += len(call.plan.backward)
            for index, chunk in enumerate(found):
                chunks[number * call.together + index].append(chunk)
    return [
        assemble(call.network, call.plan, of_target, _later(call, target), call.notes)
        for target, of_target in zip(targets, chunks, strict=True)
    ]


def _passes(call: _Call, start: int) -> Passes:
    """Both passes over the chunk of samples that begins at `start`."""
    beside = None if call.reference is None else part(call.network, call.reference, start, call.size)
    given = part(call.network, call.inputs, start, call.size)
    return Passes(call.network, call.plan, given, call.wanted, reference=beside, bounds=call.bounds)


def _so_far(call: _Call, way: Backward) -> Arrived:
    """What a way back has found until now."""
    by_name = {node.name: node for node in call.network.graph.nodes}
    nodes = {layer.path: call.plan.settled(by_name[layer.nodes[-1]]) for layer in call.network.layers}
    nodes = {path: node for path, node in nodes.items() if node in way.relevance and node in way.values}
    return Arrived(
        layers={path: way.relevance[node].detach().cpu() for path, node in nodes.items()},
        activations={path: way.values[node].detach().cpu() for path, node in nodes.items()},
        flows={path: flow.cpu() for path, flow in way.flows.items()},
        shares={key: (up.cpu(), down.cpu()) for key, (up, down) in way.shares.items()},
        nodes={node.name: relevance.detach().cpu() for node, relevance in way.relevance.items()},
        score=way.score.cpu(),
    )


def _counted(
    steps: Generator[str, None, None], done: int, total: int, arrived: Callable[[], Arrived] | None
) -> Generator[Progress, None, None]:
    for layer in steps:
        done += 1
        yield Progress(done, total, layer, arrived)


def _call(
    network: Network,
    inputs: Any,
    targets: list[Target],
    composite: str | Composite,
    reference: Any,
    options: Options,
    *,
    narrow: bool = True,
) -> _Call:
    """Check what is given, compile the plan, and see how much of it fits into memory."""
    unknown = set(options) - set(Options.__annotations__)
    if unknown:
        raise TypeError(f"explain() takes no argument “{min(unknown)}”")
    on_unsupported = options.get("on_unsupported", "refuse")
    if on_unsupported not in ON_UNSUPPORTED:
        raise InputError(f"on_unsupported has to be refuse or gradient, not “{on_unsupported}”.")
    whole = partial(_call, network, inputs, targets, composite, reference, options, narrow=False)
    between = options.get("keep", "layers") != "inputs" or options.get("flows") or options.get("through")
    if narrow and not between and reference is None:
        network = narrowed(network)
    composite = as_composite(composite, options.get("conventions", ""))
    composite = composite if reference is None else AGAINST_REFERENCE
    if reference is None and any(entry.rule.name == "reference" for entry in composite.entries):
        raise CompositeError("The rule reference needs a reference to compare with; give `explain` one.")
    names = [entry.name for entry in network.outputs]
    outputs = {name for target in targets for name in by_output(target, names)}
    device = _device(options.get("device"))
    given = checked(network, inputs, device)
    samples = _count(network, given)
    plan = plan_of(network, composite, [name for name in names if name in outputs], on_unsupported, device)
    compared = None if reference is None else references(network, reference, samples, device)
    kept = kept_nodes(network, plan, options.get("keep", "layers"))
    asked = flows(network, options.get("flows", ()))
    shares = options.get("keep", "layers") != "inputs"
    wanted = Wanted(kept, asked, shares=shares, through=masks(network, plan, options.get("through") or {}, device))
    size, together, note = chunk_size(
        network, plan, kept, samples, len(targets), options.get("batch"), options.get("memory")
    )
    return _Call(
        *(network, plan, given, compared, targets, wanted, samples, size, together),
        bounds=_bounds(network, plan, given),
        notes=(*_said(plan), *([note] if note else [])),
        whole=whole if "shared" in network.cache else None,
    )


def _device(device: Any) -> torch.device | None:
    if device is None:
        return None
    try:
        found = torch.device(device)
        torch.zeros(1, device=found).item()  # not all that have a name can compute
    except (RuntimeError, AssertionError, TypeError) as error:
        reason = (str(error).splitlines() or [""])[0]
        raise InputError(f"There is no device “{device}” to compute on: {reason}") from error
    return found


def _count(network: Network, given: dict[str, Tensor]) -> int:
    for entry in network.inputs:
        if entry.axis is not None:
            return given[entry.name].shape[entry.axis]
    return 1


def _bounds(network: Network, plan: Plan, given: dict[str, Tensor]) -> dict[Node, Range]:
    """What every node keeps to, as the data of this call have it, where a rule wants to know."""
    if not _wants_bounds(plan):
        return {}
    known: dict[Node, Range] = {}
    for node in network.graph.nodes:
        if node.op == "placeholder":
            low, high = torch.aminmax(given[str(node.target)])
            known[node] = Range(float(low), float(high))
    live = {*known, *(step.node for step in plan.steps)}
    return ranges(network.graph, live, plan.constants, known)


def _wants_bounds(plan: Plan) -> bool:
    return any(isinstance(step, AffineStep) and step.wants_bounds for step in plan.backward)


def _said(plan: Plan) -> list[str]:
    """What the result has to say about how it was made."""
    said = []
    approximated = [step for step in plan.backward if step.kind == "unsupported"]
    if approximated:
        names = ", ".join(f"{step.node.name} in “{step.node.meta.get('layer', '')}”" for step in approximated[:5])
        more = f" and {len(approximated) - 5} more" if len(approximated) > 5 else ""
        said.append(f"No rule covers {names}{more}: the gradient stands in there, and what it loses is in the ledger.")
    if plan.composite.conventions:
        said.append(f"Rules are defined as {plan.composite.conventions} has them.")
    if _wants_bounds(plan):
        said.append("The bounds of the rule zbox are the smallest and the largest value of the samples explained.")
    return said


def _later(call: _Call, target: Target) -> Later:
    """Explaining again, for what was not asked for at once."""

    def again(wanted: Wanted) -> Chunk:
        given = call if call.whole is None else call.whole()
        inputs = frozenset(node for node in given.wanted.kept if node.op == "placeholder")
        one = replace(given, wanted=replace(wanted, kept=inputs), targets=[target])
        found: list[Chunk] = []
        for start in range(0, one.samples, one.size):
            passes = _passes(one, start)
            for _ in passes.forward():
                pass
            found += _result(passes.backward([target], start, one.samples))
        first = found[0]
        joined = {layer: torch.cat([chunk.flows[layer] for chunk in found]).cpu() for layer in first.flows}
        weights = {layer: torch.cat([chunk.weights[layer] for chunk in found]).cpu() for layer in first.weights}
        return replace(first, flows=joined, weights=weights)

    through = call.wanted.through
    if call.reference is not None:
        return Later(
            flow=lambda layer: again(Wanted(flows=frozenset({layer}), through=through)).flows[layer],
            weights=_no_weights_against_a_reference,
        )
    return Later(
        flow=lambda layer: again(Wanted(flows=frozenset({layer}), through=through)).flows[layer],
        weights=lambda layer: again(Wanted(weights=frozenset({layer}), through=through)).weights[layer],
    )


def _no_weights_against_a_reference(layer: str) -> Tensor:
    raise InputError(f"Relevance of the weights in “{layer}” is not told against a reference; explain without one.")
