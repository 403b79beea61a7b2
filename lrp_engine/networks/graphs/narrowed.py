"""Rows that nobody reads are not computed: what picks a class token, or a last step, is moved in front of the work.

A classifier on one token of a transformer reads one row of the last block's 197; norms, dense layers and activations
treat each row alone, so picking the row before them gives the same numbers, and the same relevance: rows that are not
read get none. Only where nothing between is asked for (`keep="inputs"`), for there every row is wanted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from torch.fx import Graph, Node

from ..network import Network, Shape
from .graph import arguments, aten, operation_name, operation_of
from .operations import ACTIVATION

# What treats each number alone, however many operands it has.
_ELEMENTWISE = frozenset(
    {"add", "sub", "rsub", "mul", "div", "neg", "positive", "clone", "contiguous", "alias", "detach", "dropout"}
)
_RESHAPES = frozenset({"view", "reshape", "_unsafe_view"})
# Without one of these in front of it, picking late costs nothing.
_DEAR = frozenset({"linear", "addmm", "mm", "matmul", "bmm"})


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows `start` … `stop` along an axis of a node's value."""

    axis: int
    start: int
    stop: int


def narrowed(network: Network) -> Network:
    """The network without the rows that nobody reads; itself, where all are read.

    Its nodes keep their names; what picks the rows is a node more. It shares the modified weights with the network.
    """
    if "narrowed" not in network.cache:
        found = _read_rows(network.graph)
        dear = any(operation_name(node) in _DEAR for node in found)
        network.cache["narrowed"] = _without(network, found) if dear else None
    return network.cache["narrowed"] or network


def _read_rows(graph: Graph) -> dict[Node, Rows]:
    """The nodes of which only some rows are read, and that can be computed for these alone."""
    found: dict[Node, Rows] = {}
    for node in reversed(graph.nodes):
        if node.op != "call_function" or not node.users:
            continue
        asked = {_asked(user, node, found) for user in node.users}
        rows = asked.pop() if len(asked) == 1 else None
        samples = node.meta.get("samples")
        if rows is None or (samples is not None and samples[0] == rows.axis):
            continue  # of samples none is left out, also where their number is fixed
        if _operand_axes(node, rows.axis) is not None:
            found[node] = rows
    return found


def _asked(user: Node, node: Node, found: dict[Node, Rows]) -> Rows | None:
    """The rows of a node that one of its readers looks at; None for all of them."""
    if user not in found:
        return _picked(user) if user.args and user.args[0] is node else None
    rows = found[user]
    axis = (_operand_axes(user, rows.axis) or {}).get(node)
    return None if axis is None else replace(rows, axis=axis)


def _picked(node: Node) -> Rows | None:
    """What a select or a slice picks of its operand, along an axis that is not the samples'."""
    name = operation_name(node)
    if name not in {"select", "slice"} or node.kwargs or not all(isinstance(arg, int) for arg in node.args[1:]):
        return None
    operand: Any = node.args[0]
    shape = operand.meta.get("shape") if isinstance(operand, Node) else None
    if shape is None or len(node.args) < (3 if name == "select" else 4):
        return None
    numbers = arguments(node)[1:]
    axis, size = numbers[0] % len(shape), shape[numbers[0]]
    if size is None or (len(numbers) > 3 and numbers[3] != 1):
        return None
    if name == "select":
        start = numbers[1] % size
        return Rows(axis, start, start + 1)
    start, stop, _ = slice(numbers[1], numbers[2]).indices(size)
    return Rows(axis, start, stop) if 0 <= start < stop and stop - start < size else None


