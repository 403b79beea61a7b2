"""A picture on its way into a pixmap, so much of it in each turn of the main thread that nobody waits for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from PySide6.QtCore import QRectF, QSizeF
from PySide6.QtGui import QColor, QPainter, QPixmap

from lrp_gui.viewer.picture import Drawing, Step

SLICE_MS = 9.0
# Of this thread alone: while others work beside it, a turn takes longer but does no less.
clock: Callable[[], float] = time.thread_time


class Sketch:
    """Draws `picture` into `pixmap` step by step; `rect` and `scale` as in `Drawing.draw`."""

    def __init__(self, picture: Drawing, size: QSizeF, rect: QRectF, scale: float, ratio: float) -> None:
        self.picture, self.rect, self.scale = picture, rect, scale
        self.pixmap = QPixmap((size * ratio).toSize().expandedTo(QSizeF(1, 1).toSize()))
        self.pixmap.setDevicePixelRatio(ratio)
        self.pixmap.fill(QColor(picture.theme.background))
        self.done = False
        self.cost = 0.0  # seconds of this thread
        self._steps: Iterator[Step] = picture.steps(rect.size() / scale)

    def advance(self, milliseconds: float = SLICE_MS) -> bool:
        """Go on for about so long, at least by one step; whether the picture is drawn."""
        painter = QPainter(self.pixmap)
        try:
            ink = self.picture.prepared(painter, self.rect, self.scale)
            began = clock()
            until = began + milliseconds / 1000
            while not self.done:
                step = next(self._steps, None)
                if step is None:
                    self.done = True
                else:
                    step(ink)
                if clock() >= until:
                    break
            self.cost += clock() - began
        finally:
            painter.end()
        return self.done

    def finish(self) -> QPixmap:
        """All that is left, now."""
        while not self.done:
            self.advance(float("inf"))
        return self.pixmap
