"""Graphs of operations of any size, without a network behind them."""

from __future__ import annotations

import numpy as np

from lrp_gui.jobs.operations import Operations


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
