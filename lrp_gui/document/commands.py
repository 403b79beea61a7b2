"""Every edit that can be undone. A command only calls the document; what it needs to go back it asks of it first."""

from __future__ import annotations

import time
from collections.abc import Sequence
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from PySide6.QtGui import QGuiApplication, QUndoCommand

if TYPE_CHECKING:
    import numpy as np

    from lrp_gui.document.changing import TableState
    from lrp_gui.document.document import Document
    from lrp_gui.document.state import ExplainSettings, Labels, Opening
    from lrp_gui.document.table import InputTable
    from lrp_gui.document.table_blocks import Made, Patch, RowBlock, Shelf, Snapshot

Cell = tuple[int, int, str]  # row, column, text

# Edits of one thing that follow each other faster than this are one gesture: a wheel turned, a list scrolled through.
GESTURE_SECONDS = 0.8


class Kind(IntEnum):
    """What may merge with its like; Qt takes -1 for "never"."""

    CELLS = 1
    SETTINGS = 2


class TableEdit(QUndoCommand):
    """An edit of the table. Undone, the table is in the state before; whether that is in a file it then knows."""

    def __init__(self, document: TableState, text: str, made: Made | None = None) -> None:
        super().__init__(text)
        self._document = document
        self._before = self._after = -1
        self.made = made  # what the worker made of the next redo or undo

    def redo(self) -> None:  # noqa: D102
        self._before = self._state()
        self.do()
        if self._after < 0:
            self._after = self._state()
        self._put_state(self._after)

    def undo(self) -> None:  # noqa: D102
        self.take_back()
        self._put_state(self._before)

    def do(self) -> None:
        """Change the table, by calling the document."""
        raise TypeError(f"{type(self).__name__} does nothing.")

    def take_back(self) -> None:
        """Change it back."""
        raise TypeError(f"{type(self).__name__} cannot be undone.")

    def size(self, *, back: bool) -> int:  # noqa: ARG002
        """About how many numbers have to be gone through for it, or to take it back."""
        raise TypeError(f"{type(self).__name__} has no size.")

    def make(self, table: InputTable, *, back: bool) -> Made:  # noqa: ARG002
        """Do it to a copy of the table, or take it back there; for the worker."""
        raise TypeError(f"{type(self).__name__} is not made elsewhere.")

    def _take_made(self) -> Made | None:
        made, self.made = self.made, None
        return made

    def _state(self) -> int:
        return self._document.table.state if self._document.table is not None else -1

    def _put_state(self, state: int) -> None:
        if self._document.table is not None:
            self._document.table.state = state


class EditCells(TableEdit):
    """Cells typed, pasted, painted, filled; names of samples, too."""

    def __init__(
        self,
        document: TableState,
        patches: Sequence[Patch],
        text: str,
        gesture: str = "",
        made: Made | None = None,
    ) -> None:
        super().__init__(document, text, made)
        self._new = [patch.on(document.shelf) for patch in patches]
        self._old: list[Patch] = []
        self._gesture = gesture
        self._time = time.monotonic()

    def id(self) -> int:  # noqa: D102
        return Kind.CELLS

    def do(self) -> None:  # noqa: D102
        old = self._document.put_patches(self._new, self._take_made())
        self._old = [patch.on(self._document.shelf) for patch in old]

    def take_back(self) -> None:  # noqa: D102
        self._document.put_patches(self._old, self._take_made())

    def size(self, *, back: bool) -> int:  # noqa: ARG002, D102
        return sum(patch.size for patch in self._new)

    def make(self, table: InputTable, *, back: bool) -> Made:  # noqa: D102
        return written(table, self._old if back else self._new, self._document.shelf)

    def mergeWith(self, other: QUndoCommand) -> bool:  # noqa: D102
        if not isinstance(other, EditCells) or not self._gesture or other._gesture != self._gesture:
            return False
        held = bool(QGuiApplication.mouseButtons())  # naming Qt.MouseButton would cost the first start its time
        if not held and other._time - self._time > GESTURE_SECONDS:
            return False
        if len(other._new) == 1 and _same_place(self._new[-1], other._new[0]):
            self._new[-1] = other._new[0]
        else:
            self._new += other._new
            self._old = other._old + self._old
        self._time, self._after = other._time, other._after
        return True


def written(table: InputTable, patches: Sequence[Patch], shelf: Shelf) -> Made:
    """Cells of a copy of the table, written; and what undoes that."""
    return _made(table, [patch.write(table).on(shelf) for patch in patches][::-1])


def put_in(table: InputTable, rows: np.ndarray, block: RowBlock) -> Made:
    """Samples that stand in a copy of the table now."""
    table.insert(rows, block)
    return _made(table, before=_before(table, rows, coming=True))


class RowsEdit(TableEdit):
    """Samples that come and go."""

    def __init__(
        self, document: TableState, rows: np.ndarray, block: RowBlock | None, text: str, made: Made | None = None
    ) -> None:
        super().__init__(document, text, made)
        self._rows = rows
        self._block = block.on(document.shelf) if block is not None else None

    def _put(self) -> None:
        if self._block is not None:
            self._document.put_rows(self._rows, self._block, self._take_made())

    def _take(self) -> RowBlock | None:
        return self._document.take_rows(self._rows, self._take_made())

    def _made(self, table: InputTable, *, coming: bool) -> Made:
        if not coming:
            taken = table.remove(self._rows).on(self._document.shelf)
            return _made(table, taken, _before(table, self._rows, coming=False))
        assert self._block is not None
        return put_in(table, self._rows, self._block)

    def _moves(self, *, coming: bool) -> int:
        table = self._document.table
        if table is None:
            return 0
        in_place = table.takes(self._rows) if coming else table.gives(self._rows)
        return len(self._rows) * len(table.features) if in_place else table.values.size


