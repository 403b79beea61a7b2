"""A report about a fault, as a file: all of it is shown before it is saved, and nothing is sent."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QCheckBox

from lrp_gui.crash import report
from lrp_gui.help.notebook import save
from lrp_gui.help.text_dialog import TextDialog

if TYPE_CHECKING:
    from lrp_gui.crash import Crash

SIZE = (760, 540)


class ReportDialog(TextDialog):
    """Shows a report, and saves or copies it."""

    def __init__(self, window: Any, crash: Crash | None = None) -> None:
        about = self.tr(
            "This is all that the report holds: versions, what was noted, and the last lines of the log. "
            "It is sent nowhere; give the file to whoever mends the program."
        )
        super().__init__(window, about, self.tr("The report"), SIZE, save)
        self.setObjectName("report")
        self.setWindowTitle(self.tr("Fault Report"))
        self._crash = crash
        self.paths = QCheckBox(self.tr("With the &names of folders and files"), self)
        self.paths.setToolTip(self.tr("They may tell who you are and what you work on; most reports do without them"))
        self.paths.toggled.connect(self._fill)
        self.column.insertWidget(self.column.indexOf(self.text) + 1, self.paths)
        self.copy.setToolTip(self.tr("Copy the whole report"))
        self.save.setToolTip(self.tr("Save the report as a text file"))
        self.save.clicked.connect(self._ask)
        self._fill()

    def _fill(self) -> None:
        self.text.setPlainText(report(self._crash, paths=self.paths.isChecked()))

    def _ask(self) -> None:
        dialog = self.file_dialog(self.tr("Save Fault Report"), [self.tr("Text (*.txt)")], "txt")
        dialog.selectFile(time.strftime("lrp-explorer-report-%Y%m%d.txt"))
        dialog.open()
