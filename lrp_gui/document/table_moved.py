"""Rows that come or go in several places: which each was, and bringing along what is kept beside them.

Memory of its own for millions of rows would be felt in the window, so what is kept moves in place where it can.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lrp_gui.document.table_storage import SPARE_ROWS, SPARE_SHARE

# Rows that are moved at once: their copy stays in the processor's cache.
PIECE = 1 << 16


def rows_before(rows: np.ndarray, samples: int, *, coming: bool) -> np.ndarray:
    """Which row each was before some came or went.

    Parameters
    ----------
    rows
        Those that came, as they stand now, or went, as they stood.
    samples
        How many rows there are now.

    Returns
    -------
    (samples,) of row numbers, -1 for a new one.
    """
    if not coming:
        old = np.ones(samples + len(rows), dtype=bool)
        old[rows] = False
        return np.flatnonzero(old)
    before, old = np.full(samples, -1), np.ones(samples, dtype=bool)
    old[rows] = False
    before[old] = np.arange(samples - len(rows))
    return before


def closed_up(known: np.ndarray, before: np.ndarray) -> np.ndarray:
    """What is kept beside rows some of which went, in the memory that it has.

    Parameters
    ----------
    known
        (rows, …) of the rows as they stood; changed.
    before
        See `rows_before`; where rows only went it ascends, without -1.
    """
    for first in range(0, len(before), PIECE):
        was = before[first : first + PIECE]
        start, count = int(was[0]), len(was)
        if int(was[-1]) - start + 1 > count:
            known[first : first + count] = known[was]  # what is read stands there or behind it
        elif start > first:
            known[first : first + count] = known[start : start + count].copy()
    return known[: len(before)]


def with_room(rows: int, width: tuple[int, ...], blank: Any, dtype: Any) -> np.ndarray:
    """(rows, *width) of `blank`, with memory behind it for some more rows: what nobody writes into costs nothing."""
    room = _room(rows, width, dtype)
    room[:rows] = blank
    return room[:rows]


def opened_up(known: np.ndarray, at: int, count: int, blank: Any) -> np.ndarray:
    """What is kept beside rows, with `blank` for some that came at one place; in the memory that it has, if that does.

    Parameters
    ----------
    known
        (rows, …); changed where it was made by `with_room`.
    """
    rows, room = len(known), _room_of(known)
    if room is None or rows + count > len(room):
        room = _room(rows + count, known.shape[1:], known.dtype)
        room[:at], room[at + count : rows + count] = known[:at], known[at:]
    else:
        width, flat = known[:1].size, room.reshape(-1)  # along one axis numpy moves in place
        flat[(at + count) * width : (rows + count) * width] = flat[at * width : rows * width]
    room[at : at + count] = blank
    return room[: rows + count]


def _room(rows: int, width: tuple[int, ...], dtype: Any) -> np.ndarray:
    return np.empty((rows + rows // SPARE_SHARE + SPARE_ROWS, *width), dtype=dtype)


def _room_of(known: np.ndarray) -> np.ndarray | None:
    """All of the memory whose beginning an array is; None where it is not from `with_room`, or empty."""
    room = known.base
    if not isinstance(room, np.ndarray) or room.shape[1:] != known.shape[1:] or room.dtype != known.dtype:
        return None
    begins = len(known) and room.ctypes.data == known.ctypes.data
    return room if begins and room.flags.c_contiguous and known.flags.c_contiguous else None
