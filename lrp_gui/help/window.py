"""The guide beside the window: contents and search on the left, the chapter on the right, and the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QAction, QCloseEvent, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QSplitter,
    QToolButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from lrp_gui import settings
from lrp_gui.help.book import CONTENTS_LEVEL, GUIDE, Book
from lrp_gui.help.page import GuidePage
from lrp_gui.icons import icon
from lrp_gui.languages import current, trn

if TYPE_CHECKING:
    from lrp_gui.theme import Theme

SIZE = (1060, 760)
CONTENTS_WIDTH = 270
ADDRESS = Qt.ItemDataRole.UserRole
SEARCH_MS = 120  # after the last letter


class GuideWindow(QWidget):
    """A window of its own, so that guide and program can be looked at together."""

    outside = Signal(str)  # somebody wants to follow a link out of the book

    def __init__(self, book: Book, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self.setObjectName("guide")
        self.setWindowTitle(self.tr("LRP Explorer Guide"))
        self._book = book
        self._past: list[tuple[str, int]] = []  # addresses, and how far one had scrolled
        self._future: list[tuple[str, int]] = []
        self._address = ""
        self.page = GuidePage(book, theme, self)
        self.contents = QTreeWidget(self)
        self.hits = QListWidget(self)
        self.box = QLineEdit(self)
        self.count = QLabel(self)
        self.foreign = QLabel(self)
        self._bar = QHBoxLayout()
        self._buttons: list[tuple[QToolButton, str]] = []
        self._build()
        self._typed = QTimer(self, singleShot=True, interval=SEARCH_MS)
        self._typed.timeout.connect(self._search)
        self.box.textChanged.connect(lambda _text: self._typed.start())
        self.page.followed.connect(self._follow)
        self.page.outside.connect(self.outside)
        self.contents.currentItemChanged.connect(lambda item, _before: self._choose(item and item.data(0, ADDRESS)))
        self.hits.currentItemChanged.connect(lambda item, _before: self._choose(item and item.data(ADDRESS)))
        self.page.zoom(settings.HELP_SIZE.read())
        self.resize(*SIZE)
        self.restoreGeometry(settings.HELP_GEOMETRY.read())
        self.set_theme(theme)
        self.go(book.chapters[0].address)

    # ------------------------------------------------------------------------------------ construction

    def _build(self) -> None:
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addLayout(self._bar)
        self._bar.setContentsMargins(8, 6, 8, 6)
        keys = QKeySequence.StandardKey
        self._back = self._button("previous", self.tr("Back"), self.back, keys.Back)
        self._forward = self._button("next", self.tr("Forward"), self.forward, keys.Forward)
        self.box.setPlaceholderText(self.tr("Search the guide (Ctrl+F)"))
        self.box.setAccessibleName(self.tr("Search the guide"))
        self.box.setClearButtonEnabled(True)
        self._bar.addWidget(self.box, 1)
        self._bar.addWidget(self.count)
        self._button("smaller", self.tr("Smaller text"), lambda: self._zoom(-1), keys.ZoomOut)
        self._button("larger", self.tr("Larger text"), lambda: self._zoom(1), keys.ZoomIn)
        self._key(QKeySequence(keys.Find), self._begin_search)
        self._key(QKeySequence("Ctrl+0"), lambda: self._zoom(0))
        self.foreign.setText(self.tr("This page is in English."))
        self.foreign.setContentsMargins(12, 0, 12, 4)
        outer.addWidget(self.foreign)
        side = QWidget(self)
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        for tree, name in ((self.contents, self.tr("Contents")), (self.hits, self.tr("What was found"))):
            tree.setAccessibleName(name)
            tree.setFrameShape(QFrame.Shape.NoFrame)
            column.addWidget(tree)
        self.contents.setHeaderHidden(True)
        self.hits.setWordWrap(True)
        self.hits.setSpacing(3)
        self.hits.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.hits.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.hits.hide()
        self._fill()
        parts = QSplitter(self)
        parts.addWidget(side)
        parts.addWidget(self.page)
        parts.setStretchFactor(1, 1)
        parts.setSizes([CONTENTS_WIDTH, SIZE[0] - CONTENTS_WIDTH])
        parts.setChildrenCollapsible(False)
        outer.addWidget(parts, 1)
        self.setTabOrder(self.box, self.contents)
        self.setTabOrder(self.contents, self.hits)
        self.setTabOrder(self.hits, self.page)

    def _button(self, name: str, title: str, do: object, key: QKeySequence.StandardKey) -> QToolButton:
        button = QToolButton(self)
        button.setAutoRaise(True)
        button.setAccessibleName(title)
        shortcut = QKeySequence(key)
        written = shortcut.toString(QKeySequence.SequenceFormat.NativeText)
        button.setToolTip(f"{title} ({written})" if written else title)
        button.clicked.connect(do)
        self._key(shortcut, button.click)
        self._buttons.append((button, name))
        self._bar.addWidget(button)
        return button

    def _key(self, keys: QKeySequence, do: object) -> None:
        action = QAction(self)
        action.setShortcut(keys)
        action.triggered.connect(do)
        self.addAction(action)

    def _fill(self) -> None:
        """The contents: of the guide its chapters, of the others the pages, each with its sections."""
        for chapter in self._book.chapters:
            top = QTreeWidgetItem([chapter.title])
            top.setData(0, ADDRESS, chapter.address)
            self.contents.addTopLevelItem(top)
            for section in chapter.sections[1:]:
                if section.level <= (CONTENTS_LEVEL + 1 if chapter.page == GUIDE else CONTENTS_LEVEL):
                    item = QTreeWidgetItem([section.title])
                    item.setData(0, ADDRESS, f"{chapter.page}#{section.slug}")
                    top.addChild(item)

    # ------------------------------------------------------------------------------------------ going

    def go(self, address: str) -> bool:
        """Show an address; False where it leads nowhere."""
        found = self._book.find(address, self._address.partition("#")[0] or GUIDE)
        if found is None:
            return False
        chapter, slug = found
        whole = f"{chapter.page}#{slug or chapter.sections[0].slug}"
        if whole != self._address:
            if self._address:
                self._past.append((self._address, self.page.verticalScrollBar().value()))
            self._future.clear()
        self._show(whole)
        return True

    def back(self) -> None:
        """Where one came from."""
        self._step(self._past, self._future)

    def forward(self) -> None:
        """Where one went back from."""
        self._step(self._future, self._past)

    def _step(self, from_: list[tuple[str, int]], to: list[tuple[str, int]]) -> None:
        if from_:
            to.append((self._address, self.page.verticalScrollBar().value()))
            address, place = from_.pop()
            self._show(address)
            self.page.verticalScrollBar().setValue(place)

    def _show(self, address: str) -> None:
        self._address = address
        found = self._book.find(address)
        assert found is not None
        self.page.show_chapter(*found)
        self.foreign.setVisible(found[0].language != current())
        self._back.setEnabled(bool(self._past))
        self._forward.setEnabled(bool(self._future))
        self._say(self.page.mark_words(self.box.text()))
        self._follow_in_contents()

    @property
    def address(self) -> str:
        """What is shown."""
        return self._address

    def _follow(self, link: str) -> None:
        if not self.go(link):
            self.outside.emit(link)

    def _choose(self, address: str | None) -> None:
        if address and address != self._address:
            self.go(address)
            self.page.show_mark()

    def _follow_in_contents(self) -> None:
        item = _item_at(self.contents, self._address)
        if item is None:
            return
        blocked = self.contents.blockSignals(True)
        self.contents.setCurrentItem(item)
        self.contents.blockSignals(blocked)
        item.setExpanded(True)
        self.contents.scrollToItem(item)

    # --------------------------------------------------------------------------------------- searching

    def _begin_search(self) -> None:
        self.box.setFocus()
        self.box.selectAll()

    def search(self, text: str) -> None:
        """Look for something at once."""
        self.box.setText(text)
        self._typed.stop()
        self._search()

    def _search(self) -> None:
        text = self.box.text().strip()
        hits = self._book.search(text)
        blocked = self.hits.blockSignals(True)
        self.hits.clear()
        for hit in hits:
            own = hit.section is hit.chapter.sections[0]
            where = hit.section.title if own else f"{hit.chapter.title} › {hit.section.title}"
            item = QListWidgetItem(f"{where}\n{hit.snippet}", self.hits)
            item.setData(ADDRESS, hit.address)
        self.hits.blockSignals(blocked)
        self.hits.setVisible(bool(text))
        self.contents.setVisible(not text)
        if hits:
            self.hits.setCurrentRow(0)
            self.go(hits[0].address)
        self._say(self.page.mark_words(text))
        self.page.show_mark()

    def _say(self, marks: int) -> None:
        places = self.hits.count()
        if not self.box.text().strip():
            self.count.setText("")
        elif not places:
            self.count.setText(self.tr("nothing found"))
        else:
            sections = trn("{n} section", "{n} sections", places)
            self.count.setText(self.tr("{sections}, {marks} × here").format(sections=sections, marks=marks))

    # ------------------------------------------------------------------------------------------- looks

    def _zoom(self, by: int) -> None:
        """Larger or smaller by a step; 0: as the window's text."""
        self.page.zoom(self.page.steps + by if by else 0)
        settings.HELP_SIZE.write(self.page.steps)

    def set_theme(self, theme: Theme) -> None:
        """Take over the colours."""
        self.page.set_theme(theme)
        for button, name in self._buttons:
            button.setIcon(icon(name, theme))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc leaves the search first, then the guide; Return in the box goes to the page."""
        if event.key() == Qt.Key.Key_Escape:
            if self.box.text():
                self.search("")
            else:
                self.close()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.box.hasFocus():
            self.page.setFocus()
        else:
            super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: D102
        settings.HELP_GEOMETRY.write(self.saveGeometry())
        super().closeEvent(event)


def _item_at(tree: QTreeWidget, address: str) -> QTreeWidgetItem | None:
    """The item of an address, or else of the chapter that holds it."""
    tops = [item for index in range(tree.topLevelItemCount()) if (item := tree.topLevelItem(index)) is not None]
    for top in tops:
        if top.data(0, ADDRESS) == address:
            return top
        inside = (top.child(index) for index in range(top.childCount()))
        found = next((item for item in inside if item is not None and item.data(0, ADDRESS) == address), None)
        if found is not None:
            return found
    return None
