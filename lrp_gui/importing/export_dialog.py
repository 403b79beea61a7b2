"""The dialog that exports the table: which rows, what of them, in which format."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from lrp_gui import settings
from lrp_gui.document.exporting import FORMATS, INPUTS, OTHERS, OUTPUTS, RELEVANCE, Selection, TableExport, named_rows
from lrp_gui.document.words import counted
from lrp_gui.languages import mark

if TYPE_CHECKING:
    from lrp_gui.document.document import Document
    from lrp_gui.theme import Theme

TEXTS = (".csv", ".tsv")
STYLES = (
    (",", False, mark("Commas, 3.14")),
    (";", False, mark("Semicolons, 3.14")),
    (";", True, mark("Semicolons, 3,14")),
)


class TableExportDialog(QDialog):
    """Says what would be written, and writes it."""

    chosen = Signal(str, object, str, bool)  # path, Selection, separator, decimal comma

    def __init__(
        self,
        document: Document,
        source: TableExport,
        selected: Sequence[int],
        theme: Theme,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        table = document.table
        samples = table.samples if table is not None else 0
        self._explained = source.explained()
        self._rows = named_rows(samples, self._explained, selected)
        self._partial = document.table_result.partial if document.table_result is not None else ""
        self.setWindowTitle(self.tr("Export Table"))
        self.rows = QComboBox()
        for key, title in (
            ("all", self.tr("All")),
            ("explained", self.tr("Explained")),
            ("selected", self.tr("Selected")),
        ):
            if len(self._rows[key]):
                self.rows.addItem(f"{title}: {counted(len(self._rows[key]), 'sample')}", key)
        self.parts = {
            INPUTS: QCheckBox(self.tr("&Inputs")),
            OTHERS: QCheckBox(self.tr("O&ther columns of the table")),
            OUTPUTS: QCheckBox(self.tr("&Outputs and prediction")),
            RELEVANCE: QCheckBox(self.tr("&Relevance of each input")),
        }
        for name, box in self.parts.items():
            there = name in (INPUTS, OTHERS) or bool(self._explained.any())
            box.setChecked(there and not (name == OTHERS and table is not None and not table.extras))
            box.setEnabled(there and not (name == OTHERS and table is not None and not table.extras))
            box.toggled.connect(self._follow)
        self.format, self.style_box = QComboBox(), QComboBox()
        for suffix, title in FORMATS:
            self.format.addItem(f"{self.tr(title)} ({suffix})", suffix)
        for separator, comma, title in STYLES:
            self.style_box.addItem(self.tr(title), (separator, comma))
        self.path = QLineEdit(str(Path(settings.FOLDER.read() or Path.home()) / f"{_stem(document)}.csv"))
        self.browse = QPushButton(self.tr("&Browse…"))
        self.browse.setAutoDefault(False)
        self.browse.clicked.connect(self._browse)
        self.remark = QLabel()
        self.remark.setWordWrap(True)
        self.remark.setMinimumHeight(3 * self.remark.fontMetrics().lineSpacing())
        self._theme = theme
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel)
        self.save_button = self.buttons.button(QDialogButtonBox.StandardButton.Save)
        self.save_button.setText(self.tr("&Export"))
        for button in self.buttons.buttons():
            button.setIcon(QIcon())
        self.buttons.accepted.connect(self._accept)
        self.buttons.rejected.connect(self.reject)
        self._build()
        self.rows.currentIndexChanged.connect(self._follow)
        self.format.currentIndexChanged.connect(self._change_suffix)
        self.path.textChanged.connect(self._follow)
        self._follow()

    def set_theme(self, theme: Theme) -> None:
        """Take over the colours."""
        self._theme = theme
        self._follow()

    def _build(self) -> None:
        form = QFormLayout()
        form.addRow(self.tr("&Samples"), self.rows)
        kinds = QVBoxLayout()
        for box in self.parts.values():
            kinds.addWidget(box)
        form.addRow(self.tr("Columns"), kinds)
        form.addRow(self.tr("&Format"), self.format)
        self._style_label = QLabel(self.tr("Separator and &decimals"))
        self._style_label.setBuddy(self.style_box)
        form.addRow(self._style_label, self.style_box)
        place = QHBoxLayout()
        place.addWidget(self.path, 1)
        place.addWidget(self.browse)
        label = QLabel(self.tr("File &name"))
        label.setBuddy(self.path)
        form.addRow(label, place)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 14)
        column.setSpacing(12)
        column.addLayout(form)
        column.addWidget(self.remark)
        column.addStretch()
        column.addWidget(self.buttons)
        self.setMinimumWidth(560)

    @property
    def selection(self) -> Selection:
        """What is chosen."""
        chosen = tuple(name for name, box in self.parts.items() if box.isChecked())
        return Selection(self._rows[self.rows.currentData()], chosen)

    def _follow(self) -> None:
        text = Path(self.path.text()).suffix.lower() in TEXTS
        self.style_box.setVisible(text)
        self._style_label.setVisible(text)
        suffix = Path(self.path.text()).suffix.lower()
        known = suffix in {one for one, _title in FORMATS}
        chosen = self.selection
        lacking = int((~self._explained[chosen.rows]).sum())
        computed = {OUTPUTS, RELEVANCE} & set(chosen.parts)
        sentences: list[str] = []
        if not known:
            sentences.append(self.tr("End the name with {suffixes}.").format(suffixes=", ".join(s for s, _ in FORMATS)))
        elif not chosen.parts:
            sentences.append(self.tr("Choose what the file shall hold."))
        elif computed and lacking:
            sentences.append(
                self.tr("{count} not explained yet, or cannot be; their outputs and relevance stay empty.").format(
                    count=counted(lacking, "sample") + (self.tr(" is") if lacking == 1 else self.tr(" are"))
                )
            )
        if computed and self._partial:
            sentences.append(self._partial)
        self.remark.setText(" ".join(sentences))
        self.remark.setStyleSheet(f"color: {self._theme.warning if sentences else self._theme.dim};")
        self.save_button.setEnabled(known and bool(chosen.parts) and bool(self.path.text().strip()))

    def _change_suffix(self) -> None:
        self.path.setText(str(Path(self.path.text()).with_suffix(self.format.currentData())))

    def _browse(self) -> None:
        filters = ";;".join(f"{title} (*{suffix})" for suffix, title in FORMATS)
        dialog = QFileDialog(self, self.tr("Export Table"), str(Path(self.path.text()).parent), filters)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.selectFile(Path(self.path.text()).name)
        dialog.fileSelected.connect(self.path.setText)
        dialog.open()

    def _accept(self) -> None:
        path = self.path.text().strip()
        settings.FOLDER.write(str(Path(path).parent))
        separator, comma = self.style_box.currentData()
        if Path(path).suffix.lower() == ".tsv":
            separator = ""
        self.chosen.emit(path, self.selection, separator, comma)
        self.accept()


def _stem(document: Document) -> str:
    table = document.table
    name = Path(table.path).stem if table is not None and table.path else document.name
    return f"{name or 'table'} explained"
