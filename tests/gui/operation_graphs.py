"""Graphs of operations of any size, without a network behind them, their layouts and their relevance."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrp_gui.jobs.laying_out import OperationLayout, lay_out
from lrp_gui.jobs.operations import Operations, grouped, opened_at_first
from lrp_gui.jobs.steps import run_now
from lrp_gui.viewer.operations.amounts import Amounts


def u_net(blocks: int, depth: int, *, flat: bool = False) -> Operations:
    """Blocks of `depth` operations down and up again, with a way across between each pair; flat: without modules."""
    names, layers, edges = ["x"], [""], []
    ends: list[int] = []
    for block in range(blocks):
        across = blocks - 1 - block
        for step in range(depth):
            node = len(names)
            names.append(f"conv_{node}")
            layers.append("" if flat else f"block{block // 12}.{block % 12}.part{step // 6}.conv{step % 6}")
            edges.append((node - 1, node))
            if step == 0 and across < block - 1:
                edges.append((ends[across], node))
            if step % 6 == 5:
                edges.append((node - 5, node))
        ends.append(len(names) - 1)
    count = len(names)
    return Operations(
        names=tuple(names),
        operations=("input", *("conv2d" for _ in range(count - 1))),
        layers=tuple(layers),
        shapes=tuple((8, 4, 4) for _ in range(count)),
        edges=np.array(edges, dtype=np.int32),
        final=count - 1,
    )


def laid_out(graph: Operations, toggled: frozenset[str] = frozenset(), **how: Any) -> OperationLayout:
    return run_now(lay_out(graph, grouped(graph), toggled, **how))


def everything(graph: Operations) -> frozenset[str]:
    """What to toggle for all groups to be open."""
    root = grouped(graph)
    return frozenset(group.path for group in root.groups()) - opened_at_first(root)


def amounts(graph: Operations) -> Amounts:
    """One unit of relevance handed back along every edge, a third of it negative."""
    edges = np.tile([2.0, -1.0], (len(graph.edges), 1))
    nodes = np.zeros((len(graph.names), 2))
    np.add.at(nodes, graph.edges[:, 0], edges)
    nodes[graph.final] = 2.0, -1.0
    return Amounts(nodes, edges)
