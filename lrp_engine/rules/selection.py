"""Selections: pools that take the largest, extremes over axes, the larger of two: the winner takes all."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.fx import Node

from ..networks.graphs.graph import operation_name
from ..networks.graphs.operations import SELECTION
from ..rulebook import Rule
from .affine_maps import backward_of
from .relevance import Relevance
from .steps import Context, Differences, HandedBack, Record, RuleStep

aten = torch.ops.aten

_POOLS = {"max_pool1d": 1, "max_pool2d": 2, "max_pool3d": 3}


class SelectionStep(RuleStep):
    """One of several values is chosen: the winner takes all.

    Of several winners the first that torch names takes it (`ties` = "first"), or they share it evenly ("split", as in
    lrp_toolbox).
    """

    kind = SELECTION

    def __init__(self, node: Node, context: Context, rule: Rule, reason: str) -> None:
        super().__init__(node, context, rule, reason)
        self._name = operation_name(node)
        self._split = rule.values.get("ties") == "split"
        self._indexed = self._name == "max_pool2d" and not self._split
        self.conserves = self.rescales_exactly = len(self.inputs) == 1

    @property
    def reads(self) -> set[Node]:
        """Where the winners stood was noted, or is looked for again."""
        return set(self.inputs) if self._indexed else super().reads

    def forward(self, record: Record) -> Tensor:
        """The winners; where they stood is kept for the way back."""
        if not self._indexed:
            return super().forward(record)
        args, _ = self.bound(record.values)
        value, record.notes[self.node] = aten.max_pool2d_with_indices(*args)
        return value

    def rescale(self, seen: Differences, arriving: Tensor) -> list[Tensor]:
        """A rise goes to the winner under the samples, a fall to that under the reference: both differ by that much."""
        if len(self.inputs) > 1:
            return super().rescale(seen, arriving)
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
        if self._name in {"maximum", "minimum"} and len(self.inputs) > 1:
            return self._of_two(record, arriving)
        (x,) = self.inputs
        if self._split and self._name in _POOLS:
            return HandedBack([arriving.mapped(lambda share: self._shared(record, share))], [])
        if self._indexed:
            return HandedBack([self._to_the_noted(record, arriving)], [])
        if self._name in {"amax", "amin", "max", "min"} and not self._split:
            return HandedBack([arriving.mapped(lambda share: self._to_the_first(record, share))], [])
        function = self.as_function(record, x)
        return HandedBack([arriving.mapped(lambda share: backward_of(function, record.values[x], share))], [])

    def _to_the_noted(self, record: Record, arriving: Relevance) -> Relevance:
        x = record.values[self.inputs[0]]
        kernel, stride, padding, dilation, ceil = self._settings()
        winners = record.notes[self.node]

        def back(share: Tensor) -> Tensor:
            return aten.max_pool2d_with_indices_backward(share, x, kernel, stride, padding, dilation, ceil, winners)

        moved = arriving.mapped(back)
        moved.owned = True
        return moved

    def _settings(self) -> tuple[list[int], list[int], list[int], list[int], bool]:
        args = [*self._arguments[0][1:], *[None] * 5]
        axes = _POOLS[self._name]
        kernel = _each(args[0], axes)
        stride = _each(args[1], axes) if args[1] else kernel
        return kernel, stride, _each(args[2] or 0, axes), _each(args[3] or 1, axes), bool(args[4])

    def _to_the_first(self, record: Record, share: Tensor) -> Tensor:
        """Of an extreme over axes, to the first of the winners in C order."""
        x, y = record.values[self.inputs[0]], record.values[self.node]
        args = [*self._arguments[0][1:], *[None] * 2]
        over = list(range(x.dim())) if args[0] in (None, [], ()) else [d % x.dim() for d in _each(args[0], 1)]
        shape = [1 if axis in over else size for axis, size in enumerate(x.shape)]
        order = [axis for axis in range(x.dim()) if axis not in over] + over
        wins = (x == y.reshape(shape)).permute(order).flatten(x.dim() - len(over))
        first = wins & (wins.cumsum(-1) == 1)
        first = first.reshape([x.shape[axis] for axis in order]).permute([order.index(a) for a in range(x.dim())])
        return share.reshape(shape) * first

    def _shared(self, record: Record, share: Tensor) -> Tensor:
        """Evenly to all winners of a pool's window."""
        x, y = record.values[self.inputs[0]], record.values[self.node]
        kernel, stride, padding, dilation, _ = self._settings()
        axes = len(kernel)
        around = [amount for p in reversed(padding) for amount in (p, p)]
        # a window that ceil_mode lets run over the edge needs room as well
        for axis in range(axes):
            reach = (y.shape[2 + axis] - 1) * stride[axis] + dilation[axis] * (kernel[axis] - 1) + 1
            extra = reach - x.shape[2 + axis] - 2 * padding[axis]
            around[2 * (axes - 1 - axis) + 1] += max(0, extra)

        def windows(value: Tensor, fill: float) -> Tensor:
            value = torch.nn.functional.pad(value, around, value=fill)
            for axis in range(axes):
                span = dilation[axis] * (kernel[axis] - 1) + 1
                value = value.unfold(2 + axis, span, stride[axis])[..., :: dilation[axis]]
                value = value.narrow(2 + axis, 0, y.shape[2 + axis])
            return value

        wins = (windows(x, float("-inf")) == y.reshape(*y.shape, *[1] * axes)).to(share.dtype)
        count = wins.sum(list(range(-axes, 0)), keepdim=True)
        return backward_of(
            lambda value: windows(value, 0.0), x, wins / count * share.reshape(*share.shape, *[1] * axes)
        )

    def _of_two(self, record: Record, arriving: Relevance) -> HandedBack:
        """The larger (or smaller) of two values, place by place; of equal ones the first, or half each."""
        y = record.values[self.node]
        args, _ = self.bound(record.values)
        wins = args[0] == y
        first = wins.to(y.dtype)
        if self._split:
            first = torch.where(args[0] == args[1], 0.5, first)
        shares: list[Relevance] = []
        for node in self.inputs:
            part = first if node is self._arguments[0][0] else 1 - first
            if self._arguments[0][0] is self._arguments[0][1]:
                part = torch.ones_like(first)
            shape = record.values[node].shape
            shares.append(arriving.mapped(lambda share, part=part, shape=shape: (share * part).sum_to_size(shape)))
        return HandedBack(shares, [])


def _each(value: Any, axes: int) -> list[int]:
    given = [value] if isinstance(value, int) else list(value)
    return given * axes if len(given) == 1 else given
