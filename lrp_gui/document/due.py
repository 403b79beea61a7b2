"""Which rows wait to be explained: found piece by piece, however many rows the table has."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lrp_gui.document.table_moved import closed_up
from lrp_gui.document.table_storage import is_run

# So many rows are looked at in one go; of a piece in which none is due nothing but that is found out.
PIECE = 1 << 16


class Due:
    """A mark for each row, at first on all of them.

    Parameters
    ----------
    rows
        How many there are.
    """

    def __init__(self, rows: int) -> None:
        # Memory that is all zero costs nothing until somebody writes into it.
        self._done = np.zeros(rows, dtype=bool)
        self._first = 0  # none before it is due
        self.count = rows  # how many are due

    def __len__(self) -> int:
        return len(self._done)

    def among(self, rows: np.ndarray) -> np.ndarray:
        """(rows,) of bool: which of them are due."""
        return ~self._done[rows]

    def mark(self, rows: np.ndarray) -> None:
        """These are due; each stands there once, in ascending order."""
        if len(rows):
            place = _place(rows)
            self.count += int(np.count_nonzero(self._done[place]))
            self._done[place] = False
            self._first = min(self._first, int(rows[0]))

    def finish(self, rows: np.ndarray) -> None:
        """These are not due any more; each stands there once, in ascending order."""
        if len(rows):
            place = _place(rows)
            self.count -= len(rows) - int(np.count_nonzero(self._done[place]))
            self._done[place] = True

    def next(self, most: int) -> np.ndarray:
        """The first rows that are due, no more than `most`."""
        if not self.count:
            return np.empty(0, dtype=np.intp)
        rows, _end = self.scan(self._first, most)
        self._first = int(rows[0])
        return rows

    def scan(
        self, start: int, most: int, also: Callable[[slice], np.ndarray] | None = None, reach: int = 0
    ) -> tuple[np.ndarray, int]:
        """Rows that are due, from a row on, and the row after those that were looked at.

        Parameters
        ----------
        start
            The first row to look at.
        most
            So many rows are enough.
        also
            Gives (rows,) of bool for a piece in which some are due: what else has to be true of them.
        reach
            So many rows are looked at; 0 for all of them.
        """
        found, count, at = list[np.ndarray](), 0, start
        end = len(self) if not reach else min(len(self), start + reach)
        while at < end and count < most:
            piece = slice(at, min(at + PIECE, end))
            mask = ~self._done[piece]
            if mask.any():
                rows = np.flatnonzero(mask & also(piece) if also else mask) + at
                found.append(rows)
                count += len(rows)
            at = piece.stop
        rows = np.concatenate(found) if found else np.empty(0, dtype=np.intp)
        return (rows[:most], int(rows[most])) if count > most else (rows, at)

    def inserted(self, at: int, count: int) -> None:
        """Rows came; they are due."""
        self._done = np.concatenate([self._done[:at], np.zeros(count, dtype=bool), self._done[at:]])
        self._first = min(self._first, at)
        self.count += count

    def removed(self, at: int, count: int) -> None:
        """Rows went."""
        self.count -= count - int(np.count_nonzero(self._done[at : at + count]))
        self._done = np.concatenate([self._done[:at], self._done[at + count :]])
        self._first = min(self._first, at) if self._first < at + count else self._first - count

    def moved(self, before: np.ndarray) -> None:
        """Rows came, or went, in several places: (rows,) which each was, -1 for a new one."""
        if len(before) < len(self):
            self._done = closed_up(self._done, before)
        else:
            self._done = self._done[before] & (before >= 0) if len(self) else np.zeros(len(before), dtype=bool)
        self._first = 0
        self.count = len(self) - int(np.count_nonzero(self._done))


def _place(rows: np.ndarray) -> slice | np.ndarray:
    return slice(int(rows[0]), int(rows[-1]) + 1) if is_run(rows) else rows
