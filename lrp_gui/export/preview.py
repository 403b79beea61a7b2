"""The sheet as it will be, in the dialog."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize
from PySide6.QtGui import QBrush, QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from lrp_gui.export.sheet import Sheet, draw_sheet
from lrp_gui.viewer.picture import Drawing

MARGIN = 8
CHECKS = ("#ffffff", "#d9d9d9")  # what stands for nothing
CHECK_SIZE = 8


class Preview(QWidget):
    """The sheet as it will be, scaled into the dialog."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._picture: Drawing | None = None
        self._sheet: Sheet | None = None
        self.setMinimumSize(320, 220)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(self.tr("Preview"))

    def show_sheet(self, picture: Drawing, sheet: Sheet) -> None:
        """Show another one."""
        self._picture, self._sheet = picture, sheet
        self.setAccessibleDescription(picture.caption)
        self.update()

    def show_nothing(self) -> None:
        """There is no picture."""
        self._picture = self._sheet = None
        self.update()

    def sizeHint(self) -> QSize:
        """Large enough to judge."""
        return QSize(640, 430)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        """The whole sheet, in the middle."""
        if self._picture is None or self._sheet is None:
            return
        painter = QPainter(self)
        factor = min((self.width() - MARGIN) / self._sheet.width, (self.height() - MARGIN) / self._sheet.height)
        width, height = self._sheet.width * factor, self._sheet.height * factor
        area = QRectF((self.width() - width) / 2, (self.height() - height) / 2, width, height)
        if self._sheet.transparent:
            _checkered(painter, area)
        painter.save()
        painter.setClipRect(area)
        painter.translate(area.topLeft())
        painter.scale(factor, factor)
        draw_sheet(painter, self._picture, self._sheet)
        painter.restore()
        painter.setPen(QPen(QColor(self._sheet.theme.line), 1))
        painter.drawRect(area)
        painter.end()


def _checkered(painter: QPainter, area: QRectF) -> None:
    painter.fillRect(area, QColor(CHECKS[0]))
    painter.save()
    painter.setClipRect(area)
    brush = QBrush(QColor(CHECKS[1]))
    for row in range(int(area.height() // CHECK_SIZE) + 1):
        for column in range(row % 2, int(area.width() // CHECK_SIZE) + 1, 2):
            corner = area.topLeft() + QPointF(column * CHECK_SIZE, row * CHECK_SIZE)
            painter.fillRect(QRectF(corner.x(), corner.y(), CHECK_SIZE, CHECK_SIZE), brush)
    painter.restore()
