"""The window's dialogs. All are opened, never executed: the window stays alive behind them, and tests can reach it."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QSaveFile, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialog, QFileDialog, QMessageBox

from lrp_gui import settings
from lrp_gui.actions import ACTIONS, SUBMENUS

if TYPE_CHECKING:
    from collections.abc import Callable

    from lrp_gui.document.opening import Opener
    from lrp_gui.document.table import InputTable
    from lrp_gui.window import Window

# What the filters of the file dialog are called and let through; what a file is, its content says.
FORMATS = (
    ("PyTorch", "*.pt *.pth *.bin *.ckpt *.tar *.pt2"),
    ("safetensors", "*.safetensors *.safetensors.index.json"),
    ("ONNX", "*.onnx"),
    ("NumPy", "*.npz *.npy"),
)
WEIGHTS = " ".join(patterns for _name, patterns in FORMATS)
CONNECTIONS = "*.json *.onnx *.pt2 *.py"
TABLES = "*.csv *.tsv *.txt *.parquet *.xlsx *.jsonl *.ndjson *.png *.jpg *.jpeg"
ARRAYS = "*.npy *.npz"  # weights, unless a table is asked for
SHOWN_MS = 8000


class Dialogs(QObject):
    """Asks for files and tells about the program."""

    def __init__(self, window: Window, opener: Opener) -> None:
        super().__init__(window)
        self._window, self._opener = window, opener
        self.current: QDialog | None = None  # the one that is open, for whoever drives the window

    def open(self) -> None:
        """Ask for weights, what connects them, a table, or several of them."""
        everything = f"{WEIGHTS} *.json *.py {TABLES}"
        filters = [
            self.tr("Everything that can be opened ({patterns})").format(patterns=everything),
            *(f"{name} ({patterns})" for name, patterns in FORMATS),
            self.tr("Tables ({patterns})").format(patterns=TABLES),
            self.tr("All files (*)"),
        ]
        self._ask(self.tr("Open"), filters, self._opener.open, several=True)

    def open_table(self) -> None:
        """Ask for a table."""
        patterns = f"{TABLES} {ARRAYS}"
        filters = [self.tr("Tables ({patterns})").format(patterns=patterns), self.tr("All files (*)")]
        self._ask(self.tr("Open Table"), filters, lambda paths: self._opener.open_table(paths[0]))

    def open_architecture(self) -> None:
        """Ask for a file that says how the weights are connected; if no weights wait for it, for both."""
        title = self.tr("Choose What Connects the Tensors")
        filters = [
            self.tr("Architectures, graphs and programs ({patterns})").format(patterns=CONNECTIONS),
            self.tr("All files (*)"),
        ]
        if self._opener.connectable:
            self._ask(title, filters, lambda paths: self._opener.connect_by(paths[0]))
            return
        both = self.tr("Weights and what connects them ({patterns})").format(patterns=f"{WEIGHTS} {CONNECTIONS}")
        self._ask(title, [both, *filters], self._opener.open, several=True)

    def candidates(self) -> None:
        """Offer ways in which the tensors may be connected."""
        from lrp_gui.opening.candidates import CandidatesDialog

        connector = self._opener.connector()
        if connector is None:
            return
        dialog = CandidatesDialog(connector, self._window.theme, self._window)
        dialog.chosen.connect(self._opener.load)
        # Not before this dialog is forgotten: the other one takes its place.
        dialog.file_wanted.connect(self.open_architecture, Qt.ConnectionType.QueuedConnection)
        self._open(dialog)

    def consent(self) -> None:
        """Tell what the program in a file is, and ask whether it may run."""
        from lrp_gui.opening.consent import ConsentDialog

        connector = self._opener.connector()
        if connector is None:
            return
        dialog = ConsentDialog(connector, self._window.theme, self._window)
        dialog.agreed.connect(lambda digest: self._opener.trust(connector.source, digest))
        self._open(dialog)

    def sizes(self) -> None:
        """Ask for the sizes that the file leaves open."""
        from lrp_gui.opening.sizes import SizesDialog

        dialog = SizesDialog(self._window.document.name, self._opener.sizes, self._window.theme, self._window)
        dialog.chosen.connect(self._opener.take_sizes)
        self._open(dialog)

    def save_table(self) -> None:
        """Ask where to write the samples."""
        table = self._window.document.table
        if table is not None:
            self._save(table)

    def ask_before_closing(self, table: InputTable) -> None:
        """Offer to keep the edits of a table before the window goes."""
        name = Path(table.path).name if table.path else self.tr("the table")
        box = QMessageBox(
            QMessageBox.Icon.Warning,
            self.tr("Unsaved Edits"),
            self.tr("The edits in {name} are in no file yet.").format(name=name),
            QMessageBox.StandardButton.Save | QMessageBox.StandardButton.Discard | QMessageBox.StandardButton.Cancel,
            self._window,
        )
        box.setInformativeText(self.tr("Save them before the window closes?"))
        box.button(QMessageBox.StandardButton.Save).setText(self.tr("&Save As…"))
        box.setDefaultButton(QMessageBox.StandardButton.Save)

        def answered(button: int) -> None:
            if button == QMessageBox.StandardButton.Save:
                self._save(table, then=self._window.close)
            elif button == QMessageBox.StandardButton.Discard:
                table.mark_kept()  # as the person wants it
                self._window.close()

        self._open(box)
        box.finished.connect(answered)  # after the box has been forgotten: the answer may open another dialog

    def _save(self, table: InputTable, then: Callable[[], object] | None = None) -> None:
        dialog = self._dialog(self.tr("Save Table As"), [self.tr("Tables (*.csv)")])
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("csv")
        dialog.fileSelected.connect(lambda path: self._write_table(table, path, then))
        self._open(dialog)

    def export(self) -> None:
        """Save the picture that is shown."""
        from lrp_gui.export import ExportDialog

        viewer = self._window.viewer
        others = [(title, picture) for title, picture in viewer.pictures() if title != "current view"]
        dialog = ExportDialog(viewer.current_picture(), self._window.theme, self._window, others)
        dialog.exported.connect(self._exported)
        self._open(dialog)

    def _exported(self, path: Path) -> None:
        text = self.tr("Saved {name} in {folder}").format(name=path.name, folder=path.parent)
        self._window.statusBar().showMessage(text, SHOWN_MS)

    def shortcuts(self) -> None:
        """List every shortcut."""
        rows = []
        for row in ACTIONS:
            keys = self._window.actions_[row.id].shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            name = f"{row.menu}: {row.text}" if row.menu in SUBMENUS else row.text.rstrip("…")
            if keys:
                rows.append(f"<tr><td style='padding-right:24px'>{name}</td><td><b>{keys}</b></td></tr>")
        self._tell(self.tr("Keyboard Shortcuts"), f"<table>{''.join(rows)}</table>")

    def about(self) -> None:
        """Version and licence."""
        from lrp_engine import __version__

        text = self.tr(
            "<h3>LRP Explorer {version}</h3><p>See why a neural network decided: layer-wise relevance propagation on "
            "local weight files. Nothing leaves this computer.</p><p>MIT licence.</p>"
        )
        self._tell(self.tr("About"), text.format(version=__version__))

    def _ask(self, title: str, filters: list[str], take: Callable[[list[str]], None], *, several: bool = False) -> None:
        dialog = self._dialog(title, filters)
        mode = QFileDialog.FileMode.ExistingFiles if several else QFileDialog.FileMode.ExistingFile
        dialog.setFileMode(mode)
        dialog.filesSelected.connect(lambda paths: self._taken(paths, take))
        self._open(dialog)

    def _dialog(self, title: str, filters: list[str]) -> QFileDialog:
        dialog = QFileDialog(self._window, title, settings.FOLDER.read())
        dialog.setNameFilters(filters)
        return dialog

    def _open(self, dialog: QDialog) -> None:
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.finished.connect(self._forget)
        self.current = dialog
        dialog.open()

    def _taken(self, paths: list[str], take: Callable[[list[str]], None]) -> None:
        settings.FOLDER.write(str(Path(paths[0]).parent))
        take(paths)

    def _tell(self, title: str, text: str) -> None:
        box = QMessageBox(QMessageBox.Icon.NoIcon, title, text, QMessageBox.StandardButton.Close, self._window)
        self._open(box)

    def _forget(self, _result: int) -> None:
        self.current = None

    def _write_table(self, table: InputTable, path: str, then: Callable[[], object] | None) -> None:
        from lrp_gui.document.state import Message

        problem = write_table(table, path)
        if problem:
            self._window.say(Message(problem))
            return
        table.mark_kept()
        self._exported(Path(path))
        if then is not None:
            then()


def write_table(table: InputTable, path: str) -> str:
    """Write a table as CSV, whole or not at all.

    Returns
    -------
    What went wrong, in one sentence; "" when nothing did.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*(one.name for one in table.features), *(extra.name for extra in table.extras)])
    columns = range(len(table.features))
    for row in range(table.samples):
        writer.writerow(
            [*(table.text(row, column) for column in columns), *(extra.texts[row] for extra in table.extras)]
        )
    file = QSaveFile(path)
    written = file.open(QSaveFile.OpenModeFlag.WriteOnly) and file.write(out.getvalue().encode()) >= 0
    if written and file.commit():
        return ""
    return f"{Path(path).name} cannot be written ({file.errorString()}); choose another place."
