"""A step: one node, compiled for both passes. Each kind of operation has a class here or in a module beside it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from torch import Tensor
from torch.fx import Node
from torch.fx.node import map_aggregate, map_arg

from ..composites import Rule
from .affine_maps import WeightCache
from .relevance import Amount, Relevance


class HandedBack(NamedTuple):
    """What a step does with the relevance that arrived: one share per live input, and what it absorbed.

    `absorbed` holds (sink, amount) pairs; the samples run in an amount where they run in the node's value.
    """

    shares: list[Relevance]
    absorbed: list[tuple[str, Amount]]


@dataclass
class Record:
    """What the forward pass leaves for the backward pass."""

    values: dict[Node, Any] = field(default_factory=dict)
    notes: dict[Node, Any] = field(default_factory=dict)  # what a step keeps for itself, e.g. who won in a pool


@dataclass(frozen=True, slots=True)
class Differences:
    """The forward passes of the samples and of their reference."""

    record: Record
    reference: Record

    def of(self, node: Node) -> Tensor:
        """Δ: the node's value less that under the reference, of the value's shape."""
        return self.record.values[node] - self.reference.values[node]


@dataclass(frozen=True, slots=True)
class Context:
    """What compiling a step may look at."""

    live: set[Node]
    constants: dict[Node, Any]
    cache: WeightCache
    nonnegative: set[Node]

    def constant(self, argument: Any) -> Any:
        """An argument's value, where it is known before any input is."""
        return self.constants[argument] if isinstance(argument, Node) else argument


class Step:
    """One node, computed in the forward pass: sizes, constants, what stands after the logits.

    Attributes
    ----------
    node : torch.fx.Node
        Whose value the step computes.
    inputs : list of torch.fx.Node
        Its live inputs.
    samples : (axis, times) or None
        Where the samples run in its value.
    """

    def __init__(self, node: Node, context: Context) -> None:
        self.node = node
        self.inputs = [n for n in node.all_input_nodes if n in context.live]
        self.samples: tuple[int, int] | None = node.meta.get("samples")
        self._arguments = map_aggregate(
            (node.args, node.kwargs), lambda a: context.constants.get(a, a) if isinstance(a, Node) else a
        )
        # most nodes read others only as plain arguments: those are put in place without walking through all of them
        args, kwargs = self._arguments
        self._reads = [(i, a) for i, a in enumerate(args) if isinstance(a, Node)]
        nested = [a for a in (*args, *kwargs.values()) if isinstance(a, list | tuple | dict | slice)]
        self._plain = not _holds_nodes(nested) and not any(isinstance(a, Node) for a in kwargs.values())

    def forward(self, record: Record) -> Any:
        """The node's value."""
        args, kwargs = self.bound(record.values)
        return self.node.target(*args, **kwargs)  # type: ignore[operator]

    def bound(self, values: dict[Node, Any]) -> Any:
        """The node's arguments with recorded values in place."""
        if self._plain:
            args = list(self._arguments[0])
            for index, node in self._reads:
                args[index] = values[node]
            return args, self._arguments[1]
        return map_aggregate(self._arguments, lambda a: values[a] if isinstance(a, Node) else a)

    def as_function(self, record: Record, of: Node) -> Any:
        """The node as a function of one of its inputs, the others as recorded."""
        target = self.node.target

        def function(x: Tensor) -> Tensor:
            args, kwargs = map_aggregate(
                self._arguments, lambda a: (x if a is of else record.values[a]) if isinstance(a, Node) else a
            )
            return target(*args, **kwargs)  # type: ignore[operator]

        return function


class RuleStep(Step, ABC):
    """A node that hands relevance back by a rule.

    Attributes
    ----------
    kind, rule_words, reason : str
        For the ledger.
    """

    kind = ""

    def __init__(self, node: Node, context: Context, rule: Rule, reason: str) -> None:
        super().__init__(node, context)
        self.rule_words = str(rule)
        self.reason = reason

    @abstractmethod
    def rescale(self, seen: Differences, arriving: Tensor) -> list[Tensor]:
        """Hand back relevance R = Δ·g, where Δ is the difference to a reference; nothing is absorbed.

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

    @abstractmethod
    def backward(self, record: Record, arriving: Relevance) -> HandedBack:
        """Hand relevance back: one share for each of `inputs`, in order."""


def _holds_nodes(nested: Any) -> bool:
    found: list[Node] = []
    map_arg(nested, found.append)
    return bool(found)
