"""The Python lines that make the shown explanation again: to read, to copy, to save as a script or a notebook."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QColor, QFontDatabase, QGuiApplication, QSyntaxHighlighter, QTextCharFormat
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
)

from lrp_gui import settings
from lrp_gui.help.notebook import write

if TYPE_CHECKING:
    from lrp_gui.theme import Theme

SIZE = (820, 560)
SHOWN_MS = 4000


class PythonDialog(QDialog):
    """Stays beside the window and follows what is explained."""

    def __init__(self, window: Any) -> None:
        super().__init__(window)
        self.setObjectName("python")
        self.setWindowTitle(self.tr("This Explanation as Python"))
        self._window = window
        self.dialog: QFileDialog | None = None
        about = QLabel(
            self.tr(
                "These lines load the network, feed the sample and explain it with lrp_engine. They give the "
                "numbers that the window shows, in a notebook or in a script."
            ),
            self,
        )
        about.setWordWrap(True)
        self.text = QPlainTextEdit(self)
        self.text.setReadOnly(True)
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.text.setAccessibleName(self.tr("Python lines"))
        self.text.setTabChangesFocus(True)
        self._colours = _Colours(self.text.document(), window.theme)
        self.note = QLabel(self)
        self.copy = QPushButton(self.tr("&Copy"), self)
        self.copy.setToolTip(self.tr("Copy all lines"))
        self.copy.clicked.connect(self._copy)
        self.save = QPushButton(self.tr("&Save As…"), self)
        self.save.setToolTip(self.tr("Save as a script (.py) or as a notebook (.ipynb)"))
        self.save.clicked.connect(self._ask)
        close = QPushButton(self.tr("Close"), self)
        close.clicked.connect(self.reject)
        column = QVBoxLayout(self)
        column.addWidget(about)
        column.addWidget(self.text, 1)
        row = QHBoxLayout()
        column.addLayout(row)
        for button in (self.copy, self.save):
            row.addWidget(button)
        row.addWidget(self.note, 1)
        row.addWidget(close)
        self.resize(*SIZE)
        self._due = QTimer(self, singleShot=True, interval=0)
        self._due.timeout.connect(self._fill)
        window.document.result_changed.connect(self._fill_soon)

    @property
    def lines(self) -> str:
        """The lines, "" while nothing is explained."""
        from lrp_gui.export.recipe import recipe

        document = self._window.document
        network, result, asked = document.network, document.result, document.request
        return recipe(network, result, asked) if network and result is not None and asked is not None else ""

    def show_lines(self) -> None:
        """Show the lines of the current explanation."""
        self._fill()
        self.show()
        self.raise_()
        self.activateWindow()

    def set_theme(self, theme: Theme) -> None:
        """Take over the colours."""
        self._colours.theme = theme
        self._colours.rehighlight()

    def _fill_soon(self) -> None:
        if self.isVisible():
            self._due.start()

    def _fill(self) -> None:
        lines = self.lines
        if lines != self.text.toPlainText():
            self.text.setPlainText(lines)
        self.text.setPlaceholderText(self.tr("Nothing is explained now; choose a sample."))
        for button in (self.copy, self.save):
            button.setEnabled(bool(lines))
        self.note.setText("")

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text.toPlainText())
        self._say(self.tr("Copied."))

    def _ask(self) -> None:
        filters = [self.tr("Python script (*.py)"), self.tr("Notebook (*.ipynb)")]
        dialog = QFileDialog(self, self.tr("Save as Python"), settings.FOLDER.read())
        dialog.setNameFilters(filters)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("py")
        dialog.filterSelected.connect(lambda name: dialog.setDefaultSuffix("ipynb" if "ipynb" in name else "py"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self._write)
        dialog.finished.connect(self._forget)
        self.dialog = dialog
        dialog.open()

    def _write(self, path: str) -> None:
        problem = write(path, self.text.toPlainText())
        if not problem:
            settings.FOLDER.write(str(Path(path).parent))
        self._say(problem or self.tr("Saved {name}.").format(name=Path(path).name))

    def _say(self, sentence: str) -> None:
        self.note.setText(sentence)
        QTimer.singleShot(SHOWN_MS, self.note, self.note.clear)

    def _forget(self, _result: int) -> None:
        self.dialog = None


class _Colours(QSyntaxHighlighter):
    """Comments and words in quotes are told apart; more colours would not help."""

    def __init__(self, document: Any, theme: Theme) -> None:
        super().__init__(document)
        self.theme = theme

    def highlightBlock(self, text: str) -> None:  # noqa: N802  (Qt's name)
        """Colour one line."""
        start = 0
        quote = ""
        for place, letter in enumerate(text):
            if quote:
                if letter == quote and text[place - 1] != "\\":
                    self.setFormat(start, place + 1 - start, self._ink(self.theme.link))
                    quote = ""
            elif letter in "'\"":
                quote, start = letter, place
            elif letter == "#":
                self.setFormat(place, len(text) - place, self._ink(self.theme.dim))
                return

    def _ink(self, colour: str) -> QTextCharFormat:
        look = QTextCharFormat()
        look.setForeground(QColor(colour))
        return look
