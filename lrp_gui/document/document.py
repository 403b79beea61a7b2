"""The open project: the one place where the truth is. Views read it, call it, and listen to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING
from weakref import WeakSet

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoStack

from lrp_gui.document.commands import Cell, ChangeSettings, DeleteRows, EditCells, EditValues, InsertRows, Open
from lrp_gui.document.state import Contents, ExplainSettings, Message, Opening, Touched

if TYPE_CHECKING:
    import numpy as np

    from lrp_gui.document.files import FileInfo, Obstacle
    from lrp_gui.document.reference import Reference
    from lrp_gui.document.results import NetworkInfo, SampleResult, TableResult
    from lrp_gui.document.table import InputTable, Row


class Document(QObject):
    """File, network, table, settings, selection and results, with a signal for each.

    Methods that begin with `put` and `take` change the state at once and are for the undo commands;
    everything else that edits pushes a command.
    """

    file_changed = Signal()  # also when only the obstacle did
    network_changed = Signal()
    table_changed = Signal()  # after any change of rows, columns or cells
    result_changed = Signal()
    table_result_changed = Signal()
    settings_changed = Signal()
    layer_selected = Signal(str)
    sample_selected = Signal(int)
    unit_selected = Signal(int)
    tensor_selected = Signal(str)  # also when another file made its name mean another tensor
    problem_changed = Signal()
    # Finer news of the table, for item models and for whoever explains; `table_changed` follows each of them.
    table_replaced = Signal()
    cells_changed = Signal(object)  # a Touched
    rows_about_to_be_inserted = Signal(int, int)  # at, count
    rows_inserted = Signal(int, int)
    rows_about_to_be_removed = Signal(int, int)
    rows_removed = Signal(int, int)
    stale_changed = Signal()
    message = Signal(object)  # a Message

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.undo_stack = QUndoStack(self)
        self.file: FileInfo | None = None
        self.network: NetworkInfo | None = None
        self.obstacle: Obstacle | None = None  # why the file shows no network
        self.table: InputTable | None = None
        self.settings = ExplainSettings()
        self.result: SampleResult | None = None
        # One row per row of the table, NaN where a row is not explained (yet).
        self.table_result: TableResult | None = None
        self.selected_layer = ""
        self.selected_sample = -1
        self.selected_unit = -1
        self.selected_tensor = ""  # by name, of the open file
        self.problem = ""
        self.stale = False  # the result is of an earlier state of the table or of the settings
        self.opening: Opening | None = None  # the one that brought what is shown
        self._tables: WeakSet[InputTable] = WeakSet()  # the open one, and those to which undo leads back

    # ---------------------------------------------------------------------------- what is selected

    def select_layer(self, path: str) -> None:
        """Choose a layer, an input by its name, or "" for none."""
        if path == self.selected_layer:
            return
        self.selected_layer = path
        self.layer_selected.emit(path)
        self.select_unit(-1)

    def select_unit(self, unit: int) -> None:
        """Choose a unit of the chosen layer, or -1."""
        if unit != self.selected_unit:
            self.selected_unit = unit
            self.unit_selected.emit(unit)

    def select_tensor(self, name: str) -> None:
        """Choose a tensor of the file, or "" for none; to choose it again is to ask for it again."""
        if name or self.selected_tensor:
            self.selected_tensor = name
            self.tensor_selected.emit(name)

    def select_sample(self, row: int) -> None:
        """Choose a row of the table, or -1 when there is none."""
        samples = self.table.samples if self.table else 0
        row = min(max(row, -1), samples - 1)
        if row != self.selected_sample:
            self.selected_sample = row
            self.sample_selected.emit(row)

    # -------------------------------------------------------------------- edits that can be undone

    def open(self, contents: Contents, text: str) -> None:
        """Take over what was read from a file. The first file of a session is where history begins."""
        opening = Opening(contents, self.name)
        if self.network is None and self.file is None:
            self.put_contents(contents, opening)
            self.undo_stack.clear()
        else:
            self.undo_stack.push(Open(self, opening, text))

    def complete(self, opening: Opening, contents: Contents) -> None:
        """Put what took longer, the network, in the place of what an opening brought at first; it stays one edit."""
        opening.contents = contents
        if self.opening is opening:
            self.put_contents(contents, opening)

    def edit_cell(self, row: int, column: int, text: str) -> None:
        """Type into one cell."""
        if self.table is None or self.cell_text(row, column) == text:
            return
        name = self.table.features[column].name
        label = self.tr("{name} of sample {sample}").format(name=name, sample=self.table.names[row])
        self.undo_stack.push(EditCells(self, [(row, column, text)], label))

    def edit_cells(self, cells: Sequence[Cell], text: str) -> None:
        """Change several cells in one step; `text` names it in the Edit menu."""
        changed = [cell for cell in cells if self.cell_text(cell[0], cell[1]) != cell[2]]
        if changed:
            self.undo_stack.push(EditCells(self, changed, text))

    def edit_values(
        self, rows: np.ndarray, columns: np.ndarray, values: np.ndarray, text: str, gesture: str = ""
    ) -> None:
        """Write numbers into a block of cells, in one step.

        Parameters
        ----------
        rows, columns
            Of the table, as whole numbers.
        values
            (rows, columns), in the table's units.
        text
            What the step is called in the Edit menu.
        gesture
            Steps of one gesture are one step, while the mouse is down or when they follow each other at once: the
            strokes of a brush, a slider that is dragged.
        """
        if self.table is not None and len(rows) and len(columns):
            self.undo_stack.push(EditValues(self, rows, columns, values, text, gesture))

    def input_columns(self, name: str) -> slice:
        """The columns of the table that are the units of one input; none for a name that is no input's."""
        first = 0
        for one in self.network.inputs if self.network is not None else ():
            if one.name == name:
                return slice(first, first + len(one.features))
            first += len(one.features)
        return slice(0, 0)

    def paste(self, row: int, column: int, block: Sequence[Sequence[str]]) -> bool:
        """Put a block of texts at a cell, adding samples where it is longer than the table.

        Returns
        -------
        Whether it fits: a block that is too wide is refused whole, with a message.
        """
        if self.table is None or not block:
            return False
        width, columns = max(len(line) for line in block), len(self.table.features)
        if column + width > columns:
            self.message.emit(
                Message(
                    self.tr(
                        "The {width} copied columns do not fit: from {name} on the table has {room}; "
                        "paste further to the left or copy fewer."
                    ).format(width=width, name=self.table.features[column].name, room=columns - column)
                )
            )
            return False
        cells = [(row + r, column + c, text) for r, line in enumerate(block) for c, text in enumerate(line)]
        label = self.tr("Paste {rows} × {columns} cells").format(rows=len(block), columns=width)
        missing = row + len(block) - self.table.samples
        self.undo_stack.beginMacro(label)
        if missing > 0:
            self.undo_stack.push(InsertRows(self, self.table.samples, self._new_rows(missing), label))
        self.edit_cells(cells, label)
        self.undo_stack.endMacro()
        return True

    def insert_sample(self, at: int) -> None:
        """A new sample before row `at`, every feature at its mean."""
        if self.table is not None:
            self.undo_stack.push(InsertRows(self, at, self._new_rows(1), self.tr("Insert sample")))
            self.select_sample(at)

    def duplicate_sample(self, row: int) -> None:
        """A copy of a sample right below it."""
        if self.table is None:
            return
        copy = self.table.row(row)
        copy = replace(copy, name=self.table.free_name(self.tr("{name} copy").format(name=copy.name)))
        label = self.tr("Duplicate sample {name}").format(name=self.table.names[row])
        self.undo_stack.push(InsertRows(self, row + 1, [copy], label))
        self.select_sample(row + 1)

    def delete_samples(self, rows: Sequence[int]) -> None:
        """Take samples out, in one step."""
        if self.table is None or not rows:
            return
        label = self.tr("Delete {count} samples").format(count=len(rows))
        if len(rows) == 1:
            label = self.tr("Delete sample {name}").format(name=self.table.names[rows[0]])
        self.undo_stack.beginMacro(label)
        self._keep_reference(rows)
        for first, count in reversed(_runs(rows)):
            self.undo_stack.push(DeleteRows(self, first, count, label))
        self.undo_stack.endMacro()

    def set_target(self, target: str) -> None:
        """Explain something else; the text is what a person types: "max", "2", "2-5", a class's name."""
        self._change(replace(self.settings, target=target.strip()), self.tr("Change target"))

    def set_composite(self, composite: str) -> None:
        """Explain by another composite, by name."""
        self.set_rules(replace(self.settings, composite=composite, own=None, edits=()), self.tr("Change composite"))

    def set_rules(self, settings: ExplainSettings, text: str) -> None:
        """Explain by other rules; `text` names the step in the Edit menu."""
        self._change(settings, text)

    def set_reference(self, reference: Reference) -> None:
        """Compare with something, or explain against it."""
        text = self.tr("Change reference") if reference else self.tr("Take the reference away")
        self._change(replace(self.settings, reference=reference), text)

    def set_auto(self, auto: bool) -> None:
        """Explain after each edit, or only when asked. A mode of working, not an edit: nothing to undo."""
        if auto != self.settings.auto:
            self.put_settings(replace(self.settings, auto=auto))

    # ------------------------------------------------------ the state, as the undo commands set it

    @property
    def name(self) -> str:
        """What is open, "" when nothing is."""
        named = self.network or self.file
        return named.name if named is not None else ""

    @property
    def contents(self) -> Contents:
        """All that opening a file would replace."""
        return Contents(
            self.network,
            self.table,
            self.settings,
            self.selected_sample,
            self.selected_layer,
            self.file,
            self.obstacle,
        )

    def unsaved_tables(self) -> list[InputTable]:
        """Tables with edits that are in no file, the open one first: what closing the window would lose."""
        tables = sorted(self._tables, key=lambda table: table is not self.table)
        return [table for table in tables if table.edited]

    def cell_text(self, row: int, column: int) -> str:
        """The text of one cell, "" outside the table."""
        if self.table is None or not (row < self.table.samples and column < len(self.table.features)):
            return ""
        return self.table.text(row, column)

    def put_contents(self, contents: Contents, opening: Opening | None = None) -> None:
        """Replace file, network, table and settings; results of the old ones go."""
        self.opening = opening
        another_file = contents.file is not self.file or contents.obstacle != self.obstacle
        another_network = contents.network is not self.network
        self.file, self.obstacle = contents.file, contents.obstacle
        self.network, self.table = contents.network, contents.table
        if contents.table is not None:
            self._tables.add(contents.table)
        self.settings = replace(contents.settings, auto=self.settings.auto)
        self.selected_sample, self.selected_unit = -1, -1
        self.selected_layer = contents.layer
        self.result, self.table_result, self.problem = None, None, ""
        if another_file:
            names = {one.name for one in contents.file.tensors} if contents.file is not None else set[str]()
            if self.selected_tensor not in names:
                self.selected_tensor = ""
            self.file_changed.emit()
            self.tensor_selected.emit(self.selected_tensor)
        if another_network:
            self.network_changed.emit()
        self.table_replaced.emit()
        self.table_changed.emit()
        self.settings_changed.emit()
        self.result_changed.emit()
        self.table_result_changed.emit()
        self.problem_changed.emit()
        self.layer_selected.emit(contents.layer)
        self.unit_selected.emit(-1)
        self.select_sample(contents.sample)

    def put_cells(self, cells: Sequence[Cell]) -> None:
        """Write texts into cells, and look at the first of them."""
        if self.table is None:
            return
        for row, column, text in cells:
            self.table.set_text(row, column, text)
        import numpy as np

        rows, columns = (np.unique([cell[axis] for cell in cells]) for axis in (0, 1))
        self._after_cells(rows, columns)

    def put_values(self, rows: np.ndarray, columns: np.ndarray, values: np.ndarray) -> None:
        """Write numbers into cells, and look at the first of them."""
        if self.table is None:
            return
        self.table.put_values(rows, columns, values)
        self._after_cells(rows, columns)

    def _after_cells(self, rows: np.ndarray, columns: np.ndarray) -> None:
        self.cells_changed.emit(Touched(rows, columns))
        self.table_changed.emit()
        if self.selected_sample not in rows:
            self.select_sample(int(rows.min()))

    def put_rows(self, at: int, rows: Sequence[Row]) -> None:
        """Insert samples before row `at`."""
        if self.table is None:
            return
        self.rows_about_to_be_inserted.emit(at, len(rows))
        self.table.insert(at, rows)
        if self.table_result is not None:
            from lrp_gui.document import scores

            self.table_result = scores.inserted(self.table_result, at, len(rows))
        if self.selected_sample >= at:
            self.selected_sample += len(rows)
        self.rows_inserted.emit(at, len(rows))
        self._move_reference(at, len(rows))
        self._after_rows()

    def take_rows(self, at: int, count: int) -> list[Row]:
        """Remove samples and return them, complete."""
        if self.table is None:
            return []
        self.rows_about_to_be_removed.emit(at, count)
        taken = self.table.remove(at, count)
        if self.table_result is not None:
            from lrp_gui.document import scores

            self.table_result = scores.removed(self.table_result, at, count)
        if self.selected_sample >= at + count:
            self.selected_sample -= count
        elif self.selected_sample >= at:  # it is gone: look at what stands there now
            self.selected_sample = min(at, self.table.samples - 1)
        self.rows_removed.emit(at, count)
        self._move_reference(at, -count)
        self._after_rows()
        return taken

    def put_settings(self, settings: ExplainSettings) -> None:
        """Replace target, composite and mode."""
        if settings != self.settings:
            self.settings = settings
            self.settings_changed.emit()

    # ----------------------------------------------------------------------- what the worker found

    def put_result(self, result: SampleResult | None, problem: str = "") -> None:
        """The chosen sample's explanation, or why there is none."""
        self.result, self.stale = result, False
        if problem != self.problem:
            self.problem = problem
            self.problem_changed.emit()
        self.result_changed.emit()
        self.stale_changed.emit()

    def put_table_result(self, result: TableResult | None) -> None:
        """What is known of the whole table."""
        self.table_result = result
        self.table_result_changed.emit()

    def mark_stale(self) -> None:
        """The result no longer belongs to what the table and the settings say."""
        if self.result is not None and not self.stale:
            self.stale = True
            self.stale_changed.emit()

    # --------------------------------------------------------------------------------- small parts

    def _after_rows(self) -> None:
        self.table_changed.emit()
        self.table_result_changed.emit()
        # The same sample may stand at another row now.
        self.sample_selected.emit(self.selected_sample)

    def _move_reference(self, at: int, count: int) -> None:
        """The sample that others are compared with stands at another row now."""
        self.put_settings(replace(self.settings, reference=self.settings.reference.moved(at, count)))

    def _keep_reference(self, rows: Sequence[int]) -> None:
        """Before the sample that others are compared with goes, a copy takes its place."""
        reference = self.settings.reference
        if self.table is not None and reference and reference.row in rows:
            from lrp_gui.document.reference import frozen

            copy = frozen(reference, self.table)
            self._change(replace(self.settings, reference=copy), self.tr("Keep the reference"))

    def _change(self, settings: ExplainSettings, text: str) -> None:
        if settings != self.settings:
            self.undo_stack.push(ChangeSettings(self, settings, text))

    def _new_rows(self, count: int) -> list[Row]:
        from lrp_gui.document.table import fresh_rows

        return fresh_rows(self.table, count) if self.table is not None else []


def _runs(rows: Sequence[int]) -> list[tuple[int, int]]:
    """Row numbers as (first, count) of neighbours, ascending."""
    runs: list[tuple[int, int]] = []
    for row in sorted(set(rows)):
        if runs and row == sum(runs[-1]):
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((row, 1))
    return runs
