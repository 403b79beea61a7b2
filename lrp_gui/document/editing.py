"""Editing the table: what people do to it, as steps that can be undone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from lrp_gui.document.changing import ascending
from lrp_gui.document.commands import AssignColumns, Cell, DeleteRows, EditCells, InsertRows, put_in, written
from lrp_gui.document.pushing import Pushing
from lrp_gui.document.state import Message

if TYPE_CHECKING:
    import numpy as np

    from lrp_gui.document.table import InputTable
    from lrp_gui.document.table_blocks import Made, Patch, RowBlock
    from lrp_gui.document.table_paste import PastePlan


class Editing(Pushing):
    """The part of the document that edits the table.

    Rows are rows of the table. Columns are the features, and behind them the extra columns.

    Everything here pushes a command.
    """

    # -------------------------------------------------------------------------------------------- cells

    def edit_cell(self, row: int, column: int, text: str) -> None:
        """Type into one cell."""
        text = self._as_at_home(text)
        if self.table is None or self.cell_text(row, column) == text:
            return
        label = self.tr("{name} of sample {sample}").format(name=self.column_name(column), sample=self.table.names[row])
        self._edit(self._making().written(self.table, [(row, column, text)]), label, f"cell {row} {column}")

    def edit_cells(self, cells: Sequence[Cell], text: str) -> None:
        """Change several cells in one step; `text` names it in the Edit menu."""
        changed = [cell for cell in cells if self.cell_text(cell[0], cell[1]) != cell[2]]
        if changed and self.table is not None:
            self._edit(self._making().written(self.table, changed), text)

    def edit_values(
        self, rows: np.ndarray, columns: np.ndarray, values: np.ndarray, text: str, gesture: str = ""
    ) -> None:
        """Write numbers into a block of cells, in one step.

        Parameters
        ----------
        rows, columns
            Of the table, as whole numbers; columns of features.
        values
            (rows, columns), in the table's units.
        text
            What the step is called in the Edit menu.
        gesture
            Steps of one gesture are one step, while the mouse is down or when they follow each other at once: the
            strokes of a brush, a slider that is dragged.
        """
        if self.table is not None and len(rows) and len(columns):
            from lrp_gui.document.table_blocks import Numbers

            patches = [Numbers(rows, columns, values)]
            if gesture:  # the next step of it comes at once
                self._edit(patches, text, gesture)
            else:
                self._edit_block(values.size, lambda _table: patches, text)

    def fill(self, rows: np.ndarray, columns: np.ndarray, text: str) -> None:
        """Type the same into every cell of a block."""
        text = self._as_at_home(text)
        if self.table is not None and len(rows) and len(columns):
            label = self.tr("Fill {cells}").format(cells=self._block_title(rows, columns))
            making = self._making()
            size = making.size_of(self.table, rows, columns, texts=making.is_text(self.table, columns, text))
            self._edit_block(size, lambda table: making.filled(table, rows, columns, text), label)

    def fill_down(self, rows: np.ndarray, columns: np.ndarray) -> None:
        """Write what stands in the first of these rows into the others."""
        if self.table is not None and len(rows) > 1 and len(columns):
            label = self.tr("Fill down {cells}").format(cells=self._block_title(rows[1:], columns))
            making = self._making()
            texts = bool(self.table.texts_in(rows[:1], columns))
            size = making.size_of(self.table, rows, columns, texts=texts)
            self._edit_block(size, lambda table: making.filled_down(table, rows, columns), label)

    def clear(self, rows: np.ndarray, columns: np.ndarray) -> None:
        """Empty the cells of a block."""
        if self.table is not None and len(rows) and len(columns):
            label = self.tr("Clear {count} cells").format(count=len(rows) * len(columns))
            making = self._making()
            size = making.size_of(self.table, rows, columns)
            self._edit_block(size, lambda table: making.filled(table, rows, columns, ""), label)

    def randomise(self, rows: np.ndarray, columns: np.ndarray, how: str = "range", seed: int = 0) -> None:
        """Draw numbers for the features of a block: within the data's range, or "normal" by mean and scale."""
        columns = self._features(columns)
        if self.table is not None and len(rows) and len(columns):
            making, cells = self._making(), self._block_title(rows, columns)
            label = self.tr("Random {cells}, seed {seed}").format(cells=cells, seed=seed)
            self._edit_block(
                len(rows) * len(columns), lambda table: making.randomised(table, rows, columns, how, seed), label
            )

    def add_noise(self, rows: np.ndarray, columns: np.ndarray, amount: float, seed: int = 0) -> None:
        """Put normal noise onto the features of a block, `amount` times each feature's scale wide."""
        columns = self._features(columns)
        if self.table is not None and len(rows) and len(columns):
            making = self._making()
            label = self.tr("Noise of {amount:g} scales on {cells}, seed {seed}").format(
                amount=amount, cells=self._block_title(rows, columns), seed=seed
            )
            self._edit_block(
                len(rows) * len(columns), lambda table: making.made_noisy(table, rows, columns, amount, seed), label
            )

    def rename_sample(self, row: int, name: str) -> None:
        """Call a sample something else."""
        if self.table is not None and name.strip() and self.table.names[row] != name.strip():
            import numpy as np

            from lrp_gui.document.table_blocks import Titles

            label = self.tr("Rename sample {name}").format(name=self.table.names[row])
            self._edit([Titles(np.array([row]), [name.strip()])], label)

    # ----------------------------------------------------------------------------------- rows and columns

    def insert_sample(self, at: int) -> None:
        """A new sample before row `at`, every feature at its mean."""
        self.insert_samples(at, 1)

    def insert_samples(self, at: int, count: int) -> None:
        """New samples before row `at`, every feature at its mean."""
        from lrp_gui.document.table import fresh_rows

        self._insert(at, count, lambda table: fresh_rows(table, count), self._counted(self.tr("Insert"), count))

    def insert_constant(self, at: int, count: int, value: float) -> None:
        """New samples before row `at`, every feature at the same value."""
        making, name = self._making(), self.tr("constant {value:g}").format(value=value)
        label = self._counted(self.tr("Insert constant"), count)
        self._insert(at, count, lambda table: making.constant_rows(table, count, value, name), label)

    def insert_random(self, at: int, count: int, how: str = "range", seed: int = 0) -> None:
        """New samples before row `at`, drawn within the data's range, or "normal" by mean and scale."""
        making, name = self._making(), self.tr("random")
        label = self.tr("{insert}, seed {seed}").format(
            insert=self._counted(self.tr("Insert random"), count), seed=seed
        )
        self._insert(at, count, lambda table: making.random_rows(table, count, how, seed, name), label)

    def duplicate_sample(self, row: int) -> None:
        """A copy of a sample right below it."""
        self.duplicate_samples([row])

    def duplicate_samples(self, rows: Iterable[int]) -> None:
        """Copies of samples, each right below its own."""
        rows = ascending(rows)
        if self.table is None or not len(rows):
            return
        label = self.tr("Duplicate sample {name}").format(name=self.table.names[int(rows[0])])
        if len(rows) > 1:
            label = self.tr("Duplicate {count} samples").format(count=len(rows))
        making, title = self._making(), self.tr("{name} copy")
        # Each copy stands below all the copies that came before it, and below its own.
        at = rows + 1 + ascending(range(len(rows)))
        self._insert_at(at, lambda table: making.duplicates(table, rows, title), label)

    def delete_samples(self, rows: Iterable[int] | np.ndarray) -> None:
        """Take samples out, in one step."""
        rows = ascending(rows)
        if self.table is None or not len(rows):
            return
        label = self.tr("Delete {count} samples").format(count=len(rows))
        if len(rows) == 1:
            label = self.tr("Delete sample {name}").format(name=self.table.names[int(rows[0])])
        command = DeleteRows(self, rows, label)

        def push() -> None:
            self.undo_stack.beginMacro(label)
            self.before_rows_go(rows)
            self.undo_stack.push(command)
            self.undo_stack.endMacro()

        self._push(command, push)

    def assign_columns(self, order: Sequence[int]) -> None:
        """Give each feature another column's data, in one step.

        Parameters
        ----------
        order
            (features,) for each feature the column that it gets. What is displaced takes the place that is free then.
        """
        if self.table is None or list(order) == list(range(len(self.table.features))):
            return
        twice = next((column for column in order if list(order).count(column) > 1), -1)
        if twice >= 0:
            text = self.tr("“{name}” cannot be two features at once; choose another column for one of them.")
            self.message.emit(Message(text.format(name=self.column_name(twice))))
            return
        import numpy as np

        self._push(AssignColumns(self, np.asarray(order, dtype=np.intp), self.tr("Assign columns")))

    # -------------------------------------------------------------------------------------------- pasting

    def plan_paste(self, text: str, rows: np.ndarray, columns: np.ndarray, **choices: Any) -> PastePlan | None:
        """What pasting a text would do; None where there is nothing to paste or nowhere to.

        Parameters
        ----------
        text
            Of the clipboard.
        rows, columns
            Of the table, those that are shown from the cell on, in their order.
        choices
            See `lrp_gui.document.table_paste.plan`.
        """
        if self.table is None:
            return None
        from lrp_gui.document import table_paste

        return table_paste.plan(self.table, text, rows, columns, comma_at_home=self.decimal_comma, **choices)

    def plan_soon(
        self, text: str, rows: np.ndarray, columns: np.ndarray, done: Callable[[PastePlan | None], None], **choices: Any
    ) -> None:
        """Plan a paste as `plan_paste` does; of a long text in the worker. `done` gets the plan."""
        from lrp_gui.document import table_paste

        if not self._is_long(len(text)):
            done(self.plan_paste(text, rows, columns, **choices))
            return
        comma = self.decimal_comma

        def work(table: InputTable) -> PastePlan | None:
            return table_paste.plan(table, text, rows, columns, comma_at_home=comma, **choices)

        self._in_worker(self.tr("Looking at what is pasted"), work, done)

    def run_paste(self, plan: PastePlan) -> None:
        """Do what a plan says, in one step."""
        if self.table is None:
            return
        from lrp_gui.document import table_paste

        label = self.tr("Paste {rows} × {columns} cells").format(rows=len(plan.cells), columns=plan.width)
        at = ascending(range(self.table.samples, self.table.samples + plan.added))

        def push(patches: Sequence[Patch], block: RowBlock | None, added: Made | None, over: Made | None) -> None:
            self.undo_stack.beginMacro(label)
            if block is not None:
                self.undo_stack.push(InsertRows(self, at, block, label, added))
            if patches:
                self.undo_stack.push(EditCells(self, patches, label, made=over))
            self.undo_stack.endMacro()

        if not self._is_long(len(plan.cells) * plan.width):
            push(*table_paste.made(self.table, plan), None, None)
            return

        def work(table: InputTable) -> tuple[Sequence[Patch], RowBlock | None, Made | None, Made | None]:
            patches, block = table_paste.made(table, plan)
            patches = [patch.on(self.shelf) for patch in patches]
            block = block.on(self.shelf) if block is not None else None
            added = put_in(table, at, block) if block is not None else None
            if added is not None:
                table = table.copy()
            return patches, block, added, written(table, patches, self.shelf) if patches else None

        self._in_worker(label, work, lambda found: push(*found))

    def paste(self, row: int, column: int, block: Sequence[Sequence[str]]) -> bool:
        """Put a block of texts at a cell, adding samples where it is longer than the table.

        Returns
        -------
        Whether it fits: a block that is too wide is refused whole, with a message.
        """
        if self.table is None or not block:
            return False
        width, columns = max(len(line) for line in block), len(self.table.features) + len(self.table.extras)
        if column + width > columns:
            text = self.tr(
                "The {width} copied columns do not fit: from {name} on the table has {room}; "
                "paste further to the left or copy fewer."
            )
            room = columns - column
            self.message.emit(Message(text.format(width=width, name=self.column_name(column), room=room)))
            return False
        from lrp_gui.document import table_paste

        rows = ascending(range(row, self.table.samples))
        plan = table_paste.plan(
            self.table, block, rows, ascending(range(column, columns)), header=False, decimal_comma=False
        )
        if plan is not None:
            self.run_paste(plan)
        return plan is not None

    # ------------------------------------------------------------------------------------------ small parts

    def _as_at_home(self, text: str) -> str:
        from lrp_gui.document.table_checks import as_at_home

        return as_at_home(text, decimal_comma=self.decimal_comma)

    def _block_title(self, rows: np.ndarray, columns: np.ndarray) -> str:
        if self.table is not None and len(columns) == 1:
            name = self.column_name(int(columns[0]))
            if len(rows) == 1:
                return self.tr("{name} of sample {sample}").format(name=name, sample=self.table.names[int(rows[0])])
            return self.tr("{name} of {count} samples").format(name=name, count=len(rows))
        return self.tr("{rows} × {columns} cells").format(rows=len(rows), columns=len(columns))

    def _counted(self, verb: str, count: int) -> str:
        if count == 1:
            return self.tr("{insert} sample").format(insert=verb)
        return self.tr("{insert} {count} samples").format(insert=verb, count=count)

    def _features(self, columns: np.ndarray) -> np.ndarray:
        return columns[columns < len(self.table.features)] if self.table is not None else columns

    @staticmethod
    def _making() -> Any:
        from lrp_gui.document import table_making

        return table_making
