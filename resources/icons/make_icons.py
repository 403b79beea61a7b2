"""Draw the icons' sizes for desktops from the SVG files beside this one, and those of Qt's dialogs for the dark.

Run it as `python resources/icons/make_icons.py`.
"""

from __future__ import annotations

import os
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

from lrp_gui.icons import pixmap
from lrp_gui.theme import DARK

HERE = Path(__file__).resolve().parent
SIZES = (16, 22, 24, 32, 48, 64, 128, 256, 512)
SIMPLE_UP_TO = 32  # below, the eight neurons of the program's icon are no more than grains
ICONS = ("lrp-explorer", "lrp-explorer-weights", "lrp-explorer-project")

# Qt draws these black, whatever the palette; where the desktop's theme has none they come from here (lrp_gui/theme.py).
FOR_THE_DARK = {"go-previous": "previous", "go-next": "next", "go-up": "up", "window-close": "close"}
DARK_SIZE = 64


def source(icon: str, size: int) -> Path:
    """The file that an icon is drawn from in one size."""
    simple = HERE / f"{icon}-small.svg"
    return simple if size <= SIMPLE_UP_TO and simple.exists() else HERE / f"{icon}.svg"


def drawn(icon: str, size: int) -> QImage:
    """An icon in one size."""
    image = QImage(size, size, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    QSvgRenderer(str(source(icon, size))).render(painter, QRectF(0, 0, size, size))
    painter.end()
    return image


def path(icon: str, size: int) -> Path:
    """Where the PNG of an icon lies."""
    return HERE / "png" / f"{icon}-{size}.png"


def main() -> None:
    _app = QGuiApplication([])
    for icon in ICONS:
        for size in SIZES:
            path(icon, size).parent.mkdir(parents=True, exist_ok=True)
            drawn(icon, size).save(str(path(icon, size)))
    (HERE / "dark").mkdir(exist_ok=True)
    for name, strokes in FOR_THE_DARK.items():
        pixmap(strokes, DARK.text, DARK_SIZE, 1.0).save(str(HERE / "dark" / f"{name}.png"))


if __name__ == "__main__":
    main()
