"""Sentences with names in them are broken where a name is wider than their room."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter

from lrp_gui.theme import LIGHT
from lrp_gui.viewer.ink import BREAK, Ink, breakable

SENTENCE = "No relevance goes back through {name}: it makes a gate."
LONG = "bert.encoder.layer.0.attention.self.query"


@pytest.mark.parametrize("name", [LONG, "n" * 200])
def test_no_line_of_a_sentence_leaves_its_room(qapp, name):
    image = QImage(400, 400, QImage.Format.Format_ARGB32)
    image.fill(QColor("white"))
    painter = QPainter(image)
    painter.setClipping(False)
    text = SENTENCE.format(name=name)
    height = Ink(painter, LIGHT).paragraph(QRectF(100, 0, 150, 400), text, 12, "#000000")
    painter.end()
    dark = [(x, y) for y in range(400) for x in range(400) if image.pixelColor(x, y).lightness() < 128]
    assert min(x for x, _ in dark) >= 100
    assert max(x for x, _ in dark) <= 250
    assert max(y for _, y in dark) <= height


def test_names_are_broken_after_points_and_only_where_they_must(qapp):
    assert breakable(SENTENCE.format(name=LONG), 2000.0, 12) == SENTENCE.format(name=LONG)
    text = breakable(SENTENCE.format(name=LONG), 150.0, 12)
    assert text.replace(BREAK, "") == SENTENCE.format(name=LONG)
    assert f"bert.{BREAK}encoder.{BREAK}layer." in text
