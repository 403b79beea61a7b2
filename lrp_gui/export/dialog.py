"""The dialog that saves a picture: which one, how large, in which colours, with what it will look like."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QSettings, QStandardPaths, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QMenu,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from lrp_gui.export.clipboard import copy_numbers, copy_picture
from lrp_gui.export.data import FORMATS, Numbers
from lrp_gui.export.exporters import EXPORTERS, Exporter, ExportError, check, saving
from lrp_gui.export.making import Making
from lrp_gui.export.paced import Paced
from lrp_gui.export.paper_form import PaperForm
from lrp_gui.export.preview import Preview
from lrp_gui.export.render import file_name
from lrp_gui.export.sheet import Sheet
from lrp_gui.languages import thousands
from lrp_gui.theme import Theme
from lrp_gui.viewer.picture import Drawing
from lrp_gui.viewer.pictures import Maker, shown_title

PREVIEW_AFTER_MS = 60
FOLDER_KEY = "export/folder"


class ExportDialog(QDialog):
    """Open it with `open()`: nothing waits for it. It says `exported` or shows why not.

    Parameters
    ----------
    pictures
        Titles with what makes each picture; one is made when it is chosen.
    making
        How the pictures were made; it goes into every file.
    numbers
        Gives what is behind the picture of a title; without it there is nothing to copy but the picture.
    """

    exported = Signal(Path)
    failed = Signal(str)
    data_wanted = Signal(str, object, str)  # title and picture whose numbers are wanted, and into which file

    def __init__(
        self,
        pictures: Sequence[tuple[str, Maker]],
        theme: Theme,
        parent: QWidget | None = None,
        making: Making | None = None,
        numbers: Callable[[str, Drawing | None], Numbers] | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Export Picture"))
        self._theme, self._makers, self._numbers = theme, list(pictures), numbers
        self._making = making or Making()
        self._made: dict[int, Drawing | None] = {}
        self._writing: Paced | None = None
        self._build()
        self._timer = QTimer(self, interval=PREVIEW_AFTER_MS, singleShot=True)
        self._timer.timeout.connect(self._show_preview)
        self._follow_picture()
        self._show_preview()
        self.resize(1000, 580)

    def _build(self) -> None:
        self.view = QComboBox()
        for title, _ in self._makers:
            self.view.addItem(shown_title(title), title)
        self.view.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.view.setMinimumContentsLength(18)
        self.format = QComboBox()
        for exporter in EXPORTERS:
            self.format.addItem(f"{self.tr(exporter.title)} (.{exporter.suffix})", exporter)
        self.paper = PaperForm(self._theme)
        self.preview = Preview()
        self.problem = QLabel()
        self.problem.setWordWrap(True)
        self.problem.setStyleSheet(f"color: {self._theme.warning}")
        self.problem.hide()
        self.progress = QProgressBar()
        self.progress.setAccessibleName(self.tr("Progress"))
        self.progress.hide()
        form = QFormLayout()
        form.addRow(self.tr("&Picture"), self.view)
        form.addRow(self.tr("F&ormat"), self.format)
        self.paper.add_to(form)
        self.note = QLabel()
        self.note.setWordWrap(True)
        form.addRow("", self.note)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.save_button = QPushButton(self.tr("&Save As…"))
        self.copy_button = QPushButton(self.tr("&Copy"))
        self.copy_button.setToolTip(self.tr("Put the picture on the clipboard, or the numbers behind it"))
        copies = QMenu(self)
        copies.addAction(self.tr("&Picture"), self.copy)
        copies.addAction(self.tr("&Numbers Behind It"), self.copy_data)
        self.copy_button.setMenu(copies)
        self.data_button = QPushButton(self.tr("Save &Data…"))
        self.data_button.setToolTip(self.tr("Write the numbers behind this picture: CSV, Parquet or NumPy"))
        buttons.addButton(self.data_button, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.addButton(self.copy_button, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.addButton(self.save_button, QDialogButtonBox.ButtonRole.AcceptRole)
        self.save_button.clicked.connect(self.ask_where)
        self.copy_button.clicked.connect(self.copy)
        self.data_button.clicked.connect(self.ask_where_data)
        self.data_button.setEnabled(self._numbers is not None)
        buttons.rejected.connect(self.reject)
        left = QWidget()
        left.setLayout(form)
        left.setFixedWidth(max(330, left.sizeHint().width()))
        top = QHBoxLayout()
        top.addWidget(left)
        top.addWidget(self.preview, 1)
        layout = QVBoxLayout(self)
        layout.addLayout(top, 1)
        layout.addWidget(self.problem)
        layout.addWidget(self.progress)
        layout.addWidget(buttons)
        self.save_button.setDefault(True)
        self.save_button.setFocus()
        self.view.currentIndexChanged.connect(self._follow_picture)
        self.format.currentIndexChanged.connect(self._later)
        self.paper.changed.connect(self._later)

    @property
    def picture(self) -> Drawing | None:
        """The chosen picture; None where the network cannot be drawn so."""
        index = max(0, self.view.currentIndex())
        if index not in self._made:
            self._made[index] = self._makers[index][1]()
        return self._made[index]

    @property
    def exporter(self) -> Exporter:
        """The chosen format."""
        return self.format.currentData()

    @property
    def sheet(self) -> Sheet:
        """All that was chosen, as a sheet."""
        picture = self.picture
        assert picture is not None
        return self.paper.sheet(picture)

    def make_again(self) -> None:
        """What a picture was waiting for has come."""
        self._made.clear()
        self._later()

    def _follow_picture(self) -> None:
        self.paper.follow(self.picture)
        self._later()

    def _later(self) -> None:
        if hasattr(self, "_timer"):
            self._timer.start()

    def _show_preview(self) -> None:
        picture = self.picture
        for button in (self.save_button, self.copy_button):
            button.setEnabled(picture is not None)
        if picture is None:
            self.preview.show_nothing()
            self._complain(self.tr("This network cannot be drawn so; choose another picture."))
            return
        sheet = self.sheet
        self.preview.show_sheet(picture, sheet)
        wide, tall = sheet.millimetres
        text = self.tr("{width} × {height} mm on paper").format(width=f"{wide:.1f}", height=f"{tall:.1f}")
        if not self.exporter.drawing:
            pixels = f"{thousands(sheet.width)} × {thousands(sheet.height)}"
            text = self.tr("{pixels} pixels, {size}").format(pixels=pixels, size=text)
        self.note.setText(text)
        try:
            check(sheet)
        except ExportError as error:
            self._complain(str(error))
            self.save_button.setEnabled(False)
        else:
            self.problem.hide()

    def _complain(self, sentence: str) -> None:
        self.problem.setText(sentence)
        self.problem.show()

    def copy(self) -> None:
        """Put the picture on the clipboard."""
        picture = self.picture
        if picture is None:
            return
        try:
            copy_picture(picture, self.sheet)
        except ExportError as error:
            self._complain(str(error))
            return
        self.note.setText(self.tr("The picture is on the clipboard."))

    def copy_data(self) -> None:
        """Put the numbers behind the picture on the clipboard."""
        if self._numbers is None:
            return
        try:
            copy_numbers(self._numbers(self.view.currentData(), self.picture))
        except ExportError as error:
            self._complain(str(error))
            return
        self.note.setText(self.tr("The numbers are on the clipboard."))

    # ------------------------------------------------------------------------------------------------------- saving

    def ask_where(self) -> None:
        """Ask for the file's name; the answer saves."""
        suffix = self.exporter.suffix
        self._ask(self.tr("Save Picture"), [f"{self.tr(self.exporter.title)} (*.{suffix})"], suffix, self.save_to)

    def ask_where_data(self) -> None:
        """Ask where the numbers go; the answer asks for them to be written."""
        filters = [f"{self.tr(title)} (*{suffix})" for suffix, title in FORMATS]
        title = self.view.currentData()
        self._ask(self.tr("Save Data"), filters, "csv", lambda path: self.data_wanted.emit(title, self.picture, path))

    def _ask(self, title: str, filters: Sequence[str], suffix: str, then: object) -> None:
        pictures = QStandardPaths.StandardLocation.PicturesLocation
        folder = QSettings().value(FOLDER_KEY) or QStandardPaths.writableLocation(pictures)
        picture = self.picture
        name = file_name(picture.title if picture is not None else "") or "relevance"
        dialog = QFileDialog(self, title, str(folder))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters(list(filters))
        dialog.setDefaultSuffix(suffix)
        dialog.filterSelected.connect(lambda text: dialog.setDefaultSuffix(text.rpartition("*.")[2].rstrip(")")))
        dialog.selectFile(f"{name}.{suffix}")
        dialog.fileSelected.connect(then)
        self.where = dialog
        dialog.open()

    def save_to(self, path: str | Path) -> None:
        """Write the file, a strip a turn; then close, or say why it could not be written and stay."""
        picture, target = self.picture, Path(path)
        if picture is None or self._writing is not None:
            return
        if not target.suffix:
            target = target.with_suffix(f".{self.exporter.suffix}")
        self.problem.hide()
        self.save_button.setEnabled(False)
        sheet = self.sheet
        lines = self._making.of(self.view.currentData(), picture, sheet, target.name)
        self._writing = Paced(saving(picture, target, sheet, lines), self)
        self._writing.progressed.connect(self._show_progress)
        self._writing.finished.connect(lambda _none: self._saved(target))
        self._writing.failed.connect(self._not_saved)

    def _show_progress(self, done: int, total: int) -> None:
        self.progress.setRange(0, total)
        self.progress.setValue(done)
        self.progress.setVisible(total > 2)

    def _saved(self, path: Path) -> None:
        self._writing = None
        self.progress.hide()
        QSettings().setValue(FOLDER_KEY, str(path.parent))
        self.exported.emit(path)
        self.accept()

    def _not_saved(self, error: Exception) -> None:
        self._writing = None
        self.progress.hide()
        self.save_button.setEnabled(True)
        if not isinstance(error, ExportError):
            raise error
        self._complain(str(error))
        self.failed.emit(str(error))

    def reject(self) -> None:
        """Stop what is being written, or else close."""
        if self._writing is None:
            super().reject()
            return
        self._writing.stop()
        self._writing = None
        self.progress.hide()
        self.save_button.setEnabled(True)
        self.note.setText(self.tr("Stopped; nothing was written."))
