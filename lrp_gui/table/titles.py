"""The titles of columns: what is too long for its column is cut in the middle, line by line, and says so by "…"."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QHeaderView, QStyle, QStyleOptionHeader, QWidget

MIDDLE = Qt.TextElideMode.ElideMiddle  # names that begin alike are told apart by their ends


class Titles(QHeaderView):
    """Qt's own way to shorten would put a name and the unit below it into one line."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setSectionsClickable(True)
        self.setHighlightSections(True)

    def initStyleOptionForIndex(self, option: QStyleOptionHeader, logicalIndex: int) -> None:  # noqa: N802 - Qt's names
        """Qt's, with each line cut to the room that there is."""
        super().initStyleOptionForIndex(option, logicalIndex)
        room = self.sectionSize(logicalIndex) - 2 * self._metric(QStyle.PixelMetric.PM_HeaderMargin)
        if self.isSortIndicatorShown() and self.sortIndicatorSection() == logicalIndex:
            room -= self._metric(QStyle.PixelMetric.PM_HeaderMarkSize)
        bold = self.font()
        bold.setBold(True)  # the titles of what is selected are
        metrics = QFontMetrics(bold)
        option.text = "\n".join(metrics.elidedText(line, MIDDLE, room) for line in option.text.split("\n"))

    def _metric(self, what: QStyle.PixelMetric) -> int:
        return self.style().pixelMetric(what, None, self)
