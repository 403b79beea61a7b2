"""Health of the units: what their values are like on many samples. The network runs, but nothing is explained."""

from __future__ import annotations

import math
import operator
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.fx import Node

from ..asked import checked, part, units_axis
from ..errors import InputError
from ..networks.graphs.graph import arguments, evaluate, kind_of, live_nodes, operation_name
from ..networks.graphs.operations import ACTIVATION, AFFINE, OUTPUT, RECURRENT, SOFTMAX
from .findings import REMARK, SERIOUS, Finding, amount, counted, found, listed, ordered

if TYPE_CHECKING:
    from ..networks.network import Network

BUDGET = 64 * 2**20  # bytes that the values of one chunk may take
LARGEST_CHUNK = 512
FEWEST_SAMPLES = 20  # on fewer, a unit that is never active is no wonder
NEARLY = 0.95  # the share of values from which on a unit is called saturated
LARGE = 1e6
MOST_UNITS = 10_000

# Below zero these let a little through.
_LEAKING = ("leaky_relu", "prelu", "_prelu_kernel", "rrelu", "elu", "selu", "celu", "gelu", "silu", "mish")
# Where a function ends, and how near to it counts, as a share of the way between both ends.
_BOUNDED: dict[str, tuple[float, float, float]] = {
    "sigmoid": (0.0, 1.0, 0.01),
    "tanh": (-1.0, 1.0, 0.005),
    "hardsigmoid": (0.0, 1.0, 0.0),
    "hardtanh": (-1.0, 1.0, 0.0),
    "relu6": (-math.inf, 6.0, 0.0),  # its lower end is that of any ReLU
}
_PEAKED = 0.99


@dataclass(frozen=True, slots=True)
class Watching:
    """How far the check has come."""

    done: int
    total: int
    layer: str


