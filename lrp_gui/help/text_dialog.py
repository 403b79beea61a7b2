"""A text that stands there whole: to read, to copy, to save as a file. What it holds is the subclass's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QDialog, QFileDialog, QHBoxLayout, QLabel, QPlainTextEdit, QPushButton, QVBoxLayout

from lrp_gui import settings

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

SHOWN_MS = 4000
Keep = Callable[[str, str], str]


class TextDialog(QDialog):
    """The frame: a sentence about the text, the text, and a row with Copy, Save As and Close.

    A subclass connects `save` to what asks for the name of the file; `keep` writes (a path, the text) and gives why
    that could not be done, in one sentence, "" when it was.
    """

    def __init__(self, parent: QWidget, about: str, name: str, size: tuple[int, int], keep: Keep) -> None:
        super().__init__(parent)
        self._keep = keep
        self.dialog: QFileDialog | None = None
        sentence = QLabel(about, self)
        sentence.setWordWrap(True)
        self.text = QPlainTextEdit(self)
        self.text.setReadOnly(True)
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.text.setAccessibleName(name)
        self.text.setTabChangesFocus(True)
        self.note = QLabel(self)
        self.note.setWordWrap(True)
        self.copy = QPushButton(self.tr("&Copy"), self)
        self.copy.clicked.connect(self._copy)
        self.save = QPushButton(self.tr("&Save As…"), self)
        close = QPushButton(self.tr("Close"), self)
        close.clicked.connect(self.reject)
        self.column = QVBoxLayout(self)
        self.column.addWidget(sentence)
        self.column.addWidget(self.text, 1)
        row = QHBoxLayout()
        self.column.addLayout(row)
        for button in (self.copy, self.save):
            row.addWidget(button)
        row.addWidget(self.note, 1)
        row.addWidget(close)
        self.resize(*size)

    def write(self, path: str) -> None:
        """Write the text and say so; the file is there whole or not at all."""
        problem = self._keep(path, self.text.toPlainText())
        if problem:
            self.note.setText(problem)  # stays: something has to be done
            return
        settings.FOLDER.write(str(Path(path).parent))
        self._say(self.tr("Saved {name}.").format(name=Path(path).name))

    def file_dialog(self, title: str, filters: list[str], ending: str) -> QFileDialog:
        """A dialog for the name of the file, in the folder of last time; `self.dialog` while it is open."""
        dialog = QFileDialog(self, title, settings.FOLDER.read())
        dialog.setNameFilters(filters)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(ending)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self.write)
        dialog.finished.connect(self._forget)
        self.dialog = dialog
        return dialog

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text.toPlainText())
        self._say(self.tr("Copied."))

    def _say(self, sentence: str) -> None:
        self.note.setText(sentence)
        QTimer.singleShot(SHOWN_MS, self.note, lambda: self._quiet(sentence))

    def _quiet(self, sentence: str) -> None:
        if self.note.text() == sentence:  # what was said since stays
            self.note.clear()

    def _forget(self, _result: int) -> None:
        self.dialog = None
