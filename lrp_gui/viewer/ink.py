"""A painter with the theme's colours and the few strokes that all pictures share."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFont,
    QFontMetricsF,
    QImage,
    QLinearGradient,
    QPainter,
    QPainterPath,
    QPen,
    QPixmap,
)

from lrp_gui.theme import Theme

Align = Qt.AlignmentFlag
LEFT = Align.AlignLeft | Align.AlignVCenter
RIGHT = Align.AlignRight | Align.AlignVCenter
CENTRE = Align.AlignHCenter | Align.AlignVCenter
BREAK = "\u200b"  # nothing to be seen, where a line may end


@lru_cache(maxsize=64)
def font(size: float, bold: bool = False) -> QFont:
    """The application's font at a size in logical pixels."""
    result = QFont()
    result.setPixelSize(max(1, round(size)))
    result.setBold(bold)
    # Drawn scaled into PDF and zoomed canvases: widths must not depend on the screen's pixel grid.
    result.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    return result


@lru_cache(maxsize=64)
def metrics(size: float, bold: bool = False) -> QFontMetricsF:
    """Measures of that font."""
    return QFontMetricsF(font(size, bold))


def width_of(text: str, size: float, bold: bool = False) -> float:
    """How wide a text stands, in logical pixels."""
    return metrics(size, bold).horizontalAdvance(text)


def elided(text: str, width: float, size: float, bold: bool = False) -> str:
    """The text, or its two ends around "…" where it is too long."""
    return metrics(size, bold).elidedText(text, Qt.TextElideMode.ElideMiddle, max(0.0, width))


def last_parts(path: str, width: float, size: float, bold: bool = False) -> str:
    """A layer's path, or as many of its last parts as have room: layer1.0.bn1, …0.bn1, …bn1."""
    parts = path.split(".")
    shorter = ["…" + ".".join(parts[first:]) for first in range(1, len(parts))]
    text = fitting((path, *shorter), width, size, bold)
    return metrics(size, bold).elidedText(text, Qt.TextElideMode.ElideLeft, max(0.0, width))


def breakable(text: str, width: float, size: float) -> str:
    """The text with places to break in words that are wider: after points and the like, else anywhere."""

    def broken(word: str) -> str:
        if width_of(word, size) <= width:
            return word
        parts = re.split(r"(?<=[._/-])", word)
        return BREAK.join(part if width_of(part, size) <= width else BREAK.join(part) for part in parts)

    return "".join(map(broken, re.split(r"(\s+)", text)))


def mix(first: str, second: str, share: float) -> QColor:
    """`share` of the second colour in the first."""
    a, b = QColor(first), QColor(second)
    share = min(1.0, max(0.0, share))
    parts = (round(x + (y - x) * share) for x, y in zip(a.getRgb()[:3], b.getRgb()[:3], strict=True))  # type: ignore[index]
    return QColor(*parts)


def relevance_table(theme: Theme, size: int = 256) -> np.ndarray:
    """The theme's diverging map as (size, 4) bytes, RGBA, from -1 to +1."""
    stops = np.array([QColor(stop).getRgb() for stop in theme.relevance_map], dtype=float)
    at = np.linspace(0, len(stops) - 1, size)
    return (
        np.stack([np.interp(at, np.arange(len(stops)), stops[:, c]) for c in range(4)], axis=1).round().astype(np.ubyte)
    )


def over(theme: Theme, share: float, opacity: float) -> QColor:
    """The colour of relevance (-1 … +1) laid over a value: full at the ends, transparent at zero."""
    colour = QColor(theme.positive if share > 0 else theme.negative)
    colour.setAlphaF(min(1.0, opacity * abs(share) ** 0.7))
    return colour


def fitting(texts: Sequence[str], width: float, size: float, bold: bool = False) -> str:
    """The first text that has room, else the last."""
    return next((text for text in texts if width_of(text, size, bold) <= width), texts[-1])


@lru_cache(maxsize=8)
def relevance_colours(theme: Theme) -> tuple[QColor, ...]:
    """The theme's diverging map as 256 colours, from -1 to +1."""
    return tuple(QColor(*map(int, row)) for row in relevance_table(theme))


