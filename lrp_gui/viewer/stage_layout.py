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

from lrp_gui.viewer.stages import Branch, StageGraph

LANE_GAP = 26.0
SIDE = 30.0
GAP_TURN = 24.0
READABLE = 0.8  # below this scale, larger text is worth more than larger boxes
WIDEST = 34.0  # ribbon


class Box(NamedTuple):
    """A size of box, the space between ranks, the gutter above each row, and how far it may be blown up."""

    width: float
    height: float
    gap: float = 62.0
    gutter: float = 60.0
    largest: float = 2.0  # scale


BOXES = (Box(128, 66, 34, 42), Box(150, 108), Box(164, 134), Box(190, 164))  # the taller, the more room for maps
PLAIN_BOXES = (Box(160, 46, largest=1.3),)  # name and shape alone


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


def lay_out_stages(graph: StageGraph, area: QRectF, sizes: tuple[Box, ...] = BOXES) -> StageLayout:
    """Choose boxes and the number of ranks per row that show them largest in `area`."""
    ranks = 1 + max((stage.rank for stage in graph.stages), default=0)
    lanes_at = [1] * ranks
    for stage in graph.stages:
        lanes_at[stage.rank] = max(lanes_at[stage.rank], stage.lane + 1)
    choices = [(per_row, box) for per_row in range(1, ranks + 1) for box in sizes]
    per_row, box = max(choices, key=lambda choice: (_worth(*choice, lanes_at, area), choice[0]))
    scale = _scale(per_row, box, lanes_at, area)
    tops, y = [], 0.0
    for lanes in _rows(per_row, lanes_at):
        tops.append(y + box.gutter)
        y += box.gutter + lanes * (box.height + LANE_GAP) - LANE_GAP
    width, height = _size(per_row, box, lanes_at)
    boxes = []
    for stage in graph.stages:
        row, at = divmod(stage.rank, per_row)
        left, top = SIDE + at * (box.width + box.gap), tops[row] + stage.lane * (box.height + LANE_GAP)
        boxes.append(QRectF(left, top, box.width, box.height))
    paths = tuple(_route(graph, branch, boxes, box, per_row, tops) for branch in graph.branches)
    largest = max((branch.positive - branch.negative for branch in graph.branches), default=0.0)
    left = area.left() + (area.width() - width * scale) / 2
    # The first row's gutter often stays empty: the whole is centred a little higher.
    top = area.top() + max(0.0, (area.height() - height * scale) / 2 - box.gutter * scale * 0.2)
    return StageLayout(tuple(boxes), paths, width, height, scale, left, top, WIDEST / largest if largest else 0.0)


def _rows(per_row: int, lanes_at: list[int]) -> list[int]:
    """Lanes of each row."""
    return [max(lanes_at[n : n + per_row]) for n in range(0, len(lanes_at), per_row)]


def _size(per_row: int, box: Box, lanes_at: list[int]) -> tuple[float, float]:
    """Width and height of the whole in layout units."""
    height = sum(box.gutter + lanes * (box.height + LANE_GAP) - LANE_GAP for lanes in _rows(per_row, lanes_at)) + 10
    return 2 * SIDE + per_row * (box.width + box.gap) - box.gap, height


def _scale(per_row: int, box: Box, lanes_at: list[int], area: QRectF) -> float:
    """How large it can be drawn."""
    width, height = _size(per_row, box, lanes_at)
    return max(0.05, min(box.largest, area.width() / width, area.height() / height))


def _worth(per_row: int, box: Box, lanes_at: list[int], area: QRectF) -> int:
    """Large boxes are good, but no picture is worth text that cannot be read."""
    scale = _scale(per_row, box, lanes_at, area)
    return round(scale**2 * box.width * box.height * min(1.0, scale / READABLE) ** 3)


def _route(
    graph: StageGraph, branch: Branch, boxes: list[QRectF], box: Box, per_row: int, tops: list[float]
) -> QPainterPath:
    """The middle line of a branch, from its source to its reader."""
    source, reader = graph.stages[branch.source], graph.stages[branch.reader]
    a, b = boxes[branch.source], boxes[branch.reader]
    row_a, row_b = source.rank // per_row, reader.rank // per_row
    step = reader.rank - source.rank
    if row_a == row_b and (step == 1 or (source.lane != reader.lane and step <= 2)):
        return _curve(QPointF(a.right(), a.center().y()), QPointF(b.left(), b.center().y()))
    if row_a == row_b:
        track = tops[row_a] - 10 - min(14.0, 4 * math.log2(step))
        points = [
            QPointF(a.center().x() + 24, a.top()),
            QPointF(a.center().x() + 24, track),
            QPointF(b.center().x() - 24, track),
            QPointF(b.center().x() - 24, b.top()),
        ]
        return _rounded(points, 16)
    above = tops[row_b] - box.gutter * 0.72
    if step == 1:
        turn = min(GAP_TURN, box.gap * 0.42)
        points = [
            QPointF(a.right(), a.center().y()),
            QPointF(a.right() + turn, a.center().y()),
            QPointF(a.right() + turn, above),
            QPointF(b.left() - turn, above),
            QPointF(b.left() - turn, b.center().y()),
            QPointF(b.left(), b.center().y()),
        ]
        return _rounded(points, 16)
    below = tops[row_a + 1] - box.gutter * 0.42
    points = [QPointF(a.center().x(), a.bottom()), QPointF(a.center().x(), below)]
    if row_b > row_a + 1:
        points += [QPointF(SIDE * 0.3, below), QPointF(SIDE * 0.3, above + box.gutter * 0.3)]
    points += [
        QPointF(b.center().x(), above + box.gutter * 0.3 if row_b > row_a + 1 else below),
        QPointF(b.center().x(), b.top()),
    ]
    return _rounded(points, 14)


def _curve(a: QPointF, b: QPointF) -> QPainterPath:
    middle = (a.x() + b.x()) / 2
    path = QPainterPath(a)
    path.cubicTo(QPointF(middle, a.y()), QPointF(middle, b.y()), b)
    return path


def _rounded(points: list[QPointF], radius: float) -> QPainterPath:
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
    result = QPainterPath(QPointF(*moved[0]))
    for x, y in moved[1:]:
        result.lineTo(x, y)
    return result


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
