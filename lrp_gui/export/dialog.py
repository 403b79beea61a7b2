"""The dialog that saves a picture: which one, how large, in which colours, with what it will look like."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QRectF, QSettings, QSize, QStandardPaths, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from lrp_gui.export.exporters import EXPORTERS, Exporter, ExportError, save
from lrp_gui.export.render import file_name
from lrp_gui.export.sheet import LARGEST_SIDE, Sheet, draw_sheet
from lrp_gui.theme import THEMES, Theme
from lrp_gui.viewer.picture import Drawing

PREVIEW_AFTER_MS = 60
FOLDER_KEY = "export/folder"
SIZES = ((0, 0), (1600, 1000), (1920, 1080), (2400, 1500), (3840, 2160))


class Preview(QWidget):
    """The sheet as it will be, scaled into the dialog."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._picture: Drawing | None = None
        self._sheet: Sheet | None = None
        self.setMinimumSize(320, 220)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(self.tr("Preview"))

    def show_sheet(self, picture: Drawing, sheet: Sheet) -> None:
        """Show another one."""
        self._picture, self._sheet = picture, sheet
        self.setAccessibleDescription(picture.caption)
        self.update()

    def sizeHint(self) -> QSize:
        """Large enough to judge."""
        return QSize(640, 430)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        """The whole sheet, in the middle."""
        if self._picture is None or self._sheet is None:
            return
        painter = QPainter(self)
        factor = min((self.width() - 8) / self._sheet.width, (self.height() - 8) / self._sheet.height)
        width, height = self._sheet.width * factor, self._sheet.height * factor
        left, top = (self.width() - width) / 2, (self.height() - height) / 2
        painter.save()
        painter.translate(left, top)
        painter.scale(factor, factor)
        draw_sheet(painter, self._picture, self._sheet)
        painter.restore()
        painter.setPen(QPen(QColor(self._sheet.theme.line), 1))
        painter.drawRect(QRectF(left, top, width, height))
        painter.end()


