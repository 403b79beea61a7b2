"""Where the stages' boxes stand and how the ribbons run between them.

Ranks go from left to right and wrap into rows; parallel branches lie in lanes below the main chain; what jumps
over ranks runs through the gutter above the row, what changes rows through the gutter between them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainterPath

from lrp_gui.viewer.stages import Branch, Stage, StageGraph

LANE_GAP = 26.0
SIDE = 42.0  # beside the boxes: a turn and half of the widest ribbon
GAP_TURN = 24.0
READABLE = 0.8  # below this scale, larger text is worth more than larger boxes
WIDEST = 34.0  # ribbon
CLEAR = 4.0  # between a ribbon and the boxes that it passes
MOST_IN_ROW = 32  # more side by side could not be read on any screen
LEAST_STEP = 1e-6  # of a way moved sideways: what is less is no step back
APART = 0.35  # what a layout is worth for each pair of open layers that it parts, beside one that does not
HIDDEN = 28.0  # below the last row, where folded stages are said


class Box(NamedTuple):
    """A size of box, the space between ranks, the gutter above each row, and how far it may be blown up."""

    width: float
    height: float
    gap: float = 62.0
    gutter: float = 60.0
    largest: float = 2.0  # scale

    @property
    def turn(self) -> float:
        """How far beside a box a ribbon turns that goes to another row."""
        return min(GAP_TURN, self.gap * 0.42)

    @property
    def track(self) -> float:
        """How far above a row it runs."""
        return self.gutter * 0.72


BOXES = (Box(128, 66, 34, 42), Box(150, 108), Box(164, 134), Box(190, 164))  # the taller, the more room for maps
PLAIN_BOXES = (Box(160, 46, largest=1.3),)  # name and shape alone


UNFOLDED = (356.0, 420.0)  # a layer that shows its channels
ROWS, ACROSS, ROW = 4, 4, 88.0  # of channels, and how tall one is
Choice = tuple[Box, float]  # size of boxes, and how wide a row may be


@dataclass(frozen=True)
class StageLayout:
    """Boxes and ribbon paths in layout units; `scale` fits them into the picture."""

    boxes: tuple[QRectF, ...]
    paths: tuple[QPainterPath, ...]
    width: float
    height: float
    scale: float
    left: float  # where layout (0, 0) lies in the picture, in logical pixels
    top: float
    per_relevance: float
    row_of: tuple[int, ...]  # by rank
    foots: tuple[QPointF, ...]  # by rank, the middle below its boxes
    choice: Choice

    def in_picture(self, box: QRectF) -> QRectF:
        """A rectangle of the layout in logical pixels."""
        at = QPointF(self.left + box.left() * self.scale, self.top + box.top() * self.scale)
        return QRectF(at, box.size() * self.scale)


@dataclass(frozen=True)
class _Rows:
    """Ranks wrapped into rows: of each rank its row, left edge and width; of each row its top, its lanes' heights."""

    row_of: list[int]
    left: list[float]
    width: list[float]
    tops: list[float]
    lanes: list[list[float]]
    size: tuple[float, float]

    def lane_top(self, row: int, lane: int) -> float:
        return self.tops[row] + sum(self.lanes[row][:lane]) + LANE_GAP * lane


