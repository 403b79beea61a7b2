"""One chapter of the guide on the screen: Markdown in the theme's colours, pictures as wide as it, hits marked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QSize, Qt, QUrl, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontDatabase,
    QImage,
    QImageReader,
    QPainter,
    QResizeEvent,
    QTextBlock,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFrameFormat,
    QTextImageFormat,
    QTextTable,
)
from PySide6.QtWidgets import QTextBrowser, QTextEdit

from lrp_gui.help.book import plain_text, slug_of, words_of
from lrp_gui.turns import Soon

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from lrp_gui.help.book import Book, Chapter
    from lrp_gui.theme import Theme

MARGIN = 22
# So wide a line is still read with ease; in a wider window the margins grow.
LINE_WIDTH = 860
HEADINGS = {1: 1.7, 2: 1.45, 3: 1.18}  # times the text's size
SMALLEST, LARGEST = -4, 12  # steps of the text's size
MARK_ALPHA = 90
# Qt shows a picture once for every piece of its description: a line, a word in quotes.
_ALT = re.compile(r"!\[([^\]]*)\]\(")


class GuidePage(QTextBrowser):
    """Shows chapters; which one, whoever follows the links decides."""

    followed = Signal(str)  # a link to another place of the book, as it stands in the text
    outside = Signal(str)  # a link that leads out of it

    def __init__(self, book: Book, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._book, self._theme = book, theme
        self.chapter: Chapter | None = None
        self._words: list[str] = []
        self._sizes: dict[str, QSize] = {}
        self._plain_size = self.font().pointSizeF()
        self._steps = 0
        self.setOpenLinks(False)
        self.setFrameShape(QTextEdit.Shape.NoFrame)
        self.setAccessibleName(self.tr("Guide"))
        self.anchorClicked.connect(self._follow)
        self._fitting = Soon(self._fit, self)

    def show_chapter(self, chapter: Chapter, slug: str = "") -> None:
        """Show a chapter, from one of its headings on."""
        if chapter is not self.chapter:
            self.chapter = chapter
            self._render()
        if slug and slug != chapter.sections[0].slug:
            self.scrollToAnchor(slug)
        else:
            self.verticalScrollBar().setValue(0)

    def mark_words(self, text: str) -> int:
        """Mark every place of every word; returns how many there are."""
        self._words = words_of(text)
        return self._mark()

    def show_mark(self) -> None:
        """Scroll on to the first mark below, unless one is in sight: a section may be longer than the page."""
        high = self.viewport().height()
        tops = sorted(self.cursorRect(one.cursor).top() for one in self.extraSelections())  # type: ignore[attr-defined]
        below = [top for top in tops if top >= 0]
        if below and below[0] > high * 0.9:
            bar = self.verticalScrollBar()
            bar.setValue(bar.value() + below[0] - high // 4)

    def set_theme(self, theme: Theme) -> None:
        """Take over the colours."""
        self._theme = theme
        self._sizes.clear()
        self._again()

    @property
    def steps(self) -> int:
        """By how many points the text is larger than the window's."""
        return self._steps

    def zoom(self, steps: int) -> None:
        """Make the text so many points larger than the window's."""
        steps = min(max(steps, SMALLEST), LARGEST)
        if steps != self._steps:
            self._steps = steps
            self._again()

    # ---------------------------------------------------------------------------------------- drawing

    def _again(self) -> None:
        """What is shown, drawn anew and left where it was."""
        if self.chapter is not None:
            bar = self.verticalScrollBar()
            place = bar.value() / max(1, bar.maximum())
            self._render()
            bar.setValue(round(place * bar.maximum()))

    def _render(self) -> None:
        assert self.chapter is not None
        document = self.document()
        font = QFont(self.font())
        font.setPointSizeF(self._plain_size + self._steps)
        document.setDefaultFont(font)
        # The pages are ours; Markdown alone is read of them, no HTML.
        features = QTextDocument.MarkdownFeature
        text = _ALT.sub(lambda found: f"![{plain_text(found[1])}](", self.chapter.text)
        document.setMarkdown(text, features.MarkdownDialectGitHub | features.MarkdownNoHTML)
        edits = QTextCursor(document)
        edits.beginEditBlock()  # all of them together: each alone would lay the page out anew
        self._style(font)
        edits.endEditBlock()
        self._fit()
        self._mark()

    def _style(self, font: QFont) -> None:
        """Headings get their names, tables their lines, code its ground."""
        code = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont).family()
        for block in self._blocks():
            cursor = QTextCursor(block)
            shape = block.blockFormat()
            if shape.headingLevel():
                self._style_heading(block, font)
            elif shape.hasProperty(QTextFrameFormat.Property.BlockCodeLanguage) or shape.hasProperty(
                QTextFrameFormat.Property.BlockCodeFence
            ):
                shape.setBackground(QColor(self._theme.raised))
                cursor.setBlockFormat(shape)
            else:
                shape.setLineHeight(118, 1)  # per cent: QTextBlockFormat.LineHeightTypes.ProportionalHeight
                cursor.setBlockFormat(shape)
            for start, length, look in _fragments(block):
                if look.fontFixedPitch():
                    part = QTextCursor(self.document())
                    part.setPosition(start)
                    part.setPosition(start + length, QTextCursor.MoveMode.KeepAnchor)
                    look.setFontFamilies([code])
                    look.setBackground(QColor(self._theme.raised))
                    part.setCharFormat(look)
        for frame in self.document().rootFrame().childFrames():
            if isinstance(frame, QTextTable):
                self._style_table(frame)

    def _style_heading(self, block: QTextBlock, font: QFont) -> None:
        look = QTextCharFormat()
        look.setAnchor(True)
        look.setAnchorNames([slug_of(block.text())])
        look.setFontPointSize(font.pointSizeF() * HEADINGS.get(block.blockFormat().headingLevel(), 1.05))
        cursor = QTextCursor(block)
        cursor.select(QTextCursor.SelectionType.BlockUnderCursor)
        cursor.mergeCharFormat(look)
        shape = block.blockFormat()
        shape.setTopMargin(font.pointSizeF() * (1.5 if block.blockNumber() else 0))
        shape.setBottomMargin(font.pointSizeF() * 0.6)
        QTextCursor(block).setBlockFormat(shape)

    def _style_table(self, table: QTextTable) -> None:
        shape = table.format()
        shape.setBorder(1)
        shape.setBorderCollapse(True)
        shape.setBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
        shape.setBorderBrush(QColor(self._theme.line))
        shape.setCellPadding(5)
        shape.setTopMargin(6)
        shape.setBottomMargin(10)
        table.setFormat(shape)
        for column in range(table.columns()):
            cell = table.cellAt(0, column)
            look = cell.format()
            look.setBackground(QColor(self._theme.raised))
            cell.setFormat(look)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._fitting.start()

    def _fit(self) -> None:
        """Margins that keep lines readable, and pictures as wide as there is room."""
        room = self.viewport().width()
        side = max(MARGIN, (room - LINE_WIDTH) // 2)
        root = self.document().rootFrame()
        shape = root.frameFormat()
        edits = QTextCursor(self.document())
        edits.beginEditBlock()
        if shape.leftMargin() != side:
            shape.setMargin(MARGIN)
            shape.setLeftMargin(side)
            shape.setRightMargin(side)
            root.setFrameFormat(shape)
        most = max(120, room - 2 * side)
        for block in list(self._blocks()):
            for start, length, look in _fragments(block):
                if look.isImageFormat():
                    self._fit_picture(start, length, look.toImageFormat(), most)
        edits.endEditBlock()

    def _fit_picture(self, start: int, length: int, look: QTextImageFormat, most: int) -> None:
        name = look.name().partition("?")[0]
        size = self._size_of(name)
        if not size.isValid():
            return
        width = min(most, size.width())
        if look.name() == f"{name}?{width}":
            return
        look.setName(f"{name}?{width}")
        look.setWidth(width)
        look.setHeight(size.height() * width / size.width())
        cursor = QTextCursor(self.document())
        cursor.setPosition(start)
        cursor.setPosition(start + length, QTextCursor.MoveMode.KeepAnchor)
        cursor.setCharFormat(look)

    def _size_of(self, name: str) -> QSize:
        """How large a picture of the book is, without reading more than its first bytes."""
        if name not in self._sizes:
            self._sizes[name] = QImageReader(str(self._file(name))).size()
        return self._sizes[name]

    def _file(self, name: str) -> Path:
        """Where a picture lies; in the dark theme the dark one, where there are both."""
        path = self._book.folder / name
        dark = path.with_stem(f"{path.stem}-dark")
        return dark if self._theme.dark and dark.exists() else path

    def loadResource(self, type: int, name: QUrl | str) -> Any:  # noqa: A002, ARG002, N802  (Qt's names)
        """A picture of the book, already at the width at which it is shown; nothing from anywhere else."""
        picture, _, width = (name if isinstance(name, str) else name.toString()).partition("?")
        path = self._file(picture).resolve()
        if not width.isdigit() or not path.is_relative_to(self._book.folder.resolve()):
            return None
        image = QImage(str(path))
        if image.isNull():
            return None
        scale = self.devicePixelRatioF()
        image = image.scaledToWidth(round(int(width) * scale), Qt.TransformationMode.SmoothTransformation)
        image.setDevicePixelRatio(scale)
        if self._theme.dark and not path.stem.endswith("-dark"):  # a white picture would glare among dark pages
            painter = QPainter(image)
            painter.fillRect(image.rect(), QColor(0, 0, 0, 40))
            painter.end()
        return image

    # ------------------------------------------------------------------------------------------ marks

    def _mark(self) -> int:
        found = []
        colour = QColor(self._theme.positive)
        colour.setAlpha(MARK_ALPHA)
        for word in self._words:
            cursor = self.document().find(word)
            while not cursor.isNull():
                one = QTextEdit.ExtraSelection()
                one.cursor = cursor  # type: ignore[attr-defined]
                one.format.setBackground(colour)  # type: ignore[attr-defined]
                found.append(one)
                cursor = self.document().find(word, cursor)
        self.setExtraSelections(found)
        return len(found)

    def _follow(self, url: QUrl) -> None:
        if url.scheme():
            self.outside.emit(url.toString())
        else:
            self.followed.emit(url.toString())

    def _blocks(self) -> Iterator[QTextBlock]:
        block = self.document().begin()
        while block.isValid():
            yield block
            block = block.next()


def _fragments(block: QTextBlock) -> list[tuple[int, int, QTextCharFormat]]:
    """The runs of one look in a block: position, length, look. A list: whoever reads it changes them."""
    found = []
    run = block.begin()
    while not run.atEnd():
        part = run.fragment()
        if part.isValid():
            found.append((part.position(), part.length(), part.charFormat()))
        run += 1
    return found
