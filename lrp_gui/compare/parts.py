"""Parts of the window about two explanations: the line above a pane, the table of layers, buttons of a choice."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QButtonGroup,
    QComboBox,
    QLabel,
    QSizePolicy,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
    QToolButton,
    QWidget,
)

from lrp_gui.compare.model import LAYER, SHARE, LayersModel
from lrp_gui.sorted_table import SortedTable

MOST_WIDE = 180  # a column of numbers


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


class Choice(QComboBox):
    """A list to choose from; a choice that finds no room ends in "…" and is said by the tip."""

    def __init__(self, parent: QWidget, tip: str) -> None:
        super().__init__(parent)
        self.tell(tip)

    def tell(self, tip: str) -> None:
        """What it is for."""
        self._tip = tip
        self.setToolTip(tip)

    def event(self, event: QEvent) -> bool:
        """With the tip, what is chosen."""
        if event.type() == QEvent.Type.ToolTip:
            self.setToolTip(f"{self.currentText()}\n{self._tip}" if self._is_cut() else self._tip)
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        """As any such list, but that its text is shortened and not cut."""
        painter, option = QStylePainter(self), QStyleOptionComboBox()
        self.initStyleOption(option)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        option.currentText = self.fontMetrics().elidedText(
            self.currentText(), Qt.TextElideMode.ElideMiddle, self._room(option)
        )
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)
        painter.end()

    def _room(self, option: QStyleOptionComboBox) -> int:
        field = QStyle.SubControl.SC_ComboBoxEditField
        return self.style().subControlRect(QStyle.ComplexControl.CC_ComboBox, option, field, self).width() - 4

    def _is_cut(self) -> bool:
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        return self.fontMetrics().horizontalAdvance(self.currentText()) > self._room(option)


class LayersTable(SortedTable):
    """The table: one row chosen, sorted by its titles, copied by Ctrl+C."""

    def __init__(self, model: LayersModel, parent: QWidget) -> None:
        super().__init__(model, self.tr("Layers by how much they differ"), parent)
        self._rows, self._empty = model, ""
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.sort_at_first(SHARE, Qt.SortOrder.DescendingOrder)
        copy = QAction(self.tr("Copy Table"), self)
        copy.setShortcut(QKeySequence.StandardKey.Copy)
        copy.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        copy.triggered.connect(self.copy)
        self.addAction(copy)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)

    def say(self, text: str) -> None:
        """What stands in it while it has no rows."""
        if text != self._empty:
            self._empty = text
            self.viewport().update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The rows, or why there are none."""
        super().paintEvent(event)
        if not self._rows.rows and self._empty:
            painter = QPainter(self.viewport())
            painter.setPen(self.palette().placeholderText().color())
            room = self.viewport().rect().adjusted(12, 6, -12, -6)
            painter.drawText(room, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._empty)
            painter.end()

    def fit(self) -> None:
        """Columns as wide as what stands in them, within reason."""
        self.horizontalHeader().setResizeContentsPrecision(50)
        for column in range(self._rows.columnCount()):
            self.resizeColumnToContents(column)
            self.setColumnWidth(column, min(self.columnWidth(column) + 14, MOST_WIDE))
        self._fit_layers()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Names of layers take what the numbers leave."""
        super().resizeEvent(event)
        self._fit_layers()

    def _fit_layers(self) -> None:
        header = self.horizontalHeader()
        left = self.viewport().width() - header.length() + self.columnWidth(LAYER)
        wanted = max(self.sizeHintForColumn(LAYER), header.sectionSizeHint(LAYER)) + 14
        self.setColumnWidth(LAYER, min(wanted, max(left, 300)))

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
