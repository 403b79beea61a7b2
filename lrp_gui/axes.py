"""The axes of a plot in the theme's colours, the same in every view that lets pyqtgraph draw them."""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtGui import QFont

from lrp_gui.theme import Theme

TICK_POINTS = 8


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
