"""What was found, as a list: a title with the typed letters in bold, where it belongs, and its keys."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPalette
from PySide6.QtWidgets import QApplication, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from lrp_gui.palette.sources import Item

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole
PADDING, GAP = 8, 14


@dataclass(frozen=True, slots=True)
class Found:
    """An item, how well it fits, and which letters of its title were typed."""

    item: Item
    score: float
    places: tuple[int, ...]


class FoundModel(QAbstractListModel):
    """The best of what was found."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.found: list[Found] = []

    def show(self, found: list[Found]) -> None:
        """Show others."""
        self.beginResetModel()
        self.found = found
        self.endResetModel()

    def at(self, row: int) -> Found | None:
        """What stands in a row."""
        return self.found[row] if 0 <= row < len(self.found) else None

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008, D102
        return 0 if parent.isValid() else len(self.found)

    def data(self, index: Index, role: int = Role.DisplayRole) -> object:  # noqa: D102
        found = self.at(index.row())
        if found is None:
            return None
        if role == Role.DisplayRole:
            return found.item.title
        if role in (Role.AccessibleTextRole, Role.ToolTipRole):
            return found.item.sentence
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:  # noqa: D102
        return super().flags(index) | Qt.ItemFlag.ItemNeverHasChildren


class FoundDelegate(QStyledItemDelegate):
    """One line an item."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: ARG002
        """As high as a line and a little air."""
        return QSize(200, option.fontMetrics.height() + PADDING)  # type: ignore[attr-defined]

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint title, menu or shape, and at the right the keys or why it cannot be."""
        model = index.model()
        found = model.at(index.row()) if isinstance(model, FoundModel) else None
        if found is None:
            return
        style = QApplication.style()
        style.drawPrimitive(QStyle.PrimitiveElement.PE_PanelItemViewItem, option, painter)
        rect: QRect = option.rect.adjusted(PADDING, 0, -PADDING, 0)  # type: ignore[attr-defined]
        palette: QPalette = option.palette  # type: ignore[attr-defined]
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)  # type: ignore[attr-defined]
        role = QPalette.ColorRole
        usual = role.HighlightedText if chosen else role.Text
        dim = role.HighlightedText if chosen else role.PlaceholderText
        item = found.item
        painter.save()
        bold = QFont(option.font)  # type: ignore[attr-defined]
        bold.setBold(True)
        painter.setPen(palette.color(dim))
        painter.setFont(option.font)  # type: ignore[attr-defined]
        metrics = painter.fontMetrics()
        right = metrics.elidedText(item.problem or item.keys, Qt.TextElideMode.ElideRight, rect.width() // 2)
        painter.drawText(rect, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, right)
        room = rect.width() - metrics.horizontalAdvance(right) - GAP
        painter.setPen(palette.color(dim if item.problem else usual))
        x = rect.left()
        title = QFontMetrics(bold).elidedText(item.title, Qt.TextElideMode.ElideMiddle, room)
        # In an elided title the letters stand elsewhere.
        places = set(found.places) if title == item.title else set()
        for letters, marked in _runs(title, places):
            font = bold if marked else QFont(option.font)  # type: ignore[attr-defined]
            painter.setFont(font)
            painter.drawText(x, rect.top(), rect.right() - x, rect.height(), Qt.AlignmentFlag.AlignVCenter, letters)
            x += QFontMetrics(font).horizontalAdvance(letters)
        left = rect.left() + room - x - GAP
        if left > GAP:
            painter.setFont(option.font)  # type: ignore[attr-defined]
            painter.setPen(palette.color(dim))
            about = metrics.elidedText(item.about, Qt.TextElideMode.ElideRight, left)
            painter.drawText(x + GAP, rect.top(), left, rect.height(), Qt.AlignmentFlag.AlignVCenter, about)
        painter.restore()


def _runs(text: str, places: set[int]) -> list[tuple[str, bool]]:
    """The text in pieces that are typed, or not."""
    runs: list[tuple[str, bool]] = []
    for at, letter in enumerate(text):
        marked = at in places
        if runs and runs[-1][1] == marked:
            runs[-1] = (runs[-1][0] + letter, marked)
        else:
            runs.append((letter, marked))
    return runs
