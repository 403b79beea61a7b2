"""Parts of the window about two explanations: the line above a pane, the table of layers, buttons of a choice."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QButtonGroup,
    QLabel,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from lrp_gui.compare.model import LAYER, SHARE, LayersModel
from lrp_gui.sorted_table import SortedTable


class Head(QLabel):
    """A line about what a pane shows; where it has no room its end is left out, and its tip says all."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setContentsMargins(8, 2, 4, 2)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def setText(self, text: str) -> None:  # noqa: N802 - Qt's name
        """And the tip."""
        super().setText(text)
        self.setToolTip(text)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        """The text, or its beginning."""
        painter = QPainter(self)
        rect = self.contentsRect()
        text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, rect.width())
        painter.setPen(self.palette().windowText().color())
        painter.drawText(rect, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
        painter.end()

    def minimumSizeHint(self) -> QSize:
        """A few letters."""
        return QSize(40, self.fontMetrics().height() + 4)


class LayersTable(SortedTable):
    """The table: one row chosen, sorted by its titles, copied by Ctrl+C."""

    def __init__(self, model: LayersModel, parent: QWidget) -> None:
        super().__init__(model, self.tr("Layers by how much they differ"), parent)
        self._rows = model
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.sort_at_first(SHARE, Qt.SortOrder.DescendingOrder)
        copy = QAction(self.tr("Copy Table"), self)
        copy.setShortcut(QKeySequence.StandardKey.Copy)
        copy.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        copy.triggered.connect(self.copy)
        self.addAction(copy)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)

    def fit(self) -> None:
        """Columns as wide as what stands in them, within reason."""
        self.horizontalHeader().setResizeContentsPrecision(50)
        for column in range(self._rows.columnCount()):
            self.resizeColumnToContents(column)
            most = 300 if column == LAYER else 180
            self.setColumnWidth(column, min(self.columnWidth(column) + 14, most))

    def copy(self) -> None:
        """The table with its titles, for a spreadsheet."""
        QGuiApplication.clipboard().setText(self._rows.as_text())


def flat_button(parent: QWidget, text: str, tip: str) -> QToolButton:
    """A flat button that the keyboard reaches."""
    one = QToolButton(parent)
    one.setText(text)
    one.setToolTip(tip)
    one.setAutoRaise(True)
    one.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    return one


def choices(parent: QWidget, *rows: tuple[str, str, str]) -> QButtonGroup:
    """Buttons of which one is down: what each chooses, its text, its tip; the first at first."""
    group = QButtonGroup(parent)
    for n, (choice, text, tip) in enumerate(rows):
        one = flat_button(parent, text, tip)
        one.setCheckable(True)
        one.setChecked(n == 0)
        one.setProperty("choice", choice)
        group.addButton(one)
    return group


def check(group: QButtonGroup, choice: str) -> None:
    """Press the button of a choice."""
    for one in group.buttons():
        one.setChecked(one.property("choice") == choice)
