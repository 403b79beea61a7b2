"""Tokens as chips in lines that break like text, in the colour of their relevance."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from lrp_gui.sample.editors.chips_model import NUMBER, SHARE, WRONG
from lrp_gui.sample.editors.colours import POWER

if TYPE_CHECKING:
    from lrp_gui.theme import Theme

Index = QModelIndex | QPersistentModelIndex
PAD, ROUND = 6, 5
NARROWEST, WIDEST = 26, 220
SMALLER = 0.82
# Above this luminance black reads better than white.
MIDDLE = 0.18


class ChipDelegate(QStyledItemDelegate):
    """Paints one token: its text, below it its number."""

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: D102
        number, large = str(index.data(NUMBER) or ""), QFontMetrics(option.font)  # type: ignore[attr-defined]
        small = QFontMetrics(_small(option.font))  # type: ignore[attr-defined]
        wide = max(large.horizontalAdvance(str(index.data())), small.horizontalAdvance(number))
        high = large.height() + (small.height() if number else 0)
        return QSize(min(max(wide + 2 * PAD, NARROWEST), WIDEST), high + PAD)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:  # noqa: D102
        theme, rect = self.theme, QRect(option.rect)  # type: ignore[attr-defined]
        state = option.state  # type: ignore[attr-defined]
        share, wrong = float(index.data(SHARE)), bool(index.data(WRONG))
        fill = tinted(theme, share)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        selected = bool(state & QStyle.StateFlag.State_Selected)
        pen = QPen(
            QColor(theme.warning if wrong else theme.accent if selected else theme.line), 2 if selected or wrong else 1
        )
        if state & QStyle.StateFlag.State_HasFocus and not selected:
            pen.setStyle(Qt.PenStyle.DotLine)
            pen.setColor(QColor(theme.accent))
        painter.setPen(pen)
        painter.setBrush(fill)
        painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), ROUND, ROUND)
        ink = QColor("#000000" if _luminance(fill) > MIDDLE else "#ffffff")
        painter.setPen(ink)
        number = str(index.data(NUMBER) or "")
        metrics = QFontMetrics(option.font)  # type: ignore[attr-defined]
        inside = rect.adjusted(PAD // 2, PAD // 2, -PAD // 2, -PAD // 2)
        text = metrics.elidedText(str(index.data()), Qt.TextElideMode.ElideMiddle, inside.width())
        line = QRect(inside.left(), inside.top(), inside.width(), metrics.height() if number else inside.height())
        painter.setFont(option.font)  # type: ignore[attr-defined]
        painter.drawText(line, int(Qt.AlignmentFlag.AlignCenter), text)
        if number:
            painter.setFont(_small(option.font))  # type: ignore[attr-defined]
            painter.drawText(inside.adjusted(0, metrics.height(), 0, 0), int(Qt.AlignmentFlag.AlignCenter), number)
        painter.restore()

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:  # noqa: D102, ARG002
        box = QLineEdit(parent)
        box.setMinimumWidth(90)
        box.setAccessibleName(self.tr("The token's number, or a word"))
        return box

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: Index) -> None:  # noqa: D102, ARG002
        rect = QRect(option.rect)  # type: ignore[attr-defined]
        rect.setWidth(max(rect.width(), editor.minimumWidth()))
        parent = editor.parentWidget()
        if parent is not None and rect.right() > parent.width():
            rect.moveRight(parent.width())
        editor.setGeometry(rect)


class ChipsView(QListView):
    """Left to right, line below line; the arrows walk through the text."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(True)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setSpacing(2)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        triggers = QAbstractItemView.EditTrigger
        self.setEditTriggers(triggers.DoubleClicked | triggers.EditKeyPressed | triggers.AnyKeyPressed)
        self.setMouseTracking(True)
        self.setMinimumSize(120, 60)
        self.delegate = ChipDelegate(theme, self)
        self.setItemDelegate(self.delegate)
        self.setAccessibleName(self.tr("Tokens"))

    def set_theme(self, theme: Theme) -> None:
        """Take over the colours."""
        self.delegate.theme = theme
        self.viewport().update()


def tinted(theme: Theme, share: float) -> QColor:
    """A relevance, as a share of the largest, laid over the panel's colour; NaN is none."""
    base = QColor(theme.panel)
    if math.isnan(share):
        return base
    hue = QColor(theme.positive if share >= 0 else theme.negative)
    part = min(1.0, abs(share)) ** POWER
    mixed = (a + (b - a) * part for a, b in zip(_parts(base), _parts(hue), strict=True))
    return QColor(*(round(one) for one in mixed))


def _parts(colour: QColor) -> tuple[int, int, int]:
    return colour.red(), colour.green(), colour.blue()


def _small(font: QFont) -> QFont:
    small = QFont(font)
    small.setPointSizeF(font.pointSizeF() * SMALLER) if font.pointSizeF() > 0 else small.setPixelSize(
        round(font.pixelSize() * SMALLER)
    )
    return small


def _luminance(colour: QColor) -> float:
    """Relative luminance after WCAG 2."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (p / 255 for p in _parts(colour))]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
