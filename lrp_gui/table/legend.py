"""What the colours of the cells mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics, QLinearGradient, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from lrp_gui.table.colours import Ends, Scale

if TYPE_CHECKING:
    from lrp_gui.theme import Theme

BAR_WIDTH = 110


class Legend(QWidget):
    """A strip of colours with its ends named."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scale, self._ends = Scale(list(theme.relevance_map)), Ends("", "", "")
        self._side = 0
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        self.setMinimumHeight(QFontMetrics(self.font()).height() + 4)

    def show_scale(self, scale: Scale, ends: Ends) -> None:
        """Show these colours and these words."""
        self._scale, self._ends = scale, ends
        metrics = QFontMetrics(self.font())
        self._side = max(metrics.horizontalAdvance(text) for text in (ends.low, ends.high)) + 8
        self.setFixedWidth(2 * self._side + BAR_WIDTH)
        self.setToolTip(ends.tip)
        self.setAccessibleName(self.tr("Colours from “{low}” to “{high}”").format(low=ends.low, high=ends.high))
        self.setAccessibleDescription(ends.tip)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: D102
        painter = QPainter(self)
        box = self.rect().adjusted(self._side, 0, -self._side, 0)
        bar = box.adjusted(0, self.height() // 2 - 5, 0, 5 - self.height() + self.height() // 2)
        shades = QLinearGradient(bar.topLeft(), bar.topRight())
        stops = self._scale.stops
        for number, stop in enumerate(stops):
            shades.setColorAt(number / (len(stops) - 1), stop)
        painter.fillRect(bar, shades)
        painter.setPen(self.palette().windowText().color())
        left, right = self.rect().adjusted(0, 0, -self.width() + self._side - 6, 0), self.rect()
        painter.drawText(left, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, self._ends.low)
        painter.drawText(
            right.adjusted(self.width() - self._side + 6, 0, 0, 0),
            Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter,
            self._ends.high,
        )
        painter.end()
