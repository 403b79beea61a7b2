"""Work on `torch.fx` graphs that every source of networks shares: names, live values, a canonical form."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch.fx import Graph, Node
from torch.fx.node import map_aggregate, map_arg

from .operations import ACTIVATION, AFFINE, CONSTANT, LOOKUP, MOVEMENT, OPERATIONS, SUM, UNSUPPORTED, Operation

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
    """The nodes that relevance can reach: their values depend on an input's values, and not as a size, mask or index.

    Of integers only inputs and what is moved or looked up from them count: tokens on their way to an embedding.
    """
    live: set[Node] = set()
    for node in graph.nodes:
        if node.op == "placeholder":
            if node.meta.get("dtype") is not torch.bool:
                live.add(node)
        elif node.op == "call_function" and _is_live(node, live):
            live.add(node)
    return live


def _is_live(node: Node, live: set[Node]) -> bool:
    row = operation_of(node)
    if (row is not None and row.kind == CONSTANT) or not live_inputs(node, live):
        return False
    dtype = node.meta.get("dtype")
    return (
        dtype is None or dtype.is_floating_point or (row is not None and row.kind == MOVEMENT and dtype != torch.bool)
    )


def live_inputs(node: Node, live: set[Node]) -> list[Node]:
    """The arguments of a node that carry relevance, each once; an index among them does not."""
    row = operation_of(node)
    found = []
    for argument in node.all_input_nodes:
        if argument not in live:
            continue
        dtype = argument.meta.get("dtype")
        if dtype is not None and not dtype.is_floating_point:
            kind = row.kind if row is not None else ""
            indexes = kind == MOVEMENT and not _holds(node.args[0], argument)
            if indexes or kind not in {AFFINE, SUM, MOVEMENT, LOOKUP}:
                continue
        found.append(argument)
    return found


def _holds(value: Any, node: Node) -> bool:
    return value is node or (isinstance(value, list | tuple) and node in value)


def kind_of(node: Node, live: set[Node]) -> tuple[str, str]:
    """The node's kind and family, as its live inputs make it."""
    row = operation_of(node)
    if row is None:
        return (MOVEMENT, "output of several") if node.target is operator.getitem else (UNSUPPORTED, "")
    args: list[Node] = []
    map_arg((node.args, node.kwargs), args.append)
    carriers = live_inputs(node, live)
    count = sum(argument in carriers for argument in args)
    if row.live_kind and count > 1:
        return row.live_kind, row.live_kind
    if row.name == "div" and node.args[0] not in live:
        return ACTIVATION, "activation"  # a constant divided by the one live value
    if row.name in {"maximum", "minimum"} and count == 1:
        return ACTIVATION, "activation"
    return row.kind, row.family


def integer_functions() -> dict[str, Callable[..., Any]]:
    """What graphs call on sizes: plain integer arithmetic, by name."""
    names = ("add", "sub", "mul", "floordiv", "mod", "neg", "getitem")
    return {name: getattr(operator, name) for name in names}


def evaluate(node: Node, values: dict[Node, Any]) -> Any:
    """Call the node's operation on recorded values."""
    args, kwargs = map_aggregate((node.args, node.kwargs), lambda a: values[a] if isinstance(a, Node) else a)
    return callable_of(node)(*args, **kwargs)


def callable_of(node: Node) -> Callable[..., Any]:
    """What the node calls. Views are reshapes: memory may lie otherwise than in the author's run."""
    if node.target in {aten.view.default, aten._unsafe_view.default}:
        return aten.reshape.default
    return node.target  # type: ignore[return-value]


def walk_back(node: Node, passes: Callable[[Node], bool]) -> Iterator[Node]:
    """The node and those before it along its first argument, as long as `passes` says so of the one just yielded."""
    while True:
        yield node
        if node.op != "call_function" or not passes(node) or not isinstance(node.args[0], Node):
            return
        node = node.args[0]
