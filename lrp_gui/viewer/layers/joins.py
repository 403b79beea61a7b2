"""Edges between channels where the numbers of a flow are not one layer's: behind a join, and into a pool."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lrp_gui.document.results import LayerInfo, NetworkInfo
from lrp_gui.viewer.stages import StageGraph

TOLERANCE = 1e-3  # of the largest channel: numbers of two layers that should be the same


def part_of(graph: StageGraph, network: NetworkInfo, layer: str, source: int, matrix: np.ndarray) -> np.ndarray | None:
    """The columns of a layer's flow that are the channels of one of the stages that are joined before it.

    Joined channels stand one source after the other. None where sizes do not say so, or what arrives at a source that
    only this layer reads is not what the flow hands back to those columns.
    """
    layers = {one.path: one for one in network.layers}
    shapes = {info.name: info.shape for info in network.inputs} | {path: one.shape for path, one in layers.items()}
    sources = layers[layer].sources if layer in layers else ()
    sizes = [shapes[name] for name in sources if shapes.get(name)]
    if len(sizes) < 2 or len(sizes) < len(sources) or any(size[1:] != sizes[0][1:] for size in sizes):
        return None
    starts = np.cumsum([0, *(size[0] for size in sizes)])
    if starts[-1] != matrix.shape[1]:
        return None
    blocks = {name: slice(*map(int, starts[n : n + 2])) for n, name in enumerate(sources)}
    if not _agree(graph, layers, blocks, np.nan_to_num(matrix).sum(axis=0)):
        return None
    return next((matrix[:, block] for name, block in blocks.items() if graph.stage_of(name) == source), None)


def _agree(graph: StageGraph, layers: Mapping[str, LayerInfo], blocks: Mapping[str, slice], sums: np.ndarray) -> bool:
    """Whether those sources that have no other reader got, channel by channel, what the blocks say; one has to."""
    limit = TOLERANCE * float(np.abs(sums).max(initial=0.0))
    alone = [
        name
        for name in blocks
        if graph.stage_of(name) >= 0 and sum(name in one.sources for one in layers.values()) == 1
    ]
    found = {name: graph.stages[graph.stage_of(name)].channels for name in alone}
    return bool(alone) and all(
        channels.shape == sums[blocks[name]].shape and np.abs(channels - sums[blocks[name]]).max() <= limit
        for name, channels in found.items()
    )


def pooled(graph: StageGraph, source: int, reader: int) -> np.ndarray | None:
    """(channels, channels), nought but on the diagonal: a pool hands what its winners got to their own channels."""
    into = graph.stages[reader]
    first = into.operations[0].casefold() if into.operations else ""
    if "max" in first and "pool" in first and graph.stages[source].channels.size == into.channels.size:
        return np.diag(into.channels)
    return None
