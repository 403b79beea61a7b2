"""The kinds that need no weights: sums, movements, activations."""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor
from torch.fx import Node
from torch.fx.node import map_aggregate

from ..networks.graphs.graph import arguments, operation_name, operation_of
from ..networks.graphs.operations import ACTIVATION, MOVEMENT, SUM
from ..networks.graphs.ranges import fill_of
from ..rulebook import Rule
from .affine_maps import backward_of
from .relevance import Amount, Relevance, summed_to
from .steps import Context, Differences, HandedBack, Record, RuleStep, factor_of

aten = torch.ops.aten

# A constant term beyond this is no number but a mask: −inf, or the smallest number that a type has.
_MASKS = 1e30


class SumStep(RuleStep):
    """a + α·b: each term takes its signed share of z / (z + ε sgn z); a constant term absorbs like a bias."""

    kind = SUM
    rescales_exactly = True

    def __init__(self, node: Node, context: Context, rule: Rule, reason: str) -> None:
        super().__init__(node, context, rule, reason)
        factor: Any = node.kwargs.get("alpha", 1)
        name = operation_name(node)
        first, second = self._arguments[0][:2]
        if name == "rsub":  # b − α·a
            self._terms = ((first, -factor), (second, 1))
        else:
            self._terms = ((first, 1), (second, -factor if name == "sub" else factor))
        self._epsilon = rule.numbers.get("epsilon", 0.0)

    def factors(self, arriving: bool) -> bool:  # noqa: ARG002
        """The share is a factor of every term."""
        return True

    def backward(self, record: Record, arriving: Relevance) -> HandedBack:
        """Signed shares, as factors of each term."""
        z = record.values[self.node]
        if self.rule.name == "gradient":
            share = factor_of(arriving, z)
            stabilizer = Amount(share, None, 0.0)
        elif self.node in record.overwritten:
            share = arriving.share_of_positive(z, self._epsilon, spend=record.spend)
            stabilizer = Amount(share, None, self._epsilon)
        elif record.spend and arriving.g is not None:
            share, stabilizer = arriving.spent_share(z, self._epsilon, self.samples)
        else:
            share, stabilizer = arriving.stabilized_share(z, self._epsilon)
        absorbed: list[tuple[str, Amount | Tensor]] = [("stabilizer", stabilizer)]
        given: dict[Node, Tensor] = {}
        for term, factor in self._terms:
            if isinstance(term, Node) and term in self.inputs:
                back = summed_to(share * factor if factor != 1 else share, record.values[term].shape)
                given[term] = given[term] + back if term in given else back
            else:
                constant: Any = record.values[term] if isinstance(term, Node) else term
                constant = torch.as_tensor(constant, dtype=share.dtype, device=share.device)
                if constant.numel() and not bool(constant.abs().amax() < _MASKS):
                    constant = constant.masked_fill(~(constant.abs() < _MASKS), 0.0)
                absorbed.append(("bias", Amount(share, constant, factor)))
        return HandedBack([Relevance(g=given[term]) for term in self.inputs], absorbed)

    def rescale(self, seen: Differences, arriving: Tensor) -> list[Tensor]:
        """The factor of each term; constants do not differ."""
        given: dict[Node, Tensor] = {}
        for term, factor in self._terms:
            if isinstance(term, Node) and term in self.inputs:
                back = summed_to(arriving * factor, seen.record.values[term].shape)
                given[term] = given[term] + back if term in given else back
        return [given[term] for term in self.inputs]


_UNMOVED = {
    *("clone", "contiguous", "alias", "detach", "dropout", "feature_dropout", "lift_fresh_copy", "alpha_dropout"),
    *("feature_alpha_dropout", "detach_copy"),
}
_CAST = {"to", "_to_copy", "type_as"}
_RESHAPED = {
    *("view", "reshape", "_unsafe_view", "_reshape_alias", "flatten", "unflatten", "squeeze", "unsqueeze"),
    *("view_as", "reshape_as"),
}
# Of these some values stay behind: those of the input, of a constant, or zeros.
_WITH_CONSTANTS = {
    "where",
    "masked_fill",
    "cat",
    "concat",
    "stack",
    "index_put",
    "slice_scatter",
    "select_scatter",
    "scatter",
}


