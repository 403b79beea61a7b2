"""The kinds with one rule each: sums, movements, activations, selections."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.fx import Node
from torch.fx.node import map_aggregate

from ..composites import Rule
from ..networks.graph import arguments, operation_name, operation_of
from ..networks.operations import ACTIVATION, MOVEMENT, SELECTION, SUM
from .affine_maps import backward_of
from .relevance import Amount, Relevance, summed_to
from .steps import Context, Differences, HandedBack, Record, RuleStep

aten = torch.ops.aten


class SumStep(RuleStep):
    """a + α·b: each term takes its signed share of z / (z + ε sgn z); a constant term absorbs like a bias."""

    kind = SUM

    def __init__(self, node: Node, context: Context, rule: Rule, reason: str) -> None:
        super().__init__(node, context, rule, reason)
        factor: Any = node.kwargs.get("alpha", 1)
        sign = -1 if operation_name(node) == "sub" else 1
        self._terms = ((self._arguments[0][0], 1), (self._arguments[0][1], sign * factor))
        self._epsilon = rule.values.get("epsilon", 0.0)

    def backward(self, record: Record, arriving: Relevance) -> HandedBack:
        """Signed shares, as factors of each term."""
        z = record.values[self.node]
        share, stabilizer = arriving.stabilized_share(z, self._epsilon)
        absorbed = [("stabilizer", stabilizer)]
        given: dict[Node, Tensor] = {}
        for term, factor in self._terms:
            if isinstance(term, Node) and term in self.inputs:
                back = summed_to(share * factor if factor != 1 else share, record.values[term].shape)
                given[term] = given[term] + back if term in given else back
            else:
                constant: Any = record.values[term] if isinstance(term, Node) else term
                absorbed.append(("bias", Amount(share, torch.as_tensor(constant, dtype=share.dtype), factor)))
        return HandedBack([Relevance(g=given[term]) for term in self.inputs], absorbed)

    def rescale(self, seen: Differences, arriving: Tensor) -> list[Tensor]:
        """The factor of each term; constants do not differ."""
        given: dict[Node, Tensor] = {}
        for term, factor in self._terms:
            if isinstance(term, Node) and term in self.inputs:
                back = summed_to(arriving * factor, seen.record.values[term].shape)
                given[term] = given[term] + back if term in given else back
        return [given[term] for term in self.inputs]


_UNMOVED = {"clone", "contiguous", "alias", "detach", "dropout", "feature_dropout", "lift_fresh_copy"}
_RESHAPED = {"view", "reshape", "_unsafe_view", "flatten", "unflatten", "squeeze", "unsqueeze"}


def fill_of(node: Node) -> float:
    """What a padding puts around its values; 0 for every other operation."""
    place = {"constant_pad_nd": 2, "pad": 3}.get(operation_name(node))
    given = node.args[place] if place is not None and len(node.args) > place else node.kwargs.get("value", 0)
    return float(given or 0) if place is not None else 0.0  # type: ignore[arg-type]


class MovementStep(RuleStep):
    """Values are moved, repeated or dropped: relevance goes back to where each came from."""

    kind = MOVEMENT

    def __init__(self, node: Node, context: Context, rule: Rule, reason: str) -> None:
        super().__init__(node, context, rule, reason)
        self._name = operation_name(node)
        fills = fill_of(node) != 0
        self._has_constants = fills or (self._name == "cat" and len(self.inputs) < len(arguments(node)[0]))

    def forward(self, record: Record) -> Tensor:
        """The moved values; only shapes are kept for the way back."""
        record.notes[self.node] = {n: record.values[n].shape for n in self.inputs}
        return super().forward(record)

    def backward(self, record: Record, arriving: Relevance) -> HandedBack:
        """The exact adjoint, for each input."""
        shapes = record.notes[self.node]
        shares = [arriving.mapped(self._adjoint(record, n, shapes[n])) for n in self.inputs]
        absorbed = []
        if self._has_constants:
            whole = arriving.of(record.values[self.node])
            absorbed.append(("bias", Amount(whole, self._constant_places(record, whole))))
        return HandedBack(shares, absorbed)

    def rescale(self, seen: Differences, arriving: Tensor) -> list[Tensor]:
        """The exact adjoint, for each input."""
        shapes = seen.record.notes[self.node]
        return [self._adjoint(seen.record, n, shapes[n])(arriving) for n in self.inputs]

    def _adjoint(self, record: Record, of: Node, shape: torch.Size) -> Any:
        if self._name in _UNMOVED:
            return lambda share: share
        if self._name in _RESHAPED:
            return lambda share: share.reshape(shape)
        if self._name == "permute":
            axes: Any = self._arguments[0][1]
            order = [axis % len(shape) for axis in axes]
            return lambda share: share.permute([order.index(axis) for axis in range(len(order))])
        if self._name == "transpose":
            first, second = self._arguments[0][1:3]
            return lambda share: share.transpose(first, second)
        return lambda share: backward_of(self._linear(record, of, share), share.new_zeros(shape), share)

    def _linear(self, record: Record, of: Node, like: Tensor) -> Any:
        """The movement as a linear function of one input: the others' values do not matter."""
        shapes = record.notes[self.node]

        def value(argument: Any, x: Tensor) -> Any:
            if argument is of:
                return x
            if argument in shapes:
                return like.new_zeros(shapes[argument])
            return record.values[argument]

        def function(x: Tensor) -> Tensor:
            args, kwargs = map_aggregate(self._arguments, lambda a: value(a, x) if isinstance(a, Node) else a)
            return self.node.target(*args, **kwargs)  # type: ignore[operator]

        return function

    def _constant_places(self, record: Record, whole: Tensor) -> Tensor:
        """1 where the result holds a constant, 0 where it holds a live value."""
        places = torch.ones_like(whole)
        for of, shape in record.notes[self.node].items():
            function = self._linear(record, of, whole)
            live, nothing = function(whole.new_ones(shape)), function(whole.new_zeros(shape))
            places = places - (live - nothing)
        return places


