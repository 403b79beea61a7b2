"""Work on `torch.fx` graphs that every source of networks shares: names, live values, a canonical form."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch.fx import Graph, Node
from torch.fx.node import map_aggregate

from .operations import OPERATIONS, SHAPE, Operation

aten = torch.ops.aten


def operation_name(node: Node) -> str:
    """The node's ATen name without namespace and overload (`"conv2d"`), or what else it calls."""
    target = node.target
    if isinstance(target, torch._ops.OpOverload):
        return target._schema.name.removeprefix("aten::")
    return getattr(target, "__name__", str(target))


def operation_of(node: Node) -> Operation | None:
    """The node's row in the table of operations."""
    return OPERATIONS.get(operation_name(node)) if node.op == "call_function" else None


def arguments(node: Node) -> list[Any]:
    """The node's positional arguments; torch.fx types them too widely to be read."""
    return list(node.args)


def live_nodes(graph: Graph) -> set[Node]:
    """The nodes whose values depend on an input's values; sizes of inputs do not count."""
    live: set[Node] = set()
    for node in graph.nodes:
        if node.op == "placeholder":
            live.add(node)
        elif node.op == "call_function":
            row = operation_of(node)
            if (row is None or row.kind != SHAPE) and any(arg in live for arg in node.all_input_nodes):
                live.add(node)
    return live


def integer_functions() -> dict[str, Callable[..., Any]]:
    """What graphs call on sizes: plain integer arithmetic, by name."""
    names = ("add", "sub", "mul", "floordiv", "mod", "neg", "getitem")
    return {name: getattr(operator, name) for name in names}


def evaluate(node: Node, values: dict[Node, Any]) -> Any:
    """Call the node's operation on recorded values."""
    args, kwargs = map_aggregate((node.args, node.kwargs), lambda a: values[a] if isinstance(a, Node) else a)
    return node.target(*args, **kwargs)  # type: ignore[operator]


def canonical(graph: Graph) -> None:
    """Rewrite what exporters leave behind, in place: batch norm as one node, no dead code."""
    graph.eliminate_dead_code()
    for node in list(graph.nodes):
        if node.op == "call_function" and operation_name(node) == "_native_batch_norm_legit_no_training":
            _one_batch_norm(graph, node)


def _one_batch_norm(graph: Graph, node: Node) -> None:
    x, weight, bias, mean, variance, momentum, eps = node.args
    readers = list(node.users)
    if any(reader.args[1] != 0 for reader in readers):
        return  # somebody reads the saved statistics; leave it, and let it be refused with its name
    with graph.inserting_after(node):
        args = (x, weight, bias, mean, variance, False, momentum, eps, False)
        whole = graph.create_node("call_function", aten.batch_norm.default, args, name="batch_norm")
    whole.meta = dict(node.meta)
    for reader in readers:
        reader.replace_all_uses_with(whole)
        graph.erase_node(reader)
    graph.erase_node(node)


def walk_back(node: Node, passes: Callable[[Node], bool]) -> Iterator[Node]:
    """The node and those before it along its first argument, as long as `passes` says so of the one just yielded."""
    while True:
        yield node
        if node.op != "call_function" or not passes(node) or not isinstance(node.args[0], Node):
            return
        node = node.args[0]
