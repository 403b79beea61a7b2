"""Other ways to lay relevance over a picture: lines of equal relevance, and its size alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPen

from lrp_gui.document.words import plain
from lrp_gui.languages import tr
from lrp_gui.viewer.colouring import block_means
from lrp_gui.viewer.ink import CENTRE, Ink, mix
from lrp_gui.viewer.inputs.maps import HeatmapPicture

DOT, SHORT = 3.0, 8.0  # pixels: of a dotted line, and pieces that are too short for dots of their own
LEVELS = (0.25, 0.5, 0.75)  # of the largest size of what the lines are drawn of
FINEST = 64  # cells along the longer side: of more, lines would be a scribble
SMOOTH_ABOVE = 16  # cells; fewer are taken as they are

# Which edges of a square a line joins, by its corners above the level: top left 8, top right 4, bottom right 2,
# bottom left 1. Edges are 0 top, 1 right, 2 bottom, 3 left.
_LINES: dict[int, tuple[tuple[int, int], ...]] = {
    1: ((2, 3),),
    2: ((1, 2),),
    3: ((1, 3),),
    4: ((0, 1),),
    5: ((0, 3), (1, 2)),
    6: ((0, 2),),
    7: ((0, 3),),
    8: ((0, 3),),
    9: ((0, 2),),
    10: ((0, 1), (2, 3)),
    11: ((0, 1),),
    12: ((1, 3),),
    13: ((1, 2),),
    14: ((2, 3),),
}


def smoothed(plane: np.ndarray) -> tuple[np.ndarray, int]:
    """A plane of at most 64 cells a side, twice averaged over neighbours; over how many pixels each cell speaks."""
    each = -(-max(plane.shape) // FINEST)
    coarse = block_means(plane, -(-plane.shape[0] // each), -(-plane.shape[1] // each))
    if max(coarse.shape) <= SMOOTH_ABOVE:
        return coarse, each
    for _ in range(2):
        padded = np.pad(coarse, 1, mode="edge")
        coarse = (padded[:-2, 1:-1] + 2 * padded[1:-1, 1:-1] + padded[2:, 1:-1]) / 4
        padded = np.pad(coarse, 1, mode="edge")
        coarse = (padded[1:-1, :-2] + 2 * padded[1:-1, 1:-1] + padded[1:-1, 2:]) / 4
    return coarse, 5 * each


def contour(plane: np.ndarray, level: float) -> np.ndarray:
    """Where a plane crosses a level, by marching squares.

    Parameters
    ----------
    plane
        (height, width); its values stand in the middle of its cells.

    Returns
    -------
    ndarray
        (lines, 4): x and y of both ends, in cells from the plane's corner.
    """
    # What lies around the plane counts as zero, so that lines close.
    plane = np.pad(np.asarray(plane, dtype=float), 1) - level
    above = plane > 0
    case = 8 * above[:-1, :-1] + 4 * above[:-1, 1:] + 2 * above[1:, 1:] + above[1:, :-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        along = plane[:, :-1] / (plane[:, :-1] - plane[:, 1:])  # how far to the right the top and bottom edges cross
        down = plane[:-1] / (plane[:-1] - plane[1:])
    zeros, ones = np.zeros(case.shape), np.ones(case.shape)
    edge_x = (along[:-1], ones, along[1:], zeros)
    edge_y = (zeros, down[:, 1:], ones, down[:, :-1])
    rows, columns = np.indices(case.shape) - 0.5
    found = []
    for number, lines in _LINES.items():
        there = case == number
        if not there.any():
            continue
        for a, b in lines:
            ends = [columns + edge_x[a], rows + edge_y[a], columns + edge_x[b], rows + edge_y[b]]
            found.append(np.stack([end[there] for end in ends], axis=1))
    return np.concatenate(found) if found else np.zeros((0, 4))


@dataclass
class ContourPicture(HeatmapPicture):
    """Lines around what holds much relevance, over the value: solid for positive, dashed for negative."""

    def notes(self) -> str:
        """Where the lines are drawn, and of what."""
        coarse, over = smoothed(self.relevance)
        levels = ", ".join(plain(share * float(np.abs(coarse).max()), 2) for share in LEVELS)
        of = (
            tr(" of {letter} smoothed over about {over} pixels").format(letter=self.letter, over=over)
            if over > 1
            else ""
        )
        return tr("at ±{levels}{of}").format(levels=levels, of=of)

    def plane(self, ink: Ink, place: QRectF) -> None:
        """The value in grey and the lines."""
        from lrp_gui.viewer import plots

        tiles = self.value_tile(ink, place)
        if tiles:
            plots.heatmap(ink, tiles, place)
        coarse, _ = smoothed(self.relevance)
        largest = float(np.abs(coarse).max())
        across, down = place.width() / coarse.shape[1], place.height() / coarse.shape[0]
        for share in LEVELS if largest else ():
            for sign, colour in ((1, ink.theme.positive), (-1, ink.theme.negative)):
                ends = contour(sign * coarse, share * largest) * (across, down, across, down)
                dotted = sign < 0 and max(across, down) < SHORT
                if dotted:  # pieces shorter than a dot would join to a whole line
                    ends = ends[(np.floor((ends[:, :2] + ends[:, 2:]) / (2 * DOT)).sum(axis=1) % 2) == 0]
                lines = [QLineF(*end).translated(place.topLeft()) for end in ends.tolist()]
                for pen in _pens(ink, colour, share, dashed=sign < 0 and not dotted):
                    ink.painter.setPen(pen)
                    ink.painter.drawLines(lines)

    def legend(self, ink: Ink, rect: QRectF, top: float) -> None:
        """Which line is which."""
        half = min(120.0, rect.width() / 2)
        for n, (text, colour) in enumerate(
            ((tr("positive"), ink.theme.positive), (tr("negative"), ink.theme.negative))
        ):
            left = rect.left() + n * half + 8
            for pen in _pens(ink, colour, 0.5, dashed=n == 1):
                ink.painter.setPen(pen)
                ink.painter.drawLine(QPointF(left, top + 6), QPointF(left + 20, top + 6))
            ink.text(QRectF(left + 24, top - 1, half - 34, 14), text, 10.5, ink.theme.dim)


@dataclass
class SaliencyPicture(HeatmapPicture):
    """How much relevance there is, whatever its sign: one colour from none to the limit."""

    def plane(self, ink: Ink, place: QRectF) -> None:
        """|R| alone; the value would be taken for relevance."""
        import pyqtgraph as pg

        from lrp_gui.viewer import plots

        stops = np.array([QColor(colour).getRgb() for colour in self._ends(ink)], dtype=np.ubyte)
        plots.heatmap(
            ink, [(place, np.abs(self.relevance), (0.0, self.strongest), pg.ColorMap([0.0, 1.0], stops))], place
        )

    def legend(self, ink: Ink, rect: QRectF, top: float) -> None:
        """From none to the limit."""
        bar = QRectF(rect.center().x() - 75, top, 150, 9)
        ink.gradient_bar(bar, list(enumerate(self._ends(ink))))
        for text, x in (("0", bar.left()), ("|R|", bar.center().x()), (plain(self.strongest, 2), bar.right())):
            ink.text(QRectF(x - 40, bar.bottom() + 1, 80, 14), text, 10.5, ink.theme.dim, CENTRE)

    @staticmethod
    def _ends(ink: Ink) -> tuple[QColor, QColor]:
        return QColor(ink.theme.panel), mix(ink.theme.panel, ink.theme.text, 0.95)


def _pens(ink: Ink, colour: str, share: float, *, dashed: bool) -> list[QPen]:
    """A line with an edge in the background's colour: it has to be seen on every grey."""
    width = 1.0 + 1.6 * share
    pens = [QPen(ink.colour(ink.theme.background, 0.8), width + 2), QPen(QColor(colour), width)]
    for pen in pens:
        pen.setCapStyle(Qt.PenCapStyle.RoundCap if not dashed else Qt.PenCapStyle.FlatCap)
    if dashed:
        pens[1].setStyle(Qt.PenStyle.DotLine)
    return pens
