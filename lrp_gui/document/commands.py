"""Every edit that can be undone. A command only calls the document; what it needs to go back it asks of it first."""

from __future__ import annotations

import time
from collections.abc import Sequence
from enum import IntEnum
from typing import TYPE_CHECKING

from PySide6.QtGui import QGuiApplication, QUndoCommand

if TYPE_CHECKING:
    import numpy as np

    from lrp_gui.document.changing import TableState
    from lrp_gui.document.document import Document
    from lrp_gui.document.state import ExplainSettings, Opening
    from lrp_gui.document.table_blocks import Patch, RowBlock, Snapshot

Cell = tuple[int, int, str]  # row, column, text

# Edits of one thing that follow each other faster than this are one gesture: a wheel turned, a list scrolled through.
GESTURE_SECONDS = 0.8


class Kind(IntEnum):
    """What may merge with its like; Qt takes -1 for "never"."""

    CELLS = 1
    SETTINGS = 2


class TableEdit(QUndoCommand):
    """An edit of the table. Undone, the table is in the state before; whether that is in a file it then knows."""

    def __init__(self, document: TableState, text: str) -> None:
        super().__init__(text)
        self._document = document
        self._before = self._after = -1

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

    def _state(self) -> int:
        return self._document.table.state if self._document.table is not None else -1

    def _put_state(self, state: int) -> None:
        if self._document.table is not None:
            self._document.table.state = state


class EditCells(TableEdit):
    """Cells typed, pasted, painted, filled; names of samples, too."""

    def __init__(self, document: TableState, patches: Sequence[Patch], text: str, gesture: str = "") -> None:
        super().__init__(document, text)
        self._new = [patch.on(document.shelf) for patch in patches]
        self._old: list[Patch] = []
        self._gesture = gesture
        self._time = time.monotonic()

    def id(self) -> int:  # noqa: D102
        return Kind.CELLS

    def do(self) -> None:  # noqa: D102
        self._old = [patch.on(self._document.shelf) for patch in self._document.put_patches(self._new)]

    def take_back(self) -> None:  # noqa: D102
        self._document.put_patches(self._old)

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


class InsertRows(TableEdit):
    """New samples, so that they stand at these rows."""

    def __init__(self, document: TableState, rows: np.ndarray, block: RowBlock, text: str) -> None:
        super().__init__(document, text)
        self._rows, self._block = rows, block.on(document.shelf)

    def do(self) -> None:  # noqa: D102
        self._document.put_rows(self._rows, self._block)

    def take_back(self) -> None:  # noqa: D102
        self._document.take_rows(self._rows)


class DeleteRows(TableEdit):
    """Samples taken out; kept here, complete, until they come back."""

    def __init__(self, document: TableState, rows: np.ndarray, text: str) -> None:
        super().__init__(document, text)
        self._rows = rows
        self._block: RowBlock | None = None

    def do(self) -> None:  # noqa: D102
        block = self._document.take_rows(self._rows)
        self._block = block.on(self._document.shelf) if block is not None else None

    def take_back(self) -> None:  # noqa: D102
        if self._block is not None:
            self._document.put_rows(self._rows, self._block)


class AssignColumns(TableEdit):
    """Each feature gets the data of another column, and what is displaced takes that one's place."""

    def __init__(self, document: TableState, order: np.ndarray, text: str) -> None:
        super().__init__(document, text)
        self._order = order
        self._snapshot: Snapshot | None = None

    def do(self) -> None:  # noqa: D102
        self._snapshot = self._document.put_columns(self._order)

    def take_back(self) -> None:  # noqa: D102
        if self._snapshot is not None:
            self._document.put_snapshot(self._snapshot)


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


def _same_place(one: Patch, other: Patch) -> bool:
    """Whether the second writes over all that the first wrote."""
    if type(one) is not type(other) or len(one.rows) != len(other.rows) or len(one.columns) != len(other.columns):
        return False
    return bool((one.rows == other.rows).all() and (one.columns == other.columns).all())
