"""What the colours of an editor mean: greys for values, two hues for relevance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QLinearGradient, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from lrp_gui.document.words import MINUS, plain
from lrp_gui.sample.editors.colours import POWER, greys

if TYPE_CHECKING:
    from lrp_gui.theme import Theme

BAR = 56
HIGH = 8
STOPS = 16


class Legend(QWidget):
    """A bar for values, where they are shown in greys, and one for relevance, where there is any."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self.values: tuple[float, float] | None = None
        self.limit, self.letter, self.opacity = 0.0, "R", 1.0
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self.tr("What the colours mean"))

    def show_ranges(self, values: tuple[float, float] | None, limit: float, letter: str, opacity: float) -> None:
        """What the ends of the bars are; None and 0 for a bar that is not needed."""
        self.values, self.limit, self.letter, self.opacity = values, limit, letter, opacity
        self.setAccessibleDescription(" ".join(f"{a} … {b}" for a, b in self.texts()))
        self.updateGeometry()
        self.update()

    def texts(self) -> list[tuple[str, str]]:
        """What stands left and right of each bar."""
        found = []
        if self.values is not None:
            low, high = (plain(value, 3) for value in self.values)
            found.append((low, high))
        if self.limit:
            end = plain(self.limit, 2)
            found.append((f"{self.letter} {MINUS}{end}", f"+{end}"))
        return found

    def sizeHint(self) -> QSize:  # noqa: D102
        metrics = self.fontMetrics()
        texts = self.texts()
        ends = [max((metrics.horizontalAdvance(pair[n]) for pair in texts), default=0) for n in (0, 1)]
        return QSize(sum(ends) + BAR + 16, len(texts) * (metrics.height() + 4))

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102, ARG002
        painter = QPainter(self)
        gradients = [self._greys()] if self.values is not None else []
        if self.limit:
            gradients.append(self._hues())
        texts, metrics = self.texts(), self.fontMetrics()
        first = max((metrics.horizontalAdvance(low) for low, _high in texts), default=0)
        for n, ((low, high), stops) in enumerate(zip(texts, gradients, strict=True)):
            line = QRectF(0, n * (metrics.height() + 4), self.width(), metrics.height() + 4)
            bar = QRectF(first + 6, line.center().y() - HIGH / 2, BAR, HIGH)
            gradient = QLinearGradient(bar.topLeft(), bar.topRight())
            for at, stop in enumerate(stops):
                gradient.setColorAt(at / (len(stops) - 1), stop)
            painter.fillRect(bar, QColor(self.theme.panel))
            painter.setBrush(gradient)
            painter.setPen(QColor(self.theme.line))
            painter.drawRect(bar)
            painter.setPen(QColor(self.theme.dim))
            middle = Qt.AlignmentFlag.AlignVCenter
            painter.drawText(
                line.adjusted(0, 0, bar.left() - 6 - line.right(), 0), int(middle | Qt.AlignmentFlag.AlignRight), low
            )
            painter.drawText(line.adjusted(bar.right() + 6, 0, 0, 0), int(middle), high)
        painter.end()

    def _greys(self) -> list[QColor]:
        return list(greys(self.theme))

    def _hues(self) -> list[QColor]:
        """As it lies over the picture."""
        stops = []
        for n in range(STOPS + 1):
            share = 2 * n / STOPS - 1
            colour = QColor(self.theme.positive if share > 0 else self.theme.negative)
            colour.setAlphaF(self.opacity * abs(share) ** POWER)
            stops.append(colour)
        return stops
