"""The toolbar's icons: strokes on a 24 × 24 grid in the theme's ink, so that they are sharp at any scale."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QPainter, QPainterPath, QPen, QPixmap

from lrp_gui.actions import ICON_SIZE

if TYPE_CHECKING:
    from lrp_gui.theme import Theme

GRID = 24

# M move, L line, C curve (two controls, an end), Z close, O circle (centre, radius). One string a stroke.
STROKES: dict[str, tuple[str, ...]] = {
    "pin": ("M9 4 L15 4", "M10 4 L10 10 L7 13.5 L17 13.5 L14 10 L14 4", "M12 13.5 L12 20.5"),
    "open": ("M3 19 L3 6 L9 6 L11 8.5 L19 8.5 L19 11", "M3 19 L6.5 11 L22 11 L18.5 19 Z"),
    "table": ("M4 5 L20 5 L20 19 L4 19 Z", "M4 10 L20 10", "M4 14.5 L20 14.5", "M10 5 L10 19"),
    "grid": (
        *(f"M4 {y} L20 {y}" for y in (4, 9.33, 14.67, 20)),
        *(f"M{x} 4 L{x} 20" for x in (4, 9.33, 14.67, 20)),
    ),
    "save": ("M5 4 L16 4 L20 8 L20 20 L5 20 Z", "M8 4 L8 9 L15 9 L15 4", "M8 20 L8 14 L17 14 L17 20"),
    "export": ("M4 15 L4 20 L20 20 L20 15", "M12 15 L12 4", "M7.5 8.5 L12 4 L16.5 8.5"),
    "run": ("M7 4.5 L19 12 L7 19.5 Z",),
    "cancel": ("O12 12 8.5", "M8.8 8.8 L15.2 15.2", "M15.2 8.8 L8.8 15.2"),
    "auto": ("M19.5 9 C18 5.5 14.5 3.8 11 4.3 C7 5 4.3 8.2 4.3 12",
             "M4.5 15 C6 18.5 9.5 20.2 13 19.7 C17 19 19.7 15.8 19.7 12",
             "M20 4.5 L19.6 9.2 L15 8.6", "M4 19.5 L4.4 14.8 L9 15.4"),
    "undo": ("M8.5 4.5 L4 9 L8.5 13.5", "M4 9 L14 9 C18 9 20 11.5 20 14.5 C20 17.5 18 19.5 14.5 19.5 L9 19.5"),
    "redo": ("M15.5 4.5 L20 9 L15.5 13.5", "M20 9 L10 9 C6 9 4 11.5 4 14.5 C4 17.5 6 19.5 9.5 19.5 L15 19.5"),
    "previous": ("M14.5 5 L7.5 12 L14.5 19",),
    "next": ("M9.5 5 L16.5 12 L9.5 19",),
    "up": ("M5 14.5 L12 7.5 L19 14.5",),
    "insert": ("M4 9 L20 9 L20 15 L4 15 Z", "M12 16.5 L12 22", "M9.2 19.2 L14.8 19.2", "M4 4.5 L20 4.5"),
    "duplicate": ("M8 8 L20 8 L20 20 L8 20 Z", "M4 16 L4 4 L16 4"),
    "delete": ("M4.5 7 L19.5 7", "M9.5 7 L9.5 4 L14.5 4 L14.5 7", "M6.5 7 L7.5 20 L16.5 20 L17.5 7"),
    "tint": ("M12 3.5 C16 8.5 18 11.5 18 14.5 C18 18 15.5 20.5 12 20.5 C8.5 20.5 6 18 6 14.5 C6 11.5 8 8.5 12 3.5 Z",
             "M12 17.5 C10.2 17.3 9 16.2 9 14.3"),
    "units": ("O10.5 14.5 5.5", "M10.5 9 L20 9"),
    "statistics": ("M4 20 L20 20", "M7 20 L7 12", "M12 20 L12 5", "M17 20 L17 9"),
    "group": ("M8 5 L4 5 L4 10 L8 10", "M8 14 L4 14 L4 19 L8 19", "M11 7.5 L20 7.5", "M11 16.5 L20 16.5"),
    "close": ("M6 6 L18 18", "M18 6 L6 18"),
    "tool-paint": (
        "M19.5 4 L10.5 13",
        "M10.5 13 C8 12.5 6 14 5.8 16.5 C5.6 18.5 4.8 19.3 3.5 19.8 C7 21.2 11.6 20 11.8 16 Z",
    ),
    "tool-erase": ("M4 15.5 L13 5 L20 11 L12 20 L8 20 Z", "M8.4 10.4 L15.6 16.4", "M12 20 L20 20"),
    "tool-occlude": (
        *("M4 4 L20 4 L20 20 L4 20 Z", "M9 9 L15 9 L15 15 L9 15 Z"),
        *("M9 15 L15 9", "M9 12 L12 9", "M12 15 L15 12"),
    ),
    "tool-noise": tuple(
        f"O{x} {y} 0.8"
        for x, y in ((5, 6), (11, 4), (18, 7), (8, 11), (14, 10), (20, 13), (4, 16), (11, 17), (17, 18), (7, 20.5))
    ),
    "tool-fill": ("M5 12 L12 5 L19 12 L12 19 Z", "M5.5 12.5 L18.5 12.5", "M12 5 L9.5 2.5", "M20.5 16 L20.5 19.5"),
    "tool-pick": ("M14 7 L17.5 3.5 L20.5 6.5 L17 10", "M12 5 L19 12", "M14.5 7.5 L5 17 L4 20 L7 19 L16.5 9.5"),
    "tool-draw": ("M3 15 C6 6 9 6 12 12 C15 18 18 18 21 9",),
    "tool-drag": ("M3 17 L9 9 L15 14 L21 6", "O9 9 2"),
    "help": ("M8.6 9 C8.6 6.6 10 5 12.2 5 C14.4 5 15.8 6.4 15.8 8.4 C15.8 11.4 12.2 11.4 12.2 14.6", "M12 18.4 L12 19"),
    "smaller": ("M5 12 L19 12",),
    "larger": ("M5 12 L19 12", "M12 5 L12 19"),
    "warning": ("M12 3.5 L21.5 20 L2.5 20 Z", "M12 9.5 L12 14.5", "M12 17 L12 17.6"),
}  # fmt: skip


def icon(name: str, theme: Theme) -> QIcon:
    """The icon in the theme's ink, and dimmed where it is disabled."""
    result = QIcon()
    scale = QGuiApplication.instance().devicePixelRatio()  # type: ignore[union-attr]
    for mode, ink in ((QIcon.Mode.Normal, theme.text), (QIcon.Mode.Disabled, theme.other)):
        result.addPixmap(pixmap(name, ink, ICON_SIZE, scale), mode)
    return result


def pixmap(name: str, ink: str, size: int, scale: float) -> QPixmap:
    """One rendering, `size` logical pixels wide at this device pixel ratio."""
    image = QPixmap(round(size * scale), round(size * scale))
    image.setDevicePixelRatio(scale)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.scale(size / GRID, size / GRID)
    pen = QPen(QColor(ink), 1.9, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    for stroke in STROKES[name]:
        painter.drawPath(_path(stroke))
    painter.end()
    return image


def _path(stroke: str) -> QPainterPath:
    """Read one stroke."""
    path = QPainterPath()
    words = iter(stroke.replace("M", " M ").replace("L", " L ").replace("C", " C ").replace("O", " O ").split())
    for word in words:
        if word == "M":
            path.moveTo(_point(words))
        elif word == "L":
            path.lineTo(_point(words))
        elif word == "C":
            path.cubicTo(_point(words), _point(words), _point(words))
        elif word == "O":
            centre, radius = _point(words), float(next(words))
            path.addEllipse(QRectF(centre.x() - radius, centre.y() - radius, 2 * radius, 2 * radius))
        else:
            path.closeSubpath()
    return path


def _point(words) -> QPointF:  # noqa: ANN001
    return QPointF(float(next(words)), float(next(words)))
