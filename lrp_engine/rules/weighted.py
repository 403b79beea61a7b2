"""Affine maps as steps: dense layers, convolutions, scalings, pools, batch norm (alone or merged)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.fx import Node
from torch.fx.node import map_aggregate, map_arg

from ..networks.graphs.graph import live_inputs, operation_name, operation_of
from ..networks.graphs.operations import AFFINE
from ..rulebook import Rule
from .affine import GIVE_TO_ZEROS, Seen, Term, by_sample, flow, hand_back, weight_relevance
from .affine_maps import AffineMap, ConstantSide, Convolution, Dense, Scaling, Unbatched, WeightedMap, Weightless
from .conventions import rule_for
from .relevance import Amount, Relevance
from .steps import Context, Differences, HandedBack, Record, RuleStep


class AffineStep(RuleStep):
    """z = W x + b of one live input: an affine map, or a batch norm with fixed statistics."""

    rescales_exactly = True

    def __init__(
        self, node: Node, context: Context, rule: Rule, reason: str, map_: AffineMap, x: Node, *, merged: bool = False
    ) -> None:
        super().__init__(node, context, rule, reason)
        row = operation_of(node)
        self.kind = AFFINE if merged or row is None else row.kind
        self.inputs = [x]
        self._merged = merged
        self.map = map_
        self._rule = rule_for(rule.name, context.conventions)  # the rule `reference` only rescales
        self._values = rule.numbers
        self._passes = rule.name == "pass"
        self._nonnegative = context.range_of(x).nonnegative
        self._minds_signs = rule.name not in {"lrp_0", "epsilon", "pass", *GIVE_TO_ZEROS}
        self._rectified = node in context.rectified
        self.wants_bounds = rule.name == "zbox" and None in (self._values["low"], self._values["high"])

    @property
    def has_flow(self) -> bool:
        """Whether there are edges between units to speak of."""
        return isinstance(self.map, WeightedMap)

    @property
    def reads(self) -> set[Node]:
        """Input and output; where the map has no weights, what else its operation takes."""
        return super().reads if isinstance(self.map, Weightless) else {self.node, *self.inputs}

    def factors(self, arriving: bool) -> bool:
        """The share is a factor of x, unless the rule gives to zeros."""
        return arriving if self._passes else self.rule.name not in GIVE_TO_ZEROS

    def forward(self, record: Record) -> Tensor:
        """z, by the network's own operation; a merged map has none, and a convolution chooses its layout."""
        if not self._merged and not isinstance(self.map, WeightedMap):
            return super().forward(record)
        rectify = self.node in record.overwritten
        if rectify:
            record.rectified.add(self.node)
        return self.map.value(record.values[self.inputs[0]], rectify=rectify)

    def _seen(self, record: Record, arriving: Relevance) -> Seen:
        x, z = record.values[self.inputs[0]], record.values[self.node]
        # a look at x costs far less than the terms of x⁻ that it may save
        nonnegative = self._nonnegative or (self._minds_signs and bool(x.amin() >= 0))
        bounds = record.bounds_of(self.inputs[0]) if self.wants_bounds else (0.0, 0.0)
        overwritten = self.node in record.overwritten
        # what has weights is new memory; the rest may be a view of something else
        spend = record.spend and (overwritten or isinstance(self.map, WeightedMap))
        return Seen(
            *(self._map(record), x, z, arriving, self._values, nonnegative),
            *(self._rectified, overwritten, spend, self.samples, bounds),
        )

    def _map(self, record: Record) -> AffineMap:
        """The map; one without weights is the node itself, with its sizes as recorded."""
        if not isinstance(self.map, Weightless):
            return self.map
        return Weightless(self.as_function(record, self.inputs[0]), self.map._cache, self.map._key)

    def backward(self, record: Record, arriving: Relevance) -> HandedBack:
        """By the step's rule."""
        if self._passes:
            return HandedBack([Relevance(r=arriving.of(record.values[self.node]))], [])
        if arriving.r is not None and self._is_one_to_one(record):
            return self._scaled_back(record, arriving.r)
        seen = self._seen(record, arriving)
        assert self._rule is not None
        shares = self._rule(seen)
        absorbed: list[tuple[str, Amount | Tensor]] = [("bias", amount) for amount in shares.bias]
        absorbed += [("stabilizer", amount) for amount in shares.stabilizer]
        return HandedBack([hand_back(seen, shares.terms)], absorbed)

    def _scaled_back(self, record: Record, relevance: Tensor) -> HandedBack:
        """ε of x times a number. Where that is zero all goes to x: nothing else had a part in it."""
        z, epsilon = record.values[self.node], self._values["epsilon"]
        kept = torch.where(z == 0, 1.0, z.abs() / (z.abs() + epsilon))
        return HandedBack([Relevance(r=relevance * kept)], [("stabilizer", Amount(relevance, 1 - kept))])

    def _is_one_to_one(self, record: Record) -> bool:
        """Whether every value is one input times a number: it has no other to share with."""
        scales = isinstance(self.map, Scaling) and self.map.bias is None and self.rule.name in {"epsilon", "lrp_0"}
        return scales and record.shape(self.inputs[0]) == record.shape(self.node)

    def flow(self, record: Record, arriving: Relevance) -> Tensor:
        """Relevance between units, (samples, units of this layer, units of the one it feeds from)."""
        return flow(*self._terms(record, arriving))

    def weight_relevance(self, record: Record, arriving: Relevance) -> Tensor:
        """Relevance that each weight takes part in, (samples, *weight.shape)."""
        return weight_relevance(*self._terms(record, arriving))

    def _terms(self, record: Record, arriving: Relevance) -> tuple[Seen, list[Term]]:
        # a rule may write over what it owns; here the relevance is still needed afterwards
        seen = self._seen(record, Relevance(r=arriving.r, g=arriving.g))._replace(spend=False)
        assert self._rule is not None
        return seen, self._rule(seen).terms

    def rescale(self, seen: Differences, arriving: Tensor) -> list[Tensor]:
        """Δz = W Δx: the adjoint, without bias or stabilizer."""
        x = self.inputs[0]
        return [self._map(seen.record).adjoint(arriving, "w", seen.record.values[x].shape)]

    def rescaled_flow(self, seen: Differences, arriving: Tensor) -> Tensor:
        """Relevance between units, (samples, units of this layer, units of the one it feeds from)."""
        assert isinstance(self.map, WeightedMap)
        return by_sample(self.map.flow, seen.of(self.inputs[0]), arriving, "w", self.samples)


