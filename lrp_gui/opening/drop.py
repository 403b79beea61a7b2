"""What lies over the window while somebody drags files over it: where they may be let go, and which they are."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from lrp_gui.theme import Theme

MARGIN, RADIUS = 14, 12
NAMES_SHOWN = 6


class DropHint(QWidget):
    """A frame around the whole window and the names of what is dragged. The mouse goes through it."""

    def __init__(self, over: QWidget) -> None:
        super().__init__(over)
        self._over = over
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAccessibleName(self.tr("Drop files here"))
        self._names: list[str] = []
        self._theme: Theme | None = None
        self.hide()

    @property
    def text(self) -> str:
        """The files by name, as they are shown."""
        shown = self._names[:NAMES_SHOWN]
        rest = len(self._names) - len(shown)
        return "\n".join((*shown, *([self.tr("and {count} more").format(count=rest)] if rest else [])))

    def show_for(self, paths: list[str], theme: Theme) -> None:
        """Appear over the parent."""
        self._names, self._theme = [Path(path).name for path in paths], theme
        self.setGeometry(self._over.rect())
        self.raise_()
        self.show()

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: D102
        if self._theme is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        veil = QColor(self._theme.background)
        veil.setAlphaF(0.86)
        painter.fillRect(self.rect(), veil)
        frame = QRectF(self.rect()).adjusted(MARGIN, MARGIN, -MARGIN, -MARGIN)
        painter.setPen(QPen(QColor(self._theme.accent), 2.5, Qt.PenStyle.DashLine))
        painter.drawRoundedRect(frame, RADIUS, RADIUS)
        font = painter.font()
        font.setPointSizeF(font.pointSizeF() * 1.7)
        painter.setFont(font)
        painter.setPen(QColor(self._theme.text))
        above = QRectF(frame.left(), frame.top(), frame.width(), frame.height() / 2 - 6)
        flags = Qt.AlignmentFlag.AlignHCenter
        painter.drawText(above, flags | Qt.AlignmentFlag.AlignBottom, self.tr("Let go to open"))
        font.setPointSizeF(font.pointSizeF() / 1.7)
        painter.setFont(font)
        painter.setPen(QColor(self._theme.dim))
        below = QRectF(frame.left() + 12, frame.center().y() + 6, frame.width() - 24, frame.height() / 2 - 6)
        painter.drawText(below, flags | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap, self.text)
        painter.end()
