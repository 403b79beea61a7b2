"""What flows between the channels of two layers that stand open, from tile to tile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainterPath

from lrp_gui.document.results import Flow
from lrp_gui.document.words import percent
from lrp_gui.languages import thousands, tr
from lrp_gui.viewer.ink import CENTRE, Ink
from lrp_gui.viewer.layers.channels import tiles
from lrp_gui.viewer.stage_layout import StageLayout, rounded
from lrp_gui.viewer.stages import StageGraph
from lrp_gui.viewer.visible import smallest_set

MOST = 60  # edges between two layers
THINNEST = 0.5
BUNDLE = 0.4  # of the space between two rows that edges take on their way to the next
BEND = 12.0


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


def draw_edges(ink: Ink, graph: StageGraph, edges: ChannelEdges, layout: StageLayout, share: float) -> None:
    """The strongest between drawn channels, as wide as other ribbons of their |R|; beside, how much that is of all."""
    source, reader = layout.boxes[edges.source], layout.boxes[edges.reader]
    left, right = tiles(graph.stages[edges.source], source), tiles(graph.stages[edges.reader], reader)
    beside = reader.left() > source.right()
    rows_on = _row(graph, layout, edges.reader) - _row(graph, layout, edges.source)
    if not left or not right:
        return
    if not (rows_on == 1 or (rows_on == 0 and beside)):
        note = tr("edges on to {name} are not drawn: boxes stand between").format(name=graph.stages[edges.reader].name)
        ink.text(QRectF(source.center().x() - 150, source.bottom() + 3, 300, 14), note, 10, ink.theme.dim, CENTRE,
                 halo=True)  # fmt: skip
        return
    matrix = np.nan_to_num(edges.matrix)
    rows, columns = list(right), list(left)
    part = matrix[np.ix_(rows, columns)]
    picked = smallest_set(part, share, MOST)
    found = [
        (float(part[j, i]), left[columns[i]], right[rows[j]])
        for j, i in (divmod(k, len(columns)) for k in reversed(picked.tolist()))
    ]
    widths = [max(abs(value) * layout.per_relevance, THINNEST) for value, _, _ in found]
    lanes = _lanes(found, widths, layout.choice[0].gutter * BUNDLE) if rows_on else [0.0] * len(found)
    for (value, a, b), width, lane in zip(found, widths, lanes, strict=True):
        colour = ink.colour(ink.sign(value), 0.72)
        start, end = QPointF(source.right(), a.bottom()), QPointF(reader.left(), b.top() - 3)
        ink.ribbon(_round_the_rows(start, end, reader.top(), layout, lane) if rows_on else _straight(start, end), width,
                   colour)  # fmt: skip
        # Within the boxes but a hairline below and above the maps: over them, it would hide what they show.
        for ends in ((QPointF(a.center().x(), start.y()), start), (end, QPointF(b.center().x(), end.y()))):
            hair = QPainterPath(ends[0])
            hair.lineTo(ends[1])
            ink.ribbon(hair, THINNEST, colour)
    total, drawn = float(np.abs(matrix).sum()), float(np.abs(part.ravel()[picked]).sum())
    said = tr("{n} of {all} edges, {share} of |R|").format(
        n=thousands(len(picked)), all=thousands(matrix.size), share=percent(drawn / total if total else 1.0)
    )
    x = (source.right() + reader.left()) / 2
    top = reader.top() - 17 if rows_on else max(source.bottom(), reader.bottom()) + 3
    ink.text(QRectF(x - 90, top, 180, 14), said, 10, ink.theme.dim, CENTRE, halo=True)


def _row(graph: StageGraph, layout: StageLayout, stage: int) -> int:
    return layout.row_of[graph.stages[stage].rank]


def _lanes(found: Sequence[tuple[float, QRectF, QRectF]], widths: list[float], room: float) -> list[float]:
    """How far from the middle of their bundle edges run that go to the next row: what speaks against by itself."""
    order = sorted(range(len(found)), key=lambda n: (found[n][0] > 0, found[n][1].bottom(), found[n][2].top()))
    every = sum(widths)
    lanes, used = [0.0] * len(found), 0.0
    for n in order:
        lanes[n] = (used + widths[n] / 2 - every / 2) * min(1.0, room / every)
        used += widths[n]
    return lanes


def _straight(start: QPointF, end: QPointF) -> QPainterPath:
    middle = (start.x() + end.x()) / 2
    path = QPainterPath(start)
    path.cubicTo(QPointF(middle, start.y()), QPointF(middle, end.y()), end)
    return path


def _round_the_rows(start: QPointF, end: QPointF, top: float, layout: StageLayout, lane: float) -> QPainterPath:
    """As the ribbon goes to the row below: beside the box, through the gutter above `top`, beside the other one."""
    box = layout.choice[0]
    right, y, left = start.x() + box.turn + lane, top - box.track + lane, end.x() - box.turn + lane
    corners = [QPointF(right, start.y()), QPointF(right, y), QPointF(left, y), QPointF(left, end.y())]
    return rounded([start, *corners, end], BEND)
