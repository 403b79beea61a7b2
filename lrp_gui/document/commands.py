"""Every edit that can be undone. A command only calls the document; what it needs to go back it asks of it first."""

from __future__ import annotations

import time
from collections.abc import Sequence
from enum import IntEnum
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QUndoCommand

if TYPE_CHECKING:
    import numpy as np

    from lrp_gui.document.document import Document
    from lrp_gui.document.state import ExplainSettings, Opening
    from lrp_gui.document.table import Row

Cell = tuple[int, int, str]  # row, column, text

# Edits of one thing that follow each other faster than this are one gesture: a wheel turned, a list scrolled through.
GESTURE_SECONDS = 0.8


class Kind(IntEnum):
    """What may merge with its like; Qt takes -1 for "never"."""

    CELLS = 1
    SETTINGS = 2
    VALUES = 3


class EditCells(QUndoCommand):
    """Text typed or pasted into cells."""

    def __init__(self, document: Document, cells: Sequence[Cell], text: str) -> None:
        super().__init__(text)
        self._document = document
        self._new = list(cells)
        self._old = [(row, column, document.cell_text(row, column)) for row, column, _ in cells]
        self._time = time.monotonic()

    def id(self) -> int:  # noqa: D102
        return Kind.CELLS

    def redo(self) -> None:  # noqa: D102
        self._document.put_cells(self._new)

    def undo(self) -> None:  # noqa: D102
        self._document.put_cells(self._old)

    def mergeWith(self, other: QUndoCommand) -> bool:  # noqa: D102
        if not isinstance(other, EditCells) or other._time - self._time > GESTURE_SECONDS:
            return False
        if len(self._new) != 1 or [cell[:2] for cell in self._new] != [cell[:2] for cell in other._new]:
            return False
        self._new, self._time = other._new, other._time
        return True


class EditValues(QUndoCommand):
    """Numbers written into a block of cells: painted, dragged, filled."""

    def __init__(
        self, document: Document, rows: np.ndarray, columns: np.ndarray, values: np.ndarray, text: str, gesture: str
    ) -> None:
        super().__init__(text)
        self._document, self._gesture = document, gesture
        old = [(row, column, document.cell_text(row, column)) for row in rows.tolist() for column in columns.tolist()]
        self._steps = [(rows, columns, values, old)]
        self._time = time.monotonic()

    def id(self) -> int:  # noqa: D102
        return Kind.VALUES

    def redo(self) -> None:  # noqa: D102
        for rows, columns, values, _old in self._steps:
            self._document.put_values(rows, columns, values)

    def undo(self) -> None:  # noqa: D102
        for *_new, old in reversed(self._steps):
            self._document.put_cells(old)

    def mergeWith(self, other: QUndoCommand) -> bool:  # noqa: D102
        if not isinstance(other, EditValues) or not self._gesture or other._gesture != self._gesture:
            return False
        held = QGuiApplication.mouseButtons() != Qt.MouseButton.NoButton
        if not held and other._time - self._time > GESTURE_SECONDS:
            return False
        self._steps += other._steps
        self._time = other._time
        return True


class InsertRows(QUndoCommand):
    """New samples, empty or copied."""

    def __init__(self, document: Document, at: int, rows: Sequence[Row], text: str) -> None:
        super().__init__(text)
        self._document, self._at, self._rows = document, at, list(rows)

    def redo(self) -> None:  # noqa: D102
        self._document.put_rows(self._at, self._rows)

    def undo(self) -> None:  # noqa: D102
        self._document.take_rows(self._at, len(self._rows))


class DeleteRows(QUndoCommand):
    """Samples taken out; kept here, complete, until they come back."""

    def __init__(self, document: Document, at: int, count: int, text: str) -> None:
        super().__init__(text)
        self._document, self._at, self._count = document, at, count
        self._rows: list[Row] = []

    def redo(self) -> None:  # noqa: D102
        self._rows = self._document.take_rows(self._at, self._count)

    def undo(self) -> None:  # noqa: D102
        self._document.put_rows(self._at, self._rows)


class ChangeSettings(QUndoCommand):
    """Another target or composite."""

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
