"""How the list of composites is drawn: name and line beside each other, headings between the groups."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPalette, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QApplication, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from lrp_gui.composite_box import ABOUT_ROLE, HEADING_ROLE, MARGIN, NAME_ROLE, grouped
from lrp_gui.languages import tr


def composites_model(names: tuple[tuple[str, str], ...]) -> QStandardItemModel:
    """A row for each heading, which cannot be chosen, and for each composite."""
    model = QStandardItemModel()
    for group, members in grouped(names):
        heading = QStandardItem(tr(group.heading))
        heading.setFlags(Qt.ItemFlag.NoItemFlags)
        heading.setData(True, HEADING_ROLE)
        model.appendRow(heading)
        for name, about in members:
            item = QStandardItem(name)
            item.setData(name, NAME_ROLE)
            item.setData(about, ABOUT_ROLE)
            item.setData(about, Qt.ItemDataRole.ToolTipRole)
            item.setData(f"{name}: {about}", Qt.ItemDataRole.AccessibleTextRole)
            model.appendRow(item)
    return model


class TwoColumns(QStyledItemDelegate):
    """Name and line beside each other; headings small and bold, with a rule above."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """A row."""
        drawn = QStyleOptionViewItem(option)
        self.initStyleOption(drawn, index)
        name, about = str(index.data() or ""), str(index.data(ABOUT_ROLE) or "")
        drawn.text = ""
        style = drawn.widget.style() if drawn.widget else QApplication.style()
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, drawn, painter, drawn.widget)
        palette: QPalette = drawn.palette
        chosen = bool(drawn.state & QStyle.StateFlag.State_Selected)
        text = palette.color(QPalette.ColorRole.HighlightedText if chosen else QPalette.ColorRole.Text)
        rect = drawn.rect.adjusted(MARGIN, 0, -MARGIN, 0)
        side = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.save()
        if index.data(HEADING_ROLE):
            if index.row():
                painter.setPen(palette.color(QPalette.ColorRole.Mid))
                painter.drawLine(drawn.rect.topLeft(), drawn.rect.topRight())
            painter.setFont(_bold(drawn.font))
            painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
            painter.drawText(rect, side, name)
        else:
            painter.setFont(drawn.font)
            painter.setPen(text)
            painter.drawText(rect, side, name)
            beside = QRect(rect)
            beside.setLeft(rect.left() + self._names(drawn, index) + 2 * MARGIN)
            painter.setPen(text if chosen else palette.color(QPalette.ColorRole.PlaceholderText))
            shown = QFontMetrics(drawn.font).elidedText(about, Qt.TextElideMode.ElideRight, beside.width())
            painter.drawText(beside, side, shown)
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """Wide enough for its line."""
        drawn = QStyleOptionViewItem(option)
        self.initStyleOption(drawn, index)
        metrics = QFontMetrics(drawn.font)
        about = str(index.data(ABOUT_ROLE) or "")
        width = self._names(drawn, index) + 2 * MARGIN + metrics.horizontalAdvance(about)
        if index.data(HEADING_ROLE):
            width = QFontMetrics(_bold(drawn.font)).horizontalAdvance(str(index.data()))
        return QSize(width + 2 * MARGIN, metrics.height() + 7)

    @staticmethod
    def _names(option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> int:
        """How wide the column of names is."""
        metrics, model = QFontMetrics(option.font), index.model()
        rows = (model.index(row, 0) for row in range(model.rowCount()))
        return max(
            (metrics.horizontalAdvance(str(row.data())) for row in rows if not row.data(HEADING_ROLE)), default=0
        )


def _bold(font: QFont) -> QFont:
    result = QFont(font)
    result.setBold(True)
    return result
