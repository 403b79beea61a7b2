"""What a picture is: something with a title that can draw itself into a rectangle.

The screen and every exporter call the same `draw`. `scale` is how many painter units one logical pixel
takes, so a picture lays itself out in logical pixels and its text grows with the paper, not with the data.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from typing import Protocol, Self, runtime_checkable

from PySide6.QtCore import QPointF, QRectF, QSizeF
from PySide6.QtGui import QColor, QPainter

from lrp_gui.theme import Theme
from lrp_gui.viewer.ink import Ink


@runtime_checkable
class Picture(Protocol):
    """What the screen and the exporters need."""

    title: str
    caption: str
    size: tuple[float, float]

    def draw(self, painter: QPainter, rect: QRectF, scale: float) -> None:
        """Fill `rect` (painter units) with the picture; one logical pixel is `scale` painter units."""
        ...

    def themed(self, theme: Theme) -> Self:
        """The same picture in other colours."""
        ...


@dataclass(frozen=True, slots=True)
class Hit:
    """What lies under a point: a layer, perhaps one of its units, and the sentence to show about it."""

    layer: str = ""
    unit: int = -1
    text: str = ""


@dataclass
class Drawing(ABC):
    """Base of the pictures: brings the painter into logical pixels and fills the background."""

    theme: Theme
    title: str = ""
    caption: str = ""
    size: tuple[float, float] = (900.0, 560.0)
    spots: list[tuple[QRectF, Hit]] = field(default_factory=list, repr=False)

    def draw(self, painter: QPainter, rect: QRectF, scale: float) -> None:
        """Paint into `rect` with `scale` painter units to the logical pixel."""
        painter.save()
        painter.setClipRect(rect)
        painter.fillRect(rect, QColor(self.theme.background))
        painter.translate(rect.topLeft())
        painter.scale(scale, scale)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.TextAntialiasing)
        self.paint(Ink(painter, self.theme), QSizeF(rect.width() / scale, rect.height() / scale))
        painter.restore()

    @abstractmethod
    def paint(self, ink: Ink, size: QSizeF) -> None:
        """Paint in logical pixels."""

    def themed(self, theme: Theme) -> Self:
        """The same picture in other colours."""
        return replace(self, theme=theme, spots=[])

    def hit(self, point: QPointF, size: QSizeF) -> Hit | None:  # noqa: ARG002 - the graphs lay out by size
        """What lies under a point of the last painting, in logical pixels: the topmost spot."""
        for spot, hit in reversed(self.spots):
            if spot.contains(point):
                return hit
        return None
