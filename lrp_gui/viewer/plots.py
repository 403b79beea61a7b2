"""The pyqtgraph items behind bars, histograms and heatmaps, kept ready between drawings.

A plot with its axes takes longer to build than to fill, and drawing happens on one thread only, so each kind
has one scaffold that every picture fills and renders. Nothing here is imported before the first such picture.
"""

from __future__ import annotations

import atexit
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRect, QRectF
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QGraphicsScene

from lrp_gui.axes import CountAxis, NumberAxis
from lrp_gui.theme import Theme
from lrp_gui.viewer.ink import Ink, font, mix, over, width_of

VECTOR_CELLS = 8192  # heatmaps with no more cells in all are drawn as polygons: sharp in a vector file
TICKS = 10.5
APART = 8.0  # pixels between two numbers of an axis
FEW = 8  # units


class Scaffold:
    """One hidden plot with left, right and bottom axes, and the bars in it."""

    def __init__(self) -> None:
        self.view = pg.GraphicsLayoutWidget(show=False)
        self.view.ci.setContentsMargins(0, 0, 0, 0)
        self.view.setBackground(None)
        axes = {"bottom": _Axis("bottom"), "left": CountAxis("left")}
        self.plot = self.view.ci.addPlot(enableMenu=False, axisItems=axes)
        self.plot.hideButtons()
        self.box = self.plot.getViewBox()
        self.box.setMouseEnabled(False, False)
        self.plot.showAxis("right")
        self.bars = pg.BarGraphItem(x0=[0], y=[0], width=[0], height=[0], pen=None, brush="w")
        self.plot.addItem(self.bars)
        self.zero = pg.InfiniteLine(0, angle=90)
        self.plot.addItem(self.zero)

    def axis(
        self,
        name: str,
        theme: Theme,
        ticks: Sequence[tuple[float, str]] | None,
        colour: str = "",
        width: float | None = None,
    ) -> None:
        """Colours, font and texts of one axis; None for the axis's own numbers."""
        axis = self.plot.getAxis(name)
        axis.setTickFont(font(TICKS))
        axis.setTextPen(QColor(colour or theme.dim))
        axis.setPen(pg.mkPen(theme.line) if name == "bottom" else None)
        axis.setTickPen(pg.mkPen(theme.line))
        axis.setStyle(
            tickLength=-4 if name == "bottom" else 0,
            tickTextOffset=6,
            autoExpandTextSpace=True,
            hideOverlappingLabels=True,
        )
        axis.setTicks(None if ticks is None else [list(ticks)])
        if name != "bottom":
            axis.setWidth(width)

    def render(self, ink: Ink, rect: QRectF) -> None:
        """Draw the plot into a rectangle of logical pixels."""
        width, height = max(20, round(rect.width())), max(20, round(rect.height()))
        # Axes that became narrower or wider tell it by an event, and nobody processes events before the painting below:
        # from the inside, or the room that an earlier picture needed is kept; then what the new size leaves to each.
        inner: Any = self.plot.layout
        outer: Any = self.view.ci.layout
        for layout in (inner, outer):
            layout.activate()
        self.view.resize(width, height)
        self.view.resizeEvent(None)
        for layout in (outer, inner):
            layout.activate()
        self.view.render(ink.painter, rect, QRect(0, 0, width, height))


class _Axis(NumberAxis):
    """Numbers with air between them."""

    def tickSpacing(self, minVal: float, maxVal: float, size: float) -> list[Any]:  # noqa: N802 - pyqtgraph's
        """As pyqtgraph finds it, or wider where long numbers would run into each other."""
        levels = super().tickSpacing(minVal, maxVal, size)
        spacing = levels[0][0]
        for factor in (1, 2, 5, 10):
            ends = [round(end / (spacing * factor)) * spacing * factor for end in (minVal, maxVal)]
            wide = max(width_of(text, TICKS) for text in self.tickStrings(ends, 1.0, spacing * factor))
            if factor * spacing * size >= (wide + APART) * (maxVal - minVal):
                break
        return levels if factor == 1 else [(spacing * factor, 0)]


@cache
def scaffold(kind: str) -> Scaffold:  # noqa: ARG001 - the key of the cache
    """The kept plot of a kind ("bars", "histogram")."""
    return Scaffold()


# A view that is left to the interpreter's end outlives the application and takes the process down with it.
atexit.register(scaffold.cache_clear)