def _operand_axes(node: Node, axis: int) -> dict[Node, int | None] | None:
    """For each operand the axis that `axis` of the value runs along, None where it has none of its own.

    None altogether where a row of the value depends on other rows, or nothing is known about it.
    """
    shape: Shape | None = node.meta.get("shape")
    first: Any = node.args[0] if node.args else None
    if shape is None or shape[axis] is None or not isinstance(first, Node) or "shape" not in first.meta:
        return None
    name, args, rank = operation_name(node), arguments(node), len(shape)
    row = operation_of(node)
    own: int | None = None
    if name in _ELEMENTWISE or (row is not None and row.kind == ACTIVATION):
        return _broadcast(node, axis, rank)
    if name == "linear":
        own = axis if axis < rank - 1 else None
    elif name in {"layer_norm", "rms_norm"}:
        own = axis if axis < rank - len(args[1]) else None
    elif name in {"softmax", "_softmax"}:
        own = axis if isinstance(args[1], int) and axis != args[1] % rank else None
    elif name == "matmul":
        both = isinstance(args[1], Node) and len(args[1].meta.get("shape") or ()) >= 2
        wide = len(first.meta["shape"])
        own = wide - 2 if both and args[0] is not args[1] and wide > 1 and axis == rank - 2 else None
    elif name == "transpose":
        own = {args[1] % rank: args[2] % rank, args[2] % rank: args[1] % rank}.get(axis, axis)
    elif name == "permute":
        own = args[1][axis] % rank
    elif name in _RESHAPES:
        before = first.meta["shape"]
        literal = isinstance(args[1][axis], int)
        own = axis if literal and before[: axis + 1] == shape[: axis + 1] else None
    if own is None or first.meta["shape"][own] is None:
        return None
    return {operand: own if operand is first else None for operand in node.all_input_nodes}


def _broadcast(node: Node, axis: int, rank: int) -> dict[Node, int | None] | None:
    """Operands are aligned at their last axes; one that is as long along ours is cut with it."""
    found: dict[Node, int | None] = {}
    for operand in node.all_input_nodes:
        shape = operand.meta.get("shape")
        if shape is None:
            return None
        own = axis - rank + len(shape)
        found[operand] = own if own >= 0 and shape[own] == node.meta["shape"][axis] else None
        if own >= 0 and shape[own] not in {1, node.meta["shape"][axis]}:
            return None
    return found


def _without(network: Network, found: dict[Node, Rows]) -> Network:
    """Build the graph anew, with the rows picked where the nodes of `found` begin."""
    graph = Graph()
    made: dict[Node, Node] = {}
    picked: dict[tuple[Node, Rows], Node] = {}
    taken = {node.name for node in network.graph.nodes}

    def rows_of(operand: Node, rows: Rows) -> Node:
        if operand in found:
            return made[operand]
        if (operand, rows) not in picked:
            name = f"{operand.name}_rows_{rows.start}"
            while name in taken:
                name += "_"
            taken.add(name)
            new = graph.create_node(
                *("call_function", aten.slice.Tensor, (made[operand], rows.axis, rows.start, rows.stop), {}, name)
            )
            new.meta = {**operand.meta, "shape": _cut(operand.meta["shape"], rows)}
            picked[operand, rows] = new
        return picked[operand, rows]

    for node in network.graph.nodes:
        rows = found.get(node)
        if rows is None:
            new = made[node] = graph.node_copy(node, made.__getitem__)
            _pick_what_is_left(new, node, found)
            continue
        axes = _operand_axes(node, rows.axis) or {}
        operands = {
            operand: made[operand] if axis is None else rows_of(operand, replace(rows, axis=axis))
            for operand, axis in axes.items()
        }
        new = made[node] = graph.node_copy(node, operands.__getitem__)
        new.meta["shape"] = _cut(node.meta["shape"], rows)
        if operation_name(node) in _RESHAPES:
            sizes: Any = list(new.args[1])  # type: ignore[arg-type]
            sizes[rows.axis] = rows.stop - rows.start
            new.args = (new.args[0], sizes, *new.args[2:])
    return replace(network, graph=graph, cache={"shared": network.cache})


def _pick_what_is_left(new: Node, node: Node, found: dict[Node, Rows]) -> None:
    """A select or slice of what has become shorter: it begins at its first row."""
    operand = node.args[0] if node.args else None
    if not isinstance(operand, Node) or operand not in found:
        return
    rows = found[operand]
    span = (0,) if operation_name(node) == "select" else (0, rows.stop - rows.start)
    new.args = (new.args[0], rows.axis, *span)


def _cut(shape: Shape, rows: Rows) -> Shape:
    return (*shape[: rows.axis], rows.stop - rows.start, *shape[rows.axis + 1 :])
