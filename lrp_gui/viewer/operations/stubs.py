"""The grey stubs of the graph of operations: what boxes hand back and get on bundles that are not drawn in full."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainterPath

from lrp_gui.document.words import signed
from lrp_gui.languages import tr
from lrp_gui.viewer.ink import Ink

REACH = 12.0  # in layout units, out of the box
ASIDE = 10.0  # from the box's right edge
THINNEST = 0.15
FADE = ((0.0, 0.5, 0.55), (0.5, 0.75, 0.32), (0.75, 1.0, 0.14))


def stub_amounts(between: np.ndarray, sizes: np.ndarray, strong: np.ndarray, items: int) -> np.ndarray:
    """(items, 2): Σ|R| that an item hands back, and that it gets, on bundles that are not among the strong ones.

    `between` (segments, 2) are the items that each bundle leads from and to, `sizes` (segments,) their Σ|R|.
    """
    found = np.zeros((items, 2))
    weak = np.ones(len(sizes), dtype=bool)
    weak[strong] = False
    amounts = np.nan_to_num(sizes[weak])
    np.add.at(found[:, 0], between[weak, 1], amounts)
    np.add.at(found[:, 1], between[weak, 0], amounts)
    return found


def stub_text(both: np.ndarray) -> str:
    """What both stubs of a box stand for; "" where it has none."""
    back, got = (signed(float(amount)).lstrip("+") for amount in both)
    if not both.any():
        return ""
    return tr("on grey edges: hands back Σ|R| {back}, gets {got}").format(back=back, got=got)


def draw_stubs(ink: Ink, items: list[int], rects: np.ndarray, stubs: np.ndarray, unit: float) -> None:
    """Above a box what it hands back, below it what it gets, as wide as drawn bundles of that amount would be."""
    for item in items:
        left, top, width, height = rects[item].tolist()
        for y, way, amount in ((top, -1.0, stubs[item, 0]), (top + height, 1.0, stubs[item, 1])):
            wide = float(amount) * unit
            if wide < THINNEST:
                continue
            x = left + width - ASIDE - wide / 2
            for start, end, alpha in FADE:
                path = QPainterPath(QPointF(x, y + way * REACH * start))
                path.lineTo(x, y + way * REACH * end)
                ink.ribbon(path, max(wide, 1.2), ink.colour(ink.theme.other, alpha))