def affine_map(node: Node, family: str, context: Context) -> tuple[AffineMap, Node]:
    """The node as a map of its one live input, and that input."""
    name = operation_name(node)
    args: list[Any] = list(node.args)
    (x,) = live_inputs(node, context.live)
    computed = any(n is not x and n not in context.constants for n in node.all_input_nodes)  # a mask, a size
    if family == "weightless" or computed:
        return Weightless(lambda value: value, context.cache, node.name), x
    if family == "scaling":
        return _scaling(node, name, context), x
    if family == "convolution" and args[0] is x:
        kind = Convolution if len(x.meta["shape"]) == context.constant(args[1]).dim() else Unbatched
        return _convolution(name, args, node.name, context, kind), x
    if name == "linear" and args[0] is x:
        weight, bias = context.constant(args[1]), context.constant(args[2]) if len(args) > 2 else None
        return Dense(weight, bias, context.cache, node.name), x
    if name == "addmm" and args[1] is x and args[0] in context.constants and not node.kwargs:
        weight, bias = context.constant(args[2]).t(), context.constant(args[0])
        return Dense(weight, bias, context.cache, node.name), x
    if name in {"mm", "matmul"} and args[0] is x and context.constant(args[1]).dim() == 2:
        return Dense(context.constant(args[1]).t(), None, context.cache, node.name), x
    return _constant_side(node, x, context), x


