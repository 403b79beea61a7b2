"""A step: one node, compiled for both passes. Each kind of operation has a class here or in a module beside it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.fx import Node
from torch.fx.node import map_aggregate, map_arg

from ..networks.graphs.graph import callable_of, live_inputs
from ..networks.graphs.ranges import ANY, Range
from ..rulebook import Rule
from .affine_maps import WeightCache
from .relevance import Amount, Relevance


class HandedBack(NamedTuple):
    """What a step does with the relevance that arrived: one share per receiver, and what it absorbed.

    `absorbed` holds (sink, amount) pairs; the samples run in an amount where they run in the node's value. A tensor
    among them is summed already, (samples,).
    """

    shares: list[Relevance]
    absorbed: Sequence[tuple[str, Amount | Tensor]]


class Values(dict):
    """Node -> value; what was let go of because it is cheap to have again is computed when it is looked at."""

    def __init__(self, known: dict[Node, Any], again: Callable[[Node], Any] | None = None) -> None:
        super().__init__(known)
        self._again = again

    def __missing__(self, node: Node) -> Any:
        if self._again is None:
            raise KeyError(node)
        value = self[node] = self._again(node)
        return value


@dataclass
class Record:
    """What the forward pass leaves for the backward pass.

    Attributes
    ----------
    values : dict
        Node -> its value, as long as somebody needs it.
    notes : dict
        What a step keeps for itself, its samples running where they run in the node's value: who won in a pool.
    overwritten : set
        Nodes whose value the ReLU behind them wrote over: it holds relu(z), and no relevance where that is zero.
    rectified : set
        Of the overwritten nodes, those that already computed relu(z) themselves.
    spend : bool
        Nobody asks for values after their own step, so that it may write into memory that it made.
    shapes : dict
        Of values that are gone: what a movement moved.
    bounds : dict
        Node -> bounds of its values as the data of this call have them, where a rule wants to know.
    """

    values: dict[Node, Any] = field(default_factory=dict)
    notes: dict[Node, Any] = field(default_factory=dict)
    overwritten: set[Node] = field(default_factory=set)
    rectified: set[Node] = field(default_factory=set)
    spend: bool = False
    shapes: dict[Node, torch.Size] = field(default_factory=dict)
    bounds: dict[Node, Range] = field(default_factory=dict)

    def shape(self, node: Node) -> torch.Size:
        """The shape of a node's value, even after it is gone."""
        found = self.shapes.get(node)
        return self.values[node].shape if found is None else found

    def bounds_of(self, node: Node) -> tuple[float, float]:
        """What the node's values keep to; of this record's samples where nothing is known from all of them."""
        known = self.bounds.get(node, ANY)
        if known.low > -inf and known.high < inf:
            return known.low, known.high
        low, high = torch.aminmax(self.values[node])
        return float(low), float(high)


@dataclass(frozen=True, slots=True)
class Differences:
    """The forward passes of the samples and of their reference."""

    record: Record
    reference: Record

    def of(self, node: Node) -> Tensor:
        """Δ: the node's value less that under the reference, of the value's shape."""
        return self.record.values[node] - self.reference.values[node]


@dataclass(frozen=True)
class Context:
    """What compiling a step may look at.

    Attributes
    ----------
    live : set of Node
        What relevance can reach.
    constants : dict
        Values that are known before any input is.
    ranges : dict
        Bounds of every live node's values.
    rectified : set of Node
        Nodes whose relevance is zero wherever their value is not positive: only a ReLU reads them, and it gets factors.
    conventions : str
        Whose definitions of the rules hold.
    device : torch.device or None
        Where tensors that the graph makes anew belong, if not where it says.
    """

    live: set[Node]
    constants: dict[Node, Any]
    cache: WeightCache
    ranges: dict[Node, Range] = field(default_factory=dict)
    rectified: set[Node] = field(default_factory=set)
    conventions: str = ""
    device: torch.device | None = None

    def constant(self, argument: Any) -> Any:
        """An argument's value, where it is known before any input is."""
        return self.constants[argument] if isinstance(argument, Node) else argument

    def range_of(self, argument: Any) -> Range:
        """The bounds of an argument's values."""
        return self.ranges.get(argument, ANY) if isinstance(argument, Node) else ANY


