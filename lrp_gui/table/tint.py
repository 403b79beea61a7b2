"""The colour of a cell by its relevance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QColor

if TYPE_CHECKING:
    from lrp_gui.theme import Theme

STEPS = 128  # a side of zero
# Above this luminance black has the higher contrast, below it white; each then has at least 4.5 : 1.
BLACK_READS_BETTER = 0.18


class Tint:
    """The theme's diverging map, ready for cells, with text that can be read on each colour."""

    def __init__(self, theme: Theme) -> None:
        stops = [QColor(stop) for stop in theme.relevance_map]
        self._colours = [_between(stops, step / (2 * STEPS)) for step in range(2 * STEPS + 1)]
        dark, light = QColor("#000000"), QColor("#ffffff")
        self._texts = [dark if _luminance(colour) > BLACK_READS_BETTER else light for colour in self._colours]
        self.warning = QColor(theme.warning)
        self.warned = _between([QColor(theme.panel), self.warning], 0.18)
        self.read_only = QColor(theme.raised)
        self.dim = QColor(theme.dim)

    def background(self, share: float) -> QColor:
        """The colour of a relevance, as a share of the largest: -1 … +1."""
        return self._colours[self._step(share)]

    def text(self, share: float) -> QColor:
        """Black or white, whichever is read on that colour."""
        return self._texts[self._step(share)]

    @staticmethod
    def _step(share: float) -> int:
        return round((min(1.0, max(-1.0, share)) + 1.0) * STEPS)


def _between(stops: list[QColor], at: float) -> QColor:
    """The colour at 0 … 1 along evenly spaced stops."""
    place = at * (len(stops) - 1)
    first = min(int(place), len(stops) - 2)
    part, low, high = place - first, stops[first].getRgb(), stops[first + 1].getRgb()
    return QColor(*(round(a + (b - a) * part) for a, b in zip(low[:3], high[:3], strict=True)))  # type: ignore[index]


def _luminance(colour: QColor) -> float:
    """Relative luminance after WCAG 2."""
    parts = (colour.redF(), colour.greenF(), colour.blueF())
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
