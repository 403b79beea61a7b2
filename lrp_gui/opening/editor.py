"""A small editor for JSON: numbered lines, colours for names and values, and a mark at the line in question."""

from __future__ import annotations

import re

from PySide6.QtCore import QRect, QSize, Qt
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

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"(\s*:)?')
_NUMBER = re.compile(r"(?<![\w\".])-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\b(?:true|false|null)\b")
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
    """Names in one colour, numbers and constants in another."""

    def __init__(self, document: QTextDocument, theme: Theme) -> None:
        super().__init__(document)
        self._name, self._number, self._string = (QTextCharFormat() for _ in range(3))
        self._name.setForeground(QColor(theme.link))
        self._number.setForeground(QColor(theme.sink("stabilizer")))
        self._string.setForeground(QColor(theme.text))

    def highlightBlock(self, text: str) -> None:  # noqa: N802
        """Colour one line."""
        strings = []
        for match in _STRING.finditer(text):
            end = match.start(1) if match.group(1) else match.end()
            strings.append((match.start(), end))
            self.setFormat(match.start(), end - match.start(), self._name if match.group(1) else self._string)
        for match in _NUMBER.finditer(text):
            if not any(start <= match.start() < end for start, end in strings):
                self.setFormat(match.start(), match.end() - match.start(), self._number)