class Ink:
    """Strokes on one painter, in logical pixels."""

    def __init__(self, painter: QPainter, theme: Theme) -> None:
        self.painter = painter
        self.theme = theme

    def in_sight(self) -> QRectF | None:
        """What of the picture an image or the screen takes, where the painter stands; None on paper: all of it."""
        if not isinstance(self.painter.device(), QImage | QPixmap):
            return None
        return self.painter.worldTransform().inverted()[0].mapRect(QRectF(self.painter.viewport()))

    @property
    def pixel(self) -> float:
        """A logical pixel of the screen in the units in which the painter stands."""
        return 1 / abs(self.painter.worldTransform().m11() or 1.0)

    @staticmethod
    def colour(name: str, alpha: float = 1.0) -> QColor:
        """A colour of the theme with an opacity."""
        result = QColor(name)
        result.setAlphaF(alpha)
        return result

    def sign(self, value: float) -> str:
        """The colour of a relevance's sign; zero has none."""
        if value == 0 or value != value:  # noqa: PLR0124 - NaN is neither
            return self.theme.other
        return self.theme.positive if value > 0 else self.theme.negative

    def text(
        self,
        rect: QRectF,
        text: str,
        size: float = 12,
        colour: str = "",
        align: Qt.AlignmentFlag = LEFT,
        *,
        bold: bool = False,
        halo: bool = False,
    ) -> bool:
        """Write one line, elided to the rectangle; True where something had to go."""
        shown = elided(text, rect.width(), size, bold)
        painter = self.painter
        painter.setFont(font(size, bold))
        if halo:
            painter.setPen(Qt.PenStyle.NoPen)
            width = width_of(shown, size, bold) + 6
            left = rect.left() - 3
            if align & Align.AlignRight:
                left = rect.right() - width + 3
            elif align & Align.AlignHCenter:
                left = rect.center().x() - width / 2
            painter.setBrush(self.colour(self.theme.background, 0.82))
            painter.drawRoundedRect(QRectF(left, rect.center().y() - size * 0.7, width, size * 1.4), 3, 3)
        painter.setPen(QColor(colour or self.theme.text))
        painter.drawText(rect, int(align), shown)
        return shown != text

    def paragraph(
        self, rect: QRectF, text: str, size: float = 12, colour: str = "", align: Qt.AlignmentFlag = Align.AlignLeft
    ) -> float:
        """Write wrapped lines; how tall they stand."""
        painter = self.painter
        painter.setFont(font(size))
        painter.setPen(QColor(colour or self.theme.text))
        flags = int(align | Align.AlignTop) | int(Qt.TextFlag.TextWordWrap)
        text = breakable(text, rect.width(), size)
        needed = metrics(size).boundingRect(rect, flags, text)
        painter.drawText(rect, flags, text)
        return needed.height()

    def line(
        self, a: QPointF, b: QPointF, colour: str, width: float = 1.0, alpha: float = 1.0, dash: Sequence[float] = ()
    ) -> None:
        """A straight line."""
        pen = QPen(self.colour(colour, alpha), width)
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        if dash:
            pen.setDashPattern(list(dash))
        self.painter.setPen(pen)
        self.painter.drawLine(a, b)

    def box(
        self,
        rect: QRectF,
        fill: QColor | str | None = None,
        border: QColor | str | None = None,
        width: float = 1.0,
        radius: float = 0.0,
    ) -> None:
        """A rectangle, rounded where a radius is given."""
        painter = self.painter
        painter.setBrush(QBrush(QColor(fill)) if fill is not None else Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(border), width) if border is not None else QPen(Qt.PenStyle.NoPen))
        if radius:
            painter.drawRoundedRect(rect, radius, radius)
        else:
            painter.drawRect(rect)

    def hatch(self, rect: QRectF, colour: str, step: float = 4.0) -> None:
        """Thin slanted lines inside a rectangle, a second sign beside the colour. Cut by hand: Qt's SVG has no clip."""
        self.painter.setPen(QPen(QColor(colour), 1))
        x = rect.left() - rect.height() + step / 2
        while x < rect.right():
            start = max(0.0, rect.left() - x)
            end = min(rect.height(), rect.right() - x)
            if end > start:
                self.painter.drawLine(QPointF(x + start, rect.bottom() - start), QPointF(x + end, rect.bottom() - end))
            x += step

    def ribbon(self, path: QPainterPath, width: float, colour: QColor) -> None:
        """A band of constant width along a path: its stroke width is the number it stands for."""
        pen = QPen(colour, width)
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        self.painter.setBrush(Qt.BrushStyle.NoBrush)
        self.painter.setPen(pen)
        self.painter.drawPath(path)

    def map_bar(self, rect: QRectF, limit: str, faded: float | None = None, size: float = 10.5) -> None:
        """The legend of relevance from -limit to +limit; `faded`: as laid over a value, transparent at zero."""
        theme = self.theme
        stops = [(n / (len(theme.relevance_map) - 1), QColor(stop)) for n, stop in enumerate(theme.relevance_map)]
        if faded is not None:
            # Opaque colours as they look on the panel: a transparent gradient does not survive in PDF.
            laid = [over(theme, n / 8 - 1, faded) for n in range(17)]
            stops = [(n / 16, mix(theme.panel, colour.name(), colour.alphaF())) for n, colour in enumerate(laid)]
        self.gradient_bar(rect, stops)
        under = QRectF(rect.left() - 40, rect.bottom() + 1, rect.width() + 80, size + 4)
        for text, x in ((f"−{limit}", rect.left()), ("0", rect.center().x()), (f"+{limit}", rect.right())):
            self.text(QRectF(x - 40, under.top(), 80, under.height()), text, size, self.theme.dim, CENTRE)

    def gradient_bar(self, rect: QRectF, stops: Sequence[tuple[float, QColor]]) -> None:
        """A bar of running colours with a thin border."""
        gradient = QLinearGradient(rect.topLeft(), rect.topRight())
        for at, colour in stops:
            gradient.setColorAt(at, colour)
        self.painter.setBrush(QBrush(gradient))
        self.painter.setPen(QPen(QColor(self.theme.line), 1))
        self.painter.drawRect(rect)
