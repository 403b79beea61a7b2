"""Which column becomes which input: a row for each input, and beside them the columns that are left."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QSignalBlocker, Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QListView,
    QPushButton,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from lrp_gui.document.importing import NONE, Import
from lrp_gui.importing.models import COLUMN, FEATURE, NO_COLUMN, InputsModel, OthersModel, PreviewModel
from lrp_gui.ticks import TickDelegate

PREVIEW_HEIGHT = 120
OTHERS_WIDTH = 250
WIDEST_COLUMN = 260
MOST_NAMES = 2000  # columns that are offered as the samples' names


class PreviewView(QTableView):
    """The first rows of the file."""

    def __init__(self, source: Import, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source = source
        self.setModel(PreviewModel(source, self))
        self.setAccessibleName(self.tr("The first rows of the file"))
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setMinimumHeight(PREVIEW_HEIGHT)
        self.setAlternatingRowColors(True)
        self.setTabKeyNavigation(False)
        self.horizontalHeader().setMaximumSectionSize(WIDEST_COLUMN)
        self.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 6)
        source.checked.connect(self._fit)
        source.mapped.connect(self._fit)

    def _fit(self) -> None:
        if len(self._source.names) <= 200:  # each one is measured
            self.resizeColumnsToContents()


class MappingPanel(QWidget):
    """Maps columns to inputs; the buttons do it for all at once."""

    def __init__(self, source: Import, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source = source
        self.inputs = QTableView()
        self.inputs.setModel(InputsModel(source, self.inputs))
        self.inputs.setItemDelegateForColumn(COLUMN, _ColumnChooser(source, self.inputs))
        self.inputs.setAccessibleName(self.tr("Inputs and their columns"))
        self.inputs.setEditTriggers(
            QAbstractItemView.EditTrigger.AllEditTriggers & ~QAbstractItemView.EditTrigger.CurrentChanged
        )
        self.inputs.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.inputs.setDragDropMode(QAbstractItemView.DragDropMode.DropOnly)
        self.inputs.setTabKeyNavigation(False)
        self.inputs.verticalHeader().hide()
        self.inputs.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 10)
        header = self.inputs.horizontalHeader()
        header.setStretchLastSection(True)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(FEATURE, QHeaderView.ResizeMode.Interactive)
        header.resizeSection(FEATURE, 150)
        header.resizeSection(COLUMN, 190)
        self.others = QListView()
        self.others.setItemDelegate(TickDelegate(self.others))
        self.others.setModel(OthersModel(source, self.others))
        self.others.setAccessibleName(self.tr("Columns that are no inputs"))
        self.others.setDragEnabled(True)
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("Find an input"))
        self.search.setAccessibleName(self.tr("Find an input"))
        self.search.setClearButtonEnabled(True)
        model = self.inputs.model()
        assert isinstance(model, InputsModel)
        self.search.textChanged.connect(model.filter)
        self.by_name = self._button(self.tr("Match by Na&me"), self.tr("Each input takes the column of its name"))
        self.by_name.clicked.connect(source.match_by_name)
        self.by_position = self._button(
            self.tr("By &Position"), self.tr("The inputs take the columns of numbers one after the other")
        )
        self.by_position.clicked.connect(source.match_by_position)
        self.clear = self._button(self.tr("Cle&ar"), self.tr("No input takes a column"))
        self.clear.clicked.connect(source.clear)
        self.samples = QComboBox()
        self.samples.setAccessibleName(self.tr("The column with the samples' names"))
        self.samples.activated.connect(lambda _index: source.name_samples_by(self.samples.currentData()))
        self._build()
        source.checked.connect(self._fill_samples)
        source.mapped.connect(self._fill_samples)

    def _build(self) -> None:
        buttons = QHBoxLayout()
        buttons.addWidget(self.search, 1)
        for button in (self.by_name, self.by_position, self.clear):
            buttons.addWidget(button)
        left = QVBoxLayout()
        left.addLayout(buttons)
        left.addWidget(self.inputs, 1)
        samples = QLabel(self.tr("&Name samples by"))
        samples.setBuddy(self.samples)
        others = QLabel(self.tr("Other &columns, kept if ticked"))
        others.setBuddy(self.others)
        right = QVBoxLayout()
        right.addWidget(samples)
        right.addWidget(self.samples)
        right.addWidget(others)
        right.addWidget(self.others, 1)
        beside = QWidget()
        beside.setLayout(right)
        beside.setFixedWidth(OTHERS_WIDTH)
        right.setContentsMargins(0, 0, 0, 0)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        row.addLayout(left, 1)
        row.addWidget(beside)

    def _button(self, text: str, tip: str) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(tip)
        button.setAutoDefault(False)
        return button

    def _fill_samples(self) -> None:
        with QSignalBlocker(self.samples):
            self.samples.clear()
            self.samples.addItem(self.tr("their number"), NONE)
            chosen = self._source.plan.sample_names
            for column in self._source.unused[:MOST_NAMES]:
                if self._source.names[column] != chosen:
                    self.samples.addItem(self._source.names[column], column)
            if chosen in self._source.names:
                self.samples.addItem(chosen, self._source.names.index(chosen))
        self._follow_samples()

    def _follow_samples(self) -> None:
        names, chosen = self._source.names, self._source.plan.sample_names
        with QSignalBlocker(self.samples):
            self.samples.setCurrentIndex(self.samples.findData(names.index(chosen)) if chosen in names else 0)


class _ColumnChooser(QStyledItemDelegate):
    """A box with all columns of the file."""

    def __init__(self, source: Import, parent: QWidget) -> None:
        super().__init__(parent)
        self._source = source

    def createEditor(self, parent: QWidget, _option: QStyleOptionViewItem, _index: Any) -> QWidget:
        box = QComboBox(parent)
        box.addItems([NO_COLUMN, *self._source.names])  # by its place: there may be very many
        box.activated.connect(lambda _index: self._chosen(box))
        return box

    def _chosen(self, box: QComboBox) -> None:
        self.commitData.emit(box)
        self.closeEditor.emit(box)

    def setEditorData(self, editor: QWidget, index: Any) -> None:
        assert isinstance(editor, QComboBox)
        editor.setCurrentIndex(index.data(Qt.ItemDataRole.EditRole) + 1)

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: QModelIndex | Any) -> None:
        assert isinstance(editor, QComboBox)
        model.setData(index, editor.currentIndex() - 1, Qt.ItemDataRole.EditRole)