def lay_out_stages(
    graph: StageGraph, area: QRectF, sizes: tuple[Box, ...] = BOXES, choice: Choice | None = None
) -> StageLayout:
    """Choose boxes and the width of rows that show them largest in `area`; `choice`: those of a layout before.

    With the same choice what stands before an opened box stays where it was.
    """
    ranks = 1 + max((stage.rank for stage in graph.stages), default=0)
    if choice is not None and _apart(graph, _wrapped(graph, choice, area)[0]):
        choice = None  # open layers that feed each other belong side by side
    if choice is None:
        choices = [
            (box, per_row * (box.width + box.gap)) for per_row in range(1, min(ranks, MOST_IN_ROW) + 1) for box in sizes
        ]
        rows, scale, choice = max(
            ((*_wrapped(graph, one, area), one) for one in choices),
            key=lambda found: (_worth(found[2][0], found[1]) * APART ** _apart(graph, found[0]), found[2][1]),
        )
    else:
        rows, scale = _wrapped(graph, choice, area)
    box = choice[0]
    boxes = []
    for stage in graph.stages:
        row = rows.row_of[stage.rank]
        width, height = _extent(stage, box)
        left = rows.left[stage.rank] + (rows.width[stage.rank] - width) / 2
        boxes.append(QRectF(left, rows.lane_top(row, stage.lane), width, height))
    amounts = [branch.positive - branch.negative for branch in graph.branches]
    amounts += [amount for both in graph.stubs for amount in both]
    largest = max((amount for amount in amounts if math.isfinite(amount)), default=0.0)
    per = WIDEST / largest if largest else 0.0
    paths = tuple(_route(graph, branch, boxes, box, rows, _width(branch, per)) for branch in graph.branches)
    width, height = rows.size
    left = area.left() + (area.width() - width * scale) / 2
    # The first row's gutter often stays empty: the whole is centred a little higher.
    top = area.top() + max(0.0, (area.height() - height * scale) / 2 - box.gutter * scale * 0.2)
    foots = [QPointF(rows.left[n] + rows.width[n] / 2, rows.tops[rows.row_of[n]]) for n in range(ranks)]
    for stage, place in zip(graph.stages, boxes, strict=True):
        foots[stage.rank].setY(max(foots[stage.rank].y(), place.bottom()))
    return StageLayout(
        *(tuple(boxes), paths, width, height, scale, left, top, per, tuple(rows.row_of), tuple(foots), choice)
    )


