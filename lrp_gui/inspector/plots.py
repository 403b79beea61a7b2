"""The inspector's pyqtgraph views: a histogram, and a plane of numbers in the theme's colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, QSize, Signal
from PySide6.QtGui import QColor

from lrp_gui.axes import CountAxis, NumberAxis, colour_axes
from lrp_gui.document.words import plain
from lrp_gui.languages import thousands

if TYPE_CHECKING:
    from lrp_gui.jobs.inspected import Summary
    from lrp_gui.theme import Theme

# A strip is stretched: at its true proportions nobody would see it.
MOST_ASPECT = 12
LEVELS = 256


class Plot(pg.GraphicsLayoutWidget):
    """One plot without menus and buttons, which does not swallow the wheel of the page it stands in."""

    pointed = Signal(str)  # what lies under the mouse, "" for nothing

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.plot = self.ci.addPlot(enableMenu=False)
        self.plot.hideButtons()
        self.ci.setContentsMargins(2, 4, 8, 2)
        self.box = self.plot.getViewBox()
        self.box.setDefaultPadding(0)
        self.setMinimumSize(120, 110)
        scene = self.sceneObj
        assert scene is not None
        scene.sigMouseMoved.connect(self._point)
        self.set_theme(theme)

    def sizeHint(self) -> QSize:  # noqa: D102
        return QSize(320, 260)

    def set_theme(self, theme: Theme) -> None:
        """Take over the colours."""
        self._theme = theme
        self.setBackground(theme.panel)
        colour_axes(self.plot, theme, self.font())

    def _point(self, place: QPointF) -> None:
        at = self.box.mapSceneToView(place)
        inside = self.box.sceneBoundingRect().contains(place)
        self.pointed.emit(self.at(at.x(), at.y()) if inside else "")

    def at(self, x: float, y: float) -> str:  # noqa: ARG002
        """What stands at a place of the plot, in words."""
        return ""


class _Places(CountAxis):
    """Whole numbers within an axis of the tensor, and nothing beyond its ends."""

    length = 0

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:  # noqa: N802 - pyqtgraph's name
        """The places that there are."""
        texts = super().tickStrings(values, scale, spacing)
        return [text if 0 <= value < self.length else "" for text, value in zip(texts, values, strict=True)]


class Histogram(Plot):
    """How many numbers lie where, between the smallest and the largest."""

    def __init__(self, theme: Theme) -> None:
        self._summary: Summary | None = None
        self._log = False
        super().__init__(theme)
        self.setAccessibleName(self.tr("Histogram"))
        self.plot.setAxisItems({"bottom": NumberAxis("bottom"), "left": CountAxis("left")})
        self.box.setMouseEnabled(False, False)
        self.bars = pg.BarGraphItem(x0=[0], y0=[0], width=[0], height=[0], pen=None, brush=theme.accent)
        self.plot.addItem(self.bars)
        self.zero = pg.InfiniteLine(0, angle=90)
        self.plot.addItem(self.zero)
        self.set_theme(theme)

    @property
    def edges(self) -> np.ndarray:
        """Where the bars begin and end; one value gets a bar about it."""
        assert self._summary is not None
        low, high, parts = self._summary.min, self._summary.max, len(self._summary.histogram)
        if not high > low:
            half = abs(low) / 20 or 0.5
            return np.array([low - half, low + half])
        return low + (high - low) * np.linspace(0, 1, parts + 1) if np.isfinite(high - low) else np.array([low, high])

    @property
    def counts(self) -> np.ndarray:
        """How many numbers each bar stands for."""
        assert self._summary is not None
        counts = self._summary.histogram
        return counts if len(counts) == len(self.edges) - 1 else np.array([counts.sum()])

    def show_summary(self, summary: Summary) -> None:
        """Draw the histogram of these statistics."""
        self._summary = summary
        self._draw()

    def set_logarithmic(self, log: bool) -> None:
        """Bars as high as the logarithm of what they count, so that the rare ones are seen."""
        self._log = log
        self._draw()

    def set_theme(self, theme: Theme) -> None:
        """Take over the colours."""
        super().set_theme(theme)
        if hasattr(self, "zero"):
            self.zero.setPen(pg.mkPen(theme.dim, width=1))
            self._draw()

    def at(self, x: float, y: float) -> str:  # noqa: ARG002
        """Which part lies there, and how many numbers in it."""
        if self._summary is None or not len(self._summary.histogram):
            return ""
        edges = self.edges
        part = int(np.searchsorted(edges, x, side="right")) - 1
        if not 0 <= part < len(self.counts):
            return ""
        return self.tr("{count} numbers from {low} to {high}").format(
            count=thousands(int(self.counts[part])), low=plain(edges[part], 4), high=plain(edges[part + 1], 4)
        )

    def _draw(self) -> None:
        if self._summary is None or not len(self._summary.histogram):
            return
        theme, edges = self._theme, self.edges
        heights = np.log10(1.0 + self.counts) if self._log else self.counts.astype(float)
        middle = (edges[1:] + edges[:-1]) / 2
        colours = [QColor(theme.positive if x >= 0 else theme.negative) for x in middle]
        self.bars.setOpts(
            x0=edges[:-1], width=np.diff(edges) * 0.94, y0=np.zeros(len(heights)), height=heights,
            brushes=colours, pens=None, pen=None, y=None,
        )  # fmt: skip
        top = float(heights.max()) or 1.0
        self.plot.getAxis("left").setTicks([_powers(top)] if self._log else None)
        self.box.setXRange(float(edges[0]), float(edges[-1]), padding=0.02)
        self.box.setYRange(0, top * 1.05, padding=0)


def _powers(top: float) -> list[tuple[float, str]]:
    """Where counts of 1, 10, 100 … stand on the logarithmic axis; at most six of them."""
    powers = range(int(top) + 1)
    every = -(-len(powers) // 6)
    return [(0.0, "0"), *((float(np.log10(1 + 10.0**n)), thousands(10**n)) for n in powers[::every])]


class PlaneView(Plot):
    """Numbers as coloured cells, symmetric about zero; what is not finite lies open."""

    def __init__(self, theme: Theme) -> None:
        self.cells = np.zeros((0, 0))
        self._step = (1, 1)
        self._labels: tuple[str, str] | None = None
        self.limit = 0.0
        super().__init__(theme)
        self.axes = {"bottom": _Places("bottom"), "left": _Places("left")}
        self.plot.setAxisItems(dict(self.axes))
        self.image = pg.ImageItem(axisOrder="row-major")
        self.plot.addItem(self.image)
        self.box.invertY(True)
        self.box.setMouseEnabled(True, True)
        self.box.sigResized.connect(self._fit)
        self.set_theme(theme)

    def show_cells(
        self, cells: np.ndarray, step: tuple[int, int] = (1, 1), labels: tuple[str, str] | None = None, limit: float = 0
    ) -> None:
        """Draw (rows, columns), each cell `step` numbers high and wide; without labels the axes are left out.

        `limit` is what the ends of the colours mean; 0 for the largest magnitude that is shown.
        """
        self.cells, self._step, self._labels = cells, step, labels
        finite = np.abs(cells[np.isfinite(cells)])
        self.limit = limit or (float(finite.max()) if finite.size else 0.0) or 1.0
        rows, columns = cells.shape
        wide, high = columns * step[1], rows * step[0]
        for n, (name, size) in enumerate((("left", high), ("bottom", wide))):
            text = labels[n] if labels else ""
            self.plot.showAxis(name, bool(text))
            self.axes[name].length = size
            self.axes[name].setLabel(text)
        self._draw()
        self.image.setRect(QRectF(0, 0, wide, high))
        self.box.setAspectLocked(max(wide, high) <= MOST_ASPECT * min(wide, high))
        self.box.setLimits(xMin=-wide, xMax=2 * wide, yMin=-high, yMax=2 * high)
        self._fit()

    def _fit(self) -> None:
        """All of it, also when the view has got its size only now or another one."""
        if self.cells.size:
            high, wide = (size * step for size, step in zip(self.cells.shape, self._step, strict=True))
            self.box.setRange(QRectF(0, 0, wide, high), padding=0.01)

    def set_theme(self, theme: Theme) -> None:
        """Take over the colours."""
        super().set_theme(theme)
        if hasattr(self, "image") and self.cells.size:
            self._draw()

    def at(self, x: float, y: float) -> str:
        """The place and the number."""
        row, column = int(y // self._step[0]), int(x // self._step[1])
        if not (0 <= row < self.cells.shape[0] and 0 <= column < self.cells.shape[1]):
            return ""
        number = plain(self.cells[row, column], 4, self.tr("not finite"))
        if self._labels is None:
            return "" if np.isnan(self.cells[row, column]) else number
        places = [
            thousands(first * size) if size == 1 else f"{thousands(first * size)} …"
            for first, size in zip((row, column), self._step, strict=True)
        ]
        return self.tr("row {row}, column {column}: {number}").format(row=places[0], column=places[1], number=number)

    def _draw(self) -> None:
        self.image.setImage(self.cells / self.limit, levels=(-1.0, 1.0), lut=table(self._theme))


def table(theme: Theme) -> np.ndarray:
    """The theme's diverging colours from −1 to +1, as `LEVELS` × RGBA."""
    stops = [QColor(stop).getRgb() for stop in theme.relevance_map]
    colours = pg.ColorMap(np.linspace(0, 1, len(stops)), np.array(stops, dtype=np.ubyte))
    return np.asarray(colours.getLookupTable(nPts=LEVELS, alpha=True))
