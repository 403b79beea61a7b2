"""A picture of pixels that is painted on, with relevance over it or beside it: pyqtgraph items and the mouse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QMouseEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QGraphicsRectItem

from lrp_gui.sample.editors.strokes import Pixel

if TYPE_CHECKING:
    from lrp_gui.theme import Theme

# Room about the picture, as a part of it.
MARGIN = 0.03
ZOOM = 1.25
# One zooms in until so many pixels are left.
CLOSEST = 2
ANY_WIDTH = 2**24 - 1
STEPS = {
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
}


class Canvas(pg.GraphicsLayoutWidget):
    """Shows pixels, and says what the mouse and the keyboard do to them; it changes nothing itself."""

    pressed = Signal(object)  # a Pixel
    moved = Signal(object)
    released = Signal(object)
    hovered = Signal(object)  # a Pixel, or None outside

    def __init__(self, theme: Theme, name: str) -> None:
        # Before the base class, which resizes as it is made.
        self._boxes: list[pg.ViewBox] = []
        self.shape: tuple[int, int] = (0, 0)
        self._whole = True  # nobody has zoomed: a resized view shows all of it
        super().__init__()
        self._held = False
        self.cursor_: Pixel = (0, 0)
        self._keyboard = False  # the cursor is shown where the keyboard is used
        self._hover: Pixel | None = None
        self._reach = 1
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(90, 80)
        self.ci.setContentsMargins(0, 0, 0, 0)
        self.ci.setSpacing(6)
        self.picture, self.overlay = _image(0), _image(1)
        self.beside = _image(0)
        self._marks: list[QGraphicsRectItem] = []
        self._bands: list[QGraphicsRectItem] = []
        self._frames: list[QGraphicsRectItem] = []
        for column, items in enumerate(((self.picture, self.overlay), (self.beside,))):
            box = self.ci.addViewBox(row=0, col=column, enableMenu=False, invertY=True, lockAspect=True)
            box.setDefaultPadding(MARGIN)
            for item in items:
                box.addItem(item)
            for marks in (self._frames, self._marks, self._bands):
                mark = QGraphicsRectItem()
                mark.setZValue(5)
                mark.hide()
                box.addItem(mark, ignoreBounds=True)
                marks.append(mark)
            box.sigResized.connect(self._fit_at_first)
            self._boxes.append(box)
        self._boxes[1].setXLink(self._boxes[0])
        self._boxes[1].setYLink(self._boxes[0])
        self.show_beside(beside=False)
        self.set_theme(theme)

    def sizeHint(self) -> QSize:  # noqa: D102
        return QSize(260, 220)

    # ------------------------------------------------------------------------------------- what is shown

    def set_theme(self, theme: Theme) -> None:
        """Take over the colours."""
        self.setBackground(theme.background)
        for frame in self._frames:
            frame.setPen(_pen(theme.line, 1))
        for mark in self._marks:
            mark.setPen(_pen(theme.accent, 2))
        for band in self._bands:
            band.setPen(_pen(theme.accent, 1, dashed=True))

    @property
    def pointed(self) -> Pixel | None:
        """What the mouse or the keyboard points at."""
        return self._hover if self._hover is not None else self.cursor_ if self._keyboard else None

    def show_picture(self, pixels: np.ndarray) -> None:
        """Draw (height, width, 4) of uint8."""
        shape = pixels.shape[:2]
        self.picture.setImage(pixels, autoLevels=False)
        if shape != self.shape:
            self.shape = (int(shape[0]), int(shape[1]))
            high, wide = self.shape
            for image in (self.picture, self.overlay, self.beside):
                image.setRect(QRectF(0, 0, wide, high))
            for frame in self._frames:
                frame.setRect(QRectF(0, 0, wide, high))
                frame.show()
            for box in self._boxes:
                box.setLimits(minXRange=min(CLOSEST, wide), minYRange=min(CLOSEST, high))
            self.cursor_ = self._inside(self.cursor_)
            self.fit()

    def show_relevance(self, over: np.ndarray | None, beside: np.ndarray | None) -> None:
        """Draw layers of colour, (height, width, 4) of uint8, on the picture and next to it."""
        for item, pixels in ((self.overlay, over), (self.beside, beside)):
            item.setVisible(pixels is not None)
            if pixels is not None:
                item.setImage(pixels, autoLevels=False)
                item.setRect(QRectF(0, 0, pixels.shape[1], pixels.shape[0]))

    def show_beside(self, *, beside: bool) -> None:
        """Whether there is a second picture."""
        box = self._boxes[1]
        if beside == box.isVisible():
            return
        box.setVisible(beside)
        layout: Any = self.ci.layout  # a QGraphicsGridLayout, under the name of a method
        layout.setColumnStretchFactor(0, 1)
        layout.setColumnStretchFactor(1, int(beside))
        layout.setColumnMaximumWidth(1, ANY_WIDTH if beside else 0)
        layout.setColumnSpacing(0, 6 if beside else 0)
        layout.activate()
        self._fit_at_first()

    def show_reach(self, size: int) -> None:
        """How many pixels the tool touches, to draw its outline."""
        self._reach = size
        self._draw_mark()

    def show_band(self, start: Pixel | None, end: Pixel | None = None) -> None:
        """The rectangle that is being dragged, or none."""
        for band in self._bands:
            band.setVisible(start is not None)
            if start is not None and end is not None:
                band.setRect(_between(start, end))

    def fit(self) -> None:
        """All of it."""
        self._whole = True
        high, wide = self.shape
        if high and wide:
            self._boxes[0].setRange(QRectF(0, 0, wide, high), padding=MARGIN)

    def zoom(self, factor: float) -> None:
        """Closer, about the cursor where the keyboard is used, else about the middle."""
        self._whole = False
        row, column = self.cursor_
        about = QPointF(column + 0.5, row + 0.5) if self._keyboard else None
        self._boxes[0].scaleBy((1 / factor, 1 / factor), center=about)

    def _fit_at_first(self) -> None:
        if self._whole and self._boxes:
            self.fit()

    # ----------------------------------------------------------------------------------------- the mouse

    def pixel_at(self, place: QPointF) -> Pixel:
        """The pixel under a place of the widget; outside of the picture too, for strokes that leave it."""
        scene = self.mapToScene(place.toPoint())
        box = next((one for one in self._boxes if one.isVisible() and one.sceneBoundingRect().contains(scene)), None)
        at = (box or self._boxes[0]).mapSceneToView(scene)
        return int(np.floor(at.y())), int(np.floor(at.x()))

    def place_of(self, pixel: Pixel) -> QPointF:
        """Where a pixel's middle is in the widget."""
        scene = self._boxes[0].mapViewToScene(QPointF(pixel[1] + 0.5, pixel[0] + 0.5))
        return QPointF(self.mapFromScene(scene))

    def holds(self, pixel: Pixel) -> bool:
        """Whether it is one of the picture's."""
        return 0 <= pixel[0] < self.shape[0] and 0 <= pixel[1] < self.shape[1]

    def mousePressEvent(self, ev: QMouseEvent) -> None:  # noqa: D102
        pixel = self.pixel_at(ev.position())
        if ev.button() == Qt.MouseButton.LeftButton and self.holds(pixel) and not ev.modifiers():
            self._held, self._keyboard = True, False
            self.setFocus(Qt.FocusReason.MouseFocusReason)
            self.cursor_ = pixel
            ev.accept()
            self.pressed.emit(pixel)
        else:
            self._whole = False
            super().mousePressEvent(ev)

    def mouseMoveEvent(self, ev: QMouseEvent) -> None:  # noqa: D102
        pixel = self.pixel_at(ev.position())
        self._hover = pixel if self.holds(pixel) else None
        if self._held:
            self.cursor_ = self._inside(pixel)
            ev.accept()
            self.moved.emit(pixel)
        else:
            super().mouseMoveEvent(ev)
        self.hovered.emit(self._hover)
        self._draw_mark()

    def mouseReleaseEvent(self, ev: QMouseEvent) -> None:  # noqa: D102
        if self._held and ev.button() == Qt.MouseButton.LeftButton:
            self._held = False
            ev.accept()
            self.released.emit(self.pixel_at(ev.position()))
        else:
            super().mouseReleaseEvent(ev)

    def mouseDoubleClickEvent(self, ev: QMouseEvent) -> None:
        """Two dabs in quick succession are two dabs."""
        self.mousePressEvent(ev)

    def wheelEvent(self, ev) -> None:  # noqa: ANN001, D102
        self._whole = False
        super().wheelEvent(ev)

    def leaveEvent(self, ev: QEvent) -> None:  # noqa: D102
        super().leaveEvent(ev)
        self._hover = None
        self.hovered.emit(None)
        self._draw_mark()

    # -------------------------------------------------------------------------------------- the keyboard

    def keyPressEvent(self, ev: QKeyEvent) -> None:  # noqa: D102
        key, shift = Qt.Key(ev.key()), ev.modifiers() & Qt.KeyboardModifier.ShiftModifier
        others = ev.modifiers() & ~(Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier)
        if others:
            ev.ignore()
        elif key in STEPS:
            step = STEPS[key]
            before, self.cursor_ = self.cursor_, self._inside((self.cursor_[0] + step[0], self.cursor_[1] + step[1]))
            self._show_keyboard()
            if shift:  # drawn on with the keyboard
                self.pressed.emit(before)
                self.moved.emit(self.cursor_)
                self.released.emit(self.cursor_)
            self.hovered.emit(self.cursor_)
        elif key in {Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self._show_keyboard()
            self.pressed.emit(self.cursor_)
            self.released.emit(self.cursor_)
            self.hovered.emit(self.cursor_)
        elif ev.text() in {"+", "="}:
            self.zoom(ZOOM)
        elif ev.text() == "-":
            self.zoom(1 / ZOOM)
        elif ev.text() == "0":
            self.fit()
        else:
            ev.ignore()

    def focusInEvent(self, ev: QFocusEvent) -> None:  # noqa: D102
        super().focusInEvent(ev)
        if ev.reason() in {Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason}:
            self._show_keyboard()

    def focusOutEvent(self, ev: QFocusEvent) -> None:  # noqa: D102
        super().focusOutEvent(ev)
        self._keyboard = False
        self._draw_mark()

    def resizeEvent(self, ev: QResizeEvent) -> None:  # noqa: D102
        super().resizeEvent(ev)
        self._fit_at_first()

    # --------------------------------------------------------------------------------------- small parts

    def _show_keyboard(self) -> None:
        self._keyboard, self._hover = True, None
        self._draw_mark()

    def _draw_mark(self) -> None:
        """The outline of what the tool would touch."""
        at = self.pointed
        for mark in self._marks:
            mark.setVisible(at is not None)
            if at is not None:
                first = (at[0] - (self._reach - 1) // 2, at[1] - (self._reach - 1) // 2)
                mark.setRect(_between(first, (first[0] + self._reach - 1, first[1] + self._reach - 1)))

    def _inside(self, pixel: Pixel) -> Pixel:
        return min(max(pixel[0], 0), max(self.shape[0] - 1, 0)), min(max(pixel[1], 0), max(self.shape[1] - 1, 0))


def _image(z: int) -> pg.ImageItem:
    image = pg.ImageItem(axisOrder="row-major")
    image.setZValue(z)
    return image


def _pen(colour: str, width: int, *, dashed: bool = False) -> QPen:
    pen = QPen(QColor(colour), width)
    pen.setCosmetic(True)
    if dashed:
        pen.setStyle(Qt.PenStyle.DashLine)
    return pen


def _between(start: Pixel, end: Pixel) -> QRectF:
    top, left = min(start[0], end[0]), min(start[1], end[1])
    return QRectF(left, top, abs(end[1] - start[1]) + 1, abs(end[0] - start[0]) + 1)
