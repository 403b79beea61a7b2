"""Pictures whose pixels are kept: `python -m tests.gui.snapshot_pictures [NAME …]` makes them anew, or those by name.

They are drawn with a font of boxes at a pinned size, so that fonts do not matter; look at them before they are kept.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QByteArray, QRectF
from PySide6.QtGui import QFont, QFontDatabase, QImage, QPainter
from PySide6.QtWidgets import QApplication

from lrp_gui.document.results import Feature, InputInfo, NetworkInfo, SampleResult
from lrp_gui.theme import DARK, LIGHT, Theme
from lrp_gui.viewer import ink
from lrp_gui.viewer.layer_charts import layer_charts
from lrp_gui.viewer.picture import Drawing
from lrp_gui.viewer.pictures import graph_picture, strip_picture
from lrp_gui.viewer.selection import Selection
from tests.gui import fakes
from tests.gui import test_tokens_picture as tokens
from tests.gui.block_font import FAMILY, block_font

FOLDER = Path(__file__).with_name("snapshots")
COLOURS = 128


def _sequence(form: str, shape: tuple[int, ...], integer: bool) -> Drawing:
    """An input of tokens, or of a series, in a form."""
    network, result = fakes.mlp_result()
    count = int(np.prod(shape))
    info = InputInfo("x", shape, tuple(Feature(f"x{n}") for n in range(count)), named=False, integer=integer)
    at = np.arange(count)
    values = (at * 7 % 30 if integer else np.sin(at / 5)).reshape(shape)
    result = replace(result, values={"x": values}, inputs={"x": (np.cos(at / 3) * at / count).reshape(shape)})
    network = replace(network, inputs=(info,))
    return layer_charts(network, result, LIGHT, Selection(layer="x", unit=5, form=form))[0]


def _chart(made: tuple[NetworkInfo, SampleResult], layer: str, theme: Theme = LIGHT, **look: Any) -> Drawing:
    network, result = made
    return layer_charts(network, result, theme, Selection(layer=layer, **look))[0]


SHOTS: dict[str, tuple[tuple[int, int], Callable[[], Drawing]]] = {
    "neurons": ((520, 320), lambda: graph_picture(*fakes.mlp_result((10, 12, 6, 1)), LIGHT)),
    "layers": ((520, 320), lambda: graph_picture(*fakes.cnn_result(), DARK)),
    "tokens": ((520, 320), lambda: tokens.picture_of(tokens.grid_of(12), selected_layer="attn")),
    "conservation": ((520, 150), lambda: strip_picture(*fakes.cnn_result(), LIGHT)),
    "image": ((260, 320), lambda: _chart(fakes.cnn_result(), "image", form="overlay")),
    "contour": ((260, 320), lambda: _chart(fakes.cnn_result(), "image", DARK, form="contour")),
    "bars": ((320, 260), lambda: _chart(fakes.mlp_result(), "x", form="bars", unit=2)),
    "text": ((320, 200), lambda: _sequence("tokens", (24,), integer=True)),
    "line": ((320, 200), lambda: _sequence("series", (60,), integer=False)),
    "time": ((320, 240), lambda: _sequence("time", (3, 40), integer=False)),
    "channels": ((300, 320), lambda: _chart(fakes.cnn_result(), "conv1", DARK)),
    "waterfall": ((320, 320), lambda: _chart(fakes.mlp_result(), "fc2", layer_form="waterfall")),
}


@contextmanager
def pinned_font() -> Iterator[None]:
    """Every text is boxes of one width."""
    number = QFontDatabase.addApplicationFontFromData(QByteArray(block_font()))
    before = QApplication.font()
    font = QFont(FAMILY)
    font.setStyleStrategy(QFont.StyleStrategy.NoFontMerging)
    QApplication.setFont(font)
    ink.font.cache_clear()
    ink.metrics.cache_clear()
    try:
        yield
    finally:
        QApplication.setFont(before)
        QFontDatabase.removeApplicationFont(number)
        ink.font.cache_clear()
        ink.metrics.cache_clear()


def pixels(name: str) -> np.ndarray:
    """(height, width, 3) bytes: a picture as it is now."""
    size, make = SHOTS[name]
    with pinned_font():
        return drawn(make(), size)


def drawn(picture: Drawing, size: tuple[int, int]) -> np.ndarray:
    """(height, width, 3) bytes."""
    image = QImage(*size, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    picture.draw(painter, QRectF(0, 0, *size), 1.0)
    painter.end()
    packed = np.frombuffer(image.constBits(), np.uint8).reshape(size[1], size[0], 4)
    return packed[..., 2::-1].copy()


def kept(name: str) -> np.ndarray:
    """(height, width, 3) bytes: as it was when it was kept."""
    from PIL import Image

    with Image.open(FOLDER / f"{name}.png") as image:
        return np.asarray(image.convert("RGB"))


def keep(name: str, shown: np.ndarray, folder: Path = FOLDER) -> Path:
    """Write a picture with a palette, which takes little room."""
    from PIL import Image

    path = folder / f"{name}.png"
    Image.fromarray(shown).quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    return path


def main(names: list[str]) -> int:
    """Keep the pictures of these names, or all."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    _app = QApplication([sys.argv[0], "-style", "Fusion"])
    FOLDER.mkdir(exist_ok=True)
    for name in names or SHOTS:
        print(keep(name, pixels(name)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
