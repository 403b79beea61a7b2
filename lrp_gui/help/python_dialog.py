"""The Python lines that make the shown explanation again: to read, to copy, to save as a script or a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtGui import QColor, QSyntaxHighlighter, QTextCharFormat

from lrp_gui.help.notebook import write
from lrp_gui.help.text_dialog import TextDialog
from lrp_gui.turns import Soon

if TYPE_CHECKING:
    from lrp_gui.theme import Theme

SIZE = (820, 560)


class PythonDialog(TextDialog):
    """Stays beside the window and follows what is explained."""

    def __init__(self, window: Any) -> None:
        about = self.tr(
            "These lines load the network, feed the sample and explain it with lrp_engine. They give the "
            "numbers that the window shows, in a notebook or in a script."
        )
        super().__init__(window, about, self.tr("Python lines"), SIZE, write)
        self.setObjectName("python")
        self.setWindowTitle(self.tr("This Explanation as Python"))
        self._window = window
        self._colours = _Colours(self.text.document(), window.theme)
        self.copy.setToolTip(self.tr("Copy all lines"))
        self.save.setToolTip(self.tr("Save as a script (.py) or as a notebook (.ipynb)"))
        self.save.clicked.connect(self._ask)
        self._due = Soon(self._fill, self)
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

    def _ask(self) -> None:
        filters = [self.tr("Python script (*.py)"), self.tr("Notebook (*.ipynb)")]
        dialog = self.file_dialog(self.tr("Save as Python"), filters, "py")
        dialog.filterSelected.connect(lambda name: dialog.setDefaultSuffix("ipynb" if "ipynb" in name else "py"))
        dialog.open()


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