def bars(
    ink: Ink,
    rect: QRectF,
    names: Sequence[str],
    values: np.ndarray,
    texts: Sequence[str],
    colours: Sequence[str],
    *,
    widest_name: float,
    limit: float = 0.0,
) -> list[QRectF]:
    """Horizontal bars from top to bottom about a zero line; `texts` stand at the right.

    `limit`: the axis reaches so far to both sides; 0 for as far as the bars do. Returns the row of each bar, as wide
    as the plot.
    """
    theme = ink.theme
    frame = scaffold("bars")
    at = np.arange(len(values), dtype=float)
    frame.bars.setOpts(
        x0=np.minimum(values, 0),
        width=np.abs(values),
        y=at,
        height=0.68,
        brushes=[QColor(c) for c in colours],
        pens=None,
        pen=None,
    )
    frame.zero.setPen(pg.mkPen(theme.dim, width=1))
    frame.box.invertY(True)
    frame.axis("left", theme, list(zip(at, names, strict=True)), theme.text, widest_name)
    frame.axis(
        "right", theme, list(zip(at, texts, strict=True)), theme.text, max(width_of(text, TICKS) for text in texts) + 12
    )
    frame.axis("bottom", theme, None)
    low, high = float(min(values.min(), 0)), float(max(values.max(), 0))
    if low < 0 < high:  # symmetric about zero where both signs occur
        high = max(high, -low)
        low = -high
    if limit:
        low, high = -limit, limit
    span = (high - low) or 1.0
    frame.box.setXRange(low - 0.02 * span, high + 0.02 * span, padding=0)
    frame.box.setYRange(-0.6, max(len(values), 1) - 0.4, padding=0)
    frame.render(ink, rect)
    area = frame.box.sceneBoundingRect()
    tall = area.height() / (max(len(values), 1) + 0.2)
    top = rect.top() + area.top() + 0.1 * tall
    return [QRectF(rect.left(), top + n * tall, rect.width(), tall) for n in range(len(values))]


def histogram(ink: Ink, rect: QRectF, edges: np.ndarray, counts: np.ndarray) -> None:
    """How many units hold how much relevance, the sign by colour."""
    theme = ink.theme
    frame = scaffold("histogram")
    middle = (edges[1:] + edges[:-1]) / 2
    colours = [theme.positive if x > 0 else theme.negative for x in middle]
    frame.bars.setOpts(
        x0=edges[:-1], width=np.diff(edges) * 0.94, y0=np.zeros(len(counts)), height=counts.astype(float),
        brushes=[QColor(c) for c in colours], pens=None, pen=None, y=None,
    )  # fmt: skip
    frame.zero.setPen(pg.mkPen(theme.dim, width=1))
    most = int(counts.max(initial=0))  # there are no halves of a unit
    frame.axis("left", theme, [(n, str(n)) for n in range(most + 1)] if most <= FEW else None)
    frame.axis("right", theme, [])
    frame.axis("bottom", theme, None)
    frame.box.setXRange(float(edges[0]), float(edges[-1]), padding=0.02)
    frame.box.setYRange(0, float(counts.max()) * 1.05 or 1.0, padding=0)
    frame.render(ink, rect)


def colour_map(theme: Theme, faded: float | None = None) -> pg.ColorMap:
    """The theme's diverging map; with `faded`, transparent at zero and that opaque at the ends."""
    stops = [QColor(stop).getRgb() for stop in theme.relevance_map]
    at = np.linspace(0, 1, len(stops))
    if faded is not None:
        at = np.linspace(0, 1, 33)
        stops = [over(theme, 2 * x - 1, faded).getRgb() for x in at]
    return pg.ColorMap(at, np.array(stops, dtype=np.ubyte))


def greys(theme: Theme) -> tuple[QColor, QColor]:
    """Values: from the panel's colour (lowest) half way to the text's (highest): relevance over it stays readable."""
    return QColor(theme.panel), mix(theme.panel, theme.text, 0.55)


def grey_map(theme: Theme) -> pg.ColorMap:
    """The map of values."""
    return pg.ColorMap([0.0, 1.0], np.array([colour.getRgb() for colour in greys(theme)], dtype=np.ubyte))


def heatmap(
    ink: Ink, tiles: Sequence[tuple[QRectF, np.ndarray, tuple[float, float], pg.ColorMap]], area: QRectF
) -> None:
    """Draw planes (height, width) into their rectangles, each with its limits and colours."""
    scene = QGraphicsScene()
    scene.setSceneRect(area)
    item = _mesh if sum(plane.size for _, plane, _, _ in tiles) <= VECTOR_CELLS else _image
    for rect, plane, levels, colours in tiles:
        scene.addItem(item(rect, plane, levels, colours))
    scene.render(ink.painter, area, area)
    scene.clear()


def _mesh(rect: QRectF, plane: np.ndarray, levels: tuple[float, float], colours: pg.ColorMap) -> pg.PColorMeshItem:
    height, width = plane.shape
    x = np.linspace(rect.left(), rect.right(), width + 1)
    y = np.linspace(rect.top(), rect.bottom(), height + 1)
    grid_x, grid_y = np.meshgrid(x, y)
    return pg.PColorMeshItem(grid_x, grid_y, plane, colorMap=colours, levels=levels, enableAutoLevels=False)


def _image(rect: QRectF, plane: np.ndarray, levels: tuple[float, float], colours: pg.ColorMap) -> pg.ImageItem:
    # Repeated pixels stay square where a viewer smooths what it enlarges.
    times = max(1, 512 // max(plane.shape))
    item = pg.ImageItem(np.kron(plane, np.ones((times, times))), axisOrder="row-major")
    item.setLevels(levels)
    item.setLookupTable(np.asarray(colours.getLookupTable(nPts=256, alpha=True)))
    item.setRect(rect)
    return item
