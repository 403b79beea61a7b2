"""The window's dialogs. All are opened, never executed: the window stays alive behind them, and tests can reach it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QDialog, QFileDialog, QMessageBox

from lrp_gui import settings
from lrp_gui.languages import trn

if TYPE_CHECKING:
    from collections.abc import Callable

    from lrp_gui.activity.log_window import LogWindow
    from lrp_gui.document.exporting import TableExport
    from lrp_gui.document.importing import Import
    from lrp_gui.document.opening import Opener
    from lrp_gui.document.table import InputTable
    from lrp_gui.palette import Palette
    from lrp_gui.theme import Theme
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
MOST_OF_BAR = 0.6  # the rest of the status bar holds what stands there always


class Dialogs(QObject):
    """Asks for files and tells about the program."""

    def __init__(self, window: Window, opener: Opener) -> None:
        super().__init__(window)
        self._window, self._opener = window, opener
        self.current: QDialog | None = None  # the one that is open, for whoever drives the window
        self._rules: QDialog | None = None  # stays beside the window
        self._palette: Palette | None = None
        self._log: LogWindow | None = None
        self._importing: Import | None = None  # being looked at before its dialog comes
        opener.table_misfit.connect(self.show_import)
        opener.table_told.connect(self.tell)

    def open(self) -> None:
        """Ask for weights, what connects them, a table, or several of them."""
        everything = f"{WEIGHTS} *.lrpx *.json *.py {TABLES}"
        filters = [
            self.tr("Everything that can be opened ({patterns})").format(patterns=everything),
            self.tr("LRP Explorer projects (*.lrpx)"),
            *(f"{name} ({patterns})" for name, patterns in FORMATS),
            self.tr("Tables ({patterns})").format(patterns=TABLES),
            self.tr("All files (*)"),
        ]
        self._ask(self.tr("Open"), filters, self._opener.open, several=True)

    def set_theme(self, theme: Theme) -> None:
        """Tell the dialog that is open, where it has colours of its own."""
        change = getattr(self.current, "set_theme", None)
        if change is not None:
            change(theme)

    def compare(self) -> None:
        """Ask for the file with which the open one is compared."""
        filters = [self.tr("Weight files ({patterns})").format(patterns=WEIGHTS), self.tr("All files (*)")]
        furniture = self._window.furniture
        if furniture is not None:
            self._ask(self.tr("Compare with"), filters, lambda paths: furniture.compare(paths[0]))

    def open_table(self) -> None:
        """Ask for a table."""
        patterns = f"{TABLES} {ARRAYS}"
        filters = [self.tr("Tables ({patterns})").format(patterns=patterns), self.tr("All files (*)")]
        self._ask(self.tr("Open Table"), filters, lambda paths: self._opener.open_table(paths[0]))

    def import_table(self) -> None:
        """Ask for a table, and how it is read; if one did not fit just now, for that one."""
        patterns = f"{TABLES} {ARRAYS}"
        filters = [self.tr("Tables ({patterns})").format(patterns=patterns), self.tr("All files (*)")]
        self._ask(self.tr("Import Table"), filters, lambda paths: self.show_import(tuple(paths)), several=True)

    def import_pictures(self) -> None:
        """Ask for a folder of pictures."""
        dialog = self._dialog(self.tr("Import Folder of Pictures"), [])
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.filesSelected.connect(lambda paths: self._taken(paths, lambda found: self.show_import(tuple(found))))
        self._open(dialog)

    def show_import(self, paths: tuple[str, ...]) -> None:
        """Look at a table; the dialog comes when its first rows have been read, and not before another one went."""
        from lrp_gui.document.importing import Import

        network = self._window.document.network
        if network is None or self._importing is not None:
            return
        source = Import(self._window.document, self._window.jobs, network, paths, self)
        self._importing = source
        source.previewed.connect(self._bring_import)
        source.failed.connect(self._drop_import)
        source.look()

    def _bring_import(self) -> None:
        from lrp_gui.importing import ImportDialog

        source = self._importing
        if source is None:
            return
        self._importing = None
        source.previewed.disconnect(self._bring_import)
        source.failed.disconnect(self._drop_import)
        if self.current is not None:
            source.leave()
            return
        dialog = ImportDialog(source, self._window.theme, self._window)
        source.imported.connect(partial(self._imported, source.name))
        self._open(dialog)

    def _drop_import(self, _sentence: str) -> None:
        self._importing = None

    def _imported(self, name: str, samples: int, notes: str) -> None:
        messages = self._window.messages
        if messages is not None:
            messages.dismiss()  # what did not fit does now
        said = trn("Imported {n} sample from {name}", "Imported {n} samples from {name}", samples).format(name=name)
        self.tell(f"{said}. {notes}" if notes else said)

    def tell(self, text: str) -> None:
        """Say something that needs no answer; what is too long for the status bar stands where it can be read."""
        bar = self._window.statusBar()
        if bar.fontMetrics().horizontalAdvance(text) > MOST_OF_BAR * bar.width():
            from lrp_gui.document.state import Message

            self._window.say(Message(text))
        elif text:
            bar.showMessage(text, SHOWN_MS)

    def export_table(self) -> None:
        """Ask what of the table is written, and where."""
        from lrp_gui.importing import TableExportDialog

        window = self._window
        source = self._table_export()
        rows = window.table.view.selected_rows() if window.table is not None else []
        dialog = TableExportDialog(window.document, source, rows, window.theme, window)
        dialog.chosen.connect(
            lambda path, selection, separator, comma: source.write(
                path, selection, separator=separator, decimal_comma=comma
            )
        )
        self._open(dialog)

    def _table_export(self) -> TableExport:
        from lrp_gui.document.exporting import TableExport

        source = TableExport(self._window.document, self._window.jobs, self)
        source.written.connect(lambda path: self._exported(Path(path)))
        source.ended.connect(source.deleteLater)
        return source

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

    def ask_before_closing(self, table: InputTable, then: Callable[[], object]) -> None:
        """Offer to keep the edits of a table before it goes, and do then what follows."""
        name = Path(table.path).name if table.path else self.tr("the table")
        box = QMessageBox(
            QMessageBox.Icon.Warning,
            self.tr("Unsaved Edits"),
            self.tr("The edits in {name} are in no file yet.").format(name=name),
            QMessageBox.StandardButton.Save | QMessageBox.StandardButton.Discard | QMessageBox.StandardButton.Cancel,
            self._window,
        )
        box.setInformativeText(self.tr("Save them before the table goes?"))
        box.button(QMessageBox.StandardButton.Save).setText(self.tr("&Save As…"))
        box.setDefaultButton(QMessageBox.StandardButton.Save)

        def answered(button: int) -> None:
            if button == QMessageBox.StandardButton.Save:
                self._save(table, then=then)
            elif button == QMessageBox.StandardButton.Discard:
                table.mark_kept()  # as the person wants it
                then()

        self._open(box)
        box.finished.connect(answered)  # after the box has been forgotten: the answer may open another dialog

    def _save(self, table: InputTable, then: Callable[[], object] | None = None) -> None:
        from lrp_gui.document.exporting import FORMATS as TABLE_FORMATS

        filters = [f"{self.tr(title)} (*{suffix})" for suffix, title in TABLE_FORMATS]
        dialog = self._dialog(self.tr("Save Table As"), filters)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("csv")
        dialog.filterSelected.connect(lambda name: dialog.setDefaultSuffix(name.rpartition("*.")[2].rstrip(")")))
        dialog.fileSelected.connect(lambda path: self._table_export().save(table, path, then))
        self._open(dialog)

    def rules(self) -> None:
        """Stand the dialog about rules beside the window, or bring it to the front."""
        from lrp_gui.composite_dialog import RulesDialog

        if self._rules is None:
            pick = self._window.actions_.pick(("open_composite", "save_composite"))
            dialog = self._rules = RulesDialog(self._window.document, tuple(pick), self._window)
            dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            dialog.finished.connect(self._forget_rules)
            dialog.destroyed.connect(self._forget_rules)
        self._rules.show()
        self._rules.activateWindow()

    def open_composite(self) -> None:
        """Ask for a composite."""
        self._ask(self.tr("Open Composite"), self._composites(), lambda paths: self._take_composite(paths[0]))

    def save_composite(self) -> None:
        """Ask where to write the composite."""
        from lrp_gui.composite_dialog import write_composite

        document = self._window.document
        dialog = self._dialog(self.tr("Save Composite As"), self._composites())
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("json")
        dialog.selectFile(f"{document.settings.composite}.json")
        dialog.fileSelected.connect(lambda path: self._written(path, write_composite(document, path)))
        self._open(dialog)

    def _composites(self) -> list[str]:
        return [self.tr("Composites (*.json)"), self.tr("All files (*)")]

    def _take_composite(self, path: str) -> None:
        from lrp_engine.errors import CompositeError
        from lrp_gui.document.rules import read_composite
        from lrp_gui.document.state import Message

        document = self._window.document
        try:
            settings = read_composite(path, document.settings)
        except CompositeError as error:
            self._window.say(Message(str(error), remedy="open_composite"))
            return
        document.set_rules(settings, self.tr("Open composite {name}").format(name=Path(path).name))

    def _written(self, path: str, problem: str) -> None:
        from lrp_gui.document.state import Message

        if problem:
            self._window.say(Message(problem))
        else:
            self._exported(Path(path))

    def _forget_rules(self) -> None:
        self._rules = None

    def export(self) -> None:
        """Save or copy a picture of what is explained."""
        from lrp_gui.exporting import picture_dialog

        self._open(picture_dialog(self._window, self._exported))

    def export_all(self) -> None:
        """Every view of one or of many samples, as pictures or as a report."""
        from lrp_gui.exporting import many_dialog

        dialog = many_dialog(self._window, self._exported)
        if dialog is not None:
            self._open(dialog)

    def _exported(self, path: Path) -> None:
        text = self.tr("Saved {name} in {folder}").format(name=path.name, folder=path.parent)
        self._window.statusBar().showMessage(text, SHOWN_MS)

    def shortcuts(self) -> None:
        """List every shortcut, to look up and to change."""
        from lrp_gui.shortcuts import ShortcutsDialog

        self._open(ShortcutsDialog(self._window.actions_, self._window.theme, self._window))

    def palette(self) -> None:
        """Open the line that finds every action, layer, tensor and sample."""
        from lrp_gui.palette import Palette

        if self._palette is None:
            self._palette = Palette(self._window)
        self._palette.begin()

    def preferences(self) -> None:
        """Open the preferences."""
        from lrp_gui.preferences.dialog import PreferencesDialog

        self._open(PreferencesDialog(self._window))

    def log(self) -> None:
        """Stand the log beside the window, or bring it to the front."""
        from lrp_gui.activity.log_window import LogWindow

        if self._log is None:
            self._log = LogWindow(self._window)
        self._log.show()
        self._log.raise_()
        self._log.activateWindow()

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

    def show(self, dialog: QDialog) -> None:
        """Open a dialog that somebody else made."""
        self._open(dialog)

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
