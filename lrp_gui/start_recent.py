"""The start page's right column: files and projects that were open last, and what this version brought."""

from __future__ import annotations

import os
import re
from html import escape
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QPoint, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QColor, QKeyEvent, QKeySequence, QMouseEvent, QPainter, QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from lrp_gui import recent
from lrp_gui.icons import pixmap
from lrp_gui.languages import current, tr
from lrp_gui.settings import docs_folder
from lrp_gui.theme import LIGHT, Theme

if TYPE_CHECKING:
    from lrp_gui.actions import Actions

ENTRY = int(Qt.ItemDataRole.UserRole)
MISSING = ENTRY + 1
ROWS_SHOWN, NEWS_SHOWN = 5, 3
ICON, PAD = 18, 8
LOOK_MS = 30
POINT = '<p style="margin: 0 0 4px 12px; text-indent: -12px">•&nbsp;&nbsp;{text}</p>'

_Index = QModelIndex | QPersistentModelIndex


class RecentColumn(QWidget):
    """The list, a way to clear it, and the news."""

    chosen = Signal(str)  # a path that somebody wants to open

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.list = RecentList(self)
        self.list.chosen.connect(self.chosen)
        self.list.changed.connect(self.refresh)
        self.clear = _link(self.tr("Clear"), self)
        self.clear.setToolTip(self.tr("Forget all of these that are not pinned; the files stay where they are"))
        self.clear.clicked.connect(self._clear)
        self._empty = _wrapped(self.tr("What you open will be listed here."))
        head = QHBoxLayout()
        head.setContentsMargins(0, 0, 0, 0)
        self._news_title, self._news = _title(""), _wrapped("")
        self._more = _link(self.tr("All that is new…"), self)
        self._more.setToolTip(self.tr("Read in the guide what each version brought"))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(head)
        head.addWidget(_title(self.tr("Opened last")), 1)
        head.addWidget(self.clear)
        for widget in (self._empty, self.list):
            column.addWidget(widget)
        column.addSpacing(10)
        for widget in (self._news_title, self._news):
            column.addWidget(widget)
        foot = QHBoxLayout()
        column.addLayout(foot)
        foot.addStretch()
        foot.addWidget(self._more)
        column.addStretch()
        help_ = actions.by_id.get("news")
        self._more.setVisible(help_ is not None)
        if help_ is not None:
            self._more.clicked.connect(lambda _checked=False: help_.trigger())
        self._tell_news()
        self.refresh()

    def refresh(self) -> None:
        """Show what is remembered now."""
        entries = recent.entries()
        self.list.show_entries(entries)
        self.list.setVisible(bool(entries))
        self._empty.setVisible(not entries)
        self.clear.setVisible(any(not one.pinned for one in entries))

    def set_theme(self, theme: Theme) -> None:
        """Take over the colours."""
        self.list.set_theme(theme)
        for label in (self._empty, self._news):
            palette = label.palette()
            palette.setColor(QPalette.ColorRole.WindowText, QColor(theme.dim))
            label.setPalette(palette)

        for link in (self.clear, self._more):
            palette = link.palette()
            palette.setColor(QPalette.ColorRole.ButtonText, QColor(theme.link))
            link.setPalette(palette)

    def _clear(self) -> None:
        recent.clear()
        self.refresh()
        self.list.setFocus()

    def _tell_news(self) -> None:
        version, news = newest()
        self._news_title.setText(self.tr("New in {version}").format(version=version))
        self._news.setText("".join(POINT.format(text=escape(one)) for one in news[:NEWS_SHOWN]))
        for widget in (self._news_title, self._news):
            widget.setVisible(bool(news))


