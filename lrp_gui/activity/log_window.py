"""The log as a window: by level, with a search, to copy, and a way to the file."""

from __future__ import annotations

import logging

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from lrp_gui import log
from lrp_gui.activity.looking import Looking
from lrp_gui.languages import mark, tr, trn

REFRESH_MS = 250
SIZE = (860, 480)
LEVELS = (
    (logging.DEBUG, mark("All")),
    (logging.INFO, mark("Information and worse")),
    (logging.WARNING, mark("Warnings and worse")),
    (logging.ERROR, mark("Errors only")),
)


class LogWindow(QDialog):
    """Shows what the program noted down since it started; new lines come as they are written."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Log"))
        self.resize(*SIZE)
        self._seen = 0
        self._lines = 0
        self.level = QComboBox()
        self.level.setAccessibleName(self.tr("Which lines"))
        self.level.setToolTip(self.tr("Leave out what is less grave"))
        for level, title in LEVELS:
            self.level.addItem(tr(title), level)
        self.level.currentIndexChanged.connect(self._again)
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("Only lines with these words"))
        self.search.setAccessibleName(self.tr("Search in the log"))
        self.search.setToolTip(self.tr("Only lines with these words are shown"))
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._again)
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setTabChangesFocus(True)
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setMaximumBlockCount(log.LINES)
        self.text.setAccessibleName(self.tr("Lines of the log"))
        self.count = QLabel()
        self.copy_button = self._button(self.tr("&Copy"), self.tr("Copy the chosen text, or all lines that are shown"))
        self.copy_button.clicked.connect(self.copy)
        self.folder_button = self._button(self.tr("&Open Folder"), str(log.folder()))
        self.folder_button.clicked.connect(self.open_folder)
        close = self._button(self.tr("Close"), self.tr("Close this window; the log goes on"))
        close.clicked.connect(self.close)
        column = QVBoxLayout(self)
        top, bottom = QHBoxLayout(), QHBoxLayout()
        column.addLayout(top)
        top.addWidget(self.level)
        top.addWidget(self.search, 1)
        column.addWidget(self.text, 1)
        column.addLayout(bottom)
        bottom.addWidget(self.count, 1)
        for button in (self.copy_button, self.folder_button, close):
            bottom.addWidget(button)
        Looking(self, REFRESH_MS, self.refresh)
        self.search.setFocus()

    def _button(self, text: str, tip: str) -> QPushButton:
        button = QPushButton(text)
        button.setAutoDefault(False)
        button.setToolTip(tip)
        button.setAccessibleName(text.replace("&", ""))
        return button

    def refresh(self) -> None:
        """Add what was written since the last look."""
        level, words = self.level.currentData(), self.search.text().lower().split()
        new = log.kept.since(self._seen)
        if not new and self._seen:
            return
        self._seen = new[-1].number if new else 0
        shown = [line.text for line in new if line.level >= level and all(word in line.text.lower() for word in words)]
        self._lines = min(log.LINES, self._lines + len(shown))
        if shown:
            self.text.appendPlainText("\n".join(shown))
        self.count.setText(trn("{n} entry", "{n} entries", self._lines) if self._lines else self.tr("Nothing so far"))

    def copy(self) -> None:
        """Put the selection, or everything that is shown, on the clipboard."""
        chosen = self.text.textCursor().selection().toPlainText()
        QGuiApplication.clipboard().setText(chosen or self.text.toPlainText())

    def open_folder(self) -> None:
        """Show the folder of the log file in the desktop's file manager."""
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(log.folder()))):
            self.count.setText(self.tr("The log lies in {folder}").format(folder=log.folder()))

    def _again(self) -> None:
        self._seen = self._lines = 0
        self.text.clear()
        self.refresh()
