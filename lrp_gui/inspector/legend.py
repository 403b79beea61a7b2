"""What the colours mean: a bar from −limit to +limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QLinearGradient, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from lrp_gui.document.words import MINUS, plain

if TYPE_CHECKING:
    from lrp_gui.theme import Theme

HEIGHT = 8


class ColourBar(QWidget):
    """The theme's diverging map with its two ends."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme, self.limit = theme, 1.0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self.tr("What the colours mean"))

    def sizeHint(self) -> QSize:  # noqa: D102
        return QSize(200, self.fontMetrics().height() + 4)

    def show_limit(self, limit: float) -> None:
        """What the ends mean."""
        self.limit = limit
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102, ARG002
        painter = QPainter(self)
        self.draw(painter, QRectF(self.rect()))
        painter.end()

    def draw(self, painter: QPainter, rect: QRectF) -> None:
        """Paint it into a rectangle: on the screen and in an exported picture."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self.font())
        end = plain(self.limit, 3)
        room = self.fontMetrics().horizontalAdvance(f"{MINUS}{end}") + 8
        width = max(20.0, min(180.0, rect.width() - 2.0 * room))
        bar = QRectF(rect.center().x() - width / 2, rect.center().y() - HEIGHT / 2, width, HEIGHT)
        gradient = QLinearGradient(bar.topLeft(), bar.topRight())
        stops = self.theme.relevance_map
        for n, stop in enumerate(stops):
            gradient.setColorAt(n / (len(stops) - 1), QColor(stop))
        painter.setPen(QColor(self.theme.line))
        painter.setBrush(gradient)
        painter.drawRect(bar)
        painter.setPen(QColor(self.theme.dim))
        left = QRectF(bar.left() - room, rect.top(), room - 6, rect.height())
        right = QRectF(bar.right() + 6, rect.top(), room, rect.height())
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(left, int(Qt.AlignmentFlag.AlignRight | middle), f"{MINUS}{end}")
        painter.drawText(right, int(Qt.AlignmentFlag.AlignLeft | middle), end)