class RecentList(QListWidget):
    """Each with its folder and whether it is pinned; those that are gone are grey.

    Enter or a click opens, P pins, Delete leaves one out.
    """

    chosen = Signal(str)
    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Opened last"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.viewport().setAutoFillBackground(False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setMouseTracking(True)
        self.setUniformItemSizes(True)
        self.setItemDelegate(_Rows(self))
        self.itemClicked.connect(self._clicked)
        self._pressed = QPoint()
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._show_menu)
        self._looking: recent.Look | None = None
        self._look = QTimer(self)
        self._look.setInterval(LOOK_MS)
        self._look.timeout.connect(self._take_look)

    def show_entries(self, entries: tuple[recent.Recent, ...]) -> None:
        """Show these, and look in the background which of them are still there."""
        row = max(0, self.currentRow())
        self.clear()
        for one in entries:
            item = QListWidgetItem(one.name)
            item.setData(ENTRY, one)
            item.setData(MISSING, False)
            self._describe(item)
            self.addItem(item)
        self.setCurrentRow(min(row, len(entries) - 1))
        self._fit()
        if entries:
            self._looking = recent.Look(one.path for one in entries)
            self._look.start()

    def set_theme(self, theme: Theme) -> None:
        """Take over the colours."""
        rows = self.itemDelegate()
        assert isinstance(rows, _Rows)
        rows.theme = theme
        self.viewport().update()

    def _fit(self) -> None:
        """Be as high as the rows are, up to some."""
        height = self.itemDelegate().sizeHint(QStyleOptionViewItem(), QModelIndex()).height()
        self.setFixedHeight(height * min(ROWS_SHOWN, max(1, self.count())) + 2 * self.frameWidth() + 2)

    def changeEvent(self, event: QEvent) -> None:  # noqa: D102
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: D102
        item = self.currentItem()
        key = event.key()
        if item is not None and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._open(item)
        elif item is not None and key == Qt.Key.Key_P:
            self.pin(item)
        elif item is not None and key == Qt.Key.Key_Delete:
            self._forget(item)
        else:
            super().keyPressEvent(event)

    def pin(self, item: QListWidgetItem) -> None:
        """Pin it, or let it go."""
        one = item.data(ENTRY)
        recent.pin(one.path, not one.pinned)
        self.changed.emit()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        self._pressed = event.position().toPoint()
        super().mousePressEvent(event)

    def _clicked(self, item: QListWidgetItem) -> None:
        rows = self.itemDelegate()
        assert isinstance(rows, _Rows)
        on_pin = rows.pin_rect(self.visualItemRect(item)).contains(self._pressed)
        self.pin(item) if on_pin else self._open(item)

    def _open(self, item: QListWidgetItem) -> None:
        self.chosen.emit(item.data(ENTRY).path)

    def _forget(self, item: QListWidgetItem) -> None:
        recent.forget(item.data(ENTRY).path)
        self.changed.emit()

    def _show_menu(self, at: QPoint) -> None:
        from PySide6.QtWidgets import QMenu

        item = self.itemAt(at)
        if item is None:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        pinned = item.data(ENTRY).pinned
        for text, keys, do in (
            (self.tr("Open"), "Return", self._open),
            (self.tr("Do Not Pin Any More") if pinned else self.tr("Pin"), "P", self.pin),
            (self.tr("Leave Out of This List"), "Del", self._forget),
        ):
            action = QAction(text, menu)
            action.setShortcut(QKeySequence(keys))
            action.triggered.connect(lambda _checked=False, do=do: do(item))
            menu.addAction(action)
        menu.popup(self.viewport().mapToGlobal(at))

    # ------------------------------------------------------------------------------- which are still there

    def _take_look(self) -> None:
        if self._looking is None:
            return
        done = self._looking.done  # before what it found is taken
        for row in range(self.count()):
            item = self.item(row)
            missing = self._looking.missing(item.data(ENTRY).path)
            if missing != item.data(MISSING):
                item.setData(MISSING, missing)
                self._describe(item)
        if done:
            self._look.stop()
            self._looking = None

    def _describe(self, item: QListWidgetItem) -> None:
        one: recent.Recent = item.data(ENTRY)
        tip = self.tr("{path} is not there any more.") if item.data(MISSING) else "{path}"
        said = tip.format(path=one.path)
        if one.pinned:
            said += "\n" + self.tr("Pinned: it stays in this list.")
        item.setToolTip(said)
        item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{one.name}, {said}")