class ActivationStep(RuleStep):
    """An elementwise function: relevance passes, R_in = R_out.

    As a factor, that is f(x)/x; where f(0) is not 0, relevance can reach an input that is 0 and is kept as it is.
    """

    kind = ACTIVATION

    def __init__(self, node: Node, context: Context, rule: Rule, reason: str) -> None:
        super().__init__(node, context, rule, reason)
        row = operation_of(node)
        self._as_factor = row is not None and row.zero_at_zero
        self._rectifies = operation_name(node) == "relu"

    def backward(self, record: Record, arriving: Relevance) -> HandedBack:
        """Relevance as it is, or its factor times f(x)/x."""
        if arriving.r is not None:
            return HandedBack([Relevance(r=arriving.r)], [])
        assert arriving.g is not None
        y = record.values[self.node]
        if self._rectifies:
            return HandedBack([Relevance(g=aten.threshold_backward(arriving.g, y, 0))], [])
        if not self._as_factor:
            return HandedBack([Relevance(r=arriving.of(y))], [])
        x = record.values[self.inputs[0]]
        slope = torch.where(x == 0, 0.0, y / torch.where(x == 0, 1.0, x))
        return HandedBack([Relevance(g=arriving.g * slope)], [])

    def rescale(self, seen: Differences, arriving: Tensor) -> list[Tensor]:
        """Δy/Δx, and the slope where x does not differ."""
        x = self.inputs[0]
        difference = seen.of(x)
        same = difference.abs() < 1e-7 * seen.record.values[x].abs().clamp(min=1)
        slope = backward_of(self.as_function(seen.record, x), seen.record.values[x], arriving)
        return [torch.where(same, slope, arriving * seen.of(self.node) / torch.where(same, 1.0, difference))]


class SelectionStep(RuleStep):
    """One of several values is chosen: the winner takes all; of several winners the first that torch names."""

    kind = SELECTION

    def __init__(self, node: Node, context: Context, rule: Rule, reason: str) -> None:
        super().__init__(node, context, rule, reason)
        self._pools = operation_name(node) == "max_pool2d"

    def forward(self, record: Record) -> Tensor:
        """The winners; where they stood is kept for the way back."""
        if not self._pools:
            return super().forward(record)
        args, _ = self.bound(record.values)
        value, winners = aten.max_pool2d_with_indices(*args)
        record.notes[self.node] = winners
        return value

    def rescale(self, seen: Differences, arriving: Tensor) -> list[Tensor]:
        """A rise goes to the winner under the samples, a fall to that under the reference: both differ by that much."""
        x = self.inputs[0]
        change = arriving * seen.of(self.node)
        rises = seen.of(self.node) > 0
        function = self.as_function(seen.record, x)
        relevance = backward_of(function, seen.record.values[x], change * rises)
        relevance = relevance + backward_of(function, seen.reference.values[x], change * ~rises)
        difference = seen.of(x)
        return [torch.where(difference == 0, 0.0, relevance / torch.where(difference == 0, 1.0, difference))]

    def backward(self, record: Record, arriving: Relevance) -> HandedBack:
        """All to the winners."""
        x = record.values[self.inputs[0]]
        if not self._pools:
            function = self.as_function(record, self.inputs[0])
            return HandedBack([arriving.mapped(lambda share: backward_of(function, x, share))], [])
        args, _ = self.bound(record.values)
        kernel = args[1]
        stride = args[2] if len(args) > 2 and args[2] else kernel
        padding, dilation, ceil = (args[i] if len(args) > i else d for i, d in ((3, 0), (4, 1), (5, False)))
        winners = record.notes[self.node]

        def back(share: Tensor) -> Tensor:
            return aten.max_pool2d_with_indices_backward(
                *(share, x, _two(kernel), _two(stride), _two(padding), _two(dilation), ceil, winners)
            )

        return HandedBack([arriving.mapped(back)], [])


def _two(value: Any) -> list[int]:
    given = [value] if isinstance(value, int) else list(value)
    return given * 2 if len(given) == 1 else given


SIMPLE_STEPS: dict[str, type[RuleStep]] = {
    SUM: SumStep,
    MOVEMENT: MovementStep,
    ACTIVATION: ActivationStep,
    SELECTION: SelectionStep,
}