class ExportDialog(QDialog):
    """Open it with `open()`: nothing waits for it. It says `exported` or shows why not."""

    exported = Signal(Path)
    failed = Signal(str)

    def __init__(
        self,
        picture: Drawing,
        theme: Theme,
        parent: QWidget | None = None,
        others: Sequence[tuple[str, Drawing]] = (),
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Export Picture"))
        self._theme = theme
        self._pictures = [(self.tr("current view"), picture), *others]
        self._build()
        self._timer = QTimer(self, interval=PREVIEW_AFTER_MS, singleShot=True)
        self._timer.timeout.connect(self._show_preview)
        self._follow_size()
        self._show_preview()
        self.resize(1000, 560)

    def _build(self) -> None:
        self.view = QComboBox()
        self.view.addItems([title for title, _ in self._pictures])
        self.view.setVisible(len(self._pictures) > 1)
        self.format = QComboBox()
        for exporter in EXPORTERS:
            self.format.addItem(f"{exporter.title} (.{exporter.suffix})", exporter)
        self.size_box = QComboBox()
        for width, height in SIZES:
            text = f"{width} × {height}" if width else self.tr("as the picture likes")
            self.size_box.addItem(text, (width, height))
        self.width_box, self.height_box = _pixels(self.tr("Width")), _pixels(self.tr("Height"))
        self.text_size = QSpinBox(minimum=25, maximum=400, value=100, suffix=" %", singleStep=10)
        self.theme_box = QComboBox()
        for theme in THEMES.values():
            self.theme_box.addItem(theme.name, theme)
        self.theme_box.setCurrentText(self._theme.name)
        self.caption = QCheckBox(self.tr("Caption below the picture"))
        self.caption.setChecked(True)
        self.preview = Preview()
        self.problem = QLabel()
        self.problem.setWordWrap(True)
        self.problem.setStyleSheet(f"color: {self._theme.warning}")
        self.problem.hide()
        size = QHBoxLayout()
        for part in (self.width_box, QLabel("×"), self.height_box):
            size.addWidget(part)
        form = QFormLayout()
        if len(self._pictures) > 1:
            form.addRow(self.tr("&Picture"), self.view)
        form.addRow(self.tr("&Format"), self.format)
        form.addRow(self.tr("&Size"), self.size_box)
        form.addRow(self.tr("Pixels"), size)
        form.addRow(self.tr("&Text size"), self.text_size)
        form.addRow(self.tr("&Colours"), self.theme_box)
        form.addRow("", self.caption)
        self.note = QLabel()
        self.note.setWordWrap(True)
        form.addRow("", self.note)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.save_button = QPushButton(self.tr("Save As…"))
        self.save_button.setDefault(True)
        buttons.addButton(self.save_button, QDialogButtonBox.ButtonRole.AcceptRole)
        self.save_button.clicked.connect(self.ask_where)
        buttons.rejected.connect(self.reject)
        top = QHBoxLayout()
        top.addLayout(form)
        top.addWidget(self.preview, 1)
        layout = QVBoxLayout(self)
        layout.addLayout(top, 1)
        layout.addWidget(self.problem)
        layout.addWidget(buttons)
        self.view.currentIndexChanged.connect(self._follow_size)
        self.size_box.currentIndexChanged.connect(self._follow_size)
        for box in (self.width_box, self.height_box, self.text_size):
            box.valueChanged.connect(self._later)
        for choice in (self.format, self.theme_box):
            choice.currentIndexChanged.connect(self._later)
        self.caption.toggled.connect(self._follow_size)

    @property
    def picture(self) -> Drawing:
        """The chosen picture."""
        return self._pictures[max(0, self.view.currentIndex())][1]

    @property
    def exporter(self) -> Exporter:
        """The chosen format."""
        return self.format.currentData()

    @property
    def sheet(self) -> Sheet:
        """All that was chosen, as a sheet."""
        sheet = Sheet(
            self.width_box.value(), self.height_box.value(), self.theme_box.currentData(), 0.0, self.caption.isChecked()
        )
        scale = sheet.scale_for(self.picture) * self.text_size.value() / 100
        return Sheet(sheet.width, sheet.height, sheet.theme, scale, sheet.caption)

    def _follow_size(self) -> None:
        """Put the chosen size, or the picture's own, into the boxes."""
        width, height = self.size_box.currentData()
        natural = Sheet.of(self.picture, self._theme, width, height, 0.0, self.caption.isChecked())
        self.width_box.setValue(natural.width)
        self.height_box.setValue(natural.height)
        self._later()

    def _later(self) -> None:
        if hasattr(self, "_timer"):
            self._timer.start()

    def _show_preview(self) -> None:
        sheet = self.sheet
        self.preview.show_sheet(self.picture, sheet)
        inches = f"{sheet.width / 96 * 2.54:.1f} × {sheet.height / 96 * 2.54:.1f} cm"
        self.note.setText("" if self.exporter.suffix == "png" else self.tr("{size} on paper").format(size=inches))

    def ask_where(self) -> None:
        """Ask for the file's name; the answer saves."""
        suffix = self.exporter.suffix
        folder = QSettings().value(FOLDER_KEY) or QStandardPaths.writableLocation(
            QStandardPaths.StandardLocation.PicturesLocation
        )
        name = file_name(self.picture.title) or "relevance"
        dialog = QFileDialog(self, self.tr("Save Picture"), str(folder))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilter(f"{self.exporter.title} (*.{suffix})")
        dialog.setDefaultSuffix(suffix)
        dialog.selectFile(f"{name}.{suffix}")
        dialog.fileSelected.connect(self.save_to)
        self.where = dialog
        dialog.open()

    def save_to(self, path: str | Path) -> None:
        """Write the file; close, or say why it could not be written and stay."""
        sheet = self.sheet
        target = Path(path)
        if not target.suffix:
            target = target.with_suffix(f".{self.exporter.suffix}")
        try:
            save(self.picture, target, (sheet.width, sheet.height), sheet.theme, sheet.scale, sheet.caption)
        except ExportError as error:
            self.problem.setText(str(error))
            self.problem.show()
            self.failed.emit(str(error))
            return
        QSettings().setValue(FOLDER_KEY, str(target.parent))
        self.exported.emit(target)
        self.accept()


def _pixels(name: str) -> QSpinBox:
    box = QSpinBox(minimum=64, maximum=LARGEST_SIDE, suffix=" px", singleStep=100)
    box.setAccessibleName(name)
    return box