def _extent(stage: Stage, box: Box) -> tuple[float, float]:
    """The size of a stage's box; one that stands open has room for its rows of channels, never less than others."""
    if not stage.unfolded:
        return box.width, box.height
    width, height = UNFOLDED
    rows = -(-min(ROWS * ACROSS, stage.channels.size) // ACROSS)
    return width, max(box.height, height - (ROWS - max(rows, 2)) * ROW)


def _wrapped(graph: StageGraph, choice: Choice, area: QRectF) -> tuple[_Rows, float]:
    """Rows of at most this width, and how large they can be drawn."""
    box, most = choice
    ranks = 1 + max((stage.rank for stage in graph.stages), default=0)
    width = [box.width] * ranks
    for stage in graph.stages:
        width[stage.rank] = max(width[stage.rank], _extent(stage, box)[0])
    row_of, left, x, row, widest = [], [], 0.0, 0, 0.0
    for one in width:
        if x and x + one + box.gap > most * (1 + 1e-9):
            row, x = row + 1, 0.0
        row_of.append(row)
        left.append(SIDE + x)
        x += one + box.gap
        widest = max(widest, x - box.gap)
    lanes: list[list[float]] = [[] for _ in range(row + 1)]
    for stage in graph.stages:
        here = lanes[row_of[stage.rank]]
        here += [0.0] * (stage.lane + 1 - len(here))
        here[stage.lane] = max(here[stage.lane], _extent(stage, box)[1])
    tops, y = [], 0.0
    for here in lanes:
        tops.append(y + box.gutter)
        y += box.gutter + sum(tall + LANE_GAP for tall in here) - LANE_GAP
    size = 2 * SIDE + widest, y + (HIDDEN if graph.hidden else 10)
    scale = max(0.05, min(box.largest, area.width() / size[0], area.height() / size[1]))
    return _Rows(row_of, left, width, tops, lanes, size), scale


def _apart(graph: StageGraph, rows: _Rows) -> int:
    """How many pairs of open layers that feed each other stand in different rows."""
    pairs = [(graph.stages[branch.source], graph.stages[branch.reader]) for branch in graph.branches]
    return sum(
        rows.row_of[source.rank] != rows.row_of[reader.rank]
        for source, reader in pairs
        if source.unfolded and reader.unfolded
    )


def _worth(box: Box, scale: float) -> int:
    """Large boxes are good, but no picture is worth text that cannot be read."""
    return round(scale**2 * box.width * box.height * min(1.0, scale / READABLE) ** 3)


def _width(branch: Branch, per_relevance: float) -> float:
    """How wide its two ribbons are together; 0 where that is not a number."""
    amount = branch.positive - branch.negative
    return amount * per_relevance if math.isfinite(amount) else 0.0


def _route(graph: StageGraph, branch: Branch, boxes: list[QRectF], box: Box, rows: _Rows, width: float) -> QPainterPath:
    """The middle line of a branch, from its source to its reader."""
    source, reader = graph.stages[branch.source], graph.stages[branch.reader]
    a, b = boxes[branch.source], boxes[branch.reader]
    row_a, row_b = rows.row_of[source.rank], rows.row_of[reader.rank]
    step = reader.rank - source.rank
    tops = rows.tops
    if row_a == row_b and (step == 1 or (source.lane != reader.lane and step <= 2)):
        return _curve(QPointF(a.right(), _port(a, box)), QPointF(b.left(), _port(b, box)))
    if row_a == row_b and reader.lane < source.lane and _free(graph, source, reader, source.lane):
        x = b.center().x() - 24
        return rounded([QPointF(a.right(), _port(a, box)), QPointF(x, _port(a, box)), QPointF(x, b.bottom())], 16)
    if row_a == row_b and source.lane < reader.lane and _free(graph, source, reader, reader.lane):
        x = a.center().x() + 24
        return rounded([QPointF(x, a.bottom()), QPointF(x, _port(b, box)), QPointF(b.left(), _port(b, box))], 16)
    if row_a == row_b:
        track = tops[row_a] - 10 - min(14.0, 4 * math.log2(step))
        points = [
            QPointF(a.center().x() + 24, a.top()),
            QPointF(a.center().x() + 24, track),
            QPointF(b.center().x() - 24, track),
            QPointF(b.center().x() - 24, b.top()),
        ]
        return rounded(points, 16)
    above = tops[row_b] - box.track
    if step == 1:
        turn = box.turn
        above = max(above, tops[row_b] - box.gutter + width / 2 + CLEAR)  # a wide one keeps off the row above it
        points = [
            QPointF(a.right(), _port(a, box)),
            QPointF(a.right() + turn, _port(a, box)),
            QPointF(a.right() + turn, above),
            QPointF(b.left() - turn, above),
            QPointF(b.left() - turn, _port(b, box)),
            QPointF(b.left(), _port(b, box)),
        ]
        return rounded(points, 16)
    below = tops[row_a + 1] - box.gutter * 0.42
    points = [QPointF(a.center().x(), a.bottom()), QPointF(a.center().x(), below)]
    if row_b > row_a + 1:
        points += [QPointF(SIDE * 0.3, below), QPointF(SIDE * 0.3, above + box.gutter * 0.3)]
    points += [
        QPointF(b.center().x(), above + box.gutter * 0.3 if row_b > row_a + 1 else below),
        QPointF(b.center().x(), b.top()),
    ]
    return rounded(points, 14)


def _free(graph: StageGraph, source: Stage, reader: Stage, lane: int) -> bool:
    """Whether no box stands in a lane between two ranks, at the bend neither."""
    low, high = (source.rank + 1, reader.rank) if lane == source.lane else (source.rank, reader.rank - 1)
    return not any(stage.lane == lane and low <= stage.rank <= high for stage in graph.stages)


def _port(place: QRectF, box: Box) -> float:
    """How high ribbons meet a box: in the middle, of a tall one where its neighbours have theirs."""
    return place.top() + min(place.height(), box.height) / 2


def _curve(a: QPointF, b: QPointF) -> QPainterPath:
    middle = (a.x() + b.x()) / 2
    path = QPainterPath(a)
    path.cubicTo(QPointF(middle, a.y()), QPointF(middle, b.y()), b)
    return path


def rounded(points: list[QPointF], radius: float) -> QPainterPath:
    """Straight runs with round corners."""
    path = QPainterPath(points[0])
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        path.lineTo(_towards(corner, before, radius))
        path.quadTo(corner, _towards(corner, after, radius))
    path.lineTo(points[-1])
    return path


def _towards(start: QPointF, end: QPointF, distance: float) -> QPointF:
    length = math.hypot(end.x() - start.x(), end.y() - start.y())
    share = min(distance, length / 2) / length if length else 0.0
    return start + (end - start) * share


def parallel(path: QPainterPath, offset: float) -> QPainterPath:
    """The path moved sideways by `offset`, to its left where positive."""
    if not offset or path.elementCount() < 2:
        return path
    points = _flat(path)
    along = np.diff(points, axis=0)
    along /= np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-9)[:, None]
    turned = np.concatenate([along[:1], (along[1:] + along[:-1]) / 2, along[-1:]])
    turned /= np.maximum(np.hypot(turned[:, 0], turned[:, 1]), 1e-9)[:, None]
    moved = points + offset * np.stack([turned[:, 1], -turned[:, 0]], axis=1)
    moved = _without_loops(moved, along)
    result = QPainterPath(QPointF(*moved[0]))
    for x, y in moved[1:]:
        result.lineTo(x, y)
    return result


