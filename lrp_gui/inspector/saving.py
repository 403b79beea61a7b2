"""Pictures of the inspector's plots for a report, and where they go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QBuffer, QIODevice, QRectF, QSaveFile, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter

if TYPE_CHECKING:
    from lrp_gui.inspector.legend import ColourBar
    from lrp_gui.inspector.plots import Plot
    from lrp_gui.theme import Theme

SCALE = 2
MARGIN = 8


def composed(title: str, plot: Plot, legend: ColourBar | None, theme: Theme) -> QImage:
    """A plot as it is on the screen, twice as sharp, under its title and above its legend."""
    width = plot.width() + 2 * MARGIN
    metrics = QFontMetricsF(plot.font())
    head = metrics.height() + 2 * MARGIN
    foot = legend.sizeHint().height() + MARGIN if legend is not None else MARGIN
    image = QImage(QSize(width, round(head + plot.height() + foot)) * SCALE, QImage.Format.Format_RGB32)
    image.fill(QColor(theme.panel))
    painter = QPainter(image)
    painter.scale(SCALE, SCALE)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setFont(plot.font())
    painter.setPen(QColor(theme.text))
    place = QRectF(MARGIN, MARGIN, width - 2 * MARGIN, metrics.height())
    painter.drawText(place, metrics.elidedText(title, Qt.TextElideMode.ElideMiddle, place.width()))
    plot.render(painter, QRectF(MARGIN, head, plot.width(), plot.height()))
    if legend is not None:
        legend.draw(painter, QRectF(MARGIN, head + plot.height(), plot.width(), foot - MARGIN))
    painter.end()
    return image


def save(image: QImage, path: str) -> str:
    """Write a PNG, whole or not at all; gives the reason where it cannot be written, else ""."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]
    data = bytes(buffer.data().data())
    file = QSaveFile(path)
    if file.open(QIODevice.OpenModeFlag.WriteOnly) and file.write(data) == len(data) and file.commit():
        return ""
    return file.errorString().rstrip(".")
