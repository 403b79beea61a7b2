"""What a copied block would do, shown before it does it, where it does not simply fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QTableView,
    QVBoxLayout,
)

from lrp_gui.document.words import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lrp_gui.document.document import Document
    from lrp_gui.document.table_paste import PastePlan
    from lrp_gui.table.view import TableView

Index = QModelIndex | QPersistentModelIndex
TOP = QModelIndex()
Role = Qt.ItemDataRole
SHOWN_ROWS = 200
# So many columns get a box that says where they go; the rest goes where it was found to go.
MOST_BOXES = 60
OK, CANCEL = QDialogButtonBox.StandardButton.Ok, QDialogButtonBox.StandardButton.Cancel


def paste(document: Document, view: TableView, text: str) -> None:
    """Paste a text at the selection of a view; what does not simply fit is shown first."""
    rows, columns = view.places_from_here()
    block = view.block()
    if block is None:
        return
    selected = (len(block.rows), len(block.columns))

    def go_on(plan: PastePlan | None) -> None:
        if plan is None:
            return
        # Names that were copied but lead nowhere: by position may be meant, or something else.
        if not plan.asks and (plan.by_name or not plan.header):
            document.run_paste(plan)
            return
        dialog = PastePreview(document, text, view, selected, plan)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    document.plan_soon(text, rows, columns, go_on, selected=selected)


class PreviewModel(QAbstractTableModel):
    """The first lines of what was copied, above each column where it goes."""

    def __init__(self, document: Document, parent: Any = None) -> None:
        super().__init__(parent)
        self._document = document
        self._plan: PastePlan | None = None
        self._dim = QColor()

    def show_plan(self, plan: PastePlan, dim: QColor) -> None:
        """Show another plan."""
        self.beginResetModel()
        self._plan, self._dim = plan, dim
        self.endResetModel()

    def rowCount(self, parent: Index = TOP) -> int:
        return 0 if parent.isValid() or self._plan is None else min(len(self._plan.cells), SHOWN_ROWS)

    def columnCount(self, parent: Index = TOP) -> int:
        return 0 if parent.isValid() or self._plan is None else len(self._plan.columns)

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        if self._plan is None or not index.isValid():
            return None
        line = self._plan.cells[index.row()]
        if role == Role.DisplayRole:
            return line[index.column()] if index.column() < len(line) else ""
        if role == Role.ForegroundRole and self._plan.columns[index.column()] < 0:
            return self._dim
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole) -> Any:
        plan, table = self._plan, self._document.table
        if role != Role.DisplayRole or plan is None or table is None:
            return None
        if orientation == Qt.Orientation.Vertical:
            known = section < len(plan.rows)
            return table.names[int(plan.rows[section])] if known else self.tr("new")
        if not 0 <= section < len(plan.columns):
            return None
        column = plan.columns[section]
        goes = self._document.column_name(column) if column >= 0 else self.tr("(left out)")
        copied = (
            plan.header[section]
            if section < len(plan.header)
            else self.tr("copied {number}").format(number=section + 1)
        )
        return f"{copied}\n→ {goes}"


class PastePreview(QDialog):
    """The choices of a paste, and what comes of them."""

    def __init__(
        self, document: Document, text: str, view: TableView, selected: tuple[int, int], plan: PastePlan
    ) -> None:
        super().__init__(view)
        self._document, self._text, self._selected = document, text, selected
        self._rows, self._columns = view.places_from_here()
        self._dim = view.table_model.colours.dim
        self.plan = plan
        self.setWindowTitle(self.tr("Paste"))
        self.resize(680, 460)
        self.header = QCheckBox(self.tr("The first line holds names"), self)
        self.by_name = QCheckBox(self.tr("Go by these names"), self)
        self.comma = QCheckBox(self.tr("Comma before decimals (3,14)"), self)
        self.model = PreviewModel(document, self)
        self.table = QTableView(self)
        self.table.setModel(self.model)
        self.table.setAccessibleName(self.tr("What would be pasted"))
        self.table.setSelectionMode(QTableView.SelectionMode.NoSelection)
        self.goes = QComboBox(self)
        self.goes.setAccessibleName(self.tr("Where the chosen column goes"))
        self.which = QComboBox(self)
        self.which.setAccessibleName(self.tr("Copied column"))
        self.told = QLabel(self)
        self.told.setWordWrap(True)
        self.told.setAccessibleName(self.tr("What would happen"))
        self.buttons = QDialogButtonBox(OK | CANCEL, self)
        self.buttons.button(OK).setText(self.tr("Paste"))
        self.buttons.accepted.connect(self._agree)
        self.buttons.rejected.connect(self.reject)
        self._lay_out()
        self._order: list[int] | None = None
        self._show()
        for box in (self.header, self.by_name, self.comma):
            box.toggled.connect(self._choose)
        self.which.currentIndexChanged.connect(self._show_column)
        self.goes.activated.connect(self._send)
        self.table.horizontalHeader().sectionClicked.connect(self.which.setCurrentIndex)

    def _lay_out(self) -> None:
        choices = QHBoxLayout()
        for box in (self.header, self.by_name, self.comma):
            choices.addWidget(box)
        choices.addStretch()
        way = QHBoxLayout()
        way.addWidget(QLabel(self.tr("Column"), self))
        way.addWidget(self.which, 1)
        way.addWidget(QLabel(self.tr("goes to"), self))
        way.addWidget(self.goes, 1)
        column = QVBoxLayout(self)
        column.addLayout(choices)
        column.addWidget(self.table, 1)
        column.addLayout(way)
        column.addWidget(self.told)
        column.addWidget(self.buttons)

    def _choose(self) -> None:
        """Plan anew, with other choices."""
        self._order = None
        self._plan_anew(by_name=self.by_name.isChecked() if self.header.isChecked() else False)

    def _plan_anew(self, *, by_name: bool | None, order: Sequence[int] | None = None) -> None:
        plan = self._document.plan_paste(
            self._text,
            self._rows,
            self._columns,
            selected=self._selected,
            header=self.header.isChecked(),
            by_name=by_name,
            decimal_comma=self.comma.isChecked(),
            order=order,
        )
        if plan is not None:
            self.plan = plan
            self._show()

    def _send(self) -> None:
        """The chosen column goes somewhere else."""
        order = list(self.plan.columns)
        place = self.which.currentIndex()
        if 0 <= place < len(order):
            order[place] = int(self.goes.currentData())
            self._plan_anew(by_name=None, order=order)

    def _show(self) -> None:
        plan, table = self.plan, self._document.table
        if table is None:
            return
        for box, on in (
            (self.header, bool(plan.header)),
            (self.by_name, plan.by_name),
            (self.comma, plan.decimal_comma),
        ):
            box.blockSignals(True)
            box.setChecked(on)
            box.blockSignals(False)
        self.by_name.setEnabled(bool(plan.header))
        self.model.show_plan(plan, self._dim)
        chosen = max(0, self.which.currentIndex())
        self.which.blockSignals(True)
        self.which.clear()
        for number in range(min(len(plan.columns), MOST_BOXES)):
            self.which.addItem(
                plan.header[number]
                if number < len(plan.header)
                else self.tr("copied {number}").format(number=number + 1)
            )
        self.which.setCurrentIndex(min(chosen, self.which.count() - 1))
        self.which.blockSignals(False)
        if not self.goes.count():
            self.goes.addItem(self.tr("(left out)"), -1)
            for column in range(len(table.features) + len(table.extras)):
                self.goes.addItem(self._document.column_name(column), column)
        self._show_column()
        cells = self.tr("{lines} × {columns} are pasted").format(
            lines=counted(len(plan.cells), "line"), columns=counted(plan.width, "column")
        )
        notes = "".join(f"<li>{note}</li>" for note in plan.notes)
        problem = f"<p>⚠ {plan.problem}</p>" if plan.problem else ""
        self.told.setText(f"{problem}<p>{cells}.</p><ul style='margin-left:-20px'>{notes}</ul>")
        self.buttons.button(OK).setEnabled(not plan.problem)

    def _show_column(self) -> None:
        place = self.which.currentIndex()
        if 0 <= place < len(self.plan.columns):
            self.goes.setCurrentIndex(max(0, self.goes.findData(self.plan.columns[place])))

    def _agree(self) -> None:
        self.accept()
        self._document.run_paste(self.plan)


__all__ = ["PastePreview", "paste"]
