"""The curves of a sweep: outputs and relevance over a feature's value, beside or above each other as there is room."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetrics, QKeyEvent, QResizeEvent

from lrp_gui.axes import TICK_POINTS, NumberAxis, colour_axes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lrp_gui.theme import Theme

AXIS_WIDTH, AXIS_HEIGHT = 52, 34
# So many times wider than high, the two stand side by side.
BESIDE = 2.0
STYLES = (Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine, Qt.PenStyle.DotLine, Qt.PenStyle.DashDotLine)
GLYPHS = ("━━", "╍╍", "┅┅", "━·")
# Single points are marked while they can be told apart.
MOST_MARKS = 41


@dataclass(frozen=True, slots=True)
class Line:
    """One output along the feature."""

    name: str
    values: np.ndarray  # (points,), NaN where nothing is known


class SweepPlot(pg.GraphicsLayoutWidget):
    """Two plots over one axis; a click or the dragged marker chooses a value."""

    picked = Signal(float, bool)  # a value, and whether it is being dragged
    stepped = Signal(int)  # by the arrow keys
    pointed = Signal(float)  # the value under the mouse, NaN for none

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme, self._beside, self._titles = theme, None, ("", "")
        self.ci.setContentsMargins(2, 2, 10, 2)
        self.ci.setSpacing(4)
        self.outputs, self.relevance = (self._plot() for _ in range(2))
        self.relevance.setXLink(self.outputs)
        self.lines = [self.outputs.plot() for _ in STYLES]
        self.above, self.below, self.curve = (pg.PlotDataItem() for _ in range(3))
        for item in (self.above, self.below, self.curve):
            self.relevance.addItem(item)
        self.zero = pg.InfiniteLine(0, angle=0)
        self.relevance.addItem(self.zero)
        self.markers = [pg.InfiniteLine(0, angle=90, movable=True) for _ in range(2)]
        self.befores = [pg.InfiniteLine(0, angle=90) for _ in range(2)]
        for plot in (self.outputs, self.relevance):
            plot.getViewBox().sigResized.connect(self._fit_titles)
        for plot, marker, before in zip((self.outputs, self.relevance), self.markers, self.befores, strict=True):
            plot.addItem(before, ignoreBounds=True)
            plot.addItem(marker, ignoreBounds=True)
            marker.sigDragged.connect(self._drag)
            marker.setZValue(20)
        self.setMinimumSize(160, 76)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        scene = self.sceneObj
        assert scene is not None
        scene.sigMouseClicked.connect(self._click)
        scene.sigMouseMoved.connect(self._point)
        self._place(beside=True)
        self.set_theme(theme)

    def sizeHint(self) -> QSize:  # noqa: D102
        return QSize(420, 200)

    def set_theme(self, theme: Theme) -> None:
        """Take over the colours."""
        self._theme = theme
        self.setBackground(theme.panel)
        for plot in (self.outputs, self.relevance):
            colour_axes(plot, theme, self.font())
        for line, colour, style in zip(self.lines, self.colours, STYLES, strict=True):
            line.setPen(pg.mkPen(colour, width=2, style=style))
            line.setSymbolBrush(pg.mkBrush(colour))
        for item, colour in ((self.above, theme.positive), (self.below, theme.negative)):
            shade = QColor(colour)
            shade.setAlphaF(0.45)
            item.setPen(None)
            item.setFillBrush(pg.mkBrush(shade))
        self.curve.setPen(pg.mkPen(theme.text, width=2))
        self.curve.setSymbolBrush(pg.mkBrush(theme.text))
        self.zero.setPen(pg.mkPen(theme.dim, width=1))
        for marker, before in zip(self.markers, self.befores, strict=True):
            marker.setPen(pg.mkPen(theme.accent, width=2))
            marker.setHoverPen(pg.mkPen(theme.accent, width=4))
            before.setPen(pg.mkPen(theme.dim, width=1, style=Qt.PenStyle.DotLine))

    @property
    def colours(self) -> tuple[str, ...]:
        """Of the outputs' lines; the pattern tells them apart too."""
        theme = self._theme
        return theme.text, theme.sink("stabilizer"), theme.sink("bias"), theme.sink("cut")

    def show_curves(self, points: np.ndarray, lines: Sequence[Line], relevance: np.ndarray) -> None:
        """Draw what is known; what is missing in between is bridged."""
        for n, item in enumerate(self.lines):
            if n < len(lines):
                known = np.isfinite(lines[n].values)
                item.setData(points[known], lines[n].values[known], **self._symbols(len(points)))
            else:
                item.setData([], [])
        known = np.isfinite(relevance)
        x, y = points[known], relevance[known]
        across, amount = _with_zeros(x, y)
        self.above.setData(across, np.maximum(amount, 0), fillLevel=0)
        self.below.setData(across, np.minimum(amount, 0), fillLevel=0)
        self.curve.setData(x, y, **self._symbols(len(points)))
        if len(points) > 1:
            self.outputs.setXRange(float(points[0]), float(points[-1]), padding=0.02)
        _fit(self.outputs, [line.values for line in lines])
        _fit(self.relevance, [relevance, np.zeros(1)])

    def show_marker(self, value: float, before: float) -> None:
        """Where the sample is now, and where it was; NaN for nowhere."""
        for lines, place in ((self.markers, value), (self.befores, before)):
            for line in lines:
                line.setVisible(bool(np.isfinite(place)))
                if np.isfinite(place) and line.value() != place:
                    line.setPos(place)

    def set_titles(self, feature: str, outputs: str, relevance: str) -> None:
        """What the axes are."""
        self._titles = (outputs, relevance)
        for plot in (self.outputs, self.relevance):
            plot.getAxis("bottom").setLabel(feature)
        self._label_axes()

    # ------------------------------------------------------------------------------------------------ inside

    @staticmethod
    def _symbols(count: int) -> dict[str, Any]:
        return {"symbol": "o", "symbolSize": 4, "symbolPen": None} if count <= MOST_MARKS else {"symbol": None}

    def _plot(self) -> Any:
        plot = pg.PlotItem(enableMenu=False, axisItems={"bottom": NumberAxis("bottom"), "left": NumberAxis("left")})
        plot.hideButtons()
        plot.getViewBox().setMouseEnabled(False, False)
        plot.getAxis("left").setWidth(AXIS_WIDTH)
        for name in ("left", "bottom"):
            plot.getAxis(name).enableAutoSIPrefix(False)
        return plot

    def _place(self, *, beside: bool) -> None:
        if beside == self._beside:
            return
        if self._beside is not None:
            for plot in (self.outputs, self.relevance):
                self.ci.removeItem(plot)
        self._beside = beside
        self.ci.addItem(self.outputs, 0, 0)
        self.ci.addItem(self.relevance, *((0, 1) if beside else (1, 0)))
        self._label_axes()

    def _label_axes(self) -> None:
        """Of two plots above each other, the lower one names the axis."""
        for plot, named in ((self.outputs, bool(self._beside)), (self.relevance, True)):
            axis = plot.getAxis("bottom")
            axis.showLabel(named)
            axis.setHeight(AXIS_HEIGHT if named else AXIS_HEIGHT // 2)
        self._fit_titles()

    def _fit_titles(self, *_news: object) -> None:
        """What stands along an axis that is shorter than it is cut off with a sign of it."""
        font = QFont(self.font())
        font.setPointSize(TICK_POINTS)
        metrics = QFontMetrics(font)
        for plot, title in zip((self.outputs, self.relevance), self._titles, strict=True):
            axis, room = plot.getAxis("left"), int(plot.getViewBox().height())
            shown = metrics.elidedText(title, Qt.TextElideMode.ElideRight, max(room, metrics.horizontalAdvance("…")))
            if axis.labelText != shown:
                axis.setLabel(shown)

    def resizeEvent(self, ev: QResizeEvent) -> None:  # noqa: D102
        super().resizeEvent(ev)
        if hasattr(self, "befores"):
            self._place(beside=self.width() > BESIDE * self.height())

    def keyPressEvent(self, ev: QKeyEvent) -> None:
        """The arrow keys move the marker."""
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(ev.key()))
        if step is None:
            super().keyPressEvent(ev)
        else:
            self.stepped.emit(step)

    def _drag(self, marker: Any) -> None:
        self.picked.emit(float(marker.value()), True)

    def _click(self, event: Any) -> None:
        value = self._value_at(event.scenePos())
        if np.isfinite(value) and event.button() == Qt.MouseButton.LeftButton:
            self.picked.emit(value, False)

    def _point(self, place: QPointF) -> None:
        self.pointed.emit(self._value_at(place))

    def _value_at(self, place: QPointF) -> float:
        for plot in (self.outputs, self.relevance):
            box = plot.getViewBox()
            if box.sceneBoundingRect().contains(place):
                return float(box.mapSceneToView(place).x())
        return float("nan")


def _with_zeros(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same curve with a point wherever it crosses zero, so that what is filled ends there."""
    crosses = np.flatnonzero(y[:-1] * y[1:] < 0) if len(y) > 1 else np.empty(0, dtype=np.intp)
    at = x[crosses] - y[crosses] * (x[crosses + 1] - x[crosses]) / (y[crosses + 1] - y[crosses])
    return np.insert(x, crosses + 1, at), np.insert(y, crosses + 1, 0.0)


def _fit(plot: Any, parts: Sequence[np.ndarray]) -> None:
    """All of the curves; a flat one lies in the middle."""
    numbers = np.concatenate([part[np.isfinite(part)] for part in parts]) if parts else np.empty(0)
    if not numbers.size:
        return
    low, high = float(numbers.min()), float(numbers.max())
    room = 0.08 * (high - low) or 0.1 * abs(high) or 1.0
    plot.getViewBox().setYRange(low - room, high + room, padding=0)
