"""The legend of the graphs: what the colours mean and how wide one unit of relevance is."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainterPath, QPen

from lrp_gui.document.words import Shown, plain, shown
from lrp_gui.languages import tr
from lrp_gui.viewer.ink import LEFT, Ink, width_of

SAMPLE = 20.0


def round_down(value: float) -> float:
    """The largest of 1, 2, 5 × 10ⁿ that is not above a value."""
    if value <= 0 or not math.isfinite(value):
        return 0.0
    base = 10.0 ** math.floor(math.log10(value))
    return next(step * base for step in (5.0, 2.0, 1.0) if step * base <= value * (1 + 1e-9))


def least_width() -> float:
    """Of a legend that says no more than which colour is plus and which is minus."""
    return sum(width_of(sign, 11) + SAMPLE + 18 for sign in "+−")


def draw_unknown(ink: Ink, path: QPainterPath) -> None:
    """A way of which is not known how much goes along it."""
    pen = QPen(ink.colour(ink.theme.other, 0.9), 2)
    pen.setDashPattern([3, 3])
    ink.painter.setBrush(Qt.BrushStyle.NoBrush)
    ink.painter.setPen(pen)
    ink.painter.drawPath(path)


def draw_legend(
    ink: Ink,
    rect: QRectF,
    per_relevance: float,
    folded: bool = True,
    words: Shown | None = None,
    unknown: bool = False,
) -> None:
    """From the right edge of `rect` leftwards, as many entries as there is room for, the signs first.

    `unknown`: dashes stand for ways of which is not known how much goes along them.
    """
    theme, words = ink.theme, words or shown()
    folds = tr("folded")
    entries = [
        (words.supports, theme.positive),
        (words.against, theme.negative),
        (folds, theme.other),
    ]
    short = [("+", theme.positive), ("−", theme.negative), (folds, theme.other)]
    if not folded:
        entries, short = entries[:2], short[:2]
    dashes = [(tr("share not known"), "")] if unknown else []
    unit = round_down(12 / per_relevance) if per_relevance > 0 else 0.0
    scale = tr("width of |R| = {value}").format(value=plain(unit, 1)) if unit else ""
    signs = short[:2]
    entries, short = entries + dashes, short + dashes
    for texts, with_scale in ((entries, True), (short, True), (short, False), (signs + dashes, False), (signs, False)):
        width = sum(width_of(text, 11) + SAMPLE + 18 for text, _ in texts)
        width += width_of(scale, 11) + SAMPLE + 18 if with_scale and scale else 0
        if width <= rect.width():
            break
    x = rect.right() - width
    y = rect.center().y()
    for text, colour in texts:
        path = QPainterPath(QPointF(x, y))
        path.lineTo(x + SAMPLE, y)
        if colour:
            ink.ribbon(path, 7, ink.colour(colour, 0.85))
        else:
            draw_unknown(ink, path)
        if colour == theme.negative:
            pen = QPen(ink.colour(theme.background, 0.7), 1)
            pen.setDashPattern([4, 4])
            ink.painter.setPen(pen)
            ink.painter.drawPath(path)
        ink.text(QRectF(x + SAMPLE + 5, rect.top(), width_of(text, 11) + 4, rect.height()), text, 11, theme.dim, LEFT)
        x += width_of(text, 11) + SAMPLE + 18
    if with_scale and scale:
        tall = unit * per_relevance
        ink.box(QRectF(x + SAMPLE - 6, y - tall / 2, 6, tall), theme.dim)
        ink.text(QRectF(x + SAMPLE + 5, rect.top(), width_of(scale, 11) + 4, rect.height()), scale, 11, theme.dim, LEFT)
