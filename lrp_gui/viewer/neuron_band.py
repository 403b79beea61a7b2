"""Below a column of neurons those that find no room in it: a band of bars, strongest first, that can be pointed at."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF

from lrp_gui.document.words import percent, signed
from lrp_gui.languages import thousands, tr
from lrp_gui.viewer.ink import CENTRE, Ink, fitting
from lrp_gui.viewer.neurons import Column
from lrp_gui.viewer.picture import Hit

TALL = 42.0  # the band with its words
WORDS = 13.0
LOW = 380.0
WIDEST, THINNEST = 170.0, 2.0


def band_height(height: float) -> float:
    """How tall the band is in a picture of this height: in a low one it is but words."""
    return TALL if height >= LOW else WORDS + 2


def share_shown(column: Column) -> float:
    """The share of a column's |R| that its circles hold."""
    size = np.abs(np.nan_to_num(column.relevance))
    total = float(size.sum())
    return float(size[column.shown].sum()) / total if total else 1.0


def drawn_text(column: Column, room: float) -> str:
    """N of M units, X % of |R|; shorter where there is little room."""
    shown, every, share = thousands(len(column.shown)), thousands(column.relevance.size), percent(share_shown(column))
    if not np.nan_to_num(column.relevance).any():  # there is nothing to have a share of
        return fitting(
            (tr("{shown} of {every} units").format(shown=shown, every=every), f"{shown} / {every}"), room, 10.5
        )
    texts = (
        tr("{shown} of {every} units, {share} of |R|").format(shown=shown, every=every, share=share),
        tr("{shown} of {every}, {share}").format(shown=shown, every=every, share=share),
        f"{shown} / {every}",
        f"+{thousands(len(column.hidden))}",
        "…",  # a number of which digits are missing would be another number
    )
    return fitting(texts, room, 10.5)


def draw_band(ink: Ink, column: Column, x: float, top: float, room: float, tall: float) -> list[tuple[QRectF, Hit]]:
    """Bars of what is folded, under the column at `x`; where more units than bars have room, a bar is several."""
    width = min(WIDEST, room)
    words = QRectF(x - room / 2, top, room, WORDS)
    ink.text(words, drawn_text(column, room), 10.5, ink.theme.dim, CENTRE, halo=True)
    values = np.nan_to_num(column.relevance[column.hidden])
    total = float(values.sum())
    said = tr("folded units of {layer}: ΣR {total}\n(the Units slider draws more)").format(
        layer=column.layer, total=signed(total)
    )
    spots = [(words, Hit(column.layer, -1, said))]
    if tall < TALL:
        return spots
    rect = QRectF(x - width / 2, top + WORDS + 1, width, tall - WORDS - 3)
    order = column.hidden[np.argsort(-np.abs(values), kind="stable")]
    bars = np.array_split(order, max(1, min(len(order), int(width // THINNEST))))
    every = np.nan_to_num(column.relevance)
    ups = np.array([every[bar][every[bar] > 0].sum() for bar in bars])
    downs = np.array([every[bar][every[bar] < 0].sum() for bar in bars])
    largest = float(max(ups.max(), -downs.min())) or 1.0
    step, zero = min(9.0, width / len(bars)), rect.center().y()
    left = x - step * len(bars) / 2
    ink.line(QPointF(left, zero), QPointF(left + step * len(bars), zero), ink.theme.line, 1)
    for n, (bar, up, down) in enumerate(zip(bars, ups, downs, strict=True)):
        unit = rect.height() / 2 / largest
        place = QRectF(left + n * step, zero, max(step - 0.5, 0.8), 0)
        for amount, colour in ((up, ink.theme.positive), (down, ink.theme.negative)):
            if amount:
                ink.box(place.adjusted(0, -amount * unit, 0, 0).normalized(), ink.colour(colour, 0.75))
        text = tr("{layer} · unit {unit}, not drawn above").format(layer=column.layer, unit=int(bar[0]))
        if len(bar) > 1:
            text = tr("{layer} · {count} units, not drawn above; the strongest is unit {unit}").format(
                layer=column.layer, count=thousands(len(bar)), unit=int(bar[0])
            )
        text += "\n" + tr("ΣR {up} and {down}\n(click to draw it)").format(
            up=signed(float(up)), down=signed(float(down))
        )
        spots.append((QRectF(place.left(), rect.top(), step, rect.height()), Hit(column.layer, int(bar[0]), text)))
    return spots