def _without_loops(moved: np.ndarray, along: np.ndarray) -> np.ndarray:
    """Moved points (n, 2) of a path with directions `along` (n-1, 2), with corners for loops.

    Where a bend is tighter than the way is moved, it would run backwards; there the runs beside it meet.
    """
    first = 0
    while True:
        back = (np.diff(moved, axis=0) * along).sum(axis=1) < -LEAST_STEP
        starts = first + np.flatnonzero(back[first:])
        if not starts.size:
            return moved
        start = stop = int(starts[0])
        while stop < len(back) and back[stop]:
            stop += 1
        corner = None
        if start > 0 and stop < len(back):
            corner = _meeting(moved[start], along[start - 1], moved[stop], along[stop])
        if corner is None:  # it begins or ends there, or turns round: left as it is
            first = stop
            continue
        moved = np.concatenate([moved[:start], corner[None], moved[stop + 1 :]])
        along = np.concatenate([along[:start], along[stop:]])
        first = 0  # the corner may lie before what came before it


def _meeting(a: np.ndarray, along_a: np.ndarray, b: np.ndarray, along_b: np.ndarray) -> np.ndarray | None:
    """Where two straight runs cross; None where they are as good as parallel."""
    across = along_a[0] * along_b[1] - along_a[1] * along_b[0]
    if abs(across) < 0.1:
        return None
    gap = b - a
    return a + along_a * ((gap[0] * along_b[1] - gap[1] * along_b[0]) / across)


def _flat(path: QPainterPath, steps: int = 12) -> np.ndarray:
    """The path's points: ends of straight runs, and `steps` on every curve."""
    points: list[tuple[float, float]] = []
    at = np.linspace(0, 1, steps + 1)[1:, None]
    n = 0
    while n < path.elementCount():
        element = path.elementAt(n)
        if element.type == QPainterPath.ElementType.CurveToElement:
            p0, p1 = np.array(points[-1]), np.array((element.x, element.y))
            second, third = path.elementAt(n + 1), path.elementAt(n + 2)
            p2, p3 = np.array((second.x, second.y)), np.array((third.x, third.y))
            curve = (1 - at) ** 3 * p0 + 3 * (1 - at) ** 2 * at * p1 + 3 * (1 - at) * at**2 * p2 + at**3 * p3
            points += [(float(x), float(y)) for x, y in curve]
            n += 3
        else:
            if not points or (element.x, element.y) != points[-1]:
                points.append((element.x, element.y))
            n += 1
    return np.array(points)
