"""A report about a fault, as a file: all of it is shown before it is saved, and nothing is sent."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
)

from lrp_gui import settings
from lrp_gui.crash import report
from lrp_gui.help.notebook import save

if TYPE_CHECKING:
    from lrp_gui.crash import Crash

SIZE = (760, 540)


class ReportDialog(QDialog):
    """Shows a report, and saves or copies it."""

    def __init__(self, window: Any, crash: Crash | None = None) -> None:
        super().__init__(window)
        self.setObjectName("report")
        self.setWindowTitle(self.tr("Fault Report"))
        self._crash = crash
        self.dialog: QFileDialog | None = None
        about = QLabel(
            self.tr(
                "This is all that the report holds: versions, what was noted, and the last lines of the log. "
                "It is sent nowhere; give the file to whoever mends the program."
            ),
            self,
        )
        about.setWordWrap(True)
        self.text = QPlainTextEdit(self)
        self.text.setReadOnly(True)
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.text.setTabChangesFocus(True)
        self.text.setAccessibleName(self.tr("The report"))
        self.paths = QCheckBox(self.tr("With the &names of folders and files"), self)
        self.paths.setToolTip(self.tr("They may tell who you are and what you work on; most reports do without them"))
        self.paths.toggled.connect(self._fill)
        self.note = QLabel(self)
        self.note.setWordWrap(True)
        copy = QPushButton(self.tr("&Copy"), self)
        copy.setToolTip(self.tr("Copy the whole report"))
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.text.toPlainText()))
        self.save = QPushButton(self.tr("&Save As…"), self)
        self.save.setToolTip(self.tr("Save the report as a text file"))
        self.save.clicked.connect(self._ask)
        close = QPushButton(self.tr("Close"), self)
        close.clicked.connect(self.reject)
        column = QVBoxLayout(self)
        column.addWidget(about)
        column.addWidget(self.text, 1)
        column.addWidget(self.paths)
        row = QHBoxLayout()
        column.addLayout(row)
        row.addWidget(copy)
        row.addWidget(self.save)
        row.addWidget(self.note, 1)
        row.addWidget(close)
        self.resize(*SIZE)
        self._fill()

    def _fill(self) -> None:
        self.text.setPlainText(report(self._crash, paths=self.paths.isChecked()))

    def _ask(self) -> None:
        dialog = QFileDialog(self, self.tr("Save Fault Report"), settings.FOLDER.read())
        dialog.setNameFilters([self.tr("Text (*.txt)")])
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("txt")
        dialog.selectFile(time.strftime("lrp-explorer-report-%Y%m%d.txt"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self.write)
        dialog.finished.connect(self._forget)
        self.dialog = dialog
        dialog.open()

    def write(self, path: str) -> None:
        """Write the report; the file is there whole or not at all."""
        problem = save(path, self.text.toPlainText())
        self.note.setText(problem or self.tr("Saved {name}.").format(name=Path(path).name))

    def _forget(self, _result: int) -> None:
        self.dialog = None
