"""The candidates as a list: what each is, how well it fits, and why it is offered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPalette
from PySide6.QtWidgets import QApplication, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from lrp_gui.document.words import counted, percent
from lrp_gui.languages import engine, mark, tr

if TYPE_CHECKING:
    from lrp_gui.document.files import CandidateRow
    from lrp_gui.theme import Theme

Index = QModelIndex | QPersistentModelIndex
TOP = QModelIndex()
ROW_ROLE = Qt.ItemDataRole.UserRole
KINDS = {
    "beside": mark("beside the file"),
    "chain": mark("inferred"),
    "family": mark("known family"),
    "module": mark("saved model"),
}
PADDING, BAR = 8, 4


def fit_text(row: CandidateRow) -> str:
    """How well it fits, in words."""
    if row.problems:
        return counted(len(row.problems), "problem")
    return tr("fits") if row.score >= 1 else tr("fits, {percent} sure").format(percent=percent(row.score))


class CandidatesModel(QAbstractListModel):
    """One row per candidate, the best first."""

    def __init__(self, rows: tuple[CandidateRow, ...] = (), parent: Any = None) -> None:
        super().__init__(parent)
        self.rows = rows

    def show_rows(self, rows: tuple[CandidateRow, ...]) -> None:
        """Replace them all."""
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    def rowCount(self, parent: Index = TOP) -> int:  # noqa: D102
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: D102
        if not index.isValid():
            return None
        row = self.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return engine(row.title)
        if role == Qt.ItemDataRole.ToolTipRole:
            return row.reason
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{engine(row.title)}, {tr(KINDS.get(row.kind, row.kind))}, {fit_text(row)}. {row.reason}"
        return row if role == ROW_ROLE else None


class CandidatesView(QListView):
    """The list; one is always chosen."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.candidates = CandidatesModel(parent=self)
        self.setModel(self.candidates)
        self.setItemDelegate(_Card(theme, self))
        self.setAccessibleName(self.tr("Ways to connect the tensors"))
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(False)


class _Card(QStyledItemDelegate):
    """Title, kind and fit, a bar for how well it fits, and the reason in as many lines as it needs."""

    def __init__(self, theme: Theme, view: QListView) -> None:
        super().__init__(view)
        self._theme, self._view = theme, view

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        title, line, reason = self._places(option, index, self._view.viewport().width())
        del title, line
        return QSize(120, reason.bottom() + PADDING + 2)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row: CandidateRow = index.data(ROW_ROLE)
        box: QRect = option.rect  # type: ignore[attr-defined]
        state = option.state  # type: ignore[attr-defined]
        chosen = bool(state & QStyle.StateFlag.State_Selected)
        style = self._view.style() or QApplication.style()
        style.drawPrimitive(QStyle.PrimitiveElement.PE_PanelItemViewItem, option, painter, self._view)
        palette = self._view.palette()
        ink = palette.color(QPalette.ColorRole.HighlightedText if chosen else QPalette.ColorRole.Text)
        dim = ink if chosen else QColor(self._theme.dim)
        title, line, reason = (place.translated(box.topLeft()) for place in self._places(option, index, box.width()))
        painter.save()
        painter.setPen(ink)
        painter.setFont(_bold(option))
        painter.drawText(title, Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextWordWrap, engine(row.title))
        painter.setFont(option.font)  # type: ignore[attr-defined]
        painter.setPen(dim)
        words = f"{tr(KINDS.get(row.kind, row.kind))}  ·  {fit_text(row)}"
        elided = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, line.width())
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, elided)
        bar = QRect(line.left(), line.bottom() + 3, line.width(), BAR)
        painter.fillRect(bar, self._theme.line if not chosen else QColor(ink.red(), ink.green(), ink.blue(), 70))
        good = ink if chosen else QColor(self._theme.warning if row.problems else self._theme.accent)
        bar.setWidth(round(bar.width() * min(max(row.score, 0.0), 1.0)))
        painter.fillRect(bar, good)
        painter.setPen(ink)
        painter.drawText(reason, Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextWordWrap, row.reason)
        painter.restore()

    def _places(self, option: QStyleOptionViewItem, index: Index, width: int) -> tuple[QRect, QRect, QRect]:
        """Where title, line and reason lie, from the card's top left."""
        metrics, row = option.fontMetrics, index.data(ROW_ROLE)  # type: ignore[attr-defined]
        wide = max(80, width - 2 * PADDING)
        flags = int(Qt.AlignmentFlag.AlignLeft) | int(Qt.TextFlag.TextWordWrap)
        title = QFontMetrics(_bold(option)).boundingRect(QRect(0, 0, wide, 2000), flags, engine(row.title))
        title = QRect(PADDING, PADDING, wide, title.height() + 2)
        line = QRect(PADDING, title.bottom() + 2, wide, metrics.height())
        reason = metrics.boundingRect(QRect(0, 0, wide, 2000), flags, row.reason)
        return title, line, QRect(PADDING, line.bottom() + 3 + BAR + 6, wide, reason.height() + 2)


def _bold(option: QStyleOptionViewItem) -> QFont:
    font = QFont(option.font)  # type: ignore[attr-defined]
    font.setBold(True)
    return font
