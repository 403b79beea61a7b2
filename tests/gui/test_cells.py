"""Small maps lose nothing where they have more rows than pixels."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter

from lrp_gui.theme import LIGHT
from lrp_gui.viewer.cells import pooled
from lrp_gui.viewer.ink import Ink
from lrp_gui.viewer.stage_boxes import draw_map


def test_a_single_row_with_relevance_is_seen_in_a_map_of_many():
    values = np.zeros((500, 300))
    values[137] = -1.0
    values[138] = 0.5
    small = pooled(pooled(values, 0, 40), 1, 40)
    assert small.shape == (40, 40)
    assert (small == -1.0).sum() == 40
    assert np.array_equal(pooled(values, 1, 300), values)


@pytest.mark.parametrize("step", range(0, 100, 9))
def test_one_step_of_a_hundred_is_seen_in_the_map_of_a_box(qapp, step):
    plane = np.zeros((100, 4))
    plane[step] = 1.0
    image = QImage(40, 40, QImage.Format.Format_ARGB32)
    image.fill(LIGHT.background)
    painter = QPainter(image)
    draw_map(Ink(painter, LIGHT), plane, QRectF(10, 10, 12, 24))
    painter.end()
    full = QColor(LIGHT.relevance_map[-1])
    assert any(image.pixelColor(16, y) == full for y in range(40))
