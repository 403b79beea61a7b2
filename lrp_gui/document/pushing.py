"""How an edit of the table becomes a step that can be undone: at once, or by way of the worker where it takes long."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from lrp_gui.document.changing import TableState, ascending
from lrp_gui.document.commands import EditCells, InsertRows, TableEdit, parts, put_in, written

if TYPE_CHECKING:
    import numpy as np

    from lrp_gui.document.table import InputTable
    from lrp_gui.document.table_blocks import Made, Patch, RowBlock


class Pushing(TableState):
    """The part of the document that pushes, undoes and redoes edits of the table."""

    def undo(self) -> None:
        """Take the last step back; one that the worker is at is stopped instead."""
        if self._long is not None and self._long.running:
            self._long.stop()
        else:
            self._step(back=True)

    def redo(self) -> None:
        """Do again what was undone last."""
        self._step(back=False)

    def go_to(self, index: int) -> None:
        """Undo or redo so that this many steps of the history are done; long ones are the worker's, one by one."""
        stack = self.undo_stack
        index = max(0, min(index, stack.count()))
        back = index < stack.index()
        there = stack.index()
        while there != index and not self._is_long(self._size_of_step(there - 1 if back else there, back=back)):
            there += -1 if back else 1
        stack.setIndex(there)
        if there != index:
            self._step(back=back, then=lambda: self.go_to(index))

    def _size_of_step(self, place: int, *, back: bool) -> int:
        stack = self.undo_stack
        edits = parts(stack.command(place)) if 0 <= place < stack.count() else []
        return max((edit.size(back=back) for edit in edits), default=0)

    def _step(self, *, back: bool, then: Callable[[], None] | None = None) -> None:
        stack = self.undo_stack
        go, place = (stack.undo, stack.index() - 1) if back else (stack.redo, stack.index())
        if not self._is_long(self._size_of_step(place, back=back)):
            go()
            if then is not None:
                then()
            return
        edits = parts(stack.command(place))
        title = (self.tr("Undo {edit}") if back else self.tr("Redo {edit}")).format(edit=stack.text(place))

        def work(table: InputTable) -> list[Made]:
            found: list[Made] = []
            for edit in reversed(edits) if back else edits:
                found.append(edit.make(found[-1].table.copy() if found else table, back=back))
            return found[::-1] if back else found

        def done(found: list[Made]) -> None:
            if place != (stack.index() - 1 if back else stack.index()):
                if self._long is not None:
                    self._long.give_up(title)
                return
            for edit, made in zip(edits, found, strict=True):
                edit.made = made
            go()
            if then is not None:
                then()

        self._in_worker(title, work, done)

    # --------------------------------------------------------------------------------------- for what edits

    def _edit(self, patches: Sequence[Patch], text: str, gesture: str = "") -> None:
        if patches:
            self.undo_stack.push(EditCells(self, patches, text, gesture))

    def _edit_block(self, size: int, make: Callable[[InputTable], Sequence[Patch]], text: str) -> None:
        """Edit so many cells in one step; many of them in the worker."""
        if self.table is None:
            return
        if not self._is_long(size):
            self._edit(make(self.table), text)
            return

        def work(table: InputTable) -> tuple[Sequence[Patch], Made]:
            patches = [patch.on(self.shelf) for patch in make(table)]
            return patches, written(table, patches, self.shelf)

        def done(found: tuple[Sequence[Patch], Made]) -> None:
            patches, made = found
            if patches:
                self.undo_stack.push(EditCells(self, patches, text, made=made))

        self._in_worker(text, work, done)

    def _insert(self, at: int, count: int, make: Callable[[InputTable], RowBlock], text: str) -> None:
        self._insert_at(ascending(range(at, at + count)), make, text)

    def _insert_at(self, rows: np.ndarray, make: Callable[[InputTable], RowBlock], text: str) -> None:
        """New samples, so that they stand at these rows; where that takes long, the worker makes them."""
        if self.table is None or not len(rows):
            return

        def push(block: RowBlock, made: Made | None = None) -> None:
            self.undo_stack.push(InsertRows(self, rows, block, text, made))
            self.select_sample(int(rows[0]))

        table = self.table
        if not self._is_long(len(rows) * len(table.features) if table.takes(rows) else table.values.size):
            push(make(table))
            return

        def work(copy: InputTable) -> tuple[RowBlock, Made]:
            block = make(copy).on(self.shelf)
            return block, put_in(copy, rows, block)

        self._in_worker(text, work, lambda found: push(*found))

    def _push(self, command: TableEdit, push: Callable[[], None] | None = None) -> None:
        """Do it, or let the worker do it first."""
        if push is None:
            push = partial(self.undo_stack.push, command)
        if not self._is_long(command.size(back=False)):
            push()
            return

        def done(made: Made) -> None:
            command.made = made
            push()

        self._in_worker(command.text(), lambda table: command.make(table, back=False), done)

    def _is_long(self, size: int) -> bool:
        if self._long is None:
            return False
        from lrp_gui.document.long_edits import AT_ONCE

        return size > AT_ONCE

    def _in_worker(self, title: str, work: Callable[[InputTable], Any], done: Callable[[Any], None]) -> None:
        if self._long is not None:
            self._long.run(title, work, done)
