"""A small editor for JSON: numbered lines, colours for names and values, and a mark at the line in question."""

from __future__ import annotations

import re

from PySide6.QtCore import QRect, QSize, Qt, QTimer
from PySide6.QtGui import (
    QColor,
    QFontDatabase,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QSyntaxHighlighter,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFormat,
)
from PySide6.QtWidgets import QPlainTextEdit, QTextEdit, QWidget

from lrp_gui.theme import Theme

# A name, any other string, or a number or constant.
_TOKENS = re.compile(
    r'(?P<name>"(?:[^"\\]|\\.)*")(?=\s*:)|(?P<string>"(?:[^"\\]|\\.)*")'
    r"|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\b(?:true|false|null)\b)"
)
PIECE = 60  # lines
MARK_ALPHA = 0.16


class JsonEditor(QPlainTextEdit):
    """Plain text; Tab leaves it, so that the keyboard is never caught inside."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._marked = 0
        self.setAccessibleName(self.tr("The architecture as JSON"))
        self.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setTabChangesFocus(True)
        self._margin = _Margin(self)
        self._colours = _Colours(self.document(), theme)
        self.blockCountChanged.connect(self._make_room)
        self.updateRequest.connect(self._scroll_margin)
        self._make_room()

    def show_text(self, text: str) -> None:
        """Show another text."""
        self._colours.begin()
        self.setPlainText(text)

    @property
    def marked(self) -> int:
        """The line in question, from 1; 0 for none."""
        return self._marked

    def mark(self, line: int) -> None:
        """Colour a line and its number; 0 takes the mark away. The cursor stays where somebody types."""
        self._marked = line
        selections = []
        block = self.document().findBlockByNumber(line - 1) if line else None
        if block is not None and block.isValid():
            selection = QTextEdit.ExtraSelection()
            colour = QColor(self._theme.warning)
            colour.setAlphaF(MARK_ALPHA)
            selection.format.setBackground(colour)  # type: ignore[attr-defined]
            selection.format.setProperty(QTextFormat.Property.FullWidthSelection, True)  # type: ignore[attr-defined]
            selection.cursor = QTextCursor(block)  # type: ignore[attr-defined]
            selections.append(selection)
        self.setExtraSelections(selections)
        self._margin.update()

    def go_to(self, line: int) -> None:
        """Show a line, with the cursor in it."""
        block = self.document().findBlockByNumber(line - 1)
        if block.isValid():
            self.setTextCursor(QTextCursor(block))
            self.centerCursor()

    # -------------------------------------------------------------------------------- the numbers beside

    @property
    def margin_width(self) -> int:
        """How wide the line numbers are."""
        return self.fontMetrics().horizontalAdvance("9" * max(2, len(str(self.blockCount())))) + 16

    def paint_margin(self, area: QRect) -> None:
        """Draw the numbers of the lines that can be seen."""
        painter = QPainter(self._margin)
        painter.fillRect(area, QColor(self._theme.raised))
        block, offset = self.firstVisibleBlock(), self.contentOffset()
        while block.isValid():
            box = self.blockBoundingGeometry(block).translated(offset)
            if box.top() > area.bottom():
                break
            number = block.blockNumber() + 1
            marked = number == self._marked
            painter.setPen(QColor(self._theme.warning if marked else self._theme.dim))
            text = f"▸ {number}" if marked else str(number)
            place = QRect(0, round(box.top()), self._margin.width() - 6, self.fontMetrics().height())
            painter.drawText(place, Qt.AlignmentFlag.AlignRight, text)
            block = block.next()
        painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        super().resizeEvent(event)
        inside = self.contentsRect()
        self._margin.setGeometry(QRect(inside.left(), inside.top(), self.margin_width, inside.height()))

    def _make_room(self) -> None:
        self.setViewportMargins(self.margin_width, 0, 0, 0)

    def _scroll_margin(self, area: QRect, dy: int) -> None:
        if dy:
            self._margin.scroll(0, dy)
        else:
            self._margin.update(0, area.y(), self._margin.width(), area.height())


class _Margin(QWidget):
    """The strip of line numbers."""

    def __init__(self, editor: JsonEditor) -> None:
        super().__init__(editor)
        self._editor = editor

    def sizeHint(self) -> QSize:
        return QSize(self._editor.margin_width, 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        self._editor.paint_margin(event.rect())


class _Colours(QSyntaxHighlighter):
    """Names in one colour, numbers and constants in another; a long text is coloured a piece a turn."""

    def __init__(self, document: QTextDocument, theme: Theme) -> None:
        super().__init__(document)
        self._name, self._number = QTextCharFormat(), QTextCharFormat()
        self._name.setForeground(QColor(theme.link))
        self._number.setForeground(QColor(theme.sink("stabilizer")))
        self._ready = PIECE
        self._next = QTimer(self, interval=1, singleShot=True)
        self._next.timeout.connect(self._go_on)

    def begin(self) -> None:
        """Another text follows: colour its beginning at once, the rest as there is time."""
        self._ready = PIECE
        self._next.start()

    def _go_on(self) -> None:
        document, first = self.document(), self._ready
        self._ready += PIECE
        for number in range(first, min(self._ready, document.blockCount())):
            self.rehighlightBlock(document.findBlockByNumber(number))
        if self._ready < document.blockCount():
            self._next.start()

    def highlightBlock(self, text: str) -> None:  # noqa: N802
        """Colour one line."""
        if self.currentBlock().blockNumber() >= self._ready:
            return
        for match in _TOKENS.finditer(text):
            if match.lastgroup == "name":
                self.setFormat(*_stretch(match, "name"), self._name)
            elif match.lastgroup == "number":
                self.setFormat(*_stretch(match, "number"), self._number)


def _stretch(match: re.Match[str], group: str) -> tuple[int, int]:
    """Where a group begins, and how long it is."""
    return match.start(group), match.end(group) - match.start(group)
