"""The bottom dock: the table, its few buttons, and what its colours mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QFontMetrics, QLinearGradient, QPainter, QPaintEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolBar, QVBoxLayout, QWidget

from lrp_gui.document.words import counted
from lrp_gui.table.view import TableView

if TYPE_CHECKING:
    from lrp_gui.document.document import Document
    from lrp_gui.theme import Theme

WIDTH_FOR_WORDS = 860


class TablePanel(QWidget):
    """The table with its toolbar and legend."""

    def __init__(
        self, document: Document, theme: Theme, actions: Sequence[QAction], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._document = document
        self.view = TableView(document, theme, self)
        self.legend = Legend(theme, self)
        self.legend.hide()
        self._count = QLabel(self)
        self.nothing = QLabel(self.tr("The samples stand here once there is a network to explain."), self)
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.nothing.setWordWrap(True)
        self.nothing.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._bar = bar = QToolBar(self.tr("Table"), self)
        bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        bar.addActions(actions)
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 8, 0)
        row.addWidget(bar)
        row.addWidget(self.legend)
        row.addStretch()
        row.addWidget(self._count)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(row)
        column.addWidget(self.view, 1)
        column.addWidget(self.nothing, 1)
        document.table_changed.connect(self._tell_count)
        self._tell_count()

    def set_tinted(self, tinted: bool) -> None:
        """Colour the cells by relevance, and say what the colours mean."""
        self.view.table_model.set_tinted(tinted)
        self.legend.setVisible(tinted)

    def set_theme(self, theme: Theme) -> None:
        """Take over the colours."""
        self.view.table_model.set_theme(theme)
        self.legend.set_theme(theme)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Without room for words the buttons keep their icons, rather than vanish behind an arrow."""
        super().resizeEvent(event)
        style = Qt.ToolButtonStyle
        roomy = self.width() >= WIDTH_FOR_WORDS
        self._bar.setToolButtonStyle(style.ToolButtonTextBesideIcon if roomy else style.ToolButtonIconOnly)

    def _tell_count(self) -> None:
        table = self._document.table
        self.view.setVisible(table is not None)
        self.nothing.setVisible(table is None)
        if table is None:
            self._count.clear()
            return
        self._count.setText(f"{counted(table.samples, 'sample')} × {counted(len(table.features), 'feature')}")


class Legend(QWidget):
    """A strip of the relevance colours with its ends named."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._low, self._high = self.tr("− against"), self.tr("for +")
        self.setToolTip(
            self.tr("Full colour is the largest |R| of the sample, so rows compare by pattern, not by size")
        )
        self.setAccessibleName(self.tr("Relevance against the target on the left, for it on the right"))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        metrics = QFontMetrics(self.font())
        self._side = max(metrics.horizontalAdvance(text) for text in (self._low, self._high)) + 8
        self.setFixedWidth(2 * self._side + 110)

    def set_theme(self, theme: Theme) -> None:
        """Take over the colours."""
        self._theme = theme
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: D102
        painter = QPainter(self)
        box = self.rect().adjusted(self._side, 0, -self._side, 0)
        bar = box.adjusted(0, self.height() // 2 - 5, 0, 5 - self.height() + self.height() // 2)
        shades = QLinearGradient(bar.topLeft(), bar.topRight())
        stops = self._theme.relevance_map
        for number, stop in enumerate(stops):
            shades.setColorAt(number / (len(stops) - 1), stop)
        painter.fillRect(bar, shades)
        painter.setPen(self.palette().windowText().color())
        left, right = self.rect().adjusted(0, 0, -self.width() + self._side - 6, 0), self.rect()
        painter.drawText(left, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, self._low)
        painter.drawText(
            right.adjusted(self.width() - self._side + 6, 0, 0, 0),
            Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter,
            self._high,
        )
        painter.end()
