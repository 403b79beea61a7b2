"""What the right button offers: on cells, on the titles of columns, and on the numbers of rows."""

from __future__ import annotations

from collections.abc import Callable
from math import isnan
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, Qt
from PySide6.QtWidgets import QDialog, QMenu, QWidget

from lrp_gui.document.words import counted
from lrp_gui.table.columns import Column, Kind
from lrp_gui.table.expression import quoted, word
from lrp_gui.table.forms import AssignDialog, ColumnFilter, Form, constant_form, name_form, noise_form, random_form
from lrp_gui.table.matching import Words

if TYPE_CHECKING:
    from PySide6.QtCore import QModelIndex

    from lrp_gui.document.document import Document
    from lrp_gui.table.panel import TablePanel

# A list of more words than this is filtered by typing.
MOST_WORDS = 200


class Menus(QObject):
    """Makes the menus of one panel, and opens the small dialogs that some entries need."""

    def __init__(self, document: Document, panel: TablePanel) -> None:
        super().__init__(panel)
        self._document, self._panel = document, panel
        self.current: QDialog | None = None  # the one that is open, for whoever drives the window
        view = panel.view
        for part in (view, view.front):
            part.customContextMenuRequested.connect(lambda point, part=part: self._on_cells(part, point))
            header = part.horizontalHeader()
            header.customContextMenuRequested.connect(lambda point, header=header: self._on_title(header, point))
        rows = view.verticalHeader()
        rows.customContextMenuRequested.connect(lambda point: self._on_row(rows, point))

    # ------------------------------------------------------------------------------------------ menus

    def _on_cells(self, part: QWidget, point: QPoint) -> None:
        view = self._panel.view
        index = view.front.indexAt(point) if part is view.front else view.indexAt(point)
        if not index.isValid():
            return
        if not view.selectionModel().isSelected(index):
            view.go_to(index.row(), index.column())
        viewport = part.viewport()  # type: ignore[attr-defined]
        self.cell_menu(index).popup(viewport.mapToGlobal(point))

    def _on_title(self, header: QWidget, point: QPoint) -> None:
        section = header.logicalIndexAt(point)  # type: ignore[attr-defined]
        if section >= 0:
            self.title_menu(section).popup(header.mapToGlobal(point))

    def _on_row(self, header: QWidget, point: QPoint) -> None:
        place = header.logicalIndexAt(point)  # type: ignore[attr-defined]
        view = self._panel.view
        if place >= 0:
            block = view.block()
            if block is None or view.table_model.row(place) not in block.rows:
                view.selectRow(place)
            self.row_menu().popup(header.mapToGlobal(point))

    def cell_menu(self, index: QModelIndex) -> QMenu:
        """For the selected cells."""
        view, model = self._panel.view, self._panel.view.table_model
        menu, block = self._menu(), view.block()
        row = model.row(index.row())
        if row < 0 or block is None:
            self._group_entries(menu)
            return menu
        typed = bool(block.columns.size)
        self._add(menu, self.tr("Copy"), view.copy)
        self._add(menu, self.tr("Copy with Titles"), lambda: view.copy(titles=True))
        self._add(menu, self.tr("Paste"), view.paste, enabled=typed)
        self._add(menu, self.tr("Clear Cells"), view.clear_cells, enabled=typed)
        menu.addSeparator()
        self._add(menu, self.tr("Fill Down"), view.fill_down, enabled=typed and len(block.rows) > 1)
        self._add(menu, self.tr("Random Values…"), self.randomise, enabled=typed)
        self._add(menu, self.tr("Add Noise…"), self.add_noise, enabled=typed)
        menu.addSeparator()
        column = model.column(index.column())
        text = model.text(row, column)
        condition = self.condition(row, column)
        if condition:
            shown = f"{text[:24]}…" if len(text) > 24 else text or self.tr("missing")
            name = model.title(column).split("\n")[0]
            self._add(
                menu,
                self.tr("Show Only {name} = {value}").format(name=name, value=shown),
                lambda: self._filter(condition),
            )
        self._add(menu, self.tr("Explain Against This Sample"), lambda: self._refer(row))
        menu.addSeparator()
        self._row_entries(menu)
        return menu

    def title_menu(self, section: int) -> QMenu:
        """For a column."""
        model, arranger = self._panel.view.table_model, self._panel.view.table_model.arranger
        menu, column = self._menu(), model.column(section)
        if column.kind is Kind.PICTURE:
            self._add(menu, self.tr("Show Its Numbers"), lambda: self._panel.show_numbers(True))
            return menu
        self._add(menu, self.tr("Sort Ascending"), lambda: arranger.sort(column))
        self._add(menu, self.tr("Sort Descending"), lambda: arranger.sort(column, descending=True))
        self._add(
            menu, self.tr("Order of the File"), lambda: arranger.sort(None), enabled=arranger.wish.sort is not None
        )
        menu.addSeparator()
        self._add(menu, self.tr("Filter This Column…"), lambda: self.filter_column(column))
        name = model.title(column).split("\n")[0]
        self._add(menu, self.tr("Group by {name}").format(name=name), lambda: arranger.group(column))
        self._add(menu, self.tr("No Groups"), lambda: arranger.group(None), enabled=arranger.wish.group is not None)
        menu.addSeparator()
        if column.kind in {Kind.FEATURE, Kind.EXTRA}:
            self._add(menu, self.tr("Select Column"), lambda: self._panel.view.selectColumn(section))
        if column.kind is Kind.FEATURE:
            self._add(menu, self.tr("Choose This Feature's Column…"), self.assign)
            units = menu.addAction(self.tr("Network Units"))
            units.setCheckable(True)
            units.setChecked(model.network_units)
            units.toggled.connect(lambda on: self._panel.switch("network_units", on))
        return menu

    def row_menu(self) -> QMenu:
        """For the selected rows."""
        menu = self._menu()
        self._add(menu, self.tr("Copy"), self._panel.view.copy)
        self._add(menu, self.tr("Copy with Titles"), lambda: self._panel.view.copy(titles=True))
        menu.addSeparator()
        self._row_entries(menu)
        return menu

    def _row_entries(self, menu: QMenu) -> None:
        document, rows = self._document, self._panel.view.selected_rows()
        if not rows:
            return
        samples = self.tr("Sample") if len(rows) == 1 else counted(len(rows), self.tr("Sample"))
        self._add(menu, self.tr("Rename Sample…"), self.rename)
        compared = self.tr("Compare Both Explanations") if len(rows) == 2 else self.tr("Compare Its Explanation…")
        pair = (rows[0], rows[1]) if len(rows) == 2 else None
        self._add(menu, compared, lambda: self._panel.comparison_wanted.emit(pair), enabled=len(rows) <= 2)
        self._add(menu, self.tr("Insert Sample Above"), lambda: document.insert_sample(rows[0]))
        self._add(menu, self.tr("Insert Sample Below"), lambda: document.insert_sample(rows[-1] + 1))
        self._add(menu, self.tr("Insert Random Samples…"), self.insert_random)
        self._add(menu, self.tr("Insert Constant Samples…"), self.insert_constant)
        self._add(
            menu, self.tr("Duplicate {samples}").format(samples=samples), lambda: document.duplicate_samples(rows)
        )
        self._add(menu, self.tr("Delete {samples}").format(samples=samples), self._panel.view.delete_rows)

    def _group_entries(self, menu: QMenu) -> None:
        arranger = self._panel.view.table_model.arranger
        self._add(menu, self.tr("Fold All Groups"), lambda: arranger.fold_all(folded=True))
        self._add(menu, self.tr("Unfold All Groups"), lambda: arranger.fold_all(folded=False))
        self._add(menu, self.tr("No Groups"), lambda: arranger.group(None))

    def _menu(self) -> QMenu:
        menu = QMenu(self._panel)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        return menu

    @staticmethod
    def _add(menu: QMenu, text: str, do: Callable[[], object], *, enabled: bool = True) -> None:
        action = menu.addAction(text)
        action.setEnabled(enabled)
        action.triggered.connect(lambda _checked=False: do())

    # ------------------------------------------------------------------------------------ conditions

    def condition(self, row: int, column: Column) -> str:
        """What holds of all rows that have the same in this column; "" where nothing can be said."""
        columns = self._panel.view.table_model.arranger.columns()
        if columns is None or column.kind is Kind.PICTURE:
            return ""
        name, value = columns.name_of(column), columns.of(column)
        if columns.places().get(name) != column:
            return ""  # another column has that name too
        if isinstance(value, Words):
            return f"{quoted(name)} == {word(value.words[int(value.codes[row])])}"
        number = float(value[row])
        return f"{quoted(name)} is missing" if isnan(number) else f"{quoted(name)} == {number!r}"

    def filter_column(self, column: Column) -> None:
        """Ask which rows are shown, by one column."""
        columns = self._panel.view.table_model.arranger.columns()
        if columns is None:
            return
        name, value = columns.name_of(column), columns.of(column)
        if isinstance(value, Words) and len(value.words) > MOST_WORDS:
            self._panel.filter.box.setText(f"{quoted(name)} contains ")
            self._panel.start_filter()
            self._panel.filter.box.end(False)
            return
        dialog = ColumnFilter(name, value, self._panel.view.table_model.statistics.of(column), self._panel)
        dialog.chosen.connect(self._filter)
        self._open(dialog)

    def _filter(self, condition: str) -> None:
        if condition:
            self._panel.filter.add(condition)

    # --------------------------------------------------------------------------------------- dialogs

    def randomise(self) -> None:
        """Ask how the selected cells get random values."""
        block = self._panel.view.block()
        if block is None or not block.columns.size:
            return

        def do(answers: dict) -> None:
            self._document.randomise(block.rows, block.columns, answers["how"], answers["seed"])

        self._ask(random_form(self._panel, counts=False), do)

    def add_noise(self) -> None:
        """Ask how much noise the selected cells get."""
        block = self._panel.view.block()
        if block is None or not block.columns.size:
            return

        def do(answers: dict) -> None:
            self._document.add_noise(block.rows, block.columns, answers["amount"], answers["seed"])

        self._ask(noise_form(self._panel), do)

    def insert_random(self) -> None:
        """Ask for samples of random values."""

        def do(answers: dict) -> None:
            self._document.insert_random(self._below(), answers["count"], answers["how"], answers["seed"])

        self._ask(random_form(self._panel, counts=True), do)

    def insert_constant(self) -> None:
        """Ask for samples whose features have all the same value."""

        def do(answers: dict) -> None:
            self._document.insert_constant(self._below(), answers["count"], answers["value"])

        self._ask(constant_form(self._panel), do)

    def rename(self) -> None:
        """Ask what the chosen sample is to be called."""
        row, table = self._document.selected_sample, self._document.table
        if table is None or row < 0:
            return

        def do(answers: dict) -> None:
            self._document.rename_sample(row, answers["name"])

        self._ask(name_form(self._panel, str(table.names[row])), do)

    def assign(self) -> None:
        """Ask which column of the table each feature gets."""
        table = self._document.table
        if table is None:
            return
        dialog = AssignDialog(table, self._panel)
        dialog.chosen.connect(self._document.assign_columns)
        self._open(dialog)

    def _below(self) -> int:
        rows = self._panel.view.selected_rows()
        return rows[-1] + 1 if rows else self._document.table.samples if self._document.table else 0

    def _refer(self, row: int) -> None:
        from lrp_gui.document.reference import SAMPLE, make

        self._document.set_reference(make(SAMPLE, self._document, row, explains=True))

    def _ask(self, form: Form, do: Callable[[dict], object]) -> None:
        form.answered.connect(do)
        self._open(form)

    def _open(self, dialog: QDialog) -> None:
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.finished.connect(self._forget)
        self.current = dialog
        dialog.open()

    def _forget(self, _result: int) -> None:
        self.current = None
