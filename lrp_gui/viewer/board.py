"""Several pictures on one sheet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Self

from PySide6.QtCore import QPointF, QRectF, QSizeF

from lrp_gui.languages import trn
from lrp_gui.theme import Theme
from lrp_gui.viewer.colouring import in_scheme
from lrp_gui.viewer.ink import CENTRE, Ink
from lrp_gui.viewer.picture import Drawing, Hit

LEAST_HEIGHT = 210  # of a chart among others
FOOT = 15.0  # of the line that says how many have no room


@dataclass
class Board(Drawing):
    """Several pictures on one sheet; `places` gives each its rectangle for a size."""

    parts: tuple[Drawing, ...] = ()
    places: Callable[[QSizeF], list[QRectF]] = lambda _size: []

    def themed(self, theme: Theme) -> Self:
        """All parts in other colours."""
        theme = in_scheme(theme, self.theme.scheme)
        return replace(self, theme=theme, parts=tuple(part.themed(theme) for part in self.parts), spots=[])

    def paint(self, ink: Ink, size: QSizeF) -> None:
        """Each part in its place; how many have none is said below."""
        places = self.places(size)
        for part, place in zip(self.parts, places, strict=False):
            part.draw(ink.painter, place, 1.0)
        if left := len(self.parts) - len(places):
            told = trn("{n} more picture needs more height", "{n} more pictures need more height", left)
            ink.text(QRectF(0, size.height() - FOOT, size.width(), FOOT - 1), told, 10.5, ink.theme.dim, CENTRE)

    def hit(self, point: QPointF, size: QSizeF) -> Hit | None:
        """What the part under the point says."""
        for part, place in zip(self.parts, self.places(size), strict=False):
            if place.contains(point):
                return part.hit(point - place.topLeft(), place.size())
        return None


def stacked(theme: Theme, charts: Sequence[Drawing]) -> Drawing:
    """Charts under each other, as many as find room."""
    if len(charts) == 1:
        return charts[0]

    def places(size: QSizeF) -> list[QRectF]:
        shown = charts[: max(1, min(len(charts), int(size.height() // LEAST_HEIGHT)))]
        room = size.height() - (FOOT if len(shown) < len(charts) else 0)
        whole = sum(chart.size[1] for chart in shown)
        result, top = [], 0.0
        for chart in shown:
            tall = room * chart.size[1] / whole
            result.append(QRectF(0, top, size.width(), tall))
            top += tall
        return result

    board = Board(theme, charts[0].title, charts[0].caption, parts=tuple(charts), places=places)
    board.size = (max(chart.size[0] for chart in charts), min(1200.0, sum(chart.size[1] for chart in charts)))
    return board