class MovementStep(RuleStep):
    """Values are moved, repeated or dropped: relevance goes back to where each came from."""

    kind = MOVEMENT
    rescales_exactly = True

    def __init__(self, node: Node, context: Context, rule: Rule, reason: str) -> None:
        super().__init__(node, context, rule, reason)
        self._name = operation_name(node)
        fill = fill_of(node)
        with_constants = self._name in _WITH_CONSTANTS and _floating(node) > len(self.inputs)
        self._has_constants = with_constants or self._name == "masked_fill" or fill not in {None, 0.0}
        self._pads = fill == 0.0  # zeros get nothing of factors, but may of relevance as such
        self.conserves = len(self.inputs) == 1 and not self._has_constants and not self._pads

    @property
    def reads(self) -> set[Node]:
        """Sizes and indices only, where all that arrives is passed on."""
        if self.conserves:
            others = (node for node in self.node.all_input_nodes if node not in self.inputs)
            return {node for node in others if not node.meta.get("dtype", torch.int64).is_floating_point}
        found = super().reads
        return found if self._has_constants else found - {self.node}

    def forward(self, record: Record) -> Tensor:
        """The moved values; only shapes are kept for the way back."""
        for node in self.inputs:
            record.shapes[node] = record.values[node].shape
        return super().forward(record)

    def backward(self, record: Record, arriving: Relevance) -> HandedBack:
        """The exact adjoint, for each input."""
        shares = [arriving.mapped(self._adjoint(record, n)) for n in self.inputs]
        if self._name in _UNMOVED | _CAST or (self._name in _RESHAPED and self.conserves):
            shares[0].owned = arriving.owned
        absorbed = []
        if self._has_constants or (self._pads and arriving.r is not None):
            value = record.values[self.node]
            whole = arriving.r if arriving.r is not None else torch.where(arriving.g == 0, 0.0, value * arriving.g)
            absorbed.append(("bias", Amount(whole, self._constant_places(record, whole))))
        return HandedBack(shares, absorbed)

    def rescale(self, seen: Differences, arriving: Tensor) -> list[Tensor]:
        """The exact adjoint, for each input."""
        return [self._adjoint(seen.record, n)(arriving) for n in self.inputs]

    def _adjoint(self, record: Record, of: Node) -> Any:
        if self._name in _UNMOVED:
            return lambda share: share
        shape = record.shape(of)
        if self._name in _CAST:
            dtype = of.meta.get("dtype")
            return lambda share: share.to(dtype) if dtype is not None and dtype.is_floating_point else share
        if self._name in _RESHAPED:
            return lambda share: share.reshape(shape)
        if self._name == "permute":
            axes: Any = self._arguments[0][1]
            order = [axis % len(shape) for axis in axes]
            return lambda share: share.permute([order.index(axis) for axis in range(len(order))])
        if self._name == "transpose":
            first, second = self._arguments[0][1:3]
            return lambda share: share.transpose(first, second)
        if self._name in {"cat", "concat"}:
            return lambda share: self._cut(record, of, share)
        if self._name == "select":
            axis, place = cast("tuple[int, Any]", self._arguments[0][1:3])
            if isinstance(place, int):
                return lambda share: _at(share, shape, axis, place)
        return lambda share: backward_of(self._linear(record, of, share), share.new_zeros(shape), share)

    def _cut(self, record: Record, of: Node, share: Tensor) -> Tensor:
        """The part of a concatenation that came from one input; it may stand there more than once."""
        given: Any = self._arguments
        parts, *rest = given[0]
        axis = rest[0] if rest else given[1].get("dim", 0)
        start, found = 0, None
        for part in parts:
            size = (record.shape(part) if isinstance(part, Node) else part.shape)[axis]
            if part is of:
                piece = share.narrow(axis, start, size)
                found = piece if found is None else found + piece
            start += size
        assert found is not None
        return found

    def _linear(self, record: Record, of: Node, like: Tensor) -> Any:
        """The movement as a linear function of one input: the other floating values do not matter."""

        def value(argument: Any, x: Tensor) -> Any:
            if argument is of:
                return x
            dtype = argument.meta.get("dtype")
            if argument in self.inputs or (dtype is not None and dtype.is_floating_point):
                return like.new_zeros(record.shape(argument))
            return record.values[argument]

        def function(x: Tensor) -> Tensor:
            args, kwargs = map_aggregate(self._arguments, lambda a: value(a, x) if isinstance(a, Node) else a)
            return self.node.target(*args, **kwargs)  # type: ignore[operator]

        return function

    def _constant_places(self, record: Record, whole: Tensor) -> Tensor:
        """1 where the result holds a constant, 0 where it holds a live value."""
        places = torch.ones_like(whole)
        for of in self.inputs:
            function, shape = self._linear(record, of, whole), record.shape(of)
            live, nothing = function(whole.new_ones(shape)), function(whole.new_zeros(shape))
            places = places - torch.where(live == nothing, 0.0, 1.0)
        return places