class Step:
    """One node, computed in the forward pass: sizes, constants, what stands after the logits.

    Attributes
    ----------
    node : torch.fx.Node
        Whose value the step computes.
    inputs : list of torch.fx.Node
        Its live inputs; for a step that hands relevance back, those that it hands it to.
    samples : (axis, times) or None
        Where the samples run in its value.
    """

    def __init__(self, node: Node, context: Context) -> None:
        self.node = node
        self.inputs = live_inputs(node, context.live)
        self.samples: tuple[int, int] | None = node.meta.get("samples")
        self._arguments = map_aggregate(
            (node.args, node.kwargs), lambda a: context.constants.get(a, a) if isinstance(a, Node) else a
        )
        # most nodes read others only as plain arguments: those are put in place without walking through all of them
        args, kwargs = self._arguments
        if context.device is not None and "device" in kwargs:
            self._arguments = args, {**kwargs, "device": context.device}
            args, kwargs = self._arguments
        self._call = callable_of(node)
        self._reads = [(i, a) for i, a in enumerate(args) if isinstance(a, Node)]
        nested = [a for a in (*args, *kwargs.values()) if isinstance(a, list | tuple | dict | slice)]
        self._plain = not _holds_nodes(nested) and not any(isinstance(a, Node) for a in kwargs.values())

    def forward(self, record: Record) -> Any:
        """The node's value."""
        args, kwargs = self.bound(record.values)
        return self._call(*args, **kwargs)

    def bound(self, values: dict[Node, Any]) -> Any:
        """The node's arguments with recorded values in place."""
        if self._plain:
            args = list(self._arguments[0])
            for index, node in self._reads:
                args[index] = values[node]
            return args, self._arguments[1]
        return map_aggregate(self._arguments, lambda a: values[a] if isinstance(a, Node) else a)

    def as_function(self, record: Record, of: Node) -> Callable[[Tensor], Tensor]:
        """The node as a function of one of its inputs, the others as recorded."""

        def function(x: Tensor) -> Tensor:
            args, kwargs = map_aggregate(
                self._arguments, lambda a: (x if a is of else record.values[a]) if isinstance(a, Node) else a
            )
            return self._call(*args, **kwargs)

        return function

    @staticmethod
    def _leaf(leaves: dict[Node, Tensor], record: Record, node: Node) -> Any:
        return leaves[node] if node in leaves else record.values[node]

    def gradients(self, record: Record, share: Tensor, port: int | None = None) -> list[Tensor]:
        """The vector–Jacobian product of the node's operation towards each of `inputs`, by autograd.

        Parameters
        ----------
        share : torch.Tensor
            Of the shape of the node's value.
        port : int, optional
            Of a node with several results, which one the share is for.
        """
        with torch.enable_grad():
            leaves = {n: record.values[n].detach().requires_grad_() for n in self.inputs}
            args, kwargs = map_aggregate(
                self._arguments, lambda a: self._leaf(leaves, record, a) if isinstance(a, Node) else a
            )
            value = self._call(*args, **kwargs)
            value = value if port is None else value[port]
            found = torch.autograd.grad(value, list(leaves.values()), share, allow_unused=True)
        return [
            torch.zeros_like(leaf) if gradient is None else gradient
            for leaf, gradient in zip(leaves.values(), found, strict=True)
        ]