class InsertRows(RowsEdit):
    """New samples, so that they stand at these rows."""

    def do(self) -> None:  # noqa: D102
        self._put()

    def take_back(self) -> None:  # noqa: D102
        self._take()

    def size(self, *, back: bool) -> int:  # noqa: D102
        return self._moves(coming=not back)

    def make(self, table: InputTable, *, back: bool) -> Made:  # noqa: D102
        return self._made(table, coming=not back)


class DeleteRows(RowsEdit):
    """Samples taken out; kept here, complete, until they come back."""

    def __init__(self, document: TableState, rows: np.ndarray, text: str) -> None:
        super().__init__(document, rows, None, text)

    def do(self) -> None:  # noqa: D102
        block = self._take()
        self._block = block.on(self._document.shelf) if block is not None else None

    def take_back(self) -> None:  # noqa: D102
        self._put()

    def size(self, *, back: bool) -> int:  # noqa: D102
        return self._moves(coming=back)

    def make(self, table: InputTable, *, back: bool) -> Made:  # noqa: D102
        return self._made(table, coming=back)


class AssignColumns(TableEdit):
    """Each feature gets the data of another column, and what is displaced takes that one's place."""

    def __init__(self, document: TableState, order: np.ndarray, text: str) -> None:
        super().__init__(document, text)
        self._order = order
        self._snapshot: Snapshot | None = None

    def do(self) -> None:  # noqa: D102
        self._snapshot = self._document.put_columns(self._order, self._take_made())

    def take_back(self) -> None:  # noqa: D102
        if self._snapshot is not None:
            self._document.put_snapshot(self._snapshot, self._take_made())

    def size(self, *, back: bool) -> int:  # noqa: ARG002, D102
        return self._document.table.values.size if self._document.table is not None else 0

    def make(self, table: InputTable, *, back: bool) -> Made:  # noqa: D102
        if not back:
            return _made(table, table.assign(self._order))
        if self._snapshot is not None:
            table.restore(self._snapshot)
        return _made(table)


class ChangeSettings(QUndoCommand):
    """Another target, composite or reference."""

    def __init__(self, document: Document, settings: ExplainSettings, text: str) -> None:
        super().__init__(text)
        self._document, self._new, self._old = document, settings, document.settings
        self._time = time.monotonic()

    def id(self) -> int:  # noqa: D102
        return Kind.SETTINGS

    def redo(self) -> None:  # noqa: D102
        self._document.put_settings(self._new)

    def undo(self) -> None:  # noqa: D102
        self._document.put_settings(self._old)

    def mergeWith(self, other: QUndoCommand) -> bool:  # noqa: D102
        if not isinstance(other, ChangeSettings) or other._time - self._time > GESTURE_SECONDS:
            return False
        if other.text() != self.text():
            return False
        self._new, self._time = other._new, other._time
        return True


class RenameLayer(QUndoCommand):
    """What a person calls a layer."""

    def __init__(self, document: Document, labels: Labels, text: str) -> None:
        super().__init__(text)
        self._document, self._new, self._old = document, labels, document.labels

    def redo(self) -> None:  # noqa: D102
        self._document.put_labels(self._new)

    def undo(self) -> None:  # noqa: D102
        self._document.put_labels(self._old)


class Open(QUndoCommand):
    """Another file or table in place of the one before, which stays until this is forgotten."""

    def __init__(self, document: Document, opening: Opening, text: str) -> None:
        super().__init__(text)
        self._document, self._new = document, opening
        self._old, self._before = document.contents, document.opening

    def redo(self) -> None:  # noqa: D102
        self._document.put_contents(self._new.contents, self._new)

    def undo(self) -> None:  # noqa: D102
        # The table was edited since, and those edits were undone: the new contents are again as they were opened.
        old, before = self._old, self._before
        if before is not None and before.contents.network is not None and old.network is None:
            old = before.contents  # its network came since
        self._document.put_contents(old, before)


def parts(command: QUndoCommand) -> list[TableEdit]:
    """The edits of the table that a step is made of, in the order in which they were done."""
    own = [command] if isinstance(command, TableEdit) else []
    return own + [edit for child in range(command.childCount()) for edit in parts(command.child(child))]


def _made(table: InputTable, taken: Any = None, before: np.ndarray | None = None) -> Made:
    from lrp_gui.document.table_blocks import Made

    return Made(table, taken, before)


def _before(table: InputTable, rows: np.ndarray, *, coming: bool) -> np.ndarray | None:
    """Which row each was, where some came or went in several places."""
    from lrp_gui.document.table_moved import rows_before
    from lrp_gui.document.table_storage import is_run

    return None if is_run(rows) else rows_before(rows, table.samples, coming=coming)


def _same_place(one: Patch, other: Patch) -> bool:
    """Whether the second writes over all that the first wrote."""
    if type(one) is not type(other) or len(one.rows) != len(other.rows) or len(one.columns) != len(other.columns):
        return False
    return bool((one.rows == other.rows).all() and (one.columns == other.columns).all())
