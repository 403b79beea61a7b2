"""Around the boxes of each part that stands open: a frame in every row, and its name, by which it is folded."""

from __future__ import annotations

from PySide6.QtCore import QRectF

from lrp_gui.languages import tr
from lrp_gui.viewer.ink import LEFT, Ink, last_parts, mix, width_of
from lrp_gui.viewer.picture import Hit
from lrp_gui.viewer.stage_boxes import draw_glyph, letters
from lrp_gui.viewer.stage_layout import StageLayout
from lrp_gui.viewer.stages import Frame, StageGraph

NEAR, STEP = 7.0, 4.0  # from the boxes, and from frame to frame
SHORTEST = 40.0  # a name
APART = 5.0  # a name and the sign of the next one
BELOW = 3.0  # a ribbon


def draw_frames(ink: Ink, graph: StageGraph, layout: StageLayout) -> None:
    """The frames, outermost first: ribbons run over them."""
    deepest = max((frame.depth for frame in graph.frames), default=0)
    for frame in graph.frames:
        around = NEAR + STEP * (deepest - frame.depth)
        for rect in _by_row(frame, graph, layout).values():
            room = rect.adjusted(-around, -around, around, around)
            ink.box(room, mix(ink.theme.background, ink.theme.other, 0.09), ink.theme.line, 1, 9)


def draw_titles(ink: Ink, graph: StageGraph, layout: StageLayout) -> list[tuple[QRectF, Hit]]:
    """Names where the parts begin, over the ribbons; where they lie in the picture."""
    deepest = max((frame.depth for frame in graph.frames), default=0)
    around = NEAR + STEP * deepest
    size = letters(ink, 10, (layout.choice[0].track - around - BELOW) / 1.3)  # below the ribbons of the gutter
    taken: dict[int, float] = {}
    spots = []
    starts = [_start(frame, graph, layout) for frame in graph.frames]
    for k, (frame, (first, start)) in enumerate(zip(graph.frames, starts, strict=True)):
        if first < 0:
            continue
        left = max(start.left() - 2, taken.get(first, start.left() - 2))
        text = frame.title.rpartition(".")[2] if first in taken else frame.title
        row, mark = layout.row_of[graph.stages[first].rank], 2.2 * size
        beside = (
            other.left() - 2 for n, other in starts
            if n >= 0 and layout.row_of[graph.stages[n].rank] == row and other.left() > start.left() + 1
        )  # fmt: skip
        within = sum(n == first for n, _ in starts[k + 1 :])  # parts that begin with the same box
        ends = (at - APART - within * (mark + APART + 1) for at in beside)
        room = min([max(SHORTEST, start.right() - left - mark), *(end - left - mark for end in ends)])
        text = last_parts(text, room, size, bold=True) if room > size else ""
        tall = 1.3 * size
        line = QRectF(left, start.top() - around - tall - 2, width_of(text, size, bold=True) + mark, tall)
        taken[first] = line.right() + APART + 1
        draw_glyph(ink, QRectF(line.left(), line.top() + 0.1 * size, 1.1 * size, 1.1 * size), opened=True)
        ink.text(line.adjusted(1.5 * size, 0, 0, 0), text, size, ink.theme.dim, LEFT, bold=True, halo=True)
        said = tr("{title}: fold it").format(title=frame.title)
        hit = Hit(graph.stages[first].layer, -1, said, opens=frame.id, at_once=True)
        spots.append((layout.in_picture(line), hit))
    return spots


def _start(frame: Frame, graph: StageGraph, layout: StageLayout) -> tuple[int, QRectF]:
    """Its first stage, -1 where none is drawn, and where its boxes lie in the row of that."""
    if not frame.stages:
        return -1, QRectF()
    first = min(frame.stages, key=lambda n: (graph.stages[n].rank, n))
    return first, _by_row(frame, graph, layout)[layout.row_of[graph.stages[first].rank]]


def _by_row(frame: Frame, graph: StageGraph, layout: StageLayout) -> dict[int, QRectF]:
    """Around its boxes in each row."""
    found: dict[int, QRectF] = {}
    for n in frame.stages:
        row = layout.row_of[graph.stages[n].rank]
        found[row] = found.get(row, QRectF()).united(layout.boxes[n])
    return found