class _Rows(QStyledItemDelegate):
    """Two lines: the name, and the folder; on the right the pin, which can be clicked."""

    def __init__(self, view: RecentList) -> None:
        super().__init__(view)
        self._view = view
        self.theme: Theme = LIGHT

    def sizeHint(self, _option: QStyleOptionViewItem, _index: _Index) -> QSize:
        return QSize(10, 2 * self._view.fontMetrics().lineSpacing() + 10)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        theme, rect = self.theme, option.rect  # type: ignore[attr-defined]
        one, missing = index.data(ENTRY), index.data(MISSING)
        state = option.state  # type: ignore[attr-defined]
        hovered = bool(state & QStyle.StateFlag.State_MouseOver)
        focused = bool(state & QStyle.StateFlag.State_Selected) and self._view.hasFocus()
        painter.save()
        if hovered or focused:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(theme.accent if focused else theme.raised))
            painter.drawRoundedRect(rect.adjusted(0, 1, 0, -1), 4, 4)
        ink, dim = (theme.on_accent, theme.on_accent) if focused else (theme.text, theme.dim)
        if missing and not focused:
            ink = dim = theme.other
        scale = self._view.devicePixelRatioF()
        icon = pixmap("save" if one.is_project else "open", dim, ICON, scale)
        painter.drawPixmap(rect.left() + PAD, rect.center().y() - ICON // 2, icon)
        pin = self.pin_rect(rect)
        left, width = rect.left() + 2 * PAD + ICON, pin.left() - rect.left() - 3 * PAD - ICON
        metrics, font = self._view.fontMetrics(), self._view.font()
        font.setStrikeOut(bool(missing))
        painter.setFont(font)
        painter.setPen(QColor(ink))
        line = metrics.lineSpacing()
        name = metrics.elidedText(one.name, Qt.TextElideMode.ElideRight, width)
        painter.drawText(QRect(left, rect.top() + 5, width, line), Qt.AlignmentFlag.AlignVCenter, name)
        painter.setFont(self._view.font())
        painter.setPen(QColor(dim))
        folder = tr("not there any more") if missing else _shortened(os.path.dirname(one.path))  # noqa: PTH120
        folder = metrics.elidedText(folder, Qt.TextElideMode.ElideMiddle, width)
        painter.drawText(QRect(left, rect.top() + 5 + line, width, line), Qt.AlignmentFlag.AlignVCenter, folder)
        if one.pinned or hovered or focused:
            shade = (theme.on_accent if focused else theme.accent) if one.pinned else dim
            painter.drawPixmap(pin.topLeft(), pixmap("pin", shade, ICON, scale))
        painter.restore()

    def pin_rect(self, rect: QRect) -> QRect:
        """Where the pin of a row stands."""
        return QRect(rect.right() - ICON - PAD, rect.center().y() - ICON // 2, ICON, ICON)


def newest() -> tuple[str, tuple[str, ...]]:
    """The newest version that the page of news tells of, and its points in plain words, a line each.

    They are in the window's language, where the page is there in it.
    """
    folder = docs_folder()
    if folder is None:
        return "", ()
    page = next((page for name in (f".{current()}", "") if (page := folder / f"news{name}.md").exists()), None)
    if page is None:
        return "", ()
    sections = re.split(r"^## +", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    if len(sections) < 2:
        return "", ()
    version, _, text = sections[1].partition("\n")
    points = re.findall(r"^- (.+(?:\n  .+)*)", text, flags=re.MULTILINE)
    return version.strip(), tuple(re.sub(r"\s+", " ", re.sub(r"[*`]", "", point)) for point in points)


def _shortened(folder: str) -> str:
    """A folder as people write it, from their own one on."""
    home = os.path.expanduser("~")  # noqa: PTH111
    return "~" + folder[len(home) :] if home != "/" and (folder + os.sep).startswith(home + os.sep) else folder


def _link(text: str, parent: QWidget) -> QPushButton:
    button = QPushButton(text, parent)
    button.setFlat(True)
    button.setCursor(Qt.CursorShape.PointingHandCursor)
    return button


def _title(text: str) -> QLabel:
    label = QLabel(text)
    font = label.font()
    font.setBold(True)
    label.setFont(font)
    return label


def _wrapped(text: str) -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    return label
