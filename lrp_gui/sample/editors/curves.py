"""Curves over time with relevance behind them: pyqtgraph items, and what mouse and keyboard do to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QMouseEvent

from lrp_gui.axes import CountAxis, NumberAxis, colour_axes

if TYPE_CHECKING:
    from lrp_gui.theme import Theme

MARGIN = 0.06
ZOOM = 1.25
CLOSEST = 8  # steps of time
# Points are drawn as points while there are few enough to see them apart.
MOST_POINTS = 200
# So many other channels stand faintly behind the chosen one.
MOST_OTHERS = 12

Place = tuple[float, float]  # time, value


class Curves(pg.GraphicsLayoutWidget):
    """Shows the channels of a series, and says what is done to them; it changes nothing itself."""

    pressed = Signal(object)  # a Place
    moved = Signal(object)
    released = Signal(object)
    hovered = Signal(object)  # a step of time, or None
    nudged = Signal(int, float)  # the step of time, and how much, as a part of the range

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self._held = False
        self.length = 0
        self.cursor_ = 0
        self._pointed: int | None = None
        self._theme = theme
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(120, 80)
        self.ci.setContentsMargins(0, 2, 6, 0)
        self.plot = self.ci.addPlot(
            enableMenu=False, axisItems={"left": NumberAxis("left"), "bottom": CountAxis("bottom")}
        )
        self.plot.hideButtons()
        self.box = self.plot.getViewBox()
        self.box.setMouseEnabled(x=True, y=False)
        self.box.setDefaultPadding(0)
        self.shade = pg.ImageItem(axisOrder="row-major")
        self.shade.setZValue(-10)
        self.others = [pg.PlotCurveItem() for _number in range(MOST_OTHERS)]
        self.curve = pg.PlotDataItem(symbolSize=5)
        self.curve.setZValue(2)
        self.band = pg.LinearRegionItem(movable=False)
        self.band.hide()
        self.line = pg.InfiniteLine(angle=90)
        self.line.hide()
        for item in (self.shade, *self.others, self.curve, self.band, self.line):
            self.plot.addItem(item, ignoreBounds=True)
        self.set_theme(theme)

    def sizeHint(self) -> QSize:  # noqa: D102
        return QSize(420, 200)

    # ------------------------------------------------------------------------------------- what is shown

    @property
    def pointed(self) -> int | None:
        """The step of time that mouse or keyboard point at."""
        return self._pointed

    def set_theme(self, theme: Theme) -> None:
        """Take over the colours."""
        self._theme = theme
        self.setBackground(theme.background)
        colour_axes(self.plot, theme, self.font())
        self.curve.setPen(pg.mkPen(theme.text, width=1.6))
        self.curve.setSymbolBrush(QColor(theme.text))
        self.curve.setSymbolPen(None)
        for item in self.others:
            item.setPen(pg.mkPen(theme.other, width=1))
        self.line.setPen(pg.mkPen(theme.accent, width=1))
        accent = QColor(theme.accent)
        accent.setAlpha(50)
        self.band.setBrush(accent)

    def show_series(self, series: np.ndarray, chosen: int, low: float, high: float) -> None:
        """Draw (channels, time), one of them to the fore; `low` and `high` are in sight."""
        channels, length = series.shape
        time = np.arange(length)
        points = "o" if length <= MOST_POINTS else None
        self.curve.setData(time, series[chosen], symbol=points, connect="finite")
        others = [channel for channel in range(channels) if channel != chosen][:MOST_OTHERS]
        for number, item in enumerate(self.others):
            item.setVisible(number < len(others))
            if number < len(others):
                item.setData(time, series[others[number]], connect="finite")
        if length != self.length:
            self.length = length
            self.cursor_ = min(self.cursor_, length - 1)
            self.box.setLimits(xMin=-0.5, xMax=length - 0.5, minXRange=min(CLOSEST, length))
            self.fit()
        finite = series[chosen][np.isfinite(series[chosen])]
        if finite.size and not self._held:
            low, high = min(low, float(finite.min())), max(high, float(finite.max()))
            room = MARGIN * (high - low or 1.0)
            self.box.setYRange(low - room, high + room, padding=0)

    def show_shade(self, pixels: np.ndarray | None) -> None:
        """Draw (time, 4) of uint8 behind the curve."""
        self.shade.setVisible(pixels is not None)
        if pixels is not None:
            _x, (bottom, top) = self.box.viewRange()
            self.shade.setImage(pixels[np.newaxis], autoLevels=False)
            self.shade.setRect(QRectF(-0.5, bottom - (top - bottom), len(pixels), 3 * (top - bottom)))

    def show_band(self, start: float | None, end: float = 0.0) -> None:
        """The stretch that is being dragged, or none."""
        self.band.setVisible(start is not None)
        if start is not None:
            self.band.setRegion((min(start, end) - 0.5, max(start, end) + 0.5))

    def fit(self) -> None:
        """All of it."""
        self.box.setXRange(-0.5, self.length - 0.5, padding=0)

    # ----------------------------------------------------------------------------------------- the mouse

    def place_at(self, point: QPointF) -> Place:
        """Time and value under a place of the widget."""
        at = self.box.mapSceneToView(self.mapToScene(point.toPoint()))
        return float(at.x()), float(at.y())

    def place_of(self, place: Place) -> QPointF:
        """Where time and value are in the widget."""
        return QPointF(self.mapFromScene(self.box.mapViewToScene(QPointF(*place))))

    def _inside(self, point: QPointF) -> bool:
        return self.box.sceneBoundingRect().contains(self.mapToScene(point.toPoint()))

    def mousePressEvent(self, ev: QMouseEvent) -> None:  # noqa: D102
        if ev.button() == Qt.MouseButton.LeftButton and self._inside(ev.position()) and not ev.modifiers():
            self._held = True
            self.setFocus(Qt.FocusReason.MouseFocusReason)
            ev.accept()
            self.pressed.emit(self.place_at(ev.position()))
        else:
            super().mousePressEvent(ev)

    def mouseMoveEvent(self, ev: QMouseEvent) -> None:  # noqa: D102
        place = self.place_at(ev.position())
        if self._held:
            ev.accept()
            self.moved.emit(place)
        else:
            super().mouseMoveEvent(ev)
        self._point(self.step_at(place[0]) if self._held or self._inside(ev.position()) else None)

    def mouseReleaseEvent(self, ev: QMouseEvent) -> None:  # noqa: D102
        if self._held and ev.button() == Qt.MouseButton.LeftButton:
            self._held = False
            ev.accept()
            self.released.emit(self.place_at(ev.position()))
        else:
            super().mouseReleaseEvent(ev)

    def mouseDoubleClickEvent(self, ev: QMouseEvent) -> None:
        """Two clicks in quick succession are two clicks."""
        self.mousePressEvent(ev)

    def leaveEvent(self, ev: QEvent) -> None:  # noqa: D102
        super().leaveEvent(ev)
        self._point(None)

    def step_at(self, time: float) -> int:
        """The step of time that is nearest."""
        return min(max(round(time), 0), max(self.length - 1, 0))

    # -------------------------------------------------------------------------------------- the keyboard

    def keyPressEvent(self, ev: QKeyEvent) -> None:  # noqa: D102
        key = Qt.Key(ev.key())
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        ends = {Qt.Key.Key_Home: 0, Qt.Key.Key_End: self.length - 1}
        changes = {Qt.Key.Key_Up: 0.01, Qt.Key.Key_Down: -0.01, Qt.Key.Key_PageUp: 0.1, Qt.Key.Key_PageDown: -0.1}
        if ev.modifiers() & ~Qt.KeyboardModifier.KeypadModifier and ev.text() not in {"+", "="}:
            ev.ignore()
        elif key in steps or key in ends:
            self.cursor_ = min(max(ends.get(key, self.cursor_ + steps.get(key, 0)), 0), max(self.length - 1, 0))
            self._point(self.cursor_)
        elif key in changes:
            self._point(self.cursor_)
            self.nudged.emit(self.cursor_, changes[key])
        elif ev.text() in {"+", "=", "-"}:
            factor = ZOOM if ev.text() == "-" else 1 / ZOOM
            self.box.scaleBy((factor, 1), center=QPointF(self.cursor_, 0))
        elif ev.text() == "0":
            self.fit()
        else:
            ev.ignore()

    def focusInEvent(self, ev: QFocusEvent) -> None:  # noqa: D102
        super().focusInEvent(ev)
        if ev.reason() in {Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason}:
            self._point(self.cursor_)

    def focusOutEvent(self, ev: QFocusEvent) -> None:  # noqa: D102
        super().focusOutEvent(ev)
        self._point(None)

    def _point(self, step: int | None) -> None:
        self._pointed = step
        if step is not None:
            self.cursor_ = step
            self.line.setPos(step)
        self.line.setVisible(step is not None)
        self.hovered.emit(step)