def _at(share: Tensor, shape: torch.Size, axis: int, place: int) -> Tensor:
    """Zeros of a shape, and the share where it was selected."""
    whole = share.new_zeros(shape)
    whole.select(axis, place).copy_(share)
    return whole


def _floating(node: Node) -> int:
    """How many floating tensors a node reads, numbers that fill in counted."""
    name = operation_name(node)
    args = arguments(node)
    listed = args[0] if name in {"cat", "concat", "stack"} else [a for a in args if not isinstance(a, list | tuple)]
    if name == "where":
        listed = args[1:]
    return sum(_is_floating(a) for a in listed)


def _is_floating(argument: Any) -> bool:
    if isinstance(argument, Node):
        dtype = argument.meta.get("dtype")
        return dtype is None or dtype.is_floating_point
    return isinstance(argument, float | int)


class ActivationStep(RuleStep):
    """An elementwise function: relevance passes, R_in = R_out.

    As a factor, that is f(x)/x; where f(0) is not 0, relevance can reach an input that is 0 and is kept as it is.
    """

    kind = ACTIVATION
    conserves = True
    rescales_exactly = True

    def __init__(self, node: Node, context: Context, rule: Rule, reason: str) -> None:
        super().__init__(node, context, rule, reason)
        row = operation_of(node)
        self.inputs = self.inputs[:1]
        self._as_factor = row is not None and row.kind == ACTIVATION and row.zero_at_zero
        if operation_name(node) == "hardtanh":
            args = arguments(node)
            low, high = args[1] if len(args) > 1 else -1.0, args[2] if len(args) > 2 else 1.0
            self._as_factor = low <= 0 <= high
        self.rectifies = operation_name(node) == "relu"

    @property
    def reads(self) -> set[Node]:
        """A ReLU's own value says where it was cut."""
        return {self.node} if self.rectifies else {self.node, *self.inputs}

    def factors(self, arriving: bool) -> bool:
        """Factors stay factors where f(0) = 0."""
        return arriving and self._as_factor

    def forward(self, record: Record) -> Tensor:
        """f(x); a ReLU writes over what only it reads."""
        if not self.rectifies or self.inputs[0] not in record.overwritten:
            return super().forward(record)
        z = record.values[self.inputs[0]]
        return z if self.inputs[0] in record.rectified else z.relu_()

    def backward(self, record: Record, arriving: Relevance) -> HandedBack:
        """Relevance as it is, or its factor times f(x)/x."""
        if arriving.r is not None or self.inputs[0] in record.overwritten:
            return HandedBack([arriving], [])  # of an overwritten value relu(z)·G is relevance already
        assert arriving.g is not None
        y = record.values[self.node]
        if self.rectifies:
            return HandedBack([Relevance(g=aten.threshold_backward(arriving.g, y, 0), owned=True)], [])
        if not self._as_factor:
            return HandedBack([Relevance(r=arriving.taken(y), owned=True)], [])
        x = record.values[self.inputs[0]]
        # y has memory of its own, and its readers have been here
        slope = torch.div(y, x, out=y if record.spend and y.dtype == x.dtype else None)
        slope = slope.nan_to_num_(0.0, 0.0, 0.0)  # at x = 0 there is no relevance to pass
        g = arriving.g.mul_(slope) if arriving.owned else slope.mul_(arriving.g)
        return HandedBack([Relevance(g=g, owned=True)], [])

    def rescale(self, seen: Differences, arriving: Tensor) -> list[Tensor]:
        """Δy/Δx, and the slope where x does not differ."""
        x = self.inputs[0]
        difference = seen.of(x)
        same = difference.abs() < 1e-7 * seen.record.values[x].abs().clamp(min=1)
        slope = backward_of(self.as_function(seen.record, x), seen.record.values[x], arriving)
        return [torch.where(same, slope, arriving * seen.of(self.node) / torch.where(same, 1.0, difference))]
