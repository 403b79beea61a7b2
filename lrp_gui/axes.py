"""The axes of a plot, the same in every view that lets pyqtgraph draw them: its numbers, and the theme's colours."""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtGui import QFont

from lrp_gui.document.words import MINUS
from lrp_gui.languages import thousands
from lrp_gui.theme import Theme

TICK_POINTS = 8


class NumberAxis(pg.AxisItem):
    """Numbers with a true minus, as everywhere in the window."""

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:  # noqa: N802 - pyqtgraph's name
        """As pyqtgraph writes them, but for the minus."""
        return [text.replace("-", MINUS) for text in super().tickStrings(values, scale, spacing)]


class CountAxis(pg.AxisItem):
    """Whole numbers with their thousands apart; nothing stands between two of them."""

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:  # noqa: ARG002, N802 - pyqtgraph's name
        """As the window writes counts, however many there are."""
        return [thousands(round(value)) if value == round(value) else "" for value in values]


def colour_axes(plot: pg.PlotItem, theme: Theme, font: QFont) -> None:
    """Colours and a small font for the left and the bottom axis, their labels too."""
    small = QFont(font)
    small.setPointSize(TICK_POINTS)
    for name in ("left", "bottom"):
        axis = plot.getAxis(name)
        axis.setPen(pg.mkPen(theme.line))
        axis.setTextPen(pg.mkPen(theme.dim))
        axis.setTickFont(small)
        axis.labelStyle = {"color": theme.dim, "font-size": f"{TICK_POINTS}pt"}
