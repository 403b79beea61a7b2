"""Dense layers over folded axes, unfolded: attention folds (time, samples, units) into rows, multiplies, and unfolds.

In the folded value the samples run inside an axis, where nothing can tell them apart; a dense layer does not need that.
"""

from __future__ import annotations

from math import prod
from typing import Any

import torch
from torch.fx import Graph, Node

from .graph import arguments, operation_name

_RESHAPES = {"view", "_unsafe_view", "reshape"}


def unfold(graph: Graph) -> bool:
    """Let dense layers work on what is unfolded behind them anyway; whether any did. Shapes have to be known before."""
    order = {node: index for index, node in enumerate(graph.nodes)}
    found = False
    for node in list(graph.nodes):
        sizes = _unfolded(node, order) if operation_name(node) == "linear" else None
        if sizes is None:
            continue
        folded: Any = node.args[0]
        with graph.inserting_before(node):
            rows = graph.create_node("call_function", torch.ops.aten.reshape.default, (folded.args[0], sizes))
        rows.meta = dict(folded.meta)
        node.replace_input_with(folded, rows)
        found = True
    if found:
        graph.eliminate_dead_code()
    return found


def _unfolded(node: Node, order: dict[Node, int]) -> list[Any] | None:
    """The sizes, samples on an axis of their own, that the one reader of a dense layer gives back to its rows."""
    folded = node.args[0]
    if not isinstance(folded, Node) or operation_name(folded) not in _RESHAPES or len(node.users) != 1:
        return None
    (reader,) = node.users
    whole = folded.args[0]
    before = whole.meta.get("samples") if isinstance(whole, Node) else None
    if before is None or before[0] == 0 or operation_name(reader) not in _RESHAPES:
        return None
    sizes = arguments(reader)[1]
    behind = reader.meta.get("shape", ())
    known = all(order[size] < order[node] for size in sizes if isinstance(size, Node))
    if not known or len(sizes) != len(behind) or behind[-1:] != node.meta["shape"][-1:]:
        return None
    return [*sizes[:-1], folded.meta["shape"][-1]]


def mixed(graph: Graph) -> list[Node]:
    """The nodes whose samples run inside an axis all the same: what is summed for each sample there is not its own."""
    found = []
    for node in graph.nodes:
        whole = node.args[0] if operation_name(node) in _RESHAPES else None
        before = whole.meta.get("samples") if isinstance(whole, Node) else None
        after = node.meta.get("samples")
        if not isinstance(whole, Node) or before is None or after is None:
            continue
        if prod(whole.meta["shape"][: before[0]]) != prod(node.meta["shape"][: after[0]]):
            found.append(node)
    return found
