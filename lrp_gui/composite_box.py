"""The choice of a composite: every name with a line about it, in groups, what is no LRP last and apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSignalBlocker, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPalette, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QApplication, QComboBox, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

if TYPE_CHECKING:
    from lrp_gui.document.document import Document

ABOUT_ROLE = Qt.ItemDataRole.UserRole + 1
HEADING_ROLE = Qt.ItemDataRole.UserRole + 2
MARGIN = 8


@dataclass(frozen=True, slots=True)
class Group:
    """Composites whose line begins so; the beginning is the heading's, and left away below it."""

    heading: str
    beginning: str


GROUPS = (
    Group("LRP", ""),
    Group("LRP for transformers, gates and recurrent networks", "for "),
    Group("Not LRP, to compare with", "not LRP: "),
)


def grouped(names: tuple[tuple[str, str], ...]) -> list[tuple[Group, list[tuple[str, str]]]]:
    """The composites by group, in the engine's order within each; groups without any are left out."""
    found: dict[Group, list[tuple[str, str]]] = {group: [] for group in GROUPS}
    for name, about in names:
        home = next(group for group in reversed(GROUPS) if about.startswith(group.beginning))
        kept = about.removeprefix(home.beginning) if home is GROUPS[-1] else about
        found[home].append((name, kept))
    return [(group, members) for group, members in found.items() if members]


class CompositeBox(QComboBox):
    """Which rules hand the relevance back."""

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self.setAccessibleName(self.tr("Composite"))
        self.setMinimumContentsLength(12)
        # Room in the toolbar is scarce: the list may be wider than the box, the box need not be as wide as the list.
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMaxVisibleItems(len(GROUPS) + 24)
        self.setItemDelegate(_TwoColumns(self))
        self.addItem(document.settings.composite, document.settings.composite)
        self.activated.connect(lambda index: document.set_composite(str(self.itemData(index))))
        document.settings_changed.connect(self._show)
        self._show()

    def fill(self, names: tuple[tuple[str, str], ...]) -> None:
        """Offer composites: name and one line about each."""
        model = QStandardItemModel(self)
        for group, members in grouped(names):
            heading = QStandardItem(self.tr(group.heading))
            heading.setFlags(Qt.ItemFlag.NoItemFlags)
            heading.setData(True, HEADING_ROLE)
            model.appendRow(heading)
            for name, about in members:
                item = QStandardItem(name)
                item.setData(name, Qt.ItemDataRole.UserRole)
                item.setData(about, ABOUT_ROLE)
                item.setData(about, Qt.ItemDataRole.ToolTipRole)
                item.setData(f"{name}: {about}", Qt.ItemDataRole.AccessibleTextRole)
                model.appendRow(item)
        with QSignalBlocker(self):
            self.setModel(model)
        self._show()

    def showPopup(self) -> None:  # noqa: N802 - Qt's name
        """As wide as the longest line, as far as the screen goes."""
        view = self.view()
        screen = self.screen().availableGeometry().width()
        view.setMinimumWidth(min(view.sizeHintForColumn(0) + 2 * MARGIN, screen - 40))
        super().showPopup()

    def _show(self) -> None:
        with QSignalBlocker(self):
            self.setCurrentIndex(self.findData(self._document.settings.composite))
        about = self.currentData(ABOUT_ROLE) or ""
        tip = self.tr("The composite: which rule each layer gets")
        self.setToolTip(f"{tip}\n{self.currentText()}: {about}" if about else tip)


class _TwoColumns(QStyledItemDelegate):
    """Name and line beside each other; headings small and bold, with a rule above."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
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
