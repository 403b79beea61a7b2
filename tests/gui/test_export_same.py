"""The screen, PNG and SVG show the same, at a pinned size; every view of every build."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QByteArray, QRectF
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

from lrp_gui.export.clipboard import image_of
from lrp_gui.export.exporters import saving, to_svg
from lrp_gui.export.sheet import Sheet
from lrp_gui.theme import DARK, LIGHT
from lrp_gui.viewer import plots
from lrp_gui.viewer.ink import Ink
from lrp_gui.viewer.pictures import all_pictures
from tests.gui import fakes

SIZE = (640, 400)


def pixels(image):
    image = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).astype(int)


def on_screen(picture):
    image = QImage(*SIZE, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    picture.draw(painter, QRectF(0, 0, *SIZE), 1.0)
    painter.end()
    return image


def blocks(image):
    """The mean colour of each block of 8 × 8 pixels: what does not hang on how edges are smoothed."""
    return image.reshape(SIZE[1] // 8, 8, SIZE[0] // 8, 8, 3).mean(axis=(1, 3))


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
@pytest.mark.parametrize("made", [fakes.mlp_result, fakes.cnn_result], ids=["mlp", "cnn"])
def test_screen_png_and_svg_agree(made, theme, qapp, tmp_path):
    for title, picture in all_pictures(*made(), theme):
        sheet = Sheet(*SIZE, theme, 1.0, caption=False)
        screen = pixels(on_screen(picture))
        assert np.array_equal(screen, pixels(image_of(picture, sheet))), title
        for _ in saving(picture, tmp_path / "picture.png", sheet):
            pass
        assert np.array_equal(screen, pixels(QImage(str(tmp_path / "picture.png")))), title
        drawing = QImage(*SIZE, QImage.Format.Format_RGB32)
        drawing.fill(QColor("magenta"))
        painter = QPainter(drawing)
        renderer = QSvgRenderer(QByteArray(b"".join(to_svg(picture, sheet))))
        assert renderer.isValid(), title
        renderer.render(painter, QRectF(0, 0, *SIZE))
        painter.end()
        apart = np.abs(blocks(screen) - blocks(pixels(drawing)))
        assert apart.mean() < 2, title


def test_a_picture_with_another_number_is_another_picture(qapp):
    network, result = fakes.mlp_result()
    changed = replace(result, inputs={name: 1.5 * relevance for name, relevance in result.inputs.items()})
    one, other = (dict(all_pictures(network, each, LIGHT))["input x"] for each in (result, changed))
    assert not np.array_equal(pixels(on_screen(one)), pixels(on_screen(other)))


def test_bars_do_not_hang_on_what_was_drawn_before_them(qapp):
    def bars(width, widest_name, largest):
        image = QImage(500, 500, QImage.Format.Format_RGB32)
        image.fill(QColor("white"))
        painter = QPainter(image)
        values = np.linspace(-1, 1.3, 5) * largest
        names, texts = [f"n{n}" for n in range(5)], [f"{value:+.3g}" for value in values]
        frame = QRectF(0, 0, width, 250)
        plots.bars(Ink(painter, LIGHT), frame, names, values, texts, ["#000000"] * 5, widest_name=widest_name)
        painter.end()
        return pixels(image)

    narrow, wide = (140, 24.0, 1796.8), (354, 85.0, 0.44)
    bars(*narrow)
    alone = bars(*narrow)
    bars(*wide)
    bars(*wide)  # now its room is asked for
    assert np.array_equal(bars(*narrow), alone)
