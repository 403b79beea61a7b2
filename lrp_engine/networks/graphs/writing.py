"""Writing new nodes where an old one stands."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.fx import Graph, Node

from .graph import evaluate

_KNOWN = ("shape", "dtype", "samples")


class Given:
    """The arguments of a node by the names of its operation's schema, with the schema's defaults."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.values: dict[str, Any] = {}
        for position, argument in enumerate(node.target._schema.arguments):  # type: ignore[union-attr]
            if position < len(node.args):
                self.values[argument.name] = node.args[position]
            else:
                default = argument.default_value if argument.has_default_value() else None
                self.values[argument.name] = node.kwargs.get(argument.name, default)

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def get(self, name: str, default: Any = None) -> Any:
        """An argument that not every form of the operation has."""
        return self.values.get(name, default)

    def first(self, *names: str) -> Any:
        """The one of these arguments that this form of the operation has."""
        return next(self.values[name] for name in names if name in self.values)

    def shape(self, name: str) -> tuple[int | None, ...]:
        """The shape of a tensor argument, None where the samples run."""
        return self.values[name].meta["shape"]


class Writer:
    """Writes nodes before the one that it stands at; they belong to the same layer and line of code.

    Attributes
    ----------
    live : set of Node
        The nodes that carry relevance, the written ones included.
    """

    def __init__(self, graph: Graph, tensors: dict[str, Tensor], live: set[Node]) -> None:
        self.graph = graph
        self.tensors = tensors
        self.live = live
        self._written: list[Node] = []
        self._at: Node | None = None
        self._fixed: dict[Node, Any] = {}

    def at(self, node: Node) -> Writer:
        """Stand at this node."""
        self._at = node
        return self

    def __call__(self, target: Any, *args: Any, **kwargs: Any) -> Node:
        """Write a node that calls `target`."""
        assert self._at is not None
        overload = isinstance(target, torch._ops.OpOverload)
        name = target._schema.name.removeprefix("aten::") if overload else target.__name__
        with self.graph.inserting_before(self._at):
            new = self.graph.create_node("call_function", target, args, kwargs, name=name)
        new.meta = {key: value for key, value in self._at.meta.items() if key not in _KNOWN}
        if any(argument in self.live for argument in new.all_input_nodes):
            self.live.add(new)
        self._written.append(new)
        return new

    def constant(self, name: str, value: Tensor) -> Node:
        """A tensor that the network did not name."""
        assert self._at is not None
        self.tensors.setdefault(name, value)
        with self.graph.inserting_before(self._at):
            new = self.graph.create_node("get_attr", name)
        self._written.append(new)
        return new

    @property
    def leaves_unknown(self) -> bool:
        """Whether anything was written whose shape is not known."""
        return any("shape" not in node.meta for node in self._written)

    def put(self, old: Node, new: Node) -> None:
        """Let `new` stand in the place of `old`, whose shape it has."""
        for key in _KNOWN:
            if key in old.meta:
                new.meta.setdefault(key, old.meta[key])
        old.replace_all_uses_with(new)
        self.graph.erase_node(old)

    def fixed(self, node: Node) -> Tensor | None:
        """The value of a node that depends on no input, not even on its size; else None."""
        if node not in self._fixed:
            self._fixed[node] = self._fixed_value(node)
        return self._fixed[node]

    def _fixed_value(self, node: Node) -> Any:
        if node.op == "get_attr":
            return self.tensors[str(node.target)]
        if node.op != "call_function":
            return None
        values = {argument: self.fixed(argument) for argument in node.all_input_nodes}
        return None if any(value is None for value in values.values()) else evaluate(node, values)
