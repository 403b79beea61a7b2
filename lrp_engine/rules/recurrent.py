"""LSTM, GRU and RNN, whole sequences and single cells: relevance of every input at every time step.

Both passes are our own (`unrolled`): torch's fused operations do not say what their gates held.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.fx import Node
from torch.fx.node import map_arg

from ..errors import InputError
from ..networks.graphs.graph import arguments, operation_name
from ..networks.graphs.operations import RECURRENT
from ..rulebook import Rule
from .relevance import Amount, Relevance
from .steps import Context, HandedBack, Record, RuleStep
from .unrolled import Gru, Handed, Lstm, Relu, Run, Tanh, Trace, Unrolled

_UNROLLED: dict[str, type[Unrolled]] = {"lstm": Lstm, "gru": Gru, "rnn_tanh": Tanh, "rnn_relu": Relu}


def refusal(node: Node, live: set[Node]) -> str:
    """Why a recurrent node cannot be explained, or ""."""
    args = arguments(node)
    cell = operation_name(node).endswith("_cell")
    if not cell and getattr(node.target, "_overloadname", "input") != "input":
        return "packed sequences are not supported; give padded sequences of one length"
    weights: list[Node] = []
    map_arg(tuple(args[2:]), weights.append)
    if any(weight in live for weight in weights):
        return "the input is in its weights"
    if cell:
        return ""
    has_biases, layers, dropout, train, bidirectional, batch_first = args[3:9]
    if operation_name(node) == "lstm" and len(args[2]) != (4 if has_biases else 2) * layers * (1 + bidirectional):
        return "projections (proj_size) are not supported; use a linear layer behind an LSTM without them"
    if dropout and train and layers > 1:
        return "it drops at random; put the network in evaluation mode"
    samples = args[0].meta.get("samples")
    if samples is not None and samples[0] != (0 if batch_first else 1):
        return "its sequence runs over the samples; give it an axis for samples and one for time"
    return ""


@dataclass(frozen=True)
class _Kept:
    """What the forward pass leaves.

    Attributes
    ----------
    traces : list of Trace
        Of every layer and direction, in torch's order.
    outputs : list of torch.Tensor
        What each layer put out, both directions side by side, (time, samples, units); before them the sequence.
    states, last : list of torch.Tensor
        States at the beginning and at the end, (layers · directions, samples, units): h, and of an LSTM c.
    """

    traces: list[Trace]
    outputs: list[Tensor]
    states: list[Tensor]
    last: list[Tensor]


class RecurrentStep(RuleStep):
    """A recurrent network, opened into its steps: gates are held ("signal"), or take half of what they let through."""

    kind = RECURRENT

    def __init__(self, node: Node, context: Context, rule: Rule, reason: str) -> None:
        super().__init__(node, context, rule, reason)
        name = operation_name(node)
        self._cell = name.endswith("_cell")
        self._unrolled = _UNROLLED[name.removesuffix("_cell")]
        if self._unrolled.gated:
            self.reason += "; half to its gates" if rule.name == "half" else "; its gates are held"
        args = arguments(node)
        given = args[1] if isinstance(args[1], list | tuple) else [args[1]]
        self._x: Node = args[0]
        self._given: list[Any] = list(given)
        self._biases, self._layers, self._bidirectional, self._batch_first = True, 1, False, False
        if not self._cell:
            self._biases, self._layers, _, _, self._bidirectional, self._batch_first = args[3:9]
        self._directions = 2 if self._bidirectional else 1
        self._runs = self._made(list(self._arguments[0][2:]))
        # amounts are summed over time: the samples run along their first axis
        found = (one.meta.get("samples") for one in (self._x, *self._given) if isinstance(one, Node))
        axis_and_times = next((samples for samples in found if samples is not None), None)
        self.samples = None if axis_and_times is None else (0, axis_and_times[1])

    def _made(self, weights: list[Any]) -> list[Run]:
        """Weights and direction of every layer and direction, in torch's order."""
        each = 4 if self._biases else 2
        given = [*weights, None, None][:4] if self._cell else list(weights[0])
        sets = [[*given[start : start + each], None, None][:4] for start in range(0, len(given), each)]
        return [Run(*own, reverse=self._bidirectional and index % 2 == 1) for index, own in enumerate(sets)]

    @property
    def reads(self) -> set[Node]:
        """The forward pass keeps what is needed; gradients to a reference look at everything."""
        return super().reads if self.rule.name == "reference" else set()

    def factors(self, arriving: bool) -> bool:  # noqa: ARG002
        """Every receiver's relevance is a multiple of its value."""
        return True

    # -------------------------------------------------------------------------------------------------------- forward

    def forward(self, record: Record) -> Any:
        """What torch's operation gives, layer by layer."""
        x, given, *_ = self.bound(record.values)[0]
        states = list(given) if isinstance(given, list | tuple) else [given]
        self._check(x, states)
        if self._cell:
            x, states = x.unsqueeze(0), [state.unsqueeze(0) for state in states]
        kept = self._through(x.transpose(0, 1) if self._batch_first else x, states)
        record.notes[self.node] = kept
        if self._cell:
            ends = [end[0] for end in kept.last]
            return tuple(ends) if len(ends) > 1 else ends[0]
        output = kept.outputs[-1]
        return (output.transpose(0, 1) if self._batch_first else output, *kept.last)

    def _through(self, x: Tensor, states: list[Tensor]) -> _Kept:
        traces: list[Trace] = []
        outputs = [x]
        for layer in range(self._layers):
            own = [
                self._unrolled.forward(self._runs[index], outputs[-1], *[*(state[index] for state in states), None][:2])
                for index in self._running(layer)
            ]
            traces += own
            outputs.append(own[0].h if len(own) == 1 else torch.cat([trace.h for trace in own], 2))
        ends = [torch.stack([trace.h[run.last] for run, trace in zip(self._runs, traces, strict=True)])]
        if len(states) > 1:
            ends.append(torch.stack([trace.beside[run.last] for run, trace in zip(self._runs, traces, strict=True)]))
        return _Kept(traces, outputs, states, ends)

    def _check(self, x: Tensor, states: list[Tensor]) -> None:
        """Refuse an initial state of another number of samples: torch would read beyond its memory."""
        samples = x.shape[0 if self._cell or self._batch_first else 1]
        for state in states:
            count = state.shape[0 if self._cell else 1]
            if count != samples:
                raise InputError(
                    f"The initial state of {self.node.name} in layer “{self.node.meta.get('layer') or 'the top'}” is "
                    f"made for {count} samples, but there are {samples}; make it as large as the input."
                )

    # ------------------------------------------------------------------------------------------------------- backward

    def backward(self, record: Record, arriving: Any) -> HandedBack:
        """From the last layer to the first, and in each from the last time step to the first."""
        kept: _Kept = record.notes[self.node]
        output, of_states = self._arrived(arriving, kept)
        targets = output.shape[1]
        begins: list[list[Tensor]] = [[] for _ in kept.states]
        absorbed: dict[str, list[Tensor]] = {"bias": [], "stabilizer": []}
        given = factors = output
        for layer in reversed(range(self._layers)):
            x = kept.outputs[layer]
            found = [self._hand_back(kept, given, of_states, index) for index in self._running(layer)]
            for handed in reversed(found):
                for place, factor in zip(begins, (handed.first_h, handed.first_c), strict=False):
                    assert factor is not None
                    place.insert(0, factor)
                absorbed["bias"].append(handed.bias)
                absorbed["stabilizer"].append(handed.stabilizer)
            factors = found[0].x if len(found) == 1 else found[0].x.add_(found[1].x)
            if layer:
                given = factors.view(len(x), targets, *x.shape[1:]).mul_(x.unsqueeze(1))
        return self._shares(kept, factors, [torch.stack(parts) for parts in begins], absorbed)

    def _running(self, layer: int) -> range:
        return range(layer * self._directions, (layer + 1) * self._directions)

    def _arrived(self, arriving: Any, kept: _Kept) -> tuple[Tensor, list[Tensor | None]]:
        """Relevance of the outputs (time, targets, samples, units), and of the states at the end, if any arrived.

        The states' is (layers · directions, targets, samples, units).
        """
        samples = kept.outputs[-1].shape[1]
        output: Tensor | None = None
        ends: list[Tensor | None] = [None] * len(kept.last)
        parts = arriving if isinstance(arriving, list) else [arriving]
        for port, part in zip(self.ports, parts, strict=True):
            if part is None:
                continue
            number: Any = 0 if port is self.node else port.args[1]
            if number == 0:
                output = self._of(part, kept.outputs[-1], samples, first=True)
            else:
                state = number if self._cell else number - 1
                ends[state] = self._of(part, kept.last[state], samples, first=False)
        if output is None:
            targets = next(end.shape[1] for end in ends if end is not None)
            time, *rest = kept.outputs[-1].shape
            output = kept.outputs[-1].new_zeros(time, targets, *rest)
        return output, ends

    def _of(self, part: Relevance, value: Tensor, samples: int, *, first: bool) -> Tensor:
        """Relevance itself with its targets apart, in memory of its own."""
        held = part.r if part.g is None else part.g
        assert held is not None
        if self._cell:
            held = held.unsqueeze(0)
        elif first and self._batch_first:
            held = held.transpose(0, 1)
        apart = held.unflatten(1, (-1, samples))
        if part.g is not None:
            return apart * value.unsqueeze(1)
        return apart.clone(memory_format=torch.contiguous_format)

    def _hand_back(self, kept: _Kept, given: Tensor, of_states: list[Tensor | None], index: int) -> Handed:
        """One direction of one layer."""
        run = self._runs[index]
        own = slice(None)
        if self._bidirectional:
            start = index % 2 * run.units
            own = slice(start, start + run.units)
        relevance = given[..., own].contiguous()
        at_end, of_cell = [*(None if end is None else end[index] for end in of_states), None][:2]
        if at_end is not None:
            relevance[run.last] += at_end
        epsilon = self.rule.numbers.get("epsilon", 0.0)
        unrolled = self._unrolled(run, kept.traces[index], epsilon, self.rule.name == "half")
        return unrolled.hand_back(relevance, of_cell)

    def _shares(
        self, kept: _Kept, factors: Tensor, begins: list[Tensor], absorbed: dict[str, list[Tensor]]
    ) -> HandedBack:
        """Factors for each receiver; what constant sequences and initial states get, their values absorb."""
        found: dict[Node, Tensor] = {}
        handed = [(self._x, factors, kept.outputs[0]), *zip(self._given, begins, kept.states, strict=True)]
        for place, (argument, factor, value) in enumerate(handed):
            if argument not in self.inputs:
                whole = factor.unflatten(1, (-1, value.shape[1])) * value.unsqueeze(1)
                absorbed["bias"].append(whole.sum((0, -1)).flatten())
                continue
            turned = factor.transpose(0, 1) if place == 0 and self._batch_first else factor
            share = factor.squeeze(0) if self._cell else turned
            found[argument] = found[argument] + share if argument in found else share
        sinks = [(sink, Amount(torch.stack(parts).sum(0))) for sink, parts in absorbed.items()]
        return HandedBack([Relevance(g=found[one], owned=True) for one in self.inputs], sinks)
