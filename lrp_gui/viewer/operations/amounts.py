"""How much relevance arrives at every node, and is handed back along every edge, of one sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lrp_gui.document.results import NetworkInfo, SampleResult
    from lrp_gui.jobs.laying_out import OperationLayout
    from lrp_gui.jobs.more import NodeSums
    from lrp_gui.jobs.operations import Operations


@dataclass(frozen=True)
class Amounts:
    """Σ of the positive and of the negative relevance, apart; NaN where it is not told."""

    nodes: np.ndarray  # (nodes, 2)
    edges: np.ndarray  # (edges, 2)

    def of_segments(self, layout: OperationLayout) -> np.ndarray:
        """(segments, 2): what the edges of each bundle carry together."""
        if not layout.carried.size:
            return np.zeros((0, 2))
        return np.add.reduceat(self.edges[layout.carried], layout.carried_starts[:-1], axis=0)

    def of_items(self, layout: OperationLayout) -> np.ndarray:
        """(items, 2): what arrives at a node; at a group from outside of it."""
        found = np.zeros((len(layout.kinds), 2))
        single = layout.nodes >= 0
        found[single] = self.nodes[layout.nodes[single]]
        edges, begins = layout.graph.edges, self._begins(layout.graph.edges)
        for depth in np.unique(layout.depths[list(layout.inside)]) if layout.inside else ():
            group = np.full(len(self.nodes), -1)  # of each node, at this depth
            for item, nodes in layout.inside.items():
                if layout.depths[item] == depth:
                    group[nodes] = item
            source, reader = group[edges[:, 0]], group[edges[:, 1]]
            leaving = (source >= 0) & (source != reader)
            np.add.at(found, source[leaving], self.edges[leaving])
            within = begins[group[begins] >= 0]
            np.add.at(found, group[within], self.nodes[within])
        return found

    def _begins(self, edges: np.ndarray) -> np.ndarray:
        """Numbers of the nodes where relevance begins: it arrives there along no edge."""
        come = np.zeros(len(self.nodes))
        np.add.at(come, edges[:, 0], np.abs(self.edges).sum(axis=1))
        return np.flatnonzero((come == 0) & (self.nodes != 0).any(axis=1))


def amounts_of(graph: Operations, network: NetworkInfo, result: SampleResult, sums: Mapping[str, NodeSums]) -> Amounts:
    """Join what arrived at nodes with what each reader handed back where there are several."""
    stands_for = _computed_together(network)
    found = [sums.get(name) or sums.get(stands_for.get(name, "")) for name in graph.names]
    pairs = [(0.0, 0.0) if one is None else (one.positive, one.negative) for one in found]
    nodes = np.array(pairs, dtype=float).reshape(-1, 2)
    picks = _picks(graph, [one is None for one in found])
    np.add.at(nodes, graph.edges[picks, 0], nodes[graph.edges[picks, 1]])
    edges = np.zeros((len(graph.edges), 2))
    if len(edges):
        readers = np.bincount(graph.edges[:, 0], minlength=len(graph.names))
        alone = readers[graph.edges[:, 0]] == 1
        # Beyond what is explained, as a sigmoid behind its logit, nothing is told and nothing is handed back.
        reached = np.array([one is not None for one in found], dtype=bool) | (nodes != 0).any(axis=1)
        alone_from = alone & reached[graph.edges[:, 1]]
        edges[alone_from] = nodes[graph.edges[alone_from, 0]]
        told = {source for _, source in result.shares}
        several = np.flatnonzero(~alone)
        for number, (start, end) in zip(several.tolist(), graph.edges[several].tolist(), strict=True):
            source, reader = graph.names[start], graph.names[end]
            share = result.shares.get((reader, source)) or result.shares.get((stands_for.get(reader, ""), source))
            if share is not None:
                edges[number] = share
            elif source not in told and nodes[start].any():
                edges[number] = np.nan
    edges[picks] = nodes[graph.edges[picks, 1]]
    return Amounts(nodes, edges)


def _picks(graph: Operations, untold: list[bool]) -> np.ndarray:
    """Numbers of edges on which one of several values is picked, of a node that hands them over together.

    Such a node, an LSTM or a split, has no relevance of its own: what arrives there arrives at what is picked.
    """
    sources, readers = graph.edges[:, 0], graph.edges[:, 1]
    picked = np.array([operation == "getitem" for operation in graph.operations], dtype=bool)
    return np.flatnonzero(picked[readers] & np.array(untold, dtype=bool)[sources])


def _computed_together(network: NetworkInfo) -> dict[str, str]:
    """The last node of a layer -> that of the batch norm which is computed inside of it."""
    last = {layer.path: layer.nodes[-1].name for layer in network.layers if layer.nodes}
    return {
        last[layer.merged_into]: last[layer.path]
        for layer in network.layers
        if layer.merged_into in last and layer.path in last
    }
