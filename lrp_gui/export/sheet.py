"""A picture on paper: its size, its colours, and its caption below."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from lrp_gui.theme import Theme
from lrp_gui.viewer.ink import font, metrics
from lrp_gui.viewer.picture import Drawing

CAPTION_SIZE = 11.5
MARGIN = 10.0
LARGEST_SIDE = 30_000
LARGEST_AREA = 100_000_000
CSS_DPI = 96.0  # the resolution at which a pixel is a pixel of SVG and PDF
MM_PER_INCH = 25.4


@dataclass(frozen=True, slots=True)
class Sheet:
    """Width and height in pixels, colours, and how large the text is: `scale` pixels to a logical one, 0 = by size.

    `dpi` says how large a pixel is on paper; `transparent` leaves out what lies behind the picture.
    """

    width: int
    height: int
    theme: Theme
    scale: float = 0.0
    caption: bool = True
    dpi: float = CSS_DPI
    transparent: bool = False

    @classmethod
    def of(
        cls,
        picture: Drawing,
        theme: Theme,
        width: int = 0,
        height: int = 0,
        *,
        scale: float = 0.0,
        caption: bool = True,
        dpi: float = CSS_DPI,
        transparent: bool = False,
    ) -> Sheet:
        """A sheet in the picture's own proportions where no size is given."""
        wide, tall = picture.size
        tall += caption_height(picture, wide) if caption else 0.0
        if not width:
            width = round(height * wide / tall) if height else round(1.5 * wide * dpi / CSS_DPI)
        return cls(width, height or round(width * tall / wide), theme, scale, caption, dpi, transparent)

    def scale_for(self, picture: Drawing) -> float:
        """Pixels to a logical pixel: so that the picture's preferred size just fits."""
        if self.scale > 0:
            return self.scale
        wide, tall = picture.size
        tall += caption_height(picture, wide) if self.caption else 0.0
        return max(0.05, min(self.width / wide, self.height / tall))

    @property
    def millimetres(self) -> tuple[float, float]:
        """Width and height on paper."""
        return self.width / self.dpi * MM_PER_INCH, self.height / self.dpi * MM_PER_INCH

    @property
    def ink(self) -> Theme:
        """The colours to draw in: on a transparent sheet the background is there, but cannot be seen."""
        if not self.transparent:
            return self.theme
        return self.theme._replace(background=f"#00{QColor(self.theme.background).name()[1:]}")


def pixels(millimetres: float, dpi: float) -> int:
    """How many pixels a length on paper takes."""
    return round(millimetres / MM_PER_INCH * dpi)


def caption_height(picture: Drawing, width: float) -> float:
    """Room for the caption's lines, in logical pixels."""
    if not picture.caption:
        return 0.0
    room = QRectF(0, 0, max(40.0, width - 2 * MARGIN), 10_000)
    lines = metrics(CAPTION_SIZE).boundingRect(room, int(Qt.TextFlag.TextWordWrap), picture.caption)
    return lines.height() + 2 * MARGIN


def draw_sheet(painter: QPainter, picture: Drawing, sheet: Sheet) -> None:
    """Draw picture and caption; one painter unit is one pixel of the sheet."""
    themed = picture.themed(sheet.ink)
    scale = sheet.scale_for(picture)
    area = QRectF(0, 0, sheet.width, sheet.height)
    painter.fillRect(area, QColor(sheet.ink.background))
    below = caption_height(picture, sheet.width / scale) * scale if sheet.caption else 0.0
    below = min(below, sheet.height * 0.4)
    themed.draw(painter, area.adjusted(0, 0, 0, -below), scale)
    if below:
        _caption(painter, picture.caption, QRectF(0, sheet.height - below, sheet.width, below), sheet.theme, scale)


def _caption(painter: QPainter, text: str, rect: QRectF, theme: Theme, scale: float) -> None:
    painter.save()
    painter.translate(rect.topLeft())
    painter.scale(scale, scale)
    width, height = rect.width() / scale, rect.height() / scale
    painter.setPen(QPen(QColor(theme.line), 1))
    painter.drawLine(QRectF(0, 0, width, 0).topLeft(), QRectF(0, 0, width, 0).topRight())
    painter.setFont(font(CAPTION_SIZE))
    painter.setPen(QColor(theme.dim))
    room = QRectF(MARGIN, MARGIN, max(40.0, width - 2 * MARGIN), max(10.0, height - MARGIN))
    painter.drawText(room, int(Qt.TextFlag.TextWordWrap), text)
    painter.restore()
