"""The dialog that exports much at once: every view of one or of all samples, as pictures or as a report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QSettings, QStandardPaths, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QGridLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from lrp_gui.document.series import Explained, SampleSeries, Wants
from lrp_gui.document.state import Labels
from lrp_gui.document.words import counted
from lrp_gui.export.dialog import FOLDER_KEY
from lrp_gui.export.exporters import EXPORTERS, ExportError
from lrp_gui.export.making import Making
from lrp_gui.export.paper_form import PaperForm
from lrp_gui.export.render import GROUPS, OTHERS, Folder, Paper, file_name, group_of
from lrp_gui.export.report_html import HtmlReport
from lrp_gui.export.report_pdf import PdfReport
from lrp_gui.export.run import Output, Run
from lrp_gui.languages import mark
from lrp_gui.theme import Theme
from lrp_gui.viewer.pictures import Maker

PICTURES, HTML, PDF = "pictures", "html", "pdf"
MOST_TOLD = 5  # samples that were left out
NAMES = {
    "overview": mark("&Overview"),
    "graphs": mark("&Graphs"),
    "conservation": mark("Co&nservation"),
    "inputs": mark("&Inputs"),
    "layers": mark("&Layers"),
    "others": mark("Of the &table"),
}
Begin = Callable[[Sequence[int], Wants], SampleSeries]


class ManyDialog(QDialog):
    """Open it with `open()`. It stays while it works, shows how far it is, and can be stopped.

    Parameters
    ----------
    rows
        The choices of samples: what each is called, and its rows.
    makers
        The pictures that there are; those of a sample are only counted, the others are drawn once.
    begin
        Makes the series of explained samples of some rows.
    recipe_of
        The Python lines that make an explanation again.
    labels
        What the person calls layers.
    making
        How the pictures were made that are not of one sample.
    """

    finished_writing = Signal(Path)

    def __init__(
        self,
        name: str,
        rows: Sequence[tuple[str, Sequence[int]]],
        makers: Sequence[tuple[str, Maker]],
        theme: Theme,
        begin: Begin,
        recipe_of: Callable[[Explained], str],
        wants: Wants,
        parent: QWidget | None = None,
        labels: Labels = (),
        making: Making | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Export All"))
        self._name, self._begin, self._recipe_of, self._wants = name, begin, recipe_of, wants
        self._labels, self._making = labels, making or Making()
        self._run: Run | None = None
        self._told: list[str] = []
        self._counts = {group: sum(group_of(title) == group for title, _ in makers) for group, _ in GROUPS}
        self._others = [(title, make) for title, make in makers if group_of(title) == OTHERS]
        self._build(theme, rows)
        self._follow()

    def _build(self, theme: Theme, rows: Sequence[tuple[str, Sequence[int]]]) -> None:
        self.what = QComboBox()
        self.what.addItem(self.tr("Pictures, each in a file"), PICTURES)
        self.what.addItem(self.tr("Report, one HTML file"), HTML)
        self.what.addItem(self.tr("Report, one PDF document"), PDF)
        self.samples = QComboBox()
        for title, chosen in rows:
            self.samples.addItem(title, list(chosen))
        self.views, views = {}, QGridLayout()
        for number, (group, count) in enumerate((g, c) for g, c in self._counts.items() if c):
            box = self.views[group] = QCheckBox(f"{self.tr(NAMES[group])} ({count})")
            box.setChecked(True)
            box.toggled.connect(self._follow)
            views.addWidget(box, number // 2, number % 2)
        self.formats, formats = {}, QGridLayout()
        for number, exporter in enumerate(EXPORTERS):
            box = self.formats[exporter.suffix] = QCheckBox(self.tr(exporter.title))
            box.setChecked(exporter.suffix == "png")
            box.toggled.connect(self._follow)
            formats.addWidget(box, 0, number)
        self.paper = PaperForm(theme, several=True)
        self.note, self.problem = QLabel(), QLabel()
        self.problem.setStyleSheet(f"color: {theme.warning}")
        for label in (self.note, self.problem):
            label.setWordWrap(True)
        self.problem.hide()
        self.progress = QProgressBar()
        self.progress.setAccessibleName(self.tr("Progress"))
        self.progress.hide()
        self.form = QFormLayout()
        self.form.addRow(self.tr("&What"), self.what)
        self.form.addRow(self.tr("&Samples"), self.samples)
        self.form.addRow(self.tr("Views"), views)
        self.form.addRow(self.tr("Formats"), formats)
        self.paper.add_to(self.form)
        self.form.addRow("", self.note)
        buttons = QDialogButtonBox()
        self.cancel = buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        self.start = QPushButton(self.tr("E&xport To…"))
        buttons.addButton(self.start, QDialogButtonBox.ButtonRole.AcceptRole)
        self.start.clicked.connect(self.ask_where)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addLayout(self.form)
        layout.addStretch(1)
        layout.addWidget(self.problem)
        layout.addWidget(self.progress)
        layout.addWidget(buttons)
        self.what.currentIndexChanged.connect(self._follow)
        self.samples.currentIndexChanged.connect(self._follow)
        self.setMinimumWidth(460)
        self.start.setDefault(True)
        self.start.setFocus()

    @property
    def groups(self) -> tuple[str, ...]:
        """The chosen views."""
        return tuple(group for group, box in self.views.items() if box.isChecked())

    @property
    def suffixes(self) -> tuple[str, ...]:
        """The chosen formats of pictures."""
        return tuple(suffix for suffix, box in self.formats.items() if box.isChecked())

    def _follow(self) -> None:
        """Say what would be written."""
        pictures = self.what.currentData() == PICTURES
        for box in self.formats.values():
            box.setEnabled(pictures)
        self.paper.set_sizes(pictures)
        samples = len(self.samples.currentData() or ())
        views = sum(self._counts[group] for group in self.groups if group != OTHERS)
        once = self._counts[OTHERS] if OTHERS in self.groups else 0
        if pictures:
            text = self.tr("{files} in a folder").format(
                files=counted((samples * views + once) * len(self.suffixes), "picture")
            )
        else:
            text = self.tr("{samples}, with settings, tables and {views} each").format(
                samples=counted(samples, "sample"), views=counted(views, "picture")
            )
        self.note.setText(text)
        self.start.setEnabled(bool(samples and (not pictures or (views + once and self.suffixes))))

    def ask_where(self) -> None:
        """Ask for the folder or the file; the answer begins."""
        place = QStandardPaths.StandardLocation.DocumentsLocation
        folder = str(QSettings().value(FOLDER_KEY) or QStandardPaths.writableLocation(place))
        dialog = QFileDialog(self, self.windowTitle(), folder)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        kind = self.what.currentData()
        if kind == PICTURES:
            dialog.setFileMode(QFileDialog.FileMode.Directory)
            dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        else:
            dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
            dialog.setNameFilter(f"{self.what.currentText()} (*.{kind})")
            dialog.setDefaultSuffix(kind)
            dialog.selectFile(f"{file_name(self._name) or 'report'}.{kind}")
        dialog.fileSelected.connect(self.write_to)
        self.where = dialog
        dialog.open()

    def write_to(self, path: str | Path) -> None:
        """Begin; the dialog closes when all is written."""
        if self._run is not None:
            return
        theme = self.paper.theme_box.currentData()
        sheet = self.paper.sheet_like if self.what.currentData() == PICTURES else None
        paper = Paper(theme, self.suffixes, self.groups, sheet, self._labels)
        try:
            output = self._output(Path(path), paper)
        except ExportError as error:
            self._complain(str(error))
            return
        self._told = []
        self.problem.hide()
        wants: Wants = self._wants if "graphs" in self.groups else lambda _one: ()
        others = self._others if OTHERS in self.groups else ()
        run = self._run = Run(self._begin(self.samples.currentData(), wants), output, self._recipe_of, self, others)
        run.progressed.connect(self._show_progress)
        run.left_out.connect(self._told.append)
        run.finished.connect(self._finish)
        run.failed.connect(self._fail)
        self._show_progress(0, 0)
        self._set_working(working=True)
        run.begin()

    def _output(self, path: Path, paper: Paper) -> Output:
        kind = self.what.currentData()
        if kind == PICTURES:
            return Folder(path, paper, making=self._making)
        if not path.suffix:
            path = path.with_suffix(f".{kind}")
        title = self.tr("Why {name} decided").format(name=self._name)
        return HtmlReport(path, paper, title) if kind == HTML else PdfReport(path, paper, title)

    def _set_working(self, *, working: bool) -> None:
        for part in (self.what, self.samples, *self.views.values(), *self.formats.values(), self.start):
            part.setEnabled(not working)
        self.paper.set_enabled(enabled=not working)
        self.progress.setVisible(working)
        if not working:
            self._follow()

    def _show_progress(self, done: int, total: int) -> None:
        self.progress.setRange(0, total)
        self.progress.setValue(done)

    def _finish(self, path: Path, _count: int) -> None:
        self._run = None
        QSettings().setValue(FOLDER_KEY, str(path if path.is_dir() else path.parent))
        self.finished_writing.emit(path)
        if not self._told:
            self.accept()
            return
        self._set_working(working=False)  # it stays to say who is missing
        more = len(self._told) - MOST_TOLD
        told = [*self._told[:MOST_TOLD], *([self.tr("and {count} more").format(count=more)] if more > 0 else [])]
        self._complain(self.tr("Written without: {samples}").format(samples="\n".join(told)))
        self.cancel.setText(self.tr("Close"))

    def _fail(self, sentence: str) -> None:
        self._run = None
        self._set_working(working=False)
        self._complain("\n".join([sentence, *self._told[:MOST_TOLD]]))

    def _complain(self, sentence: str) -> None:
        self.problem.setText(sentence)
        self.problem.show()
        # Qt lets a dialog that is open squeeze its boxes, rather than make room for the lines of a text.
        self.resize(self.width(), max(self.height(), self.heightForWidth(self.width())))

    def reject(self) -> None:
        """Stop what is being written, or else close."""
        if self._run is None:
            super().reject()
            return
        self._run.stop()
        self._run = None
        self._set_working(working=False)
        pictures = self.what.currentData() == PICTURES
        self.note.setText(self.tr("Stopped; what is whole stays.") if pictures else self.tr("Stopped; nothing stays."))
