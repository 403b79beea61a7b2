"""What flows between the channels of two layers that stand open, from tile to tile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainterPath

from lrp_gui.document.results import Flow
from lrp_gui.document.words import percent
from lrp_gui.languages import thousands, tr
from lrp_gui.viewer.ink import CENTRE, Ink
from lrp_gui.viewer.layers.channels import tiles
from lrp_gui.viewer.stages import StageGraph
from lrp_gui.viewer.visible import smallest_set

MOST = 60  # edges between two layers
THINNEST = 0.5


@dataclass(frozen=True, slots=True)
class ChannelEdges:
    """Between two open stages: matrix[j, i] goes from channel j of the reader back to channel i of the source."""

    source: int
    reader: int
    layer: str  # whose flow it is
    matrix: np.ndarray


def open_pairs(graph: StageGraph) -> list[tuple[int, int, str]]:
    """(source, reader, layer) of stages that feed each other and both show their channels."""
    return [
        (branch.source, branch.reader, graph.stages[branch.reader].layer)
        for branch in graph.branches
        if graph.stages[branch.source].unfolded and graph.stages[branch.reader].unfolded
    ]


def channel_edges(graph: StageGraph, flows: Mapping[str, Flow]) -> list[ChannelEdges]:
    """Those whose flow is known, and is one between these channels."""
    found = []
    for source, reader, layer in open_pairs(graph):
        flow = flows.get(layer)
        sizes = (graph.stages[reader].channels.size, graph.stages[source].channels.size)
        if flow is not None and graph.stage_of(flow.source) == source and flow.matrix.shape == sizes:
            found.append(ChannelEdges(source, reader, layer, flow.matrix))
    return found


def draw_edges(
    ink: Ink, graph: StageGraph, edges: ChannelEdges, boxes: tuple[QRectF, ...], per: float, share: float
) -> None:
    """The strongest between drawn channels, as wide as other ribbons of their |R|; below, how much that is of all."""
    left = tiles(graph.stages[edges.source], boxes[edges.source])
    right = tiles(graph.stages[edges.reader], boxes[edges.reader])
    beside = boxes[edges.reader].left() > boxes[edges.source].right()
    if not left or not right or not beside:  # across rows they would run over everything: the ribbons tell the sums
        return
    matrix = np.nan_to_num(edges.matrix)
    rows, columns = list(right), list(left)
    part = matrix[np.ix_(rows, columns)]
    picked = smallest_set(part, share, MOST)
    for k in reversed(picked.tolist()):
        j, i = divmod(k, len(columns))
        value, a, b = float(part[j, i]), left[columns[i]], right[rows[j]]
        colour = ink.colour(ink.sign(value), 0.72)
        start, end = QPointF(boxes[edges.source].right(), a.bottom()), QPointF(boxes[edges.reader].left(), b.top() - 3)
        middle = (start.x() + end.x()) / 2
        path = QPainterPath(start)
        path.cubicTo(QPointF(middle, start.y()), QPointF(middle, end.y()), end)
        ink.ribbon(path, max(abs(value) * per, THINNEST), colour)
        # Within the boxes but a hairline below and above the maps: over them, it would hide what they show.
        for ends in ((QPointF(a.center().x(), start.y()), start), (end, QPointF(b.center().x(), end.y()))):
            hair = QPainterPath(ends[0])
            hair.lineTo(ends[1])
            ink.ribbon(hair, THINNEST, colour)
    total, drawn = float(np.abs(matrix).sum()), float(np.abs(part.ravel()[picked]).sum())
    said = tr("{n} of {all} edges, {share} of |R|").format(
        n=thousands(len(picked)), all=thousands(matrix.size), share=percent(drawn / total if total else 1.0)
    )
    top = max(boxes[edges.source].bottom(), boxes[edges.reader].bottom())
    x = (boxes[edges.source].right() + boxes[edges.reader].left()) / 2
    ink.text(QRectF(x - 90, top + 3, 180, 14), said, 10, ink.theme.dim, CENTRE, halo=True)