def _constant_side(node: Node, x: Node, context: Context) -> AffineMap:
    """A product with x anywhere: linear in x, and in the one constant that it is multiplied with, if that is one."""
    sides: list[Node] = []
    map_arg((node.args, node.kwargs), sides.append)
    weights = [n for n in sides if n in context.constants and isinstance(context.constants[n], Tensor)]
    if len(weights) != 1 or sides.count(x) != 1:
        return Weightless(lambda value: value, context.cache, node.name)
    (weight,) = weights

    def function(value: Tensor, given: Tensor) -> Tensor:
        args, kwargs = map_aggregate(
            (node.args, node.kwargs), lambda a: value if a is x else given if a is weight else a
        )
        return node.target(*args, **kwargs)  # type: ignore[operator]

    return ConstantSide(function, context.constants[weight], context.cache, node.name)


def _scaling(node: Node, name: str, context: Context) -> Scaling:
    if name in {"neg", "positive"}:
        return Scaling(torch.tensor(-1.0 if name == "neg" else 1.0), None, context.cache, node.name)
    first, second = node.args[:2]
    factor = second if first in context.live else first
    # a number becomes a float64 without axes, which takes on the type of what it multiplies
    given = context.constant(factor)
    scale = given if isinstance(given, Tensor) else torch.tensor(float(given), dtype=torch.float64)
    return Scaling(1 / scale if name == "div" else scale, None, context.cache, node.name)


def _convolution(name: str, args: list[Any], key: str, context: Context, kind: type[Convolution]) -> Convolution:
    weight = context.constant(args[1])
    bias = context.constant(args[2]) if len(args) > 2 else None
    axes = weight.dim() - 2

    def setting(index: int, default: int) -> list[int]:
        given = args[index] if len(args) > index else default
        given = [given] if isinstance(given, int) else list(given)
        return given * axes if len(given) == 1 else given

    # where ATen puts dilation, output padding and groups differs between its convolutions
    transposed = name.startswith("conv_transpose")
    dilation, output_padding, groups = (7, 5, 6) if transposed else (5, 7, 8) if name == "convolution" else (5, None, 6)
    return kind(
        *(weight, bias, context.cache, key),
        stride=setting(3, 1),
        padding=setting(4, 0),
        dilation=setting(dilation, 1),
        transposed=args[6] if name == "convolution" else transposed,
        output_padding=setting(output_padding, 0) if output_padding else None,
        groups=args[groups] if len(args) > groups else 1,
    )


def batch_norm_scale(node: Node, context: Context) -> tuple[Tensor, Tensor]:
    """Batch norm with fixed statistics as (scale, shift), each (channels,)."""
    weight, bias, mean, variance = (context.constant(a) for a in node.args[1:5])
    scale = (variance + node.args[7]).rsqrt()
    if weight is not None:
        scale = scale * weight
    shift = -mean * scale
    return scale, shift if bias is None else shift + bias


def batch_norm_map(node: Node, context: Context) -> tuple[AffineMap, Node]:
    """A batch norm alone: an elementwise affine map."""
    scale, shift = batch_norm_scale(node, context)
    axes = [1] * (len(node.meta["shape"]) - 2)
    x = node.args[0]
    assert isinstance(x, Node)
    return Scaling(scale.reshape(-1, *axes), shift.reshape(-1, *axes), context.cache, node.name), x


def merged_map(before: Node, norm: Node, family: str, context: Context) -> tuple[AffineMap, Node]:
    """A dense layer or convolution with the batch norm after it computed in: same outputs, one bias."""
    map_, x = affine_map(before, family, context)
    scale, shift = batch_norm_scale(norm, context)
    assert map_.weight is not None
    map_._key = (before.name, norm.name)  # not the cached parts of the map alone, where another plan does not merge
    map_.weight = map_.weight * scale.reshape(-1, *[1] * (map_.weight.dim() - 1))
    bias = shift if map_.bias is None else shift + scale * map_.bias.flatten()
    if isinstance(map_, Convolution):
        if map_._channels_last:
            map_.weight = map_.weight.contiguous(memory_format=torch.channels_last)
        map_._flat_bias = bias
        bias = bias.reshape(-1, *[1] * (map_.weight.dim() - 2))
    map_.bias = bias
    return map_, x