class _Units:
    """What is seen of the values of one node, unit by unit."""

    def __init__(self, node: Node, kind: str, name: str) -> None:
        self.node, self.kind, self.name = node, kind, name
        self.layer = str(node.meta.get("layer", ""))
        self.low = self.high = self.ends = torch.zeros(0)
        self.each = 0  # values that each unit had
        self.largest = 0.0
        self.bad: list[int] = []  # samples with a value that is not finite
        self.maps = False

    def look(self, value: Tensor, first: int) -> None:
        """Take in the values of a chunk, whose first sample has this number."""
        samples = self.node.meta.get("samples")
        if not self._finite(value, samples, first):
            return
        value = value.detach()
        if self.kind == SOFTMAX:
            self._look_at_softmax(value)
            return
        axis = units_axis(self.node) % value.dim() if value.dim() else 0
        rows = value.movedim(axis, 0).reshape(value.shape[axis], -1) if value.dim() else value.reshape(1, 1)
        self.maps = self.maps or value.dim() > 2
        low, high = torch.aminmax(rows, dim=1)
        ends = torch.zeros(len(rows), dtype=torch.int64)
        if (bounds := _BOUNDED.get(self.name)) is not None:
            bottom, top, near = self._ends(bounds)
            width = near * (top - bottom) if math.isfinite(bottom) else 0.0
            ends = ((rows >= top - width) | (rows <= bottom + width)).sum(1)
        self._merge(low.cpu(), high.cpu(), ends.cpu(), rows.shape[1])

    def _look_at_softmax(self, value: Tensor) -> None:
        """Of each head, or of all where there are none, how often one place gets everything."""
        given = arguments(self.node)
        dim = int(given[1]) if len(given) > 1 else int(self.node.kwargs.get("dim", -1))  # type: ignore[arg-type]
        peak = value.amax(dim)
        heads = peak.movedim(1, 0).reshape(peak.shape[1], -1) if value.dim() == 4 else peak.reshape(1, -1)
        low, high = torch.aminmax(heads, dim=1)
        self._merge(low.cpu(), high.cpu(), (heads > _PEAKED).sum(1).cpu(), heads.shape[1])

    def _merge(self, low: Tensor, high: Tensor, ends: Tensor, each: int) -> None:
        if not self.each:
            self.low, self.high, self.ends = low, high, ends
        elif len(low) == len(self.low):
            self.low, self.high = torch.minimum(self.low, low), torch.maximum(self.high, high)
            self.ends = self.ends + ends
        self.each += each
        self.largest = max(self.largest, float(self.high.max()), -float(self.low.min()))

    def _ends(self, bounds: tuple[float, float, float]) -> tuple[float, float, float]:
        if self.name != "hardtanh":
            return bounds
        given = [float(one) for one in arguments(self.node)[1:3] if isinstance(one, int | float)]
        return (*(given if len(given) == 2 else bounds[:2]), 0.0)  # type: ignore[return-value]

    def _finite(self, value: Tensor, samples: tuple[int, int] | None, first: int) -> bool:
        """Whether all values are finite; −∞ stands in masks, and counts only behind a layer with weights."""
        if bool(value.sum().isfinite()):
            return True
        wrong = ~value.isfinite() if self.kind in {AFFINE, RECURRENT} else value.isnan() | (value == math.inf)
        if not bool(wrong.any()):
            return False  # not to be looked at further, but no fault
        if samples is None:
            self.bad.append(first)
        else:
            rows = wrong.movedim(samples[0], 0).reshape(value.shape[samples[0]], -1).any(1)
            self.bad += [first + int(row) // samples[1] for row in rows.nonzero().flatten()]
        return False


def watching_units(
    network: Network, chunks: Iterable[Mapping[str, Tensor]], samples: int
) -> Generator[Watching, None, list[Finding]]:
    """Run the network on samples, and keep what is needed of each unit's values; no more than a chunk is in memory.

    Parameters
    ----------
    network : Network
    chunks : iterable of dict
        Inputs by name, as `explain` takes them: as many samples at a time as `samples_at_once` says.
    samples : int
        How many there are in all.

    Yields
    ------
    Watching
        After each node; closing the generator ends the work.

    Returns
    -------
    list of Finding
        The gravest first.

    Raises
    ------
    InputError
        If the network cannot compute something from these inputs.
    """
    nodes = list(network.graph.nodes)
    live = live_nodes(network.graph)
    watched = _watched(network, live)
    last = {argument: node for node in nodes for argument in node.all_input_nodes}
    done = 0
    for given in chunks:
        count = _samples_in(network, given)
        values: dict[Node, Any] = {}
        for number, node in enumerate(nodes):
            with torch.no_grad():
                _compute(network, node, values, given)
                if node in watched and isinstance(values[node], Tensor):
                    watched[node].look(values[node], done)
            for argument in node.all_input_nodes:
                if last[argument] is node:
                    values.pop(argument, None)
            yield Watching(done * len(nodes) + number * count, samples * len(nodes), str(node.meta.get("layer", "")))
        done += count
    return ordered(_judged(network, watched, done))


def unit_health(network: Network, inputs: Any) -> list[Finding]:
    """Find dead, saturated and exploding units.

    Parameters
    ----------
    network : Network
    inputs : tensor, array, or dict of them by input name
        As `explain` takes them.

    Returns
    -------
    list of Finding
        The gravest first.

    Raises
    ------
    InputError
        If the inputs do not fit the network.
    """
    given = checked(network, inputs)
    samples, size = _samples_in(network, given), samples_at_once(network)
    chunks = (part(network, given, first, size) for first in range(0, samples, size))
    steps = watching_units(network, chunks, samples)
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            return stop.value


def samples_at_once(network: Network) -> int:
    """How many samples a chunk should have."""
    fixed = [entry.shape[entry.axis] for entry in network.inputs if entry.axis is not None]
    if not fixed:
        return 1
    if fixed[0] is not None:
        return fixed[0]
    one = sum(
        math.prod(size for size in node.meta.get("shape", ()) if size is not None) * 4
        for node in network.graph.nodes
        if node.op == "call_function"
    )
    return max(1, min(LARGEST_CHUNK, BUDGET // max(one, 1)))


def _compute(network: Network, node: Node, values: dict[Node, Any], given: Mapping[str, Tensor]) -> None:
    if node.op == "placeholder":
        values[node] = given[str(node.target)]
    elif node.op == "get_attr":
        values[node] = network.tensors[str(node.target)]
    elif node.op == "call_function":
        try:
            values[node] = evaluate(node, values)
        except (IndexError, RuntimeError) as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
            where = f"node {node.name} in layer “{node.meta.get('layer', '')}”"
            raise InputError(f"The network cannot compute the {where} from these inputs: {reason}.") from error


def _samples_in(network: Network, given: Mapping[str, Tensor]) -> int:
    return next((given[entry.name].shape[entry.axis] for entry in network.inputs if entry.axis is not None), 1)


def _watched(network: Network, live: set[Node]) -> dict[Node, _Units]:
    """The nodes whose values tell something: functions, layers with weights, outputs."""
    found_nodes = {}
    outputs = set(network.output_nodes)
    for node in network.graph.nodes:
        dtype = node.meta.get("dtype")
        if node.op != "call_function" or node not in live or (dtype is not None and not dtype.is_floating_point):
            continue
        kind, family = kind_of(node, live)
        if node.target is operator.getitem and _is_recurrent(node.args[0], live):
            kind = ACTIVATION if node.args[1] == 0 else kind  # the states of an LSTM, step by step
        weighted = kind == AFFINE and family in {"dense", "convolution"}
        if weighted or kind in {ACTIVATION, SOFTMAX, RECURRENT} or node in outputs:
            name = operation_name(node)
            whole = kind == SOFTMAX and (node in outputs or len(node.meta.get("shape", ())) < 3)
            found_nodes[node] = _Units(node, OUTPUT if whole else kind, name)
    return found_nodes


def _is_recurrent(node: Any, live: set[Node]) -> bool:
    return isinstance(node, Node) and node.op == "call_function" and kind_of(node, live)[0] == RECURRENT


def _judged(network: Network, watched: dict[Node, _Units], samples: int) -> list[Finding]:
    counts = Counter(units.layer for units in watched.values())
    findings: list[Finding] = []
    broken: list[_Units] = []
    outputs = {node: entry.name for entry, node in zip(network.outputs, network.output_nodes, strict=True)}
    for node, units in watched.items():
        where = units.layer or node.name
        if counts[units.layer] > 1 and units.kind == ACTIVATION and units.layer:
            where = f"{units.layer} ({units.name})"
        if units.bad:
            broken.append(units)
        if not units.each:
            continue
        for check in _CHECKS:
            finding = check(units, where, samples)
            if finding is not None and finding.kind == "saturated" and node in outputs:
                finding = replace(finding, severity=REMARK)  # a network that is sure of itself
            findings += [finding] if finding is not None else []
        if node in outputs and samples > 1 and bool((units.low == units.high).all()):
            name = outputs[node]
            sentence = f"The output {name} is the same on all {counted(samples, 'sample')}."
            findings.append(found("same output", "unchanged", sentence, layer=units.layer))
    return [*_not_finite(broken, samples), *findings]


def _not_finite(broken: list[_Units], samples: int) -> list[Finding]:
    """Only where it begins: whatever is computed from it is not finite either."""
    if not broken:
        return []
    first = broken[0]
    of = f"{len(first.bad):,} of {counted(samples, 'sample')}"
    after = {units.layer for units in broken[1:]} - {first.layer}
    more = (
        f" {counted(len(after), 'layer')} behind it {'has' if len(after) == 1 else 'have'} such values too."
        if after
        else ""
    )
    where = first.layer or first.node.name
    sentence = f"{where} gives NaN or infinite values for {of}: sample {listed([row + 1 for row in first.bad])}.{more}"
    return [found("not finite", of, sentence, layer=first.layer)]


def _dead(units: _Units, where: str, samples: int) -> Finding | None:
    """Units that are the same on every sample; never positive, of functions that let a little through."""
    if units.kind != ACTIVATION or samples < 2 or units.each < 2:
        return None
    # the same because it stands at an end: saturated, which says why
    rows = ((units.low == units.high) & (units.ends < units.each)).nonzero().flatten().tolist()
    if rows:
        every = counted(samples, "sample")
        what = f"0 on all {every}" if _all_zero(units, rows) else f"the same on all {every}"
        return _told(units, "dead", rows, where, samples, what)
    if units.name in _LEAKING:
        rows = (units.high <= 0).nonzero().flatten().tolist()
        if rows:
            what = f"never positive on any of {counted(samples, 'sample')}"
            return _told(units, "inactive", rows, where, samples, what)
    return None


def _saturated(units: _Units, where: str, samples: int) -> Finding | None:
    if units.kind == SOFTMAX:
        return _peaked(units, where, samples)
    if units.name not in _BOUNDED or samples < 2:
        return None
    rows = (units.ends >= NEARLY * units.each).nonzero().flatten().tolist()
    if not rows:
        return None
    what = f"at the end of {units.name} for at least 95 % of their values on {counted(samples, 'sample')}"
    return _told(units, "saturated", rows, where, samples, what)


def _peaked(units: _Units, where: str, samples: int) -> Finding | None:
    rows = (units.ends >= NEARLY * units.each).nonzero().flatten().tolist()
    if not rows or units.each < FEWEST_SAMPLES:
        return None
    heads = len(units.ends)
    of = f"{len(rows):,} of {counted(heads, 'head')}" if heads > 1 else "its softmax"
    rows_of = f"{counted(samples, 'sample')}: {listed(rows)}" if heads > 1 else counted(samples, "sample")
    sentence = (
        f"In {where}, {of} give{'s' if heads == 1 or len(rows) == 1 else ''} more than 99 % to one place, nearly "
        f"everywhere on {rows_of}."
    )
    return found("saturated", of, sentence, layer=units.layer, severity=REMARK)


def _large(units: _Units, where: str, samples: int) -> Finding | None:
    if units.kind != AFFINE or units.largest < LARGE:
        return None
    sentence = f"Values of {where} reach {amount(units.largest)} on {counted(samples, 'sample')}."
    return found("large values", amount(units.largest), sentence, layer=units.layer)


def _told(units: _Units, kind: str, rows: list[int], where: str, samples: int, what: str) -> Finding:
    """A sentence about some units of a layer."""
    total, noun = len(units.low), "channel" if units.maps and units_axis(units.node) == 1 else "unit"
    of = f"{len(rows):,} of {counted(total, noun)}"
    few = samples < FEWEST_SAMPLES
    severity = REMARK if few else (SERIOUS if kind == "dead" and len(rows) == total else "")
    be = "is" if len(rows) == 1 else "are"
    sentence = f"{of} of {where} {be} {what} of the table: {listed(rows)}."
    if few:
        sentence = f"{sentence} So few samples tell little."
    return found(kind, of, sentence, layer=units.layer, units=rows[:MOST_UNITS], severity=severity)


def _all_zero(units: _Units, rows: list[int]) -> bool:
    return bool((units.high[rows] == 0).all())


_CHECKS: tuple[Callable[[_Units, str, int], Finding | None], ...] = (_dead, _saturated, _large)
