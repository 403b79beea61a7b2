"""What flows between the channels of two layers that stand open, from tile to tile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainterPath

from lrp_gui.document.results import Flow, NetworkInfo
from lrp_gui.document.words import percent
from lrp_gui.languages import thousands, tr
from lrp_gui.viewer.ink import CENTRE, RIGHT, Ink, width_of
from lrp_gui.viewer.layers.channels import head_room, tiles
from lrp_gui.viewer.layers.joins import part_of, pooled
from lrp_gui.viewer.stage_boxes import PRINT, legible
from lrp_gui.viewer.stage_layout import SIDE, StageLayout, rounded
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
    count: int  # of edges that there are


def open_pairs(graph: StageGraph) -> list[tuple[int, int, str]]:
    """(source, reader, layer) of stages that feed each other and both show their channels."""
    return [
        (branch.source, branch.reader, graph.stages[branch.reader].layer)
        for branch in graph.branches
        if graph.stages[branch.source].unfolded and graph.stages[branch.reader].unfolded
    ]


def channel_edges(graph: StageGraph, flows: Mapping[str, Flow], network: NetworkInfo | None) -> list[ChannelEdges]:
    """Those whose flow is known, and is one between these channels."""
    found = []
    for source, reader, layer in open_pairs(graph):
        flow, matrix, count = flows.get(layer), None, 0
        sizes = (graph.stages[reader].channels.size, graph.stages[source].channels.size)
        if flow is None:
            matrix, count = pooled(graph, source, reader), sizes[0]
        elif graph.stage_of(flow.source) == source and flow.matrix.shape == sizes:
            matrix, count = flow.matrix, flow.matrix.size
        elif network is not None and flow.matrix.shape[0] == sizes[0]:
            matrix, count = part_of(graph, network, layer, source, flow.matrix), sizes[0] * sizes[1]
        if matrix is not None:
            found.append(ChannelEdges(source, reader, layer, matrix, count))
    return found


def untold_pairs(
    graph: StageGraph, flows: Mapping[str, Flow], network: NetworkInfo | None
) -> list[tuple[int, int, str]]:
    """Open pairs whose edges will not come: what is read has no weights, or flows between other units."""
    told = {(edges.source, edges.reader) for edges in channel_edges(graph, flows, network)}
    layers = network.layers if network is not None else ()
    weighted = {layer.path for layer in layers if any(node.position is not None for node in layer.nodes)}
    return [
        (source, reader, layer)
        for source, reader, layer in open_pairs(graph)
        if (source, reader) not in told and (layer in flows or layer not in weighted)
    ]


def draw_untold(ink: Ink, graph: StageGraph, pair: tuple[int, int, str], layout: StageLayout) -> None:
    """Say where edges would be that there are none."""
    source, reader, _ = pair
    if legible(ink):
        said = tr("what flows between these channels is not told")
        _say(ink, said, _Way.between(graph, layout, source, reader), layout.boxes[source], layout.boxes[reader])


def draw_edges(ink: Ink, graph: StageGraph, edges: ChannelEdges, layout: StageLayout, share: float) -> None:
    """The strongest between drawn channels, as wide as other ribbons of their |R|; beside, how much that is of all."""
    source, reader = layout.boxes[edges.source], layout.boxes[edges.reader]
    left, right = tiles(graph.stages[edges.source], source), tiles(graph.stages[edges.reader], reader)
    if not left or not right:
        return
    way, near = _Way.between(graph, layout, edges.source, edges.reader), legible(ink)
    matrix = np.nan_to_num(edges.matrix)
    rows, columns = list(right), list(left)
    part = matrix[np.ix_(rows, columns)]
    picked = smallest_set(part, share, MOST)
    found = [
        (float(part[j, i]), left[columns[i]], right[rows[j]])
        for j, i in (divmod(k, len(columns)) for k in reversed(picked.tolist()))
    ]
    widths = [max(abs(value) * layout.per_relevance, THINNEST) for value, _, _ in found]
    lanes = [0.0] * len(found) if way.straight else _lanes(found, widths, layout.choice[0].gutter * BUNDLE)
    for (value, a, b), width, lane in zip(found, widths, lanes, strict=True):
        colour = ink.colour(ink.sign(value), 0.72)
        start, end = QPointF(source.right(), a.bottom()), QPointF(reader.left(), b.top() - 3)
        ink.ribbon(_straight(start, end) if way.straight else way.around(start, end, lane), width, colour)
        # Within the boxes but a hairline below and above the maps: over them, it would hide what they show.
        to_maps = ((QPointF(a.center().x(), start.y()), start), (end, QPointF(b.center().x(), end.y())))
        for ends in to_maps if near else ():
            hair = QPainterPath(ends[0])
            hair.lineTo(ends[1])
            ink.ribbon(hair, THINNEST, colour)
    if not near:
        return
    total, drawn = float(np.abs(matrix).sum()), float(np.abs(part.ravel()[picked]).sum())
    said = tr("{n} of {all} edges, {share} of |R|").format(
        n=thousands(len(picked)), all=thousands(edges.count), share=percent(drawn / total if total else 1.0)
    )
    room, size = head_room(ink, graph.stages[edges.reader], reader)
    beside = way.straight and graph.stages[edges.source].lane == graph.stages[edges.reader].lane  # so there is but one
    if beside and width_of(said, size) <= room.width():  # below the boxes are the ribbons of the next row
        ink.text(room, said, size, ink.theme.dim, RIGHT)
    else:
        _say(ink, said, way, source, reader)


def _say(ink: Ink, said: str, way: _Way, source: QRectF, reader: QRectF) -> None:
    """Write beside the edges from a box to another, or where they would be."""
    # As large as can be read on the screen, as far as there is room between the rows.
    letters = min(max(10.0, PRINT * ink.pixel), way.layout.choice[0].gutter * BUNDLE)
    between = way.straight or way.next_row
    x = (source.right() + reader.left()) / 2 if between else reader.center().x()
    foot = max(source.bottom(), reader.bottom()) if way.straight else reader.bottom()
    top = reader.top() - 1.7 * letters if way.next_row else foot + 3  # over a box stand titles and shares
    ink.text(
        QRectF(x - 14 * letters, top, 28 * letters, 1.4 * letters), said, letters, ink.theme.dim, CENTRE, halo=True
    )


@dataclass(frozen=True, slots=True)
class _Way:
    """Where edges run from a box to one further on, so that no other box lies below them."""

    layout: StageLayout
    straight: bool  # the boxes are neighbours in a row
    next_row: bool
    below: float | None  # the gutter under the source's row, from which they go down at the left; None: they need not
    above: float  # the gutter over the reader's row

    @classmethod
    def between(cls, graph: StageGraph, layout: StageLayout, a: int, b: int) -> _Way:
        """By rows, and by what stands between."""
        source, reader = layout.boxes[a], layout.boxes[b]
        row_of = {n: layout.row_of[stage.rank] for n, stage in enumerate(graph.stages)}
        rows_on = row_of[b] - row_of[a]
        track = layout.choice[0].track
        top = min(box.top() for n, box in enumerate(layout.boxes) if row_of[n] == row_of[b])
        gap = QRectF(source.right(), min(source.top(), reader.top()), reader.left() - source.right(), 0)
        gap.setBottom(max(source.bottom(), reader.bottom()))
        free = gap.width() > 0 and not any(box.intersects(gap.adjusted(1, 0, -1, 0)) for box in layout.boxes)
        after = [box.top() for n, box in enumerate(layout.boxes) if row_of[n] == row_of[a] + 1]
        below = min(after) - track if rows_on > 1 else None
        return cls(layout, rows_on == 0 and free, rows_on == 1, below, top - track)

    def around(self, start: QPointF, end: QPointF, lane: float) -> QPainterPath:
        """As the ribbon goes: beside the box, through the gutters, beside the other one; `lane` off their middle."""
        turn = self.layout.choice[0].turn
        right, left = start.x() + turn + lane, end.x() - turn + lane
        corners = [QPointF(right, start.y())]
        if self.below is not None:
            margin = SIDE / 2 + lane * SIDE / (4 * turn)
            corners += [QPointF(right, self.below + lane), QPointF(margin, self.below + lane)]
            corners += [QPointF(margin, self.above + lane)]
        else:
            corners += [QPointF(right, self.above + lane)]
        corners += [QPointF(left, self.above + lane), QPointF(left, end.y())]
        return rounded([start, *corners, end], BEND)


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