class RuleStep(Step, ABC):
    """A node that hands relevance back by a rule.

    Attributes
    ----------
    inputs : list of torch.fx.Node
        Those that relevance is handed to, each once; a gate that is held is not among them. A subclass may shorten it.
    kind, rule_words, reason : str
        For the ledger.
    ports : list of torch.fx.Node
        Where relevance arrives: the node itself, or of a node with several results those that pick one of them.
    reads : set of torch.fx.Node
        The nodes whose values `backward` looks at; all others may be gone by then.
    conserves : bool
        There is one receiver, and it gets all that arrives: the ledger need not sum it up again.
    remainder : str
        The sink of what goes missing, for steps that keep no total; else "".
    rescales_exactly : bool
        Whether `rescale` keeps the total; else what goes missing is the sink "unsupported".
    """

    kind = ""
    conserves = False
    remainder = ""
    rescales_exactly = False

    def __init__(self, node: Node, context: Context, rule: Rule, reason: str) -> None:
        super().__init__(node, context)
        self.rule = rule
        self.rule_words = str(rule)
        self.reason = reason
        self.ports = [node]

    @property
    def reads(self) -> set[Node]:
        """The nodes whose values `backward` looks at."""
        found: list[Node] = [self.node]
        map_arg(self._arguments, found.append)
        return set(found)

    def factors(self, arriving: bool) -> bool:
        """Whether the receivers get factors (R = x·G), if factors arrive or not."""
        return arriving

    def rescale(self, seen: Differences, arriving: Tensor) -> list[Tensor]:
        """Hand back relevance R = Δ·g, where Δ is the difference to a reference.

        Here by the gradient at the samples, which keeps the total only as far as the operation is linear; kinds that
        know better override it.

        Parameters
        ----------
        seen : Differences
        arriving : torch.Tensor
            g of the node's value.

        Returns
        -------
        list of torch.Tensor
            g of each of `inputs`, in order (DeepLIFT's multipliers, rescale form; Shrikumar 2017).
        """
        return self.gradients(seen.record, arriving)

    def gradients_of_ports(self, record: Record, factors: Sequence[Tensor | None]) -> list[Tensor]:
        """The vector–Jacobian products of a node with several results, summed; None where nothing arrived."""
        found: list[Tensor] | None = None
        for port, factor in zip(self.ports, factors, strict=True):
            if factor is not None:
                number: Any = port.args[1]
                shares = self.gradients(record, factor, number)
                found = shares if found is None else [a + b for a, b in zip(found, shares, strict=True)]
        assert found is not None
        return found

    @abstractmethod
    def backward(self, record: Record, arriving: Relevance) -> HandedBack:
        """Hand relevance back: one share for each of `inputs`, in order.

        A step with several `ports` gets a list, with None where nothing arrived.
        """


class GradientStep(RuleStep):
    """The gradient, as it is or as guided backpropagation and the deconvnet change it: no relevance is kept.

    What goes missing is the sink `remainder`, so that the ledger says how far the sum is from the score.
    """

    def __init__(
        self, node: Node, context: Context, rule: Rule, reason: str, kind: str, *, remainder: str = ""
    ) -> None:
        super().__init__(node, context, rule, reason)
        self.kind = kind
        self.remainder = remainder

    def factors(self, arriving: bool) -> bool:  # noqa: ARG002
        """It only knows factors, or with the rule “slope” only relevance."""
        return self.rule.name != "slope"

    def backward(self, record: Record, arriving: Relevance) -> HandedBack:
        """The vector–Jacobian product of the factors, or with the rule “slope” of relevance itself."""
        if self.rule.name == "slope":
            shares = self.gradients(record, arriving.of(record.values[self.node]))
            return HandedBack([Relevance(r=share) for share in shares], [])
        if isinstance(arriving, list):
            shares = self._of_several(record, arriving)
        else:
            g = factor_of(arriving, record.values[self.node])
            if self.rule.name == "deconvnet":
                return HandedBack([Relevance(g=g.clamp(min=0))], [])
            shares = self.gradients(record, g)
        if self.rule.name == "guided":
            shares = [share.clamp(min=0) for share in shares]
        return HandedBack([Relevance(g=share) for share in shares], [])

    def _of_several(self, record: Record, arriving: list[Relevance | None]) -> list[Tensor]:
        results = record.values[self.node]
        return self.gradients_of_ports(
            record,
            [here and factor_of(here, results[port.args[1]]) for port, here in zip(self.ports, arriving, strict=True)],
        )


def factor_of(relevance: Relevance, value: Tensor) -> Tensor:
    """G with R = x·G; nothing where x is zero."""
    if relevance.g is not None:
        return relevance.g
    assert relevance.r is not None
    return torch.where(value == 0, 0.0, relevance.r / torch.where(value == 0, 1.0, value))


def _holds_nodes(nested: Any) -> bool:
    found: list[Node] = []
    map_arg(nested, found.append)
    return bool(found)
